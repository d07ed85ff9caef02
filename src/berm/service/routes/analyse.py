"""``POST /v1/analyse``: what a program would do, told without running it."""

from __future__ import annotations

import http
from typing import Any, Final

import pydantic_core
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from berm.analysis import language_name
from berm.analysis.grammar import GRAMMARS
from berm.errors import PolicyError
from berm.service import intake
from berm.service.openapi import errors
from berm.service.problems import ApiError
from berm.service.schemas import AnalysisInfo, json_schema
from berm.service.state import ServiceState

router = APIRouter(tags=["judging"])


class AnalyseRequest(BaseModel):
    """A program to read, and the policy to read it by."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    language: str = Field(description="The language, by name or alias.", examples=["python"])
    code: str = Field(min_length=1, description="The program's source text.")
    pack: str | None = Field(
        None,
        description="`education`, `contest` or `strict`. Absent: that of the service, or `education`.",
    )
    rules: dict[str, str] = Field(
        default_factory=dict, description="Rule, or a pattern, to `off`, `report` or `block`."
    )
    allow: list[str] = Field(
        default_factory=list, description="Rules, categories or names that are allowed here."
    )


_BODY: Final[dict[str, Any]] = {
    "required": True,
    "content": {"application/json": {"schema": json_schema(AnalyseRequest)}},
}


@router.post(
    "/v1/analyse",
    summary="Tell what a program would do",
    description="Reads the program in a child that can do nothing else; nothing of it is run.",
    openapi_extra={"requestBody": _BODY},
    response_class=Response,
    responses={
        200: {"model": AnalysisInfo, "description": "What was found."},
        **errors(400, 401, 403, 408, 413, 415, 429, 500, 503, v1=True),
    },
)
async def analyse(request: Request) -> Response:
    """Read, check, analyse, answer."""
    state = ServiceState.of(request)
    intake.check_content(request.headers)
    asked = _parse(await request.body())
    if language_name(asked.language) is None:
        raise _wrong(
            f"language is {asked.language[:40]!r}, which is not analysed.",
            f"Give one of: {', '.join(sorted(GRAMMARS))}.",
        )
    config = state.engine.config
    pack = asked.pack or (config.analysis_pack if config.analysis_pack != "off" else "education")
    try:
        policy = config.analysis_policy(pack, rules=asked.rules, allow=tuple(asked.allow))
    except PolicyError as error:
        raise _wrong(error.summary, error.remedy) from None
    found = await state.engine.screen.read(asked.code.encode(), asked.language, policy)
    return JSONResponse(found.as_dict())


def _parse(body: bytes) -> AnalyseRequest:
    try:
        fields = pydantic_core.from_json(body, allow_inf_nan=False)
        return AnalyseRequest.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the body"
        raise _wrong(f"{place} is wrong: {first['msg']}.", "/docs has the schema.") from None
    except ValueError as error:
        raise _wrong(f"The body is not valid JSON: {error}.", "Send one JSON object.") from None


def _wrong(summary: str, remedy: str) -> ApiError:
    return ApiError(http.HTTPStatus.BAD_REQUEST, summary, remedy=remedy)
