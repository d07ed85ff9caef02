"""The front end for Java: types by their full names, reflection by names that are put together."""

from __future__ import annotations

import re
from typing import Final

from berm.analysis.branch import Branch, grow
from berm.analysis.fact import Fact, Kind, Sink, words
from berm.analysis.grammar import parse
from berm.analysis.rules import Vocabulary, rules_for
from berm.analysis.survey import Survey, walk

_UNICODE: Final = re.compile(rb"\\u+([0-9a-fA-F]{4})")
_MARKS: Final = re.compile(
    rb'"(?:/|\.\.|~)|\b(?:native|forName|loadClass|getRuntime|defineClass)\b'
)
_ESCAPE: Final = re.compile(r"\\(?:u+([0-9a-fA-F]{4})|([0-7]{1,3})|(.))", re.DOTALL)
_SIMPLE: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "s": " "}
IN_JAVA_LANG: Final = words(
    "Class ClassLoader Compiler InheritableThreadLocal Module ModuleLayer Process ProcessBuilder ProcessHandle"
    " Runtime RuntimePermission SecurityManager StackWalker System Thread ThreadGroup"
)
_WORTH_HIDING: Final = IN_JAVA_LANG - words("Thread ThreadGroup InheritableThreadLocal")
_NAMES_A_CLASS: Final = words("forName loadClass findClass findSystemClass defineClass")
_NAMES_A_MEMBER: Final = words(
    "getMethod getDeclaredMethod getField getDeclaredField findVirtual findStatic findSpecial"
)
_OPENERS: Final = words(
    "File FileReader FileInputStream FileOutputStream FileWriter PrintWriter PrintStream RandomAccessFile Scanner"
)
_DECLARATIONS: Final = words(
    "class_declaration interface_declaration enum_declaration record_declaration type_parameter"
)


class _Java(Survey):
    """One compilation unit."""

    def __init__(self, source: bytes, sink: Sink) -> None:
        super().__init__(source, sink)
        self._imports: dict[str, str] = {}
        self._stars: list[str] = ["java.lang"]
        self._own: set[str] = set()
        self._constants: dict[str, str | None] = {}
        self._runtimes: set[str] = set()

    def look(self, root: Branch) -> None:
        nodes = list(walk(root))
        for node in nodes:
            name = node.get("name")
            if node.type in _DECLARATIONS and name is not None:
                self._own.add(self.text(name))
            elif node.type == "import_declaration":
                self._import(node)
            elif node.type == "variable_declarator" and name is not None:
                value = node.get("value")
                known = self.constant(value) if value is not None else None
                self._remember(self.text(name), known)
                if value is not None and "getRuntime" in self.text(value):
                    self._runtimes.add(self.text(name))
            elif node.type == "assignment_expression":
                left = node.get("left")
                if left is not None:
                    self._remember(self.text(left), None)
        for node in nodes:
            self._see(node)

    def _remember(self, name: str, value: str | None) -> None:
        # Assigned twice, it is not known which of the two it is where it is used.
        self._constants[name] = value if name not in self._constants else None

    def _import(self, node: Branch) -> None:
        path = "".join(self.text(kid) for kid in node.kids if kid.type != "asterisk")
        whole = any(kid.type == "asterisk" for kid in node.kids)
        path = re.sub(r"\s", "", path)
        self.add(Kind.IMPORT, path + (".*" if whole else ""), node)
        if whole:
            self._stars.append(path)
        else:
            self._imports[path.rpartition(".")[2]] = path

    def full(self, name: str) -> str | None:
        """Return the full name of a type, None for one of the program's own."""
        head, dot, rest = name.partition(".")
        if head in self._own or head in self._constants:
            return None
        if head in self._imports:
            return self._imports[head] + dot + rest
        if head[:1].islower():
            return name if dot else None
        if head in IN_JAVA_LANG:
            return f"java.lang.{name}"
        for star in self._stars[1:]:
            # Which package it is from decides the compiler; the first that any rule knows is told.
            if self.sink.wants(Kind.USE, f"{star}.{name}"):
                return f"{star}.{name}"
        return None

    def _see(self, node: Branch) -> None:
        match node.type:
            case "type_identifier" | "scoped_type_identifier":
                self._type(node, Kind.USE)
            case "object_creation_expression":
                self._create(node)
            case "method_invocation":
                self._invoke(node)
            case "method_reference":
                name = "".join(self.text(node).split()).replace("::", ".")
                self._dotted(node, name, Kind.USE)
                if name.removeprefix("java.lang.") == "Runtime.getRuntime":
                    self.add(Kind.PATTERN, "runtime-exec", node, "it hands `Runtime` on")
            case "field_access":
                self._dotted(node, "".join(self.text(node).split()), Kind.USE)
            case "modifiers":
                if "native" in self.text(node).split():
                    self.add(Kind.PATTERN, "native-method", node)

    def _type(self, node: Branch, kind: Kind) -> None:
        full = self.full("".join(self.text(node).split()))
        if full is not None:
            self.add(kind, full, node)

    def _create(self, node: Branch) -> None:
        kind = node.get("type")
        if kind is None:
            return
        name = "".join(self.text(kind).split()).partition("<")[0]
        full = self.full(name)
        if full is not None:
            self.add(Kind.CALL, full, node)
        args = node.get("arguments")
        if name.rpartition(".")[2] in _OPENERS and args is not None and args.kids:
            path = self.constant(args.kids[0])
            if path is not None:
                self.file(path, node)

    def _dotted(self, node: Branch, text: str, kind: Kind) -> None:
        full = self.full(text)
        if full is not None:
            self.add(kind, full, node)

    def _invoke(self, node: Branch) -> None:
        name, owner, args = node.get("name"), node.get("object"), node.get("arguments")
        if name is None:
            return
        called = self.text(name)
        if owner is not None and owner.type in ("identifier", "field_access"):
            path = "".join(self.text(owner).split())
            self._dotted(node, f"{path}.{called}", Kind.CALL)
        elif owner is None and called in self._imports:
            self.add(Kind.CALL, self._imports[called], node)
        if owner is not None:
            self.add(Kind.ATTRIBUTE, called, node)
        if called == "exec" and owner is not None and self._is_runtime(owner):
            self.add(Kind.PATTERN, "runtime-exec", node)
        if args is None or not args.kids:
            return
        first = self.constant(args.kids[0])
        if called in _NAMES_A_CLASS and owner is not None:
            if first is None:
                self.add(Kind.PATTERN, "dynamic-class", node)
            else:
                self.add(Kind.PATTERN, "named-class", node, f"loads the class `{first}`")
                if first.removeprefix("java.lang.") in _WORTH_HIDING:
                    self.add(Kind.PATTERN, "hidden-class", node, f"loads `{first}` by its name")
                self.add(Kind.USE, first, node, f"`{self.text(args.kids[0])[:60]}` is `{first}`")
        elif called in _NAMES_A_MEMBER and first is not None:
            self.add(Kind.ATTRIBUTE, first, node, f"looks up the member `{first}`")
        elif (
            called in ("of", "get")
            and owner is not None
            and first is not None
            and self.text(owner) in ("Path", "Paths")
        ):
            self.file(first, node)

    def _is_runtime(self, owner: Branch) -> bool:
        text = self.text(owner)
        return "getRuntime" in text or text.removeprefix("this.") in self._runtimes

    def constant(self, node: Branch, depth: int = 0) -> str | None:
        """Return the text that an expression is, None where that is not known."""
        if depth > 40:
            return None
        match node.type:
            case "string_literal":
                return _unescaped(self.text(node)[1:-1])
            case "character_literal":
                return _unescaped(self.text(node)[1:-1])
            case "decimal_integer_literal":
                return self.text(node)
            case "identifier":
                return self._constants.get(self.text(node))
            case "parenthesized_expression":
                return self.constant(node.kids[0], depth + 1) if node.kids else None
            case "binary_expression":
                return self._sum(node, depth)
            case "method_invocation":
                return self._computed(node, depth)
            case "object_creation_expression":
                kind, args = node.get("type"), node.get("arguments")
                if kind is not None and self.text(kind) in (
                    "String",
                    "StringBuilder",
                    "StringBuffer",
                ):
                    if args is None or not args.kids:
                        return ""
                    return self.constant(args.kids[0], depth + 1)
                return None
            case "array_creation_expression" | "array_initializer":
                inner = node.get("value") or node
                parts = [self._unit(kid, depth) for kid in inner.kids]
                return None if None in parts or not parts else "".join(part or "" for part in parts)
        return None

    def _unit(self, node: Branch, depth: int) -> str | None:
        if node.type == "decimal_integer_literal":
            number = int(self.text(node).rstrip("lL").replace("_", "") or 0)
            return chr(number) if 0 <= number < 0x110000 else None
        if node.type in ("character_literal", "cast_expression"):
            return self.constant(node, depth + 1)
        return None

    def _sum(self, node: Branch, depth: int) -> str | None:
        parts: list[str] = []
        spine = node
        while spine.type == "binary_expression":
            operator, right, left = spine.get("operator"), spine.get("right"), spine.get("left")
            if operator is None or self.text(operator) != "+" or right is None or left is None:
                return None
            part = self.constant(right, depth + 1)
            if part is None:
                return None
            parts.append(part)
            spine = left
        first = self.constant(spine, depth + 1)
        return None if first is None else first + "".join(reversed(parts))

    def _computed(self, node: Branch, depth: int) -> str | None:
        owner, name, args = node.get("object"), node.get("name"), node.get("arguments")
        if owner is None or name is None:
            return None
        given = [self.constant(kid, depth + 1) for kid in (args.kids if args is not None else ())]
        if self.text(owner) == "String" and self.text(name) in ("valueOf", "copyValueOf"):
            return given[0] if given else None
        base = self.constant(owner, depth + 1)
        if base is None or None in given:
            return None
        texts = [text or "" for text in given]
        match self.text(name):
            case "reverse":
                return base[::-1]
            case "toString" | "trim" | "intern" | "strip":
                return base.strip() if self.text(name) in ("trim", "strip") else base
            case "append" | "concat":
                return base + "".join(texts)
            case "replace" | "replaceAll" if len(texts) == 2 and texts[0]:
                return base.replace(texts[0], texts[1])[:4096]
            case "toLowerCase":
                return base.lower()
            case "toUpperCase":
                return base.upper()
            case "substring" if texts and all(text.isdigit() for text in texts):
                return (
                    base[slice(*(int(text) for text in texts))]
                    if len(texts) == 2
                    else base[int(texts[0]) :]
                )
        return None


def _unescaped(text: str) -> str:
    def one(found: re.Match[str]) -> str:
        if found[1]:
            return chr(int(found[1], 16))
        if found[2]:
            return chr(int(found[2], 8))
        return _SIMPLE.get(found[3], found[3])

    return _ESCAPE.sub(one, text)


def matters(source: bytes, vocabulary: Vocabulary) -> bool:
    """Tell whether any rule could find anything: quicker than parsing, and never wrong with a no."""
    return _MARKS.search(source) is not None or vocabulary.meets(source)


def look(source: bytes, sink: Sink) -> None:
    """Put into ``sink`` what a Java program reaches."""
    # The compiler replaces these before it reads anything else (JLS 3.3). Columns after one on its
    # line are those of the replaced text.
    plain = _UNICODE.sub(lambda found: chr(int(found[1], 16)).encode("utf-8", "replace"), source)
    if not matters(plain, rules_for("java").vocabulary):
        return
    tree = parse("java", plain)
    if tree is None:
        return
    if tree.root.has_error:
        sink.add(Fact(Kind.PATTERN, "not-parsed", 1, 1))
    _Java(plain, sink).look(grow(tree))
