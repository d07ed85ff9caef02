"""What attacks go for, really staged on the host: secrets, an innocent process, sockets, files.

Everything here is made new for each attack, so that one that gets through spoils nothing for the
next. An attack learns where things are (:attr:`Staged.values`), never what is in them; what got
through is seen from here (:meth:`Staged.evidence`), whatever the attack says of itself.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Self

from berm.audit.attack import Attack, part
from berm.audit.bystander import ENV_SECRET, Bystander, Canaries

_RSS_ALLOWED_KIB = 96 * 1024

#: Where ``files-write-system`` tries to leave its mark.
_SYSTEM_FOLDERS = (
    *("/", "/usr", "/usr/bin", "/usr/lib", "/usr/local/bin", "/usr/share", "/bin", "/lib"),
    *("/lib64", "/sbin", "/etc", "/var", "/var/tmp", "/root", "/home", "/opt", "/boot", "/srv"),  # noqa: S108
    *("/run", "/mnt", "/dev"),
)


#: Where attacks may leave something for another run to find.
_SHARED_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run", "/run/lock", "/", ".")  # noqa: S108


class Session:
    """What is staged once for a whole audit: a folder, an open descriptor, a variable.

    The variable is in the environment of this process from its start where ``berm audit`` or
    the tests began it, and only in its memory otherwise.
    """

    def __init__(self) -> None:
        """Make the folder, world-readable, and open an inheritable file in it."""
        self.folder = Path(tempfile.mkdtemp(prefix="berm-audit-"))
        self.folder.chmod(0o755)
        self.canaries = Canaries()
        self._set_variable = ENV_SECRET not in os.environ
        if self._set_variable:
            os.environ[ENV_SECRET] = self.canaries.new("the service's environment")
        else:
            self.canaries.known(os.environ[ENV_SECRET], "the service's environment")
        path = self.folder / "open"
        path.write_text(self.canaries.new("a descriptor of the service"))
        # Any file a careless service has open: inheritable, and at no low number.
        low = os.open(path, os.O_RDONLY)
        self._descriptor = os.dup2(low, 200)
        os.close(low)
        self._folder_descriptor = os.dup2(self._descriptor, 201)
        directory = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        os.dup2(directory, 201)
        os.close(directory)

    @property
    def run_dir(self) -> Path:
        """A base for run directories, of this audit alone."""
        path = self.folder / "runs"
        path.mkdir(exist_ok=True)
        path.chmod(0o1777)  # as /tmp, the default: fork servers may have a uid of their own
        return path

    def close(self) -> None:
        """Remove everything."""
        if self._set_variable:
            os.environ.pop(ENV_SECRET, None)
        os.close(self._descriptor)
        os.close(self._folder_descriptor)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Staged:
    """What stands on the host for one attack.

    Attributes:
        values: what the attack is told, by name: strings and whole numbers.
        files: more files for its working directory.
        missing: why something could not be staged on this machine; empty if all was.
    """

    def __init__(self, session: Session) -> None:
        """Stage nothing yet but a folder and a token."""
        self.session = session
        self.folder = Path(tempfile.mkdtemp(prefix="staged-", dir=session.folder))
        self.folder.chmod(0o755)
        self.values: dict[str, str | int] = {"token": secrets.token_hex(8)}
        self.files: dict[str, bytes] = {}
        self.missing: list[str] = []
        self._checks: list[Callable[[], list[str]]] = []
        self._stack = contextlib.ExitStack()
        self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self._stack.callback(_sweep, str(self.values["token"]))
        self._bystander: Bystander | None = None

    @property
    def bystander(self) -> Bystander:
        """The innocent process, started when first needed."""
        if self._bystander is None:
            self._bystander = Bystander(self.session.canaries)
            self._stack.callback(self._bystander.close)
            self._checks.append(self._bystander.evidence)
        return self._bystander

    def canary(self, name: str) -> str:
        """Return a new secret."""
        return self.session.canaries.new(name)

    def check(self, look: Callable[[], list[str]]) -> None:
        """Call ``look`` after the run; what it returns is evidence."""
        self._checks.append(look)

    def undo(self, action: Callable[..., object], *args: object) -> None:
        """Call ``action`` at the end."""
        self._stack.callback(action, *args)

    def evidence(self, output: bytes) -> list[str]:
        """What got through: secrets in the output, and traces on the host."""
        found = [
            f"the output has the secret of {name}" for name in self.session.canaries.found(output)
        ]
        for look in self._checks:
            found += look()
        return found

    def close(self) -> None:
        """Remove everything."""
        self._stack.close()


@contextlib.contextmanager
def stage(session: Session, attack: Attack) -> Iterator[Staged]:
    """Stage what ``attack`` needs, and remove it afterwards."""
    staged = Staged(session)
    try:
        for need in attack.needs:
            try:
                _STAGE[need](staged)
            except OSError as error:
                staged.missing.append(f"{need}: {error}")
        yield staged
    finally:
        staged.close()


def _sweep(token: str) -> None:
    """Remove what attacks that got through left in shared places; all of it bears the token."""
    for folder in _SHARED_FOLDERS:
        with contextlib.suppress(OSError):
            for path in Path(folder).glob(f"*{token}*"):
                path.unlink()


def _secret_file(staged: Staged) -> None:
    path = staged.folder / ("secret-" + secrets.token_hex(4))
    path.write_text(staged.canary("a host file"))
    path.chmod(0o644)
    staged.values |= {"secret_path": str(path), "secret_dir": str(staged.folder)}


def _home_file(staged: Staged) -> None:
    try:
        home = Path.home()
    except RuntimeError as error:  # neither HOME nor an account
        raise FileNotFoundError(str(error)) from error
    folder = Path(tempfile.mkdtemp(prefix=".berm-audit-", dir=home))
    staged.undo(shutil.rmtree, folder, True)
    path = folder / "secret"
    path.write_text(staged.canary("a file in the home directory"))
    folder.chmod(0o755)
    staged.values |= {"home_path": str(path), "home_dir": str(folder)}


def _host_file(staged: Staged) -> None:
    folder = staged.folder / "shared"
    folder.mkdir()
    path = folder / "data"
    path.write_text("what a host file holds\n")
    path.chmod(0o666)
    folder.chmod(0o777)
    staged.values |= {"host_path": str(path), "host_dir": str(folder)}
    before = _look(folder)

    def changed() -> list[str]:
        after = _look(folder)
        names = sorted(
            name for name in before.keys() | after.keys() if before.get(name) != after.get(name)
        )
        return [f"the host's {name} was changed" for name in names]

    staged.check(changed)


def _look(folder: Path) -> dict[str, object]:
    """Everything that can be seen of a folder, without following a link."""
    seen: dict[str, object] = {}
    for path in (folder, *folder.rglob("*")):
        info = path.lstat()
        # A directory's link count and times tell of new entries as well.
        facts: list[object] = [
            info.st_mode,
            info.st_uid,
            info.st_gid,
            info.st_nlink,
            info.st_mtime_ns,
            info.st_ino,
        ]
        facts += [os.listxattr(path, follow_symlinks=False)]
        if stat.S_ISREG(info.st_mode):
            facts.append(path.read_bytes())
        seen[str(path.relative_to(folder.parent))] = facts
    return seen


def _system_marker(staged: Staged) -> None:
    marker = f"berm-audit-{staged.values['token']}"
    staged.values["system_marker"] = marker

    def planted() -> list[str]:
        found = [folder for folder in _SYSTEM_FOLDERS if _is_folder(Path(folder, marker))]
        for folder in found:
            with contextlib.suppress(FileNotFoundError):  # /bin is /usr/bin on most machines
                Path(folder, marker).rmdir()
        return [f"{folder}/{marker} was made" for folder in found]

    staged.check(planted)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # in a directory that this user may not enter
        return False


def _service(staged: Staged) -> None:
    staged.values["service_pid"] = os.getpid()


def _nothing(_: Staged) -> None:
    """Stage nothing: the session has it."""


def _rss(staged: Staged) -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # forget the peak (Linux 4.0)
    before = _memory("VmRSS")

    def grown() -> list[str]:
        growth = _memory("VmHWM") - before
        return [f"the service grew by {growth} KiB"] if growth > _RSS_ALLOWED_KIB else []

    staged.check(grown)


def _memory(field: str) -> int:
    found = re.search(rf"^{field}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(found[1]) if found else 0


def _ipc_count(staged: Staged) -> None:
    before = _ipc_objects()
    staged.check(lambda: [f"left behind: {item}" for item in sorted(_ipc_objects() - before)])


def _ipc_objects() -> set[str]:
    """System V objects of the host's own namespace whose mode is the one that attacks use."""
    found = set()
    for kind in ("shm", "sem", "msg"):
        with contextlib.suppress(OSError):
            for line in Path("/proc/sysvipc", kind).read_text().splitlines()[1:]:
                key, number, mode = line.split()[:3]
                if mode.endswith("666"):
                    found.add(f"{kind} {number} (key {key})")
    return found


def _java_processor(staged: Staged) -> None:
    compiler = shutil.which("javac")
    if compiler is None:
        raise FileNotFoundError("no javac")
    folder = staged.folder / "processor"
    folder.mkdir()
    source = fill(part("Evil.java").decode(), staged.values)
    (folder / "Evil.java").write_text(source)
    subprocess.run(
        [compiler, "-proc:none", "--release", "11", "-nowarn", "Evil.java"],
        cwd=folder,
        check=True,
        capture_output=True,
        timeout=120,
    )
    staged.files["Evil.class"] = (folder / "Evil.class").read_bytes()
    staged.files["META-INF/services/javax.annotation.processing.Processor"] = b"Evil\n"


def fill(text: str, values: Mapping[str, str | int]) -> str:
    """Replace ``@@name@@`` by the staged value of that name."""
    return re.sub(r"@@(\w+)@@", lambda found: str(values[found[1]]), text)


def _of_bystander(what: str, name: str) -> Callable[[Staged], None]:
    def ask(staged: Staged) -> None:
        answer = staged.bystander.ask(
            {
                "do": "stage",
                "what": what,
                "folder": str(staged.folder),
                "canary": staged.canary(name),
            }
        )
        if "missing" in answer:
            staged.missing.append(str(answer["missing"]))
        else:
            staged.values.update(answer["values"])

    return ask


_STAGE: Mapping[str, Callable[[Staged], None]] = {
    "secret-file": _secret_file,
    "home-file": _home_file,
    "host-file": _host_file,
    "system-marker": _system_marker,
    "service": _service,
    "service-fd": _nothing,
    "rss": _rss,
    "ipc-count": _ipc_count,
    "java-processor": _java_processor,
    "bystander": _of_bystander("memory", "a bystander's memory"),
    "bystander-fd": _of_bystander("fd", "a bystander's open file"),
    "tcp": _of_bystander("tcp", "TCP"),
    "tcp6": _of_bystander("tcp6", "TCP over IPv6"),
    "udp": _of_bystander("udp", "UDP"),
    "unix": _of_bystander("unix", "Unix sockets"),
    "abstract": _of_bystander("abstract", "abstract sockets"),
    "vsock": _of_bystander("vsock", "vsock"),
    "caller": _of_bystander("caller", "a caller"),
    "shm": _of_bystander("shm", "System V memory"),
    "mq": _of_bystander("mq", "a message queue"),
    "key": _of_bystander("key", "a key"),
    "devshm": _of_bystander("devshm", "shared memory"),
}

NEEDS = frozenset(_STAGE)
