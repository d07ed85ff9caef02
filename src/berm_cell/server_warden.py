"""The warden of a fork server: of the runs made there, and between the host and the agents of the others."""

import os
import select
import signal
import time

from berm_cell import clerk, protocol, rundir, steps, template, tree, warden

LEAVE_TIMEOUT = 3.0
"""Seconds that the agents have to end their runs when the host is gone."""

ORPHAN_ROUNDS = 10_000


class ServerWarden(warden.Warden):
    """Watches the runs made here, and stands between the host and the agents of the others."""

    def __init__(self, host, ground):
        super().__init__(host, host.fileno())
        self._ground = ground
        self._agents = {}
        self._clerks = {}
        self._template = None
        self._expected = {}  # cells that the template is to fork, and whether they are still wanted
        self._early = {}  # processes that ended before the template had told of them
        self._undertaker = None
        if ground.cell["gathers"] == "init":
            self._undertaker = clerk.Undertaker()

    def add_agent(self, number, pid, sock):
        """A cell with a warden of its own was made."""
        self._agents[number] = (pid, sock)

    def heed(self, made):
        """Hear of the cells that a template has forked; of no other one from here on."""
        if self._template is not None:
            self._off(self._template.fd)
        self._template = made
        self._on(made.fd, select.POLLIN, lambda _event: self._born(made))

    def expect(self, number):
        """The template is to fork the cell of this number."""
        self._expected[number] = True

    @property
    def expecting(self):
        """Whether the template is still to fork a cell."""
        return bool(self._expected)

    def not_made(self, number, failure):
        """A cell could not be made."""
        self.tell(dict(failure.frame(), id=number))
        self.tell({"op": "gone", "id": number})

    def _born(self, made):
        number, run = made.born()
        wanted = self._expected.pop(number)
        if run is None:
            self.not_made(number, template.NOT_FORKED)
            return
        self.adopt(run)
        if not wanted:
            self.order({"op": "end", "id": number})
        early = [pid for pid in (run.program, run.init) if pid in self._early]
        for pid in early:
            self._reaped(pid, *self._early.pop(pid))
        if not self._expected:  # what is left is nobody's, and its number may be another's soon
            self._early.clear()

    def order(self, message):
        """Follow an order, or hand it on to the agent whose run it is about."""
        if message["id"] in self._expected:
            # It can only be that the cell is not wanted any more.
            self._expected[message["id"]] = False
            return
        known = self._agents.get(message["id"])
        if known is not None:
            try:
                protocol.send_frame(known[1], message)
            except OSError:
                pass  # it is about to be reaped
            return
        run = self.runs.get(message["id"])
        if message["op"] == "room":
            if run is not None and run.parked:
                answer = {"op": "room", "id": run.number}
                self._resize_disk(run, message["disk"], lambda _status: self.tell(answer))
            return
        super().order(message)
        if run is not None and run.watched and message["op"] == "watch":
            # It fails if more is in use already: then the program was quicker, and is over its limit.
            self._resize_disk(
                run, run.limits["disk"], lambda status: run.stop("disk") if status else None
            )

    def _resize_disk(self, run, size, then):
        """Give the run's file system another size than its cell was parked with."""
        cell = self._ground.cell
        if cell["mounts"] and size != cell["disk"]:
            self._hand_over(run, lambda: steps.resize_disk(cell, size), then)

    def _hand_over(self, run, work, then):
        """Let a clerk do what takes long or must be done inside the run's mounts."""
        pid = clerk.start(run.held[1] if len(run.held) > 1 else -1, work)
        self._clerks[pid] = then

    def report(self, run):
        """Tell the host how a run ended, and whether anything is left to do for it."""
        if run.collect is None:
            run.told_gone = run.reaped and run.run_dir is None
            self.tell(dict(run.report(), gone=run.told_gone))

    def bury(self, run):
        """Take out of a finished run's files what the host wants, and remove them."""
        number = run.number
        if run.collect is not None:
            message = run.report()
            self._hand_over(
                run,
                lambda: clerk.collect(run, message, self.tell),
                lambda status: self._collected(run, status),
            )
        elif run.run_dir is not None:
            self._clear(run)
        elif not (run.reported and run.told_gone):
            self.tell({"op": "gone", "id": number})
        if self._undertaker is not None:
            self._undertaker.take(run.held)

    def _collected(self, run, status):
        if status:
            text = "the files that the run left could not be read"
            self.tell({"op": "failed", "id": run.number, "step": "collect", "text": text})
        self._clear(run)

    def _clear(self, run):
        """Remove the files of a run where they are on the host, then say that it is gone."""
        number, path = run.number, run.run_dir
        if path is None or rundir.remove_small(path):
            self.tell({"op": "gone", "id": number})
        else:
            self._hand_over(
                run,
                lambda: rundir.remove(path),
                lambda _status: self.tell({"op": "gone", "id": number}),
            )

    def reaped_other(self, pid, status, usage):
        """A clerk or an agent; or an orphan, which has its own agent to answer for it."""
        if pid in self._clerks:
            then = self._clerks.pop(pid)
            if then is not None:
                then(status)
            return
        for number, (known, sock) in self._agents.items():
            if known == pid:
                sock.close()
                del self._agents[number]
                if os.WIFSIGNALED(status):
                    self._kill_orphans()
                self.tell({"op": "gone", "id": number})
                return
        if self._expected:
            self._early[pid] = (status, usage)

    def _kill_orphans(self):
        """End what an agent left that was itself killed: this process is a subreaper, so it is here."""
        if "pid-namespace" in self._ground.cell["layers"]:
            return  # the pid namespace ended with its init
        ours = {pid for pid, _ in self._agents.values()} | set(self._clerks)
        for _ in range(ORPHAN_ROUNDS):
            orphans = [pid for pid in tree.own_children(self._ground.proc) if pid not in ours]
            if not orphans:
                return
            for pid in orphans:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)

    def end_all(self):
        """The host is gone: end every run; agents have their sockets closed, and a moment."""
        for run in list(self.runs.values()):
            run.unwanted = True
            run.stop("host")
        for _pid, sock in self._agents.values():
            sock.close()
        deadline = time.monotonic() + LEAVE_TIMEOUT
        left = {pid for pid, _ in self._agents.values()}
        while left and time.monotonic() < deadline:
            try:
                pid = os.waitpid(-1, os.WNOHANG)[0]
            except ChildProcessError:
                break
            if pid == 0:
                time.sleep(0.005)
            left.discard(pid)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        self._agents.clear()
        self._kill_orphans()
