"""Settings: one frozen value, from TOML and from the environment.

The file is ``$BERM_CONFIG`` or the path given; every setting below can also be set by
``BERM_<SECTION>_<NAME>`` (``BERM_ISOLATION_REQUIRE=strict``), which wins over the file.
"""

from __future__ import annotations

import dataclasses
import os
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from berm.analysis.policy import ACTIONS, PACKS, Policy
from berm.cell.demand import Bounds
from berm.errors import ConfigError
from berm.kernel.features import HostFeatures
from berm.model import KIB, MIB, Guarantee
from berm.policy.layers import LAYERS
from berm.policy.plan import PlanSettings

_STANDARD = "standard"
_STRICT = "strict"


@dataclasses.dataclass(frozen=True, slots=True)
class Config:
    """What an operator can set.

    Attributes:
        require: ``standard`` (every guarantee), ``strict`` (filesystem, network and processes
            held by two layers each as well), or the guarantees to require.
        give_up: guarantees that the operator does without; results then say so.
        plan: ``auto``, ``namespaces`` or ``confined``.
        landlock_abi: use at most this Landlock ABI; None for what the kernel has.
        ablate: layers switched off, for ``berm audit --ablate`` only.
        uid_base, uid_count: as root, the range of uids that cells get.
        cgroup: a delegated cgroup v2 directory, or None to look for one.
        run_dir: where the confined plan makes its run directories.
        runs_at_a_time: programs running at once; 0 means one per core, at least two.
        pool_floor: cells kept parked for each runtime that was used in the last ten minutes.
        pool_ceiling: cells kept parked for each runtime at most, however many runs come; -1 means
            four times as many as run at a time, 0 parks none.
        pool_mib: memory that all parked cells may take together, in MiB.
        pin: each program runs on one processor, which no other has meanwhile, for steady times; those
            beyond the number of processors run anywhere.
        nice: niceness of programs.
        disk_inodes: files and directories that one run may make.
        languages: tool overrides per language, e.g. ``{"python": {"python": "/usr/bin/python3.12"}}``.
        preload: modules that the warm Python imports on top of the usual ones.
        cache_mib: memory for compiled submissions, in MiB; 0 compiles each one anew.
        analysis_pack: the policy pack that every program's text is held to: ``education``, ``contest``,
            ``strict``, or ``off``.
        analysis_rules: what single rules do, whatever the pack says, e.g. ``{"py.import.os": "report"}``.
        analysis_allow: modules and names that no rule objects to.
        analysis_max_code: bytes of code that are analysed; what is larger is too complex.
        cache_directory: where prepared toolchains are kept (precompiled headers, class-data
            archives); empty for /var/cache/berm as root, else ~/.cache/berm, else below /var/tmp.
        cache_baked: where prepared toolchains lie ready and read-only, made by ``berm prepare`` when an
            image was built; empty for none.
        parked_mib: memory that runtimes may take together which were started before there is a
            program for them, in MiB; 0 starts none.
        analysis_pack: policy pack for programs before they run: ``off``, ``education``, ``contest``
            or ``strict``.
        analysis_rules: rule, or a pattern such as ``python.*``, to ``off``, ``report`` or ``block``;
            it wins over the pack.
        analysis_allow: rules, categories or names that are allowed whatever the pack says.
        analysis_max_code: bytes that a program may have to be analysed; more is too complex.
        service, store, queue, auth, limits, webhooks, tracing: tables of those names, checked by :mod:`berm.service`.
    """

    require: str | tuple[Guarantee, ...] = _STANDARD
    give_up: tuple[Guarantee, ...] = ()
    plan: str = "auto"
    landlock_abi: int | None = None
    ablate: tuple[str, ...] = ()
    uid_base: int = 2_000_000_000
    uid_count: int = 4096
    cgroup: str | None = None
    run_dir: str = "/tmp"  # noqa: S108 - only a base; run directories below it are unguessable
    runs_at_a_time: int = 0
    pool_floor: int = 2
    pool_ceiling: int = -1
    pool_mib: int = 128
    pin: bool = False
    nice: int = 10
    disk_inodes: int = 8192
    languages: Mapping[str, Mapping[str, str]] = dataclasses.field(default_factory=dict)
    preload: tuple[str, ...] = ()
    cache_mib: int = 64
    analysis_pack: str = "off"
    analysis_rules: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])
    analysis_allow: tuple[str, ...] = ()
    analysis_max_code: int = 50 * KIB
    cache_directory: str = ""
    cache_baked: str = ""
    parked_mib: int = 256
    service: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    store: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    auth: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    limits: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    webhooks: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    tracing: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    queue: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        _one_of("isolation.plan", self.plan, ("auto", "namespaces", "confined"))
        if isinstance(self.require, str):
            _one_of("isolation.require", self.require, (_STANDARD, _STRICT))
        for layer in self.ablate:
            _one_of("isolation.ablate", layer, LAYERS)
        _within("isolation.uid_base", self.uid_base, 1, 4_294_000_000)
        _within("isolation.uid_count", self.uid_count, 2, 1_000_000)
        _within("pool.runs_at_a_time", self.runs_at_a_time, 0, 4096)
        _within("pool.floor", self.pool_floor, 0, 1024)
        _within("pool.ceiling", self.pool_ceiling, -1, 1024)
        _within("pool.memory_mib", self.pool_mib, 0, 1_048_576)
        _within("isolation.nice", self.nice, 0, 19)
        _within("isolation.disk_inodes", self.disk_inodes, 16, 10_000_000)
        _within("pool.parked_mib", self.parked_mib, 0, 1_048_576)
        _within("cache.memory_mib", self.cache_mib, 0, 65536)
        _within("analysis.max_code", self.analysis_max_code, 1, 2 * MIB)
        _one_of("analysis.pack", self.analysis_pack, PACKS)
        if not isinstance(self.analysis_rules, Mapping):
            raise ConfigError("[analysis.rules] must be a table.")
        for rule, action in self.analysis_rules.items():
            _one_of(f"analysis.rules.{rule}", str(action), ACTIONS)
        if self.landlock_abi is not None:
            _within("isolation.landlock_abi", self.landlock_abi, 0, 99)

    @property
    def concurrency(self) -> int:
        """Programs running at once."""
        return self.runs_at_a_time or max(2, len(os.sched_getaffinity(0)))

    @property
    def pool_bounds(self) -> Bounds:
        """What parked cells may be and take."""
        ceiling = 4 * self.concurrency if self.pool_ceiling < 0 else self.pool_ceiling
        return Bounds(min(self.pool_floor, ceiling), ceiling, self.pool_mib * MIB)

    @property
    def processors(self) -> tuple[int, ...]:
        """The processors to pin programs to; none where they run anywhere."""
        return tuple(sorted(os.sched_getaffinity(0))) if self.pin else ()

    @property
    def cgroup_path(self) -> Path | None:
        """The cgroup to use, None to look for one."""
        return Path(self.cgroup) if self.cgroup else None

    def check_run_dir(self) -> None:
        """Raise :class:`ConfigError` if no run directory can be made, or no program can be started in one."""
        try:
            os.rmdir(tempfile.mkdtemp(prefix="berm-try-", dir=self.run_dir))  # noqa: PTH106
        except OSError as error:
            raise ConfigError(
                f"No directory can be made in {self.run_dir}: {error.strerror}.",
                meaning="Every run needs one, so that nothing could run.",
                remedy="Mount a tmpfs there that this user can write (docker: --tmpfs /tmp:exec; Kubernetes: an"
                " emptyDir), or name another place: isolation.run_dir (BERM_ISOLATION_RUN_DIR).",
            ) from error
        if os.statvfs(self.run_dir).f_flag & os.ST_NOEXEC:
            raise ConfigError(
                f"No program can be started in {self.run_dir}: it is mounted noexec.",
                meaning="What was compiled could not run there, and people would be told that they failed.",
                remedy="Mount it with exec (docker: --tmpfs /tmp:exec, since without that word Docker says noexec),"
                " or name another place: isolation.run_dir (BERM_ISOLATION_RUN_DIR).",
            )

    def check_cgroup(self, features: HostFeatures) -> None:
        """Raise :class:`ConfigError` if a cgroup was named that cannot be used."""
        if self.cgroup and features.cgroup_v2 is None:
            raise ConfigError(
                f"isolation.cgroup: {features.problems['cgroup_v2']}",
                meaning="Memory and processes would be held by rlimits and the watchdog alone.",
                remedy="Name a cgroup v2 directory that was delegated to this user with memory and pids"
                " (or BERM_ISOLATION_CGROUP), or none: then one is looked for.",
            )

    def analysis_policy(
        self,
        pack: str | None = None,
        *,
        rules: Mapping[str, str] | None = None,
        allow: tuple[str, ...] = (),
    ) -> Policy:
        """Return the policy for a program's text: these settings, and what one call changes."""
        return Policy(
            self.analysis_pack if pack is None else pack,
            {
                **(rules or {}),
                **{k: v for k, v in self.analysis_rules.items() if k not in (rules or {})},
            },
            (*self.analysis_allow, *allow),
        )

    def plan_settings(self) -> PlanSettings:
        """Return the part that a cell's plan is made of."""
        wanted = tuple(Guarantee) if isinstance(self.require, str) else self.require
        return PlanSettings(
            family=self.plan,
            require=tuple(g for g in wanted if g not in self.give_up),
            strict=self.require == _STRICT,
            ablate=self.ablate,
            disk=64 * MIB,
            inodes=self.disk_inodes,
            nice=self.nice,
            run_dir=self.run_dir,
        )

    @classmethod
    def load(
        cls, path: str | os.PathLike[str] | None = None, env: Mapping[str, str] | None = None
    ) -> Config:
        """Read the settings; raises :class:`ConfigError` that names the wrong one."""
        env = os.environ if env is None else env
        path = path or env.get("BERM_CONFIG") or None
        tables = _read(Path(path)) if path is not None else {}
        values: dict[str, Any] = {}
        for section, names in _SETTINGS.items():
            table = tables.pop(section, {})
            if not isinstance(table, dict):
                raise ConfigError(f"[{section}] must be a table.")
            for key, field in names.items():
                text = env.get(f"BERM_{section}_{key}".upper())
                raw = table.pop(key, None)
                if text is not None:
                    raw = text
                if raw is not None:
                    values[field] = _convert(f"{section}.{key}", field, raw)
            if table:
                known = ", ".join(sorted(names))
                raise ConfigError(
                    f"[{section}] has no setting {', '.join(sorted(table))}.",
                    remedy=f"Known: {known}.",
                )
        for name in _OF_OTHERS:
            values[name] = tables.pop(name, {})
        if tables:
            raise ConfigError(
                f"Unknown table [{', '.join(sorted(tables))}] in {path}.",
                remedy=f"Known: {', '.join(f'[{name}]' for name in (*_SETTINGS, *_OF_OTHERS))}.",
            )
        return cls(**values)


_SETTINGS: Mapping[str, Mapping[str, str]] = {
    "isolation": {
        "require": "require",
        "give_up": "give_up",
        "plan": "plan",
        "landlock_abi": "landlock_abi",
        "uid_base": "uid_base",
        "uid_count": "uid_count",
        "cgroup": "cgroup",
        "run_dir": "run_dir",
        "nice": "nice",
        "disk_inodes": "disk_inodes",
    },
    "analysis": {
        "pack": "analysis_pack",
        "rules": "analysis_rules",
        "allow": "analysis_allow",
        "max_code": "analysis_max_code",
    },
    "pool": {
        "runs_at_a_time": "runs_at_a_time",
        "floor": "pool_floor",
        "ceiling": "pool_ceiling",
        "memory_mib": "pool_mib",
        "pin": "pin",
        "preload": "preload",
        "parked_mib": "parked_mib",
    },
    "cache": {
        "memory_mib": "cache_mib",
        "directory": "cache_directory",
        "baked": "cache_baked",
    },
}
# Tables that others check: the registry of languages, and the service.
OF_THE_SERVICE = ("service", "store", "queue", "auth", "limits", "webhooks", "tracing")
_OF_OTHERS = ("languages", *OF_THE_SERVICE)
_NUMBERS = frozenset(
    (
        "analysis_max_code",
        *("landlock_abi", "uid_base", "uid_count", "nice", "disk_inodes"),
        *("runs_at_a_time", "pool_floor", "pool_ceiling", "pool_mib", "cache_mib", "parked_mib"),
    )
)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"The settings file {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"The settings file {path} is not TOML: {error}.") from error


def _convert(name: str, field: str, raw: object) -> object:
    if field in _NUMBERS:
        try:
            if isinstance(raw, bool) or not isinstance(raw, int | str):
                raise TypeError
            return int(raw)
        except (TypeError, ValueError) as error:
            raise ConfigError(f"{name} must be an integer, not {raw!r}.") from error
    if field == "pin":
        if isinstance(raw, bool) or raw in ("true", "false"):
            return raw in (True, "true")
        raise ConfigError(f"{name} must be true or false, not {raw!r}.")
    if field == "require" and raw in (_STANDARD, _STRICT):
        return raw
    if field in ("require", "give_up"):
        return tuple(_guarantee(name, item) for item in _items(name, raw))
    if field == "analysis_rules":
        return _pairs(name, raw)
    if field in ("preload", "analysis_allow"):
        return tuple(_items(name, raw))
    if not isinstance(raw, str):
        raise ConfigError(f"{name} must be a string, not {raw!r}.")
    return raw


def _items(name: str, raw: object) -> list[str]:
    if isinstance(raw, str):
        return [item.strip() for item in raw.split(",") if item.strip()]
    if isinstance(raw, list) and all(isinstance(item, str) for item in raw):
        return raw
    raise ConfigError(f"{name} must be a list of strings, not {raw!r}.")


def _pairs(name: str, raw: object) -> dict[str, str]:
    """Read a table, or from the environment ``rule=action,rule=action``."""
    if isinstance(raw, str):
        raw = dict(item.partition("=")[::2] for item in _items(name, raw))
    if isinstance(raw, dict) and all(isinstance(value, str) for value in raw.values()):
        return raw
    raise ConfigError(f"{name} must be a table of strings, not {raw!r}.")


def _guarantee(name: str, item: str) -> Guarantee:
    try:
        return Guarantee(item)
    except ValueError as error:
        raise ConfigError(
            f"{name} names {item!r}, which is no guarantee.",
            remedy=f"The guarantees are: {', '.join(Guarantee)}.",
        ) from error


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ConfigError(f"{name} is {value!r}.", remedy=f"Give one of: {', '.join(known)}.")


def _within(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ConfigError(f"{name} is {value}.", remedy=f"Give a number from {low} to {high}.")
