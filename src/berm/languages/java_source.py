"""What a Java source file decides by its text: its package, its file name, its main class.

A tolerant scanner, not a parser: it walks the tokens of top-level declarations (Java Language
Specification §7.3-7.6) and ignores comments, string, character and text-block literals,
annotations with arguments, and whatever stands inside the braces of a type, apart from noting
a ``main`` method. Source that does not compile still gets a name, so that the compiler, and
not Berm, explains what is wrong.
"""

from __future__ import annotations

import dataclasses
import re

_TOKEN = re.compile(
    r"""
      (?P<skip> //[^\n]*                              # end-of-line comment
      | /\*.*?(?:\*/|\Z)                              # traditional comment
      | \"\"\"(?:\\.|[^\\])*?(?:\"\"\"|\Z)            # text block
      | "(?:\\.|[^"\\\n])*(?:"|$)                     # string
      | '(?:\\.|[^'\\\n])*(?:'|$)                     # character
      | \s+ )
    | (?P<word> [^\W\d][\w$]* | \$[\w$]* )
    | (?P<mark> . )
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_UNICODE_ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*)\\u+([0-9a-fA-F]{4})")
_NAME = re.compile(r"[^\W\d][\w$]*|\$[\w$]*")
_KINDS = frozenset({"class", "interface", "enum", "record"})


@dataclasses.dataclass(frozen=True, slots=True)
class TopLevelType:
    """One top-level class, interface, enum or record."""

    name: str
    public: bool
    has_main: bool


@dataclasses.dataclass(frozen=True, slots=True)
class JavaSource:
    """The package and the top-level types of one source file, in order."""

    package: str
    types: tuple[TopLevelType, ...]

    @property
    def file_name(self) -> str:
        """Return the file name that ``javac`` demands: the public type's, else the main one's."""
        public = next((kind.name for kind in self.types if kind.public), None)
        return f"{public or self._main_type()}.java"

    @property
    def main_class(self) -> str:
        """Return the qualified name of the class to start.

        The public type if it has a ``main`` method, else the first type that has one, else
        the one that names the file, so that ``java`` itself reports the missing method.
        """
        name = self._main_type()
        return f"{self.package}.{name}" if self.package else name

    def _main_type(self) -> str:
        with_main = [kind for kind in self.types if kind.has_main]
        ordered = [
            *(kind for kind in with_main if kind.public),
            *with_main,
            *(kind for kind in self.types if kind.public),
            *self.types,
        ]
        return ordered[0].name if ordered else "Main"


def scan(source: bytes) -> JavaSource:
    """Scan one source file; never fails, whatever the bytes are."""
    text = source.decode("utf-8", "replace")
    if "\\u" in text:
        text = _UNICODE_ESCAPE.sub(lambda m: m[1] + chr(int(m[2], 16)), text)
    return _Scanner(text).scan()


class _Scanner:
    """One pass over the tokens, with one token of lookahead."""

    def __init__(self, text: str) -> None:
        self._tokens = [m[0] for m in _TOKEN.finditer(text) if m.lastgroup != "skip"]
        self._next = 0

    def scan(self) -> JavaSource:
        package = ""
        types: list[TopLevelType] = []
        public = False
        while lexeme := self._take():
            if lexeme == "@" and self._peek() != "interface":
                self._annotation()
            elif lexeme == "public":
                public = True
            elif lexeme in _KINDS and (kind := self._type(public=public)):
                types.append(kind)
                public = False
            elif lexeme == "package":
                package = package or self._statement()
            elif lexeme == "import":
                self._statement()
            elif lexeme == "{":
                self._body()
            elif lexeme in {";", "}"}:
                public = False
        return JavaSource(package, tuple(types))

    def _peek(self) -> str:
        return self._tokens[self._next] if self._next < len(self._tokens) else ""

    def _take(self) -> str:
        lexeme = self._peek()
        self._next += 1
        return lexeme

    def _statement(self) -> str:
        """Take everything up to the semicolon and return it without white space."""
        parts: list[str] = []
        while (lexeme := self._take()) not in {";", ""}:
            parts.append(lexeme)
        return "".join(parts)

    def _annotation(self) -> None:
        """Take an annotation's qualified name and its arguments."""
        self._take()
        while self._peek() == ".":
            self._take()
            self._take()
        if self._peek() == "(":
            self._take()
            self._skip("(", ")")

    def _type(self, *, public: bool) -> TopLevelType | None:
        """Take the declaration behind ``class`` and the like, its body included.

        ``record`` is only a contextual keyword: without a name behind it, it is none.
        """
        if not _NAME.fullmatch(self._peek()):
            return None
        name = self._take()
        while lexeme := self._take():
            if lexeme == "(":  # a record's header, whose annotations may hold braces
                self._skip("(", ")")
            elif lexeme == "@":
                self._annotation()
            elif lexeme == "{":
                return TopLevelType(name, public, self._body())
            elif lexeme == ";":
                break
        return TopLevelType(name, public, has_main=False)

    def _body(self) -> bool:
        """Take a body up to its closing brace; True if it declares ``static ... main(``."""
        depth = 1
        static = False
        has_main = False
        previous = ""
        while depth and (lexeme := self._take()):
            depth += (lexeme == "{") - (lexeme == "}")
            if lexeme in {"{", "}", ";", "="}:
                static = False
            elif lexeme == "static":
                static = True
            elif depth == 1 and lexeme == "(":
                has_main = has_main or (static and previous == "main")
            previous = lexeme
        return has_main

    def _skip(self, opening: str, closing: str) -> None:
        depth = 1
        while depth and (lexeme := self._take()):
            depth += (lexeme == opening) - (lexeme == closing)
