"""The two shapes of errors: problem details under /v1, one object everywhere else."""

from __future__ import annotations

import http
import json

import pytest

from berm.service.problems import EXECUTION_ID, KINDS, ApiError, is_v1, problem


def answer(path, error):
    response = problem({"path": path, EXECUTION_ID: "11111111-2222"}, error)
    return response, json.loads(response.body)


@pytest.mark.parametrize("status", sorted(KINDS))
def test_under_v1_errors_are_problem_details(status):
    error = ApiError(status, "It is wrong.", remedy="Do right.", headers={"retry-after": "2"})
    response, body = answer("/v1/submissions", error)
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["retry-after"] == "2"
    assert body == {
        "type": f"urn:berm:problem:{KINDS[status]}",
        "title": http.HTTPStatus(status).phrase,
        "status": status,
        "detail": "It is wrong. Do right.",
        "instance": "urn:uuid:11111111-2222",
    }


def test_a_kind_can_say_more_than_its_status():
    _, body = answer("/v1/run", ApiError(429, "Full.", kind="queue-full"))
    assert body["type"] == "urn:berm:problem:queue-full"


@pytest.mark.parametrize("path", ["/execute", "/", "/v1x", "/v2/v1/"])
def test_elsewhere_errors_keep_their_shape(path):
    response, body = answer(path, ApiError(400, "It is wrong."))
    assert response.headers["content-type"] == "application/json"
    assert set(body) == {"error", "execution_id", "timestamp"}
    assert not is_v1(path)
