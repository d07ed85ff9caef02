"""Two hundred ways to write ``os.system("id")`` without writing it. Each works: the test runs them all."""

from __future__ import annotations

import base64
import codecs
import zlib

# Ways to get at the module; the text before is what has to stand in front.
MODULES = {
    "import": ("import os", "os"),
    "renamed": ("import os as q", "q"),
    "pieces": ("", "__import__('o' + 's')"),
    "reversed": ("", "__import__('so'[::-1])"),
    "chr": ("", "__import__(chr(111) + chr(115))"),
    "import_module": ("from importlib import import_module as i", "i('%s%s' % ('o', 's'))"),
    "modules": ("import sys, os", "sys.modules['os']"),
    "private": ("import shutil", "shutil.os"),
    "held": ("import os\nclass H:\n    m = os", "H.m"),
    "returned": ("def f(n):\n    return __import__(n)", "f('os')"),
    "listed": ("import math, os\nx = [math, os]", "x[1]"),
    "posix": ("import posix", "posix"),
    "builtins": ("import builtins as b", "b.__import__('os')"),
    "conditional": ("import os, math, sys\nm = os if sys.maxsize else math", "m"),
}
# Ways to get at the function, given the module.
MEMBERS = {
    "attribute": "{m}.system('id')",
    "getattr": "getattr({m}, 'sys' + 'tem')('id')",
    "format": "getattr({m}, '{{}}{{}}'.format('sys', 'tem'))('id')",
    "dict": "{m}.__dict__['metsys'[::-1]]('id')",
    "vars": "vars({m})['system']('id')",
    "getattribute": "{m}.__getattribute__('\\x73ystem')('id')",
    "attrgetter": "__import__('operator').attrgetter('system')({m})('id')",
    "join": "getattr({m}, ''.join(map(chr, [115, 121, 115, 116, 101, 109])))('id')",
    "lambda": "(lambda o, n: getattr(o, n)('id'))({m}, 'system')",
    "mapped": "list(map({m}.system, ['id']))",
}
CODE = 'import os; os.system("id")'
_NESTED = f"exec({CODE!r})"
_PACKED = base64.b64encode(zlib.compress(CODE.encode())).decode()
_HEX = CODE.encode().hex()
_ROT = codecs.encode(CODE, "rot13")
_XOR = [ord(c) ^ 42 for c in CODE]

EXOTIC = {
    "eval": "eval(\"__import__('os').system('id')\")",
    "exec": f"exec({CODE!r})",
    "exec compiled": f"exec(compile({CODE!r}, 'x', 'exec'))",
    "nested": f"exec({_NESTED!r})",
    "base64 and zlib": f"import zlib, base64\nexec(zlib.decompress(base64.b64decode('{_PACKED}')))",
    "hexadecimal": f"exec(bytes.fromhex('{_HEX}').decode())",
    "rot13": f"import codecs\nexec(codecs.decode({_ROT!r}, 'rot13'))",
    "xor": f"exec(''.join(chr(c ^ 42) for c in {_XOR}))",
    "xor in a loop": f"s = ''\nfor c in {_XOR}:\n    s += chr(c ^ 42)\nexec(s)",
    "translate": "exec('jnqpsu!pt<!pt/tztufn)#je#*'.translate({i: i - 1 for i in range(33, 127)}))",
    "from import": "from os import system as print\nprint('id')",
    "star import": "from os import *\nsystem('id')",
    "assigned": "import os\nf = os.system\ng = f\ng('id')",
    "default": "import os\ndef f(c, r=os.system):\n    r(c)\nf('id')",
    "closure": "import os\ndef mk(f):\n    def call(x):\n        return f(x)\n    return call\nmk(os.system)('id')",
    "partial": "import os, functools\nfunctools.partial(os.system, 'id')()",
    "partial getattr": "import os, functools\nfunctools.partial(getattr, os)('system')('id')",
    "reduce": "import functools\nfunctools.reduce(getattr, ['system'], __import__('os'))('id')",
    "methodcaller": "import os, operator\noperator.methodcaller('sys' + 'tem', 'id')(os)",
    "decorator": "import os\n@os.system\n@lambda f: 'id'\ndef g():\n    pass",
    "class decorator": "import os\n@lambda c: os.system('id')\nclass C:\n    pass",
    "subscript operator": "import os\nclass A:\n    def __getitem__(self, x):\n        return os.system(x)\nA()['id']",
    "class subscript": "import os\nclass A:\n    __class_getitem__ = os.system\nA['id']",
    "plus operator": "class A:\n    def __add__(self, n):\n        return __import__(n)\n(A() + 'os').system('id')",
    "comparison": "import os\nclass A:\n    def __eq__(self, o):\n        os.system(o)\n        return True\nA() == 'id'",
    "context manager": "import os\nclass A:\n    def __enter__(self):\n        return os.system\n    def __exit__(self, *a):\n        pass\nwith A() as f:\n    f('id')",
    "missing attribute": "class A:\n    def __getattr__(self, n):\n        return __import__(n)\nA().os.system('id')",
    "descriptor": "import os\nclass D:\n    def __get__(self, o, t):\n        return os.system\nclass A:\n    d = D()\nA().d('id')",
    "property": "import os\nclass A:\n    @property\n    def p(self):\n        return os.system\nA().p('id')",
    "metaclass": "import os\nclass M(type):\n    def __getitem__(cls, x):\n        return os.system(x)\nclass A(metaclass=M):\n    pass\nA['id']",
    "init subclass": "import os\nclass A:\n    def __init_subclass__(cls):\n        os.system('id')\nclass B(A):\n    pass",
    "generator": "import os\nlist(os.system(x) for x in ['id'])",
    "sorted key": "import os\nsorted(['id'], key=os.system)",
    "walrus": "(m := __import__('os')).system('id')",
    "tuple": "import os\n(lambda *a: a[0](a[1]))(os.system, 'id')",
    "keyword dictionary": "import os\ndef f(**k):\n    k['f'](k['c'])\nf(f=os.system, c='id')",
    "globals": "import os\nglobals()['o' + 's'].system('id')",
    "locals": "import os\nlocals()['os'].system('id')",
    "builtins dictionary": "import builtins\nbuiltins.__dict__['__imp' + 'ort__']('os').system('id')",
    "dunder builtins": "__builtins__['__import__']('os').system('id') if isinstance(__builtins__, dict) else __builtins__.__import__('os').system('id')",
    "self of print": "print.__self__.__import__('os').system('id')",
    "subclasses": "[c for c in ().__class__.__base__.__subclasses__() if c.__name__ == '_wrap_close'][0].__init__.__globals__['system']('id')",
    "subclasses by name": "for c in object.__subclasses__():\n    if c.__name__ == '_wrap_close':\n        c.__init__.__globals__['system']('id')",
    "function globals": "import os\nos.walk.__globals__['system']('id')",
    "frame": "import os, sys\nsys._getframe().f_globals['os'].system('id')",
    "frame of a generator": "import os\ng = (g.gi_frame.f_back.f_globals['os'].system('id') for _ in [1])\nlist(g)",
    "traceback": "import os\ntry:\n    1 / 0\nexcept Exception as e:\n    e.__traceback__.tb_frame.f_globals['os'].system('id')",
    "namespace walk": "import os\nfor k, v in vars(os).items():\n    if k == 'sys' + 'tem':\n        v('id')\n        break",
    "dir walk": "import os\nfor n in dir(os):\n    if n.startswith('syst'):\n        getattr(os, n)('id')",
    "members": "import os, inspect\ndict(inspect.getmembers(os))['system']('id')",
    "match": "import os\nmatch os:\n    case object(system=f):\n        f('id')",
    "exception group": "import os\ntry:\n    raise ExceptionGroup('x', [ValueError('id')])\nexcept* ValueError as g:\n    os.system(g.exceptions[0].args[0])",
    "wide letters": "import os\nos.\uff53\uff59\uff53\uff54\uff45\uff4d('id')",
    "setattr": "import os\nclass A:\n    pass\nsetattr(A, 'f', os.system)\nA.f('id')",
    "type": "import os\nA = type('A', (), {'f': staticmethod(os.system)})\nA.f('id')",
    "pickle": "import pickle\npickle.loads(b\"cos\\nsystem\\n(S'id'\\ntR.\")",
    "marshal": "import marshal\nexec(marshal.loads(marshal.dumps(compile('import os; os.system(\"id\")', 'x', 'exec'))))",
    "function type": "import types\ntypes.FunctionType(compile('__import__(\"os\").system(\"id\")', 'x', 'eval'), globals())()",
    "timeit": "import timeit\ntimeit.timeit(\"__import__('os').system('id')\", number=1)",
    "interpreter": "import code\ncode.InteractiveInterpreter().runsource(\"import os; os.system('id')\")",
    "doctest": "'''\n>>> import os; x = os.system('id')\n'''\nimport doctest, types\nm = types.ModuleType('m', __doc__)\ndoctest.run_docstring_examples(m, {})",
    "loader": "import importlib.util\nimportlib.util.find_spec('os').loader.load_module('os').system('id')",
}


def disguises() -> dict[str, str]:
    """Return all of them by name."""
    made = {
        f"{module} / {member}": f"{before}\n{call.format(m=expression)}\n"
        for module, (before, expression) in MODULES.items()
        for member, call in MEMBERS.items()
    }
    return made | {name: text + "\n" for name, text in EXOTIC.items()}
