"""The Terraform files below deploy/terraform/azure: they parse, name only what is there, and say what Berm takes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import hcl2
import pytest

from berm.config import Config
from berm.service.sections import Sections

FOLDER = Path(__file__).resolve().parents[2] / "deploy/terraform/azure"
FILES = sorted(FOLDER.glob("*.tf"))
PROFILES = sorted(FOLDER.glob("*.tfvars"))


def parsed(path: Path) -> dict[str, Any]:
    with path.open(encoding="utf-8") as stream:
        return cleaned(hcl2.load(stream))


def cleaned(value: Any) -> Any:
    """Take off the quotation marks that newer versions of the parser leave around strings, and its own marks."""
    if isinstance(value, dict):
        kept = {cleaned(k): cleaned(v) for k, v in value.items()}
        return {k: v for k, v in kept.items() if not str(k).startswith("__")}
    if isinstance(value, list):
        return [cleaned(one) for one in value]
    if isinstance(value, str) and len(value) >= 2 and value[0] == value[-1] == '"':
        return value[1:-1]
    return value


@pytest.fixture(scope="module")
def everything() -> dict[str, dict[str, Any]]:
    """Return kind → address → body: ``resource`` → ``azurerm_container_app.api`` → its arguments."""
    found: dict[str, dict[str, Any]] = {}
    for path in FILES:
        for kind, blocks in parsed(path).items():
            place = found.setdefault(kind, {})
            for block in blocks:
                for name, body in block.items():
                    if kind in ("resource", "data"):
                        place |= {f"{name}.{one}": inner for one, inner in body.items()}
                    else:
                        place[name] = body
    return found


@pytest.fixture(scope="module")
def text() -> str:
    return "\n".join(path.read_text("utf-8") for path in FILES)


def without_comments(text: str) -> str:
    return re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)


def test_there_is_what_the_guide_promises(everything):
    kinds = {address.partition(".")[0] for address in everything["resource"]}
    assert {
        *("azurerm_container_app", "azurerm_container_app_environment", "azurerm_key_vault"),
        *("azurerm_postgresql_flexible_server", "azurerm_log_analytics_workspace"),
        *("azurerm_user_assigned_identity", "azurerm_role_assignment"),
    } <= kinds
    assert set(everything["output"]) >= {"url", "resource_group"}


def test_every_reference_is_to_something_that_is_there(everything, text):
    code = without_comments(text)
    for name in re.findall(r"\bvar\.(\w+)", code):
        assert name in everything["variable"], name
    for name in re.findall(r"\blocal\.(\w+)", code):
        assert name in everything["locals"], name
    for address in re.findall(r"(?<!data\.)\b((?:azurerm|random)_\w+\.\w+)", code):
        assert address in everything["resource"] or f"data.{address}" in code, address
    for name in everything["variable"]:
        assert re.search(rf"\bvar\.{name}\b", code), f"{name} is not used"


def test_the_files_are_laid_out_as_terraform_fmt_does(text):
    for line in text.splitlines():
        assert line == line.rstrip()
        assert "\t" not in line


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_profiles_set_what_there_is(path, everything):
    profile = parsed(path)
    assert profile
    assert set(profile) <= set(everything["variable"])
    for name in ("api_replicas", "worker_replicas"):
        assert profile[name]["min"] <= profile[name]["max"] <= 300


def apps(everything):
    return {
        address.partition(".")[2]: body
        for address, body in everything["resource"].items()
        if address.startswith("azurerm_container_app.")
    }


def only(blocks):
    (one,) = blocks
    return one


def test_apps_are_probed_and_have_time_to_drain(everything):
    found = apps(everything)
    assert set(found) == {"api", "worker"}
    for role, body in found.items():
        template = only(body["template"])
        container = only(template["container"])
        assert container["args"] == ["serve", "--role", role]
        assert template["termination_grace_period_seconds"] > 30
        assert only(container["liveness_probe"])["path"] == "/healthz"
        assert only(container["readiness_probe"])["path"] == "/readyz"
        assert only(container["volume_mounts"])["path"] == "/tmp"


def test_the_worker_has_no_way_in_and_follows_the_queue(everything):
    worker, api = apps(everything)["worker"], apps(everything)["api"]
    assert "ingress" not in worker
    assert only(api["ingress"])["allow_insecure_connections"] in (False, "false")
    rule = only(only(worker["template"])["custom_scale_rule"])
    assert rule["custom_rule_type"] == "postgresql"
    assert "http_scale_rule" in only(api["template"])


def test_no_secret_stands_in_an_environment_variable(everything):
    for body in apps(everything).values():
        template = only(body["template"])
        for container in (*template["container"], *template.get("init_container", ())):
            for one in container["env"]:
                assert one["name"] == "BERM_STORE_URL"
                assert "value" not in one
                assert one["secret_name"] == only(body["secret"])["name"]
        assert "key_vault_secret_id" in only(body["secret"])


def test_the_database_is_not_on_the_internet(everything):
    server = everything["resource"]["azurerm_postgresql_flexible_server.berm"]
    assert server["public_network_access_enabled"] in (False, "false")
    assert "delegated_subnet_id" in server


def test_settings_are_the_service_s(text):
    block = re.search(r"settings = merge\(\{(.*?)\}, var\.settings\)", text, re.DOTALL)
    assert block is not None
    names = re.findall(r"^\s*(BERM_\w+)\s*=", block[1], re.MULTILINE)
    values = {
        "BERM_SERVE_DRAIN": "30",
        "BERM_SERVE_LOG_FORMAT": "json",
        "BERM_POOL_RUNS_AT_A_TIME": "1",
        "BERM_POOL_PARKED_MIB": "256",
        "BERM_SERVE_WARM": "python,java",
        "BERM_AUTH_PROXIES": "100.100.0.0/17,10.20.0.0/16",
    }
    assert set(names) == set(values)
    environ = values | {"BERM_STORE_URL": "postgresql://berm@db/berm?sslmode=require"}
    sections = Sections.load(Config.load(None, environ), environ)
    assert len(sections.auth.networks()) == 2
    assert sections.service.warm == ("python", "java")
