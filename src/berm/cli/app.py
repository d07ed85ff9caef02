"""The commands, put together; and how an error of Berm's becomes a text and an exit code."""

from __future__ import annotations

import functools
import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Annotated, ParamSpec

import typer

import berm
from berm.cli import keys
from berm.cli.analyse import analyse
from berm.cli.audit import audit
from berm.cli.bench import bench
from berm.cli.config import check, show
from berm.cli.doctor import doctor
from berm.cli.exits import Exit, of_error
from berm.cli.judge import judge
from berm.cli.languages import languages
from berm.cli.migrate import migrate
from berm.cli.plan import plan
from berm.cli.prepare import prepare
from berm.cli.run import run
from berm.cli.serve import serve
from berm.cli.top import top
from berm.cli.verify import verify
from berm.errors import BermError

P = ParamSpec("P")

app = typer.Typer(
    name="berm",
    help="Run programs that nobody trusts in kernel-isolated cells.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _explained(command: Callable[P, int]) -> Callable[P, None]:
    """Make a command that returns its exit code, and tells errors without a traceback."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = int(command(*args, **kwargs))
        except BermError as error:
            sys.stderr.write(f"berm: {error.diagnostics()}\n")
            code = of_error(error)
        except KeyboardInterrupt:
            code = 130
        except (typer.Exit, typer.Abort):
            raise
        except BrokenPipeError:  # `| head` has read enough; what is still buffered goes nowhere
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = 128 + signal.SIGPIPE
        except Exception:  # noqa: BLE001 - told in full, with an exit code that says whose fault it is
            traceback.print_exc()
            sys.stderr.write(
                "berm: This is a defect of Berm. Please report it with the text above.\n"
            )
            code = Exit.SOFTWARE
        raise typer.Exit(code)

    return wrapped


def _version(value: bool) -> None:
    if value:
        sys.stdout.write(f"berm {berm.__version__}\n")
        raise typer.Exit(Exit.OK)


@app.callback()
def _top(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    del version


app.command("run")(_explained(run))
app.command("languages")(_explained(languages))
app.command("judge")(_explained(judge))
app.command("verify")(_explained(verify))
app.command("serve")(_explained(serve))
app.command("migrate")(_explained(migrate))
app.command("prepare")(_explained(prepare))
app.command("plan")(_explained(plan))
app.command("doctor")(_explained(doctor))
app.command("top")(_explained(top))
app.command("audit")(_explained(audit))
app.command("bench")(_explained(bench))
app.command("analyse")(_explained(analyse))
_config = typer.Typer(no_args_is_help=True, help="Look at the configuration.")
_config.command("show")(_explained(show))
_config.command("check")(_explained(check))
app.add_typer(_config, name="config")
_keys = typer.Typer(no_args_is_help=True, help="API keys of the HTTP service.")
_keys.command("create")(_explained(keys.create))
_keys.command("list")(_explained(keys.show))
_keys.command("rotate")(_explained(keys.rotate))
_keys.command("revoke")(_explained(keys.revoke))
app.add_typer(_keys, name="keys")
