"""Defence in depth as a table: each layer switched off alone, and each left alone.

An attack's header claims which layers should each stop it alone. Three looks check the claim:

* with *no* isolating layer: what is held then, is held by this kernel and this user's lack of
  rights, and says nothing about any layer.
* *without* a layer: all others stay. What gets through then is stopped by that layer only.
* *only* a layer (and what it cannot stand without): what is held then, it stops by itself.

No attack of the collection harms the machine when it gets through: signals are those that are
ignored by default, bombs have fuses, and what is overwritten was staged for it.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence

from berm.audit.attack import Attack
from berm.audit.runner import Trial, audit, select
from berm.audit.verdict import Status
from berm.config import Config
from berm.engine import Engine
from berm.errors import BermError
from berm.kernel.features import HostFeatures
from berm.model import Guarantee
from berm.policy.layers import LAYERS
from berm.policy.plan import CellPlan, Runtime, make_plan
from berm.policy.profile import load_profile

ISOLATING = (
    Guarantee.FILESYSTEM,
    Guarantee.NETWORK,
    Guarantee.PROCESSES,
    Guarantee.SYSCALLS,
    Guarantee.PRIVILEGES,
    Guarantee.SECRETS,
)
"""Guarantees whose attacks are worth running with layers off. Limits are held by counting, and a
run without them is only slow."""

_ALWAYS = frozenset(("agent", "watchdog", "rlimits", "cgroup"))
"""Layers that stay on when one is left alone: they end and bound the run, they isolate nothing."""

NONE = "none"
"""Stands for no layer at all in an :class:`Ablation`."""

_NEVER_OFF = "uid"
"""Stays on too, started as root: no program ever runs as root. An audit by an ordinary user has no
such layer, so that its table is the sharper one."""

_STANDS_ON: Mapping[str, tuple[str, ...]] = {
    "pivot-root": ("mount-namespace",),
    "mount-namespace": ("pivot-root",),
    "pid-namespace": ("mount-namespace", "pivot-root"),
    "ipc-namespace": (),
}
"""What a layer cannot do its work without, besides the user namespace: a pid namespace hides
processes only with a /proc of its own, which is a mount."""


@dataclasses.dataclass(frozen=True, slots=True)
class Ablation:
    """What one setting of layers let through.

    Attributes:
        layer: the layer that was switched off, or left alone; ``none`` where none was left.
        alone: True if it was left alone.
        trials: what became of each attack.
        problem: why no run could be made like this, or empty.
    """

    layer: str
    alone: bool
    trials: tuple[Trial, ...]
    problem: str = ""

    def names(self, status: Status) -> list[str]:
        """Return the ids of attacks with that status."""
        return [trial.attack.id for trial in self.trials if trial.status is status]

    def as_dict(self) -> dict[str, object]:
        """Return plain JSON-ready data."""
        return {
            "layer": self.layer,
            "alone": self.alone,
            "problem": self.problem,
            "trials": [trial.as_dict() for trial in self.trials],
        }


def without(layer: str, in_force: Sequence[str]) -> tuple[str, ...]:
    """Return what to switch off to see what happens without ``layer``.

    A layer that stands on it goes too: without a mount namespace there is no pivot_root.
    """
    off = {layer}
    if layer in ("mount-namespace", "pivot-root"):
        off |= {"mount-namespace", "pivot-root"}
    return tuple(name for name in in_force if name in off)


def only(layer: str, in_force: Sequence[str]) -> tuple[str, ...]:
    """Return what to switch off to leave ``layer`` alone with what it stands on."""
    kept = {layer, _NEVER_OFF, *_ALWAYS, *_STANDS_ON.get(layer, ())}
    if any(name.endswith("-namespace") or name == "pivot-root" for name in kept):
        kept.add("user-namespace")  # where it is in force, the others are made inside of it
    if layer in ("seccomp", "landlock-fs", "landlock-net", "landlock-scope"):
        kept.add("no-new-privs")  # the kernel asks for it
    return tuple(name for name in in_force if name not in kept)


async def ablate(
    config: Config,
    attacks: Sequence[Attack] | None = None,
    *,
    claimed: bool = True,
    on_step: Callable[[Ablation], None] | None = None,
) -> list[Ablation]:
    """Run the isolating attacks with each layer off, and with each left alone.

    With ``claimed`` each layer meets only the attacks whose header claims it; without, all.
    """
    isolating = [a for a in (select() if attacks is None else attacks) if a.guarantee in ISOLATING]
    async with Engine(config) as engine:
        promise, features = engine.enforcement("python"), engine.features
    in_force = promise.layers
    steps = [await _step(config, features, NONE, True, in_force, isolating)]
    if on_step is not None:
        on_step(steps[0])
    for alone in (False, True):
        for layer in LAYERS:
            if layer not in in_force or layer in _ALWAYS or (layer == _NEVER_OFF and not alone):
                continue
            chosen = [a for a in isolating if layer in a.layers_in(promise.plan) or not claimed]
            step = await _step(config, features, layer, alone, in_force, chosen)
            steps.append(step)
            if on_step is not None:
                on_step(step)
    return steps


def bounded(plan: CellPlan) -> bool:
    """Whether the launcher's own clean-up, ``kill(-1)``, would stay inside the run.

    It is right only for the init of a pid namespace, or inside a Landlock signal scope. Without
    either it would end every process of the machine that the agent may signal.
    """
    if not plan.cell["kill_all"]:
        return True
    layers = plan.enforcement.layers
    scoped = bool(plan.cell["agent_scope"]) and "landlock-scope" in layers
    return "pid-namespace" in layers or scoped


def _plans(config: Config, features: HostFeatures) -> Iterator[CellPlan]:
    """Yield the plans of both kinds of runtime: forked warm, and executed."""
    for in_process in (True, False):
        runtime = Runtime(read_paths=(), interpreter=sys.executable, in_process=in_process)
        yield make_plan(load_profile("python"), features, runtime, config.plan_settings())


async def _step(
    config: Config,
    features: HostFeatures,
    layer: str,
    alone: bool,
    in_force: Sequence[str],
    attacks: Sequence[Attack],
) -> Ablation:
    off = only(layer, in_force) if alone else without(layer, in_force)
    try:
        if not all(map(bounded, _plans(dataclasses.replace(config, ablate=off), features))):
            reason = "Not run: the launcher's kill(-1) would reach the whole machine."
            return Ablation(layer, alone, (), reason)
        trials = await audit(dataclasses.replace(config, ablate=off), attacks)
    except BermError as error:
        return Ablation(layer, alone, (), error.diagnostics())
    return Ablation(layer, alone, tuple(trials))


def second_layers(steps: Sequence[Ablation]) -> dict[Guarantee, dict[str, list[str]]]:
    """Return guarantee → attack → the layers that were seen to hold it alone.

    Attacks that no layer is needed for on this machine are left out.
    """
    idle = {name for step in steps if step.layer == NONE for name in step.names(Status.HELD)}
    table: dict[Guarantee, dict[str, list[str]]] = {}
    for step in steps:
        if not step.alone or step.layer == NONE:
            continue
        for trial in step.trials:
            if trial.attack.id in idle:
                continue
            row = table.setdefault(trial.attack.guarantee, {}).setdefault(trial.attack.id, [])
            if trial.status is Status.HELD:
                row.append(step.layer)
    return table
