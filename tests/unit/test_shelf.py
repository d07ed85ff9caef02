"""Prepared toolchains on disk: made once, kept by content, never taken from a directory of others."""

from __future__ import annotations

import asyncio
import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

import berm
from berm.artifacts.shelf import Shelf, places
from berm.cell.files import File
from berm.languages import Language, Stage
from berm.languages.preparation import PrepareRule, StageRule
from berm.languages.registry import Registry

pytestmark = pytest.mark.anyio

RULE = PrepareRule(
    files={"helper.js": b"helper"},
    keep=("helper.js",),
    stages=(
        StageRule(("{node}", "one"), ("*.bin",), "deep/er", ""),
        StageRule(("{node}", "two"), ("*.class",), "", "all.jar"),
    ),
)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A directory on which root's cells could look: pytest's own are closed to others."""
    for folder in (tmp_path, *tmp_path.parents):
        if os.access(folder, os.W_OK) and folder.owner() == Path("~").expanduser().owner():
            folder.chmod(folder.stat().st_mode | 0o011)
        if folder == Path("/tmp"):
            break
    return tmp_path / "shelf"


@pytest.fixture
def language() -> Language:
    found = Registry.open().find("javascript")
    if not found.available:
        pytest.skip("needs node")
    return dataclasses.replace(
        found, definition=dataclasses.replace(found.definition, prepare=RULE)
    )


class Stages:
    """Performs stages without a cell, and counts them."""

    def __init__(self) -> None:
        self.performed: list[str] = []
        self.gate: asyncio.Event | None = None

    async def __call__(self, stage: Stage, files: Mapping[str, File]) -> Mapping[str, File]:
        assert files == {"helper.js": File(b"helper")}
        self.performed.append(stage.step.argv[-1])
        if self.gate is not None:
            await self.gate.wait()
        return (
            {"made.bin": File(b"one")}
            if stage.step.argv[-1] == "one"
            else {"A.class": File(b"two")}
        )


async def test_it_is_made_once_and_found_by_the_next_process(
    base: Path, language: Language
) -> None:
    first, stages = Shelf([base]), Stages()
    assert await first.look(language) == ""
    made = Path(await first.prepare(language, stages))
    assert stages.performed == ["one", "two"]
    assert (made / "helper.js").read_bytes() == b"helper"
    assert (made / "deep/er/made.bin").read_bytes() == b"one"
    assert (made / "all.jar").read_bytes()[:2] == b"PK"
    modes = {path.stat().st_mode & 0o777 for path in made.rglob("*") if path.is_file()}
    assert modes == {0o644}
    second = Shelf([base])
    assert await second.look(language) == str(made)
    assert await second.prepare(language, stages) == str(made)
    assert len(stages.performed) == 2


async def test_two_at_once_make_it_once(base: Path, language: Language) -> None:
    stages = Stages()
    stages.gate = asyncio.Event()
    both = [asyncio.create_task(Shelf([base]).prepare(language, stages)) for _ in range(2)]
    while not stages.performed:
        await asyncio.sleep(0.01)
    stages.gate.set()
    one, two = await asyncio.gather(*both)
    assert one == two != ""
    assert stages.performed == ["one", "two"]


@pytest.mark.parametrize("change", ["contents", "missing", "manifest"])
async def test_what_is_not_what_was_written_is_made_anew(
    base: Path, language: Language, change: str
) -> None:
    before = Shelf([base])
    made = Path(await before.prepare(language, Stages()))
    before.close()
    if change == "contents":
        (made / "deep/er/made.bin").write_bytes(b"two")
    elif change == "missing":
        (made / "helper.js").unlink()
    else:
        (made / "manifest.json").write_text("{}")
    shelf, stages = Shelf([base]), Stages()
    assert await shelf.look(language) == ""
    assert await shelf.prepare(language, stages) == str(made)
    assert stages.performed == ["one", "two"]
    assert (made / "deep/er/made.bin").read_bytes() == b"one"


async def test_another_toolchain_is_prepared_anew_and_the_old_one_goes_once_nobody_uses_it(
    base: Path, language: Language
) -> None:
    old = Shelf([base])
    before = Path(await old.prepare(language, Stages()))
    assert language.toolchain is not None
    upgraded = dataclasses.replace(
        language, toolchain=dataclasses.replace(language.toolchain, version="99.0")
    )
    after = Path(await Shelf([base]).prepare(upgraded, Stages()))
    assert after != before
    assert before.exists(), "a process uses it"
    old.close()
    again = dataclasses.replace(
        upgraded, toolchain=dataclasses.replace(language.toolchain, version="99.1")
    )
    await Shelf([base]).prepare(again, Stages())
    assert not before.exists()


async def test_a_failed_stage_leaves_nothing_that_is_used(base: Path, language: Language) -> None:
    async def broken(_stage: Stage, _files: Mapping[str, File]) -> Mapping[str, File]:
        raise berm.CellError("no")

    shelf = Shelf([base])
    with pytest.raises(berm.CellError):
        await shelf.prepare(language, broken)
    assert await Shelf([base]).look(language) == ""
    assert await shelf.prepare(language, Stages()) != ""


async def test_a_directory_that_others_could_write_is_not_used(
    base: Path, tmp_path: Path, language: Language
) -> None:
    """Attack: plant a prepared toolchain. Outcome: such a directory is refused, and said so."""
    base.mkdir()
    base.chmod(0o777)
    shelf = Shelf([base])
    assert shelf.directory is None
    assert "others could change" in shelf.problem
    assert await shelf.prepare(language, Stages()) == ""
    link = tmp_path / "link"
    (tmp_path / "real").mkdir(mode=0o755)
    link.symlink_to(tmp_path / "real")
    assert Shelf([link]).directory is None
    if os.geteuid() == 0:
        other = tmp_path / "other"
        other.mkdir(mode=0o755)
        os.chown(other, 12345, 12345)
        assert Shelf([other]).directory is None
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o700)
        assert Shelf([closed / "shelf"]).directory is None
    assert Shelf([link, tmp_path / "good"]).directory == tmp_path / "good"


def test_where_it_is() -> None:
    assert places(berm.Config(cache_directory="/srv/x"), hides=True) == [Path("/srv/x")]
    shown = places(berm.Config(run_dir="/tmp"), hides=False)
    assert shown[-1].parent == Path("/tmp")
    assert shown[:-1] == places(berm.Config(run_dir="/tmp"), hides=True)


async def test_what_an_image_brings_is_used_where_nothing_can_be_written(
    base: Path, language: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    made = Path(await Shelf([base]).prepare(language, Stages()))
    assert {path.stat().st_mtime for path in made.rglob("*") if path.is_file()} == {1e9}
    for lock in base.glob("*.lock"):
        lock.unlink()
    shelf, stages = Shelf((), base), Stages()
    assert await shelf.look(language) == str(made)
    assert await shelf.prepare(language, stages) == str(made)
    assert stages.performed == []
    assert not list(base.glob("*.lock"))


async def test_what_an_image_brings_for_another_toolchain_is_left_alone(
    base: Path, language: Language, tmp_path: Path
) -> None:
    made = Path(await Shelf([base]).prepare(language, Stages()))
    assert language.toolchain is not None
    other = dataclasses.replace(
        language, toolchain=dataclasses.replace(language.toolchain, version="99.0")
    )
    own, stages = tmp_path / "own", Stages()
    assert Path(await Shelf([own], base).prepare(other, stages)).parent == own
    assert stages.performed == ["one", "two"]
    (made / "helper.js").write_bytes(b"changed")
    assert await Shelf((), base).look(language) == ""


@pytest.mark.parametrize("where", ["itself", "above"])
def test_what_others_could_have_changed_is_refused(base: Path, where: str) -> None:
    folder = base / "baked"
    folder.mkdir(parents=True)
    (folder if where == "itself" else base).chmod(0o777)
    with pytest.raises(berm.ConfigError, match="others could change"):
        Shelf((), folder)


def test_a_directory_that_is_not_there_is_refused(base: Path) -> None:
    with pytest.raises(berm.ConfigError, match="berm prepare"):
        Shelf((), base / "nowhere")
