"""Attacks one at a time, for tests: ids come on standard input, trials leave on standard output.

``python -m berm.audit.worker [SETTING=VALUE ...]`` is a process of its own, so that it can be
started as another user and with a secret in its environment, and so that an attack which gets
through hurts nothing but it. One JSON object a line; ``{"refused": ...}`` instead of the
first if Berm refuses to run on this machine.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping

from berm.audit import leftovers
from berm.audit.attack import all_attacks
from berm.audit.command import with_secret
from berm.audit.runner import Auditor
from berm.config import Config
from berm.errors import BermError


async def serve(config: Config) -> None:
    """Answer until standard input ends; then tell what is left once the engine has ended."""
    loop = asyncio.get_running_loop()
    try:
        async with Auditor(config) as auditor:
            _say({"ready": auditor.engine.enforcement("python").as_dict()})
            while line := await loop.run_in_executor(None, sys.stdin.readline):
                trial = await auditor.attempt(all_attacks()[line.strip()])
                _say(trial.as_dict())
    except BermError as error:
        _say({"refused": error.diagnostics()})
        return
    leftovers.become_subreaper()
    await asyncio.sleep(0.2)
    _say({"left": list(leftovers.descendants().values())})


def _say(message: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Read the settings from the command line, as ``BERM_<SETTING>`` variables would be."""
    with_secret()
    settings = dict(word.split("=", 1) for word in sys.argv[1:])
    asyncio.run(serve(Config.load(env=settings)))


if __name__ == "__main__":
    main()
