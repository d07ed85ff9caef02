"""Two replicas over one PostgreSQL are replaced while people hand in: nothing is lost, nobody sees an error end."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench"))

import upgrade

from postgres_server import binaries


@pytest.mark.serial
@pytest.mark.requires_isolation
@pytest.mark.timeout(900)
def test_nothing_is_lost(tmp_path, request):
    if binaries() is None:
        (pytest.fail if request.config.getoption("--require-toolchains") else pytest.skip)(
            "there is no PostgreSQL here"
        )
    counted = upgrade.roll(tmp_path, 16, "", 0.0)
    assert counted["accepted"] == counted["with a result"] == 16
    assert counted["verdicts"] == {"AC": 16}
    assert counted["exit codes of the old"] == {"old-1": 0, "old-2": 0}
