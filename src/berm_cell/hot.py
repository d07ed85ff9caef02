"""Pages that every cell writes to: copied by the fork itself, instead of by two page faults each.

A forked interpreter writes to the same several hundred pages in every cell (reference counts,
allocator pools), and the fork server to some of them after every fork. Each write to a shared page
is a fault, on both sides. The kernel copies pages that are *pinned* (``FOLL_PIN``, since Linux 5.12)
while it forks, so that neither side has a fault: the server goes on with its own, the child has its
copies. What the cells write to is learned from one that is made for it: a whole run of a program of
the launcher's own, looked at in the moment before its end.

Pages are pinned by registering them as buffers of an ``io_uring`` instance, on which nothing is ever
submitted; its descriptor is closed with all others in a cell. Where there is none (a container's
filter, ``kernel.io_uring_disabled``, an old kernel), or ``RLIMIT_MEMLOCK`` is too small, cells are
made as they would be anyway.

That limit is for all processes of a user together, and the usual 8 MiB are used up by three fork servers.
It does not hold for an instance that was made with ``CAP_IPC_LOCK``, so that it is made before the
capabilities go.
"""

import _socket
import array
import os
import select
import signal

from berm_cell import _syscalls as sys_
from berm_cell import cells, launch, protocol, rehearsal, rundir, steps

_PRESENT = 1 << 63
_EXCLUSIVE = 1 << 56  # mapped by this process alone (Documentation/admin-guide/mm/pagemap.rst)
_WORD = 8

MOST_PAGES = 1792
"""Bound of what is pinned: below the 8 MiB that an ordinary user may lock."""

PATIENCE = 5.0
"""Seconds for each of the things that the learner does."""


class Ring:
    """What pins; made before the fork server gives up what it may do."""

    def __init__(self):
        self.fd = sys_.new_ring()

    @property
    def works(self):
        """Whether there is any."""
        return self.fd >= 0

    def pin(self, ranges):
        """Pin ranges of this process for good; False where the kernel refuses, and it is of no use then."""
        done = sys_.pin(self.fd, ranges)
        if not done:
            self.close()
        return done

    def close(self):
        """Let go of it."""
        protocol.close_all([self.fd])
        self.fd = -1


def learn(ground, owner, make):
    """Find out what a run writes to.

    Args:
        ground: what the fork server's cells stand on.
        owner: the (uid, gid) of a program.
        make: makes a cell as :func:`berm_cell.cells.make` does.

    Returns ``(ranges, request)``: the ranges to pin, none if it cannot be known, and None; in the
    learner's own process its request, of which no more is to be thought than of any other program's.
    """
    spans = _writable(ground.proc)
    ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    learner = None
    try:
        order = cells.Order(0, owner, theirs.fileno(), -1, False, False)
        learner, request = make(order)
        if learner is None:
            return [], request
        theirs.close()
        pages = _run(learner, ours, spans)
        return (_runs(pages) if pages else []), None
    except (OSError, protocol.FrameError, steps.StepFailed):
        return [], None
    finally:
        if learner is not None:
            _end(learner)
            ours.close()
            theirs.close()


def _run(learner, sock, spans):
    """See the learner to its end; returns the numbers of the pages that it has copies of."""
    _wait(learner.line)
    line = _socket.socket(fileno=os.dup(learner.line))
    said, learner.held = protocol.receive_packet(line)
    line.close()
    if said != b"p":
        return []
    if len(learner.held) > 1:  # a procfs of its own pid namespace
        learner.tree.enter(learner.held[0])
    stdin, feed = os.pipe()
    answer, stdout = os.pipe()
    bundle = os.memfd_create("bundle", os.MFD_CLOEXEC)
    try:
        os.write(bundle, rehearsal.WHOLE)
        os.write(feed, rehearsal.INPUT)
        files = [[rehearsal.REQUEST["entry"], len(rehearsal.WHOLE), 0o644]]
        told = protocol.pack(rehearsal.REQUEST)
        request = launch.interpret(files, rehearsal.RLIMITS, told)
        protocol.send_packet(sock, request, [stdin, stdout, stdout, bundle])
        os.close(stdout)
        stdout = -1
        said = b""
        while not said.endswith(rehearsal.SAID):
            _wait(answer)
            part = os.read(answer, 4096)
            if not part:  # it ended, or could not even begin
                return []
            said += part
        return _copies(learner, spans)
    finally:
        protocol.close_all(fd for fd in (stdin, feed, answer, stdout, bundle) if fd >= 0)


def _wait(fd):
    """Wait until a descriptor can be read; raises ``OSError`` if that takes too long."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    if not poll.poll(PATIENCE * 1000):
        raise OSError(0, "the learner does not answer")


def _copies(learner, spans):
    """The numbers of the pages, among those of this process, that the learner has copies of."""
    pages, wanted = array.array("Q"), _PRESENT | _EXCLUSIVE
    pagemap = learner.tree.open_pagemap()
    try:
        for start, end in spans:
            first, count = start // sys_.PAGE, (end - start) // sys_.PAGE
            entries = array.array("Q")
            entries.frombytes(os.pread(pagemap, count * _WORD, first * _WORD))
            pages.extend(first + n for n, entry in enumerate(entries) if entry & wanted == wanted)
    finally:
        os.close(pagemap)
    return pages[:MOST_PAGES]


def _end(learner):
    """Leave nothing of it."""
    pids = [pid for pid in (learner.init, learner.program) if pid]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    for pid in reversed(pids):
        os.waitpid(pid, 0)
    learner.close()
    if learner.run_dir is not None:
        rundir.remove(learner.run_dir)


def _writable(proc):
    """The address ranges of this process that are private and writable."""
    name, where = ("/proc/self/maps", None) if proc < 0 else ("self/maps", proc)
    fd = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=where)
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
