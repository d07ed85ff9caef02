"""Displays and comprehensions, and the one door through which every expression goes."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from berm.analysis.fact import Sink
from berm.analysis.python import purity
from berm.analysis.python.operators import Operators
from berm.analysis.python.scope import Scope
from berm.analysis.python.values import (
    MAX_ITEMS,
    REST,
    UNKNOWN,
    Either,
    Function,
    Method,
    Namespace,
    Ref,
    Value,
    bounded,
    either,
    is_plain,
    is_spoilt,
)

MAX_DEPTH: Final = 200


class Expressions(Operators):
    """The part of the evaluator that gives values to expressions."""

    def __init__(self, source: str, sink: Sink, *, deep: bool = False) -> None:
        super().__init__(source, sink, deep=deep)
        self._by_type: dict[type[ast.AST], Callable[[Any], Value]] = {
            ast.Constant: lambda node: node.value,
            ast.Name: self._name,
            ast.Attribute: self._attribute,
            ast.Subscript: self._subscript,
            ast.Call: self._call,
            ast.BinOp: self._binary,
            ast.UnaryOp: self._unary,
            ast.BoolOp: self._boolean,
            ast.Compare: self._compare,
            ast.IfExp: self._choice,
            ast.Tuple: lambda node: tuple(self._items(node.elts)),
            ast.List: lambda node: self._items(node.elts),
            ast.Set: self._set,
            ast.Dict: self._dict,
            ast.Lambda: self._lambda,
            ast.JoinedStr: self._joined,
            ast.FormattedValue: self._formatted,
            ast.ListComp: self._comprehension,
            ast.GeneratorExp: self._comprehension,
            ast.SetComp: self._comprehension,
            ast.DictComp: self._dict_comprehension,
            ast.NamedExpr: self._walrus,
            ast.Slice: self._slice,
        }

    def evaluate(self, node: ast.AST, *, called: bool = False, base: bool = False) -> Value:
        """Return what an expression comes to, and note what it reaches.

        ``called``: the value is about to be called; ``base``: only a name of it is looked up.
        """
        self.steps += 1
        method = self._by_type.get(type(node))
        if self.depth > MAX_DEPTH or method is None:
            return self._opaque(node)
        self.depth += 1
        try:
            value = method(node)
        finally:
            self.depth -= 1
        kind = type(value)
        if kind is Ref or kind is Either:
            self.reached(node, value, called=called, base=base)
        elif kind is Method and value.name == "__getattribute__" and not called:
            self.unresolved("getattribute", node)
        return value

    def _opaque(self, node: ast.AST) -> Value:
        """Look at what is inside of an expression whose own value is not followed."""
        if self.depth > MAX_DEPTH:
            self.pattern("too-complex", node)
            return UNKNOWN
        self.depth += 1
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.evaluate(child)
        self.depth -= 1
        return UNKNOWN

    def _items(self, nodes: Iterable[ast.expr]) -> list[Value]:
        made: list[Value] = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                inner = self.items(self.evaluate(node.value))
                if inner is None:
                    made.append(REST)
                else:
                    made.extend(inner)
            else:
                made.append(self.evaluate(node))
        return [REST] if any(item is REST for item in made) else made[:MAX_ITEMS]

    def _set(self, node: ast.Set) -> Value:
        items = self._items(node.elts)
        try:
            return set(items)
        except TypeError:
            return UNKNOWN

    def _dict(self, node: ast.Dict) -> Value:
        made: dict[Value, Value] = {}
        whole = True
        for key, value in zip(node.keys, node.values, strict=True):
            item = self.evaluate(value)
            if key is None:
                if type(item) is dict and not is_spoilt(item):
                    made.update(item)
                elif type(item) is Namespace and len(node.keys) == 1:
                    return item
                else:
                    self.walked(item, node)
                    whole = False
                continue
            name = self.evaluate(key)
            try:
                if name is UNKNOWN:
                    whole = False
                else:
                    made[name] = item
            except TypeError:
                whole = False
        if not whole:
            made[REST] = REST
        return made

    def _lambda(self, node: ast.Lambda) -> Value:
        made = Function(node, self.scope, self.defaults(node.args))
        self.defined(made)
        return made

    def defined(self, function: Function) -> None:
        """Remember a function, to be looked at by itself later."""
        raise NotImplementedError

    def defaults(self, args: ast.arguments) -> dict[str, Value]:
        """Evaluate the defaults of a function's parameters."""
        made: dict[str, Value] = {}
        plain = [*args.posonlyargs, *args.args]
        if args.defaults:
            for arg, default in zip(plain[-len(args.defaults) :], args.defaults, strict=True):
                made[arg.arg] = self.evaluate(default)
        for arg, value in zip(args.kwonlyargs, args.kw_defaults, strict=True):
            if value is not None:
                made[arg.arg] = self.evaluate(value)
        return made

    def _joined(self, node: ast.JoinedStr) -> Value:
        parts = [self.evaluate(part) for part in node.values]
        if all(isinstance(part, str) for part in parts):
            return bounded("".join(parts))
        return UNKNOWN

    def _formatted(self, node: ast.FormattedValue) -> Value:
        value = self.evaluate(node.value)
        spec = "" if node.format_spec is None else self.evaluate(node.format_spec)
        if not is_plain(value) or not isinstance(spec, str):
            return UNKNOWN
        if node.conversion != -1:
            conversion = {"r": "repr", "s": "str", "a": "ascii"}[chr(node.conversion)]
            value = purity.compute(purity.FUNCTIONS[f"builtins.{conversion}"], (value,), {})
        return purity.compute(purity.FUNCTIONS["builtins.format"], (value, spec), {})

    def _comprehension(self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp) -> Value:
        made: list[Value] = []
        known = self._generate(node.generators, lambda: made.append(self.evaluate(node.elt)))
        if not known:
            return UNKNOWN if isinstance(node, ast.GeneratorExp) else [REST]
        if isinstance(node, ast.SetComp):
            with contextlib.suppress(TypeError):
                return set(made)
            return UNKNOWN
        return made

    def _dict_comprehension(self, node: ast.DictComp) -> Value:
        made: dict[Value, Value] = {}

        def one() -> None:
            key, value = self.evaluate(node.key), self.evaluate(node.value)
            with contextlib.suppress(TypeError):
                made[key] = value

        return made if self._generate(node.generators, one) else {REST: REST}

    def _generate(self, generators: Sequence[ast.comprehension], body: Callable[[], None]) -> bool:
        outer, self.scope = self.scope, Scope("comprehension", self.scope)
        try:
            return self._nest(generators, body)
        finally:
            self.scope = outer

    def _nest(self, generators: Sequence[ast.comprehension], body: Callable[[], None]) -> bool:
        if not generators:
            body()
            return True
        first, rest = generators[0], generators[1:]
        items = self.items(self.evaluate(first.iter))
        if items is None or not self.deep:
            sample = either(items[:MAX_ITEMS]) if items else UNKNOWN
            self.assign(first.target, UNKNOWN if items is None or len(items) > 6 else sample)
            self.uncertain += 1
            for test in first.ifs:
                self.evaluate(test)
            self._nest(rest, body)
            self.uncertain -= 1
            return False
        for item in items:
            if self.tired:
                return False
            self.assign(first.target, item)
            truth: bool | None = True
            for test in first.ifs:
                truth = self.truth(self.evaluate(test))
                if not truth:
                    break
            if truth is None or (truth and not self._nest(rest, body)):
                return False
        return True

    def assign(self, target: ast.expr, value: Value) -> None:
        """Bind a target."""
        raise NotImplementedError

    def _call(self, node: ast.Call) -> Value:
        raise NotImplementedError
