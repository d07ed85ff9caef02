"""A client of the HTTP service, for programs: :class:`Client` and :class:`AsyncClient`, on httpx.

Knows nothing of the engine. What the service answers becomes frozen values; what it refuses becomes
:class:`ServiceError`; what is worth another try is tried again.
"""

from __future__ import annotations

from berm.client.asynchronous import AsyncClient
from berm.client.errors import ServiceError
from berm.client.synchronous import Client
from berm.client.values import Event, Execution, Submission, Test, TestOutcome

__all__ = [
    "AsyncClient",
    "Client",
    "Event",
    "Execution",
    "ServiceError",
    "Submission",
    "Test",
    "TestOutcome",
]
