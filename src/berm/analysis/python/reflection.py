"""Python's own functions that reach others: by a name, by a module's name, by passing functions on."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from berm.analysis.fact import Kind, Sink
from berm.analysis.python import naming
from berm.analysis.python.expressions import Expressions
from berm.analysis.python.values import (
    MAX_OPTIONS,
    UNKNOWN,
    Function,
    Instance,
    Klass,
    Namespace,
    Partial,
    Ref,
    Value,
    either,
    is_plain,
    is_spoilt,
    options,
    spoil,
)


class Reflection(Expressions):
    """The part of the evaluator that knows what reaches what."""

    def __init__(self, source: str, sink: Sink, *, deep: bool = False) -> None:
        super().__init__(source, sink, deep=deep)
        self.known_calls = self._known_calls()

    def _known_calls(self) -> dict[str, Callable[[list[Value], dict[str, Value], ast.AST], Value]]:
        """Return the functions of Python's own that are followed by hand, by their full names."""
        return {
            "builtins.getattr": self.get_attribute,
            "builtins.setattr": self._setattr,
            "builtins.__import__": self._import,
            "importlib.import_module": self._import,
            "pkgutil.resolve_name": self._import,
            "importlib.loader.load_module": self._import,
            "builtins.globals": lambda *_: Namespace(self.scope.module),
            "builtins.locals": lambda *_: Namespace(self.scope),
            "builtins.vars": self._vars,
            "builtins.dir": self._dir,
            "builtins.type": self._type,
            "builtins.map": self._map,
            "builtins.filter": self._filter,
            "builtins.apply": lambda a, _, n: (
                self.call(a[0], list(a[1]), {}, n)
                if len(a) > 1 and type(a[1]) in (list, tuple)
                else UNKNOWN
            ),
            "builtins.next": self._next,
            "builtins.super": lambda *_: UNKNOWN,
            "functools.partial": self._partial,
            "functools.reduce": self._reduce,
            "operator.attrgetter": lambda a, *_: Partial(Ref("berm.attributes"), (*a,), last=True),
            "operator.methodcaller": lambda a, *_: Partial(Ref("berm.method"), (*a,), last=True),
            "operator.itemgetter": lambda a, *_: Partial(Ref("berm.items"), (*a,), last=True),
            "operator.getitem": lambda a, _, n: (
                self.subscript(a[0], a[1], n) if len(a) == 2 else UNKNOWN
            ),
            "operator.call": lambda a, k, n: self.call(a[0], a[1:], k, n) if a else UNKNOWN,
            "berm.attributes": self._attributes,
            "berm.items": self._items_of,
            "berm.method": self._method_of,
            "inspect.getmembers": self._members,
            "inspect.getattr_static": self.get_attribute,
            "builtins.input": lambda *_: UNKNOWN,
            "os.fork": self._fork,
        }

    def get_attribute(self, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        """Return what getattr gives."""
        del kwargs
        if len(args) < 2:
            return UNKNOWN
        owner, name = args[0], args[1]
        made: list[Value] = []
        for one in options(name):
            if isinstance(one, str):
                if any(
                    isinstance(base, Ref) and base.path in naming.POWERFUL
                    for base in options(owner)
                ):
                    self.settled("dynamic-attribute", node)
                for base in options(owner):
                    found = self.attribute(base, one, node)
                    made.append(found)
                    if found is UNKNOWN and len(args) > 2:
                        made.append(args[2])
            else:
                self.nameless(owner, node)
                made.append(UNKNOWN)
        return either(made)

    def nameless(self, owner: Value, node: ast.AST) -> None:
        """Note a look-up by a name that is not known."""
        for base in options(owner):
            if isinstance(base, Ref) and base.path in naming.POWERFUL:
                self.unresolved(
                    "dynamic-attribute", node, f"a name of `{base.path}` made at run time"
                )
            elif is_plain(base) or isinstance(base, Function | Klass):
                self.unresolved("dynamic-attribute-of-data", node)
            else:
                self.lost = True

    def _setattr(self, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        del kwargs
        if len(args) == 3 and isinstance(args[1], str):
            self.set_attribute(args[0], args[1], args[2], node)
        return None

    def set_attribute(self, owner: Value, name: str, value: Value, node: ast.AST) -> None:
        """Give an attribute a value."""
        if isinstance(owner, Instance | Klass):
            known = owner.names.get(name, value)
            owner.names[name] = either([known, value]) if self.uncertain else value
        elif isinstance(owner, Ref) and isinstance(value, Ref):
            self.lost = True
        if self.sink.wants(Kind.ATTRIBUTE, name):
            self.add(Kind.ATTRIBUTE, name, node)

    def _import(self, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        name = args[0] if args else kwargs.get("name", UNKNOWN)
        made: list[Value] = []
        for one in options(name):
            if isinstance(one, bytes):
                one = one.decode("latin-1")  # noqa: PLW2901
            if isinstance(one, str) and one:
                self.settled("dynamic-import", node)
                full = naming.canonical(one)
                self.add(Kind.IMPORT, full, node, f"loads `{full}`")
                made.append(
                    naming.module(
                        one
                        if isinstance(node, ast.Call) and self._keeps(args, kwargs, node)
                        else one.partition(".")[0]
                    )
                )
            else:
                self.unresolved("dynamic-import", node)
                made.append(UNKNOWN)
        return either(made)

    @staticmethod
    def _keeps(args: list[Value], kwargs: dict[str, Value], node: ast.Call) -> bool:
        """import_module gives the submodule; __import__ only where names were asked of it."""
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        return name != "__import__" or len(args) > 3 or "fromlist" in kwargs

    def _vars(self, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        del kwargs, node
        if not args:
            return Namespace(self.scope)
        owner = args[0]
        if isinstance(owner, Ref):
            return Namespace(owner)
        return owner.names if isinstance(owner, Instance | Klass) else UNKNOWN

    def _dir(self, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        del kwargs, node
        if args and isinstance(args[0], Ref):
            return naming.names_of(args[0].path) or UNKNOWN
        if args and is_plain(args[0]):
            return sorted(dir(args[0]))
        return UNKNOWN

    def _type(self, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        del kwargs
        if len(args) == 3 and isinstance(args[0], str) and type(args[2]) is dict:
            bases = self.items(args[1]) or []
            for name in args[2]:
                if isinstance(name, str):
                    self.noted(name, node)
            return Klass(args[0], bases, dict(args[2]))
        if len(args) == 1:
            value = args[0]
            return value.klass if isinstance(value, Instance) else naming.class_of(value)
        return UNKNOWN

    def _each(self, function: Value, items: Sequence[Value], node: ast.AST) -> list[Value] | None:
        made: list[Value] = []
        for item in items:
            if self.tired:
                return None
            made.append(self.call(function, [item], {}, node))
        return made

    def _map(self, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        del kwargs
        if len(args) < 2:
            return UNKNOWN
        if isinstance(args[0], Ref):
            self.add(Kind.CALL, args[0].path, node)
        lists = [self.items(arg) for arg in args[1:]]
        if any(items is None for items in lists):
            self.call(args[0], [UNKNOWN] * (len(args) - 1), {}, node)
            return UNKNOWN
        rows = list(zip(*lists, strict=False))
        if isinstance(args[0], Function) and not self.deep:
            self.lost = True
            return UNKNOWN
        made: list[Value] = []
        for row in rows:
            if self.tired:
                return UNKNOWN
            made.append(self.call(args[0], list(row), {}, node))
        return made

    def _filter(self, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        del kwargs
        items = self.items(args[1]) if len(args) == 2 else None
        if items is None:
            return UNKNOWN
        kept = items if args[0] is None else self._each(args[0], items, node)
        if kept is None:
            return UNKNOWN
        truths = [self.truth(value) for value in kept]
        if None in truths:
            return UNKNOWN
        return [item for item, truth in zip(items, truths, strict=True) if truth]

    def _next(self, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        del kwargs, node
        # What is no iterator cannot be asked, so a list stands for one, and what was given is gone.
        source = args[0] if args else UNKNOWN
        if type(source) is not list or is_spoilt(source):
            return UNKNOWN
        if self.uncertain:
            found = either(source) if len(source) <= MAX_OPTIONS else UNKNOWN
            spoil(source)
            return found
        if not source:
            return args[1] if len(args) > 1 else UNKNOWN
        return source.pop(0)

    def _partial(self, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        del node
        return Partial(args[0], tuple(args[1:]), tuple(kwargs.items())) if args else UNKNOWN

    def _reduce(self, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        del kwargs
        items = self.items(args[1]) if len(args) > 1 else None
        if items is None:
            return UNKNOWN
        if len(args) > 2:
            items = [args[2], *items]
        if not items:
            return UNKNOWN
        value = items[0]
        for item in items[1:]:
            if self.tired:
                return UNKNOWN
            value = self.call(args[0], [value, item], {}, node)
        return value

    def _attributes(self, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        """operator.attrgetter(name)(object); here the object comes first."""
        del kwargs
        if len(args) < 2:
            return UNKNOWN
        found: list[Value] = []
        for name in args[1:]:
            value = args[0]
            if not isinstance(name, str):
                self.nameless(value, node)
                found.append(UNKNOWN)
                continue
            for part in name.split("."):
                value = self.attribute(value, part, node)
                if type(value) is Ref:
                    self.reached(node, value, called=False, base=False)
            found.append(value)
        return found[0] if len(found) == 1 else tuple(found)

    def _items_of(self, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        """operator.itemgetter(key)(object); here the object comes first."""
        del kwargs
        found = [self.subscript(args[0], key, node) for key in args[1:]]
        return found[0] if len(found) == 1 else tuple(found)

    def _method_of(self, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        if len(args) < 2 or not isinstance(args[1], str):
            if args:
                self.nameless(args[0], node)
            return UNKNOWN
        found = self.attribute(args[0], args[1], node)
        if type(found) is Ref:
            self.reached(node, found, called=True, base=False)
        return self.call(found, args[2:], kwargs, node)

    def _members(self, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        del kwargs
        if args and isinstance(args[0], Ref):
            if args[0].path in naming.POWERFUL:
                self.pattern("namespace-walk", node)
            names = naming.names_of(args[0].path) or []
            return [(name, naming.member(args[0].path, name)) for name in names]
        return UNKNOWN

    def _fork(self, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        del args, kwargs
        if self.endless:
            self.pattern("fork-bomb", node)
        return UNKNOWN
