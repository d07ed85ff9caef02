"""From the bytes of a request's body to a checked request. Says what to fix, in the client's words."""

from __future__ import annotations

import http
import math
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import pydantic_core
from pydantic import ValidationError
from starlette.datastructures import Headers

from berm.model import Guarantee
from berm.service.problems import ApiError
from berm.service.schemas import MAX_TIMEOUT, ExecuteRequest
from berm.service.settings import ServiceSettings
from berm.service.submissions import PRIORITIES, SubmissionRequest

_LEVELS: Final = ("standard", "strict")
_TYPE_NAMES: Final = {
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}


def check_content(headers: Headers) -> None:
    """Insist on JSON by name, and as it is.

    A web page anywhere can make a browser post a form or plain text to this service; only a type
    that needs the browser's permission keeps such pages out.
    """
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise ApiError(
            http.HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "The body is compressed.",
            remedy="Send it as it is, without Content-Encoding.",
        )
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise ApiError(
            http.HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            f"The body's content type is {media_type[:100]!r}."
            if media_type
            else "The body has no content type.",
            remedy="Send JSON with the header `Content-Type: application/json`.",
        )


def parse(
    body: bytes, settings: ServiceSettings, languages: Callable[[], Sequence[str]]
) -> ExecuteRequest:
    """Return the request that ``body`` holds.

    Args:
        body: the whole body, already capped.
        settings: the caps.
        languages: the names to list where no language was given.

    Raises:
        ApiError: 400, with the field, what is wrong with it, and what it should be.
    """
    return _checked(ExecuteRequest, _json_object(body), settings, languages)


def parse_submission(
    body: bytes, settings: ServiceSettings, languages: Callable[[], Sequence[str]]
) -> SubmissionRequest:
    """Return the submission that ``body`` holds; as :func:`parse`."""
    return _submission(_json_object(body), settings, languages)


def parse_batch(
    body: bytes, settings: ServiceSettings, languages: Callable[[], Sequence[str]], most: int
) -> list[SubmissionRequest]:
    """Return the submissions that ``body`` holds, at least one and at most ``most``."""
    items = _json_object(body).get("submissions")
    if not isinstance(items, list) or not items:
        raise _wrong("submissions is missing or empty.", "Give a list of submissions.")
    if len(items) > most:
        raise _wrong(f"submissions has {len(items)} entries.", f"Send at most {most} at a time.")
    parsed = []
    for index, fields in enumerate(items):
        if not isinstance(fields, dict):
            raise _wrong(f"submissions[{index}] is {_name(fields)}.", "Give an object.")
        try:
            parsed.append(_submission(fields, settings, languages))
        except ApiError as error:
            raise _wrong(f"submissions[{index}]: {error.summary}", error.remedy) from None
    return parsed


def _submission(
    fields: dict[str, Any], settings: ServiceSettings, languages: Callable[[], Sequence[str]]
) -> SubmissionRequest:
    priority = fields.get("priority", "normal")
    if not isinstance(priority, str) or priority not in PRIORITIES:
        raise _wrong("priority is not known.", f"Give one of: {', '.join(PRIORITIES)}.")
    request = _checked(SubmissionRequest, fields, settings, languages)
    for name in ("user_id", "question_id", "submission_id"):
        if "\0" in str(getattr(request, name)):
            raise _wrong(f"{name} has a zero byte.", "Leave it out.")
    return request


M = TypeVar("M", bound=ExecuteRequest)


def _checked(
    model: type[M],
    fields: dict[str, Any],
    settings: ServiceSettings,
    languages: Callable[[], Sequence[str]],
) -> M:
    _check_by_hand(fields, settings, languages)
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise _explain(error) from None


def _json_object(body: bytes) -> dict[str, Any]:
    if not body.strip():
        raise _wrong("The body is empty.", "Send a JSON object; /docs has an example.")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _wrong(
            f"The body is not valid UTF-8 (byte {error.start}).", "Encode the JSON as UTF-8."
        ) from None
    try:
        # Bounded nesting, and lone surrogates refused: no string of it can fail to encode later.
        fields = pydantic_core.from_json(text, allow_inf_nan=False, cache_strings=False)
    except ValueError as error:
        raise _wrong(f"The body is not valid JSON: {error}.", "Send one JSON object.") from None
    if not isinstance(fields, dict):
        raise _wrong(
            f"The body is {_name(fields)}, not an object.",
            "Send a JSON object with language, code and test_cases.",
        )
    return fields


def _check_by_hand(
    fields: dict[str, Any], settings: ServiceSettings, languages: Callable[[], Sequence[str]]
) -> None:
    """Check what deserves a text of its own, and what bounds the work of everything after it."""
    language = fields.get("language")
    if language is None or language == "":
        raise _wrong("language is missing.", f"Give one of: {', '.join(languages())}.")

    code = fields.get("code")
    if fields.get("archive") is not None:
        if code is not None or fields.get("files"):
            raise _wrong(
                "There is an archive, and code or files besides.",
                "Put everything into the archive.",
            )
    elif code is None or (isinstance(code, str) and not code.strip()):
        raise _wrong("code is missing.", "Give the program's source text in `code`.")
    if isinstance(code, str) and (size := len(code.encode())) > settings.max_code:
        raise _wrong(
            f"code has {size} bytes.",
            f"Send at most {settings.max_code} bytes ({settings.max_code / 1024:g} KB).",
        )

    tests = fields.get("test_cases")
    if tests is None or tests == []:
        raise _wrong(
            "test_cases is missing or empty.",
            "Give a list of at least one object with input and expected_output.",
        )
    if isinstance(tests, list):
        if len(tests) > settings.max_test_cases:
            raise _wrong(
                f"test_cases has {len(tests)} entries.",
                f"Send at most {settings.max_test_cases} in one request.",
            )
        own = fields.get("interactor") is not None or _is_program(fields.get("checker"))
        for index, test in enumerate(tests):
            _check_test(index, test, own=own)

    asked = fields.get("min_isolation")
    names = [asked] if isinstance(asked, str) else asked
    known = _LEVELS if isinstance(asked, str) else tuple(Guarantee)
    if names is not None and not (isinstance(names, list) and all(n in known for n in names)):
        raise _wrong(
            "min_isolation is not known.",
            f"Give {' or '.join(_LEVELS)}, or a list of guarantees: {', '.join(Guarantee)}.",
        )

    timeout = fields.get("timeout")
    if timeout is None:
        fields.pop("timeout", None)
    elif (
        isinstance(timeout, bool)
        or not isinstance(timeout, int | float)
        or not math.isfinite(timeout)
        or not 0 < timeout <= MAX_TIMEOUT
    ):
        shown = timeout if isinstance(timeout, int | float) else _name(timeout)
        raise _wrong(
            f"timeout is {str(shown)[:40]}.",
            f"Give a number of seconds greater than 0 and at most {MAX_TIMEOUT:g},"
            " or leave it out.",
        )


def _is_program(checker: object) -> bool:
    return isinstance(checker, dict) and checker.get("kind") == "program"


def _check_test(index: int, test: object, *, own: bool) -> None:
    """Insist on an expected output, but for what a program of the client's judges."""
    if not isinstance(test, dict) or own or _is_program(test.get("checker")):
        return
    if test.get("expected_output") is None and test.get("expected_output_file") is None:
        raise _wrong(
            f"test_cases[{index}] has no expected_output.",
            "Give expected_output (it may be an empty string) or expected_output_file.",
        )


def _explain(error: ValidationError) -> ApiError:
    first = error.errors(include_url=False, include_context=False)[0]
    place = ""
    for part in first["loc"]:
        if isinstance(part, int):
            place += f"[{part}]"
        elif part in {"str", "int", "constrained-str"}:
            continue  # which member of a union was tried is no business of the client
        else:
            place += f".{part}" if place else str(part)
    kind = first["type"]
    given = _name(first["input"])
    match kind:
        case "missing":
            return _wrong(f"{place} is missing.", "/docs has an example.")
        case "string_type" if place.rpartition(".")[2].endswith("id"):
            return _wrong(f"{place} is {given}.", "Give a string or an integer.")
        case "string_type":
            return _wrong(f"{place} is {given}.", "Give a string.")
        case "list_type":
            return _wrong(f"{place} is {given}.", "Give a list of objects.")
        case "model_type" | "model_attributes_type" | "dict_type":
            return _wrong(f"{place} is {given}.", "Give an object.")
        case "extra_forbidden":
            return _wrong(f"{place} is unknown.", "Leave it out; /docs has all the names.")
        case "string_too_long":
            return _wrong(f"{place} is too long.", f"{first['msg']}.")
        case _:
            return _wrong(f"{place} is wrong.", f"{first['msg']}.")


def _name(value: object) -> str:
    return _TYPE_NAMES.get(type(value), "something else")


def _wrong(summary: str, remedy: str) -> ApiError:
    return ApiError(http.HTTPStatus.BAD_REQUEST, summary, remedy=remedy)
