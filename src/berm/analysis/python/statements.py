"""Statements: run in order, as far as what decides is known; else every way is looked at."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from berm.analysis.fact import Sink
from berm.analysis.python.binding import Binding
from berm.analysis.python.bound import assigned, own, targets
from berm.analysis.python.scope import Scope
from berm.analysis.python.values import (
    UNKNOWN,
    Function,
    Instance,
    Klass,
    Ref,
    Value,
    either,
    is_plain,
    options,
)

MAX_TURNS: Final = 4096
_FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


class _Stop:
    """How a block ended before its last statement."""

    __slots__ = ("kind", "value")

    def __init__(self, kind: str, value: Value = None) -> None:
        self.kind = kind
        self.value = value


class Evaluator(Binding):
    """The evaluator. :meth:`run` is its way in."""

    def __init__(self, source: str, sink: Sink, *, deep: bool = False) -> None:
        super().__init__(source, sink, deep=deep)
        self._functions: list[Function] = []
        self._returns: list[list[Value]] = []
        self._generators: dict[ast.AST, bool] = {}
        self._changed: dict[ast.AST, set[str]] = {}
        self._by_statement: dict[type[ast.AST], Callable[[Any], _Stop | None]] = {
            ast.Expr: self._expression,
            ast.Assign: self._assignment,
            ast.AnnAssign: self._annotated,
            ast.AugAssign: self._augmented,
            ast.Delete: self._delete,
            ast.If: self._if,
            ast.For: self._for,
            ast.AsyncFor: self._for,
            ast.While: self._while,
            ast.Try: self._try,
            ast.TryStar: self._try,
            ast.With: self._with,
            ast.AsyncWith: self._with,
            ast.FunctionDef: self._function,
            ast.AsyncFunctionDef: self._function,
            ast.ClassDef: self._class,
            ast.Import: self._import_statement,
            ast.ImportFrom: self._import_from,
            ast.Return: self._return,
            ast.Global: self._global,
            ast.Break: lambda _: _Stop("break"),
            ast.Continue: lambda _: _Stop("continue"),
            ast.Match: self._match,
            ast.Pass: lambda _: None,
            ast.Nonlocal: lambda _: None,
        }

    def run(self, body: Sequence[ast.stmt]) -> None:
        """Evaluate a program, and, in a pass that is not deep, each of its functions by itself."""
        self.run_block(body)
        if self.deep:
            return
        done = 0
        while done < len(self._functions):
            self._alone(self._functions[done])
            done += 1

    def defined(self, function: Function) -> None:
        """Remember a function, to be looked at by itself once the names around it are known."""
        if not self.deep:
            self._functions.append(function)

    def _alone(self, function: Function) -> None:
        """Look at a function whose arguments are not known."""
        scope = Scope("function", function.scope)
        spec = function.node.args
        extra = [arg for arg in (spec.vararg, spec.kwarg) if arg is not None]
        for arg in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs, *extra):
            # Defaults are often all that a function is ever called with.
            default = function.defaults.get(arg.arg, UNKNOWN)
            scope.names[arg.arg] = either([default, UNKNOWN]) if type(default) is Ref else UNKNOWN
        outer, self.scope = self.scope, scope
        self.uncertain += 1
        try:
            if isinstance(function.node, ast.Lambda):
                self.evaluate(function.node.body)
            else:
                self._returns.append([])
                self.run_block(function.node.body)
                self._returns.pop()
        finally:
            self.uncertain -= 1
            self.scope = outer

    def run_body(self, node: _FunctionNode) -> Value:
        """Run a function's body in the present scope and return what it returns."""
        self._returns.append([])
        stop = self.run_block(node.body)
        found = self._returns.pop()
        if stop is not None and stop.kind == "return":
            found.append(stop.value)
        if self._yields(node):
            return UNKNOWN
        return either(found) if found else None

    def _yields(self, node: _FunctionNode) -> bool:
        """Tell whether a function is a generator, whose calls give nothing that is followed."""
        known = self._generators.get(node)
        if known is None:
            known = any(isinstance(each, ast.Yield | ast.YieldFrom) for each in own(node.body))
            self._generators[node] = known
        return known

    def run_block(self, body: Iterable[ast.stmt]) -> _Stop | None:
        """Run statements in order; return how they ended early, None where they did not."""
        for statement in body:
            self.steps += 1
            method = self._by_statement.get(type(statement))
            if method is None:
                self._other(statement)
                continue
            stop = method(statement)
            if stop is not None:
                return stop
        return None

    def _ways(self, blocks: Sequence[Callable[[], _Stop | None]]) -> _Stop | None:
        """Look at several ways that the program may take, and join what they leave behind."""
        before = self.scope.names
        after: list[dict[str, Value]] = []
        stops: list[_Stop | None] = []
        self.uncertain += 1
        for block in blocks:
            self.scope.names = dict(before)
            stop = block()
            stops.append(stop)
            if stop is None or stop.kind != "return":
                after.append(self.scope.names)
            elif self._returns:
                self._returns[-1].append(stop.value)
        self.uncertain -= 1
        joined = after[0] if after else dict(before)
        for names in after[1:]:
            for name in {*joined, *names}:
                one, other = joined.get(name, UNKNOWN), names.get(name, UNKNOWN)
                if one is not other:
                    joined[name] = either([one, other])
        self.scope.names = joined
        if None in stops:
            return None
        # What goes on after the block, or after the loop around it, is to be seen.
        return next(
            (stop for stop in stops if stop is not None and stop.kind != "return"), stops[0]
        )

    def _if(self, node: ast.If) -> _Stop | None:
        truth = self.truth(self.evaluate(node.test))
        if truth is not None and self.deep:
            return self.run_block(node.body if truth else node.orelse)
        return self._ways([lambda: self.run_block(node.body), lambda: self.run_block(node.orelse)])

    def _for(self, node: ast.For | ast.AsyncFor) -> _Stop | None:
        value = self.evaluate(node.iter)
        items = self.items(value)
        if items is None or not self.deep:
            known = UNKNOWN
            if items is not None and 0 < len(items) <= 6:
                known = either(items)
            return self._round(node, lambda: self.assign(node.target, known))
        for item in items:
            if self.tired:
                return self._round(node, lambda: self.assign(node.target, UNKNOWN))
            self.assign(node.target, item)
            stop = self.run_block(node.body)
            if stop is not None and stop.kind == "return":
                return stop
            if stop is not None and stop.kind == "break":
                return None
        return self.run_block(node.orelse)

    def _while(self, node: ast.While) -> _Stop | None:
        turns = 0
        while self.deep and not self.tired and turns < MAX_TURNS:
            truth = self.truth(self.evaluate(node.test))
            if truth is None:
                break
            if not truth:
                return self.run_block(node.orelse)
            stop = self.run_block(node.body)
            if stop is not None and stop.kind == "return":
                return stop
            if stop is not None and stop.kind == "break":
                return None
            turns += 1
        endless = isinstance(node.test, ast.Constant) and bool(node.test.value)
        self.endless += endless
        stop = self._round(node, lambda: self.evaluate(node.test))
        self.endless -= endless
        return stop

    def _round(
        self, node: ast.For | ast.AsyncFor | ast.While, start: Callable[[], object]
    ) -> _Stop | None:
        """Look at a loop's body once, with what it changes unknown."""
        changed = self._changed.get(node)
        if changed is None:
            names = assigned(node.body) if self.walrus else targets(node.body)
            changed = self._changed[node] = names
        before = {name: self.scope.names[name] for name in changed if name in self.scope.names}
        for name, value in before.items():
            if type(value) in (list, dict, set, bytearray):
                continue  # changed in place at most: that spoils it where it happens
            if type(value) not in (Ref, Function, Klass):
                self.scope.names[name] = UNKNOWN
        self.uncertain += 1
        for _ in range(2):
            start()
            stop = self.run_block(node.body)
            if stop is not None and stop.kind == "return" and self._returns:
                self._returns[-1].append(stop.value)
            # Once more where the next turn would meet another module or function under a name.
            pairs = [
                (name, before.get(name, UNKNOWN), self.scope.names.get(name, UNKNOWN))
                for name in changed
            ]
            new = [pair for pair in pairs if _modules(pair[2]) - _modules(pair[1])]
            if not new or self.tired:
                break
            for name, value, now in new:
                self.scope.names[name] = either([value, now])
        self.uncertain -= 1
        for name, value in before.items():
            now = self.scope.names.get(name, UNKNOWN)
            if now is not value:
                kept = type(now) in (Function, Klass) or _modules(now)
                self.scope.names[name] = either([now, value]) if kept else UNKNOWN
        for name in changed - set(before):
            now = self.scope.names.get(name, UNKNOWN)
            if is_plain(now) and type(now) not in (list, dict, set):
                self.scope.names[name] = UNKNOWN
        self.run_block(node.orelse)
        return None

    def _try(self, node: ast.Try) -> _Stop | None:
        stop = self.run_block([*node.body, *node.orelse])
        ways: list[Callable[[], _Stop | None]] = [lambda: stop]
        ways += [functools.partial(self._handler, handler) for handler in node.handlers]
        ended = self._ways(ways) if node.handlers else stop
        return self.run_block(node.finalbody) or ended

    def _handler(self, handler: ast.ExceptHandler) -> _Stop | None:
        if handler.type is not None:
            self.evaluate(handler.type)
        if handler.name is not None:
            self.scope.bind(handler.name, UNKNOWN)
        return self.run_block(handler.body)

    def _with(self, node: ast.With | ast.AsyncWith) -> _Stop | None:
        for item in node.items:
            value = self.evaluate(item.context_expr)
            entered = UNKNOWN
            if isinstance(value, Instance):
                entered = self.call(self.attribute(value, "__enter__", node), [], {}, node)
            elif value is not UNKNOWN:
                entered = value
            if item.optional_vars is not None:
                self.assign(item.optional_vars, entered)
        return self.run_block(node.body)

    def _expression(self, node: ast.Expr) -> None:
        self.evaluate(node.value)

    def _return(self, node: ast.Return) -> _Stop:
        return _Stop("return", None if node.value is None else self.evaluate(node.value))

    def _match(self, node: ast.Match) -> _Stop | None:
        subject = self.evaluate(node.subject)
        ways = [functools.partial(self._case, case, subject) for case in node.cases]
        return self._ways([*ways, lambda: None])

    def _case(self, case: ast.match_case, subject: Value) -> _Stop | None:
        self._pattern(case.pattern, subject)
        if case.guard is not None:
            self.evaluate(case.guard)
        return self.run_block(case.body)


def _modules(value: Value) -> set[Value]:
    """Return what of Python's own a value may be."""
    return {option for option in options(value) if type(option) is Ref}
