"""What the operator may set about how much somebody may ask for: ``[limits]`` and ``BERM_LIMITS_*``."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from berm.service.limits.gcra import Rate
from berm.service.principal import Role
from berm.service.section import Section

_MINUTE = 60.0
_HOUR = 3600.0


class LimitsSettings(Section):
    """Limits of one user, and of one address. 0 switches one off.

    They apply to users who showed a key or a token. Where nobody has to, all are one user, and only
    what is set here on purpose is counted, by address.
    """

    TABLE: ClassVar[str] = "limits"
    PREFIX: ClassVar[str] = "BERM_LIMITS_"

    requests_per_minute: int = Field(
        30, ge=0, le=1_000_000, description="Requests of one user in a minute."
    )
    service_requests_per_minute: int = Field(
        6000,
        ge=0,
        le=10_000_000,
        description="The same for the roles service and admin: machines that ask for many.",
    )
    address_requests_per_minute: int = Field(
        12_000,
        ge=0,
        le=10_000_000,
        description="Requests from one address in a minute. A whole class may have one address.",
    )
    failures_per_minute: int = Field(
        60,
        ge=0,
        le=1_000_000,
        description="Requests from one address in a minute whose key or token is not accepted.",
    )
    runs_at_a_time: int = Field(
        4,
        ge=0,
        le=10_000,
        description="Requests of one user that wait for a running program, in one replica.",
    )
    service_runs_at_a_time: int = Field(
        200, ge=0, le=100_000, description="The same for the roles service and admin."
    )
    cpu_seconds_per_hour: float = Field(
        1800.0,
        ge=0,
        le=1e9,
        description="CPU time that the programs of one user may take in an hour. The roles service"
        " and admin have no such limit.",
    )

    def requests(self, role: Role) -> Rate | None:
        """Return how often a user of that role may ask."""
        amount = self.service_requests_per_minute if _machine(role) else self.requests_per_minute
        return Rate(amount, _MINUTE) if amount else None

    def cpu(self, role: Role) -> Rate | None:
        """Return how much CPU time the programs of a user of that role may take."""
        if _machine(role) or not self.cpu_seconds_per_hour:
            return None
        return Rate(self.cpu_seconds_per_hour, _HOUR)

    def runs(self, role: Role) -> int:
        """Return how many runs a user of that role may wait for; 0 for any number."""
        return self.service_runs_at_a_time if _machine(role) else self.runs_at_a_time

    def address(self) -> Rate | None:
        """Return how often an address may ask."""
        amount = self.address_requests_per_minute
        return Rate(amount, _MINUTE) if amount else None

    def failures(self) -> Rate | None:
        """Return how often an address may ask with what is not accepted."""
        return Rate(self.failures_per_minute, _MINUTE) if self.failures_per_minute else None


def _machine(role: Role) -> bool:
    return role in {Role.SERVICE, Role.ADMIN}
