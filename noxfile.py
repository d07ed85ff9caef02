"""Sessions that need more than the one .venv: the tests under several Pythons, and the wheel as users get it.

Daily work goes through ``./dev``. Each session installs by uv from the same hash-locked files.
"""

import nox

nox.options.default_venv_backend = "uv"
nox.options.sessions = ["tests", "wheel"]
nox.options.download_python = "never"
PYTHONS = ["3.11", "3.12", "3.13"]


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests under one Python; arguments go to pytest."""
    session.install("--require-hashes", "-r", "requirements/dev.txt")
    session.install("--no-deps", "--no-build-isolation", "-e", ".")
    session.run("pytest", *session.posargs)


@nox.session(python="3.11")
def check(session: nox.Session) -> None:
    """Run what ``./dev check`` runs, in an environment of its own."""
    session.install("--require-hashes", "-r", "requirements/dev.txt")
    session.install("--no-deps", "--no-build-isolation", "-e", ".")
    for command in (
        ["ruff", "check"],
        ["ruff", "format", "--check"],
        ["mypy"],
        ["basedpyright"],
        ["lint-imports", "--no-logo", "--no-cache"],
    ):
        session.run(*command)


@nox.session(python=PYTHONS)
def wheel(session: nox.Session) -> None:
    """Build the wheel and prove that ``import berm`` needs nothing else."""
    session.install("--require-hashes", "-r", "requirements/build.txt")
    folder = session.create_tmp()
    session.run("hatchling", "build", "-t", "wheel", "-d", folder)
    session.run("uv", "venv", "--clear", f"{folder}/bare", external=True)
    python = f"{folder}/bare/bin/python"
    wheels = ["--no-index", "--find-links", folder]
    session.run("uv", "pip", "install", "--python", python, "--no-deps", *wheels, "berm")
    session.run(python, "-I", "-c", "import berm, berm_cell.protocol", external=True)
