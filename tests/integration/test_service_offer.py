"""Where only some languages can be isolated, as in gVisor, the service offers those and says so of the others."""

from __future__ import annotations

import dataclasses

import pytest

import berm
from berm.errors import LanguageError
from berm.service.offer import OwnOffer

pytestmark = [pytest.mark.anyio, pytest.mark.requires_isolation("userns")]


async def test_what_cannot_be_isolated_is_not_offered() -> None:
    """This machine's features, less what gVisor does not have: Landlock, and a root with its powers."""
    async with berm.Engine(berm.Config(plan="confined", landlock_abi=0)) as engine:
        seen = dataclasses.replace(engine.features, way="userns", uid=1000, setuid=False)
        engine._features = seen
        offer = OwnOffer(engine)
        assert "python" in offer.languages()
        assert "c" not in offer.languages()
        assert "c" not in [info.name for info in offer.infos()]
        assert "copied-root" in offer.security().layers
        assert offer.canonical("python3") == "python"
        with pytest.raises(LanguageError, match="in c cannot be isolated where this service runs"):
            offer.canonical("c")


async def test_where_none_can_be_it_is_isolation_that_is_refused() -> None:
    async with berm.Engine(berm.Config(plan="confined", landlock_abi=0)) as engine:
        engine._features = dataclasses.replace(engine.features, way="none", uid=1000, setuid=False)
        offer = OwnOffer(engine)
        assert "python" in offer.languages()
        assert offer.canonical("python") == "python"
        with pytest.raises(berm.IsolationError):
            offer.security()
