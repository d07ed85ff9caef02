"""What the service refuses, as an error."""

from __future__ import annotations

from berm.errors import BermError


class ServiceError(BermError):
    """The service refused a request, or could not be reached.

    Attributes:
        status: of the HTTP answer; 0 where there was none.
        kind: what kind of problem it is, in one word for programs, such as ``limit-reached``.
        request_id: names the request in the service's log.
        retry_after: seconds after which the service would like to be asked again, or None.
    """

    def __init__(
        self,
        summary: str,
        *,
        status: int = 0,
        kind: str = "unreachable",
        request_id: str = "",
        retry_after: float | None = None,
        remedy: str = "",
    ) -> None:
        super().__init__(summary, remedy=remedy)
        self.status = status
        self.kind = kind
        self.request_id = request_id
        self.retry_after = retry_after
