"""A service whose isolation is proved again and again, and what it does once it does not hold."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest

import berm
from berm.errors import CellError, EscapeError
from berm.service.app import create_app
from berm.service.proof import keep_proving
from berm.service.readiness import Readiness

pytestmark = [pytest.mark.anyio, pytest.mark.requires_isolation]

GOOD = {"language": "python", "code": "print(1)", "test_cases": [{"expected_output": "1"}]}


async def test_a_canary_that_gets_out_ends_the_readiness_for_good():
    readiness = Readiness()
    readiness.become_ready()
    asked = []

    async def prove():
        asked.append(readiness.ready)
        if len(asked) == 2:
            raise CellError("The canary did not report.")
        if len(asked) == 4:
            raise EscapeError("A canary got out of its cell.")

    async with asyncio.timeout(10):
        await keep_proving(prove, readiness, 0.01)
    assert asked == [True] * 4
    assert (readiness.ready, readiness.status) == (False, "unhealthy")
    readiness.become_ready()
    assert not readiness.ready


async def test_proving_can_be_switched_off():
    async with asyncio.timeout(10):
        await keep_proving(pytest.fail, Readiness(), 0)


async def test_a_service_whose_isolation_broke_runs_nothing():
    readiness = Readiness()
    readiness.become_ready()
    async with berm.Engine() as engine:
        transport = httpx.ASGITransport(create_app(engine, readiness=readiness))
        async with httpx.AsyncClient(transport=transport, base_url="http://berm") as client:
            assert (await client.post("/execute", json=GOOD)).json()["summary"]["all_passed"]
            assert (await client.get("/health")).status_code == 200
            readiness.condemn("A canary got out of its cell: it read /etc/shadow.")
            answer = await client.post("/execute", json=GOOD)
            assert answer.status_code == 503
            assert "cannot isolate" in answer.json()["error"]
            assert "shadow" not in answer.text
            health = await client.get("/health")
            assert (health.status_code, health.json()["status"]) == (503, "unhealthy")
            assert (await client.get("/readyz")).status_code == 503
            assert (await client.get("/healthz")).status_code == 200


async def test_a_real_service_stays_ready_while_it_proves(serve):
    service = serve("--log-level=debug", BERM_SERVE_PROVE_EVERY="0.5").ready()
    with service.client() as client:
        deadline = time.monotonic() + 60
        while service.logged().count("isolation proved again") < 3:
            assert time.monotonic() < deadline
            assert client.post("/execute", json=GOOD).json()["summary"]["all_passed"]
        assert client.get("/readyz").status_code == 200
