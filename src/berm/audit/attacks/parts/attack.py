"""What every attack in Python shares: the values it was given, and how it answers.

An attack prints one line: ``HELD what refused it``, ``ESCAPED what it got``, or
``MOOT why it proves nothing here``. The audit puts this file beside the attack.
It runs inside a cell: standard library only, Python 3.8 and later.
"""

import ctypes
import errno
import json
import os
import platform
import re
import sys

#: What the audit staged on the host: paths, ports, process ids. Never a secret's content.
props = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}

#: Secrets look like this. Put together here, so that no source holds what a scan looks for.
CANARY = re.compile(("berm" + "canary" + "-[0-9a-f]{32}").encode())

# System call numbers: x86-64, then the generic table of arm64 (asm-generic/unistd.h).
_NUMBERS = {
    "acct": (163, 89),
    "add_key": (248, 217),
    "adjtimex": (159, 171),
    "bpf": (321, 280),
    "capget": (125, 90),
    "capset": (126, 91),
    "chroot": (161, 51),
    "clock_adjtime": (305, 266),
    "clock_settime": (227, 112),
    "clone": (56, 220),
    "clone3": (435, 435),
    "delete_module": (176, 106),
    "execveat": (322, 281),
    "fanotify_init": (300, 262),
    "finit_module": (313, 273),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "get_robust_list": (274, 100),
    "init_module": (175, 105),
    "inotify_add_watch": (254, 27),
    "inotify_init1": (294, 26),
    "io_uring_setup": (425, 425),
    "ioprio_set": (251, 30),
    "kcmp": (312, 272),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "kill": (62, 129),
    "listmount": (458, 458),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "migrate_pages": (256, 238),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "move_pages": (279, 239),
    "mq_open": (240, 180),
    "mq_timedreceive": (243, 183),
    "mq_timedsend": (242, 182),
    "mq_unlink": (241, 181),
    "msgget": (68, 186),
    "msgrcv": (70, 188),
    "msgsnd": (69, 189),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "openat2": (437, 437),
    "perf_event_open": (298, 241),
    "personality": (135, 92),
    "pidfd_getfd": (438, 438),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "pivot_root": (155, 41),
    "prctl": (157, 167),
    "prlimit64": (302, 261),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "reboot": (169, 142),
    "request_key": (249, 218),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "sched_setattr": (314, 274),
    "seccomp": (317, 277),
    "semctl": (66, 191),
    "semget": (64, 190),
    "setdomainname": (171, 162),
    "sethostname": (170, 161),
    "setns": (308, 268),
    "setpriority": (141, 140),
    "settimeofday": (164, 170),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "shmget": (29, 194),
    "statmount": (457, 457),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "syslog": (103, 116),
    "tgkill": (234, 131),
    "tkill": (200, 130),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
    "vhangup": (153, 58),
}

_COLUMN = {"x86_64": 0, "aarch64": 1}.get(platform.machine())
_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def syscall(name, *args):
    """Make one raw system call; return its result, or raise OSError as the kernel said."""
    if _COLUMN is None:
        moot("no system call numbers for " + platform.machine())
    converted = [ctypes.c_long(a) if isinstance(a, int) else a for a in args]
    result = _libc.syscall(ctypes.c_long(_NUMBERS[name][_COLUMN]), *converted)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def held(detail):
    """Say that the attack was refused, and end."""
    _answer("HELD", detail)


def escaped(evidence):
    """Say that the attack got through, with what it got, and end."""
    _answer("ESCAPED", evidence)


def moot(reason):
    """Say that this machine cannot show it either way, and end."""
    _answer("MOOT", reason)


def _answer(word, detail):
    text = " ".join(str(detail).split())[:600]
    sys.stdout.write(word + " " + text + "\n")
    sys.stdout.flush()
    os._exit(0)


def reason(error):
    """Return the short name of an OSError's number: ``EPERM``."""
    return errno.errorcode.get(error.errno, str(error.errno))


class Tally:
    """Several tries of one kind. The attack escaped if any of them got through."""

    def __init__(self):
        self.through = []
        self.refused = []

    def attempt(self, label, action, *args, past=()):
        """Call ``action``; an OSError is a refusal, unless its number is in ``past``.

        ``past`` holds the numbers which the kernel gives only *after* its permission check.
        Returns the value, or None when refused.
        """
        try:
            value = action(*args)
        except OSError as error:
            if error.errno in past:
                self.through.append(label + "=" + reason(error) + "(past the check)")
            else:
                self.refused.append(label + "=" + reason(error))
            return None
        self.through.append(label)
        return value if value is not None else True

    def finish(self):
        """Answer for all tries together, and end."""
        if self.through:
            escaped("got through: " + ", ".join(self.through))
        held(", ".join(self.refused))
