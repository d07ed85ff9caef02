"""What the operator may set about the service: the table ``[service]`` and ``BERM_SERVE_*``."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Final, Literal

from pydantic import ByteSize, Field

from berm.model import KIB, MIB
from berm.service.section import Section

ENV_PREFIX: Final = "BERM_SERVE_"
"""Not ``BERM_SERVICE_``: Kubernetes sets BERM_SERVICE_HOST, BERM_SERVICE_PORT and more in every pod
beside a Service that is called "berm", and these are not ours."""


class ServiceSettings(Section):
    """Settings of the HTTP service. Every bad value is a :class:`berm.ConfigError` at start.

    Sizes take a number of bytes or a text such as ``"4MiB"``; times are seconds.
    """

    TABLE: ClassVar[str] = "service"
    PREFIX: ClassVar[str] = ENV_PREFIX
    LISTS: ClassVar[frozenset[str]] = frozenset({"warm"})

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    role: Literal["all", "api", "worker"] = Field(
        "all",
        description="all: takes requests and runs programs; api: only the first; worker: only the"
        " second. One that does only half of it needs PostgreSQL.",
    )
    replica: str = Field(
        "", max_length=200, description="Name of this replica; empty: the host's name."
    )
    container_id: str = Field(
        "", max_length=200, description="Name of the container; empty: found, where there is one."
    )
    test_files: Path | None = Field(
        None, description="The one folder that input_file and expected_output_file name files of."
    )
    max_test_file: ByteSize = Field(
        ByteSize(16 * MIB), ge=1, description="Bytes that one file of test_files may have."
    )
    max_body: ByteSize = Field(
        ByteSize(4 * MIB), ge=KIB, description="Bytes that one request's body may have."
    )
    max_bodies: ByteSize = Field(
        ByteSize(64 * MIB), ge=KIB, description="Bytes of all bodies being received together."
    )
    max_code: ByteSize = Field(
        ByteSize(50 * KIB), ge=1, description="Bytes that a submission's code may have."
    )
    max_archive: ByteSize = Field(
        ByteSize(4 * MIB), ge=1, description="Bytes that a submission's zip archive may unpack to."
    )
    max_cpu_time: float = Field(
        20.0,
        ge=0.01,
        le=600,
        description="Seconds of CPU time that a request may ask for, per test.",
    )
    max_wall_time: float = Field(
        60.0,
        ge=0.01,
        le=600,
        description="Seconds of real time that a request may ask for, per test.",
    )
    max_memory: ByteSize = Field(
        ByteSize(1024 * MIB), ge=4 * MIB, description="Bytes of memory that a request may ask for."
    )
    reruns: int = Field(
        0,
        ge=0,
        le=10,
        description="Runs of one submission that may be repeated alone near a CPU time limit that its"
        " request names. Meanwhile nobody else's programs run.",
    )
    max_test_cases: int = Field(100, ge=1, le=10_000, description="Test cases of one submission.")
    max_requests: int = Field(
        1000, ge=1, description="Requests at a time; the next ones are told to come back later."
    )
    tests_at_a_time: int = Field(
        2, ge=1, le=256, description="Tests of one submission that may run or wait together."
    )
    response_output: ByteSize = Field(
        ByteSize(16 * MIB),
        ge=KIB,
        description="Bytes of output in one response; past it, each test keeps its first 4 KiB.",
    )
    body_timeout: float = Field(
        30.0, gt=0, le=3600, description="Seconds within which a request's body must arrive."
    )
    max_connections: int = Field(
        2048, ge=1, description="Connections at a time; the next ones are told to come back later."
    )
    max_head: ByteSize = Field(
        ByteSize(16 * KIB), ge=KIB, description="Bytes of a request's line and headers together."
    )
    head_timeout: float = Field(
        10.0, gt=0, le=3600, description="Seconds within which a request's head must arrive."
    )
    send_timeout: float = Field(
        30.0, gt=0, le=3600, description="Seconds that a client may leave an answer untaken."
    )
    idle_timeout: float = Field(
        15.0, gt=0, le=3600, description="Seconds that an idle connection is kept open."
    )
    drain: float = Field(
        30.0, ge=0, le=3600, description="Seconds that running requests get after SIGTERM."
    )
    interactive_runs: int = Field(
        64,
        ge=0,
        le=10_000,
        description="Interactive runs at a time; the next ones are told to come back later.",
    )
    interactive_timeout: float = Field(
        600.0, gt=0, le=600, description="Seconds that an interactive run may ask for."
    )
    warm: tuple[str, ...] | None = Field(
        None,
        description="Languages proved and warmed before ready; absent: those of the tier minimal.",
    )
    prove_every: float = Field(
        600.0,
        ge=0,
        le=86_400,
        description="Seconds between two proofs of isolation while the service runs; 0: only at"
        " its start and whenever a fork server is made.",
    )
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="auto: lines for people on a terminal, JSON elsewhere."
    )
    least_disk: ByteSize = Field(
        ByteSize(64 * MIB),
        description="Bytes that the disks of runs and of the store must have free, else /readyz says no.",
    )
    audit_log: Path | None = Field(
        None,
        description="A file for the audit log (who ran what, what was refused), besides the log.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = "info"
