"""Who asks: the owner of what a request makes, and what it may do."""

from __future__ import annotations

import dataclasses
import enum
from typing import Final

from starlette.requests import HTTPConnection

PRINCIPAL: Final = "berm.principal"
"""The key of an ASGI scope under which the request's :class:`Principal` stands."""


class Role(enum.StrEnum):
    """What kind of user somebody is."""

    STUDENT = "student"
    TEACHER = "teacher"
    ADMIN = "admin"
    SERVICE = "service"


class Scope(enum.StrEnum):
    """One thing that a principal may do."""

    RUN = "run"  # run programs and wait: /execute, /v1/execute, /v1/run
    SUBMIT = "submit"  # make, read and cancel one's own submissions
    READ_ALL = "read-all"  # read the submissions of others
    CANCEL_ALL = "cancel-all"  # cancel the submissions of others
    DELEGATE = "delegate"  # submit for users of one's own: user_id then shares the queue fairly
    PRIORITY = "priority"  # put submissions before those of others
    ERASE = "erase"  # delete everything of an owner
    METRICS = "metrics"  # read metrics and the state of the queue


@dataclasses.dataclass(frozen=True, slots=True)
class Principal:
    """The authenticated originator of a request.

    Attributes:
        subject: its name, at most 200 characters; owns what the request makes.
        role: what kind of user it is.
        scopes: what it may do.
        key: the public name of the API key that showed it; empty for others.
    """

    subject: str
    role: Role
    scopes: frozenset[Scope]
    key: str = dataclasses.field(default="", compare=False)

    def may(self, scope: Scope) -> bool:
        """Tell whether the scope is among its scopes."""
        return scope in self.scopes

    def share(self, user_id: str | int | None) -> str:
        """Return whose turns it takes. One who submits for others shares them by their ``user_id``."""
        if user_id is None or user_id == "" or not self.may(Scope.DELEGATE):
            return self.subject
        return f"{self.subject}/{user_id}"

    def sees(self, owner: str) -> bool:
        """Tell whether it may read what belongs to ``owner``."""
        return owner == self.subject or self.may(Scope.READ_ALL)


LOCAL: Final = Principal("local", Role.ADMIN, frozenset(Scope))
"""Whoever reaches a service that listens on the loopback address only and asks for no keys."""


def principal(request: HTTPConnection) -> Principal:
    """Return who asks. For use as a dependency of a route: ``Depends(principal)``."""
    found = request.scope.get(PRINCIPAL)
    assert isinstance(found, Principal)  # noqa: S101 - the door let nobody else to such a route
    return found
