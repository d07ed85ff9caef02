"""Full names of what JavaScript and Node bring along."""

from __future__ import annotations

from typing import Final

from berm.analysis.fact import words
from berm.analysis.javascript.values import UNKNOWN, Ref, Value

GLOBALS: Final = words(
    "Array ArrayBuffer Atomics BigInt Boolean Buffer Bun DataView Date Deno Error EvalError Function GeneratorFunction"
    " Infinity JSON Map Math NaN Number Object Promise Proxy RangeError ReferenceError Reflect RegExp Set"
    " SharedArrayBuffer String Symbol SyntaxError TypeError URIError URL Uint8Array WeakMap WeakRef WeakSet"
    " WebAssembly WebSocket XMLHttpRequest EventSource Worker alert atob btoa clearInterval clearTimeout console"
    " decodeURI decodeURIComponent document encodeURI encodeURIComponent escape eval exports fetch global globalThis"
    " importScripts isFinite isNaN localStorage location module navigator parseFloat parseInt performance process"
    " queueMicrotask require self setImmediate setInterval setTimeout structuredClone unescape window"
    " __dirname __filename"
)
_WHOLE: Final = frozenset(("globalThis", "global", "window", "self", "this"))
_FUNCTIONS: Final = words(
    "Array BigInt Boolean Buffer Date Error EvalError Map Number Object Promise Proxy RangeError ReferenceError RegExp"
    " Set String Symbol SyntaxError TypeError URIError WeakMap WeakSet eval require isNaN parseInt parseFloat escape"
    " unescape atob btoa setTimeout setInterval setImmediate decodeURI decodeURIComponent encodeURI encodeURIComponent"
    " fetch structuredClone queueMicrotask"
)
_SAME: Final = {
    "module.require": "require",
    "require.main": "module",
    "process.mainModule": "module",
    "module.parent": "module",
    "module.children": "module",
    "module.constructor": "Module",
    "module.Module": "Module",
    "Module._load": "require",
    "Module.prototype": "module",
    "Module.Module": "Module",
    "Module.createRequire": "Module.createRequire",
    "module.exports": "exports",
    "process.getBuiltinModule": "require",
    "Function.prototype.constructor": "Function",
    "Function.constructor": "Function",
    "GeneratorFunction": "Function",
    "process.constructor": "Object",
    "this.constructor": "Object",
    "globalThis.constructor": "Object",
    "exports.constructor": "Object",
    "?.constructor.constructor": "Function",
    "Reflect.constructor": "Object",
    "Math.constructor": "Object",
    "JSON.constructor": "Object",
    "console.constructor": "Object",
}
POWERFUL: Final = words(
    "globalThis this process module Module require child_process fs vm net http https worker_threads cluster"
    " Function Reflect Deno Bun"
)
"""Things whose names, looked up by what is not known, are taken for the worst of them."""


def module(name: str) -> Ref:
    """Return the module that requiring ``name`` gives."""
    plain = name.removeprefix("node:").removesuffix("/")
    return Ref("Module" if plain == "module" else plain)


def is_module(path: str) -> bool:
    """Tell whether a full name is that of a module: those are lower case and have no dot."""
    return "." not in path and path not in GLOBALS and path[:1].islower()


def member(path: str, name: str) -> Value:
    """Return the attribute ``name`` of a thing of the language's own."""
    if path in _WHOLE:
        if name in GLOBALS and not (path == "this" and name in ("require", "module", "exports")):
            return Ref("globalThis" if name in _WHOLE else name)
        return Ref("Object") if name == "constructor" else UNKNOWN
    full = f"{path}.{name}"
    if full in _SAME:
        return Ref(_SAME[full])
    if name == "constructor":
        if path.endswith("prototype"):
            return Ref(path.rpartition(".")[0])
        known = path in _FUNCTIONS or path == "Function" or "." in path
        return Ref("Function") if known else Ref("?.constructor")
    if name == "__proto__":
        return Ref("Function.prototype") if path in _FUNCTIONS or "." in path else UNKNOWN
    if name == "mainModule":
        return Ref("module")
    return Ref(full)
