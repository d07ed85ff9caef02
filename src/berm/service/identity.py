"""Who this replica is, and what it calls its executions."""

from __future__ import annotations

import datetime as dt
import re
import socket
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Final

# 64 hexadecimal digits in a cgroup path or a bind-mounted file's path: how Docker, containerd,
# CRI-O and Podman name a container to the processes in it.
_CONTAINER_ID: Final = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_PLACES: Final = ("/proc/self/cgroup", "/proc/self/mountinfo")
# Container Apps and Kubernetes (by the downward API, as is usual) say the replica's name here.
_REPLICA_VARIABLES: Final = ("CONTAINER_APP_REPLICA_NAME", "POD_NAME")


def replica_name(configured: str, environ: Mapping[str, str]) -> str:
    """Return the configured name, else the platform's name for the replica, else the host's name."""
    named = (environ.get(variable, "") for variable in _REPLICA_VARIABLES)
    return configured or next(filter(None, named), "") or socket.gethostname()


def container_id(configured: str, places: tuple[str, ...] = _PLACES) -> str | None:
    """Return the configured id, else the one that the kernel's files tell, else None."""
    if configured:
        return configured
    for place in places:
        try:
            text = Path(place).read_text("utf-8", "replace")
        except OSError:
            continue
        # Layers and volumes have 64 digits too; only these lines are about the container itself.
        for line in text.splitlines():
            about_us = place.endswith("cgroup") or re.search(r"/(hostname|resolv\.conf) ", line)
            if about_us and (found := _CONTAINER_ID.search(line)):
                return found[0]
    return None


def new_id() -> str:
    """Return a random id for an execution or a submission."""
    return str(uuid.uuid4())


def now() -> str:
    """Return the time as ISO 8601 in UTC with milliseconds, such as 2026-11-23T08:15:00.123Z."""
    stamp = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
    return stamp.replace("+00:00", "Z")
