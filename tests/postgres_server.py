"""A real PostgreSQL for tests: Debian's, in a temporary directory, on a free port of the loopback."""

from __future__ import annotations

import contextlib
import glob
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

START_SECONDS = 60


def binaries() -> Path | None:
    """Return the folder of the newest installed server's programs, None without one."""
    found = glob.glob("/usr/lib/postgresql/*/bin/postgres")
    if not found:
        which = shutil.which("postgres")
        return Path(which).resolve().parent if which else None
    return Path(max(found, key=lambda path: int(path.split("/")[4]))).parent


class PostgresServer:
    """One server, to be started, cut off, paused, killed, and started again."""

    def __init__(self, place: str | None = None) -> None:
        programs = binaries()
        assert programs is not None, "there is no PostgreSQL here"
        self._bin = programs
        self._user: dict[str, object] = {}
        self.folder = Path(tempfile.mkdtemp(prefix="berm-postgres-", dir=place))
        if os.geteuid() == 0:  # the server refuses to run as root
            account = pwd.getpwnam("postgres")
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            self._user = {"user": "postgres", "group": account.pw_gid, "extra_groups": []}
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        self._run("initdb", "-D", "data", "-A", "trust", "-U", "berm", "-E", "UTF8", "--no-locale", "--no-sync")  # fmt: skip

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._bin / program, *arguments],
            cwd=self.folder,
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=START_SECONDS,
            **self._user,
        )

    def start(self, *options: str) -> None:
        """Start, and wait until it answers."""
        with open(self.folder / "log", "ab") as log:
            self._process = subprocess.Popen(
                [
                    self._bin / "postgres",
                    *("-D", "data", "-p", str(self.port)),
                    *("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="),
                    # Killing the server loses nothing by that; only the machine's end would.
                    *("-c", "fsync=off"),
                    *("-c", "max_connections=100", "-c", "shared_buffers=32MB"),
                    *options,
                ],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **self._user,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)

    def answers(self) -> bool:
        done = subprocess.run(
            [self._bin / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)],
            timeout=START_SECONDS,
        )
        return done.returncode == 0

    def log(self) -> str:
        return (self.folder / "log").read_text("utf-8", "replace")

    def database(self) -> str:
        """Make an empty database; return its address."""
        name = f"berm{next(self._numbers)}"
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "berm", name)
        return f"postgresql://berm@127.0.0.1:{self.port}/{name}"

    def cut(self) -> None:
        """End every connection of clients."""
        self._run(
            "psql", "-q", "-h", "127.0.0.1", "-p", str(self.port), "-U", "berm", "-d", "postgres", "-c",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
        )  # fmt: skip

    def _processes(self) -> list[int]:
        assert self._process is not None
        parent = self._process.pid
        with open(f"/proc/{parent}/task/{parent}/children") as children:
            return [parent, *map(int, children.read().split())]

    def pause(self) -> None:
        """Stop all of its processes, as a machine that hangs would."""
        for pid in self._processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

    def resume(self) -> None:
        for pid in self._processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """Stop at once, without a checkpoint, so that the next start recovers from the log."""
        if self._process is not None and self._process.poll() is None:
            self.resume()
            self._process.send_signal(how)
            self._process.wait(START_SECONDS)
        self._process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
