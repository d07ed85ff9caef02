"""What the reference's tables hold, read from the code and the data that Berm ships."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import typer

from berm import config, model
from berm.analysis import rules as analysis_rules
from berm.audit import attack
from berm.languages import definition, registry, variants
from berm.policy import layers as policy_layers
from berm.policy import profile
from berm.service import app as service_app
from berm.service.sections import SECTIONS

Row = Sequence[str]


@dataclasses.dataclass
class Part:
    """One table, with a title where it is one of several."""

    head: Row
    rows: list[Row]
    title: str = ""
    text: list[str] = dataclasses.field(default_factory=list)


def amount(value: object) -> str:
    """Write a value; large multiples of a power of two as KiB, MiB or GiB."""
    if isinstance(value, int) and not isinstance(value, bool):
        for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
            if value >= 16 * 1024 and value % size == 0:
                return f"{value // size} {unit}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def code(words: object, joint: str = ", ") -> str:
    """Write words as code."""
    items = [words] if isinstance(words, str) else list(words)  # type: ignore[call-overload]
    return joint.join(f"`{item}`" for item in items)


# --- values --------------------------------------------------------------------------------------


def limits() -> list[Part]:
    """Every limit with its unit, its default and the range that is accepted."""
    ranges = model._RANGES  # noqa: SLF001 - the one place that has them
    rows = [
        [
            code(field.name),
            ranges[field.name].unit,
            amount(field.default),
            f"{amount(ranges[field.name].low)} to {amount(ranges[field.name].high)}",
        ]
        for field in dataclasses.fields(model.Limits)
    ]
    return [Part(["limit", "unit", "default", "accepted"], rows)]


def outcomes() -> list[Part]:
    """The ways in which a run can end."""
    return [Part(["kind"], [[code(member.value)] for member in model.OutcomeKind])]


# --- settings ------------------------------------------------------------------------------------


def described(cls: type) -> Mapping[str, str]:
    """Return the texts of a docstring's Attributes section by name."""
    section = inspect.getdoc(cls).split("Attributes:")[1]
    found = {}
    for match in re.finditer(r"^    (\w+(?:, \w+)*): (.*(?:\n {8}.*)*)", section, re.MULTILINE):
        text = " ".join(match[2].split()).replace("``", "`")
        found |= dict.fromkeys(match[1].split(", "), text)
    return found


def settings() -> list[Part]:
    """The operator's settings, by table of the file."""
    texts = described(config.Config)
    made = config.Config()
    defaults = {field.name: getattr(made, field.name) for field in dataclasses.fields(made)}
    head = ["setting", "default", "meaning"]
    parts = [
        Part(
            head,
            [[code(key), code(repr(defaults[name])), texts[name]] for key, name in names.items()],
            f"`[{section}]`",
            [f"In the environment: `BERM_{section.upper()}_` and the name in capitals."],
        )
        for section, names in config._SETTINGS.items()  # noqa: SLF001 - the one place that has them
    ]
    for section in SECTIONS:
        rows = [
            [
                code(name),
                code(default_text(field.default)),
                (field.description or "").replace("``", "`"),
            ]
            for name, field in section.model_fields.items()
        ]
        text = f"In the environment: `{section.PREFIX}` and the name in capitals."
        parts.append(Part(head, rows, f"`[{section.TABLE}]`", [text]))
    return parts


def default_text(value: object) -> str:
    """Write a default: sizes with their unit, the rest as Python does."""
    if type(value).__name__ == "SecretStr":
        return repr(value.get_secret_value())  # type: ignore[attr-defined]
    is_size = type(value).__name__ == "ByteSize"
    return amount(int(value)) if is_size else repr(value)  # type: ignore[call-overload]


# --- languages, policy, attacks ------------------------------------------------------------------


def data(package: str, *folders: str) -> list[Mapping[str, Any]]:
    """Return the parsed TOML files of a folder, in the order of their names."""
    folder = resources.files(package).joinpath(*folders)
    files = sorted(folder.iterdir(), key=lambda file: file.name)
    return [tomllib.loads(f.read_text("utf-8")) for f in files if f.name.endswith(".toml")]


def languages() -> list[Part]:
    """The languages and their variants, as their files describe them; then what to know of each."""
    files = sorted(registry.DATA.glob("*.toml"))
    loaded = [definition.load(file) for file in files]
    rows = [
        [
            code(one.name),
            one.title,
            code(one.aliases),
            code("." + e for e in one.extensions),
            one.tier,
        ]
        for one in loaded
    ]
    parts = [Part(["language", "title", "aliases", "files", "tier"], rows)]
    for file, one in zip(files, loaded, strict=True):
        text = [f"Install: {code(one.install.commands(), ' and ')}."]
        if one.shebangs:
            text.append(
                f"Known by its first line too: {code('#!' + name for name in one.shebangs)}."
            )
        found = [definition.load(file, name) for name in variants.names(definition.read(file))]
        listed = [[code(v.name), v.title, code(v.aliases)] for v in found]
        text += one.notes
        parts.append(Part(["variant", "title", "aliases"], listed, one.title, text))
    return parts


def profiles() -> list[Part]:
    """The profiles, with the number of system calls that a program can reach in each world."""
    rows = []
    for name in profile.NAMES:
        one = profile.load_profile(name)
        counts = [str(len(profile.reachable(one, world))) for world in profile.WORLDS]
        rows.append([code(name), one.title, *counts])
    return [Part(["profile", "for", *profile.WORLDS], rows)]


def policy() -> list[Part]:
    """Every rule about a system call, with its reason."""
    parts = []
    for groups in data("berm.policy", "data", "groups"):
        for name, group in groups.items():
            rows = [
                [
                    code(rule["calls"]),
                    code(rule.get("when", []), " and "),
                    code(rule.get("action", "allow")),
                    rule["reason"],
                ]
                for rule in group["rule"]
            ]
            head = ["calls", "when", "answer", "reason"]
            parts.append(Part(head, rows, f"`{name}`", [group["title"] + "."]))
    return parts


def attacks() -> list[Part]:
    """The attacks that are shipped, by the guarantee that each would break."""
    found = attack.all_attacks()
    parts = []
    for guarantee in model.Guarantee:
        rows = [
            [code(one.id), one.title, one.language, code(one.layers), ", ".join(one.source)]
            for one in found.values()
            if one.guarantee == guarantee
        ]
        if rows:
            head = ["attack", "what it tries", "language", "layers that stop it", "known from"]
            parts.append(Part(head, rows, code(guarantee.value)))
    return parts


def rules() -> list[Part]:
    """The rules of static analysis, by the languages that they are for."""
    parts = []
    for languages in dict.fromkeys(rule.languages for rule in analysis_rules.shipped()):
        found = [rule for rule in analysis_rules.shipped() if rule.languages == languages]
        rows = [
            [
                code(rule.id),
                rule.category.value,
                rule.severity.value,
                f"The program {rule.message}. {rule.why}",
                code(rule.hit_for(languages[0])[:160].strip().splitlines() or [""]),
            ]
            for rule in found
        ]
        head = ["rule", "category", "severity", "what and why", "a hit"]
        title = "Every language" if languages == ("*",) else ", ".join(languages)
        parts.append(Part(head, rows, title))
    return parts


def layers() -> list[Part]:
    """Each layer, and the attacks that it stops with every other isolating layer switched off."""
    parts = []
    for family in attack.WORLDS:
        rows = []
        for layer in policy_layers.LAYERS:
            names = [
                one.id
                for one in attack.all_attacks().values()
                if family in one.worlds and layer in one.layers_in(family)
            ]
            if names and (family == "namespaces" or not layer.endswith(("-namespace", "-root"))):
                rows.append([code(layer), str(len(names)), code(names)])
        parts.append(Part(["layer", "attacks", "stopped by it alone"], rows, f"{family} plan"))
    return parts


def published() -> list[Part]:
    """Published escapes of this field, and the attacks of ours that each became."""
    table = tomllib.loads(Path(__file__).with_name("published.toml").read_text("utf-8"))
    rows = []
    for escape in table["escape"]:
        names = [
            one.id
            for one in attack.all_attacks().values()
            if any(
                known.startswith(word) for known in one.source for word in escape.get("match", ())
            )
        ]
        tests = code(names) if names else escape.get("elsewhere", "not yet")
        rows.append([escape["name"], escape["what"], tests])
    return [Part(["known from", "what happened", "our attacks"], rows)]


# --- command line and HTTP -----------------------------------------------------------------------


def commands() -> list[Part]:
    """Every command with its options, as ``--help`` tells them."""
    from berm.cli.app import app  # noqa: PLC0415 - builds the whole command line

    parts = []

    def visit(command: Any, path: str) -> None:
        for name, child in getattr(command, "commands", {}).items():
            visit(child, f"{path} {name}")
        if getattr(command, "commands", {}):
            return
        rows = []
        for one in command.params:
            if getattr(one, "hidden", False):
                continue
            is_option = one.param_type_name == "option"
            words = [*one.opts, *one.secondary_opts] if is_option else [one.name.upper()]
            rows.append([code(words), (getattr(one, "help", "") or "").replace("``", "`")])
        text = inspect.cleandoc(command.help or "").replace("``", "`").split("\n\n")
        text = [" ".join(paragraph.split()) for paragraph in text if "\b" not in paragraph]
        parts.append(Part(["argument", "meaning"], rows, f"`{path}`", text))

    visit(typer.main.get_command(app), "berm")
    return parts


def openapi() -> Mapping[str, Any]:
    """Return the document that the service gives at ``/openapi.json``."""
    made = service_app.create_app(None)  # type: ignore[arg-type] - no engine is needed to describe it
    return made.openapi()


def routes() -> list[Part]:
    """The routes of the service."""
    rows = [
        [
            code(f"{method.upper()} {path}"),
            operation.get("summary", ""),
            code(operation["responses"]),
        ]
        for path, methods in openapi()["paths"].items()
        for method, operation in methods.items()
    ]
    return [Part(["route", "what it does", "answers"], rows)]


def schemas() -> list[Part]:
    """The objects of the service's requests and responses."""
    parts = []
    for name, schema in sorted(openapi()["components"]["schemas"].items()):
        required = schema.get("required", [])
        rows = [
            [
                code(field) + ("" if field in required else " (optional)"),
                type_text(body),
                " ".join(body.get("description", "").replace("``", "`").split()),
            ]
            for field, body in schema.get("properties", {}).items()
        ]
        text = " ".join(schema.get("description", "").replace("``", "`").split())
        parts.append(Part(["field", "type", "meaning"], rows, code(name), [text] if text else []))
    return parts


def type_text(body: Mapping[str, Any]) -> str:
    """Write a JSON schema's type in a few words."""
    if "$ref" in body:
        return code(body["$ref"].rsplit("/", 1)[-1])
    for joint in ("anyOf", "oneOf", "allOf"):
        if joint in body:
            return " or ".join(dict.fromkeys(type_text(one) for one in body[joint]))
    if "enum" in body:
        return " or ".join(f"`{value}`" for value in body["enum"])
    if body.get("type") == "array":
        return f"array of {type_text(body.get('items', {}))}"
    with contextlib.suppress(KeyError):
        return str(body["type"])
    return "anything"


SOURCES: Mapping[str, Callable[[], list[Part]]] = {
    function.__name__: function
    for function in (
        limits,
        outcomes,
        settings,
        languages,
        profiles,
        policy,
        attacks,
        rules,
        layers,
        published,
        commands,
        routes,
        schemas,
    )
}
