"""The warden: it watches the runs of a fork server, reaps them, and tells the host how they ended.

Every process of a run is gathered under something that ends with one call, as the plan says
(``cell["gathers"]``):

* ``init`` — the init of the run's own pid namespace: killed, it takes every process with it, and
  what they used is in its own account once it is reaped.
* ``alone`` — the program is one process by its system call filter, so that there is only it.
* ``agent`` — a warden of the run's own (:mod:`berm_cell.agent`), an ancestor of all of them.

The program's process has no descriptor of the conversation with the host, so that it can forge
nothing in it.
"""

import _socket
import errno
import os
import select
import signal
import time

from berm_cell import children, protocol

ANSWERS_A_LOOK = 16

FULL_ROUNDS, FULL_PAUSE = 250, 0.02
"""How often, and with how many seconds between, what cannot be sent with its descriptors is tried again."""


class Warden:
    """Any number of runs at a time, in one loop without a thread.

    Args:
        tell: the socket to the host; frames go out whole, whoever else sends on it.
        hear: the descriptor on which orders come; readable ones are the caller's to take.
    """

    def __init__(self, tell, hear):
        self._tell = tell
        self._events = children.ChildEvents()
        self._poll = select.poll()
        self._poll.register(hear, select.POLLIN)
        self._poll.register(self._events.fd, select.POLLIN)
        self._hear = hear
        self._runs = {}
        self._pids = {}
        self._handlers = {}
        self._looking = set()
        self.copied = 0  # bytes that each program's process has got by its fork, without a fault

    @property
    def runs(self):
        """The runs that are not over, by number."""
        return self._runs

    def adopt(self, run):
        """Take a run whose program was just forked, with its ends of the program's pipes."""
        self._runs[run.number] = run
        self._pids[run.program] = run
        if run.init:
            self._pids[run.init] = run
        self._on(run.line, select.POLLIN, lambda _event: self._parked(run))
        if run.exec_end >= 0:
            self._on(run.exec_end, 0, lambda _event: self._executed(run))

    def tell(self, message, fds=()):
        """Send a frame to the host; one that is gone is noticed elsewhere.

        Frames with descriptors come from processes of one run alone, and wait while the user has too
        many under way: anybody who has this uid can see to that.
        """
        for _ in range(FULL_ROUNDS):
            try:
                protocol.send_frame(self._tell, message, fds)
                return
            except OSError as error:
                if not fds or error.errno != errno.ETOOMANYREFS:
                    return
            time.sleep(FULL_PAUSE)
        text = "too many descriptors of this user are under way"
        number, step = message["id"], "collect"
        self.tell(
            {"op": "failed", "id": number, "step": step, "errno": errno.ETOOMANYREFS, "text": text}
        )

    def order(self, message):
        """Follow what the host says about a run; one that is over already is not an error."""
        run = self._runs.get(message["id"])
        if run is None:
            return
        if message["op"] == "watch":
            if run.watched:
                raise protocol.FrameError("a run is watched once")
            run.watch(message["limits"], message["at"], message.get("collect"))
            if "processor" in message:
                run.pin(message["processor"])
            if run.status is None:
                self._looking.add(run)
        elif message["op"] == "signal":
            run.signal(message["number"])
        else:  # end: the run, or the parked cell, is not wanted any more
            run.unwanted = True
            run.stop("host")
        self._settle(run)

    def wait(self):
        """Wait for the next thing; return whether there are orders to hear, and dead to reap."""
        heard = reap = False
        for fd, event in self._poll.poll(self._timeout()):
            if fd == self._hear:
                heard = True
            elif fd == self._events.fd:
                self._events.clear()
                reap = True
            else:
                handler = self._handlers.get(fd)
                if handler is not None:
                    handler(event)
        return heard, reap

    def tend(self, reap):
        """Reap what ended, and look at the runs that are due. After hearing, not before."""
        if reap:
            self._reap()
        if self._looking:
            now = time.monotonic()
            for run in [run for run in self._looking if now >= run.next_look]:
                run.look()
                if run.listener is not None and run.listener.left <= 0:
                    self._catch_up(run)

    def _catch_up(self, run):
        """Answer some calls of a run that makes refused ones without end."""
        poll = select.poll()
        if run.listener.fd >= 0:
            poll.register(run.listener.fd, select.POLLIN)
        for _ in range(ANSWERS_A_LOOK):
            found = poll.poll(0)
            if not found:
                return
            self._asked(run, found[0][1])
            if run.listener.fd < 0:
                return

    def _timeout(self):
        if not self._looking:
            return None
        soonest = min(run.next_look for run in self._looking)
        return max(0.0, soonest - time.monotonic()) * 1000.0

    # --- descriptors ----------------------------------------------------------------------

    def _on(self, fd, events, handler):
        self._handlers[fd] = handler
        self._poll.register(fd, events)

    def _off(self, fd):
        if self._handlers.pop(fd, None) is not None:
            self._poll.unregister(fd)

    def _parked(self, run):
        """The program's process says that every layer is on, or which one failed; or it died."""
        data, fds = _receive(run.line)
        self._off(run.line)
        os.close(run.line)
        run.line = -1
        if data != b"p":
            protocol.close_all(fds)
            if data:
                run.failed = True
                self.tell(dict(run.explain(data), op="failed", id=run.number))
            return
        if run.listener is not None:
            self._listen(run, fds.pop())
        run.held = fds
        if fds:  # a procfs of the run's own pid namespace, and its mount namespace
            run.tree.enter(fds[0])
        run.measure_launcher()
        self.tell(dict(run.directories, op="parked", id=run.number, cost=run.cost() + self.copied))

    def _listen(self, run, fd):
        run.listener.open(fd)
        self._on(fd, select.POLLIN, lambda event: self._asked(run, event))

    def _asked(self, run, event):
        """The kernel asks about a call of the run's: one that is refused, or one that ends it."""
        listener = run.listener
        try:
            if not event & select.POLLIN:
                raise OSError
            ending = listener.answer()
            if ending is not None:
                number, thread, code = ending
                if thread == run.program and run.is_over(code):
                    self._end_now(run)
                else:
                    listener.let_end(number)
        except OSError:
            self._off(listener.fd)
            listener.close()
            return
        if listener.left == 0:  # from here on it is answered at each look, see tend
            self._off(listener.fd)

    def _end_now(self, run):
        """The program's only thread waits for its end: report it, and have the kernel tidy up."""
        self._looking.discard(run)
        os.kill(run.init or run.program, signal.SIGKILL)
        self._report(run)

    def _executed(self, run):
        self._off(run.exec_end)
        os.close(run.exec_end)
        run.exec_end = -1
        run.note_exec()

    # --- ends -----------------------------------------------------------------------------

    def _reap(self):
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self._pids:
                self._reaped(pid, status, usage)
            else:
                self.reaped_other(pid, status, usage)

    def _reaped(self, pid, status, usage):
        run = self._pids.pop(pid)
        if pid == run.init:
            # Everything of the run died with its init, and is in the init's account. Had the
            # program not died first, it would be reaped next.
            run.init = 0
            run.add(usage)
        else:
            self._looking.discard(run)
            if run.line >= 0:
                self._parked(run)  # what it said before it died
            run.note_end(status, usage)
            self.end_others(run)
        self._settle(run)

    def reaped_other(self, _pid, _status, _usage):
        """A child that is no run's: for whoever forked it."""

    def end_others(self, run):
        """End what is left of a run whose program was reaped."""
        if run.init:
            os.kill(run.init, signal.SIGKILL)

    def _settle(self, run):
        """Let go of a run of which nothing lives, once the host has said that it used the cell.

        The request goes to the program, so that the program may be over before the host's word
        to the warden is heard.
        """
        if not run.reaped or run.init:
            return
        if run.parked and not run.watched and not run.unwanted:
            return
        del self._runs[run.number]
        self._looking.discard(run)
        for fd in (run.line, run.exec_end, run.listener.fd if run.listener is not None else -1):
            self._off(fd)
        if not run.parked and not run.failed:
            self.tell({"op": "failed", "id": run.number, "step": "start", "text": "it ended"})
        if run.parked and run.watched and not run.reported:
            self._report(run)
        self.bury(run)
        run.close()

    def _report(self, run):
        run.reported = True
        self.report(run)

    def report(self, run):
        """Tell the host how a run ended; nothing of it can write or compute any more."""

    def bury(self, run):
        """Nothing of the run lives: take out of its files what the host wants, remove them."""


def _receive(line):
    """Take the one packet of a program's process: its bytes and its descriptors."""
    sock = _socket.socket(fileno=line)
    try:
        return protocol.receive_packet(sock)
    except (OSError, protocol.FrameError):
        return b"", []
    finally:
        sock.detach()
