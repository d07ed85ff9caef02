"""What every test may ask for: marks that name a need, and options that turn a missing need into a failure."""

from __future__ import annotations

import functools
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import HealthCheck, settings

# Tests and benchmarks share postgres_server.py, whichever way they are started.
sys.path.insert(0, str(Path(__file__).parent))

from postgres_server import PostgresServer, binaries

# A shell that starts something in the background has it ignore SIGINT, and programs inherit that: those that
# tests start and interrupt, too.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Shared, loaded machines make single examples slow; that is never what a property is about.
settings.register_profile(
    "berm", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("berm")

_OPTIONS = {
    "isolation": "--require-isolation",
    "toolchains": "--require-toolchains",
}

# Features with an equal: where they are missing, other layers hold the same guarantee, so a machine
# without them is no worse, and a test of them skips whatever the options say.
_WITH_AN_EQUAL = frozenset({"cgroup_v2"})


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("berm")
    group.addoption(
        _OPTIONS["isolation"],
        action="store_true",
        help="a kernel feature that a test needs and this machine lacks is a failure, not a skip",
    )
    group.addoption(
        _OPTIONS["toolchains"],
        action="store_true",
        help="a language or command that a test needs and this machine lacks is a failure, not a skip",
    )
    parser.addoption(
        "--languages",
        default="smoke",
        help="tests/conformance/test_every_language.py: smoke, all, or names with commas between",
    )


def _refuse(config: pytest.Config, kind: str, reason: str) -> NoReturn:
    """Fail where the option for this kind of need is given, skip where it is not."""
    if config.getoption(_OPTIONS[kind]):
        pytest.fail(f"{reason} ({_OPTIONS[kind]} is given)", pytrace=False)
    pytest.skip(reason)


@functools.cache
def _features() -> Any:
    from berm.kernel import features

    return features.probe()


def _missing_isolation(fields: tuple[str, ...], landlock_abi: int) -> list[str]:
    """Return what this machine lacks, by the names of HostFeatures' fields.

    Without any name: what some plan needs, which is seccomp and either a mount namespace with
    pivot_root, or Landlock.
    """
    found = _features()
    if fields or landlock_abi:
        missing = [name for name in fields if not getattr(found, name)]
        if found.landlock_abi < landlock_abi:
            missing.append(f"landlock_abi >= {landlock_abi} (it is {found.landlock_abi})")
        return missing
    missing = [] if found.seccomp_filter else ["seccomp_filter"]
    if not (found.mount_ns and found.pivot_root) and not found.landlock_abi:
        missing.append("a mount namespace with pivot_root, or Landlock")
    return missing


@functools.cache
def _installed(name: str) -> bool:
    """Tell whether a language's toolchain works here, or a command of that name is there."""
    from berm.errors import LanguageError
    from berm.languages.registry import Registry

    try:
        return Registry.open(None).get(name).available
    except LanguageError:
        return shutil.which(name) is not None


def _missing_tools(names: tuple[str, ...]) -> list[str]:
    return [name for name in names if not _installed(name)]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("requires_root") is not None and os.geteuid() != 0:
        pytest.skip("needs root")
    for mark in item.iter_markers("requires_isolation"):
        missing = _missing_isolation(mark.args, mark.kwargs.get("landlock_abi", 0))
        if missing:
            _refuse(
                item.config, "isolation", "this kernel or container lacks " + ", ".join(missing)
            )
    for mark in item.iter_markers("requires_toolchain"):
        missing = _missing_tools(mark.args)
        if missing:
            _refuse(item.config, "toolchains", "not installed: " + ", ".join(missing))


@pytest.fixture
def refuse(request: pytest.FixtureRequest) -> Callable[[str, str], NoReturn]:
    """``refuse("isolation" | "toolchains", reason)``: for needs that show only while a test runs."""
    return functools.partial(_refuse, request.config)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Asynchronous tests run on asyncio, as the service does."""
    return "asyncio"


@pytest.fixture(scope="session")
def postgresql(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """A running PostgreSQL; ``postgresql.database()`` makes an empty database and returns its URL."""
    if binaries() is None:
        _refuse(request.config, "toolchains", "not installed: PostgreSQL's server")
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(autouse=True, scope="session")
def _state_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test, and no service that one starts, touches the store of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        patch.delenv("BERM_STORE_URL", raising=False)
        yield
