"""The corpus: whole programs that read stdin, and how each runs outside of a cell.

``programs/<language>/NAME.<ext>`` is a program. Beside it stands what it reads: ``NAME.in`` is the
input itself, ``NAME.gen`` a line for :func:`inputs.generate`, neither means no input. A comment
``berm: args [...]`` in the source holds the arguments as JSON.
"""

from __future__ import annotations

import dataclasses
import json
import re
import resource
import subprocess
from collections.abc import Sequence
from pathlib import Path

from inputs import generate

from berm.languages import Language, Step
from berm.model import MIB, Limits

PROGRAMS = Path(__file__).with_name("programs")
LANGUAGES = ("python", "javascript", "java", "cpp", "c")

# Generous in time, since the machine may be loaded; the defaults in everything else.
LIMITS = Limits(cpu_time=60, wall_time=90, output=8 * MIB)
BARE_SECONDS = 120

_ARGS = re.compile(r"berm: args (\[.*\])")
# What may differ: the program's directory, where objects lie in memory, a compiler's own files.
_DIRECTORY = re.compile(rb"/(?:[\w.@+-]+/)*(?=main\.(?:py|js|cpp|c)\b)")
_ADDRESS = re.compile(rb"\b0x[0-9a-f]{6,16}\b")
_OBJECT_FILE = re.compile(rb"/(?:[\w.@+-]+/)*cc\w{6}\.o\b")


@dataclasses.dataclass(frozen=True)
class Sample:
    """One program of the corpus."""

    language: str
    name: str
    path: Path

    @property
    def source(self) -> bytes:
        return self.path.read_bytes()

    @property
    def stdin(self) -> bytes:
        if self.path.with_suffix(".in").exists():
            return self.path.with_suffix(".in").read_bytes()
        if self.path.with_suffix(".gen").exists():
            return generate(self.path.with_suffix(".gen").read_text())
        return b""

    @property
    def args(self) -> list[str]:
        found = _ARGS.search(self.source.decode("utf-8", "replace"))
        return json.loads(found[1]) if found else []


@dataclasses.dataclass(frozen=True)
class Behaviour:
    """What a run shows to the world: its output, its errors and how it ended."""

    stdout: bytes
    stderr: bytes
    exit_code: int | None
    signal: int | None


def samples(language: str) -> list[Sample]:
    """Return the programs of one language, by name."""
    folder = PROGRAMS / language
    found = (path for path in folder.iterdir() if path.suffix not in {".in", ".gen"})
    return sorted((Sample(language, path.stem, path) for path in found), key=lambda s: s.name)


def behaviour(stdout: bytes, stderr: bytes, code: int | None, signal: int | None) -> Behaviour:
    """Return a behaviour without what may differ between two directories and two processes."""
    return Behaviour(_neutral(stdout), _neutral(stderr), code, signal)


def _neutral(text: bytes) -> bytes:
    text = _OBJECT_FILE.sub(b"<object file>", text)
    return _ADDRESS.sub(b"0xADDRESS", _DIRECTORY.sub(b"<directory>/", text))


def bare(step: Step, work: Path, stdin: bytes) -> Behaviour:
    """Perform a step without any cell, in ``work``."""
    done = run_bare(
        step.command(str(work), "/tmp"), step.environment(str(work), "/tmp"), work, stdin
    )
    died = done.returncode < 0
    return behaviour(
        done.stdout,
        done.stderr,
        None if died else done.returncode,
        -done.returncode if died else None,
    )


def run_bare(
    argv: Sequence[str], env: dict[str, str], work: Path, stdin: bytes
) -> subprocess.CompletedProcess[bytes]:
    """Run a command as the cell would, but bare: same environment, same file names."""
    return subprocess.run(
        argv,
        input=stdin,
        capture_output=True,
        cwd=work,
        env=env,
        timeout=BARE_SECONDS,
        preexec_fn=_no_core,
    )


def _no_core() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def workplace(folder: Path, language: Language, source: bytes) -> tuple[Path, str]:
    """Make a directory that holds the program under the name it has in a cell."""
    work = folder / "work"
    work.mkdir()
    entry = language.entry_name(source)
    (work / entry).write_bytes(source)
    return work, entry
