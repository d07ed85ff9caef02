# id = "raw-machine-code"
# title = "make refused calls by machine code written into Python's memory"
# guarantee = "syscalls"
# layers = ["seccomp"]
# source = ["HUSTOJ#429", "smolagents#2094 (ctypes)"]
# machines = ["x86_64"]
# bare = "user"
import ctypes
import errno
import mmap

from attack import Tally, held

tally = Tally()
try:
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
except OSError as error:
    held("no executable page: %s" % error)
# mov rax, rdi; mov rdi, rsi; mov rsi, rdx; mov rdx, rcx; syscall; ret
page.write(bytes.fromhex("4889f8 4889f7 4889d6 4889ca 0f05 c3"))
address = ctypes.addressof(ctypes.c_char.from_buffer(page))
call = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_long, ctypes.c_long, ctypes.c_long, ctypes.c_long)(address)


def raw(*args):
    result = call(*args)
    if result < 0:
        raise OSError(-result, errno.errorcode.get(-result, "?"))
    return result


tally.attempt("socket", raw, 41, 2, 1, 0)
tally.attempt("personality", raw, 135, 0x40000, 0, 0)
tally.attempt("unshare", raw, 272, 0x10000000, 0, 0)
tally.finish()
