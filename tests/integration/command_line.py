"""The command line, started as a user starts it."""

from __future__ import annotations

import os
import subprocess
import sys


def berm(*arguments, stdin=b"", env=None, timeout=60):
    return subprocess.run(
        [sys.executable, "-m", "berm", *arguments],
        input=stdin,
        capture_output=True,
        env={**os.environ, **(env or {})},
        timeout=timeout,
    )
