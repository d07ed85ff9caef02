"""Operators of JavaScript, as far as what they are given is known."""

from __future__ import annotations

from typing import Final

from berm.analysis.branch import UNSET, Branch
from berm.analysis.fact import Sink
from berm.analysis.javascript import methods
from berm.analysis.javascript.values import (
    UNDEFINED,
    UNKNOWN,
    Either,
    Value,
    either,
    is_primitive,
    options,
    to_number,
    truth,
    type_name,
)
from berm.analysis.javascript.witness import Witness

PARTS: Final = ("argument", "left", "right")
_SUMS: Final = ("+", "-", "*", "/", "%")
_CHOICES: Final = ("||", "&&", "??")


class Operators(Witness):
    """The part of the evaluator that computes."""

    def __init__(self, source: bytes, sink: Sink, *, deep: bool = False) -> None:
        super().__init__(source, sink, deep=deep)
        self.turning = 0
        self._weighed: dict[Branch, bool] = {}

    def evaluate(self, node: Branch | None, *, called: bool = False, base: bool = False) -> Value:
        """Return what an expression comes to, and note what it reaches."""
        raise NotImplementedError

    def _unary(self, node: Branch) -> Value:
        operator = node.get("operator")
        sign = self.text(operator) if operator is not None else ""
        argument = node.get("argument")
        value = self.evaluate(argument)
        made = self._of_one(sign, value)
        if argument is not None and (
            argument.constant is not UNSET or (argument.type == "array" and not argument.kids)
        ):
            _keep(node, made)
        return made

    def _of_one(self, sign: str, value: Value) -> Value:
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
        first = spine[-1].get("left")
        value = self.evaluate(first)
        fixed = first is not None and first.constant is not UNSET
        for each in reversed(spine):
            operator = each.get("operator")
            sign = self.text(operator) if operator is not None else ""
            right = each.get("right")
            if sign in _CHOICES:
                value, fixed = self._choice(sign, value, right), False
                continue
            if self.turning and sign in _SUMS and right is not None:
                if value != value and self._weighed.get(right):  # noqa: PLR0124 - NaN
                    continue
                if right not in self._weighed:
                    self._weighed[right] = self._is_sum(right)
            value = self.operate(sign, value, self.evaluate(right))
            fixed = fixed and right is not None and right.constant is not UNSET
        if fixed:
            _keep(node, value)
        return value

    def _is_sum(self, node: Branch) -> bool:
        """Tell whether a node is a number, whatever is in it.

        Loops that turn an array until a sum of its numbers is right come to NaN at the first item in
        nearly every turn; what is added to NaN does not matter, and is looked at only once.
        """
        match node.type:
            case "number":
                return True
            case "parenthesized_expression":
                return len(node.kids) == 1 and self._is_sum(node.kids[0])
            case "unary_expression" | "binary_expression":
                operator = node.get("operator")
                sign = self.text(operator) if operator is not None else ""
                parts = [part for name in PARTS if (part := node.get(name)) is not None]
                if sign == "+" and len(parts) > 1:
                    return all(self._is_sum(part) for part in parts)
                return sign in _SUMS
            case "call_expression":
                callee = node.get("function")
                return callee is not None and self.text(callee) in ("parseInt", "parseFloat")
        return False

    def _choice(self, sign: str, left: Value, right: Branch | None) -> Value:
        """Return what an operator gives that looks at its right side only if the left one asks for it."""
        if not self.deep or isinstance(left, Either):
            return self.operate(sign, left, self.evaluate(right))
        known = (left is not None and left is not UNDEFINED) if sign == "??" else truth(left)
        if left is UNKNOWN or known is None:
            self.uncertain += 1
            try:
                return self.operate(sign, left, self.evaluate(right))
            finally:
                self.uncertain -= 1
        return self.evaluate(right) if known == (sign == "&&") else left

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
        self.uncertain += known is None
        one = self.evaluate(node.get("consequence"))
        other = self.evaluate(node.get("alternative"))
        self.uncertain -= known is None
        return either([one, other]) if known is None else (one if known else other)


def _keep(node: Branch, value: Value) -> None:
    """Remember what a node comes to that is made of constants only."""
    if is_primitive(value):
        node.constant = value


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
