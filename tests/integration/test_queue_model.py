"""Random sequences on both stores: the queue does what a model in plain Python does.

tests/bench/queue_sequences.py runs thousands of them.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from queue_machine import machine, rig

SEQUENCES = {"sqlite": 50, "postgresql": 20}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("store", SEQUENCES)
def test_the_queue_does_what_the_model_does(store, tmp_path, request):
    if store == "sqlite":
        memory = Path("/dev/shm")  # ten thousand fsyncs say nothing about what is looked for
        folder = tempfile.mkdtemp(dir=memory if memory.is_dir() else tmp_path)
        request.addfinalizer(lambda: shutil.rmtree(folder))
        url = f"sqlite:///{folder}/berm.db"
    else:
        url = request.getfixturevalue("postgresql").database()
    with rig(url) as made:
        run_state_machine_as_test(
            machine(made),
            settings=settings(
                max_examples=SEQUENCES[store],
                stateful_step_count=40,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                # A store is no toy to shrink against for long: the command does that.
                phases=[Phase.explicit, Phase.generate],
            ),
        )
