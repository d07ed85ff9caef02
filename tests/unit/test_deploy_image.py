"""What the image is built with: which packages, what its bill of materials says, how it is started."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from berm.config import Config
from berm.service.sections import Sections

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "src/berm/languages/data"
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text("utf-8")


def script(name):
    found = importlib.util.spec_from_file_location(
        f"image_{name}", ROOT / f"deploy/image/{name}.py"
    )
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def packages(registry, names):
    argv = [sys.executable, "-I", ROOT / "deploy/image/packages.py", DATA, registry, names]
    return subprocess.run(argv, capture_output=True, text=True)


def test_a_tier_has_its_packages_and_those_below():
    minimal = set(packages("apt", "minimal").stdout.split())
    assert {"g++", "default-jdk-headless", "nodejs", "python3"} <= minimal
    contest = set(packages("apt", "contest").stdout.split())
    assert minimal < contest
    assert "mono-runtime" in contest - minimal


def test_single_languages_are_added_to_a_tier():
    both = set(packages("apt", "minimal, csharp").stdout.split())
    assert both - set(packages("apt", "minimal").stdout.split()) >= {"mono-mcs", "mono-runtime"}
    assert packages("npm", "minimal").stdout.split() == []


def test_an_unknown_language_ends_the_build_with_the_names_there_are():
    done = packages("apt", "minimal,klingon")
    assert done.returncode == 1
    assert "klingon" in done.stderr
    assert "csharp" in done.stderr


STATUS = """Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9+deb12u10

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1
"""


def test_the_bill_of_materials_names_what_is_installed(tmp_path):
    sbom = script("sbom")
    folder = tmp_path / "typing_extensions-4.1.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(
        "Metadata-Version: 2.4\nName: typing_extensions\nVersion: 4.1\nLicense-Expression: PSF-2.0\n"
    )
    (tmp_path / "node_modules").mkdir()
    packages = {
        "node_modules/typescript": {"version": "5.9.3", "license": "Apache-2.0"},
        "node_modules/a/node_modules/@types/node": {"version": "22.1.0"},
        "node_modules/@types/node": {"version": "22.1.0"},
    }
    (tmp_path / "node_modules/.package-lock.json").write_text(json.dumps({"packages": packages}))
    parts = [*sbom.debian(STATUS), *sbom.python(tmp_path), *sbom.npm(tmp_path)]
    made = sbom.document(parts)
    assert [one["purl"] for one in made["components"]] == [
        "pkg:deb/debian/libc6@2.36-9%2Bdeb12u10?arch=amd64&distro=debian-12",
        "pkg:npm/%40types/node@22.1.0",
        "pkg:npm/typescript@5.9.3",
        "pkg:pypi/typing-extensions@4.1",
    ]
    assert made["components"][3]["licenses"] == [{"expression": "PSF-2.0"}]
    assert made["bomFormat"] == "CycloneDX"
    assert sbom.document(parts[::-1]) == made
    assert not [*sbom.npm(tmp_path / "node_modules")]


def environment():
    line = next(
        line for line in DOCKERFILE.replace("\\\n", " ").splitlines() if line.startswith("ENV ")
    )
    return dict(word.split("=", 1) for word in line.split()[1:])


def test_the_image_s_settings_are_the_service_s():
    environ = environment()
    config = Config.load(None, environ)
    assert config.cache_baked == "/usr/local/lib/berm/prepared"
    assert Sections.load(config, environ).service.host == "0.0.0.0"


def test_the_last_stage_is_from_nothing_for_a_user_without_rights():
    last = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]
    assert last.startswith("\nFROM scratch")
    assert "RUN " not in last
    assert "\nUSER 1000:1000\n" in last
    assert "\nSTOPSIGNAL SIGTERM\n" in last
    assert "\nHEALTHCHECK " in last
    labels = re.findall(r"org\.opencontainers\.image\.(\w+)=", last)
    assert {"title", "version", "revision", "licenses"} <= set(labels)


def test_what_is_special_about_a_place_comes_as_secrets_alone():
    for stage in DOCKERFILE.split("\nFROM ")[1:]:
        copied = re.findall(r"^(?:COPY|ADD) (?:--from=\w+ )?(.*)$", stage, re.MULTILINE)
        assert not any("pip.conf" in one or "npmrc" in one or "certs" in one for one in copied)
    assert "ARG PIP" not in DOCKERFILE
    assert "--index-url" not in DOCKERFILE
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert "*" in ignored
    assert not any(line.startswith(("!.git", "!tests", "!.venv")) for line in ignored)


@pytest.mark.parametrize("service", ["berm", "migrate"])
def test_compose_takes_no_privilege(service):
    found = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text("utf-8"))["services"][service]
    assert found["read_only"] is True
    assert found["cap_drop"] == ["ALL"]
    assert found["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "devices", "pid", "network_mode"} & set(found)
    (scratch,) = (one for one in found["tmpfs"] if one.startswith("/tmp:"))
    assert "exec" in scratch.partition(":")[2].split(",")  # Docker says noexec otherwise
