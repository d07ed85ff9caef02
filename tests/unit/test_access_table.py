"""The table of access and the routes of the application are the same, row by row."""

from __future__ import annotations

import pytest
from fastapi.routing import APIRoute, APIWebSocketRoute
from starlette.routing import Route

import berm
from berm.service.access.table import TABLE, WEBSOCKET, Entry, Routes
from berm.service.app import create_app
from berm.service.principal import Scope

READS_NOTHING = {"/", "/docs", "/openapi.json", "/health", "/healthz", "/readyz"}


def flat(routes):
    """Every route, those of included routers too."""
    for route in routes:
        included = getattr(route, "original_router", None)
        yield from (route,) if included is None else flat(included.routes)


@pytest.fixture(scope="module")
def routes():
    found = set()
    for route in flat(create_app(berm.Engine(berm.Config())).routes):
        if isinstance(route, APIWebSocketRoute):
            found.add((WEBSOCKET, route.path))
        elif isinstance(route, APIRoute | Route):
            found |= {(method, route.path) for method in route.methods or ()}
        else:
            pytest.fail(f"{route!r} is no kind of route that the table knows")
    return found


def test_every_route_has_a_row_and_every_row_a_route(routes):
    rows = {(entry.method, entry.path) for entry in TABLE}
    assert len(rows) == len(TABLE)
    assert routes - rows == set(), "routes without a row in berm.service.access.table"
    assert rows - routes == set(), "rows without a route"


def test_only_what_tells_nothing_of_anybody_is_for_everybody():
    assert {entry.path for entry in TABLE if entry.scope is None} == READS_NOTHING
    assert not [entry for entry in TABLE if entry.scope is None and (entry.runs or entry.spends)]


def test_whatever_runs_programs_is_counted():
    for entry in TABLE:
        if entry.scope is Scope.RUN:
            assert entry.runs or entry.path == "/v1/analyse"  # which reads a program only
            assert entry.spends


def test_rows_are_found_by_method_and_path():
    table = [
        Entry("GET", "/v1/things", Scope.SUBMIT),
        Entry("GET", "/v1/things/{id}", Scope.SUBMIT),
        Entry("DELETE", "/v1/things/{id}/parts/{part:path}", Scope.ERASE),
    ]
    found = Routes(table)
    assert found.find("GET", "/v1/things") is table[0]
    assert found.find("GET", "/v1/things/7") is table[1]
    assert found.find("DELETE", "/v1/things/7/parts/a/b") is table[2]
    for method, path in (
        ("POST", "/v1/things"), ("GET", "/v1/things/"), ("GET", "/v1/things/7/8"),
        ("get", "/v1/things"), ("GET", "//v1/things"), ("GET", "/V1/things"),
    ):  # fmt: skip
        assert found.find(method, path) is None, (method, path)
