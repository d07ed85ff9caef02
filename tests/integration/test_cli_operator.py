"""The command line as an operator uses it: audit, doctor, plan, settings."""

from __future__ import annotations

import json
import os

import pytest

from berm.model import Guarantee

from .command_line import berm

isolated = pytest.mark.requires_isolation


# --- audit ---------------------------------------------------------------------------------------


@isolated
def test_audit_tells_each_attack_and_the_sum():
    done = berm("audit", "net-udp", "harness-exit")
    text = done.stdout.decode()
    assert done.returncode == 0, text
    assert "net-udp" in text and "harness-exit" in text
    assert "2 held" in text
    told = json.loads(berm("audit", "--json", "net-udp").stdout)
    assert (told["summary"]["held"], told["summary"]["escaped"]) == (1, 0)
    assert told["trials"][0]["layers"]
    assert told["environment"]["enforcement"]["guarantees"]


def test_audit_of_nothing():
    done = berm("audit", "no-such-attack")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"no-such-attack" in done.stderr


# --- doctor and config ----------------------------------------------------------------------------


@isolated
def test_doctor_for_programs():
    done = berm("doctor", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 0, told["problem"]
    assert told["ok"] is True
    assert set(told["guarantees"]) == {g.value for g in Guarantee}
    for one in told["guarantees"].values():
        assert one["required"] and one["held"] and one["layers"]
    for name, layer in told["layers"].items():
        assert layer["in_force"] or layer["how_to_get"], name
    assert {"c", "cpp", "java", "javascript", "python"} <= {x["name"] for x in told["languages"]}
    for language in told["languages"]:
        told_by_itself = language["version"] or language["name"] == "brainfuck"  # beef tells none
        assert told_by_itself if language["available"] else language["how_to_get"]
    assert told["features"]["seccomp_filter"] is True


@isolated
def test_doctor_for_people():
    done = berm("doctor", env={"COLUMNS": "120"})
    text = done.stdout.decode()
    for word in (*(g.value for g in Guarantee), "seccomp", "Python", "Berm can run programs here."):
        assert word in text


WEAK = {
    "BERM_ISOLATION_PLAN": "confined",
    "BERM_ISOLATION_LANDLOCK_ABI": "0",
    "BERM_ISOLATION_REQUIRE": "strict",
}


@isolated
def test_doctor_where_a_requirement_does_not_hold():
    done = berm("doctor", "--json", env=WEAK)
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert told["ok"] is False
    assert told["problem"]
    assert "Landlock" in told["layers"]["landlock-fs"]["how_to_get"]
    assert "Berm cannot run programs here" in berm("doctor", env=WEAK).stdout.decode()


@isolated
@pytest.mark.parametrize("place", ["aca", "docker", "kubernetes", "systemd"])
def test_doctor_for_a_place(place):
    done = berm("doctor", "--for", place, "--json")
    told = json.loads(done.stdout)
    assert set(told["guarantees"]) == {g.value for g in Guarantee}
    assert all(one["held"] for one in told["guarantees"].values())
    around = {one["subject"]: one for one in told["around"]}
    root_in_a_container = place != "systemd" and os.geteuid() == 0
    assert ("user" in around) == (place != "systemd")
    assert done.returncode == (1 if root_in_a_container else 0), around
    if root_in_a_container:
        assert around["user"]["state"] == "wrong"


@isolated
def test_doctor_for_a_place_in_words():
    text = berm("doctor", "--for", "docker", env={"COLUMNS": "200"}).stdout.decode()
    for words in ("filesystem is held:", "Around the service, for Docker", "--read-only", "set:"):
        assert words in text
    done = berm("doctor", "--for", "the-moon")
    assert done.returncode == 2
    assert b"the-moon" in done.stderr


@isolated
def test_plan_measures_and_answers():
    done = berm("plan", "--students", "40", "--tests", "2", "--language", "py", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 0
    assert told["work"]["running"] > 0
    assert told["work"]["compiling"] == 0
    assert "measured here" in told["work"]["from"]
    assert told["waits"][str(told["replicas"])]["most"] <= told["wait_seconds"]


GIVEN = ("--run-time", "20ms", "--compile-time", "300ms")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (GIVEN, 0, b"enough"),
        ((*GIVEN, "--wait", "100ms"), 1, b"No number of replicas is enough"),
        ((*GIVEN, "--window", "soon"), 2, b"--window"),
        ((*GIVEN, "--tests", "0"), 2, b"--tests"),
        ((*GIVEN, "--prices", "/nowhere"), 78, b"prices"),
        (("--compile-time", "1s"), 2, b"--run-time"),
        (("--language", "text"), 2, b"--program"),
    ],
)
def test_plan_from_given_figures(arguments, code, words):
    done = berm("plan", "--students", "300", *arguments, env={"COLUMNS": "150"})
    assert done.returncode == code, done.stderr
    assert words in done.stdout + done.stderr


def test_config_show_puts_the_sources_together(tmp_path):
    file = tmp_path / "berm.toml"
    file.write_text('[pool]\nruns_at_a_time = 3\n[service]\nport = 81\nreplica = "r"\n')
    done = berm("config", "show", env={"BERM_CONFIG": str(file), "BERM_SERVE_PORT": "82"})
    told = json.loads(done.stdout)
    assert told["engine"]["runs_at_a_time"] == 3
    assert (told["service"]["port"], told["service"]["replica"]) == (82, "r")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[pool]\nruns = 1\n", b"runs"),
        ("[service]\nprot = 1\n", b"Did you mean port?"),
        ('[service]\ntest_files = "/nowhere"\n', b"/nowhere"),
        ("[languages.klingon]\nkc = '/bin/kc'\n", b"klingon"),
        ("[wrong\n", b"TOML"),
    ],
)
def test_config_check(tmp_path, text, words):
    file = tmp_path / "berm.toml"
    file.write_text(text)
    done = berm("config", "check", "--config", str(file))
    assert done.returncode == 78
    assert words in done.stderr
    file.write_text("")
    assert berm("config", "check", "--config", str(file)).returncode == 0


def test_version_and_help():
    import berm as package

    assert berm("--version").stdout.decode().strip() == f"berm {package.__version__}"
    for command in ([], ["run"], ["serve"], ["doctor"], ["audit"], ["config"]):
        assert berm(*command, "--help").returncode == 0
