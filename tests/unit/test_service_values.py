"""The small pure parts of the service: settings, identity, security, echo."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berm.errors import ConfigError
from berm.model import KIB, MIB, Enforcement, Guarantee
from berm.service.assembly import limits_for
from berm.service.echo import Echo
from berm.service.identity import container_id, new_id, now, replica_name
from berm.service.judging import percent
from berm.service.security import describe
from berm.service.settings import ServiceSettings

# --- settings -------------------------------------------------------------------------------------


def test_defaults_are_those_of_the_contract():
    settings = ServiceSettings()
    assert (settings.host, settings.port, settings.max_code) == ("127.0.0.1", 8000, 51_200)


def test_command_line_over_environment_over_file():
    table = {"host": "1.1.1.1", "port": 1, "replica": "file", "max_body": "2MiB"}
    environ = {
        "BERM_SERVE_HOST": "2.2.2.2",
        "BERM_SERVE_PORT": "2",
        "BERM_SERVE_WARM": "python, c",
        "OTHER": "x",
        # What Kubernetes sets beside a Service of our name:
        "BERM_SERVICE_HOST": "10.0.0.1",
        "BERM_SERVICE_PORT_HTTP": "80",
        "BERM_PORT_80_TCP": "tcp://10.0.0.1:80",
    }
    settings = ServiceSettings.load(table, environ, {"port": 3, "host": None})
    assert (settings.host, settings.port, settings.replica) == ("2.2.2.2", 3, "file")
    assert settings.max_body == 2 * MIB
    assert settings.warm == ("python", "c")


@pytest.mark.parametrize(
    ("table", "environ", "overrides", "words"),
    [
        ({"prot": 1}, {}, {}, "service.prot in the configuration file does not exist. Did you mean port?"),
        ({}, {"BERM_SERVE_RELPICA": "x"}, {}, "BERM_SERVE_RELPICA does not exist"),
        ({"port": "many"}, {}, {}, "service.port in the configuration file is wrong"),
        ({}, {"BERM_SERVE_PORT": "99999"}, {}, "BERM_SERVE_PORT is wrong"),
        ({}, {}, {"log_format": "xml"}, "--log-format is wrong"),
        ({"max_body": "a lot"}, {}, {}, "service.max_body"),
        ({"drain": -1}, {}, {}, "service.drain"),
        ([], {}, {}, "not a table"),
    ],
)  # fmt: skip
def test_wrong_settings_name_their_place(table, environ, overrides, words):
    with pytest.raises(ConfigError) as caught:
        ServiceSettings.load(table, environ, overrides)
    assert words in str(caught.value)
    assert caught.value.remedy


def test_every_setting_is_documented_and_plain():
    for name, field in ServiceSettings.model_fields.items():
        assert field.description or name == "log_level"
    json.dumps(ServiceSettings(test_files=Path("/x")).as_dict())


# --- identity -------------------------------------------------------------------------------------


def test_replica_name():
    assert replica_name("own", {"POD_NAME": "pod"}) == "own"
    assert replica_name("", {"POD_NAME": "pod", "CONTAINER_APP_REPLICA_NAME": "app"}) == "app"
    assert replica_name("", {})


ID = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("cgroup", f"0::/docker/{ID}\n", ID),
        ("cgroup", f"0::/kubepods.slice/cri-containerd-{ID}.scope\n", ID),
        ("cgroup", "0::/\n", None),
        ("mountinfo", f"1 2 0:1 /var/lib/docker/containers/{ID}/hostname /etc/hostname rw\n", ID),
        ("mountinfo", f"1 2 0:1 / / rw - overlay overlay lowerdir=/x/{ID}/diff\n", None),
        ("cgroup", f"0::/x/{ID}0\n", None),
    ],
)
def test_container_id(tmp_path, name, text, found):
    place = tmp_path / name
    place.write_text(text)
    assert container_id("", (str(tmp_path / "none"), str(place))) == found
    assert container_id("own", (str(place),)) == "own"


def test_ids_and_times():
    assert new_id() != new_id()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", now())


# --- security -------------------------------------------------------------------------------------

TWO = ("pivot-root", "landlock-fs")


def enforcement(layers=("pivot-root", "landlock-fs", "seccomp"), **guarantees):
    held = dict.fromkeys(Guarantee, TWO)
    for name, by in guarantees.items():
        held[Guarantee(name)] = by
        if by is None:
            del held[Guarantee(name)]
    return Enforcement("namespaces", held, layers)


@pytest.mark.parametrize(
    ("given", "level"),
    [
        ([], "none"),
        ([enforcement()], "strict"),
        ([enforcement(memory=("rlimits",))], "strict"),
        ([enforcement(network=("seccomp",))], "standard"),
        ([enforcement(disk=None)], "reduced"),
        ([enforcement(), enforcement(network=("seccomp",))], "standard"),
        ([enforcement(), enforcement(disk=None)], "reduced"),
        ([Enforcement("confined", {}, ())], "none"),
    ],
)
def test_level_is_the_weakest(given, level):
    described = describe(given)
    assert described.level == level
    assert described.enabled == (level != "none")


def test_only_what_all_runs_had_is_told():
    described = describe(
        [enforcement(), enforcement(layers=("landlock-fs", "seccomp"), filesystem=("landlock-fs",))]
    )
    assert described.layers == ["landlock-fs", "seccomp"]
    assert described.guarantees["filesystem"] == ["landlock-fs"]
    assert list(described.guarantees) == [guarantee.value for guarantee in Guarantee]


# --- echo -----------------------------------------------------------------------------------------


def test_output_is_text_whatever_it_was():
    text = Echo(MIB).output(b"a\0\xff\xed\xa0\x80\r\n")
    assert text.startswith("a\0\ufffd")
    json.dumps(text).encode()


def test_a_response_holds_its_budget():
    echo = Echo(100 * KIB)
    outputs = [echo.output(b"x" * 60 * KIB) for _ in range(5)]
    assert len(outputs[0]) == 60 * KIB
    for cut in outputs[1:]:
        assert cut.startswith("x" * 4 * KIB)
        assert "[57344 more bytes" in cut
        assert len(cut) < 5 * KIB
    assert echo.output(b"y" * 4 * KIB) == "y" * 4 * KIB


def test_diagnostics_keep_both_ends():
    text = Echo(MIB).diagnostics(b"first" + b"x" * MIB + b"last\n\n", "why")
    assert text.startswith("first")
    assert text.endswith("last\nwhy")
    assert len(text) < 17 * KIB
    assert Echo(MIB).diagnostics(b"", "why") == "why"
    assert Echo(MIB).diagnostics(b"text\n", "") == "text"


def test_files_show_their_beginning():
    assert Echo(MIB).file(b"short", 5) == "short"
    assert Echo(MIB).file(b"x" * Echo.FILE, 70_000).endswith("[4464 more bytes in the file]")


@given(st.binary(max_size=100))
def test_any_bytes_can_be_told(data):
    json.dumps(
        [Echo(10).output(data), Echo(10).diagnostics(data, ""), Echo(10).file(data, len(data))]
    ).encode()


# --- judging --------------------------------------------------------------------------------------


def test_limits_follow_the_timeout():
    limits = limits_for(5.0)
    assert (limits.wall_time, limits.cpu_time) == (5.0, 10.0)
    assert limits_for(0.001).wall_time > 0
    assert percent(1, 3) == 33.33
    assert percent(1, 0) == 0.0
