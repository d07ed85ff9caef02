"""Calls of JavaScript: of what leads elsewhere, of methods, of the program's own functions."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import Final

from berm.analysis.branch import Branch
from berm.analysis.fact import Fact, Kind, Sink
from berm.analysis.javascript import methods, naming
from berm.analysis.javascript.decoders import Decoders
from berm.analysis.javascript.texts import Texts
from berm.analysis.javascript.values import (
    UNDEFINED,
    UNKNOWN,
    Array,
    Either,
    Function,
    Method,
    Object,
    Ref,
    Value,
    either,
    options,
    to_text,
    truth,
)
from berm.analysis.javascript.witness import Scope
from berm.analysis.paths import place_of

MAX_CALLS: Final = 40
MAX_FUNCTIONS: Final = 2000
MAX_TURNS: Final = 5000
_FUNCTIONS: Final = (
    "function_expression",
    "function",
    "arrow_function",
    "generator_function",
    "method_definition",
)
_BODY: Final = re.compile(r"\s*return\s*\(?\s*(?:this|process|globalThis|global|require|eval)\b")
"""How the body of a function begins that is made to get hold of what is out of reach."""
_CODE: Final = ("return", "process", "require", "import(", "eval", "global", "constructor")


@dataclasses.dataclass(frozen=True, slots=True)
class Stop:
    """How a statement ended what it stands in."""

    kind: str
    value: Value = UNDEFINED
    label: str = ""


class Calls(Texts):
    """The part of the evaluator that follows calls."""

    def __init__(self, source: bytes, sink: Sink, *, deep: bool = False) -> None:
        super().__init__(source, sink, deep=deep)
        self._functions: list[Function] = []
        self._depth = 0
        self._decoders = Decoders()
        self._entered: set[Branch] = set()
        self._active: dict[Branch, int] = {}
        """Functions that are being followed: how uncertain it was whether the first call happens."""
        self._by_type |= {
            "call_expression": self._call,
            "new_expression": self._call,
            **dict.fromkeys(_FUNCTIONS, self.function),
        }

    def bind(self, target: Branch, value: Value, *, declare: bool = False) -> None:
        """Give a name, or the names of a pattern, a value."""
        raise NotImplementedError

    # --- calls --------------------------------------------------------------------------------------

    def function(self, node: Branch) -> Value:
        """Return the value of a function's definition."""
        arrow = node.type == "arrow_function"
        this = self.this() if arrow else UNKNOWN
        made = Function(node, self.scope, this, self.source, self.pinned)
        if len(self._functions) < MAX_FUNCTIONS:
            self._functions.append(made)
        return made

    def _call(self, node: Branch) -> Value:
        callee = node.get("function") or node.get("constructor")
        given = node.get("arguments")
        if callee is not None and callee.type == "import":
            target: Value = Ref("require")
        else:
            target = self.evaluate(callee, called=True)
        args: list[Value] = []
        if given is not None and given.type == "template_string":
            args = [self.evaluate(given)]
        for kid in given.kids if given is not None and given.type == "arguments" else ():
            if kid.type == "spread_element":
                inner = self._last(kid.kids)
                args.extend(inner.items if isinstance(inner, Array) and inner.known else [UNKNOWN])
            else:
                args.append(self.evaluate(kid))
        if node.type == "new_expression" and isinstance(target, Function):
            made = Object({}, known=False)
            self.call(dataclasses.replace(target, this=made), args, node)
            return made
        return self.call(target, args, node)

    def call(self, target: Value, args: list[Value], node: Branch) -> Value:
        """Return what calling a value gives."""
        if isinstance(target, Either):
            return either([self.call(one, args, node) for one in target.options])
        if isinstance(target, Ref):
            return self._call_ref(target.path, args, node)
        if isinstance(target, Method):
            return self._call_method(target.receiver, target.name, args, node)
        if isinstance(target, Function):
            if not self.deep and not target.made:
                return UNKNOWN
            return self._follow(target, args)
        self._given(args, node)
        return UNKNOWN

    def _follow(self, function: Function, args: list[Value]) -> Value:
        """Return what a function of the program gives."""
        decoded = self._decoders.decode(function, args) if self.deep else None
        if decoded is not None:
            return decoded
        value = self._enter(function, args, function.this)
        if self.deep:
            self._decoders.compare(function, args, value)
        return value

    def _given(self, args: list[Value], node: Branch) -> None:
        """Look at what something unknown is called with: functions it may call, text it may run."""
        for arg in args:
            if isinstance(arg, Object | Array):
                arg.known = False
            elif isinstance(arg, Function) and self.deep:
                self._enter(arg, None, UNKNOWN)
            elif isinstance(arg, str) and _BODY.match(arg):
                self.add(Kind.PATTERN, "text-body", node)
                self._make_function([arg], node)

    def _call_ref(self, path: str, args: list[Value], node: Branch) -> Value:
        first = args[0] if args else UNDEFINED
        match path:
            case "require" | "importScripts":
                return self._require(first, node)
            case "eval":
                return self._run_text(first, node)
            case "Function":
                return self._make_function(args, node)
            case "?.constructor":
                code = [a for a in options(first) if isinstance(a, str) and _looks_like_code(a)]
                if code:
                    self.add(
                        Kind.CALL, "Function", node, "the constructor of a function is given a text"
                    )
                    return self._make_function(code[:1], node)
                return UNKNOWN
            case "setTimeout" | "setInterval" | "setImmediate":
                if isinstance(first, str):
                    self.add(Kind.PATTERN, "text-timer", node)
                    return self._run_text(first, node)
                if isinstance(first, Function) and self.deep:
                    self._enter(first, None, UNKNOWN)
                return UNKNOWN
            case "Module.createRequire":
                return Ref("require")
            case "process.binding" | "process._linkedBinding":
                return Ref("process.binding.result")
            case "Reflect.get":
                return self.subscript(first, args[1], node) if len(args) > 1 else UNKNOWN
            case "Reflect.apply" | "Reflect.construct":
                at = 2 if path == "Reflect.apply" else 1
                rest = (
                    args[at].items if len(args) > at and isinstance(args[at], Array) else [UNKNOWN]
                )
                self.reached(node, first, called=True)
                return self.call(first, list(rest), node)
            case "Object.getPrototypeOf" | "Reflect.getPrototypeOf":
                return (
                    Ref("Function.prototype") if isinstance(first, Function | Method) else UNKNOWN
                )
            case "Object.keys" | "Object.getOwnPropertyNames" | "Reflect.ownKeys":
                if isinstance(first, Ref) and first.path in naming.POWERFUL:
                    self.unresolved("dynamic-member", node, f"all names of `{first.path}`")
                keys = methods.keys_of(first)
                return Array(list(keys)) if keys is not None else UNKNOWN
            case "Object.values" | "Object.entries":
                if isinstance(first, Ref) and first.path in naming.POWERFUL:
                    self.unresolved("dynamic-member", node, f"all names of `{first.path}`")
                return UNKNOWN
            case "Array" if len(args) > 1:
                return Array(list(args))
            case "Object":
                return first if args else Object({})
            case "Buffer.from" | "Buffer":
                return _buffer(args)
        if path.startswith("fs."):
            self._file(path, first, node)
        if path.endswith((".toString", ".valueOf")) or path == "process.binding.result":
            return UNKNOWN
        for arg in args:
            if isinstance(arg, Function) and self.deep:
                self._enter(arg, None, UNKNOWN)
        return methods.compute(path, args)

    def _file(self, path: str, name: Value, node: Branch) -> None:
        for one in options(name):
            if isinstance(one, str):
                place = place_of(one)
                if place:
                    line, column, text = self.place(node)
                    note = f"the file is `{one[:80]}`"
                    self.sink.add(Fact(Kind.PATTERN, f"file-{place}", line, column, text, note))
                if path.startswith("fs.write") and not one.startswith("/dev/std"):
                    self.add(Kind.PATTERN, "file-write", node)

    def _require(self, name: Value, node: Branch) -> Value:
        made: list[Value] = []
        for one in options(name):
            if isinstance(one, str):
                self.settled("dynamic-import", node)
                found = naming.module(one)
                self.add(Kind.IMPORT, found.path, node)
                made.append(found)
            else:
                self.unresolved("dynamic-import", node)
                made.append(UNKNOWN)
        return either(made)

    def _call_method(self, receiver: Value, name: str, args: list[Value], node: Branch) -> Value:
        if isinstance(receiver, Function | Ref | Method) and name in ("call", "apply", "bind"):
            rest = args[1:]
            if name == "apply":
                rest = list(rest[0].items) if rest and isinstance(rest[0], Array) else [UNKNOWN]
            if isinstance(receiver, Ref):
                self.reached(node, receiver, called=True)
            if name == "bind":
                return receiver
            return self.call(receiver, rest, node)
        if isinstance(receiver, str):
            if (
                name in ("replace", "replaceAll")
                and len(args) > 1
                and isinstance(args[1], Function)
            ):
                self.call(args[1], [UNKNOWN], node)
                return UNKNOWN
            return methods.of_text(receiver, name, args)
        if isinstance(receiver, float):
            return methods.of_number(receiver, name, args)
        if isinstance(receiver, bool) and name == "toString":
            return to_text(receiver)
        if isinstance(receiver, Array):
            return self._of_array(receiver, name, args, node)
        if isinstance(receiver, Function | Method | Ref) and name == "toString":
            return to_text(receiver) or UNKNOWN
        if (
            receiver is UNKNOWN
            and name in ("binding", "_linkedBinding")
            and isinstance(args[0] if args else None, str)
        ):
            self.add(Kind.CALL, "process.binding", node)
        if not isinstance(receiver, Object):
            self._given(args, node)
        return UNKNOWN

    def _of_array(self, array: Array, name: str, args: list[Value], node: Branch) -> Value:
        if not array.known:
            return UNKNOWN
        if name in ("map", "forEach", "filter", "reduce", "some", "every", "find") and args:
            return self._each(array, name, args, node)
        if name in methods.CHANGING_ARRAY and not self.certain():
            array.known = False
            return UNKNOWN
        return methods.of_array(array, name, args)

    def _each(self, array: Array, name: str, args: list[Value], node: Branch) -> Value:
        if isinstance(args[0], Function) and not self.deep:
            return UNKNOWN
        if name == "reduce":
            items = list(array.items)
            value = args[1] if len(args) > 1 else (items.pop(0) if items else UNDEFINED)
            for item in items:
                if self.tired:
                    return UNKNOWN
                value = self.call(args[0], [value, item], node)
            return value
        made: list[Value] = []
        for at, item in enumerate(array.items):
            if self.tired:
                return UNKNOWN
            made.append(self.call(args[0], [item, float(at)], node))
        if name == "map":
            return Array(made)
        if name == "filter":
            tests = [truth(value) for value in made]
            if None not in tests:
                return Array([x for x, keep in zip(array.items, tests, strict=True) if keep])
        return UNDEFINED if name == "forEach" else UNKNOWN

    def _enter(self, function: Function, args: Sequence[Value] | None, this: Value) -> Value:
        """Run a function's body; with ``args`` None its arguments are not known."""
        if self._depth >= MAX_CALLS or (self.deep and self.tired):
            return UNKNOWN
        key = function.node
        began = self._active.get(key)
        if began is not None and self.uncertain > began:
            return UNKNOWN  # a recursion whose end is not known
        self._active[key] = self.uncertain
        outer, self.scope = self.scope, Scope(function.scope, this)
        before = (self.source, self.pinned, self.nested)
        self.source, self.pinned = function.source, function.pinned
        self.nested += function.pinned is not None
        self._entered.add(key)
        if args is not None:
            self.scope.level = self.uncertain
        self._depth += 1
        node = function.node
        parameters = node.get("parameters") or node.get("parameter")
        if parameters is not None:
            nodes = parameters.kids if parameters.type == "formal_parameters" else [parameters]
            for at, kid in enumerate(nodes):
                target = kid.get("pattern") or kid
                if target.type == "rest_pattern":
                    rest = UNKNOWN if args is None else Array(list(args[at:]))
                    self.bind(target.kids[0], rest, declare=True)
                    break
                value = UNKNOWN if args is None else (args[at] if at < len(args) else UNDEFINED)
                self.bind(target, value, declare=True)
        self.scope.names["arguments"] = UNKNOWN if args is None else Array(list(args))
        try:
            body = node.get("body")
            if body is None:
                return UNKNOWN
            if body.type != "statement_block":
                return self.evaluate(body)
            stop = self.block(body.kids)
            if stop is None:
                return UNDEFINED
            return stop.value if stop.kind == "return" else UNKNOWN
        finally:
            self._depth -= 1
            if began is None:
                del self._active[key]
            self.scope = outer
            self.source, self.pinned, self.nested = before


def _looks_like_code(text: str) -> bool:
    return any(word in text for word in _CODE)


def _buffer(args: Sequence[Value]) -> Value:
    """Return Buffer.from(text, encoding) as an object whose toString is known."""
    if not args or not isinstance(args[0], str):
        return UNKNOWN
    encoding = args[1] if len(args) > 1 else "utf8"
    text: Value = args[0]
    if encoding == "base64":
        text = methods.compute("atob", [args[0].replace("-", "+").replace("_", "/")])
    elif encoding == "hex":
        text = methods.from_hex(args[0])
    return text if isinstance(text, str) else UNKNOWN
