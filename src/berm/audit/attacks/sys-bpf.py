# id = "sys-bpf"
# title = "load a BPF program or make a map"
# guarantee = "syscalls"
# layers = ["capabilities", "seccomp"]
# source = ["CVE-2022-0492 (bpf)", "surface: bpf"]
# bare = "root"
import ctypes

from attack import Tally, syscall

tally = Tally()
array = (ctypes.c_uint32 * 32)(2, 4, 8, 1)
tally.attempt("map", lambda: syscall("bpf", 0, ctypes.byref(array), 128))
code = (ctypes.c_uint64 * 2)(0x00000000000000B7, 0x0000000000000095)
text = ctypes.create_string_buffer(b"GPL")
load = (ctypes.c_uint64 * 16)()
ctypes.memmove(load, (ctypes.c_uint32 * 2)(1, 2), 8)
load[1] = ctypes.addressof(code)
load[2] = ctypes.addressof(text)
tally.attempt("program", lambda: syscall("bpf", 5, ctypes.byref(load), 128))
tally.finish()
