"""Pages that every cell writes to: copied by the fork itself, instead of by two page faults each.

A forked interpreter writes to the same several hundred pages in every cell (reference counts,
allocator pools), and the fork server to some of them after every fork. Each write to a shared page
is a fault, on both sides. The kernel copies pages that are *pinned* (``FOLL_PIN``, since Linux 5.12)
while it forks, so that neither side has a fault: the server goes on with its own, the child has its
copies. What the cells write to is learned from the first of them, before it has a program.

Pages are pinned by registering them as buffers of an ``io_uring`` instance, on which nothing is ever
submitted; its descriptor is closed with all others in a cell. Where there is none (a container's
filter, ``kernel.io_uring_disabled``, an old kernel), or ``RLIMIT_MEMLOCK`` is too small, cells are
made as they would be anyway.

That limit is for all processes of a user together, and the usual 8 MiB are used up by three fork servers.
It does not hold for an instance that was made with ``CAP_IPC_LOCK``, so that it is made before the
capabilities go; where there is no such capability, only those fork servers pin that programs run in.
"""

import array
import os

from berm_cell import _syscalls as sys_
from berm_cell import protocol

_PRESENT = 1 << 63
_EXCLUSIVE = 1 << 56  # mapped by this process alone (Documentation/admin-guide/mm/pagemap.rst)
_WORD = 8

MOST_PAGES = 1792
"""Bound of what is pinned: below the 8 MiB that an ordinary user may lock."""

MOST_BYTES = 1 << 16
"""Bound of what a learner says: what a pipe takes without a reader."""


class Ring:
    """What pins; made before the fork server gives up what it may do."""

    def __init__(self):
        self._fd = sys_.new_ring()
        self._bounded = not sys_.may_lock()

    def serves(self, in_process):
        """Whether a fork server should pin anything; ``in_process``: programs run in its cells' interpreter."""
        return self._fd >= 0 and (in_process or not self._bounded)

    def pin(self, ranges):
        """Pin ranges for good; False where the kernel refuses, and the ring is of no use then."""
        done = sys_.pin(self._fd, ranges)
        if not done:
            self.close()
        return done

    def close(self):
        """Let go of it."""
        protocol.close_all([self._fd])
        self._fd = -1


class Lesson:
    """What one cell is to find out: which pages it has copied of its fork server's.

    Args:
        proc: a procfs of the fork server's, or -1 for the one at ``/proc``.
    """

    def __init__(self, proc):
        self._proc = proc
        self._spans = _writable(_open("self/maps", proc))
        self.read_end, self.write_end = os.pipe()

    def take(self):
        """In the learner, before it is confined: the descriptors that it needs for :meth:`tell`."""
        sys_.prctl(sys_.PR_SET_DUMPABLE, 1)  # else it belongs to the host's root
        try:
            return self.write_end, _open("self/pagemap", self._proc)
        except OSError:
            return ()
        finally:
            sys_.prctl(sys_.PR_SET_DUMPABLE, 0)

    def handed_out(self):
        """The learner was forked: only it may write."""
        os.close(self.write_end)
        self.write_end = -1

    def tell(self, write_end, pagemap):
        """In the learner: say which pages of the fork server's this process has copies of."""
        pages = array.array("Q")
        for start, end in self._spans:
            first, count = start // sys_.PAGE, (end - start) // sys_.PAGE
            entries = array.array("Q")
            entries.frombytes(os.pread(pagemap, count * _WORD, first * _WORD))
            wanted = _PRESENT | _EXCLUSIVE
            pages.extend(first + n for n, entry in enumerate(entries) if entry & wanted == wanted)
        os.write(write_end, pages[:MOST_PAGES].tobytes())

    def learn(self, ring):
        """In the fork server, once the learner has said it: pin those pages; returns their bytes."""
        data = os.read(self.read_end, MOST_BYTES)
        self.close()
        pages = array.array("Q")
        pages.frombytes(data[: len(data) - len(data) % _WORD])
        runs = _runs(pages) if pages else []
        return sum(size for _, size in runs) if runs and ring.pin(runs) else 0

    def close(self):
        """Forget it."""
        for fd in (self.read_end, self.write_end):
            if fd >= 0:
                os.close(fd)
        self.read_end = self.write_end = -1


def _open(name, proc):
    if proc < 0:
        return os.open("/proc/" + name, os.O_RDONLY | os.O_CLOEXEC)
    return os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=proc)


def _writable(fd):
    """The address ranges that are private and writable, of an open ``maps``."""
    with os.fdopen(fd, "rb", buffering=0) as file:
        text = file.readall()
    spans = []
    for line in text.splitlines():
        span, mode = line.split(None, 2)[:2]
        if mode[:2] == b"rw" and mode[3:] == b"p":
            spans.append(tuple(int(part, 16) for part in span.split(b"-")))
    return spans


def _runs(pages):
    """``(address, bytes)`` of neighbouring pages together, at most a thousand of them."""
    runs, start = [], pages[0]
    for here, after in zip(pages, [*pages[1:], 0]):
        if after != here + 1:
            runs.append((start * sys_.PAGE, (here + 1 - start) * sys_.PAGE))
            start = after
    return runs[:1000]
