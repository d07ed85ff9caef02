"""Calls: of Python's own functions, of data's methods, of the program's functions."""

from __future__ import annotations

import ast
import itertools
import string
from collections.abc import Sequence
from typing import Final

from berm.analysis.fact import Kind, words
from berm.analysis.python import files, methods, naming, purity
from berm.analysis.python.containers import CONTAINERS, Containers
from berm.analysis.python.lookups import bind
from berm.analysis.python.scope import Scope
from berm.analysis.python.values import (
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
    either,
    is_spoilt,
    options,
    spoil,
)

MAX_CALL_DEPTH: Final = 24
MAX_NESTED: Final = 6
_HARMLESS_FIELDS: Final = frozenset(
    ("__class__", "__dict__", "__doc__", "__name__", "__qualname__")
)
_SOFT: Final = frozenset(
    (
        "timeit.timeit",
        "timeit.repeat",
        "timeit.Timer",
        "cProfile.run",
        "cProfile.runctx",
        "profile.run",
        "profile.runctx",
        "trace.Trace.run",
        "trace.Trace.runctx",
    )
)
"""Functions that run a text, and are harmless with one that is known to be."""
_RUNS_TEXT: Final = _SOFT | {
    "ast.parse",
    "bdb.Bdb.run",
    "builtins.compile",
    "builtins.eval",
    "builtins.exec",
    "code.InteractiveInterpreter.runsource",
    "code.compile_command",
    "codeop.compile_command",
    "doctest.run_docstring_examples",
    "doctest.testmod",
    "pdb.run",
    "pdb.runeval",
    "typing.ForwardRef",
}
_ASK: Final = words(
    "builtins.dir builtins.getattr builtins.hasattr builtins.isinstance builtins.print builtins.type"
    " builtins.vars inspect.getmembers"
)
"""Functions that keep nothing of what they are given."""


class Calls(Containers):
    """The part of the evaluator that follows calls."""

    call_depth = 0

    def _call(self, node: ast.Call) -> Value:
        target = self.evaluate(node.func, called=True)
        asks = type(target) is Ref and target.path in _ASK
        args: list[Value] = []
        whole = True
        for part in node.args:
            if isinstance(part, ast.Starred):
                items = self.items(self.evaluate(part.value))
                args.extend([REST] if items is None else items)
            else:
                kept = set(self.loose) if asks else self.loose
                args.append(self.evaluate(part))
                if asks and type(args[-1]) is Ref:
                    self.loose = kept
        kwargs: dict[str, Value] = {}
        for word in node.keywords:
            value = self.evaluate(word.value)
            if word.arg is not None:
                kwargs[word.arg] = value
            elif type(value) is dict and all(isinstance(name, str) for name in value):
                kwargs.update(value)
            else:
                self.walked(value, node)
                whole = False
        if target is UNKNOWN:
            self._handed_out([*args, *kwargs.values()], node)
            return UNKNOWN
        if not whole:
            args = [*args, REST]
        return self.call(target, args, kwargs, node)

    def _handed_out(self, args: Sequence[Value], node: ast.AST) -> None:
        """What a function gets that is not followed, it may change, or call."""
        for arg in args:
            self.walked(arg, node)
            if self.deep:
                spoil(arg)
        self._called_back(args)

    def _called_back(self, args: Sequence[Value]) -> None:
        if self.deep and any(isinstance(arg, Function) for arg in args):
            self.adrift = True

    def call(
        self, target: Value, args: list[Value], kwargs: dict[str, Value], node: ast.AST
    ) -> Value:
        """Return what calling a value gives."""
        kind = type(target)
        if kind is Ref:
            return self._call_ref(target.path, args, kwargs, node)
        if kind is Either:
            return either([self.call(one, args, kwargs, node) for one in target.options])
        if kind is Method:
            return self._call_method(target.receiver, target.name, args, kwargs, node)
        if kind is Function:
            return self._call_function(target, args, kwargs)
        if kind is Klass:
            return self._instantiate(target, args, kwargs, node)
        if kind is Partial:
            merged = [*args, *target.args] if target.last else [*target.args, *args]
            return self.call(target.target, merged, {**dict(target.kwargs), **kwargs}, node)
        if kind is Instance:
            called = target.klass.find("__call__")
            if called is not UNKNOWN:
                return self.call(bind(called, target), args, kwargs, node)
        return UNKNOWN

    def _call_ref(
        self, path: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST
    ) -> Value:
        special = self.known_calls.get(path)
        if special is not None:
            return special(args, kwargs, node)
        if path in _RUNS_TEXT:
            return self._run_text(path, args, kwargs, node)
        function = purity.FUNCTIONS.get(path)
        given = [*args, *kwargs.values()]
        if function is not None:
            self._called_back(given)
            if path == "builtins.dict":
                return self.dictionary(args, kwargs)
            if path in CONTAINERS:
                return self.container(path, function, args, kwargs)
            if len(args) <= 2 and any(type(arg) is Either for arg in args):
                return either(
                    purity.compute(function, row, kwargs)
                    for row in itertools.product(*map(options, args))
                )
            return purity.compute(function, args, kwargs)
        owner, _, name = path.rpartition(".")
        if owner.startswith("builtins.") and args:
            kind = owner.removeprefix("builtins.")
            if type(args[0]).__name__ == kind:
                return self._call_method(args[0], name, args[1:], kwargs, node)
        if owner == "builtins":
            self._called_back(given)  # print and its like change nothing
            for arg in given:
                self.walked(arg, node)
        else:
            self._handed_out(given, node)
        files.look(self, path, args, kwargs, node)
        return files.opened(path, args)

    def _run_text(
        self, path: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST
    ) -> Value:
        names = ("source", "stmt", "setup", "statement", "cmd", "expression")
        texts = [kwargs[name] for name in names if name in kwargs]
        if path in _SOFT:
            texts += args[:2]
        elif args:
            texts = args[:1]
        value: Value = UNKNOWN
        if path.startswith("doctest."):
            return self.run_text(self.examples, node, expression=False)
        if not args and not kwargs:
            return UNKNOWN
        for text in [option for given in texts for option in options(given)]:
            if isinstance(text, bytes | bytearray):
                text = bytes(text).decode("utf-8", "replace")  # noqa: PLW2901
            if isinstance(text, str) and path in ("builtins.compile", "ast.parse"):
                value = text  # evaluated where it is run; looked at here in case that is not seen
            if isinstance(text, str) and self.nested < MAX_NESTED:
                inner = self.run_text(text, node, expression=path == "builtins.eval")
                value = inner if path == "builtins.eval" else value
            elif text is UNKNOWN or not isinstance(text, str):
                if path in _SOFT and not isinstance(text, Function | Ref):
                    self.unresolved("unknown-text", node)
                self.lost = True
        return value

    def run_text(self, text: str, node: ast.AST, *, expression: bool) -> Value:
        """Evaluate a text that the program runs as code."""
        raise NotImplementedError

    def _call_method(
        self, receiver: Value, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST
    ) -> Value:
        kind = type(receiver)
        if name == "__call__":
            return self.call(receiver, args, kwargs, node)
        if name == "__getattribute__":
            return self._by_hand([receiver, *args] if len(args) < 2 else args, kwargs, node)
        if name == "__getattr__":
            return self.get_attribute([receiver, *args], kwargs, node)
        if kind is Namespace:
            return self._of_namespace(receiver, name, args, node)
        if is_spoilt(receiver):
            return UNKNOWN
        if name in methods.MUTATORS.get(kind, ()):
            return self.mutate(receiver, name, args, kwargs)
        if kind is str and name in ("format", "format_map"):
            self._formats(receiver, node)
        if kind is dict and name == "get" and args:
            return self.get_item(receiver, args, node)
        if kind is dict and name in ("items", "keys", "values") and not args:
            return self.parts(receiver, name)
        if kind in (list, tuple, dict) and name == "__getitem__" and args:
            return self.subscript(receiver, args[0], node)
        if name == "join" and args:
            items = self.items(args[0])
            if items is None:
                return UNKNOWN
            args = [items]
        if name == "copy" and kind in (list, dict, set):
            return receiver.copy()
        return methods.method(receiver, name, args, kwargs)

    def _by_hand(self, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        """Return what ``__getattribute__`` gives that is called by hand, for an object and a name."""
        names = options(args[1]) if len(args) > 1 else (UNKNOWN,)
        if all(isinstance(name, str) for name in names):
            self.settled("getattribute", node)
        elif not isinstance(args[0], Instance) and not self._is_own(node):
            self.unresolved("getattribute", node)
        return self.get_attribute(args, kwargs, node)

    def _is_own(self, node: ast.AST) -> bool:
        """Tell whether a method asks its own object, as one does that stands in for it."""
        scope = self.scope
        if not isinstance(node, ast.Call) or scope.outer is None or scope.outer.kind != "class":
            return False
        asked = [
            *node.args[:1],
            *([node.func.value] if isinstance(node.func, ast.Attribute) else ()),
        ]
        names = {each.id for each in asked if isinstance(each, ast.Name)}
        calls = {
            each.func.id
            for each in asked
            if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)
        }
        return next(iter(scope.names), "") in names or "super" in calls

    def _of_namespace(self, space: Namespace, name: str, args: list[Value], node: ast.AST) -> Value:
        if name in ("get", "__getitem__", "pop", "setdefault") and args:
            return self.subscript(space, args[0], node)
        if name == "copy":
            return space
        owner = space.owner
        if name in ("items", "values", "keys") and isinstance(owner, Ref):
            names = naming.names_of(owner.path)
            if owner.path in naming.POWERFUL and name != "keys":
                self.pattern("namespace-walk", node)
            if names is None:
                return UNKNOWN
            pairs = [(each, naming.member(owner.path, each)) for each in names]
            return {"items": pairs, "keys": names, "values": [v for _, v in pairs]}[name]
        if name == "update" and args and type(args[0]) is dict and isinstance(owner, Scope):
            for key, value in args[0].items():
                if isinstance(key, str):
                    owner.bind(key, value)
        return UNKNOWN

    def _formats(self, template: str, node: ast.AST) -> None:
        """Note the attributes that a format string looks up."""
        try:
            fields = [field for _, field, _, _ in string.Formatter().parse(template) if field]
        except ValueError:
            return
        for field in fields[:100]:
            for part in field.replace("[", ".").replace("]", "").split(".")[1:]:
                if part.startswith("__") and part not in _HARMLESS_FIELDS:
                    self.pattern("format-attribute", node, f"the format string looks up `{part}`")
                if self.sink.wants(Kind.ATTRIBUTE, part):
                    self.add(Kind.ATTRIBUTE, part, node, f"the format string looks up `{part}`")

    def _call_function(
        self, function: Function, args: list[Value], kwargs: dict[str, Value]
    ) -> Value:
        if not self.deep:
            return UNKNOWN
        if self.call_depth >= MAX_CALL_DEPTH or self.tired:
            self.adrift = True
            return UNKNOWN
        if function.bound:
            args = [function.receiver, *args]
        scope = Scope("function", function.scope)
        self._bind_parameters(scope, function, args, kwargs)
        outer, self.scope = self.scope, scope
        self.call_depth += 1
        try:
            if isinstance(function.node, ast.Lambda):
                return self.evaluate(function.node.body)
            return self.run_body(function.node)
        finally:
            self.call_depth -= 1
            self.scope = outer

    def run_body(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Value:
        """Run a function's body in the present scope and return what it returns."""
        raise NotImplementedError

    @staticmethod
    def _bind_parameters(
        scope: Scope, function: Function, args: list[Value], kwargs: dict[str, Value]
    ) -> None:
        spec = function.node.args
        plain = [arg.arg for arg in (*spec.posonlyargs, *spec.args)]
        whole = REST not in args
        known = args if whole else args[: args.index(REST)]
        for index, name in enumerate(plain):
            if index < len(known):
                value = known[index]
            else:
                value = kwargs.get(name, function.defaults.get(name, UNKNOWN)) if whole else UNKNOWN
            scope.names[name] = value
        for arg in spec.kwonlyargs:
            scope.names[arg.arg] = kwargs.get(arg.arg, function.defaults.get(arg.arg, UNKNOWN))
        if spec.vararg is not None:
            scope.names[spec.vararg.arg] = tuple(args[len(plain) :]) if whole else UNKNOWN
        if spec.kwarg is not None:
            named = {*plain, *(arg.arg for arg in spec.kwonlyargs)}
            scope.names[spec.kwarg.arg] = {k: v for k, v in kwargs.items() if k not in named}

    def _instantiate(
        self, klass: Klass, args: list[Value], kwargs: dict[str, Value], node: ast.AST
    ) -> Value:
        made = Instance(klass, {})
        if not self.deep:
            return made
        begin = klass.find("__init__")
        if isinstance(begin, Function):
            self.call(bind(begin, made), args, kwargs, node)
        return made
