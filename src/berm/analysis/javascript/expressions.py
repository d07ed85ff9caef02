"""Expressions of JavaScript: what they come to, without running anything."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from berm.analysis.branch import UNSET, Branch
from berm.analysis.fact import Kind, Sink
from berm.analysis.javascript import methods, naming
from berm.analysis.javascript.operators import PARTS, Operators
from berm.analysis.javascript.values import (
    MAX_ITEMS,
    UNDEFINED,
    UNKNOWN,
    Array,
    Either,
    Function,
    Method,
    Object,
    Ref,
    Regex,
    Value,
    either,
    options,
    text_number,
    to_text,
)

_ESCAPE: Final = re.compile(
    r"\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([0-7]{1,3})|(\r\n|[\s\S]))"
)
_SIMPLE: Final = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "b": "\b",
    "f": "\f",
    "v": "\v",
    "\n": "",
    "\r\n": "",
}


class Expressions(Operators):
    """The part of the evaluator that gives values to expressions; see the Python one for the terms."""

    def __init__(self, source: bytes, sink: Sink, *, deep: bool = False) -> None:
        super().__init__(source, sink, deep=deep)
        self._by_type: dict[str, Callable[[Any], Value]] = {
            "number": self._number,
            "string": self._string,
            "template_string": self._template,
            "identifier": self._name,
            "shorthand_property_identifier": self._name,
            "undefined": lambda _: UNDEFINED,
            "null": lambda _: None,
            "true": lambda _: True,
            "false": lambda _: False,
            "this": lambda _: self.this(),
            "regex": lambda node: Regex(self.text(node)),
            "array": self._array,
            "object": self._object,
            "member_expression": self._member,
            "subscript_expression": self._subscript,
            "unary_expression": self._unary,
            "binary_expression": self._binary,
            "ternary_expression": self._ternary,
            "parenthesized_expression": self._parenthesized,
            "sequence_expression": lambda node: self._last(node.kids),
            "await_expression": lambda node: self._last(node.kids),
            "yield_expression": lambda node: self._last(node.kids) and UNKNOWN,
            "non_null_expression": lambda node: self._last(node.kids),
            "as_expression": lambda node: self.evaluate(node.kids[0]),
            "satisfies_expression": lambda node: self.evaluate(node.kids[0]),
        }

    # --- the door -----------------------------------------------------------------------------------

    def evaluate(self, node: Branch | None, *, called: bool = False, base: bool = False) -> Value:
        """Return what an expression comes to, and note what it reaches."""
        if node is None:
            return UNDEFINED
        self.steps += 1
        if node.constant is not UNSET:
            return node.constant
        method = self._by_type.get(node.type)
        value = self.other(node) if method is None else method(node)
        if not base and isinstance(value, Ref | Either):
            self.reached(node, value, called=called)
        return value

    def other(self, node: Branch) -> Value:
        """Look at what is inside of a node whose own value is not followed."""
        for kid in node.kids:
            self.evaluate(kid)
        return UNKNOWN

    def _last(self, nodes: list[Branch]) -> Value:
        value: Value = UNDEFINED
        for node in nodes:
            value = self.evaluate(node)
        return value

    def this(self) -> Value:
        """Return what ``this`` is."""
        return self.scope.this

    # --- literals -----------------------------------------------------------------------------------

    def _number(self, node: Branch) -> Value:
        node.constant = text_number(self.text(node).replace("_", "").rstrip("n"))
        return node.constant

    def _string(self, node: Branch) -> Value:
        node.constant = unescape(self.text(node)[1:-1])
        return node.constant

    def _parenthesized(self, node: Branch) -> Value:
        value = self._last(node.kids)
        if len(node.kids) == 1:
            node.constant = node.kids[0].constant
        return value

    def _template(self, node: Branch) -> Value:
        parts: list[str] = []
        known = True
        for kid in node.kids:
            if kid.type == "template_substitution":
                part = to_text(self._last(kid.kids))
                known = known and part is not None
                parts.append(part or "")
            else:
                parts.append(unescape(self.text(kid)))
        return "".join(parts) if known else UNKNOWN

    def _array(self, node: Branch) -> Value:
        made = Array([])
        for kid in node.kids:
            if kid.type == "spread_element":
                inner = self._last(kid.kids)
                if isinstance(inner, str):
                    inner = Array(list(inner))
                if isinstance(inner, Array) and inner.known:
                    made.items.extend(inner.items)
                else:
                    made.known = False
            else:
                made.items.append(self.evaluate(kid))
        made.known = made.known and len(made.items) <= MAX_ITEMS
        return made

    def _object(self, node: Branch) -> Value:
        made = Object({})
        for kid in node.kids:
            key, value = kid.get("key") or kid.get("name"), kid.get("value")
            if kid.type == "pair" and key is not None:
                name = self.key(key)
                found = self.evaluate(value)
                if name is None:
                    made.known = False
                else:
                    made.names[name] = found
            elif kid.type == "shorthand_property_identifier":
                made.names[self.text(kid)] = self.evaluate(kid)
            elif kid.type == "method_definition" and key is not None:
                name = self.key(key)
                made.names[name or "?"] = self.function(kid)
            elif kid.type == "spread_element":
                inner = self._last(kid.kids)
                if isinstance(inner, Object) and inner.known:
                    made.names.update(inner.names)
                else:
                    made.known = False
        return made

    def key(self, node: Branch) -> str | None:
        """Return the name that a property is written with."""
        if node.type == "computed_property_name":
            return to_text(self._last(node.kids))
        if node.type == "string":
            return str(self._string(node))
        if node.type == "number":
            return to_text(text_number(self.text(node)))
        return self.text(node)

    # --- names and members --------------------------------------------------------------------------

    def _name(self, node: Branch) -> Value:
        name = unescape(self.text(node))
        value = self.look_up(name)
        within = self.scope.within
        if isinstance(within, Ref | Object) and self.scope.home(name) is None:
            # Which of the two it is depends on what the object has.
            found = self.attribute(within, name, node)
            kept = [each for each in (found, value) if each not in (UNKNOWN, UNDEFINED)]
            return either(kept) if kept else UNKNOWN
        return value

    def look_up(self, name: str) -> Value:
        """Return what a name stands for."""
        home = self.scope.home(name)
        if home is not None:
            return home.names[name]
        if name in naming.GLOBALS:
            return Ref("globalThis") if name in ("global", "window", "self") else Ref(name)
        return UNDEFINED if name == "undefined" else UNKNOWN

    def _member(self, node: Branch) -> Value:
        value = self.evaluate(node.get("object"), base=True)
        name = node.get("property")
        return UNKNOWN if name is None else self.attribute(value, unescape(self.text(name)), node)

    def _subscript(self, node: Branch) -> Value:
        value = self.evaluate(node.get("object"), base=True)
        key = self.evaluate(node.get("index"))
        return self.subscript(value, key, node)

    def subscript(self, value: Value, key: Value, node: Branch) -> Value:
        """Return a property by a key that was computed."""
        if isinstance(value, Either) or isinstance(key, Either):
            return either(
                [self.subscript(v, k, node) for v in options(value) for k in options(key)]
            )
        if isinstance(value, str | Array) and isinstance(key, float):
            items = value if isinstance(value, Array) else Array(list(value))
            return methods.item_of(items, key)
        name = to_text(key)
        if name is None:
            # As the programs do that hide all their names in one array.
            index = node.get("index")
            self.lost = self.lost or (index is not None and self._asks_by_number(index))
            if isinstance(value, Ref) and (
                value.path in naming.POWERFUL or value.path.partition(".")[0] in naming.POWERFUL
            ):
                self.unresolved(
                    "dynamic-member", node, f"a name of `{value.path}` made at run time"
                )
            return UNKNOWN
        self.settled("dynamic-member", node)
        return self.attribute(value, name, node)

    def _asks_by_number(self, node: Branch) -> bool:
        """Tell whether a key is made by calls with nothing but literals: ``x[f(0x1a2) + f(3)]``."""
        if node.type == "binary_expression":
            parts = [part for name in PARTS if (part := node.get(name)) is not None]
            return any(self._asks_by_number(part) for part in parts)
        args = node.get("arguments")
        if node.type != "call_expression" or args is None or not args.kids:
            return False
        return all(kid.type in ("number", "string") for kid in args.kids)

    def attribute(self, value: Value, name: str, node: Branch) -> Value:
        """Return a property by its name."""
        if isinstance(value, Either):
            return either([self.attribute(option, name, node) for option in value.options])
        if self.sink.wants(Kind.ATTRIBUTE, name):
            self.add(Kind.ATTRIBUTE, name, node)
        if isinstance(value, Ref):
            found = naming.member(value.path, name)
            if name in ("call", "apply", "bind", "toString"):
                return Method(value, name)
            if name == "name":
                return value.path.rpartition(".")[2]
            return found
        if name == "" and isinstance(value, Array | str | float | bool):
            return UNDEFINED
        if isinstance(value, Object):
            if name in value.names:
                return value.names[name]
            if name == "constructor":
                return Ref("Object")
            return UNDEFINED if value.known and self.certain() else UNKNOWN
        if isinstance(value, Array):
            if name == "length":
                return float(len(value.items)) if value.known else UNKNOWN
            if name == "constructor":
                return Ref("Array")
            if name.isdecimal():
                return methods.item_of(value, name)
            return Method(value, name)
        if isinstance(value, str | float | bool):
            if name == "length" and isinstance(value, str):
                return float(len(value))
            if isinstance(value, str) and name.isdecimal():
                return value[int(name)] if int(name) < len(value) else UNDEFINED
            if name == "constructor":
                kinds = {str: "String", float: "Number", bool: "Boolean"}
                return Ref(kinds[type(value)])
            return Method(value, name)
        if isinstance(value, Function):
            return self._of_function(value, name)
        if isinstance(value, Method):
            return Ref("Function") if name == "constructor" else Method(value, name)
        if isinstance(value, Regex):
            return Ref("RegExp") if name == "constructor" else UNKNOWN
        if value is UNKNOWN:
            if name == "constructor":
                return Ref("?.constructor")
            if name == "mainModule":
                return Ref("module")
            return Method(UNKNOWN, name)
        return UNKNOWN

    def _of_function(self, function: Function, name: str) -> Value:
        """Return a property of a function of the program: its own, or one that the program gave it."""
        if name in function.names:
            return function.names[name]
        if name == "constructor":
            return Ref("Function")
        if name in methods.OF_FUNCTIONS or not self.certain():
            return Method(function, name)
        return UNDEFINED

    def function(self, node: Branch) -> Value:
        """Return the value of a function's definition."""
        raise NotImplementedError


def unescape(text: str) -> str:
    """Return the text that a literal (or a name with escapes in it) stands for."""
    if "\\" not in text:
        return text

    def one(found: re.Match[str]) -> str:
        if found[4]:
            return chr(int(found[4], 8))
        for group in (1, 2, 3):
            if found[group]:
                return chr(min(int(found[group], 16), 0x10FFFF))
        return _SIMPLE.get(found[5], found[5])

    return _ESCAPE.sub(one, text)
