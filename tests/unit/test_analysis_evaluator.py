"""The parts that the Python evaluator stands on: names, scopes, values, and its bounds."""

from __future__ import annotations

import ast
import builtins
import inspect
import sys
import types

import pytest

from berm.analysis.fact import Sink
from berm.analysis.python import naming
from berm.analysis.python.naming import canonical, class_of, is_module, member, module, names_of
from berm.analysis.python.scope import Scope
from berm.analysis.python.statements import Evaluator
from berm.analysis.python.values import (
    MAX_BITS,
    MAX_ITEMS,
    MAX_TEXT,
    REST,
    UNKNOWN,
    Either,
    Instance,
    Klass,
    Namespace,
    Ref,
    bounded,
    either,
    is_plain,
    is_spoilt,
    items_of,
    options,
    same,
    spoil,
)
from berm.analysis.python.witness import MAX_STEPS

CANONICAL = {
    "os": "os",
    "posix": "os",
    "posix.system": "os.system",
    "posixpath.join": "os.path.join",
    "_io.open": "io.open",
    "io.FileIO": "io.open",
    "io.open": "io.open",
    "__builtins__.open": "io.open",
    "__builtin__.eval": "builtins.eval",
    "builtins.reduce": "functools.reduce",
    "_operator.add": "operator.add",
    "importlib._bootstrap": "importlib",
    "numpy.linalg.norm": "numpy.linalg.norm",
}


@pytest.mark.parametrize("path", CANONICAL)
def test_a_thing_has_one_name(path):
    assert canonical(path) == CANONICAL[path]
    assert module(path) == Ref(CANONICAL[path])


MEMBERS = {
    ("os", "system"): Ref("os.system"),
    ("os", "path"): Ref("os.path"),
    ("os", "sys"): Ref("sys"),
    ("random", "_os"): Ref("os"),
    ("random", "random"): Ref("random.random"),
    ("shutil", "os"): Ref("os"),
    ("shutil", "copy"): Ref("shutil.copy"),
    ("socket", "socket"): Ref("socket.socket"),
    ("socket", "_socket"): Ref("socket"),
    ("typing", "_ast"): Ref("_ast"),
    ("typing", "ast"): Ref("ast"),
    ("numpy", "os"): Ref("os"),
    ("numpy", "json"): Ref("numpy.json"),
    ("numpy", "sum"): Ref("numpy.sum"),
    ("builtins", "eval"): Ref("builtins.eval"),
    ("builtins", "open"): Ref("io.open"),
    ("builtins", "nothing"): UNKNOWN,
    ("builtins", "__import__"): Ref("builtins.__import__"),
    ("importlib", "__import__"): Ref("builtins.__import__"),
    ("sys", "modules"): Namespace(Ref("sys.modules")),
    ("os", "__builtins__"): Ref("builtins"),
    ("os", "__dict__"): Namespace(Ref("os")),
    ("os", "__call__"): Ref("os.__call__"),
    ("os", "__loader__"): Ref("importlib.loader"),
    ("os", "__spec__"): Ref("importlib.loader"),
    ("os", "__name__"): "os",
    ("os", "__qualname__"): "os",
    ("os", "__module__"): UNKNOWN,
    ("os", "__doc__"): UNKNOWN,
    ("os", "__class__"): Ref("types.ModuleType"),
    ("os", "__file__"): Ref("os.__file__"),
    ("os", "__half"): Ref("os.__half"),
    ("os", "half__"): Ref("os.half__"),
    ("os.system", "__call__"): Ref("os.system"),
    ("os.system", "__func__"): Ref("os.system"),
    ("os.system", "__wrapped__"): Ref("os.system"),
    ("os.system", "__get__"): Ref("os.system"),
    ("os.system", "__new__"): Ref("os.system"),
    ("os.system", "__self__"): Ref("os"),
    ("os.system", "__name__"): "system",
    ("os.system", "__module__"): "os",
    ("os.system", "__class__"): UNKNOWN,
    ("os.system", "__base__"): UNKNOWN,
    ("os.system", "__init__"): Ref("os.system.__init__"),
    ("os.walk", "__globals__"): Namespace(Ref("os")),
    ("os.path.join", "__globals__"): Namespace(Ref("os")),
    ("os.path.join", "__self__"): Ref("os.path.join.__self__"),
    ("builtins.print", "__self__"): Ref("builtins"),
    ("builtins.print", "__globals__"): Ref("builtins"),
    ("builtins.print", "__class__"): UNKNOWN,
    ("builtins.print", "__mro__"): UNKNOWN,
    ("builtins.print", "__doc__"): print.__doc__,
    ("builtins.nothing", "__doc__"): UNKNOWN,
    ("builtins.str", "__class__"): Ref("builtins.type"),
    ("builtins.bool", "__base__"): Ref("builtins.int"),
    ("builtins.bool", "__bases__"): (Ref("builtins.int"),),
    ("builtins.bool", "__mro__"): (Ref("builtins.bool"), Ref("builtins.int"), Ref("builtins.object")),
    ("builtins.object", "__base__"): UNKNOWN,
}  # fmt: skip


@pytest.mark.parametrize(("path", "name"), MEMBERS)
def test_a_member_of_pythons_own(path, name):
    assert member(path, name) == MEMBERS[path, name]


def test_what_is_named_as_a_module_is_one():
    # Of what is loaded here: a function that shares its name with a module is told from the module.
    for path in sorted(naming.STDLIB & set(sys.modules)):
        if path.startswith("_") or canonical(path) != path:
            continue
        for name, value in vars(sys.modules[path]).items():
            home = canonical(str(getattr(value, "__module__", "")))
            own = home == path and (inspect.isroutine(value) or type(value) is type)
            if name not in naming.STDLIB or name.startswith("_"):
                continue
            found = member(canonical(path), name)
            if isinstance(value, types.ModuleType):
                assert found == Ref(canonical(name)), (path, name)
            elif own:
                assert found == Ref(f"{canonical(path)}.{name}"), (path, name)


def test_what_pythons_own_names_are():
    assert set(dir(builtins)) <= naming.BUILTINS
    assert is_module("os")
    assert is_module("os.path")
    assert not is_module("os.system")
    assert not is_module("numpy")
    assert "system" in (names_of("os") or [])
    assert names_of("os") == sorted(dir(sys.modules["os"]))
    assert names_of("berm") is None
    assert names_of("nothing") is None


@pytest.mark.parametrize("value", ["a", 1, True, None, [1], (1,), {}, b"a", 1.5, {1}, range(3)])
def test_the_class_of_data(value):
    assert class_of(value) == Ref(f"builtins.{type(value).__name__}")


@pytest.mark.parametrize(
    "value", [UNKNOWN, Ref("os"), Either(("a", 1)), Namespace(None), Klass("A", [], {})]
)
def test_the_class_of_what_is_no_data(value):
    assert class_of(value) is UNKNOWN


def test_what_a_function_sees_of_the_names_around_it():
    outer = Scope("module")
    outer.bind("a", 1)
    outer.bind("a", 2)
    outer.bind("a", 2)
    inner = Scope("function", outer)
    assert outer.find("a") == 2
    assert set(options(inner.find("a"))) == {1, 2}
    assert not inner.has(inner.find("b"))
    assert inner.has(inner.find("a"))
    inner.bind("a", 3)
    assert inner.find("a") == 3
    held = Scope("class", outer)
    held.bind("c", 1)
    assert not Scope("function", held).has(Scope("function", held).find("c"))
    assert Scope("comprehension", inner).find("a") == 3
    assert Scope("comprehension", outer).find("a") == 2
    inner.declared_global.add("g")
    inner.bind("g", 5)
    assert outer.find("g") == 5
    assert Scope("comprehension", inner).find("g") == 5
    assert inner.find("g") == 5
    inner.declared_global.add("h")
    assert not inner.has(inner.find("h"))
    for number in range(12):
        outer.bind("many", number)
    assert UNKNOWN in options(inner.find("many"))
    assert outer.find("many") == 11
    inner.bind("g", "global")
    middle = Scope("function", outer)
    middle.bind("g", "of the middle")
    deepest = Scope("function", middle)
    assert deepest.find("g") == "of the middle"
    assert set(options(Scope("function", Scope("class", deepest)).find("a"))) == {1, 2}
    deepest.declared_global.add("g")
    assert "global" in options(deepest.find("g"))
    assert "global" in options(Scope("comprehension", deepest).find("g"))
    assert "of the middle" not in options(Scope("comprehension", deepest).find("g"))
    for value in (1, 2, 1, 2, 1):
        middle.bind("twice", value)
    assert middle.others["twice"] == [1, 2]
    assert middle.seen_from_inside("twice") == Either((1, 2))
    loop = Scope("comprehension", outer)
    loop.bind("a", 1)
    loop.bind("a", 2)
    assert not loop.others


def test_what_a_value_may_be():
    assert either([]) is UNKNOWN
    assert either([1]) == 1
    assert either([1, 1]) == 1
    assert either([1, 1, 2]) == Either((1, 2))
    assert either([1, UNKNOWN, UNKNOWN, 2]) == Either((1, UNKNOWN, 2))
    assert either(["ab", str(b"ab", "ascii")]) == "ab"
    assert either([1, True, 1.0]) == Either((1, True, 1.0))
    assert either([1, UNKNOWN, UNKNOWN]) == Either((1, UNKNOWN))
    assert either([UNKNOWN, UNKNOWN]) is UNKNOWN
    assert either([Either((1, 2)), 2, 3]) == Either((1, 2, 3))
    assert either(range(6)) == Either((0, 1, 2, 3, 4, 5))
    assert either(range(7)) is UNKNOWN
    one = [1]
    assert either([one, one]) is one
    assert either([one, [1]]) == Either((one, [1]))
    assert options(5) == (5,)
    assert options(Either((1, 2))) == (1, 2)
    assert same("a", "a")
    assert not same(1, True)
    assert not same([1], [1])
    assert not same((1,), tuple([1]))  # noqa: C409 - another object
    assert repr(UNKNOWN) == "UNKNOWN"


@pytest.mark.parametrize("value", ["", b"", 0, 0.5, 1j, None, True, ..., range(2), slice(1), bytearray(), [1, (2, {3})], {"a": [None]}, frozenset([1])])  # fmt: skip
def test_data(value):
    assert is_plain(value)
    assert bounded(value) is value


@pytest.mark.parametrize("value", [UNKNOWN, REST, Ref("os"), [UNKNOWN], {"a": Ref("os")}, {REST: 1}, (Either((1, 2)),), len, Namespace(None)])  # fmt: skip
def test_no_data(value):
    assert not is_plain(value)


def test_bounds_of_values():
    deep: list[object] = []
    for _ in range(12):
        deep = [deep]
    assert is_plain(deep)
    assert not is_plain([deep])
    table: dict[object, object] = {}
    for _ in range(12):
        table = {0: table}
    assert is_plain(table)
    assert not is_plain({0: table})
    assert bounded("a" * MAX_TEXT) is not UNKNOWN
    assert bounded("a" * (MAX_TEXT + 1)) is UNKNOWN
    assert bounded(b"a" * (MAX_TEXT + 1)) is UNKNOWN
    assert bounded(1 << (MAX_BITS - 1)) is not UNKNOWN
    assert bounded(1 << MAX_BITS) is UNKNOWN
    for kind in (list, tuple, set, frozenset):
        assert bounded(kind(range(MAX_ITEMS))) is not UNKNOWN
        assert bounded(kind(range(MAX_ITEMS + 1))) is UNKNOWN
        assert items_of(kind(range(MAX_ITEMS))) == list(range(MAX_ITEMS))
        assert items_of(kind(range(MAX_ITEMS + 1))) is None
    assert bounded(dict.fromkeys(range(MAX_ITEMS + 1))) is UNKNOWN


def test_what_was_changed_out_of_sight():
    for value in ([1], {"a": 1}, {1}):
        assert not is_spoilt(value)
        spoil(value)
        assert is_spoilt(value)
        assert items_of(value) is None
    data = bytearray(b"a")
    spoil(data)
    assert data == b""
    assert is_spoilt((REST,))
    assert not is_spoilt((1,))
    assert not is_spoilt("a")
    assert items_of({"a": 1, REST: REST}) is None
    assert items_of("ab") == ["a", "b"]
    assert items_of(b"ab") == [97, 98]
    assert items_of({"a": 1}) == ["a"]
    assert items_of(range(2)) == [0, 1]
    assert items_of(5) is None
    assert items_of(UNKNOWN) is None


def test_attributes_are_looked_for_in_the_bases():
    base = Klass("A", [], {"a": 1, "b": 2})
    other = Klass("B", [], {"c": 3})
    klass = Klass("C", [Ref("os"), base, other], {"a": 5})
    assert [klass.find(name) for name in "abcd"] == [5, 2, 3, UNKNOWN]
    loop = Klass("D", [], {})
    loop.bases.append(loop)
    assert loop.find("a") is UNKNOWN
    assert Instance(klass, {}).klass is klass


def test_the_evaluator_stops_where_it_would_cost_too_much():
    evaluator = Evaluator("", Sink(lambda *_: True), deep=True)
    evaluator.run(ast.parse("x = 0\nwhile True:\n    x += 1\n    x -= 1\n    x += 1\n").body)
    assert evaluator.tired
    assert evaluator.steps <= MAX_STEPS + 200
    assert evaluator.scope.names["x"] is UNKNOWN


def test_what_is_nested_too_deeply_is_told():
    names: set[str] = set()

    def wanted(_kind: object, name: str) -> bool:
        names.add(name)
        return True

    Evaluator("", Sink(wanted)).run(ast.parse("-" * 150 + "1\n").body)
    assert "too-complex" not in names
    Evaluator("", Sink(wanted)).run(ast.parse("-" * 250 + "1\n").body)
    assert "too-complex" in names
