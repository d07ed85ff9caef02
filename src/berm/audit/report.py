"""What an audit found, for people and for programs."""

from __future__ import annotations

import collections
import itertools
import json
import platform
from collections.abc import Iterable, Mapping, Sequence

from berm.audit.ablation import NONE, Ablation, second_layers
from berm.audit.runner import Trial
from berm.audit.verdict import Status
from berm.kernel.features import HostFeatures
from berm.model import Enforcement

FORMAT = 1
"""Version of the JSON form; it grows when a field changes its meaning."""

_WIDTH = 26


def environment(features: HostFeatures, enforcement: Enforcement) -> dict[str, object]:
    """Return where the audit ran: what decides which layers there are."""
    return {
        "kernel": platform.release(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "features": features.as_dict(),
        "enforcement": enforcement.as_dict(),
    }


def as_json(
    trials: Sequence[Trial],
    where: Mapping[str, object],
    ablations: Sequence[Ablation] = (),
) -> str:
    """Return the whole report as one JSON document."""
    document = {
        "format": FORMAT,
        "environment": where,
        "summary": summary(trials),
        "trials": [trial.as_dict() for trial in trials],
        "ablation": [step.as_dict() for step in ablations],
    }
    return json.dumps(document, indent=2)


def summary(trials: Iterable[Trial]) -> dict[str, int]:
    """Count the trials by status."""
    found = collections.Counter(trial.status for trial in trials)
    return {status.value: found[status] for status in Status}


def exit_code(trials: Sequence[Trial]) -> int:
    """Return 1 if anything escaped or is unclear, else 0."""
    return int(any(trial.status in (Status.ESCAPED, Status.UNCLEAR) for trial in trials))


def line(trial: Trial) -> str:
    """Return one trial as one line, for a terminal."""
    shown = trial.detail if trial.status is not Status.HELD else ", ".join(trial.layers)
    return f"{trial.status.value:<14}  {trial.attack.id:<{_WIDTH}}  {_short(shown, 160)}"


def matrix(trials: Sequence[Trial]) -> str:
    """Return all trials as a Markdown table, by guarantee."""
    lines = []
    ordered = sorted(trials, key=lambda trial: (trial.attack.guarantee.value, trial.attack.id))
    for guarantee, group in itertools.groupby(ordered, key=lambda trial: trial.attack.guarantee):
        lines += ["", f"### {guarantee.value}", ""]
        lines += ["| attack | tries to | result | stopped by |", "|---|---|---|---|"]
        lines += [
            f"| `{trial.attack.id}` | {_cell(trial.attack.title)} | {trial.status.value} |"
            f" {_cell(', '.join(trial.layers) if trial.status is Status.HELD else trial.detail)} |"
            for trial in group
        ]
    return "\n".join(lines).strip() + "\n"


def ablation_text(steps: Sequence[Ablation]) -> str:
    """Return what each layer stops that no other does, and what it stops by itself."""
    idle = [step for step in steps if step.layer == NONE]
    lines: list[str] = []
    for step in idle:
        free = len(step.names(Status.ESCAPED))
        lines += [
            f"With no isolating layer {free} of {len(step.trials)} attacks get through.",
            "",
        ]
        steps = [one for one in steps if one is not step]
    lines += ["Without a layer (all others stay) these attacks get through:", ""]
    lines += [
        f"  {step.layer:<18}  {_outcome(step, Status.ESCAPED)}" for step in steps if not step.alone
    ]
    lines += ["", "With a layer alone, of the attacks that it should stop:", ""]
    for step in steps:
        if step.alone:
            held = len(step.names(Status.HELD))
            through = step.names(Status.ESCAPED)
            rest = f"; through: {', '.join(through)}" if through else ""
            text = step.problem or f"{held} of {len(step.trials)} held{rest}"
            lines.append(f"  {step.layer:<18}  {_short(text, 300)}")
    lines += [
        "",
        "Attacks that get through with no layer, by the number of layers that each stop them alone:",
        "",
    ]
    for guarantee, attacks in second_layers([*idle, *steps]).items():
        counts = collections.Counter(min(len(layers), 3) for layers in attacks.values())
        text = ", ".join(
            f"{counts[n]} by {'three or more' if n == 3 else n}" for n in (3, 2, 1, 0) if counts[n]
        )
        lines.append(f"  {guarantee.value:<18}  {text}")
    return "\n".join(lines) + "\n"


def _outcome(step: Ablation, status: Status) -> str:
    if step.problem:
        return _short(step.problem, 200)
    names = step.names(status)
    return f"{len(names)} of {len(step.trials)}: {', '.join(names)}" if names else "none"


def _cell(text: str) -> str:
    return _short(text.replace("|", "\\|").replace("<", "&lt;"), 160)


def _short(text: str, most: int) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"
