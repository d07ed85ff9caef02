"""Drive the queue and its model side by side through many random sequences.

    .venv/bin/python tests/bench/queue_sequences.py --store sqlite --sequences 10000
    .venv/bin/python tests/bench/queue_sequences.py --store postgresql --sequences 10000

The store lies in memory (/dev/shm) where there is one: what is looked for is a divergence, not speed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from postgres_server import PostgresServer
from queue_machine import machine, rig


def run(url: str, sequences: int, steps: int) -> None:
    begun = time.monotonic()
    with rig(url) as made:
        run_state_machine_as_test(
            machine(made),
            settings=settings(
                max_examples=sequences,
                stateful_step_count=steps,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    print(
        f"{sequences} sequences of up to {steps} steps: no divergence ({time.monotonic() - begun:.0f} s)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--store", choices=["sqlite", "postgresql"], required=True)
    parser.add_argument("--sequences", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=40)
    given = parser.parse_args()
    memory = Path("/dev/shm")
    place = str(memory) if memory.is_dir() else None
    if given.store == "sqlite":
        with tempfile.TemporaryDirectory(dir=place) as folder:
            run(f"sqlite:///{folder}/berm.db", given.sequences, given.steps)
        return
    server = PostgresServer(place)
    try:
        server.start("-c", "synchronous_commit=off")
        run(server.database(), given.sequences, given.steps)
    finally:
        server.remove()


if __name__ == "__main__":
    main()
