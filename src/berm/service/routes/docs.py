"""``/docs``: the API as a page that needs nothing from anywhere else."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from berm.service.docs_page import STYLE_POLICY, render

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def docs(request: Request) -> Response:
    """Show the page; it allows its own style sheet and nothing else."""
    cached = request.app.state.docs_page
    if cached is None:
        cached = request.app.state.docs_page = render(request.app.openapi())
    return HTMLResponse(cached, headers={"content-security-policy": STYLE_POLICY})


@router.get("/")
async def root() -> Response:
    """Lead people to the page."""
    return RedirectResponse("/docs", 307)
