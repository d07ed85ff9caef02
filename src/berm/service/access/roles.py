"""What each role may do where its key or token says nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from berm.service.principal import Role, Scope

ROLE_SCOPES: Final[Mapping[Role, frozenset[Scope]]] = {
    Role.STUDENT: frozenset({Scope.RUN, Scope.SUBMIT}),
    Role.TEACHER: frozenset({Scope.RUN, Scope.SUBMIT, Scope.READ_ALL, Scope.CANCEL_ALL}),
    # A learning platform: it submits for its own users, and sees what itself submitted, no more.
    Role.SERVICE: frozenset({Scope.RUN, Scope.SUBMIT, Scope.DELEGATE, Scope.PRIORITY}),
    Role.ADMIN: frozenset(Scope),
}


def scopes_of(role: Role) -> frozenset[Scope]:
    """Return the scopes of a role."""
    return ROLE_SCOPES[role]
