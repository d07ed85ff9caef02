"""What somebody hands in: a program of one file or many, in a language, with its options."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final, Self

from berm.errors import InputError
from berm.judge.archive import MAX_UNPACKED, unpack
from berm.languages import Language, Registry
from berm.program import Content, content

ENVIRONMENT: Final = (
    r"ONLINE_JUDGE|DEBUG|VERBOSE|TZ|LC_[A-Z]{1,20}|TERM|COLUMNS|LINES|NO_COLOR|NODE_ENV"
    r"|(APP|TEST|X)_[A-Z0-9_]{1,60}"
)
"""The variables that a submission may set, as a pattern. None of them changes what is loaded or where
from; for those (``PATH``, ``LD_*``, ``PYTHON*``, ``NODE_OPTIONS``...) the cell has its own values."""

MAX_SOURCE: Final = 16 * 1024 * 1024
_MAX_VARIABLES: Final = 64
_MAX_VALUE: Final = 4096
_DATA: Final = frozenset(("txt", "sql", "md"))
_MAIN_NAMES: Final = ("main", "Main", "__main__", "solution", "Solution", "program", "Program")
_SKIPPED: Final = frozenset({"__MACOSX", "__pycache__", ".git", ".DS_Store"})


@dataclasses.dataclass(frozen=True, slots=True)
class Submission:
    """One program to judge. Checked when it is made: a wrong one raises :class:`berm.InputError`.

    Attributes:
        source: the text of its main file.
        language: a name or alias of a language.
        entry: the main file's name, None for the language's usual one.
        files: its other files, by their relative names.
        args: arguments of every run, before a test's own.
        env: more variables of its environment; only ones that change nothing of what is loaded.
        flags: more flags for the compiler, of those that the language allows.
        collect: patterns of the files that a run makes and that its result shall hold.
        name: what to call it, for people.
    """

    source: Content
    language: str
    entry: str | None = None
    files: Mapping[str, Content] = dataclasses.field(default_factory=dict)
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = dataclasses.field(default_factory=dict)
    flags: tuple[str, ...] = ()
    collect: tuple[str, ...] = ()
    name: str = ""

    def __post_init__(self) -> None:
        if len(self.env) > _MAX_VARIABLES:
            raise InputError(
                f"{len(self.env)} environment variables.", remedy=f"At most {_MAX_VARIABLES}."
            )
        for name, value in self.env.items():
            if not re.fullmatch(ENVIRONMENT, name):
                raise InputError(
                    f"The environment variable {name[:60]!r} is not allowed.",
                    remedy="Allowed: ONLINE_JUDGE, DEBUG, VERBOSE, TZ, LC_*, TERM, COLUMNS, LINES,"
                    " NO_COLOR, NODE_ENV, APP_*, TEST_* and X_*.",
                )
            if "\0" in value or len(value) > _MAX_VALUE:
                raise InputError(
                    f"The value of the environment variable {name} cannot be used.",
                    remedy=f"At most {_MAX_VALUE} characters, none of them NUL.",
                )

    @classmethod
    def of_files(
        cls,
        files: Mapping[str, Content],
        registry: Registry,
        *,
        language: str | None = None,
        entry: str | None = None,
        name: str = "",
    ) -> Self:
        """Make a submission of many files: find the main one, and the language by it.

        Args:
            files: by relative name.
            registry: the languages of the engine.
            language: None to tell it by the main file's name.
            entry: the main file's name; None to find it: the only one of the language, or the one
                that is called ``main``, ``Main``, ``__main__``, ``solution`` or ``program``, or for
                Java the one that has a ``main`` method.

        Raises:
            InputError: there is no main file, or there are several that could be.
            LanguageError: no language has such files.
        """
        known = registry.find(language) if language is not None else None
        main = _entry(files, known, registry) if entry is None else entry
        if main not in files:
            raise InputError(
                f"The entry file {main!r} is not among the submission's files.",
                remedy=f"Give one of: {', '.join(sorted(files)[:20]) or 'none were sent'}.",
            )
        known = known or registry.of_file(main)
        rest = {other: data for other, data in files.items() if other != main}
        alone = not rest and entry is None
        return cls(files[main], known.name, None if alone else main, rest, name=name or main)

    @classmethod
    def of_zip(
        cls,
        data: bytes,
        registry: Registry,
        *,
        language: str | None = None,
        entry: str | None = None,
        name: str = "",
        most: int = MAX_UNPACKED,
    ) -> Self:
        """Make a submission of an uploaded zip archive, unpacked in memory and under bounds.

        ``most``: bytes that it may unpack to.
        """
        files = unpack(data, most)
        tops = {PurePosixPath(path).parts[0] for path in files}
        nested = all("/" in path for path in files)
        if len(tops) == 1 and nested and (entry is None or entry not in files):
            cut = len(next(iter(tops))) + 1
            files = {path[cut:]: content for path, content in files.items()}
        return cls.of_files(files, registry, language=language, entry=entry, name=name)

    @classmethod
    def of_path(
        cls,
        path: Path,
        registry: Registry,
        *,
        language: str | None = None,
        entry: str | None = None,
        include: Mapping[str, bytes] | None = None,
    ) -> Self:
        """Make a submission of a file, a folder or a ``.zip`` on this machine.

        Raises:
            InputError: it cannot be read, or is too large.
        """
        try:
            if path.is_dir():
                files = _folder(path)
            elif path.suffix == ".zip":
                data = _read(path)
                return cls.of_zip(data, registry, language=language, entry=entry, name=path.name)
            else:
                files = {path.name: _read(path)}
        except OSError as error:
            raise InputError(f"The submission {path} cannot be read: {error.strerror}.") from error
        if language is None and entry is None and len(files) == 1 and include:
            language = registry.of_file(path.name).name
        files = {**(include or {}), **files}
        if len(files) > 1 and path.is_file() and entry is None:
            entry = path.name
        return cls.of_files(files, registry, language=language, entry=entry, name=path.name)

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return len(content(self.source)) + sum(len(content(data)) for data in self.files.values())


def _entry(files: Mapping[str, Content], language: Language | None, registry: Registry) -> str:
    if len(files) == 1:
        return next(iter(files))
    extensions = {
        extension
        for known in ([language] if language else registry.all())
        for extension in known.definition.extensions
    }
    sources = sorted(name for name in files if _extension(name) in extensions)
    if language is None:  # a text beside a program is its data, though there is a language of texts
        sources = [name for name in sources if _extension(name) not in _DATA] or sources
    if len(sources) == 1:
        return sources[0]
    top = min((name.count("/") for name in sources), default=0)
    named = [
        name
        for name in sources
        if PurePosixPath(name).stem in _MAIN_NAMES and name.count("/") == top
    ]
    if len(named) != 1:
        # Java tells it by its main method, whatever the file is called.
        named = [
            name
            for name in sources
            if name.endswith(".java")
            and re.search(rb"\bstatic\s+void\s+main\s*\(", content(files[name]))
        ]
    if len(named) == 1:
        return named[0]
    raise InputError(
        f"The submission has {len(sources)} source files, and which is the main one cannot be told.",
        remedy="Name the entry file, or call it `main`.",
    )


def _extension(name: str) -> str:
    return PurePosixPath(name).suffix.removeprefix(".").lower()


def _folder(folder: Path) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    total = 0
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if _SKIPPED.intersection(name.parts) or not path.is_file():
            continue
        files[name.as_posix()] = _read(path)
        total += len(files[name.as_posix()])
        if total > MAX_SOURCE or len(files) > 512:
            raise InputError(
                f"The submission {folder} is too large.",
                remedy=f"At most 512 files with {MAX_SOURCE} bytes together.",
            )
    if not files:
        raise InputError(f"The submission {folder} holds no file.")
    return files


def _read(path: Path) -> bytes:
    with path.open("rb") as stream:
        data = stream.read(MAX_SOURCE + 1)
    if len(data) > MAX_SOURCE:
        raise InputError(f"The file {path} is too large.", remedy=f"At most {MAX_SOURCE} bytes.")
    return data
