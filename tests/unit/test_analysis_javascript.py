"""The JavaScript front end: what it sees through, and what it leaves alone."""

from __future__ import annotations

import pytest

from berm.analysis.examine import examine
from berm.analysis.policy import Policy

CONTEST = Policy("contest")


def refused(text: str, language: str = "javascript") -> set[str]:
    analysis = CONTEST.decide(examine(text.encode(), language), language)
    return {finding.rule for finding in analysis.findings if finding.blocked}


HONEST = {
    "function with a space": "const f = function (x) { return x; }; console.log(f(1));",
    "readline": "const rl = require('readline').createInterface({input: process.stdin});\nrl.on('line', l => console.log(l));",
    "stdin": "const lines = require('fs').readFileSync('/dev/stdin', 'utf8').split('\\n');",
    "constructor name": "class A { m() { return this.constructor.name; } }\nconsole.log(new A().m(), [].constructor === Array);",
    "new of a constructor": "class V { clone() { return new this.constructor('x', 1); } }",
    "own names": "function eval2(x) {} const exec = x => x; exec('id'); /a/.exec('b'); ({ spawn() {} }).spawn();",
    "computed members": "const o = {}; for (const k of process.argv) { o[k] = (o[k] || 0) + 1; }",
    "main guard": "if (require.main === module) { console.log(1); }\nmodule.exports = { a: 1 };",
    "prototype": "Array.prototype.last = function () { return this[this.length - 1]; };\nFunction.prototype.m = 1;",
    "timer": "setTimeout(() => console.log(1), 10);",
    "own fetch": "function fetch(x) { return x; } fetch('a');",
    "environment-free globals": "globalThis.memo = {}; global.count = 1; console.log(globalThis['memo']);",
    "bind and call": "const max = Math.max.apply(null, [1, 2]); (function () {}).call(this);",
    "typed": "const xs: number[] = [1]; function f<T>(x: T): T { return x; } f(xs as any);",
}


@pytest.mark.parametrize("name", HONEST)
def test_honest_programs_are_left_alone(name):
    assert refused(HONEST[name], "typescript" if name == "typed" else "javascript") == set()


ARRAY = (
    "var _0 = ['exec', 'child_process'];"
    "(function (a, n) { while (--n) { a['push'](a['shift']()); } }(_0, 2));"
    "var g = function (i) { i = i - 0x0; return _0[i]; };"
    "require(g('0x0'))[g('0x1')]('id');"
)
DISGUISED = {
    "bracket": "require('child_' + 'process')['ex' + 'ec']('id')",
    "escapes": "r\\u0065quire('\\x63hild_process').exec('id')",
    "alias": "const r = require; const c = r('child_process'); c.exec('id')",
    "import": "import { exec as e } from 'node:child_process';\ne('id')",
    "dynamic import": "import('child_process').then(c => c.exec('id'))",
    "main module": "process.mainModule.require('fs')",
    "module constructor": "module.constructor._load('child_process')",
    "binding": "process['bind' + 'ing']('spawn_sync')",
    "constructor chain": "[]['flat']['constructor']('return process')().exit()",
    "this": "this.constructor.constructor('return process')()",
    "error": "try { null.f() } catch (e) { e.constructor.constructor('return process')() }",
    "unknown": "module.exports = f => f.constructor('return process')()",
    "descriptor": "Object.getOwnPropertyDescriptor(f, 'constructor').value('return process')()",
    "async function": "Object.getPrototypeOf(async function () {}).constructor('return 1')()",
    "reflect": "Reflect.construct(Function, ['return process'])()",
    "apply": "Function.apply(null, ['return process'])()",
    "eval of a text": "eval('requ' + 'ire(\"net\")')",
    "indirect eval": "(0, eval)('1')",
    "timer with a text": "setTimeout('alert(1)', 1)",
    "string array": ARRAY,
    "char codes": "global[String.fromCharCode(101, 118, 97, 108)]('1')",
    "base64": "eval(atob('MQ=='))",
    "buffer": "require(Buffer.from('6e6574', 'hex').toString())",
    "reversed": "require('ten'.split('').reverse().join(''))",
    "map": "require([110, 101, 116].map(c => String.fromCharCode(c)).join(''))",
    "loop": "let s = ''; for (const c of [110, 101, 116]) { s += String.fromCharCode(c); }\nrequire(s)",
    "function": "const d = s => s.replace('x', ''); require(d('nxet'))",
    "object": "const o = { m: 'net' }; require(o.m)",
    "template": "const n = 'ne'; require(`${n}t`)",
    "walk": "for (const k of Object.keys(process)) { process[k](); }",
    "unknown module": "require(process.argv[2])",
    "unknown global": "globalThis[process.argv[2]]('1')",
    "jsfuck's way": "[][(![] + [])[+[]] + (![] + [])[!+[] + !+[]] + (![] + [])[+!+[]] + (!![] + [])[+[]]]['constructor']('return 1')()",
    "wasm": "WebAssembly.instantiate(new Uint8Array([0]))",
    "worker": "new Worker('x.js')",
    "file": "require('fs').readFileSync('/etc/' + 'passwd')",
    "get built-in": "process.getBuiltinModule('child_process').execSync('id')",
    "create require": "import { createRequire } from 'module';\ncreateRequire('/')('net')",
}


@pytest.mark.parametrize("name", DISGUISED)
def test_disguises_are_seen_through(name):
    assert refused(DISGUISED[name])


def test_what_was_reconstructed_is_said():
    found = examine(ARRAY.encode(), "javascript")
    said = {finding.message for finding in found}
    assert any("is `child_process.exec`" in text for text in said)


@pytest.mark.parametrize(
    "source", [b"(" * 5000, b"[" * 5000 + b"]" * 5000, b"x=" + b"-" * 20000 + b"1"]
)
def test_what_is_nested_too_deeply_is_said_to_be(source):
    assert {finding.rule for finding in examine(source, "javascript")} <= {
        "any.too-complex",
        "any.not-parsed",
        "any.obfuscated",
    }
