"""Binding: what gives names their values, from assignments to imports and patterns."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from berm.analysis.fact import Kind
from berm.analysis.python import naming, purity
from berm.analysis.python.calls import Calls
from berm.analysis.python.reading import read_text
from berm.analysis.python.scope import Scope
from berm.analysis.python.values import (
    MAX_ITEMS,
    UNKNOWN,
    Either,
    Function,
    Klass,
    Namespace,
    Ref,
    Value,
    is_plain,
    is_spoilt,
    spoil,
)

_FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


class Binding(Calls):
    """The part of the evaluator that binds names."""

    def run_block(self, body: Sequence[ast.stmt]) -> Any:
        """Run statements in order; return how they ended early, None where they did not."""
        raise NotImplementedError

    def _assignment(self, node: ast.Assign) -> None:
        value = self.evaluate(node.value)
        for target in node.targets:
            self.assign(target, value)

    def _annotated(self, node: ast.AnnAssign) -> None:
        self.evaluate(node.annotation)
        if node.value is not None:
            self.assign(node.target, self.evaluate(node.value))

    def _augmented(self, node: ast.AugAssign) -> None:
        left = self.evaluate(node.target)
        right = self.evaluate(node.value)
        if type(left) is list and isinstance(node.op, ast.Add):
            items = self.items(right)
            if items is None or self.uncertain or is_spoilt(left):
                spoil(left)
            else:
                left.extend(items)
                if len(left) > MAX_ITEMS:
                    spoil(left)
            return
        self.assign(node.target, self.operate(type(node.op), left, right, node))

    def assign(self, target: ast.expr, value: Value) -> None:
        """Bind a target."""
        match target:
            case ast.Name():
                if target.id == "__builtins__":
                    self.noted(target.id, target)
                self.scope.bind(target.id, value)
            case ast.Tuple() | ast.List():
                self._unpack(target.elts, value)
            case ast.Starred():
                self.assign(target.value, value)
            case ast.Attribute():
                owner = self.evaluate(target.value, base=True)
                self.set_attribute(owner, target.attr, value, target)
            case ast.Subscript():
                owner = self.evaluate(target.value, base=True)
                key = self.evaluate(target.slice)
                self._set_item(owner, key, value)

    def _unpack(self, targets: Sequence[ast.expr], value: Value) -> None:
        items = self.items(value)
        star = next((i for i, t in enumerate(targets) if isinstance(t, ast.Starred)), None)
        if items is not None and star is not None and len(items) >= len(targets) - 1:
            tail = len(items) - (len(targets) - star - 1)
            items = [*items[:star], items[star:tail], *items[tail:]]
        if items is None or len(items) != len(targets):
            items = [UNKNOWN] * len(targets)
        for target, item in zip(targets, items, strict=True):
            self.assign(target, item)

    def _set_item(self, owner: Value, key: Value, value: Value) -> None:
        if isinstance(owner, Namespace):
            if isinstance(key, str) and isinstance(owner.owner, Scope):
                owner.owner.bind(key, value)
            return
        if type(owner) not in (list, dict, bytearray) or is_spoilt(owner):
            return
        kept = type(value) is Ref and type(owner) is dict and is_plain(key)
        if not kept and (self.uncertain or key is UNKNOWN or isinstance(key, Either)):
            spoil(owner)
            return
        try:
            owner[key] = value
        except Exception:  # noqa: BLE001 - an assignment that fails changes nothing
            return
        if len(owner) > MAX_ITEMS:
            spoil(owner)

    def _delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.scope.names.pop(target.id, None)
            else:
                self._other(target)

    def _function(self, node: _FunctionNode) -> None:
        made: Value = Function(node, self.scope, self.defaults(node.args))
        spec = node.args
        extra = (arg for arg in (spec.vararg, spec.kwarg) if arg is not None)
        for arg in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs, *extra):
            if arg.annotation is not None:
                self.evaluate(arg.annotation)
        if node.returns is not None:
            self.evaluate(node.returns)
        self.defined(made)
        self._decorated(node, node.name, made)

    def _decorated(self, node: _FunctionNode | ast.ClassDef, name: str, made: Value) -> None:
        for decorator in reversed(node.decorator_list):
            target = self.evaluate(decorator, called=True)
            if target is not UNKNOWN:
                made = self.call(target, [made], {}, decorator)
        self.scope.bind(name, made)

    def _class(self, node: ast.ClassDef) -> None:
        bases = [self.evaluate(base) for base in node.bases]
        for word in node.keywords:
            value = self.evaluate(word.value)
            if word.arg == "metaclass":
                bases.append(value)
        klass = Klass(node.name, bases, {})
        outer, self.scope = self.scope, Scope("class", self.scope)
        try:
            self.run_block(node.body)
            klass.names.update(self.scope.names)
        finally:
            self.scope = outer
        self._decorated(node, node.name, klass)

    def _import_statement(self, node: ast.Import) -> None:
        for alias in node.names:
            self.add(Kind.IMPORT, naming.canonical(alias.name), node)
            if alias.asname is not None:
                self.scope.bind(alias.asname, naming.module(alias.name))
            else:
                head = alias.name.partition(".")[0]
                self.scope.bind(head, naming.module(head))

    def _import_from(self, node: ast.ImportFrom) -> None:
        if node.level or not node.module:
            for alias in node.names:
                self.scope.bind(alias.asname or alias.name, UNKNOWN)
            return
        path = naming.canonical(node.module)
        self.add(Kind.IMPORT, path, node)
        for alias in node.names:
            if alias.name == "*":
                self.scope.module.stars.append(path)
                continue
            value = purity.CONSTANTS.get(f"{path}.{alias.name}")
            if value is None:
                value = naming.member(path, alias.name)
            if isinstance(value, Ref):
                if naming.is_module(value.path):
                    self.add(Kind.IMPORT, value.path, node)
                note = "" if alias.asname is None else f"`{alias.asname}` is `{value.path}`"
                self.add(Kind.USE, value.path, node, note)
            self.scope.bind(alias.asname or alias.name, value)

    def _global(self, node: ast.Global) -> None:
        self.scope.declared_global.update(node.names)

    def _pattern(self, node: ast.pattern, subject: Value) -> None:
        """Bind what a pattern binds; a class pattern looks attributes up."""
        match node:
            case ast.MatchAs():
                if node.pattern is not None:
                    self._pattern(node.pattern, subject)
                if node.name is not None:
                    self.scope.bind(node.name, subject)
            case ast.MatchClass():
                self.evaluate(node.cls, base=True)
                for name, pattern in zip(node.kwd_attrs, node.kwd_patterns, strict=True):
                    found = self.attribute(subject, name, node)
                    if type(found) is Ref:
                        self.reached(node, found, called=False, base=False)
                    self._pattern(pattern, found)
                for pattern in node.patterns:
                    self._pattern(pattern, UNKNOWN)
            case ast.MatchMapping():
                for key, pattern in zip(node.keys, node.patterns, strict=True):
                    self._pattern(pattern, self.subscript(subject, self.evaluate(key), node))
                if node.rest is not None:
                    self.scope.bind(node.rest, UNKNOWN)
            case ast.MatchSequence():
                items = self.items(subject)
                whole = items is not None and len(items) == len(node.patterns)
                for index, pattern in enumerate(node.patterns):
                    self._pattern(pattern, items[index] if whole and items else UNKNOWN)
            case ast.MatchOr():
                for pattern in node.patterns:
                    self._pattern(pattern, subject)
            case ast.MatchStar():
                if node.name is not None:
                    self.scope.bind(node.name, UNKNOWN)
            case ast.MatchValue():
                self.evaluate(node.value)

    def _other(self, node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.evaluate(child)
            elif isinstance(child, ast.stmt):
                self.run_block([child])
            else:
                self._other(child)

    def run_text(self, text: str, node: ast.AST, *, expression: bool) -> Value:
        """Evaluate a text that the program runs as code; facts stand where it is run."""
        body = read_text(text)
        if not body:
            return UNKNOWN
        self.walrus = self.walrus or ":=" in text
        placed = self.pinned
        if placed is None:
            self.pinned = self.place(node)
        self.nested += 1
        try:
            if expression and len(body) == 1 and isinstance(body[0], ast.Expr):
                return self.evaluate(body[0].value)
            self.run_block(body)
            return UNKNOWN
        finally:
            self.nested -= 1
            self.pinned = placed
