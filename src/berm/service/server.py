"""Run the service: socket, engine, canary, requests, drain. Says how it ended by its exit code."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import resource
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator
from typing import Final, Self

import structlog
import uvicorn
import uvloop

import berm
from berm.config import Config
from berm.engine import Engine
from berm.errors import BermError, ConfigError, StoreError
from berm.kernel import privileges
from berm.kernel.features import probe
from berm.policy.plan import choose_family
from berm.service.access.opening import open_access
from berm.service.app import create_app
from berm.service.conversation import MAX_MESSAGE
from berm.service.furnishing import furnish
from berm.service.identity import replica_name
from berm.service.metrics import MeasuredEngine, Metrics
from berm.service.offer import OwnOffer, WorkersOffer
from berm.service.proof import keep_proving
from berm.service.protocol import Bounds, bounded
from berm.service.queue import JobQueue
from berm.service.queued import worker_of
from berm.service.readiness import Readiness
from berm.service.sections import Sections
from berm.service.settings import ServiceSettings
from berm.service.store.database import Database
from berm.service.store.opening import open_database
from berm.service.store.settings import StoreSettings
from berm.service.testfiles import TestFiles
from berm.service.tracing import open_tracing
from berm.service.webhooks.deliverer import Deliverer
from berm.service.worker import Worker

_log: Final = structlog.get_logger("berm.service")

_BACKLOG: Final = 2048
_LAST_WAIT: Final = 20.0
_OWN_FILES: Final = 4096


class AddressError(BermError):
    """The service cannot listen where it was told to."""


def serve(
    config: Config, settings: Sections, on_listening: Callable[[str], None] | None = None
) -> None:
    """Serve until SIGTERM or SIGINT, then drain and return.

    The first signal stops new connections and lets running requests end, at most
    ``settings.drain`` seconds; the second one cancels them at once. Either way every run is gone
    when this returns.

    Args:
        config: the engine's configuration.
        settings: the service's own.
        on_listening: called with the service's URL once requests are answered.

    Raises:
        AddressError: the address is taken or not ours. Found before anything is started.
        berm.IsolationError: a required guarantee does not hold, or the canary got through.
        berm.ConfigError: a setting names something that is not there, or nobody could be let in.
        berm.StoreError: the store that the settings name cannot be used.
    """
    with (
        contextlib.closing(_listen(settings.service)) as listener,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        privileges.hide()
        _give_up_privileges(config)
        runner.run(_serve(config, settings, listener, on_listening))


async def _serve(
    config: Config,
    sections: Sections,
    listener: socket.socket,
    on_listening: Callable[[str], None] | None,
) -> None:
    settings, readiness, metrics = sections.service, Readiness(), Metrics()
    async with contextlib.AsyncExitStack() as stack:
        files = TestFiles(settings.test_files, max_size=settings.max_test_file)
        stack.callback(files.close)
        signals = stack.enter_context(Signals())
        name = replica_name(settings.replica, os.environ)
        stack.enter_context(open_tracing(sections.tracing, name, berm.__version__))
        database = await _open(sections.store)
        if database is not None:
            stack.push_async_callback(database.close)
        queue = None if database is None else JobQueue(database, sections.queue)
        _check_role(settings, sections.store)
        access = await open_access(
            sections.auth, sections.limits, settings.host, database, metrics.limit_hit
        )
        engine = MeasuredEngine(config, metrics)
        if not (
            await signals.interrupt(stack.enter_async_context(engine))
            and (settings.role == "api" or await signals.interrupt(_prove(engine, settings)))
        ):
            _log.info("stopped before it was ready")
            return
        own = OwnOffer(engine)
        elsewhere = (
            WorkersOffer(queue, engine.registry) if queue and settings.role == "api" else None
        )
        app = create_app(
            engine,
            settings,
            readiness=readiness,
            files=files,
            database=database,
            access=access,
            metrics=metrics,
            queue=queue,
            offer=elsewhere or own,
            hooks=sections.webhooks,
        )
        server = Server(
            uvicorn.Config(
                app,
                http=bounded(
                    Bounds(
                        head_bytes=settings.max_head,
                        head_seconds=settings.head_timeout,
                        connections=_affordable(settings.max_connections),
                    )
                ),
                ws="websockets-sansio",
                ws_max_size=MAX_MESSAGE,
                ws_per_message_deflate=False,  # no bombs to inflate
                ws_ping_interval=20.0,
                ws_ping_timeout=20.0,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                backlog=_BACKLOG,
                timeout_keep_alive=max(1, round(settings.idle_timeout)),
                timeout_graceful_shutdown=max(1, round(settings.drain)),
            ),
            signals,
            readiness,
            on_ready=lambda: on_listening and on_listening(url_of(listener)),
        )
        beside = [
            asyncio.ensure_future(
                keep_proving(engine.prove, readiness, settings.prove_every, metrics.proved)
            ),
            asyncio.ensure_future(access.allowances.keep_small()),
        ]
        if settings.role != "api":
            languages = await _languages(engine, settings)
            beside.append(asyncio.ensure_future(furnish(engine, languages)))
        if elsewhere is not None:
            beside.append(asyncio.ensure_future(elsewhere.keep_looking()))
        if database is not None and settings.role != "worker" and sections.webhooks.enabled:
            hooks = Deliverer(database, sections.webhooks, metrics.webhook)
            beside.append(asyncio.ensure_future(hooks.run()))
        worker = None
        if queue is not None and settings.role != "api":
            worker = worker_of(app.state.berm, queue, own.as_json, access.charge)
        working = asyncio.ensure_future(_work(worker, signals, settings.drain))
        try:
            await server.serve(sockets=[listener])
            await working
        finally:
            for task in (*beside, working):
                task.cancel()
            await asyncio.gather(*beside, working, return_exceptions=True)
    _log.info("stopped")


def _check_role(settings: ServiceSettings, store: StoreSettings) -> None:
    if settings.role != "all" and not store.postgresql:
        raise ConfigError(
            f"The role {settings.role} needs a store that other processes share.",
            remedy="Set [store] url (BERM_STORE_URL) to a PostgreSQL database, or use the role all.",
        )


async def _work(worker: Worker | None, signals: Signals, drain: float) -> None:
    """Run the worker until the first signal, then let it drain; the second one hurries it."""
    if worker is None:
        return
    task = asyncio.ensure_future(worker.run(drain))
    first = asyncio.ensure_future(signals.first())
    second = asyncio.ensure_future(signals.second())
    try:
        await asyncio.wait({task, first}, return_when=asyncio.FIRST_COMPLETED)
        task.cancel()
        await asyncio.wait({task, second}, return_when=asyncio.FIRST_COMPLETED)
        worker.hurry()
    finally:
        for one in (first, second, task):
            one.cancel()
        ended = await asyncio.gather(task, first, second, return_exceptions=True)
        if isinstance(ended[0], Exception):
            _log.critical("the worker failed", exc_info=ended[0])


async def _open(store: StoreSettings) -> Database | None:
    """Open the store. Only where nobody chose one may the service do without."""
    try:
        database = await open_database(store)
    except StoreError as error:
        if store.chosen:
            raise
        _log.warning("no store: submissions cannot be kept here", why=error.diagnostics())
        return None
    _log.info("store", place=store.place())
    return database


async def _prove(engine: Engine, settings: ServiceSettings) -> None:
    languages = await _languages(engine, settings)
    _log.info("proving isolation", languages=languages)
    await engine.warm(languages)


async def _languages(engine: Engine, settings: ServiceSettings) -> tuple[str, ...]:
    """Return the languages that are made ready at the start."""
    found = await asyncio.to_thread(engine.registry.available)
    if settings.warm is not None:
        return settings.warm
    usual = [
        one.name
        for one in found
        if one.definition.tier == "minimal" and not one.definition.variant_of
    ]
    return tuple(usual or [one.name for one in found])


def _give_up_privileges(config: Config) -> None:
    """As root, keep only the capabilities that making cells takes; before there is a thread."""
    if os.geteuid() != 0:
        return
    features = probe(config.landlock_abi, config.cgroup_path)
    namespaces = choose_family(features, config.plan) == "namespaces"
    userns = namespaces and features.userns
    kept = privileges.keep(privileges.needed(userns=userns, mounts=namespaces))
    _log.info("capabilities kept", numbers=sorted(kept))


class Signals:
    """SIGTERM and SIGINT as events, in place of what the interpreter and uvicorn do with them."""

    def __init__(self) -> None:
        self.count = 0
        self._first = asyncio.Event()
        self._second = asyncio.Event()

    def __enter__(self) -> Self:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._arrived, number)
        return self

    def __exit__(self, *exc: object) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)

    def _arrived(self, number: signal.Signals) -> None:
        self.count += 1
        _log.info("signal", name=signal.Signals(number).name, times=self.count)
        (self._first if self.count == 1 else self._second).set()

    async def first(self) -> None:
        """Return when a signal has arrived."""
        await self._first.wait()

    async def second(self) -> None:
        """Return when a second signal has arrived."""
        await self._second.wait()

    async def interrupt(self, coroutine: Coroutine[object, object, object]) -> bool:
        """Wait for ``coroutine``; a signal cancels it. False if it was cancelled."""
        work = asyncio.ensure_future(coroutine)
        stop = asyncio.ensure_future(self.first())
        try:
            await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                await work
                return True
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            return False
        finally:
            stop.cancel()


class Server(uvicorn.Server):
    """uvicorn with our signals: a drained service ends with exit code 0, not by the signal."""

    def __init__(
        self,
        config: uvicorn.Config,
        signals: Signals,
        readiness: Readiness,
        on_ready: Callable[[], object],
    ) -> None:
        super().__init__(config)
        self._signals = signals
        self._readiness = readiness
        self._on_ready = on_ready

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install nothing: the signals already arrive at :class:`Signals`."""
        watch = asyncio.ensure_future(self._watch())
        try:
            yield
        finally:
            watch.cancel()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say that the service is ready."""
        await super().startup(sockets)
        self._readiness.become_ready()
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain, and wait until cancelled requests have really ended their runs."""
        self._readiness.drain()
        _log.info("draining", requests=self._readiness.running)
        await super().shutdown(sockets)
        # Those left were cancelled: by uvicorn when the time was up, or by the second signal.
        if tasks := list(self.server_state.tasks):
            _, left = await asyncio.wait(tasks, timeout=_LAST_WAIT)
            if left:
                _log.error("requests did not end", requests=len(left))

    async def _watch(self) -> None:
        await self._signals.first()
        self._readiness.drain()
        self.should_exit = True
        await self._signals.second()
        self.force_exit = True
        for task in list(self.server_state.tasks):
            task.cancel()


def _affordable(connections: int) -> int:
    """Raise the limit of open files as far as needed and allowed; return the connections it gives.

    Cells and fork servers need descriptors too, and running out of them would hurt everybody.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = max(soft, connections + _OWN_FILES)
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    allowed = min(connections, max(limit - _OWN_FILES, limit // 2))
    if allowed < connections:
        _log.warning("few open files are allowed here", connections=allowed, open_files=limit)
    return allowed


def _listen(settings: ServiceSettings) -> socket.socket:
    host, port = settings.host, settings.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Inherited by every connection: a client that vanished, or does not take its answer, is
        # given up by the kernel, which alone knows what was taken.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 15)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5)
        sock.setsockopt(
            socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(settings.send_timeout * 1000)
        )
        sock.setblocking(False)
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise AddressError(
            f"The service cannot listen on {host} port {port}: {_why(error)}.",
            remedy="Choose another one with --host and --port (port 0 takes any free one), or stop"
            " what uses it.",
        ) from error
    return sock


def _why(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return "there is no such address"
    match error.errno:
        case errno.EADDRINUSE:
            return "the port is in use"
        case errno.EACCES:
            return "the port needs privileges that this process does not have"
        case errno.EADDRNOTAVAIL:
            return "the address is not one of this machine"
        case number:
            return os.strerror(number or 0)


def url_of(listener: socket.socket) -> str:
    """Return the URL of a bound listener, with the port that it really has."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
