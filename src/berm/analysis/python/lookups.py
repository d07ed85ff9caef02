"""Names, attributes and items: what they stand for."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Sequence
from typing import Final

from berm.analysis.fact import Kind
from berm.analysis.python import methods, naming, purity
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
    Ref,
    Value,
    either,
    is_plain,
    is_spoilt,
    items_of,
    options,
)
from berm.analysis.python.witness import Witness

_OF_DICTIONARIES: Final = frozenset(
    ("get", "items", "keys", "pop", "setdefault", "values", "__getitem__")
)


class Lookups(Witness):
    """The part of the evaluator that looks names up."""

    def _name(self, node: ast.Name) -> Value:
        return self.look_up(node.id, node)

    def look_up(self, name: str, node: ast.AST) -> Value:
        """Return what a name stands for at this place."""
        if name == "__builtins__":
            self.noted(name, node)
        value = self.scope.find(name)
        if self.scope.has(value):
            return value
        for star in self.scope.module.stars:
            if self.sink.wants(Kind.CALL, f"{star}.{name}") or name in naming.STDLIB:
                return naming.member(star, name)
        if name in naming.BUILTINS:
            if name in ("__loader__", "__spec__"):
                self.add(Kind.ATTRIBUTE, name, node)
                return Ref("importlib.loader")
            if name == "__name__":
                return "__main__"
            if name.startswith("__") and name not in ("__import__", "__build_class__"):
                return UNKNOWN
            return Ref(naming.canonical(f"builtins.{name}"))
        if name == "__builtins__":
            return Ref("builtins")
        if name in naming.REACHED_FOR:
            return Ref(name)  # a part of a program, or a template that has it already
        return UNKNOWN

    def _attribute(self, node: ast.Attribute) -> Value:
        value = self.evaluate(node.value, base=True)
        return self.attribute(value, node.attr, node)

    def attribute(self, value: Value, name: str, node: ast.AST) -> Value:
        """Return an attribute of a value."""
        if type(value) is Either:
            return either([self.attribute(option, name, node) for option in value.options])
        kind = type(value)
        if kind is Ref:
            if name in ("__getattribute__", "__getattr__"):
                return Method(value, name)
            if value.path == "builtins" and name in _OF_DICTIONARIES:
                return Method(Namespace(value), name)  # in a module, it is a dictionary
            constant = purity.CONSTANTS.get(f"{value.path}.{name}")
            if constant is not None:
                return constant
            found = naming.member(value.path, name)
            if type(found) is not Ref or naming.is_module(value.path) is False:
                self.noted(name, node)
            return found
        if kind is Instance or kind is Klass:
            found = self._of_class(value, name, node)
            if found is not UNKNOWN:
                return found
        elif kind is Namespace:
            return Method(value, name)
        elif kind is Function and name == "__globals__":
            self.noted(name, node)
            return Namespace(self.scope.module)
        elif name == "__class__":
            self.noted(name, node)
            return naming.class_of(value)
        elif name == "__doc__" and type(found := naming.class_of(value)) is Ref:
            return naming.member(found.path, name)
        elif (
            kind in methods.METHODS
            and (name in methods.METHODS[kind] or name in methods.MUTATORS.get(kind, ()))
        ) or name in ("__call__", "__getattribute__", "__getattr__"):
            return Method(value, name)
        self.noted(name, node)
        if value is UNKNOWN:
            for path in sorted(self.loose):
                self.add(Kind.USE, f"{path}.{name}", node, f"it may be `{path}.{name}`")
            if name in naming.REACHED_FOR:
                return Ref(name)
        return UNKNOWN

    def items(self, value: Value) -> list[Value] | None:
        """Return what iterating over a value gives, None where that is not known."""
        if isinstance(value, Namespace) and isinstance(value.owner, Ref):
            return naming.names_of(value.owner.path)
        return items_of(value)

    def walked(self, value: Value, node: ast.AST) -> None:
        """Note the names of a module that can do anything, given to what is not followed."""
        for space in options(value):
            owner = space.owner if type(space) is Namespace else None
            if type(owner) is Ref and owner.path in naming.POWERFUL:
                self.pattern("namespace-walk", node)

    def noted(self, name: str, node: ast.AST) -> None:
        """Note a name that is looked up on an object that is not known."""
        if self.sink.wants(Kind.ATTRIBUTE, name):
            _, _, text = self.place(node)
            note = "" if name in text or not text else f"`{text}` looks up `{name}`"
            self.add(Kind.ATTRIBUTE, name, node, note)

    def _of_class(self, value: Instance | Klass, name: str, node: ast.AST) -> Value:
        klass = value.klass if isinstance(value, Instance) else value
        if isinstance(value, Instance) and name in value.names:
            return value.names[name]
        if name == "__class__":
            return klass
        if name == "__dict__":
            return value.names
        found = klass.find(name)
        if found is UNKNOWN and name != "__getattr__" and isinstance(value, Instance):
            getter = klass.find("__getattr__")
            if isinstance(getter, Function):
                return self.call(bind(getter, value), [name], {}, node)
        if isinstance(found, Function) and isinstance(value, Instance):
            return bind(found, value)
        return found

    def _slice(self, node: ast.Slice) -> Value:
        parts = [
            None if part is None else self.evaluate(part)
            for part in (node.lower, node.upper, node.step)
        ]
        return slice(*parts) if all(map(is_plain, parts)) else UNKNOWN

    def _subscript(self, node: ast.Subscript) -> Value:
        value = self.evaluate(node.value, base=True)
        key = self.evaluate(node.slice)
        return self.subscript(value, key, node)

    def subscript(self, value: Value, key: Value, node: ast.AST) -> Value:
        """Return an item of a value."""
        if type(value) is Either or type(key) is Either:
            return either(
                self.subscript(one, other, node) for one in options(value) for other in options(key)
            )
        kind = type(value)
        if kind is Namespace:
            return self._entry(value, key, node)
        if kind is Ref and value.path == "builtins" and isinstance(key, str):
            return self._entry(Namespace(value), key, node)
        if kind is Instance or kind is Klass:
            return self.special_call(value, "__getitem__", [key], node)
        if isinstance(key, str) and kind is not dict:
            self.noted(key, node)
        if key is UNKNOWN or value is UNKNOWN or is_spoilt(value):
            return UNKNOWN
        if kind is list and value and value[-1] is REST:
            return UNKNOWN
        if kind is dict and REST in value:
            with contextlib.suppress(TypeError):
                return either([value.get(key, UNKNOWN), UNKNOWN])
        if kind in (list, tuple, dict, str, bytes, bytearray, range):
            try:
                return value[key]
            except Exception:  # noqa: BLE001 - whatever a wrong key raises, the value is unknown
                return UNKNOWN
        return UNKNOWN

    def _entry(self, space: Namespace, key: Value, node: ast.AST) -> Value:
        """Return a name looked up in a dictionary of names."""
        owner = space.owner
        if isinstance(owner, Ref) and owner.path == "sys.modules":
            if not isinstance(key, str):
                self.unresolved("dynamic-import", node)
                return UNKNOWN
            self.settled("dynamic-import", node)
            self.add(Kind.IMPORT, naming.canonical(key), node, f"`{key}` out of sys.modules")
            return naming.module(key)
        if isinstance(key, str):
            if isinstance(owner, Scope):
                value = owner.seen_from_inside(key)
                if owner.has(value):
                    return value
                return self.look_up(key, node) if key.startswith("__") else UNKNOWN
            if isinstance(owner, Ref):
                if owner.path in naming.POWERFUL:
                    self.settled("dynamic-attribute", node)
                return self.attribute(owner, key, node)
        elif isinstance(owner, Ref) and owner.path in naming.POWERFUL:
            self.unresolved("dynamic-attribute", node, f"a name of `{owner.path}` made at run time")
        else:
            self.lost = True
        return UNKNOWN

    def special_call(self, value: Value, name: str, args: Sequence[Value], node: ast.AST) -> Value:
        """Call the method that an operator or a subscript stands for."""
        if isinstance(value, Klass) and name == "__getitem__":
            found = value.find("__class_getitem__")
            if found is not UNKNOWN:
                return self.call(bind(found, value), list(args), {}, node)
            for base in value.bases:
                if isinstance(base, Klass) and (meta := base.find(name)) is not UNKNOWN:
                    return self.call(bind(meta, value), list(args), {}, node)
            return UNKNOWN
        if not isinstance(value, Instance):
            return UNKNOWN
        found = value.klass.find(name)
        return UNKNOWN if found is UNKNOWN else self.call(bind(found, value), list(args), {}, node)


def bind(value: Value, receiver: Value) -> Value:
    """Return a function as a method of ``receiver``; anything else as it is."""
    if isinstance(value, Function) and not value.bound:
        return Function(value.node, value.scope, value.defaults, receiver, bound=True)
    return value
