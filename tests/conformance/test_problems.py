"""The example problems keep their word: every labelled submission is judged as its label says.

`berm verify` with `--times 20` is how the same is shown often and under load.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import berm
from berm.judge import Judge
from berm.judge.packages import read
from berm.judge.verification import calibrate, verify

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.requires_isolation,
    pytest.mark.requires_toolchain("c", "cpp", "java", "javascript"),
    pytest.mark.timeout(600),
]

PROBLEMS = sorted((Path(__file__).resolve().parents[2] / "examples" / "problems").glob("*/"))
LANGUAGES = {"c", "cpp", "java", "javascript", "python"}


@pytest.fixture(scope="module")
async def engine() -> AsyncIterator[berm.Engine]:
    async with berm.Engine() as opened:
        yield opened


@pytest.mark.parametrize("path", PROBLEMS, ids=lambda path: path.name)
async def test_every_label_holds(engine: berm.Engine, path: Path) -> None:
    async with Judge(engine) as judge:
        package = read(path, engine.registry)
        if package.time_limit is None:
            package, slowest = await calibrate(package, judge, engine.registry)
            assert package.time_limit >= slowest * package.factor
        wrong = {}
        judged = 0
        async for checked in verify(package, judge, engine.registry):
            judged += checked.judgement is not None
            if checked.disagreements:
                wrong[checked.labelled.name] = checked.disagreements
            if checked.skipped:  # a language that is missing here, and never one of the five
                assert checked.labelled.path.suffix in (".pl", ".awk", ".sh"), checked.skipped
    assert not wrong
    assert judged >= 3


def test_there_are_twelve_problems_of_every_kind() -> None:
    kinds = set()
    for path in PROBLEMS:
        text = (path / "problem.yaml").read_text("utf-8")
        kinds |= {word for word in ("interactive", "scoring", "float_tolerance") if word in text}
        kinds |= {"validator"} if list(path.glob("output_validator*")) else set()
        kinds |= {"many files"} if list(path.glob("submissions/accepted/*/main.*")) else set()
    assert len(PROBLEMS) >= 12
    assert kinds == {"interactive", "scoring", "float_tolerance", "validator", "many files"}
