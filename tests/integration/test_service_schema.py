"""The whole OpenAPI document against a real service, by schemathesis: no server error, no broken contract.

Once by somebody who may do everything, once by nobody: what is refused is refused as documented.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.requires_isolation, pytest.mark.timeout(600)]

# What schemathesis would like and what is not wrong here: routes that ignore unknown query parameters and
# take values of JSON that its data generator calls invalid (duplicate names, for one) do no harm.
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,response_headers_conformance"


def schemathesis(url: str, *arguments: str, phases: str = "examples,coverage,fuzzing") -> None:
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("st")), "run", f"{url}/openapi.json", "--url", url,
            "--checks", CHECKS, "--max-examples", os.environ.get("BERM_EXAMPLES", "6"),
            "--phases", phases, "--seed", "1", "--no-color",
            "--generation-database", "none", "--request-timeout", "60", *arguments,
        ],
        capture_output=True,
        text=True,
        timeout=580,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return f"sqlite:///{tmp_path_factory.mktemp('store')}/berm.db"


@pytest.fixture(scope="module")
def key(store):
    done = subprocess.run(
        [sys.executable, "-m", "berm", "keys", "create", "--user", "schema", "--role", "admin", "--json"],
        env={**os.environ, "BERM_STORE_URL": store}, capture_output=True, check=True, timeout=120,
    )  # fmt: skip
    return json.loads(done.stdout)["key"]


@pytest.fixture(scope="module")
def service(serve, store, key):
    return serve(
        BERM_STORE_URL=store, BERM_AUTH_MODE="on", BERM_SERVE_WARM="python",
        BERM_LIMITS_SERVICE_REQUESTS_PER_MINUTE="0", BERM_LIMITS_FAILURES_PER_MINUTE="0",
        BERM_LIMITS_ADDRESS_REQUESTS_PER_MINUTE="0", BERM_WEBHOOKS_KEY="k" * 40,
    ).ready()  # fmt: skip


def test_with_a_key(service, key):
    schemathesis(service.url, "--header", f"Authorization: Bearer {key}")
    assert key not in service.logged()
    assert '"level": "error"' not in service.logged()


def test_without_a_key(service):
    # Nobody's bodies are read, so that it is no use to try every field of them.
    schemathesis(service.url, phases="examples,fuzzing")
    assert service.process.poll() is None
