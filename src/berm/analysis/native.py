"""The front end for C and C++: calls by name, through macros and pasted tokens; assembly; code as data."""

from __future__ import annotations

import re
from typing import Final

from berm.analysis.branch import Branch, grow
from berm.analysis.fact import Fact, Kind, Sink, words
from berm.analysis.grammar import parse
from berm.analysis.rules import Vocabulary, rules_for
from berm.analysis.survey import Survey, walk

_WORD: Final = re.compile(r"[A-Za-z_]\w*")
_PASTE: Final = re.compile(r"\s*##\s*")
_ASM: Final = words("asm __asm __asm__")
_OPENERS: Final = words("fopen open fopen64 open64 openat creat ifstream ofstream fstream freopen")
_INCBIN: Final = re.compile(r"\.incbin|\.include")
_DECLARING: Final = words(
    "function_declarator init_declarator parameter_declaration field_declaration declaration array_declarator"
    " pointer_declarator reference_declarator optional_parameter_declaration for_range_loop"
)
_COMMENT: Final = re.compile(r"//.*|/\*.*?\*/", re.DOTALL)
_MARKS: Final = re.compile(
    rb"##|\\\s*\n|\\[uU]|\?\?|\b(?:asm|__asm__|__asm|_asm)\b|\bmain\s*\[|[\"<](?:/|\.\.|~)"
    rb"|\(\s*\*\s*\w*\s*\)\s*\("
)
_CUT: Final = re.compile(rb"(\w)\\\r?\n(\w)")
_SPELT: Final = {
    b"??=": b"#",
    b"??(": b"[",
    b"??/": b"\\",
    b"??)": b"]",
    b"??'": b"^",
    b"??<": b"{",
    b"??!": b"|",
    b"??>": b"}",
    b"??-": b"~",
    b"%:": b"#",
    b"<%": b"{",
    b"%>": b"}",
}
_SPELLING: Final = re.compile(rb"\?\?[=(/)'<!>-]|%:|<%|%>")
"""Other spellings of signs (C11 5.2.1.1, 6.4.6); all that parsers do not know themselves."""
_LINKING: Final = words("alias ifunc weakref __alias__ __ifunc__ __weakref__")
MAX_EXPANSIONS: Final = 8


class _Native(Survey):
    """One source file."""

    def __init__(self, source: bytes, sink: Sink) -> None:
        super().__init__(source, sink)
        self._own: set[str] = set()
        self._data: set[str] = set()
        self._pointers: set[str] = set()
        self._macros: dict[str, str] = {}
        self._functions: dict[str, tuple[list[str], str]] = {}

    def look(self, root: Branch) -> None:
        nodes = list(walk(root))
        for node in nodes:
            match node.type:
                case "preproc_def":
                    self._macro(node)
                case "preproc_function_def":
                    self._function_macro(node)
                case _:
                    self._declared(node)
        for node in nodes:
            self._see(node)

    # --- what the program itself declares -----------------------------------------------------------

    def _macro(self, node: Branch) -> None:
        name, value = node.get("name"), node.get("value")
        if name is not None and value is not None and len(self._macros) < 500:
            self._macros[self.text(name)] = _bare(self.text(value))

    def _function_macro(self, node: Branch) -> None:
        name, parameters, value = node.get("name"), node.get("parameters"), node.get("value")
        if name is not None and parameters is not None and value is not None:
            names = _WORD.findall(self.text(parameters))
            self._functions[self.text(name)] = (
                names,
                self.text(value).replace("\\\n", " ").strip(),
            )

    def _declared(self, node: Branch) -> None:
        """Remember names that stand for something of the program's own."""
        declarator = node.get("declarator")
        if declarator is None:
            return
        self._kinds(node, declarator)
        named = declarator.type in ("identifier", "field_identifier")
        if not named or node.type not in _DECLARING:
            return
        if node.type != "function_declarator" or not self._only_prototype(node):
            self._own.add(self.text(declarator))

    def _kinds(self, node: Branch, declarator: Branch) -> None:
        """Remember types that are functions' places, and names that are data."""
        value = node.get("value")
        if node.type == "type_definition" and declarator.type == "function_declarator":
            kinds = [each for each in walk(declarator) if each.type == "type_identifier"]
            self._pointers |= {self.text(each) for each in kinds}
        elif node.type == "array_declarator" or (
            value is not None and value.type == "string_literal"
        ):
            names = [each for each in walk(declarator) if each.type == "identifier"]
            self._data |= {self.text(each) for each in names}

    def _only_prototype(self, node: Branch) -> bool:
        """Tell whether a function is declared but its body is elsewhere: in the C library."""
        rest = self.source[node.end : node.end + 200].lstrip()
        return rest.startswith((b";", b","))

    # --- what it does -------------------------------------------------------------------------------

    def _see(self, node: Branch) -> None:
        match node.type:
            case "preproc_include":
                self._include(node)
            case "call_expression":
                self._call(node)
            case "identifier":
                self._name(node)
            case "gnu_asm_expression" | "asm_statement" | "ms_asm_block":
                self._assembly(node)
            case "preproc_def" | "preproc_function_def":
                value = node.get("value")
                if value is not None:
                    self._macro_body(node, self.text(value))
            case "init_declarator":
                self._data_as_code(node)
            case "cast_expression":
                self._cast(node, node.get("type"), node.get("value"))
            case "while_statement" | "for_statement" | "do_statement":
                self._loop(node)
            case "declaration":
                self._opened(node)

    def _include(self, node: Branch) -> None:
        path = node.get("path")
        if path is None:
            return
        name = self._expanded(self.text(path)).strip('<>"')
        self.add(Kind.IMPORT, name, node)
        if name.startswith("/"):
            self.file(name, node)

    def _call(self, node: Branch) -> None:
        function, args = node.get("function"), node.get("arguments")
        if function is None:
            return
        if function.type == "template_function" and args is not None and len(args.kids) == 1:
            self._cast(node, function.get("arguments"), args.kids[0])
        name = self._plain(function)
        if name is None:
            return
        if name in _ASM:
            self._assembly(node)
        if name in _LINKING and args is not None:
            for word in _WORD.findall(self.text(args))[:3]:
                self.add(Kind.USE, word, node, f"it is linked as `{word}`")
        pasted = self._pasted(name, args)
        real = pasted or self._expanded(name)
        if name in self._own and not pasted:
            return
        for word in _WORD.findall(real)[:20] if real != name else [name]:
            note = f"`{self.text(function)}` is `{word}`" if word != name else ""
            if word not in self._own:
                self.add(Kind.CALL, word, node, note)
        if real in _OPENERS and args is not None:
            self._files(args, node)

    def _plain(self, function: Branch) -> str | None:
        """Return the name that is called, None for methods and other namespaces' functions."""
        text = "".join(self.text(function).split())
        if function.type == "identifier":
            return text
        if function.type == "qualified_identifier":
            return text.removeprefix("::").removeprefix("std::") if text.count("::") == 1 else None
        if function.type == "parenthesized_expression":
            bare = text.strip("()&*")
            return bare if _WORD.fullmatch(bare) else None
        return None

    def _name(self, node: Branch) -> None:
        """A function's name that is passed on: its call may be anywhere."""
        name = self.text(node)
        if name in self._own:
            return
        real = self._expanded(name)
        for word in [name] if real == name else _WORD.findall(real)[:20]:
            if word not in self._own:
                self.add(Kind.USE, word, node, "" if word == name else f"`{name}` is `{word}`")

    def _expanded(self, text: str) -> str:
        for _ in range(MAX_EXPANSIONS):
            if text not in self._macros:
                return text
            text = self._macros[text]
        return text

    def _pasted(self, name: str, args: Branch | None) -> str:
        """Return what a macro makes of its arguments, where it pastes tokens together."""
        if name not in self._functions or args is None:
            return ""
        parameters, body = self._functions[name]
        given = [self._expanded(self.text(kid)) for kid in args.kids]
        if "..." in body or len(given) < len(parameters) or len(body) > 2000:
            return ""
        values = dict(zip(parameters, given, strict=False))
        values["__VA_ARGS__"] = ", ".join(given[len(parameters) :])
        made = _WORD.sub(lambda found: values.get(found[0], found[0]), body)
        made = _PASTE.sub("", made)
        inner = re.fullmatch(r"(\w+)\s*\((.*)\)", made)
        if inner is not None and inner[1] in self._functions and inner[1] != name:
            parts = [part.strip() for part in inner[2].split(",")]
            names, text = self._functions[inner[1]]
            if len(parts) == len(names):
                pairs = dict(zip(names, parts, strict=True))
                made = _PASTE.sub("", _WORD.sub(lambda f: pairs.get(f[0], f[0]), text))
        return made if made != body else ""

    def _macro_body(self, node: Branch, body: str) -> None:
        for word in set(_WORD.findall(body)) & _ASM:
            self.add(Kind.PATTERN, "inline-assembly", node, f"the macro holds `{word}`")

    def _assembly(self, node: Branch) -> None:
        text = self.text(node)
        if _INCBIN.search(text):
            self.add(Kind.PATTERN, "assembler-include", node)
        # An empty template keeps the compiler from moving or dropping things; it does nothing.
        strings = [self.text(kid) for kid in walk(node) if kid.type == "string_literal"]
        if strings and not strings[0].strip('"').strip():
            return
        self.add(Kind.PATTERN, "inline-assembly", node)

    def _data_as_code(self, node: Branch) -> None:
        declarator = node.get("declarator")
        if declarator is not None and declarator.type == "array_declarator":
            name = declarator.get("declarator")
            if name is not None and self.text(name) == "main":
                self.add(Kind.PATTERN, "data-as-code", node)

    def _cast(self, node: Branch, kind: Branch | None, value: Branch | None) -> None:
        """Look at data of the program that is taken for a function."""
        if kind is None or value is None:
            return
        found = list(walk(kind))
        function = any(each.type == "abstract_function_declarator" for each in found)
        named = {self.text(each) for each in found if each.type == "type_identifier"}
        if (function or named & self._pointers) and self._is_data(value):
            self.add(Kind.PATTERN, "data-as-code", node)

    def _is_data(self, node: Branch | None) -> bool:
        """Tell whether an expression is a text, or an array of the program's or its place."""
        taken = False
        while node is not None:
            match node.type:
                case "parenthesized_expression" if node.kids:
                    node = node.kids[0]
                case "cast_expression":
                    node = node.get("value")
                case "pointer_expression" if self.text(node).startswith("&"):
                    node, taken = node.get("argument"), True
                case "subscript_expression" if taken:
                    node = node.get("argument")
                case "identifier":
                    return self.text(node) in self._data
                case _:
                    return node.type in ("string_literal", "concatenated_string")
        return False

    def _loop(self, node: Branch) -> None:
        test = node.get("condition")
        text = "" if test is None else self.text(test).strip("() ;")
        if text not in ("1", "true", "") or (not text and node.type != "for_statement"):
            return
        for kid in walk(node):
            function = kid.get("function")
            if kid.type != "call_expression" or function is None or "fork" in self._own:
                continue
            if self._expanded(self.text(function)) == "fork":
                self.add(Kind.PATTERN, "fork-bomb", kid)

    def _opened(self, node: Branch) -> None:
        kind = node.get("type")
        if kind is not None and self.text(kind).removeprefix("std::") in _OPENERS:
            self._files(node, node)

    def _files(self, place: Branch, node: Branch) -> None:
        for kid in walk(place):
            if kid.type == "string_literal":
                self.file(self.text(kid).strip('"'), node)


def _bare(text: str) -> str:
    """Return a macro's replacement without comments and line ends."""
    return _COMMENT.sub(" ", text.replace("\\\n", " ")).strip()


def matters(source: bytes, vocabulary: Vocabulary) -> bool:
    """Tell whether any rule could find anything: quicker than parsing, and never wrong with a no.

    Every name that a rule asks for is in the text as a word, unless it is pasted together or is cut by
    a line that goes on; what is no name is told by its marks.
    """
    return _MARKS.search(source) is not None or vocabulary.meets(source)


def look(source: bytes, sink: Sink, language: str) -> None:
    """Put into ``sink`` what a program in C or C++ reaches."""
    source = _SPELLING.sub(lambda found: _SPELT[found[0]], source)
    # A word that goes on in the next line is one word (C11 5.1.1.2); lines below count one less then.
    source = _CUT.sub(rb"\1\2", source)
    if not matters(source, rules_for(language).vocabulary):
        return
    tree = parse(language, source)
    if tree is None:
        return
    if tree.root.has_error:
        sink.add(Fact(Kind.PATTERN, "not-parsed", 1, 1))
    _Native(tree.source, sink).look(grow(tree))
