"""Expressions of JavaScript: what they come to, without running anything."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from berm.analysis.branch import Branch
from berm.analysis.fact import Kind, Sink
from berm.analysis.javascript import methods, naming
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
    is_primitive,
    options,
    text_number,
    to_number,
    to_text,
    truth,
    type_name,
)
from berm.analysis.javascript.witness import Witness

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


class Expressions(Witness):
    """The part of the evaluator that gives values to expressions; see the Python one for the terms."""

    def __init__(self, source: bytes, sink: Sink, *, deep: bool = False) -> None:
        super().__init__(source, sink, deep=deep)
        self._by_type: dict[str, Callable[[Any], Value]] = {
            "number": lambda node: text_number(self.text(node).replace("_", "").rstrip("n")),
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
            "parenthesized_expression": lambda node: self._last(node.kids),
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

    def _string(self, node: Branch) -> Value:
        return unescape(self.text(node)[1:-1])

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
        return self.look_up(unescape(self.text(node)))

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
        """Tell whether a key is a call with nothing but literals: ``x[f(0x1a2)]``."""
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
            return UNKNOWN if not value.known or self.uncertain or not self.deep else UNDEFINED
        if isinstance(value, Array):
            if name == "length":
                return float(len(value.items)) if value.known else UNKNOWN
            if name == "constructor":
                return Ref("Array")
            if name.isdigit():
                return methods.item_of(value, name)
            return Method(value, name)
        if isinstance(value, str | float | bool):
            if name == "length" and isinstance(value, str):
                return float(len(value))
            if isinstance(value, str) and name.isdigit():
                return value[int(name)] if int(name) < len(value) else UNDEFINED
            if name == "constructor":
                kinds = {str: "String", float: "Number", bool: "Boolean"}
                return Ref(kinds[type(value)])
            return Method(value, name)
        if isinstance(value, Function | Method):
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

    # --- operators ----------------------------------------------------------------------------------

    def _unary(self, node: Branch) -> Value:
        operator = node.get("operator")
        sign = self.text(operator) if operator is not None else ""
        value = self.evaluate(node.get("argument"))
        match sign:
            case "!":
                known = truth(value)
                return UNKNOWN if known is None else not known
            case "-" | "+" | "~":
                number = to_number(value)
                if number is None:
                    return UNKNOWN
                if sign == "~":
                    return float(~_int32(number))
                return -number if sign == "-" else number
            case "void":
                return UNDEFINED
            case "typeof":
                return type_name(value) or UNKNOWN
        return UNKNOWN

    def _binary(self, node: Branch) -> Value:
        spine = [node]
        while (left := spine[-1].get("left")) is not None and left.type == "binary_expression":
            spine.append(left)
        value = self.evaluate(spine[-1].get("left"))
        for each in reversed(spine):
            operator = each.get("operator")
            sign = self.text(operator) if operator is not None else ""
            right = self.evaluate(each.get("right"))
            value = self.operate(sign, value, right)
        return value

    def operate(self, sign: str, left: Value, right: Value) -> Value:
        """Return what a binary operator gives."""
        if isinstance(left, Either) or isinstance(right, Either):
            return either([self.operate(sign, a, b) for a in options(left) for b in options(right)])
        if sign in ("||", "&&", "??"):
            known = truth(left)
            if sign == "??":
                return right if left is None or left is UNDEFINED else either([left, right])
            if known is None:
                return either([left, right])
            return left if known == (sign == "||") else right
        if left is UNKNOWN or right is UNKNOWN:
            return UNKNOWN
        try:
            if sign == "+":
                return methods.plus(left, right)
            if sign in ("===", "!=="):
                if is_primitive(left) and is_primitive(right):
                    return (type(left) is type(right) and left == right) == (sign == "===")
                return UNKNOWN
            if sign in ("==", "!="):
                equal = methods.loosely(left, right)
                return UNKNOWN if equal is None else equal == (sign == "==")
            if sign in ("<", ">", "<=", ">=") and isinstance(left, str) and isinstance(right, str):
                return {"<": left < right, ">": left > right, "<=": left <= right}.get(
                    sign, left >= right
                )
            one, other = to_number(left), to_number(right)
            if one is None or other is None:
                return UNKNOWN
            return _arithmetic(sign, one, other)
        except (ArithmeticError, ValueError, TypeError):
            return UNKNOWN

    def _ternary(self, node: Branch) -> Value:
        known = truth(self.evaluate(node.get("condition")))
        if known is not None and self.deep:
            return self.evaluate(node.get("consequence" if known else "alternative"))
        one = self.evaluate(node.get("consequence"))
        other = self.evaluate(node.get("alternative"))
        return either([one, other]) if known is None else (one if known else other)

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


def _int32(number: float) -> int:
    if number != number or number in (float("inf"), float("-inf")):  # noqa: PLR0124 - NaN
        return 0
    whole = int(number) & 0xFFFFFFFF
    return whole - (1 << 32) if whole >= 1 << 31 else whole


def _arithmetic(sign: str, one: float, other: float) -> Value:
    match sign:
        case "-":
            return one - other
        case "*":
            return one * other
        case "/":
            if other == 0:
                return float("nan") if one == 0 or one != one else float("inf") * one  # noqa: PLR0124
            return one / other
        case "%":
            return float("nan") if other == 0 else float(one - other * int(one / other))
        case "**":
            return float(one**other)
        case "<":
            return one < other
        case ">":
            return one > other
        case "<=":
            return one <= other
        case ">=":
            return one >= other
        case "&" | "|" | "^":
            a, b = _int32(one), _int32(other)
            return float({"&": a & b, "|": a | b, "^": a ^ b}[sign])
        case "<<":
            return float(_int32(float(_int32(one) << (_int32(other) & 31))))
        case ">>":
            return float(_int32(one) >> (_int32(other) & 31))
        case ">>>":
            return float((_int32(one) & 0xFFFFFFFF) >> (_int32(other) & 31))
    return UNKNOWN
