"""One run, as its warden sees it: what it may use, what it used, and how it ended."""

import os
import resource
import signal
import time

from berm_cell import denials, pace, protocol, rundir, tree

LAUNCHER_SLACK = 2 << 20
"""Bytes by which a process may grow between being parked and executing its program."""


class Run:
    """From the fork of its program to the report.

    Args:
        number: the host's name for it.
        cell: the plan's ``cell`` object.
        program: the program's process id, and ``init`` that of its namespace's init, or 0.
        family: its processes (:class:`berm_cell.tree.ProcessTree`).
        directories: absolute paths of ``work`` and ``tmp``, as the program sees them.
        run_dir: the directory to remove afterwards, or None.
    """

    def __init__(self, number, cell, program, init, family, directories, run_dir):
        self.number = number
        self.program = program
        self.init = init
        self.tree = family
        self.directories = directories
        self.run_dir = run_dir
        self.listener: "denials.Listener | None" = None
        self.parked = False
        self.failed = False
        self.unwanted = False
        self.reaped = False
        self.reported = False
        self.told_gone = False
        self.executed = False
        self.collect = None
        self.watched = False
        self.limits = {}
        self.next_look = None
        self.status = None
        self.line = -1
        self.exec_end = -1
        self.explain = protocol.parse
        self.launched = False
        self.held = []
        self._cell = cell
        self._pause = pace.FIRST_TICK
        self._pressure = pace.Pressure()
        self._stopped_by = None
        self._started = self._ended = 0.0
        self._cpu = 0.0
        self._cpu_before = 0.0
        self._program_rss = self._program_faults = 0
        self._launcher_rss = self._launcher_faults = 0
        self._unknown_rss = 0
        self._peak = 0
        self._most = 1

    # --- before ---------------------------------------------------------------------------

    def measure_launcher(self):
        """Measure the parked program's process, before the host hears that there is a cell.

        In this order, so that a run cannot be over before there is something to compare with.
        """
        self._cpu_before = tree.cpu_clock(self.program)
        self._launcher_rss, self._launcher_faults = self.tree.pages()
        self._unknown_rss = self._launcher_rss
        if self.launched:  # in the memory of this process until it was the launcher
            usage = resource.getrusage(resource.RUSAGE_SELF)
            own = self.tree.own_peak() or usage.ru_maxrss * 1024
            self._unknown_rss = max(self._launcher_rss, own)
        self.parked = True

    def cost(self):
        """Bytes of the parked program's own, but for what its fork copied: each page was one fault."""
        return min(self._launcher_faults * resource.getpagesize(), self._launcher_rss)

    def watch(self, limits, started, collect):
        """Begin to watch: the program has its request, or will have it in a moment."""
        self.limits = limits
        self.watched = True
        self.collect = collect
        self._started = started
        self.next_look = started + pace.FIRST_TICK
        if self.executed:  # a runtime that waited: its own start is not the program's
            self._cpu_before = tree.cpu_clock(self.program)

    def pin(self, processor):
        """Keep the program on one processor: for steady times, not for safety."""
        try:
            os.sched_setaffinity(self.program, {processor})
        except OSError:
            pass

    # --- during ---------------------------------------------------------------------------

    def look(self):
        """Compare the tree with its limits, end it where it is over one, and set the next look."""
        before, now = time.process_time(), time.monotonic()
        ahead = self._pressure.ahead(self._judge(now), now)
        spent = time.process_time() - before
        self._pause = pace.next_pause(self._pause, spent, self._cell["watch_interval"], ahead)
        deadline = self._started + self.limits["wall"]
        self.next_look = min(now + self._pause, max(now + 0.001, deadline))

    def _judge(self, now):
        """Compare the tree with its limits, and end it where it is over one.

        Returns the part used of what can be taken faster than time passes.
        """
        limits = self.limits
        cpu, memory, processes = self._sum()
        if "watchdog" not in self._cell["layers"]:
            return 0.0
        disk = self._disk() if self.run_dir is not None else 0.0
        if now - self._started > limits["wall"]:
            self.stop("wall")
        elif cpu > limits["cpu"]:
            self.stop("cpu")
        elif memory > limits["memory"]:
            self.stop("memory")
        elif processes > limits["processes"]:
            self.stop("processes")
        elif disk > 1.0:
            self.stop("disk")
        return max(memory / limits["memory"], processes / limits["processes"], disk)

    def _disk(self):
        """Return the part used of the disk: the run's directory, and files it removed and holds."""
        used, entries = rundir.measure(self.run_dir, self._cell["inodes"], self.limits["disk"])
        used += self.tree.deleted(self.limits["disk"])
        return max(used / self.limits["disk"], entries / self._cell["inodes"])

    def _sum(self):
        """Return (CPU seconds, bytes, processes and threads) of the tree, and keep the peaks."""
        seen = self.tree.look()
        shared = 0 if self.executed else self._launcher_rss
        memory = seen.resident - shared * len(seen.pids)
        if len(seen.pids) > 1 and seen.resident > self.limits.get("memory", 0):
            memory = self.tree.proportional(seen.pids, seen.resident)
        memory = max(0, memory)
        if self.executed or self._cell["in_process"]:
            self._peak = max(self._peak, memory, seen.high_water - shared)
        self._most = max(self._most, seen.threads)
        return seen.cpu + self._cpu - self._cpu_before, memory, seen.threads

    def signal(self, number):
        """Send what a user of an interactive run sent: to its process group, as a terminal does."""
        if self.watched and self.status is None:
            try:
                os.killpg(self.program, number)
            except OSError:
                pass

    def note_exec(self):
        """The program's process became another program: from here on its pages are its own."""
        self.executed = True
        if self.watched and self.status is None:
            self._sum()

    # --- the end --------------------------------------------------------------------------

    def stop(self, why):
        """End the program; its status then says nothing, and ``why`` is what the host hears.

        Not once it is reaped: its process id may be another's by then.
        """
        if self.status is None:
            self._stopped_by = self._stopped_by or why
        if not self.reaped:
            os.kill(self.program, signal.SIGKILL)

    def is_over(self, code):
        """True if a program that wants to end with ``code`` is all of the run, and has always been.

        Then what it used is known already, and its status is the one that it would have.
        """
        if not self.watched or self.collect is not None or self.status is not None:
            return False
        last = self.tree.last_state()
        if last is None:
            return False
        self._ended = time.monotonic()
        self.status = code << 8
        self._cpu = tree.cpu_clock(self.program)
        self._program_rss, self._program_faults = last
        if self.executed:  # nothing in it is from before its exec, as it is in a maxrss
            self._peak = max(self._peak, self._program_rss)
        return True

    def note_end(self, status, usage):
        """The program was reaped."""
        self.reaped = True
        if self.status is not None:
            return
        self._ended = time.monotonic()
        self.status = status
        self._program_rss = usage.ru_maxrss * 1024
        self._program_faults = usage.ru_minflt
        self.add(usage)

    def add(self, usage):
        """Add what a reaped process and those that it reaped used."""
        self._cpu += usage.ru_utime + usage.ru_stime

    def report(self):
        """Return the frame that ends the conversation about this run."""
        return {
            "op": "ended",
            "id": self.number,
            "status": self.status,
            "stopped_by": self._stopped_by,
            "wall": max(0.0, self._ended - self._started),
            "cpu": max(0.0, self._cpu - self._cpu_before),
            "memory": self._memory(),
            "processes": self._most,
            "denials": self.listener.rows() if self.listener is not None else None,
        }

    def _memory(self):
        """Peak of the tree in bytes, without the fork server's pages.

        Each page that the run wrote to or added cost one fault; the kernel's own peak (maxrss)
        includes the launcher's pages, before an exec too.
        """
        page = resource.getpagesize()
        if self._cell["in_process"]:
            touched = min(self._program_faults * page, self._program_rss)
            return max(self._peak, self._program_rss - self._launcher_rss, touched)
        touched = min((self._program_faults - self._launcher_faults) * page, self._program_rss)
        if self._program_rss > self._unknown_rss + LAUNCHER_SLACK:
            return max(self._peak, self._program_rss)
        return self._peak or touched

    def close(self):
        """Close what was opened for it."""
        protocol.close_all(fd for fd in (self.line, self.exec_end, *self.held) if fd >= 0)
        self.line = self.exec_end = -1
        self.held = []
        if self.listener is not None:
            self.listener.close()
