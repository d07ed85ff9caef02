"""What a body must be, and what the client is told when it is not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from berm.service.intake import check_content, parse
from berm.service.problems import ApiError
from berm.service.schemas import ExecuteRequest
from berm.service.settings import ServiceSettings

SETTINGS = ServiceSettings(max_test_cases=3)
GOOD = {
    "language": "python",
    "code": "print(1)",
    "test_cases": [{"input": "", "expected_output": "1"}],
}


def languages():
    return ["c", "python"]


def body(**changes):
    fields = {**GOOD, **changes}
    return json.dumps({k: v for k, v in fields.items() if v is not ...}).encode()


def refusal(data):
    with pytest.raises(ApiError) as caught:
        parse(data, SETTINGS, languages)
    assert caught.value.status == 400
    assert caught.value.remedy
    return str(caught.value)


def test_the_least_and_the_most():
    least = parse(body(), SETTINGS, languages)
    assert (least.timeout, least.user_id, least.test_cases[0].id) == (5.0, None, None)
    most = parse(
        body(
            timeout=10,
            user_id=7,
            question_id="q",
            submission_id="s",
            unknown={"ignored": True},
            test_cases=[
                {"id": 1, "input_file": "a", "expected_output_file": "b"},
                {"id": "x", "input": None, "expected_output": ""},
            ],
        ),
        SETTINGS,
        languages,
    )
    assert (most.timeout, most.user_id, most.test_cases[0].id) == (10.0, 7, 1)


def test_null_timeout_and_a_byte_order_mark_are_fine():
    data = b"\xef\xbb\xbf" + body(timeout=None)
    assert parse(data, SETTINGS, languages).timeout == 5.0


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"{", "not valid JSON"),
        (b"{'a': 1}", "not valid JSON"),
        (b'{"a": NaN}', "not valid JSON"),
        (b'{"a": 1} x', "not valid JSON"),
        (b'{"language": "\xff"}', "not valid UTF-8 (byte 14)"),
        (json.dumps(GOOD).encode("utf-16"), "not valid UTF-8"),
        (b'{"code": "\\ud800"}', "not valid JSON"),
        (b"[" * 100_000 + b"]" * 100_000, "not valid JSON"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "not valid JSON"),
        (b"9" * 100_000, "not valid JSON"),
        (b"[]", "a list, not an object"),
        (b'"x"', "a string, not an object"),
        (b"null", "null, not an object"),
        (b"true", "a boolean, not an object"),
    ],
)
def test_bodies_that_are_no_object(data, words):
    assert words in refusal(data)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"language": ...}, "language is missing. Give one of: c, python"),
        ({"language": None}, "language is missing"),
        ({"language": ""}, "language is missing"),
        ({"language": 3}, "language is a number. Give a string."),
        ({"code": ...}, "code is missing"),
        ({"code": None}, "code is missing"),
        ({"code": ""}, "code is missing"),
        ({"code": " \n\t"}, "code is missing"),
        ({"code": 7}, "code is a number. Give a string."),
        ({"code": ["x"]}, "code is a list. Give a string."),
        ({"code": "x" * 51_201}, "code has 51201 bytes. Send at most 51200 bytes (50 KB)."),
        ({"code": "é" * 25_601}, "code has 51202 bytes"),
        ({"test_cases": ...}, "test_cases is missing or empty"),
        ({"test_cases": None}, "test_cases is missing or empty"),
        ({"test_cases": []}, "test_cases is missing or empty"),
        ({"test_cases": {}}, "test_cases is an object. Give a list"),
        ({"test_cases": "x"}, "test_cases is a string. Give a list"),
        ({"test_cases": GOOD["test_cases"] * 4}, "test_cases has 4 entries. Send at most 3"),
        ({"test_cases": [1]}, "test_cases[0] is a number. Give an object."),
        ({"test_cases": [{"input": "1"}]}, "test_cases[0] has no expected_output"),
        (
            {"test_cases": [{"expected_output": ""}, {"expected_output": 1}]},
            "test_cases[1].expected_output is a number. Give a string.",
        ),
        (
            {"test_cases": [{"input": 1, "expected_output": ""}]},
            "test_cases[0].input is a number. Give a string.",
        ),
        (
            {"test_cases": [{"id": [], "expected_output": ""}]},
            "test_cases[0].id is a list. Give a string or an integer.",
        ),
        (
            {"test_cases": [{"id": "x" * 201, "expected_output": ""}]},
            "test_cases[0].id is too long",
        ),
        ({"user_id": 1.5}, "user_id is a number. Give a string or an integer."),
        ({"user_id": True}, "user_id is a boolean. Give a string or an integer."),
        ({"min_isolation": "more"}, "Give standard or strict, or a list of guarantees: filesystem"),
        ({"min_isolation": ["network", "x"]}, "min_isolation is not known"),
        ({"min_isolation": 3}, "min_isolation is not known"),
        ({"timeout": 0}, "timeout is 0. Give a number of seconds greater than 0 and at most 10"),
        ({"timeout": -1}, "timeout is -1."),
        ({"timeout": 10.01}, "timeout is 10.01."),
        ({"timeout": "5"}, "timeout is a string."),
        ({"timeout": True}, "timeout is True."),
        ({"timeout": [1]}, "timeout is a list."),
    ],
    ids=lambda value: str(value)[:40],
)
def test_wrong_fields(changes, words):
    assert words in refusal(body(**changes))


def test_timeout_that_overflows():
    data = body(timeout=0).replace(b'"timeout": 0', b'"timeout": 1e999')
    assert "timeout is inf." in refusal(data)


def test_the_largest_code_is_fine():
    assert parse(body(code="x" * 51_200), SETTINGS, languages).code


def test_errors_do_not_quote_the_program():
    assert "SECRET" not in refusal(body(code=["SECRET"]))
    assert "SECRET" not in refusal(body(test_cases=[{"input": ["SECRET"], "expected_output": ""}]))


@pytest.mark.parametrize(
    "given", ["application/json", "Application/JSON; charset=utf-8", "application/vnd.x+json"]
)
def test_json_by_name(given):
    check_content(Headers({"content-type": given, "content-encoding": "identity"}))


@pytest.mark.parametrize("given", [None, "", "text/plain", "application/x-www-form-urlencoded"])
def test_what_a_web_page_may_send_unasked_is_refused(given):
    with pytest.raises(ApiError) as caught:
        check_content(Headers({} if given is None else {"content-type": given}))
    assert caught.value.status == 415


def test_compressed_bodies_are_refused():
    with pytest.raises(ApiError, match="Content-Encoding") as caught:
        check_content(Headers({"content-type": "application/json", "content-encoding": "gzip"}))
    assert caught.value.status == 415


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
FIELDS = [*ExecuteRequest.model_fields, "other"]


@given(st.binary(max_size=200) | ANYTHING.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_parsed_or_explained(data):
    try:
        parse(data, SETTINGS, languages)
    except ApiError as error:
        assert error.status == 400 and error.remedy


@given(st.dictionaries(st.sampled_from(FIELDS), ANYTHING), ANYTHING)
def test_any_fields_are_parsed_or_explained(fields, test):
    data = json.dumps({**GOOD, "test_cases": [test], **fields}).encode()
    try:
        request = parse(data, SETTINGS, languages)
    except ApiError as error:
        assert error.status == 400 and error.remedy
    else:
        assert request.code.strip() and 0 < request.timeout <= 10
        json.dumps(request.model_dump()).encode()
