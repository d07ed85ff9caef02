"""Statements of JavaScript: run in order where what decides is known; else every way is looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from berm.analysis.branch import Branch
from berm.analysis.fact import Sink
from berm.analysis.javascript import methods, naming
from berm.analysis.javascript.binding import Binding
from berm.analysis.javascript.calls import Stop
from berm.analysis.javascript.values import (
    UNKNOWN,
    Array,
    Ref,
    Value,
    truth,
)
from berm.analysis.javascript.witness import Scope

MAX_TURNS: Final = 5000


class Evaluator(Binding):
    """The evaluator of a program; :meth:`run` is its way in."""

    def __init__(self, source: bytes, sink: Sink, *, deep: bool = False) -> None:
        super().__init__(source, sink, deep=deep)
        self._by_type |= {
            "assignment_expression": self._assignment,
            "augmented_assignment_expression": self._augmented,
            "update_expression": self._update,
            "class": self._class,
        }
        self._labels: dict[int, str] = {}
        self._statements: dict[str, Callable[[Any], Stop | None]] = {
            "expression_statement": self._expression,
            "lexical_declaration": self._declaration,
            "variable_declaration": self._declaration,
            "function_declaration": lambda _: None,
            "generator_function_declaration": lambda _: None,
            "class_declaration": self._class_statement,
            "statement_block": lambda node: self.block(node.kids),
            "if_statement": self._if,
            "else_clause": lambda node: self.block(node.kids),
            "for_statement": self._for,
            "for_in_statement": self._for_in,
            "while_statement": self._while,
            "do_statement": self._while,
            "return_statement": lambda node: Stop("return", self._last(node.kids)),
            "throw_statement": lambda node: Stop("throw", self._last(node.kids)),
            "break_statement": lambda node: Stop("break", label=self._label(node)),
            "continue_statement": lambda node: Stop("continue", label=self._label(node)),
            "try_statement": self._try,
            "switch_statement": self._switch,
            "labeled_statement": self._labeled,
            "with_statement": self._with,
            "import_statement": self._import,
            "export_statement": lambda node: self.block(node.kids),
            "empty_statement": lambda _: None,
        }

    def run(self, root: Branch) -> None:
        """Evaluate a program, and, where not deep, each of its functions by itself."""
        self.block(root.kids)
        done = 0
        while done < len(self._functions) and not (self.deep and self.tired):
            function = self._functions[done]
            done += 1
            if self.deep and function.node in self._entered:
                continue
            self.uncertain += 1
            self._enter(function, None, function.this)
            self.uncertain -= 1

    def block(self, nodes: Sequence[Branch]) -> Stop | None:
        """Run statements in order; return how they ended early, None where they did not."""
        self._hoist(nodes)
        stopped: Stop | None = None
        for node in nodes:
            stop = self.statement(node)
            if stop is None:
                continue
            if self.certain():
                return stop
            stopped = stopped or stop  # what follows may still be reached some other way
        return stopped

    def statement(self, node: Branch) -> Stop | None:
        """Run one statement."""
        self.steps += 1
        method = self._statements.get(node.type)
        if method is None:
            self.evaluate(node)
            return None
        return method(node)

    def _hoist(self, nodes: Sequence[Branch]) -> None:
        """Bind the functions that a block declares before it runs."""
        for node in nodes:
            declared = node
            if node.type == "export_statement" and node.get("declaration") is not None:
                declared = node.fields["declaration"]
            if declared.type in ("function_declaration", "generator_function_declaration"):
                name = declared.get("name")
                if name is not None:
                    self.scope.names[self.text(name)] = self.function(declared)

    def _expression(self, node: Branch) -> None:
        for kid in node.kids:
            self.evaluate(kid)

    # --- choices and loops --------------------------------------------------------------------------

    def _if(self, node: Branch) -> Stop | None:
        known = truth(self.evaluate(node.get("condition")))
        one, other = node.get("consequence"), node.get("alternative")
        if known is not None and self.deep:
            chosen = one if known else other
            return None if chosen is None else self.statement(chosen)
        self.uncertain += 1
        stops = [self.statement(branch) if branch is not None else None for branch in (one, other)]
        self.uncertain -= 1
        return stops[0] if None not in stops else None

    def _loop(
        self, node: Branch, body: Callable[[], Stop | None], go_on: Callable[[], Value]
    ) -> Stop | None:
        """Turn while ``go_on`` is known to be true; else look at the body once."""
        self.turning += 1
        try:
            ended, stop = self._turns(node, body, go_on)
        finally:
            self.turning -= 1
        if ended:
            return stop
        self.uncertain += 1
        go_on()
        body()
        self.uncertain -= 1
        return None

    def _turns(
        self, node: Branch, body: Callable[[], Stop | None], go_on: Callable[[], Value]
    ) -> tuple[bool, Stop | None]:
        """Turn while it is known whether to go on; tell whether the loop ended so, and how."""
        for _ in range(MAX_TURNS if self.certain() else 0):
            known = truth(go_on())
            if known is None or self.tired:
                break
            if not known:
                return True, None
            stop = body()
            if stop is not None and stop.kind in ("return", "throw"):
                return True, stop
            if stop is not None and stop.label and stop.label != self._labels.get(id(node)):
                return True, stop
            if stop is not None and stop.kind == "break":
                return True, None
        return False, None

    def _for(self, node: Branch) -> Stop | None:
        start, test = node.get("initializer"), node.get("condition")
        step, inside = node.get("increment"), node.get("body")
        outer, self.scope = self.scope, Scope(self.scope, self.scope.this)
        try:
            if start is not None:
                self.statement(start)

            def body() -> Stop | None:
                stop = self.statement(inside) if inside is not None else None
                self.evaluate(step)
                return stop

            def go_on() -> Value:
                if test is None or test.type == "empty_statement":
                    return True
                return (
                    self._last(test.kids)
                    if test.type == "expression_statement"
                    else self.evaluate(test)
                )

            return self._loop(node, body, go_on)
        finally:
            self.scope = outer

    def _for_in(self, node: Branch) -> Stop | None:
        value = self.evaluate(node.get("right"))
        left, inside, operator = node.get("left"), node.get("body"), node.get("operator")
        items: list[Value] | None = None
        if operator is not None and self.text(operator) == "in":
            keys = methods.keys_of(value)
            items = None if keys is None else list(keys)
            if isinstance(value, Ref) and value.path in naming.POWERFUL:
                self.unresolved("dynamic-member", node, f"all names of `{value.path}`")
        elif isinstance(value, Array) and value.known:
            items = list(value.items)
        elif isinstance(value, str):
            items = list(value)
        outer, self.scope = self.scope, Scope(self.scope, self.scope.this)
        try:
            turns = iter(items or ())

            def body() -> Stop | None:
                return self.statement(inside) if inside is not None else None

            def go_on() -> Value:
                item = next(turns, turns) if items is not None else UNKNOWN
                if item is turns:
                    return False
                if left is not None:
                    self.bind(left, item, declare=True)
                return True if items is not None else UNKNOWN

            return self._loop(node, body, go_on)
        finally:
            self.scope = outer

    def _while(self, node: Branch) -> Stop | None:
        test, inside = node.get("condition"), node.get("body")
        first = node.type == "do_statement"

        def go_on() -> Value:
            nonlocal first
            if first:
                first = False
                return True
            return self.evaluate(test)

        return self._loop(
            node, lambda: self.statement(inside) if inside is not None else None, go_on
        )

    def _with(self, node: Branch) -> Stop | None:
        value = self.evaluate(node.get("object"), base=True)
        body = node.get("body")
        outer, self.scope = self.scope, Scope(self.scope, self.scope.this)
        self.scope.within = value
        try:
            return self.statement(body) if body is not None else None
        finally:
            self.scope = outer

    def _label(self, node: Branch) -> str:
        label = node.get("label")
        return "" if label is None else self.text(label)

    def _labeled(self, node: Branch) -> Stop | None:
        body = node.get("body")
        if body is None:
            return None
        self._labels[id(body)] = self._label(node)
        stop = self.statement(body)
        return None if stop is not None and stop.label == self._label(node) else stop

    def _switch(self, node: Branch) -> Stop | None:
        value = self.evaluate(node.get("value"))
        cases = node.fields["body"].kids if node.get("body") is not None else []
        start: int | None = None
        if self.certain() and isinstance(value, str | float):
            for at, case in enumerate(cases):
                if case.type == "switch_default" or self.evaluate(case.get("value")) == value:
                    start = at
                    if case.type != "switch_default":
                        break
        if start is None:
            self.uncertain += 1
            for case in cases:
                self.block(case.kids)
            self.uncertain -= 1
            return None
        for case in cases[start:]:
            test = case.get("value")
            stop = self.block([kid for kid in case.kids if kid is not test])
            if stop is not None:
                return None if stop.kind == "break" and not stop.label else stop
        return None

    def _try(self, node: Branch) -> Stop | None:
        body, handler, last = node.get("body"), node.get("handler"), node.get("finalizer")
        stop = self.block(body.kids) if body is not None else None
        thrown = stop is not None and stop.kind == "throw"
        if handler is not None and (thrown or not self.certain()):
            parameter, inside = handler.get("parameter"), handler.get("body")
            if parameter is not None:
                self.bind(
                    parameter, stop.value if stop is not None and thrown else UNKNOWN, declare=True
                )
            caught = self.block(inside.kids) if inside is not None else None
            stop = caught if thrown else stop
        elif handler is not None and stop is None and not self.turning:
            # It may have failed at a place that is not followed. In a loop that is followed it did not.
            self.uncertain += 1
            inside = handler.get("body")
            if inside is not None:
                self.block(inside.kids)
            self.uncertain -= 1
        if last is not None:
            inside = last.get("body")
            after = self.block(inside.kids) if inside is not None else None
            stop = after or stop
        return stop
