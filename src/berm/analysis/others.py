"""The front end for languages that are read but not evaluated: imports, calls, by their names as written."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Final

from berm.analysis.branch import Branch, grow
from berm.analysis.fact import Fact, Kind, Sink, words
from berm.analysis.grammar import parse
from berm.analysis.java import IN_JAVA_LANG
from berm.analysis.survey import Survey, walk

_NAME: Final = re.compile(r"[A-Za-z_]\w*(?:(?:::|\.|/|\\)[A-Za-z_]\w*)*")
_AS: Final = re.compile(r"^(?:\w+\s+)?(.+?)\s+as\s+(\w+)\s*;?$", re.DOTALL)
_BOMB: Final = re.compile(r"([\w:.]+)\s*\(\)\s*\{\s*\1\s*\|\s*\1\s*&\s*\}\s*;\s*\1")
_REDIRECT: Final = re.compile(r"/dev/(?:tcp|udp)/")


@dataclasses.dataclass(frozen=True, slots=True)
class Shape:
    """What the nodes of a language's grammar are called.

    Attributes:
        imports: nodes that load or name something from elsewhere.
        calls: node to the field that names what is called (empty: the first child).
        patterns: node to the pattern that it is by itself.
        paths: names written with a separator, that are told where they stand.
        separator: between the parts of a name; written as a dot in facts.
        strings: nodes that hold a constant text.
    """

    imports: frozenset[str]
    calls: Mapping[str, str]
    patterns: Mapping[str, str]
    paths: frozenset[str]
    separator: str
    strings: frozenset[str]


SHAPES: Final[Mapping[str, Shape]] = {
    "bash": Shape(
        frozenset(),
        {"command": "name"},
        {},
        frozenset(),
        ".",
        words("string raw_string word"),
    ),
    "csharp": Shape(
        words("using_directive"),
        {
            "invocation_expression": "function",
            "object_creation_expression": "type",
            "attribute": "name",
        },
        {"unsafe_statement": "unsafe", "fixed_statement": "unsafe"},
        words("member_access_expression qualified_name"),
        ".",
        words("string_literal verbatim_string_literal"),
    ),
    "go": Shape(
        words("import_spec"),
        {"call_expression": "function"},
        {},
        words("selector_expression qualified_type"),
        ".",
        words("interpreted_string_literal raw_string_literal"),
    ),
    "kotlin": Shape(
        words("import"),
        {"call_expression": ""},
        {},
        words("navigation_expression"),
        ".",
        words("string_literal"),
    ),
    "php": Shape(
        words("namespace_use_clause"),
        {
            "function_call_expression": "function",
            "object_creation_expression": "",
            "scoped_call_expression": "name",
        },
        {"shell_command_expression": "shell"},
        frozenset(),
        "\\",
        words("string encapsed_string"),
    ),
    "ruby": Shape(
        frozenset(),
        {"call": "method"},
        {"subshell": "shell"},
        words("scope_resolution constant"),
        "::",
        words("string simple_symbol"),
    ),
    "rust": Shape(
        words("use_declaration"),
        {"call_expression": "function", "macro_invocation": "macro"},
        {"unsafe_block": "unsafe", "foreign_mod_item": "foreign"},
        words("scoped_identifier scoped_type_identifier"),
        "::",
        words("string_literal raw_string_literal"),
    ),
}
_INCLUDES: Final = words(
    "include_expression include_once_expression require_expression require_once_expression"
)
_TAKES_FUNCTIONS: Final = words("array_map usort array_filter array_walk method")
_CALLED_TEXTS: Final = words(
    "send public_send __send__ method instance_eval class_eval module_eval require load autoload const_get"
    " call_user_func call_user_func_array array_map usort array_filter array_walk register_shutdown_function"
)


class _Other(Survey):
    """One program."""

    def __init__(self, source: bytes, sink: Sink, language: str) -> None:
        super().__init__(source, sink)
        self._language = language
        self._shape = SHAPES[language]
        self._names: dict[str, str] = {}
        self._texts: dict[str, str | None] = {}
        self._own: set[str] = set()

    def look(self, root: Branch) -> None:
        nodes = list(walk(root))
        for node in nodes:
            self._learn(node)
        for node in nodes:
            self._see(node)
        if self._language == "bash":
            self._shell(root)

    def _learn(self, node: Branch) -> None:
        kind, name = node.type, node.get("name")
        if kind in self._shape.imports:
            self._import(node)
        elif kind in (
            "assignment_expression",
            "assignment",
            "property_declaration",
            "let_declaration",
        ):
            left, right = (
                node.get("left") or node.get("pattern"),
                node.get("right") or node.get("value"),
            )
            if left is not None and right is not None:
                target = self.text(left)
                self._texts[target] = None if target in self._texts else self.constant(right)
        elif kind in _DEFINITIONS and name is not None:
            self._own.add(self.text(name))

    def _import(self, node: Branch) -> None:
        path, name = node.get("path"), node.get("name")
        text = " ".join(self.text(node).rstrip(";").split())
        if path is not None:  # Go
            full = self.text(path).strip('"`')
            alias = self.text(name) if name is not None else full.rpartition("/")[2]
            self._take(full, alias, node)
            return
        for full, alias in self._spread(text.partition(" ")[2] if " " in text else text):
            self._take(full, alias, node)

    def _spread(self, text: str) -> list[tuple[str, str]]:
        """Return the full names that an import brings, each with the name that it gets here."""
        head, brace, rest = text.partition("{")
        separator = self._shape.separator
        if brace:
            made: list[tuple[str, str]] = []
            for part in _split(rest.rpartition("}")[0]):
                for full, alias in self._spread(part.strip()):
                    made.append(
                        (
                            f"{head.strip()}{full}"
                            if full != "self"
                            else head.strip().removesuffix(separator),
                            alias,
                        )
                    )
            return made[:200]
        found = _AS.match(text)
        if found is not None:
            return [(found[1].strip(), found[2])]
        if "=" in text:  # C#: using P = System.Diagnostics.Process
            alias, _, full = text.partition("=")
            return [(full.strip(), alias.strip())]
        text = text.removeprefix("static ").strip()
        return [(text, text.split(separator)[-1])]

    def _take(self, full: str, alias: str, node: Branch) -> None:
        plain = full.replace(self._shape.separator, ".").strip(".")
        self.add(Kind.IMPORT, plain, node)
        self._names[alias] = plain

    def full(self, text: str) -> str:
        """Return a name as written, with its first part as it was imported."""
        plain = text.replace(self._shape.separator, ".").replace("?.", ".").lstrip(".\\")
        head, dot, rest = plain.partition(".")
        if self._language == "kotlin" and head in IN_JAVA_LANG and head not in self._own:
            head = f"java.lang.{head}"
        return self._names.get(head, head) + dot + rest

    def _see(self, node: Branch) -> None:
        pattern = self._shape.patterns.get(node.type)
        if pattern is not None:
            self.add(Kind.PATTERN, pattern, node)
        field = self._shape.calls.get(node.type)
        if field is not None:
            self._call(node, field)
        elif node.type in self._shape.paths:
            text = "".join(self.text(node).split())
            if _NAME.fullmatch(text):
                self.add(Kind.USE, self.full(text), node)
        elif node.type in _INCLUDES and node.kids and self.constant(node.kids[0]) is None:
            self.add(Kind.PATTERN, "dynamic-import", node)

    def _call(self, node: Branch, field: str) -> None:
        target = node.get(field) if field else (node.kids[0] if node.kids else None)
        if target is None:
            return
        text = "".join(self.text(target).split()).replace("()", "")
        receiver = node.get("receiver") or node.get("scope")
        if receiver is not None:
            text = "".join(self.text(receiver).split()) + self._shape.separator + text
        known = self._texts.get(text) if target.type in ("variable_name", "identifier") else None
        if target.type == "variable_name":
            self._variable(node, text, known)
            return
        match = _NAME.match(text)
        if match is None or (match[0] in self._own and receiver is None):
            return
        name = self.full(match[0])
        self.add(Kind.CALL, name, node if len(self.text(node)) < 200 else target)
        last = name.rpartition(".")[2]
        tail = re.split(r"[.:?]+", text)[-1]
        self.add(Kind.ATTRIBUTE, tail if _NAME.fullmatch(tail) else last, target)
        self._arguments(node, last)

    def _variable(self, node: Branch, text: str, known: str | None) -> None:
        """PHP calls what a variable names."""
        if known is not None:
            self.add(Kind.CALL, known, node, f"`{text}` is `{known}`")
        else:
            self.add(Kind.PATTERN, "dynamic-call", node)

    def _arguments(self, node: Branch, name: str) -> None:
        given = node.get("arguments")
        kids = given.kids if given is not None else node.kids[1:]
        for kid in kids[:3]:
            inner = kid.kids[0] if kid.type in ("argument", "value_argument") and kid.kids else kid
            text = self.constant(inner)
            if text is None:
                if name in _CALLED_TEXTS - _TAKES_FUNCTIONS:
                    self.add(Kind.PATTERN, "dynamic-call", node)
                break
            if name in ("require", "load") and self._language == "ruby":
                self.add(Kind.IMPORT, text, node)
            elif name in _CALLED_TEXTS:
                self.add(Kind.CALL, text, node, f"`{name}` calls `{text[:60]}`")
            self.file(text, node)

    def constant(self, node: Branch, depth: int = 0) -> str | None:
        """Return the text that an expression is, None where that is not known."""
        if depth > 40:
            return None
        if node.type in self._shape.strings:
            if any(
                kid.type in ("interpolation", "simple_expansion", "variable_name")
                for kid in node.kids
            ):
                return None
            text = self.text(node)
            return text.lstrip(":").strip("\"'`") if node.type != "word" else text
        if node.type in ("variable_name", "identifier"):
            return self._texts.get(self.text(node))
        if (
            node.type in ("binary_expression", "binary", "additive_expression")
            and len(node.kids) == 2
        ):
            one, other = (self.constant(kid, depth + 1) for kid in node.kids)
            return None if one is None or other is None else one + other
        if node.type == "parenthesized_expression" and node.kids:
            return self.constant(node.kids[0], depth + 1)
        return None

    def _shell(self, root: Branch) -> None:
        text = self.source.decode("utf-8", "replace")
        if _BOMB.search(text):
            self.add(Kind.PATTERN, "fork-bomb", root)
        for node in walk(root):
            if node.type == "word" and _REDIRECT.match(self.text(node)):
                self.add(Kind.PATTERN, "shell-socket", node)
            elif (
                node.type == "command_name"
                and node.kids
                and node.kids[0].type not in ("word", "concatenation")
            ):
                self.add(Kind.PATTERN, "dynamic-call", node)


_DEFINITIONS: Final = words(
    "function_item function_declaration method_declaration method function_definition local_function_statement"
    " struct_item class_declaration class struct_declaration"
)


def _split(text: str) -> list[str]:
    """Split at commas that are not inside of braces."""
    parts, depth, start = [], 0, 0
    for at, char in enumerate(text):
        if char == "{":
            depth += 1
        elif char == "}":
            depth -= 1
        elif char == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    parts.append(text[start:])
    return [part for part in parts if part.strip()]


def look(source: bytes, sink: Sink, language: str) -> None:
    """Put into ``sink`` what a program reaches by name."""
    tree = parse(language, source)
    if tree is None:
        return
    if tree.root.has_error:
        sink.add(Fact(Kind.PATTERN, "not-parsed", 1, 1))
    _Other(source, sink, language).look(grow(tree))
