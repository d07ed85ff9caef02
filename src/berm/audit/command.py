"""``berm audit``: the options, and what becomes of them. Called by ``berm.cli``."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from collections.abc import Callable, Sequence

from berm.audit import depth, report
from berm.audit.ablation import Ablation, ablate
from berm.audit.bystander import ENV_SECRET
from berm.audit.runner import Trial, audit, select
from berm.config import Config
from berm.engine import Engine
from berm.errors import InputError


def main(
    config: Config,
    words: Sequence[str] = (),
    *,
    as_json: bool = False,
    with_ablation: bool = False,
    environment: bool = False,
    markdown: bool = False,
    write: Callable[[str], object] = sys.stdout.write,
) -> int:
    """Run attacks on this machine and print what became of them.

    Args:
        config: the engine's settings.
        words: beginnings of attack ids, or guarantees; none for all attacks.
        as_json: print one JSON document.
        with_ablation: run the isolating attacks again with layers switched off.
        environment: print what this machine offers first (always part of the JSON).
        markdown: print the matrix as Markdown, or, with an ablation, ``docs/defence-in-depth.md``.
        write: where to print.

    Returns:
        0 if every attack was held or does not apply here, 1 otherwise.
    """
    with_secret()
    attacks = select(words)
    if not attacks:
        raise InputError(
            f"No attack is called {' or '.join(words)}.",
            remedy="Give the beginning of an attack's name, or a guarantee; none for all.",
        )
    quiet = as_json or markdown

    def on_trial(trial: Trial) -> None:
        if not quiet:
            write(report.line(trial) + "\n")

    def on_step(step: Ablation) -> None:
        if not quiet:
            how = "alone" if step.alone else "off"
            counts = ", ".join(
                f"{n} {name}" for name, n in report.summary(step.trials).items() if n
            )
            write(
                f"{step.layer} {how}: {step.problem or counts or 'no attack is claimed for it'}\n"
            )

    where = asyncio.run(_where(config))
    if environment and not quiet:
        write(_environment_text(where))
    trials = asyncio.run(audit(config, attacks, on_trial=on_trial))
    steps = asyncio.run(ablate(config, attacks, on_step=on_step)) if with_ablation else []
    if as_json:
        write(report.as_json(trials, where, steps) + "\n")
    elif markdown and steps:
        words_given = " ".join(["berm audit", *words, "--ablate --markdown"])
        write(depth.page(where, steps, words_given, os.geteuid()))
    elif markdown:
        write(report.matrix(trials))
    else:
        counts = ", ".join(f"{count} {name}" for name, count in report.summary(trials).items())
        write(f"\n{counts}\n")
        if steps:
            write("\n" + report.ablation_text(steps))
    return report.exit_code(trials)


def with_secret() -> None:
    """Begin this process anew with a secret in its environment, unless it has one.

    /proc/PID/environ shows the environment that a process began with, so that a variable set
    later would not be there for attacks to find.
    """
    if ENV_SECRET not in os.environ:
        value = "bermcanary-" + secrets.token_hex(16)
        sys.stdout.flush()
        sys.stderr.flush()
        os.execve(sys.executable, sys.orig_argv, {**os.environ, ENV_SECRET: value})  # noqa: S606


async def _where(config: Config) -> dict[str, object]:
    async with Engine(config) as engine:
        return report.environment(engine.features, engine.enforcement("python"))


def _environment_text(where: dict[str, object]) -> str:
    lines = [f"{name}: {where[name]}" for name in ("kernel", "machine", "python")]
    enforcement = where["enforcement"]
    if isinstance(enforcement, dict):
        lines.append(f"plan: {enforcement['plan']}")
        lines.append(f"layers: {', '.join(enforcement['layers'])}")
    return "\n".join(lines) + "\n\n"
