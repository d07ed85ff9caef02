"""The command line: ``berm run``, ``berm serve``, ``berm doctor``, ``berm config``.

One file a command. A module here imports at its top only what every command needs: the service's
libraries cost half a second that ``berm run`` must not pay.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and end the process with its exit code (console script)."""
    try:
        from berm.cli.app import app  # noqa: PLC0415 - may be missing
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"typer", "rich"}:
            raise
        sys.stderr.write(
            "The command line needs packages that are not installed.\n"
            "Install them with: pip install 'berm[cli]'\n"
        )
        sys.exit(69)
    app()
