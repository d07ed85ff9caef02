"""``berm bench`` without a kernel: figures, the page, the sandboxes that it knows, its measures."""

import html.parser
import json
import os

import pytest

from berm.bench import rivals, spawning
from berm.bench.command import MEASURES, wanted
from berm.bench.figure import Curve, Figure, Record, quantile
from berm.bench.page import compared, goal, number, page
from berm.errors import CellError, InputError

MACHINE = {
    "version": "1",
    "kernel": "6",
    "architecture": "x86_64",
    "python": "3.11",
    "cores": 2,
    "user": 0,
    "load": 0.1,
    "plan": "namespaces",
    "layers": ["seccomp"],
    "rounds": 5,
    "samples": 10,
}


@pytest.mark.parametrize(
    ("figure", "value", "held"),
    [
        (Figure("m", "n", 2.0, 10.0, "ms", 0.25), 0.2, True),
        (Figure("m", "n", 3.0, 10.0, "ms", 0.25), 0.3, False),
        (Figure("m", "n", 900.0, 200.0, "runs/s", 5.0, at_least=True), 4.5, False),
        (Figure("m", "n", 1.5, 1.0, "ms", 1.0, compared="difference"), 0.5, True),
        (Figure("m", "n", 16.0, None, "s", 15.0, compared="none"), 16.0, False),
        (Figure("m", "n", 16.0, None, "s"), 16.0, None),
    ],
)
def test_a_figure_meets_its_target_or_not(figure, value, held):
    assert (figure.value, figure.held) == (pytest.approx(value), held)


def test_numbers_have_three_digits_that_count():
    assert [number(value) for value in (0.18642, 2.134, 35.21, 4619.6, 0.0)] == [
        *("0.186", "2.13", "35.2", "4620", "0")
    ]
    assert compared(Figure("m", "n", 1.0, 4.0, "ms", compared="difference")) == "-3.00 ms"
    assert goal(Figure("m", "n", 1.0, 4.0, "runs/s", 5.0, at_least=True)) == "≥ 5 x"


def test_quantiles_are_samples():
    assert quantile([5.0, 1.0, 3.0], 0.5) == 3.0
    assert quantile(list(range(100)), 0.99) == 99


class Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def test_the_page_shows_everything_and_needs_nothing_else():
    record = Record(MACHINE)
    record.figures += [
        Figure("python", "tiny <b>", 2.0, 10.0, "ms", 0.1),
        Figure("layers", "seccomp", 900.0, 1000.0, "µs", compared="difference"),
    ]
    record.curves.append(
        Curve("growth", "By callers", "callers", "ms", {"p50": [(1, 2.0), (64, 70.0)]})
    )
    record.skipped["java"] = "No toolchain & no hope."
    parsed = Tags()
    text = page(record)
    parsed.feed(text)
    for said in (
        "tiny <b>",
        "missed",
        "0.200 x",
        "-100 µs",
        "By callers",
        "No toolchain & no hope.",
    ):
        assert said in parsed.text
    names = {tag for tag, _ in parsed.seen}
    assert {"table", "svg", "polyline", "rect"} <= names
    assert not names & {"script", "link", "img", "iframe"}
    assert not [attrs for _, attrs in parsed.seen if {"src", "href"} & set(attrs)]
    places = [attrs for tag, attrs in parsed.seen if tag == "circle"]
    assert all(
        64 <= float(place["cx"]) <= 490 and 16 <= float(place["cy"]) <= 276 for place in places
    )
    assert json.loads(json.dumps(record.as_dict()))["figures"][0]["held"] is False


def test_a_sandbox_that_is_not_here_is_refused_by_name(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "bwrap").write_text("#!/bin/sh\n")
    (tmp_path / "bwrap").chmod(0o755)
    assert rivals.chosen("installed") == ("bwrap",)
    assert rivals.chosen("bwrap") == ["bwrap"]
    assert rivals.chosen("none") == ()
    with pytest.raises(InputError, match="nsjail is not on PATH"):
        rivals.chosen("bwrap,nsjail")
    with pytest.raises(InputError, match="No command is known"):
        rivals.chosen("docker")
    words = rivals.command("bwrap", "/somewhere")
    assert words[words.index("/somewhere") + 1] == "/work"


def test_measures_are_known_by_name():
    assert wanted(()) == list(MEASURES)
    assert wanted(["cpp", "python"]) == ["python", "cpp"]
    with pytest.raises(InputError, match="no measure 'rust'"):
        wanted(["rust"])


def test_a_bare_program_is_timed_and_its_failure_told(tmp_path):
    spent = spawning.spawn(["cat"], b"41\n")
    assert spent.stdout == b"41\n"
    assert 0 <= spent.cpu < 5
    (tmp_path / "here").write_text("x")
    assert spawning.spawn(["ls"], folder=tmp_path).stdout == b"here\n"
    with pytest.raises(CellError, match="status"):
        spawning.spawn(["false"])
    assert spawning.memory_of([os.getpid()]) > 1 << 20
