"""The house itself: what the project promises about its files, its imports and its dependencies."""

import ast
import os
import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
SETS = ("build", "runtime", "dev", "docs")
NAME = re.compile(r"^[A-Za-z0-9._-]+")


def declared(path: Path) -> set[str]:
    lines = (line.split("#")[0].strip() for line in path.read_text("utf-8").splitlines())
    return {line for line in lines if line and not line.startswith("-")}


def grouped(name: str) -> set[str]:
    found: set[str] = set()
    for entry in PROJECT["dependency-groups"][name]:
        found |= {entry} if isinstance(entry, str) else grouped(entry["include-group"])
    return found


def test_requirement_files_name_what_pyproject_names():
    extras = PROJECT["project"]["optional-dependencies"]
    wanted_only = set(extras.pop("otel"))  # what nobody gets who does not ask for it
    runtime = {
        entry for extra in extras.values() for entry in extra if not entry.startswith("berm[")
    }
    folder = ROOT / "requirements"
    assert declared(folder / "runtime.in") == runtime
    assert declared(folder / "build.in") == grouped("build")
    assert declared(folder / "dev.in") | grouped("build") == grouped("dev") | wanted_only
    assert declared(folder / "docs.in") == grouped("docs")


@pytest.mark.parametrize("name", SETS)
def test_every_requirement_is_locked_with_hashes(name):
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
    pins = {
        m[1].lower(): m[0]
        for m in re.finditer(r"^([\w.-]+)==\S+.*(?:\n {4}--hash=.*)*", text, re.MULTILINE)
    }
    assert all("--hash=sha256:" in pin for pin in pins.values())
    wanted = {
        NAME.match(line)[0].lower() for line in declared(ROOT / "requirements" / f"{name}.in")
    }
    assert wanted <= set(pins)


def test_locked_sets_agree_on_versions():
    versions: dict[str, set[str]] = {}
    for name in SETS:
        text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
        for line in re.findall(r"^[\w.-]+==[^\\\n]+", text, re.MULTILINE):
            package, version = line.strip().split("==", 1)
            versions.setdefault(package, set()).add(version)
    marked = {p: v for p, v in versions.items() if len(v) > 1 and not any(";" in one for one in v)}
    assert marked == {}


def test_requirement_files_hold_no_address_and_no_path():
    for path in sorted((ROOT / "requirements").iterdir()):
        text = path.read_text("utf-8")
        assert re.search(r"https?:|file:|ssh:|--(extra-)?index|--find-links|@ ", text) is None, path
        assert re.search(r"(^|\s)/\w", text, re.MULTILINE) is None, path


def test_importing_berm_needs_only_the_standard_library():
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); before = set(sys.modules)\n"
        "import berm\n"
        "new = {n.split('.')[0] for n in set(sys.modules) - before}\n"
        "print(*sorted(new - set(sys.stdlib_module_names) - {'berm', 'berm_cell'}))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, str(ROOT / "src")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == []


def imported(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize(
    "path", sorted((ROOT / "src" / "berm_cell").glob("**/*.py")), ids=lambda p: p.name
)
def test_the_launcher_uses_python_3_8_and_the_standard_library(path):
    tree = ast.parse(path.read_text("utf-8"), feature_version=(3, 8))
    assert imported(tree) <= set(sys.stdlib_module_names) | {"berm_cell"}


def test_the_door_is_one_script_of_the_standard_library():
    tree = ast.parse((ROOT / "dev").read_text("utf-8"), feature_version=(3, 6))
    assert imported(tree) <= set(sys.stdlib_module_names)
    assert os.access(ROOT / "dev", os.X_OK)


def test_the_door_installs_what_the_language_files_say():
    from berm.languages import definition, install
    from berm.languages.registry import DATA

    door = runpy.run_path(str(ROOT / "dev"), run_name="door")
    assert door["PLACE"] == install.PLACE
    for tier in definition.TIERS:
        told = {tool.title: tool.commands() for tool in door["tools"](tier)}
        for path in DATA.glob("*.toml"):
            loaded = definition.load(path)
            wanted = definition.TIERS.index(loaded.tier) <= definition.TIERS.index(tier)
            commands = [one for one in loaded.install.commands() if one != loaded.install.other]
            if wanted and commands:
                assert told.pop(f"{loaded.title} programs") == " && ".join(commands)
        assert not told


def test_the_door_refuses_what_it_does_not_know():
    done = subprocess.run(
        [sys.executable, ROOT / "dev", "nonsense"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "./dev serve" in done.stderr
    assert done.stdout == ""


def test_the_version_stands_in_two_places_and_is_the_same():
    import berm

    assert berm.__version__ == PROJECT["project"]["version"]


def test_every_public_name_is_documented():
    import berm

    text = (ROOT / "docs" / "reference" / "library.md").read_text("utf-8")
    assert [name for name in berm.__all__ if f":: berm.{name}\n" not in text] == []
