"""Ask the running kernel what it does with calls under a filter. Stdlib only; run by test_bpf_kernel.py.

Reads from standard input, per filter: u32 size, the program, u32 number of calls, per call i64 number and six u64
arguments. Writes per filter: i32 status of the child that had the filter, then per call an i32: the errno, or -1
if the child did not come back from it. One child per filter, forked from this bare interpreter.
"""

import ctypes
import mmap
import os
import struct
import sys

CALL = struct.Struct("<q6Q")
NOT_BACK = -1


def main():
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    syscall = libc.syscall
    syscall.restype = ctypes.c_long
    shared = mmap.mmap(-1, 65536)
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while head := source.read(4):
        program = source.read(struct.unpack("<I", head)[0])
        (count,) = struct.unpack("<I", source.read(4))
        calls = [CALL.unpack(source.read(CALL.size)) for _ in range(count)]
        ready = [(ctypes.c_long(nr), *map(ctypes.c_ulong, args)) for nr, *args in calls]
        struct.pack_into(f"<{count}i", shared, 0, *[NOT_BACK] * count)
        answers = (ctypes.c_int * count).from_buffer(shared)
        code = ctypes.create_string_buffer(program, len(program))
        prog = struct.pack("<HxxxxxxQ", len(program) // 8, ctypes.addressof(code))
        pid = os.fork()
        if pid == 0:
            if syscall(317, 1, 0, prog) != 0:  # SECCOMP_SET_MODE_FILTER
                os._exit(100)
            for place, call in enumerate(ready):
                answers[place] = ctypes.get_errno() if syscall(*call) == -1 else 0
            os._exit(0)
        status = os.waitpid(pid, 0)[1]
        sink.write(struct.pack("<i", status) + bytes(shared[: 4 * count]))
        sink.flush()
        del answers


if __name__ == "__main__":
    main()
