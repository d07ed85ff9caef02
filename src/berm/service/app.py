"""The application: routes, and what every request passes before them."""

from __future__ import annotations

import os

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

import berm
from berm.engine import Engine
from berm.service import openapi, problems
from berm.service.access.door import Access, Door, admitted
from berm.service.gate import Desk, Intake
from berm.service.identity import container_id, replica_name
from berm.service.judging import Judge
from berm.service.metrics import Metrics
from berm.service.offer import Offer, OwnOffer
from berm.service.queue import JobQueue
from berm.service.readiness import Readiness
from berm.service.routes import (
    analyse,
    docs,
    events,
    execute,
    health,
    measures,
    run,
    submissions,
    webhooks,
)
from berm.service.settings import ServiceSettings
from berm.service.state import Conversations, ServiceState
from berm.service.store.database import Database
from berm.service.testfiles import TestFiles
from berm.service.webhooks.settings import WebhookSettings


def create_app(
    engine: Engine,
    settings: ServiceSettings | None = None,
    *,
    readiness: Readiness | None = None,
    files: TestFiles | None = None,
    database: Database | None = None,
    access: Access | None = None,
    metrics: Metrics | None = None,
    queue: JobQueue | None = None,
    offer: Offer | None = None,
    hooks: WebhookSettings | None = None,
) -> FastAPI:
    """Return the ASGI application that serves ``engine``.

    The caller owns the engine: it is started before and closed after the application.

    Args:
        engine: a started engine.
        settings: the caps; the defaults where None.
        readiness: shared with whoever runs the server; ready from the start where None.
        files: the folder of test files; the one of the settings where None.
        database: the store; without one, the routes that need it say so.
        access: who may ask, and for how much; everybody where None.
        metrics: what is counted; the engine should be a :class:`MeasuredEngine` that has the same.
        queue: the queue over it, likewise.
        offer: what can be run; what the engine can where None.
        hooks: how submissions' ends are told; not at all where None.

    Raises:
        berm.ConfigError: the folder of test files cannot be opened.
    """
    settings = settings or ServiceSettings()
    metrics = metrics or Metrics()
    if readiness is None:
        readiness = Readiness()
        readiness.become_ready()
    if files is None:
        files = TestFiles(settings.test_files, max_size=settings.max_test_file)
    app = FastAPI(
        title="Berm",
        version=berm.__version__,
        summary="Judges programs that nobody trusts.",
        description=openapi.DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        openapi_tags=[
            {"name": "judging", "description": "Run programs and judge them."},
            {
                "name": "submissions",
                "description": "Hand programs in, and come back for the result.",
            },
            {"name": "health", "description": "How the service is."},
        ],
        docs_url=None,  # FastAPI's pages load their scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        # FastAPI's own would send paths, queries and the texts of errors; ours is in berm.service.tracing.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        dependencies=[Depends(admitted)],
        middleware=[
            Middleware(Desk, metrics=metrics),
            Middleware(Door, access=access or Access()),
            Middleware(Intake, settings=settings, readiness=readiness),
        ],
        exception_handlers={
            HTTPException: problems.handle,
            RequestValidationError: problems.handle,
        },
    )
    offer = offer or OwnOffer(engine)
    app.state.berm = ServiceState(
        engine=engine,
        settings=settings,
        readiness=readiness,
        judge=Judge(engine, files, settings, offer.canonical),
        replica=replica_name(settings.replica, os.environ),
        container_id=container_id(settings.container_id),
        conversations=Conversations(settings.interactive_runs),
        metrics=metrics,
        offer=offer,
        database=database,
        queue=queue,
        webhooks=hooks or WebhookSettings(),
    )
    metrics.watch(app.state.berm)
    app.state.docs_page = None
    requests = {
        "all": (execute, analyse, run, submissions, events, webhooks),
        "api": (execute, analyse, submissions, events, webhooks),  # nothing runs here
        "worker": (),
    }[settings.role]
    for module in (*requests, health, measures, docs):
        app.include_router(module.router)
    app.openapi = lambda: openapi.document(app)  # type: ignore[method-assign]
    return app
