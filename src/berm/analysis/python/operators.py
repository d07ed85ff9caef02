"""Operators: what they give, on data and on objects of the program."""

from __future__ import annotations

import ast
from typing import Final

from berm.analysis.python import purity
from berm.analysis.python.lookups import Lookups
from berm.analysis.python.values import (
    MAX_ITEMS,
    REST,
    UNKNOWN,
    Either,
    Function,
    Instance,
    Klass,
    Method,
    Namespace,
    Partial,
    Ref,
    Value,
    bounded,
    either,
    is_plain,
    is_spoilt,
    options,
)

_BINARY_DUNDERS: Final = {
    ast.Add: "__add__",
    ast.Sub: "__sub__",
    ast.Mult: "__mul__",
    ast.Mod: "__mod__",
    ast.BitOr: "__or__",
    ast.BitAnd: "__and__",
    ast.BitXor: "__xor__",
    ast.MatMult: "__matmul__",
    ast.LShift: "__lshift__",
    ast.RShift: "__rshift__",
    ast.Div: "__truediv__",
    ast.FloorDiv: "__floordiv__",
    ast.Pow: "__pow__",
}
_COMPARISON_DUNDERS: Final = {
    ast.Eq: "__eq__",
    ast.NotEq: "__ne__",
    ast.Lt: "__lt__",
    ast.LtE: "__le__",
    ast.Gt: "__gt__",
    ast.GtE: "__ge__",
}


class Operators(Lookups):
    """The part of the evaluator that works operators out."""

    def _binary(self, node: ast.BinOp) -> Value:
        # Long sums lean to the left; going down them by recursion would bound their length.
        spine = [node]
        while isinstance(spine[-1].left, ast.BinOp):
            spine.append(spine[-1].left)
        value = self.evaluate(spine[-1].left)
        for each in reversed(spine):
            value = self.operate(type(each.op), value, self.evaluate(each.right), each)
        return value

    def operate(
        self, operator: type[ast.operator], left: Value, right: Value, node: ast.AST
    ) -> Value:
        """Return what a binary operator gives."""
        if left is UNKNOWN or right is UNKNOWN:
            return UNKNOWN
        if type(left) is Either or type(right) is Either:
            return either(
                self.operate(operator, one, other, node)
                for one in options(left)
                for other in options(right)
            )
        if isinstance(left, Instance | Klass):
            return self.special_call(left, _BINARY_DUNDERS.get(operator, ""), [right], node)
        if isinstance(right, Instance | Klass):
            name = _BINARY_DUNDERS.get(operator, "").replace("__", "__r", 1)
            return self.special_call(right, name, [left], node)
        if type(left) in (list, tuple) and type(right) is type(left) and operator is ast.Add:
            return UNKNOWN if is_spoilt(left) or is_spoilt(right) else bounded(left + right)
        if operator is ast.BitOr and (type(left) is dict or type(right) is dict):
            return self._merged(left, right, node)
        if operator is ast.Mult:
            for sequence, count in ((left, right), (right, left)):
                if type(sequence) in (list, tuple) and type(count) is int:
                    return self._repeated(sequence, count, node)
        function = purity.OPERATORS.get(operator)
        if function is None or not (is_plain(left) and is_plain(right)):
            return UNKNOWN
        try:
            return bounded(function(left, right))
        except OverflowError:
            self._too_much(operator, left, right, node)
        except Exception:  # noqa: BLE001, S110 - an operation that fails has no value
            pass
        return UNKNOWN

    def _merged(self, left: Value, right: Value, node: ast.AST) -> Value:
        """Return a dictionary and another in one."""
        for side in (left, right):
            self.walked(side, node)
        whole = type(left) is type(right) and not is_spoilt(left) and not is_spoilt(right)
        return bounded({**left, **right}) if whole else UNKNOWN

    def _repeated(self, sequence: Value, count: int, node: ast.AST) -> Value:
        """Return a list or tuple times a number; what it holds may be stand-ins."""
        if is_spoilt(sequence):
            return UNKNOWN
        if len(sequence) * count > MAX_ITEMS:
            self._too_much(ast.Mult, sequence, count, node)
            return UNKNOWN
        return sequence * count if abs(count) <= MAX_ITEMS else UNKNOWN

    def _too_much(
        self, operator: type[ast.operator], left: Value, right: Value, node: ast.AST
    ) -> None:
        """Note constants whose result nobody needs: they only use up memory or time."""
        if operator is ast.Mult and {type(left), type(right)} & {str, bytes, list, tuple}:
            count, items = (right, left) if isinstance(right, int) else (left, right)
            if isinstance(count, int) and len(items) * count >= 1 << 32:
                self.pattern("memory-bomb", node)
        elif (
            operator is ast.Pow
            and isinstance(left, int)
            and isinstance(right, int)
            and abs(left) > 1
            and right * abs(left).bit_length() >= 1 << 30
        ):
            self.pattern("memory-bomb", node)

    def _unary(self, node: ast.UnaryOp) -> Value:
        value = self.evaluate(node.operand)
        if value is UNKNOWN or not is_plain(value):
            if isinstance(value, Instance):
                names = {ast.USub: "__neg__", ast.UAdd: "__pos__", ast.Invert: "__invert__"}
                return self.special_call(value, names.get(type(node.op), ""), [], node)
            return UNKNOWN
        try:
            match node.op:
                case ast.Not():
                    return not value
                case ast.USub():
                    return -value
                case ast.UAdd():
                    return +value
                case _:
                    return ~value
        except Exception:  # noqa: BLE001 - an operation that fails has no value
            return UNKNOWN

    def _boolean(self, node: ast.BoolOp) -> Value:
        found: list[Value] = []
        stop = isinstance(node.op, ast.Or)
        settled = False
        value: Value = UNKNOWN
        for part in node.values:
            value = self.evaluate(part)
            if settled:
                continue
            truth = self.truth(value)
            if truth is None:
                found.append(value)
            elif truth is stop or part is node.values[-1]:
                found.append(value)
                settled = truth is stop
        return either(found) if found else value

    def truth(self, value: Value) -> bool | None:
        """Return whether a value counts as true, None where that is not known."""
        if value is UNKNOWN or value is REST:
            return None
        if isinstance(value, Either | Instance | Method | Namespace | Partial):
            return None
        if isinstance(value, Ref | Function | Klass):
            return True
        return None if is_spoilt(value) else bool(value)

    def _compare(self, node: ast.Compare) -> Value:
        left = self.evaluate(node.left)
        values = [self.evaluate(part) for part in node.comparators]
        if len(values) != 1:
            return UNKNOWN
        right, operator = values[0], type(node.ops[0])
        if isinstance(left, Instance):
            return self.special_call(left, _COMPARISON_DUNDERS.get(operator, ""), [right], node)
        members = self.items(right) if operator in (ast.In, ast.NotIn) else None
        if members is None or type(right) in (str, bytes, bytearray):
            return purity.compute(purity.OPERATORS[operator], (left, right), {})
        if not is_plain(left):
            return UNKNOWN
        if left in members:
            return operator is ast.In
        return operator is ast.NotIn if all(map(is_plain, members)) else UNKNOWN

    def _choice(self, node: ast.IfExp) -> Value:
        truth = self.truth(self.evaluate(node.test))
        one, other = self.evaluate(node.body), self.evaluate(node.orelse)
        return either([one, other]) if truth is None else (one if truth else other)

    def _walrus(self, node: ast.NamedExpr) -> Value:
        value = self.evaluate(node.value)
        scope = self.scope
        while scope.kind == "comprehension" and scope.outer is not None:
            scope = scope.outer
        scope.bind(node.target.id, value)
        return value
