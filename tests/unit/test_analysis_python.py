"""The Python front end: what it sees through, and what it leaves alone."""

from __future__ import annotations

import pytest

from berm.analysis.examine import examine
from berm.analysis.fact import Kind, Sink
from berm.analysis.policy import Policy
from berm.analysis.python.front import look

CONTEST = Policy("contest")


def refused(text: str | bytes) -> set[str]:
    source = text.encode() if isinstance(text, str) else text
    analysis = CONTEST.decide(examine(source, "python"), "python")
    return {finding.rule for finding in analysis.findings if finding.blocked}


def names(text: str) -> set[tuple[str, str]]:
    sink = Sink(lambda _kind, _name: True)
    look(text.encode(), sink)
    return {(fact.kind.value, fact.name) for fact in sink.facts()}


HONEST = {
    "own eval": "def eval(t):\n    return t\nprint(eval(1))",
    "own exec method": "class M:\n    def exec(self, p): return p\n    def system(self): pass\nM().exec(1)\nM().system()",
    "names as in os": "class G:\n    system = 1\n    popen = 2\nprint(G.system, G.popen)",
    "parameter": "def solve(os, sys):\n    return os.system + sys.exit\n",
    "sys": "import sys\nsys.setrecursionlimit(10**6)\ninput = sys.stdin.readline\nprint(input())",
    "fast input": "import os, io\ninput = io.BytesIO(os.read(0, os.fstat(0).st_size)).readline",
    "threading": "import sys, threading\nthreading.stack_size(1 << 27)\nt = threading.Thread(target=print)\nt.start()",
    "import of a constant": "n = __import__('sys').stdin.readline()\nm = __import__('math').sqrt(4)",
    "getattr": "print(getattr('abc', 'up' + 'per')())\nclass A: x = 1\nprint(getattr(A(), input(), None))",
    "globals": "globals()['a%d' % 1] = 2\nprint(a1)",
    "dunder": "class A:\n    def __init__(self): self.__dict__['x'] = 1\n    def __repr__(self): return type(self).__name__ + self.__class__.__name__",
    "gc": "import gc\ngc.disable()\ngc.collect()",
    "open": "print(open(0).read(), open('/dev/stdin').read(), open('in.txt').read())",
    "write": "with open('out.txt', 'w') as f: f.write('x')",
    "large": "M = 10**9 + 7\ndp = [0] * (10**6)\nx = 1 << 64\ny = 10 ** 100",
    "literal_eval": "import ast\nprint(ast.literal_eval(input()))",
    "regex": "import re\nprint(re.compile('a+').match(input()))",
    "numpy": "import numpy as np\nfrom numba import njit\n@njit\ndef f(x): return np.sum(x)",
    "compile as a name": "compile = 3\nprint(compile)",
    "format": "print('{0.real} {1[a]}'.format(1, {'a': 2}))",
    "loops": "a = []\nfor i in range(10**6):\n    a.append(i)\nwhile True:\n    a.pop()",
    "system as a key": "d = {'system': 1, 'popen': 2}\nprint(d['system'])",
    "doctest": "def f(x):\n    '''\n    >>> f(1)\n    1\n    '''\n    return x\nimport doctest\ndoctest.testmod()",
    "timeit": "from timeit import timeit\nprint(timeit('f(1)', setup='from __main__ import f', number=3))",
    "proxy": "class A:\n    def __getattribute__(self, name):\n        return super().__getattribute__(name) or object.__getattribute__(self, name)\nprint(A().x, [].__getattribute__('pop'))",
    "names of modules": "import sys, os\nprint('numpy' in sys.modules, sorted(vars(os)), len(sys.modules), sys.modules[__name__])",
    "called back, name as written": "import sys\nsorted([1], key=lambda x: x)\nprint(getattr(sys, 'stdin'))",
    "asked only": "import os, sys\nprint(getattr(os, 'sep'), hasattr(os, 'fork'), isinstance(os, type(sys)))\nclass A:\n    def f(self): self.system()",
    "iterator": "import sys\nit = iter(sys.stdin)\nprint(next(it), next(iter([1])))",
    "python 2": "import sys\nn = int(raw_input())\nprint 'Case #%d: %s' % (n, n)\nfor i in xrange(n): print i,\n",
}


@pytest.mark.parametrize("name", HONEST)
def test_honest_programs_are_left_alone(name):
    assert refused(HONEST[name]) == set()


DISGUISED = {
    "getattribute of a class": "print(object.__getattribute__(object, '__sub' + 'classes__')())",
    "getattribute by input": "print(input().__getattribute__(input()))",
    "getattribute of nothing known": "def f(a, b):\n    return a.__getattribute__(a, b)\nf(*eval2())",
    "getattribute for later": "o = [x for x in (1, [])]\nf = o[input() > ''].__getattribute__\nprint(f)",
    "getattribute in a method": "class A:\n    def f(self, o, n):\n        return o.__getattribute__(n)\nA().f(*g())",
    "table of builtins": "dict.values(__builtins__)",
    "table of builtins in globals": "globals()['__builtins__'].pop('next')",
    "other builtins": "import os\n__builtins__ = os\nprint(1)",
    "builtins out of sys.modules": "import sys\nsys.modules['__built' + 'ins__'].breakpoint()",
    "import handed on": "ExceptionGroup.__class_getitem__ = __import__\nExceptionGroup['os']",
    "import_module of something": "i.import_module('os', ['sys'])",
    "alias": "import os as o\nf = o.system\nf('id')",
    "from": "from os import system as print\nprint('id')",
    "star": "from os import *\nsystem('id')",
    "private": "import random\nrandom._os.system('id')",
    "through typing": "import typing\ntyping.sys.modules['os'].system('id')",
    "default": "import os\ndef f(c, r=os.system): r(c)\nf('id')",
    "list": "import os\n[os.system][0]('id')",
    "dict": "import os\n{'a': os}['a'].system('id')",
    "either": "import os, sys\nm = os if sys.argv else sys\nm.system('id')",
    "map": "import os\nlist(map(os.system, ['id']))",
    "decorator": "import os\n@os.system\n@lambda f: 'id'\ndef g(): pass",
    "attrgetter": "import operator, os\noperator.attrgetter('sys' + 'tem')(os)('id')",
    "methodcaller": "import operator, os\noperator.methodcaller('sys' + 'tem', 'id')(os)",
    "partial": "import functools, os\nfunctools.partial(getattr, os)('sys' + 'tem')('id')",
    "reduce": "import functools\nfunctools.reduce(getattr, ['system'], __import__('os'))('id')",
    "vars": "import os\nvars(os)['sys' + 'tem']('id')",
    "namespace walk": "import os\nfor k, v in vars(os).items():\n    if k.startswith('sy'): v('id')",
    "globals": "import os\nglobals()['o' + 's'].system('id')",
    "builtins": "__builtins__.__dict__['ev' + 'al']('1')",
    "self": "print.__self__.__import__('os').system('id')",
    "setattr": "import os\nclass A: pass\nsetattr(A, 'm', os)\nA.m.system('id')",
    "instance": "class A:\n    def __init__(s, m): s.m = __import__(m)\n    def r(s, n): return getattr(s.m, n)\nA('os').r('system')('id')",
    "getattr hook": "class A:\n    def __getattr__(s, n): return __import__(n)\nA().os.system('id')",
    "getitem hook": "import os\nclass A:\n    __getitem__ = os.system\nA()['id']",
    "operator hook": "class A:\n    def __add__(s, n): return __import__(n)\n(A() + 'os').system('id')",
    "loop": "s = ''\nfor c in [111, 115]:\n    s += chr(c)\n__import__(s).system('id')",
    "while": "s = ''\ni = 0\nwhile i < 2:\n    s += 'os'[i]\n    i += 1\n__import__(s).system('id')",
    "xor": "k = 7\nd = bytes(b ^ k for b in bytes(b ^ 7 for b in b'os'))\n__import__(d.decode()).system('id')",
    "base64": "import base64\nexec(base64.b64decode(b'aW1wb3J0IG9z').decode())",
    "codecs": "import codecs\n__import__(codecs.decode('bf', 'rot13')).system('id')",
    "nested": "eval(\"eval(\\\"__import__('os').system('id')\\\")\")",
    "closure": "def mk(n):\n    def get(): return __import__(n)\n    return get\nmk('os')().system('id')",
    "class attribute": "class C:\n    import os as o\nC.o.system('id')",
    "match": "import os\nmatch os:\n    case object(system=f): f('id')",
    "match dunder": "match print:\n    case object(__self__=b): b.eval('1')",
    "except": "import os\ntry:\n    raise ValueError\nexcept* ValueError:\n    os.system('id')",
    "format string": "class A: pass\nprint('{0.__class__.__init__.__globals__}'.format(A))",
    "subclasses": "().__class__.__bases__[0].__subclasses__()",
    "frame": "def f(): yield g.gi_frame.f_back.f_globals\ng = f()",
    "unicode": "import os\nos.\uff53\uff59\uff53\uff54\uff45\uff4d('id')",
    "utf-7": "# coding: utf-7\n+AGkAbQBwAG8AcgB0ACAAcwBvAGMAawBlAHQ-\n",
    "python 2 print": "print 'x'\nimport os\nos.system('id')\n",
    "exec statement": 'exec "import os"\nprint 1\n',
    "broken": "x = (\nimport os; os.system('id')\n",
    "doctest": "def f():\n    '''\n    >>> import os; os.system('id')\n    '''\nimport doctest\ndoctest.testmod()",
    "timeit": "import timeit\ntimeit.timeit(\"__import__('os').system('id')\")",
    "walrus": "(m := __import__('os')).system('id')",
    "lambda default": "(lambda m=__import__('os'): m.system('id'))()",
    "try": "try:\n    import os\nexcept ImportError:\n    os = None\nos.system('id')",
    "rebinding": "a = 'system'\nimport os\ndef g(): getattr(os, a)('id')\ng()\na = 'sep'",
    "replaced loop variable": "import os\ni = 0\nwhile i < 5: i += 1\ngetattr(os, ['a', 'b', 'c', 'd', 'e', 'system'][i])('id')",
    "type": "import os\nA = type('A', (), {'m': os})\nA.m.system('id')",
    "unknown name": "import os\ngetattr(os, input())('id')",
    "unknown module": "__import__(input()).system('id')",
    "pickle": "import pickle\npickle.loads(b'x')",
    "ctypes": "from ctypes import *\nCDLL(None).system(b'id')",
    "bytes path": "open(b'/etc/passwd')",
    "home": "open('/home/' + 'me' + '/.ssh/id_rsa')",
    "annotation of the rest": "import os\ndef f(*a: os.system('id')): pass",
    "imported in a class": "class A:\n    from os import path\nA.path.os.system('id')",
    "system of bytes": b"# coding: latin-1\nimport os\ngetattr(os, ''.join(chr(ord(c) ^ 128) for c in '\xf3\xf9\xf3\xf4\xe5\xed'))('id')\n",
    "modules by get": "import sys\nsys.modules.get('os').system('id')",
    "modules in another dictionary": "import sys\ndict(sys.modules)['os'].system('id')",
    "modules handed on": "import sys\nprint(sys.modules.values())",
    "namespace in another dictionary": "import os\n{**vars(os)}['system']('id')",
    "namespace copied": "import os\nos.__dict__.copy()['system']('id')",
    "namespace handed on": "import os\ndef f(**k): k['system']('id')\nf(**vars(os))",
    "second of an iterator": "import os\nn = iter(['sep', 'system'])\nnext(n)\ngetattr(os, next(n))('id')",
    "second of two attributes": "import operator, os\noperator.attrgetter('sep', 'system')(os)[1]('id')",
    "second of two items": "import operator, os\ngetattr(os, operator.itemgetter(0, 1)(['sep', 'system'])[1])('id')",
    "shuffled": "import os, random\nn = ['sep', 'system']\nrandom.shuffle(n)\ngetattr(os, n[0])('id')",
    "counted from one": "import os\ngetattr(os, {i: n for i, n in enumerate(['system', 'sep'], start=1)}[1])('id')",
    "keywords of a dictionary": "import os\ngetattr(os, dict(a='system').get('a', 'sep'))('id')",
    "default that is not taken": "import os\nn = {'a': input()}\ngetattr(os, n.get('a', 'sep'))('id')",
    "hash": "import os\ngetattr(os, ['sep', 'system'][hash(input()) % 2])('id')",
    "after much work": "import os\nn = 'sep'\ndef f():\n    global n\n    n = 'system'\nfor i in range(4000):\n    for j in range(4000): pass\nf()\ngetattr(os, n)('id')",
    "called back": "import os\nn = 'sep'\ndef f(x):\n    global n\n    n = 'system'\nsorted([1], key=f)\ngetattr(os, n)('id')",
    "called back from a thread": "import os, threading\nn = ['sep']\nthreading.Thread(target=lambda: n.__setitem__(0, 'system')).start()\ngetattr(os, n[0])('id')",
    "membership of what is not known": "import os\nn = 'sep'\nif 'a' in [input()]: n = 'system'\ngetattr(os, n)('id')",
    "copy of a private file": "import shutil\nshutil.copy('/etc/passwd', 'a')",
    "another module in the next turn": "import os, math\nm = math\nfor i in input():\n    m.system('id')\n    m = os",
    "name of the next turn": "import os\nn = 'sep'\nfor i in input():\n    getattr(os, n)\n    n = 'system'",
    "lost in a list": "import os\nl = []\nfor i in input(): l.append(os)\nl[0].system('id')",
    "lost in an unknown function": "import os\ninput().x(os).system('id')",
    "lost in an attribute": "import os\na = input()\na.b = os\na.b.system('id')",
    "lost in a generator": "import os\ndef f(): yield os\nfor m in f(): m.system('id')",
    "lost in an exception": "import os\ntry: raise ValueError(os)\nexcept ValueError as e: e.args[0].popen('id')",
    "names with keywords": "import os\ndict(vars(os), a=1)['system']('id')",
    "more than what is known": "import os\ngetattr(os, list({**input(), 'a': 'sep'}.values())[0])",
    "print into": "import os\nprint >>os.popen('id'), 1\nprint 2\n",
}


@pytest.mark.parametrize("name", DISGUISED)
def test_disguises_are_seen_through(name):
    assert refused(DISGUISED[name])


@pytest.mark.parametrize("left", ["[]", "[1]", "''", "'a'", "b'a'", "()", "1e999", "10**400", "-1"])
@pytest.mark.parametrize("right", ["10**400", "-10**400", "1e999", "''", "[1]", "-1", "1j"])
@pytest.mark.parametrize("sign", ["*", "**", "%", "<<", "+", "//"])
def test_operators_on_what_is_odd_have_no_value_or_one(left, sign, right):
    source = f"import os\nx = ({left}) {sign} ({right})\ngetattr(os, f(x))\n"
    found = {finding.rule for finding in examine(source.encode(), "python")}
    assert "python.dynamic-attribute" in found
    assert "any.too-complex" not in found


def test_what_was_reconstructed_is_said():
    found = examine(b"getattr(__import__('o' + 's'), 'sys' + 'tem')('id')", "python")
    said = {finding.message for finding in found}
    assert any(
        "`getattr(__import__('o' + 's'), 'sys' + 'tem')` is `os.system`" in text for text in said
    )


def test_places_count_characters():
    (finding,) = (
        f
        for f in examine("é = 'ü'; import socket".encode(), "python")
        if f.rule == "python.network"
    )
    assert (finding.line, finding.column) == (1, 10)


def test_a_deep_look_takes_back_what_it_settles():
    text = "import os\ndef f(n):\n    return getattr(os, n)\nprint(f('sep'))\n"
    assert refused(text) == set()
    assert refused(text + "print(f(input()))\n")


def test_nothing_is_run():
    # A decorator, a default, an annotation and a base class that would each end the analyser.
    text = "import sys\n@sys.exit\ndef f(x: sys.exit(3) = sys.exit(4)): pass\nclass A(sys.exit(5)): pass\n"
    assert ("call", "sys.exit") in names(text)


def test_a_fork_in_an_endless_loop_is_a_bomb():
    assert ("pattern", "fork-bomb") in names("import os\nwhile 1:\n    os.fork()")
    assert ("pattern", "fork-bomb") not in names("import os\nwhile input():\n    os.fork()")


def test_facts_are_asked_for_before_they_are_made():
    sink = Sink(lambda kind, name: (kind, name) == (Kind.IMPORT, "os"))
    look(b"import os, sys\nos.system('id')", sink)
    assert [(fact.kind, fact.name) for fact in sink.facts()] == [(Kind.IMPORT, "os")]
