"""Each disguise of ``os.system("id")`` works, and each is refused."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from berm.analysis.examine import examine
from berm.analysis.policy import Policy
from berm.config import Config
from berm.engine import Engine

_SPEC = importlib.util.spec_from_file_location(
    "disguises", Path(__file__).with_name("disguises.py")
)
assert _SPEC is not None and _SPEC.loader is not None
_MODULE = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_MODULE)
DISGUISES: dict[str, str] = _MODULE.disguises()

# What each does, told by a function in the place of os.system: a cell starts no processes.
HARNESS = """
import builtins, contextlib, io, json, os, posix, sys, warnings
warnings.simplefilter("ignore")
given = json.load(sys.stdin)
worked = []
for name, text in given.items():
    calls = []
    class Record:  # no function: as a class's attribute it is no method, as the real one is none
        def __call__(self, command):
            calls.append(command)
            return 0
    os.system = posix.system = Record()
    space = {"__name__": "__main__", "__builtins__": builtins}
    failed = ""
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            exec(compile(text.encode(), "<disguise>", "exec"), space)
    except BaseException as error:
        failed = repr(error)
    if "id" in calls:
        worked.append(name)
    else:
        print(name, failed, file=sys.stderr)
print(json.dumps(worked))
"""


def test_there_are_two_hundred():
    assert len(DISGUISES) >= 200
    assert len(set(DISGUISES.values())) == len(DISGUISES)


@pytest.mark.anyio
@pytest.mark.requires_isolation
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_each_works(anyio_backend):
    async with Engine(Config()) as engine:
        result = await engine.run(HARNESS, stdin=json.dumps(DISGUISES))
    assert result.outcome.ok, result.stderr
    missing = set(DISGUISES) - set(json.loads(result.stdout))
    assert missing == set(), result.stderr.decode()


@pytest.mark.parametrize("name", DISGUISES)
def test_each_is_refused(name):
    analysis = Policy("contest").decide(examine(DISGUISES[name].encode(), "python"), "python")
    assert analysis.refused is not None


def test_most_are_named():
    # Not only refused: told for what they are.
    named = [
        name
        for name, text in DISGUISES.items()
        if any(f.subject == "os.system" for f in examine(text.encode(), "python"))
    ]
    assert len(named) >= 0.9 * len(DISGUISES)
