"""Rules: what facts mean. Data in TOML, each rule with its reason, an example that hits and one that does not."""

from __future__ import annotations

import dataclasses
import enum
import functools
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from typing import Any, Final

from berm.analysis.fact import Fact, Kind
from berm.errors import PolicyError


class Severity(enum.StrEnum):
    """How much a finding matters, the least first."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Category(enum.StrEnum):
    """What kind of thing a rule is about."""

    DANGEROUS_IMPORT = "dangerous-import"
    DANGEROUS_CALL = "dangerous-call"
    FILE_READ = "file-read"
    FILE_WRITE = "file-write"
    NETWORK = "network"
    PROCESS = "process"
    NATIVE = "native"
    INTROSPECTION = "introspection"
    DYNAMIC_CODE = "dynamic-code"
    RESOURCE_ABUSE = "resource-abuse"
    OBFUSCATION = "obfuscation"
    ANALYSIS = "analysis"


_MATCHERS: Final[Mapping[str, tuple[Kind, ...]]] = {
    "import": (Kind.IMPORT,),
    "call": (Kind.CALL,),
    "use": (Kind.USE,),
    "reach": (Kind.CALL, Kind.USE),
    "attribute": (Kind.ATTRIBUTE,),
    "pattern": (Kind.PATTERN,),
}
_BYTES_WORD: Final = re.compile(rb"[A-Za-z_]\w*")
_TEXTS: Final = ("id", "severity", "category", "message", "why")
_EXAMPLES: Final = ("hit", "miss")


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        id: its name, ``language.what``.
        languages: the languages it is for; ``*`` for every one.
        message: what the program does, to follow "The program".
        why: why somebody may not want that.
        hit, miss: a program (for rules about the analysis itself: a fact) that it finds, one that it
            does not; one for all its languages, or one for each.
        matchers: kind of fact to the names that it asks for; a trailing ``*`` is any ending.
        queries: language to a tree-sitter query whose capture ``@hit`` is a finding.
    """

    id: str
    languages: tuple[str, ...]
    severity: Severity
    category: Category
    message: str
    why: str
    hit: str | Mapping[str, str]
    miss: str | Mapping[str, str]
    matchers: Mapping[Kind, tuple[str, ...]]
    queries: Mapping[str, str]

    def hit_for(self, language: str) -> str:
        """Return a program in a language that it finds."""
        return self.hit if isinstance(self.hit, str) else self.hit[language]

    def miss_for(self, language: str) -> str:
        """Return a program in a language that it leaves alone."""
        return self.miss if isinstance(self.miss, str) else self.miss[language]

    def is_for(self, language: str) -> bool:
        """Tell whether it is for a language."""
        return "*" in self.languages or language in self.languages


@dataclasses.dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words, and beginnings of words."""

    whole: frozenset[str]
    begun: tuple[str, ...]

    def meets(self, source: bytes) -> bool:
        """Tell whether any of them is in a text."""
        words = {word.decode("ascii") for word in _BYTES_WORD.findall(source)}
        return bool(words & self.whole) or any(word.startswith(self.begun) for word in words)


class RuleSet:
    """The rules for one language, indexed by what they ask for."""

    def __init__(self, language: str, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rule for rule in rules if rule.is_for(language))
        self._exact: dict[tuple[Kind, str], list[Rule]] = {}
        self._open: dict[Kind, list[tuple[str, Rule]]] = {}
        for rule in self.rules:
            for kind, names in rule.matchers.items():
                for name in names:
                    if name.endswith("*"):
                        self._open.setdefault(kind, []).append((name[:-1], rule))
                    else:
                        self._exact.setdefault((kind, name), []).append(rule)
        self._starts = {
            kind: tuple(start for start, _ in found) for kind, found in self._open.items()
        }
        self.queries = [
            (rule, rule.queries[language]) for rule in self.rules if language in rule.queries
        ]

    def matching(self, kind: Kind, name: str) -> list[Rule]:
        """Return the rules that ask for a fact."""
        found = list(self._exact.get((kind, name), ()))
        found += [
            rule
            for start, rule in self._open.get(kind, ())
            if name.startswith(start) and rule not in found
        ]
        return found

    def wants(self, kind: Kind, name: str) -> bool:
        """Tell whether any rule asks for a fact."""
        return (kind, name) in self._exact or name.startswith(self._starts.get(kind, ()))

    @functools.cached_property
    def vocabulary(self) -> Vocabulary:
        """The words that a program cannot do without if any name that a rule asks for is in it."""
        whole: set[str] = set()
        begun: set[str] = set()
        for rule in self.rules:
            for kind, names in rule.matchers.items():
                for name in names if kind is not Kind.PATTERN else ():
                    word, is_whole = _word_of(name)
                    (whole if is_whole else begun).add(word)
        return Vocabulary(frozenset(whole), tuple(sorted(begun)))

    def of(self, fact: Fact) -> list[Rule]:
        """Return the rules that a fact meets."""
        return self.matching(fact.kind, fact.name)


def _word_of(name: str) -> tuple[str, bool]:
    """Return a word that is in every text with a name, and whether that is the whole word."""
    open_end = name.endswith("*")
    words = re.findall(r"[A-Za-z_]\w*", name.removesuffix(".h"))
    types = [word for word in words if word[0].isupper() and word != "System"]
    if types and words[-1] not in types and len(words) > 1:
        return types[-1], True  # a member says less than its class: `Files.copy`
    return words[-1], not open_end or name.endswith((".*", "/*"))


def load(text: str, origin: str) -> list[Rule]:
    """Read a rule file.

    Raises:
        PolicyError: it is wrong; says which rule, and what about it.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"The rule file {origin} is not TOML: {error}.") from error
    languages = table.pop("languages", None)
    if not isinstance(languages, list) or not all(isinstance(name, str) for name in languages):
        raise PolicyError(
            f"The rule file {origin} names no languages.",
            remedy='Begin it with a line such as `languages = ["python"]`.',
        )
    entries = table.pop("rule", [])
    if table:
        raise PolicyError(
            f"The rule file {origin} has unknown entries: {', '.join(sorted(table))}."
        )
    made = [_rule(dict(entry), tuple(languages), origin) for entry in entries]
    names = [rule.id for rule in made]
    for name in names:
        if names.count(name) > 1:
            raise PolicyError(f"The rule file {origin} has two rules {name}.")
    return made


def _rule(entry: dict[str, Any], languages: tuple[str, ...], origin: str) -> Rule:
    name = entry.get("id", "without an id")
    texts: dict[str, str] = {}
    for key in _TEXTS:
        value = entry.pop(key, None)
        if not isinstance(value, str):
            raise PolicyError(
                f"Rule {name} in {origin} has no {key}.",
                remedy=f"Every rule has: {', '.join((*_TEXTS, *_EXAMPLES))}; and at least one of"
                f" {', '.join(_MATCHERS)}, query.",
            )
        texts[key] = value
    examples = [
        _example(entry.pop(key, None), languages, f"{name} in {origin}", key) for key in _EXAMPLES
    ]
    matchers: dict[Kind, list[str]] = {}
    for key, kinds in _MATCHERS.items():
        names = entry.pop(key, [])
        if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
            raise PolicyError(f"Rule {name} in {origin}: {key} must be a list of strings.")
        for kind in kinds:
            matchers.setdefault(kind, []).extend(names)
    queries = entry.pop("query", {})
    if isinstance(queries, str):
        queries = dict.fromkeys(languages, queries)
    if not isinstance(queries, dict):
        raise PolicyError(f"Rule {name} in {origin}: query must be a string, or one a language.")
    if entry:
        raise PolicyError(f"Rule {name} in {origin} has unknown entries: {', '.join(entry)}.")
    if not queries and not any(matchers.values()):
        raise PolicyError(f"Rule {name} in {origin} asks for nothing.")
    return Rule(
        id=texts["id"],
        languages=languages,
        severity=_one(Severity, texts["severity"], name, origin),
        category=_one(Category, texts["category"], name, origin),
        message=texts["message"],
        why=texts["why"],
        hit=examples[0],
        miss=examples[1],
        matchers={kind: tuple(names) for kind, names in matchers.items() if names},
        queries=queries,
    )


def _example(
    given: object, languages: tuple[str, ...], place: str, key: str
) -> str | Mapping[str, str]:
    """Check an example: one program, or one for each language."""
    if isinstance(given, str):
        return given
    if isinstance(given, dict) and set(given) == set(languages):
        return given
    raise PolicyError(
        f"Rule {place} has no {key}, or not for each of its languages.",
        remedy=f"Give {key} as a program, or as a table with one for each language.",
    )


def _one(kind: Any, value: str, name: str, origin: str) -> Any:
    try:
        return kind(value)
    except ValueError as error:
        raise PolicyError(
            f"Rule {name} in {origin} has the {kind.__name__.lower()} {value!r}.",
            remedy=f"Give one of: {', '.join(kind)}.",
        ) from error


@functools.cache
def shipped() -> Sequence[Rule]:
    """Return all rules that come with Berm."""
    made: list[Rule] = []
    for file in sorted(
        resources.files("berm.analysis").joinpath("data").iterdir(), key=lambda f: f.name
    ):
        if file.name.endswith(".toml") and file.name != "packs.toml":
            made += load(file.read_text("utf-8"), file.name)
    return tuple(made)


@functools.cache
def rules_for(language: str) -> RuleSet:
    """Return the rules that come with Berm for one language."""
    return RuleSet(language, shipped())
