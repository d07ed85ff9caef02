"""Defence in depth as a page: what an ablation showed, as Markdown. Pure."""

from __future__ import annotations

import collections
from collections.abc import Mapping, Sequence

from berm.audit.ablation import NONE, Ablation, second_layers
from berm.audit.verdict import Status
from berm.model import Guarantee

_HEAD = """\
# Defence in depth

Which layers stop which attacks, tried by switching layers off. This page is generated; the command that made it:

```sh
{command}
```

Linux {kernel} on {machine}, uid {uid}, {plan} plan. Layers in force: {layers}.

Attacks on the guarantees that isolate (those on limits are held by counting) ran with no layer but those that bound and
end a run (resource limits, watchdog, cgroup, agent), then with each layer alone, then with each layer off. What is held with
no layer at all, is held by this kernel and this user's lack of rights, proves nothing, and is left out below.
"""


def page(where: Mapping[str, object], steps: Sequence[Ablation], command: str, uid: int) -> str:
    """Return the page for one ablation."""
    idle = next((step for step in steps if step.layer == NONE), None)
    enforcement = where["enforcement"]
    if idle is None or not isinstance(enforcement, Mapping):
        raise ValueError("not the result of an ablation")
    alone = [step for step in steps if step.alone and step.layer != NONE]
    head = _HEAD.format(
        command=command,
        kernel=str(where["kernel"]).split("-", 1)[0],
        machine=where["machine"],
        uid=uid,
        plan=enforcement["plan"],
        layers=", ".join(f"`{name}`" for name in enforcement["layers"]),
    )
    through = len(idle.names(Status.ESCAPED))
    parts = [
        head,
        f"With no isolating layer {through} of {len(idle.trials)} attacks get through.\n",
        "## By how many layers each attack is stopped alone\n",
        _by_number(steps),
        "## Each layer alone\n",
        _by_layer(alone),
        "## Each layer off, all others on\n",
        _off([step for step in steps if not step.alone]),
        "## Each attack\n",
        _by_attack(steps),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _by_number(steps: Sequence[Ablation]) -> str:
    rows = []
    for guarantee, attacks in second_layers(steps).items():
        counts = collections.Counter(min(len(layers), 3) for layers in attacks.values())
        layers = collections.Counter(name for names in attacks.values() for name in names)
        told = ", ".join(f"`{name}` ({count})" for name, count in layers.most_common())
        rows.append([guarantee.value, len(attacks), *(counts[n] for n in (3, 2, 1, 0)), told])
    head = ["guarantee", "attacks", "three or more", "two", "one", "none", "layers (attacks that"]
    head[-1] += " each stops alone)"
    return _table(head, rows)


def _by_layer(alone: Sequence[Ablation]) -> str:
    rows = []
    for step in alone:
        held = collections.Counter(
            trial.attack.guarantee for trial in step.trials if trial.status is Status.HELD
        )
        told = ", ".join(f"{g.value} {held[g]}" for g in Guarantee if held[g])
        missed = ", ".join(f"`{name}`" for name in step.names(Status.ESCAPED)) or "none"
        unable = [
            f"`{trial.attack.id}` ({' '.join(trial.detail.split())[:120]})"
            for trial in step.trials
            if trial.status in (Status.UNCLEAR, Status.NOT_APPLICABLE)
        ]
        row = [f"`{step.layer}`", len(step.trials), step.problem or told, missed]
        rows.append([*row, "; ".join(unable) or "none"])
    head = ["layer", "attacks that it claims", "held", "got through", "could not be made like this"]
    return _table(head, rows)


def _off(steps: Sequence[Ablation]) -> str:
    rows = []
    for step in steps:
        names = ", ".join(f"`{name}`" for name in step.names(Status.ESCAPED))
        rows.append([f"`{step.layer}`", len(step.trials), step.problem or names or "nothing"])
    return _table(["layer", "attacks that it claims", "gets through without it"], rows)


def _by_attack(steps: Sequence[Ablation]) -> str:
    rows = [
        [
            guarantee.value,
            f"`{name}`",
            ", ".join(f"`{layer}`" for layer in layers) or "**no layer alone**",
        ]
        for guarantee, attacks in second_layers(steps).items()
        for name, layers in attacks.items()
    ]
    return _table(["guarantee", "attack", "stopped alone by"], rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    text = [
        "| " + " | ".join(" ".join(str(cell).split()).replace("|", "\\|") for cell in line) + " |"
        for line in lines
    ]
    return "\n".join(text) + "\n"
