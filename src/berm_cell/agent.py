"""The per-run agent: it reaps, watches, kills everything, and reports.

In the namespaces plan it is pid 1 of the cell's pid namespace; in the confined plan it is a
child subreaper in a session and a signal scope of its own. Either way every process of the run
is its descendant, so that ``RUSAGE_CHILDREN`` after the last one is reaped is the CPU time of
the whole tree, and nothing survives it.

The agent says ``parked``, hears one frame from the host (``watch``), in an interactive run ``signal`` frames,
and says ``ended``. The program's
process has no descriptor of this conversation, so that it can forge neither. When the host
closes or shuts down its end, the agent ends the run.
"""

import collections
import os
import resource
import select
import signal
import time

from berm_cell import _syscalls as sys_
from berm_cell import bundle, children, denials, pace, protocol, rundir, steps, tree

_HANGUP = select.POLLRDHUP | select.POLLHUP | select.POLLERR

REAP_ROUNDS = 10_000
"""Bound of the stop-and-kill loop; 340 re-forking processes needed 17 rounds."""


class Agent:
    """One run, from parked to reported."""

    def __init__(self, cell, sock, family, program, pipes, run_dir, directories, listener):
        self._cell = cell
        self._sock = sock
        self._tree = family
        self._program = program
        self._parked_pipe, self._exec_pipe = pipes
        self._run_dir = run_dir
        self._listener = listener
        self._directories = directories
        self._limits = {}
        self._watching = False
        self._collect = None
        self._status = None
        self._program_rss = 0
        self._program_faults = 0
        self._stopped_by = None
        self._started = 0.0
        self._ended = 0.0
        self._cpu_before = 0.0
        self._launcher_rss = 0
        self._launcher_faults = 0
        self._peak = 0
        self._most = 1
        self._executed = False
        self._pressure = pace.Pressure()

    def serve(self):
        """Wait for the order to watch, watch until the end, report, return."""
        events = children.ChildEvents()
        poll = select.poll()
        poll.register(self._sock.fileno(), select.POLLIN | select.POLLRDHUP)
        poll.register(events.fd, select.POLLIN)
        poll.register(self._parked_pipe, select.POLLIN)
        if self._exec_pipe >= 0:
            poll.register(self._exec_pipe, 0)
        listening = -1
        if self._listener is not None:
            listening = self._listener.fileno()
            poll.register(listening, select.POLLIN)
        pause, next_tick = pace.FIRST_TICK, None
        self._reap()
        while self._status is None or not self._watching:
            timeout = None
            if next_tick is not None:
                timeout = max(0.0, next_tick - time.monotonic()) * 1000.0
            for fd, event in poll.poll(timeout):
                if fd == events.fd:
                    events.clear()
                elif fd == self._parked_pipe:
                    poll.unregister(fd)
                    self._parked()
                elif fd == self._exec_pipe:
                    poll.unregister(fd)
                    self._executed = True
                    if self._watching:
                        self._look()
                elif fd == listening:
                    poll.unregister(fd)
                    listening = self._listen(event)
                    if listening >= 0:
                        poll.register(listening, select.POLLIN)
                elif event & _HANGUP or not self._hear():  # gVisor tells it by the end of file only
                    self._stop("host")
                    if not self._watching:
                        self.end_tree()
                        return
                    poll.unregister(fd)
                else:
                    next_tick = self._started + pause
            self._reap()
            now = time.monotonic()
            if next_tick is not None and self._status is None and now >= next_tick:
                before = time.process_time()
                ahead = self._pressure.ahead(self._judge(), now)
                spent = time.process_time() - before
                pause = pace.next_pause(pause, spent, self._cell["watch_interval"], ahead)
                next_tick = min(now + pause, max(now + 0.001, self._deadline()))
        self.end_tree()
        self._report()

    # --- hearing --------------------------------------------------------------------------

    def _parked(self):
        """Measure the parked program's process, then tell the host that there is a cell.

        In this order, so that a run cannot be over before there is something to compare with.
        """
        if os.read(self._parked_pipe, 1) != b"p":
            return  # it failed, and told the host itself
        self._rehearse()
        self._cpu_before = tree.cpu_clock(self._program)
        # By the tree's own number of it: a procfs of the host's counts otherwise than this process.
        for pid in self._tree.pids()[:1]:
            self._launcher_rss, self._launcher_faults = self._tree.pages(pid)
        protocol.send_frame(self._sock, dict(self._directories, op="parked"))

    def _rehearse(self):
        """Take the page faults of a report before there is a run that waits for it."""
        self._reap()
        self._look()
        self._peak, self._most = 0, 1
        protocol.pack(self._summary())

    def _hear(self):
        message, fds = protocol.receive_frame(self._sock)
        protocol.close_all(fds)
        if message is None:
            return False
        if message.get("op") == "signal" and self._watching:
            self._signal(message["number"])
            return False
        if message.get("op") != "watch" or self._watching:
            raise protocol.FrameError("the agent hears one watch frame, then signals")
        self._limits = message["limits"]
        self._watching = True
        self._collect = message.get("collect")
        self._started = message["at"]
        if self._executed:  # a runtime that waited: its own start is not the program's
            self._cpu_before = tree.cpu_clock(self._program)
        if self._run_dir is None and self._limits["disk"] != self._cell["disk"]:
            steps.resize_disk(self._cell, self._limits["disk"])
        return True

    def _listen(self, event):
        """Answer one refused call; returns the descriptor to poll from now on, or -1."""
        if event & select.POLLIN and self._listener.ready():
            return self._listener.fileno()
        self._listener.close()
        return -1

    def _deadline(self):
        return self._started + self._limits["wall"]

    # --- watching -------------------------------------------------------------------------

    def _judge(self):
        """Compare the tree with its limits, and end it where it is over one.

        Returns the part used of what can be taken faster than time passes.
        """
        limits = self._limits
        cpu, memory, processes = self._look()
        if "watchdog" not in self._cell["layers"]:
            return 0.0
        disk = self._disk() if self._run_dir is not None else 0.0
        if time.monotonic() - self._started > limits["wall"]:
            self._stop("wall")
        elif cpu > limits["cpu"]:
            self._stop("cpu")
        elif memory > limits["memory"]:
            self._stop("memory")
        elif processes > limits["processes"]:
            self._stop("processes")
        elif disk > 1.0:
            self._stop("disk")
        return max(memory / limits["memory"], processes / limits["processes"], disk)

    def _disk(self):
        """Return the part used of the disk: the run's directory, and files it removed and holds."""
        used, entries = rundir.measure(self._run_dir, self._cell["inodes"], self._limits["disk"])
        used += self._tree.deleted(self._limits["disk"])
        return max(used / self._limits["disk"], entries / self._cell["inodes"])

    def _look(self):
        """Return (CPU seconds, bytes, processes and threads) of the tree, and keep the peaks."""
        seen = self._tree.look()
        shared = 0 if self._executed else self._launcher_rss
        memory = seen.resident - shared * len(seen.pids)
        if len(seen.pids) > 1 and seen.resident > self._limits.get("memory", 0):
            memory = self._tree.proportional(seen.pids, seen.resident)
        memory = max(0, memory)
        if self._executed or self._exec_pipe < 0:
            self._peak = max(self._peak, memory, seen.high_water - shared)
        self._most = max(self._most, seen.threads)
        reaped = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = seen.cpu + reaped.ru_utime + reaped.ru_stime - self._cpu_before
        return cpu, memory, seen.threads

    def _signal(self, number):
        """Send what a user of an interactive run sent: to the program's process group, as a terminal does."""
        if self._status is None:
            try:
                os.killpg(self._program, number)
            except OSError:
                pass

    # --- ending ---------------------------------------------------------------------------

    def _stop(self, why):
        if self._stopped_by is None and self._status is None:
            self._stopped_by = why
        try:
            os.kill(self._program, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def _reap(self):
        """Reap whatever ended; returns False when there is no child left at all."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self._program and self._status is None:
                self._ended = time.monotonic()
                self._status = status
                self._program_rss = usage.ru_maxrss * 1024
                self._program_faults = usage.ru_minflt

    def end_tree(self):
        """Kill every process of the run and wait until the last one is reaped."""
        everything = bool(self._cell["kill_all"])
        for _ in range(REAP_ROUNDS):
            if everything:
                try:
                    os.kill(-1, signal.SIGKILL)
                except (ProcessLookupError, PermissionError):
                    pass
            else:
                self._tree.stop_and_kill()
            try:
                while True:
                    os.wait4(-1, 0 if everything else os.WNOHANG)
                    if not everything:
                        break
            except ChildProcessError:
                return
            if not everything:
                time.sleep(0.001)

    def _summary(self):
        spent = resource.getrusage(resource.RUSAGE_CHILDREN)
        return {
            "op": "ended",
            "status": self._status,
            "stopped_by": self._stopped_by,
            "wall": max(0.0, self._ended - self._started),
            "cpu": max(0.0, spent.ru_utime + spent.ru_stime - self._cpu_before),
            "memory": self._memory(),
            "processes": self._most,
            "denials": self._listener.rows() if self._listener is not None else None,
        }

    def _report(self):
        message, fds = self._summary(), []
        if self._collect is not None:
            memfd, rows, refused = bundle.collect(self._directories["work"], self._collect)
            message["files"] = rows
            message["refused"] = refused
            fds.append(memfd)
        protocol.send_frame(self._sock, message, fds)

    def _memory(self):
        """Peak of the tree in bytes, without the fork server's pages.

        Each page that the run wrote to or added cost one fault; the kernel's own peak (maxrss)
        includes the launcher's pages, before an exec too.
        """
        page = resource.getpagesize()
        if self._exec_pipe < 0:
            touched = min(self._program_faults * page, self._program_rss)
            return max(self._peak, self._program_rss - self._launcher_rss, touched)
        touched = min((self._program_faults - self._launcher_faults) * page, self._program_rss)
        if self._program_rss > self._launcher_rss:
            return max(self._peak, self._program_rss)
        return self._peak or touched


Ground = collections.namedtuple("Ground", "cell pid_namespace berth proc")
"""What all cells of a fork server stand on: the plan's ``cell``, a descriptor of the server's own
pid namespace (-1 without one), its directory on the host (None where cells have mounts), and a
descriptor of the host's procfs (-1 where each cell has a procfs of its own)."""


def start(ground, agent_sock, program_sock, owner, cgroup_fd):
    """Fork a cell from the fork server.

    Returns ``(agent_pid, None)`` in the fork server, and ``(0, request)`` in the program's
    process once a request has arrived. The agent's process never returns.
    """
    cell = ground.cell
    pid = steps.fork_cell(cell["layers"], ground.pid_namespace)
    if pid:
        return pid, None
    run_dir = None
    try:
        children.forget()
        if "pid-namespace" in cell["layers"] and os.getpid() != 1:
            raise steps.StepFailed("pid-namespace", OSError(0, "the agent is not its init"))
        run_dir, directories = steps.open_cell(cell, owner, ground.berth and ground.berth.path)
        proc_fd = ground.proc
        if proc_fd < 0:
            proc_fd = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        listener, notify = None, None
        if cell["notify"]:
            inner, notify = denials.pair()
            listener = denials.Listener(inner, cell["answers"])
        parked_pipe, parked_end = os.pipe()
        exec_pipe, keep = -1, [0, 1, 2, program_sock.fileno(), parked_end]
        if not cell["in_process"]:
            exec_pipe, exec_end = os.pipe()
            keep.append(exec_end)
        program = os.fork()
        if program == 0:
            from berm_cell import program as runner

            if notify is not None:
                keep.append(notify.fileno())
            place = runner.Place(owner, directories, cgroup_fd, keep, notify, proc_fd, parked_end)
            return 0, runner.park(cell, program_sock, place)
        sys_.set_name("berm-agent")
        kept = [0, 1, 2, agent_sock.fileno(), proc_fd, parked_pipe]
        if exec_pipe >= 0:
            kept.append(exec_pipe)
        if listener is not None:
            kept.append(listener.fileno())
        sys_.close_all_but(kept)
        pipes = (parked_pipe, exec_pipe)
        # With a pid namespace the agent has its capabilities over all that is in it.
        foreign = "uid" in cell["layers"] and "pid-namespace" not in cell["layers"]
        family = tree.ProcessTree(proc_fd, cell["proc"], owner if foreign else None)
        agent = Agent(cell, agent_sock, family, program, pipes, run_dir, directories, listener)
        code = _serve(agent, agent_sock)
    except steps.StepFailed as failure:
        _tell(agent_sock, failure.frame())
        code = 70
    except OSError as failure:
        _tell(agent_sock, {"op": "failed", "step": "agent", "errno": 0, "text": str(failure)})
        code = 70
    if run_dir is not None:
        rundir.remove(run_dir)
    os._exit(code)
    raise AssertionError("unreachable")


def _serve(agent, sock):
    """Serve one run; whatever goes wrong, nothing of the run is left and the host hears of it."""
    try:
        agent.serve()
    except BaseException as failure:
        agent.end_tree()
        text = "%s: %s" % (type(failure).__name__, failure)
        _tell(sock, {"op": "failed", "step": "agent", "errno": 0, "text": text[:500]})
        return 70
    return 0


def _tell(sock, frame):
    try:
        protocol.send_frame(sock, frame)
    except (OSError, protocol.FrameError):
        pass
