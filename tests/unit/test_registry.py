"""The registry: names, files and first lines to languages, errors that say what to do, variants."""

from __future__ import annotations

import dataclasses

import pytest
from imagined import FILES, absent, language

from berm.errors import ConfigError, LanguageError, PolicyError
from berm.languages import definition, toolchain
from berm.languages.registry import Registry
from berm.model import Limits

# --- the registry's errors ------------------------------------------------------------------------


def test_unknown_language_lists_the_supported_ones():
    registry = Registry([language(path.stem) for path in FILES])
    with pytest.raises(LanguageError) as caught:
        registry.get("pyhton")
    assert "Did you mean 'python'?" in str(caught.value)
    for path in FILES:
        assert path.stem in caught.value.remedy


def test_a_long_unknown_name_is_not_repeated_in_full():
    registry = Registry([language("c")])
    with pytest.raises(LanguageError) as caught:
        registry.get("x" * 10_000)
    assert len(str(caught.value)) < 300


def test_missing_toolchain_says_how_to_install_it():
    registry = Registry([absent("java"), language("c")])
    with pytest.raises(
        LanguageError, match=r"nothing-here is not installed.*apt-get install default-jdk-headless"
    ):
        registry.get("java")
    assert registry.find("java").version == ""
    assert [found.name for found in registry.available()] == ["c"]
    assert [found.name for found in registry.all()] == ["c", "java"]
    with pytest.raises(LanguageError, match="not available"):
        absent("java").run_step("Main.java", [], Limits())
    with pytest.raises(LanguageError, match="not available"):
        absent("java").compile_step({"Main.java": b""}, "Main.java", Limits())


def test_two_languages_cannot_share_a_name():
    one = language("c")
    other = dataclasses.replace(
        one, definition=dataclasses.replace(one.definition, name="d", aliases=("gcc",))
    )
    with pytest.raises(PolicyError, match="both claim 'gcc'"):
        Registry([one, other])


@pytest.mark.parametrize(
    ("name", "found"),
    [("x/y.PY", "python"), ("a.b.cpp", "cpp"), ("m.mjs", "javascript"), ("a.c", "c")],
)
def test_language_of_a_file(name, found):
    assert Registry([language(path.stem) for path in FILES]).of_file(name).name == found


@pytest.mark.parametrize("name", ["Makefile", "a.unknown", ".py"])
def test_language_of_a_file_unknown(name):
    with pytest.raises(LanguageError, match="Supported: .*c, "):
        Registry([language(path.stem) for path in FILES]).of_file(name)


@pytest.mark.parametrize(
    ("overrides", "text"),
    [
        ({"perl6": {"perl6": "/x"}}, "unknown language 'perl6'"),
        ({"python": {"python2": "/x"}}, r"languages\.python\.python2"),
        ({"python": {"python": "bin/python"}}, "absolute path to one of: python"),
    ],
)
def test_overrides_are_checked(overrides, text):
    with pytest.raises(ConfigError, match=text):
        Registry.open(overrides)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (b"#!/usr/bin/env python3\nprint()\n", "python"),
        (b"#!/usr/bin/python\n", "python"),
        (b"#! /usr/bin/env -S node --harmony\n", "javascript"),
        (b"#!/opt/node/bin/nodejs", "javascript"),
    ],
)
def test_language_of_a_file_by_its_first_line(source, found):
    assert Registry([language(path.stem) for path in FILES]).of_file("run", source).name == found


@pytest.mark.parametrize(
    "source", [b"", b"#!", b"#!/usr/bin/env", b"#!/bin/nothing", b" #!/usr/bin/python3"]
)
def test_a_first_line_that_tells_nothing(source):
    with pytest.raises(LanguageError, match="does not tell a language"):
        Registry([language("python")]).of_file("run", source)


def test_the_extension_wins_over_the_first_line():
    registry = Registry([language("python"), language("c")])
    assert registry.of_file("a.c", b"#!/usr/bin/python3").name == "c"


def test_no_two_languages_share_an_extension_or_an_interpreter():
    for field in ("extensions", "shebangs"):
        claimed = [name for path in FILES for name in getattr(definition.load(path), field)]
        assert len(claimed) == len(set(claimed))


def test_only_the_language_that_is_asked_for_is_looked_for(monkeypatch):
    looked = []

    def find(rule, *_):
        looked.append(rule.name)
        raise toolchain.ToolchainError("not here")

    monkeypatch.setattr(toolchain, "find", find)
    registry = Registry.open()
    assert registry.of_file("a.c").name == "c"
    with pytest.raises(LanguageError, match="not here"):
        registry.get("gcc")
    assert looked == ["c"]
    assert {found.name for found in registry.all()} >= {path.stem for path in FILES}
    assert len(looked) == len(set(looked)) == len(registry.all())


# --- variants -------------------------------------------------------------------------------------

WITH_VARIANTS = """
name = "c"
title = "C ({standard})"
aliases = ["cee"]
extensions = ["c"]
entry = "main.c"
profile = "native"
variants_below = true

[words]
standard = "c17"
flags = ["-a", "-b"]

[variants.c11]
title = "C 11"
aliases = ["cee11"]
standard = "c11"
flags = []

[install]
apt = ["gcc"]

[tools]

[run]
command = ["cc", "-std={standard}", "{flags}", "{entry}"]
[run.memory]
"""


def with_variants(folder, text=WITH_VARIANTS):
    (folder / "c.toml").write_text(text)
    return Registry.open(data=folder, remember=False)


def test_a_variant_is_a_language_with_other_words(tmp_path):
    registry = with_variants(tmp_path)
    own, other = registry.get("cee").definition, registry.get("cee11").definition
    assert own.run.command == ("cc", "-std=c17", "-a", "-b", "{entry}")
    assert other.run.command == ("cc", "-std=c11", "{entry}")
    assert (own.title, other.title, other.name) == ("C (c17)", "C 11", "c11")
    assert (own.variant_of, other.variant_of) == ("", "c")
    assert registry.of_file("x.c").name == "c"
    assert [one.name for one in registry.all()] == ["c", "c11"]
    assert registry.get("c11").entry_name(b"") == "main.c"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("variants_below = true\n", "", "belong together"),
        ('standard = "c11"', 'standrad = "c11"', "unknown entries: standrad"),
        ("[words]", "[wrods]", "wrods"),
    ],
)
def test_wrong_variants(tmp_path, old, new, message):
    with pytest.raises(PolicyError, match=message):
        with_variants(tmp_path, WITH_VARIANTS.replace(old, new)).all()
