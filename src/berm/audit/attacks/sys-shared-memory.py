# id = "sys-shared-memory"
# title = "make shared memory, semaphores and queues that outlive the run"
# guarantee = "cleanup"
# layers = ["ipc-namespace", "seccomp"]
# source = ["measured: SysV shm and POSIX mq survive the run"]
# needs = ["ipc-count"]
# bare = ""
# why = "It says nothing itself: the audit counts what the kernel holds before and after."
# expect = ["exited:0"]
import ctypes

from attack import reason, syscall

library = ctypes.CDLL(None, use_errno=True)
for name, args in (
    ("shmget", (0x42424242, 65536, 0o1666)),
    ("shmget", (0, 65536, 0o1666)),
    ("semget", (0x42424242, 4, 0o1666)),
    ("msgget", (0x42424242, 0o1666)),
    ("mq_open", (b"berm-audit-left", 0o102, 0o666, None)),
):
    try:
        print(name, syscall(name, *args))
    except OSError as error:
        print(name, reason(error))
