"""``GET /v1/webhooks/secret``: what one's webhooks are signed with."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from berm.client.webhook import written
from berm.service.openapi import errors
from berm.service.principal import Principal, principal
from berm.service.state import ServiceState
from berm.service.submissions import WebhookSecret

router = APIRouter(prefix="/v1", tags=["submissions"])


@router.get(
    "/webhooks/secret",
    summary="The secret that one's webhooks are signed with",
    description="The same every time, until the operator changes the service's key. `webhook-signature` is HMAC-SHA-256"
    " with it, as standard-webhooks.com describes; `berm.client.webhook.verify` checks it.",
    responses={
        200: {"model": WebhookSecret, "description": "Keep it to yourself."},
        **errors(401, 403, 409, 429, 500, 503, v1=True),
    },
    response_class=Response,
)
async def secret(request: Request, who: Annotated[Principal, Depends(principal)]) -> Response:
    """Answer the caller's own."""
    settings = ServiceState.of(request).webhooks_or_refusal()
    body = WebhookSecret(secret=written(settings.signing_keys(who.subject)[0]))
    return Response(
        body.model_dump_json(),
        media_type="application/json",
        headers={"cache-control": "no-store"},
    )
