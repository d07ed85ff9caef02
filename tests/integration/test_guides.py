"""The guide to scaling out, followed to the letter: a deployment made, used, backed up, lost and restored."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import berm
from berm.client import ServiceError, Test
from postgres_server import PostgresServer

pytestmark = [pytest.mark.requires_isolation, pytest.mark.timeout(300)]

GUIDE = Path(__file__).parents[2] / "docs/guides/scale-out.md"
HERE = "http://127.0.0.1:8000"
TESTS = [Test("1", "1")]
SLOW = "import time\ntime.sleep(3)\nprint(input())"


def needs(*programs: str) -> pytest.MarkDecorator:
    missing = [one for one in programs if shutil.which(one) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


def blocks(heading: str) -> list[str]:
    """The shell's blocks below a heading of the guide, without their indentation."""
    part = re.split(r"^#+ ", GUIDE.read_text("utf-8"), flags=re.MULTILINE)
    (text,) = (one for one in part if one.startswith(heading))
    found = re.findall(r"^( *)```sh\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    return [re.sub(rf"^{indent}", "", block, flags=re.MULTILINE) for indent, block in found]


class Shell:
    """A terminal on the guide's machine, whose names stand for those of this one."""

    def __init__(self, folder: Path, names: dict[str, str], **environment: str) -> None:
        programs = folder / "bin"
        programs.mkdir()
        (programs / "berm").write_text(f'#!/bin/sh\nexec {sys.executable} -m berm "$@"\n')
        (programs / "berm").chmod(0o755)
        self.names = names
        path = f"{programs}:{os.environ['PATH']}"
        self._environment = {**os.environ, "PATH": path, **environment}

    def here(self, text: str) -> str:
        for theirs, ours in self.names.items():
            text = text.replace(theirs, ours)
        return text

    def __call__(self, block: str) -> str:
        done = subprocess.run(
            ["sh", "-e", "-c", self.here(block)],
            env=self._environment, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, f"{self.here(block)}\n{done.stdout}{done.stderr}"
        return done.stdout


def used(client: berm.Client) -> tuple[str, str]:
    """Hand in one that ends, and one that does not for a while; return both."""
    ends = client.submit("python", "print(input())", TESTS)
    assert client.submission(ends, wait=60).verdict == "AC"
    return ends, client.submit("python", SLOW, TESTS, timeout=10)


def is_back(client: berm.Client, ends: str, waited: str, later: str) -> None:
    """See that a restored service is what the guide promises."""
    assert client.submission(ends).verdict == "AC"
    with pytest.raises(ServiceError) as gone:
        client.submission(later)
    assert gone.value.status == 404
    assert client.submit("python", "print(input())", TESTS, idempotency_key="later") != later
    # What waited or ran when the copy was made is judged again.
    assert client.submission(waited, wait=60).verdict == "AC"


def follow(shell: Shell, requests: str) -> None:
    """Hand in with the guide's first command; look, follow and cancel with the others."""
    submit, look, events, cancel = (
        f"curl -sS {line}" for line in requests.split("curl ")[1:]
    )  # quiet but for errors
    accepted = json.loads(shell(submit))
    shell.names["ID"] = accepted["id"]
    found = json.loads(shell(look))
    assert (found["state"], found["verdict"]) == ("done", "AC")
    told = re.findall(r"^event: (\w+)", shell(events), re.MULTILINE)
    assert (told[0], told[-1]) == ("started", "done")
    assert json.loads(shell(cancel))["state"] == "done"
    assert json.loads(shell(submit)) == accepted | {"replayed": True}


@needs("curl", "sqlite3")
def test_one_machine_and_its_backup(serve: Callable[..., Any], tmp_path: Path) -> None:
    store, backup = tmp_path / "lib", tmp_path / "backups"
    backup.mkdir()
    shell = Shell(tmp_path, {"/var/lib/berm": str(store), "/var/backups": str(backup)})
    environment = {"BERM_STORE_URL": f"sqlite:///{store}/berm.db", "BERM_SERVE_WARM": "python"}
    service = serve(**environment).ready()
    shell.names[HERE] = service.url
    follow(shell, *blocks("Keep submissions"))
    take, back, *_ = blocks("Back up and restore")
    with berm.Client(service.url) as client:
        ends, waited = used(client)
        shell(take)
        later = client.submit("python", "print(input())", TESTS, idempotency_key="later")
    assert (backup / "berm.db").stat().st_mode & 0o077 == 0
    service.process.kill()
    service.ended()
    shell(back)
    with berm.Client(serve(**environment).ready().url) as client:
        is_back(client, ends, waited, later)


@needs("curl", "psql", "pg_dump", "pg_restore")
def test_several_machines_and_their_backup(
    serve: Callable[..., Any], postgresql: PostgresServer, tmp_path: Path
) -> None:
    at = f"postgresql://clerk:password@127.0.0.1:{postgresql.port}/"
    shell = Shell(
        tmp_path,
        {
            "postgresql://berm:password@database/": at,
            # The server of the tests has a superuser of that name.
            "ROLE berm": "ROLE clerk",
            "OWNER berm": "OWNER clerk",
            "/var/backups": str(tmp_path),
        },
        PGHOST="127.0.0.1", PGPORT=str(postgresql.port), PGUSER="berm", PGDATABASE="postgres",
    )  # fmt: skip
    make, tables, start = blocks("Several machines")
    shell(make)
    shell(tables)
    environment = {"BERM_STORE_URL": f"{at}berm", "BERM_SERVE_WARM": "python"}
    starts = [line.removeprefix("berm serve ") for line in start.splitlines()]
    api, worker = (serve(*re.sub(r"--port \d+", "", one).split(), **environment) for one in starts)
    shell.names[HERE] = api.ready().url
    take, create = blocks("Back up and restore")[2:]
    with berm.Client(api.url) as client:
        deadline = time.monotonic() + 60
        while not client.health()["languages"]:  # it has not heard of the worker yet
            assert time.monotonic() < deadline, worker.logged()
            time.sleep(0.2)
        follow(shell, *blocks("Keep submissions"))
        ends, waited = used(client)
        (query,) = re.findall(r"```sql\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
        shell.names["QUERY"] = query
        counted = shell(f'psql --tuples-only --no-align --dbname={at}berm -c "QUERY"')
        assert int(counted) == 1
        shell(take)
        later = client.submit("python", "print(input())", TESTS, idempotency_key="later")
    for service in (api, worker):
        service.process.kill()
        service.ended()
    shell(create)
    with berm.Client(
        serve(**environment | {"BERM_STORE_URL": f"{at}restored"}).ready().url
    ) as client:
        is_back(client, ends, waited, later)
