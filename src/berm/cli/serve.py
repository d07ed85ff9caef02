"""``berm serve``: the HTTP service in the foreground."""

# ruff: noqa: PLC0415 - see berm.cli: what a command needs is imported when it runs
from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from berm.cli.exits import Exit
from berm.errors import BermError


def serve(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on. Default: 127.0.0.1.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on; 0 takes a free one. Default: 8000.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="Configuration file. Default: $BERM_CONFIG, if set.")
    ] = None,
    test_files: Annotated[
        Path | None, typer.Option(help="Folder that input_file and expected_output_file name.")
    ] = None,
    role: Annotated[
        str | None, typer.Option(help="all, api (takes requests) or worker (runs programs).")
    ] = None,
    log_format: Annotated[str | None, typer.Option(help="auto, json or console.")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
) -> int:
    """Serve HTTP until SIGTERM or Ctrl-C; then let running requests end, and exit with 0.

    Exits with 69 if the address is taken, and with 78 if a setting is wrong, a required guarantee
    cannot be held on this machine (`berm doctor` tells which, and what to do), or the address is not a
    loopback one and nobody could show a key (`berm keys create` makes one).
    """
    from berm.config import Config

    try:
        from berm.service import logs
        from berm.service.sections import Sections
        from berm.service.server import AddressError
        from berm.service.server import serve as run_service
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("berm"):
            raise
        sys.stderr.write(
            f"berm: The service needs the package {error.name}, which is not installed.\n"
            "Install what it needs with: pip install 'berm[service]'\n"
        )
        return Exit.UNAVAILABLE

    settings_of_engine = Config.load(config, os.environ)
    settings = Sections.load(
        settings_of_engine,
        os.environ,
        {
            "host": host,
            "port": port,
            "test_files": test_files,
            "role": role,
            "log_format": log_format,
            "log_level": log_level,
        },
    )
    service = settings.service
    logs.configure(service.log_format, service.log_level, audit=service.audit_log)
    try:
        run_service(settings_of_engine, settings, _announce)
    except AddressError as error:
        _tell(error)
        return Exit.UNAVAILABLE
    return Exit.OK


def _announce(url: str) -> None:
    # Nobody has to read it.
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stdout.write(f"Berm serves {url} (API: {url}/docs). Stop it with Ctrl-C.\n")
        sys.stdout.flush()


def _tell(error: BermError) -> None:
    sys.stderr.write(f"berm: {error.diagnostics()}\n")
