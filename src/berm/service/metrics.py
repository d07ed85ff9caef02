"""What the service counts, for Prometheus: bounded labels, never anything that a user wrote."""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

import berm
from berm.config import Config
from berm.engine import Engine
from berm.languages import CompileStep
from berm.model import RunResult
from berm.service.limits.spending import spend
from berm.service.tracing import describe, span

if TYPE_CHECKING:
    from berm.artifacts.cache import Compiled
    from berm.cell.files import File
    from berm.program import Content, Program
    from berm.service.state import ServiceState
    from berm.service.store.records import Figures

CONTENT_TYPE: Final = "text/plain; version=1.0.0; charset=utf-8"

_SHORT: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_SYSCALLS: Final = 64
"""Names of system calls that get a label of their own; the rest is ``other``."""


class Metrics:
    """The counters of one service. Each has a registry of its own, so that tests can have many."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = self._counter(
            "berm_requests", "Requests answered.", ("method", "route", "status")
        )
        self._request_seconds = self._histogram(
            "berm_request_seconds", "From a request's head to the end of its answer.", ("route",)
        )
        self._runs = self._counter(
            "berm_runs", "Programs run, by their end.", ("language", "outcome")
        )
        self._run_seconds = self._histogram(
            "berm_run_seconds", "Real time of runs, as their agents measured it.", ("language",)
        )
        self._cpu = self._counter(
            "berm_run_cpu_seconds", "CPU time of runs and compilations.", ("language",)
        )
        self._compilations = self._counter(
            "berm_compilations", "Compilations performed (those in the cache are not).",
            ("language", "outcome"),
        )  # fmt: skip
        self._verdicts = self._counter(
            "berm_verdicts", "Submissions judged, by verdict.", ("language", "verdict")
        )
        self._denials = self._counter(
            "berm_denials", "What the kernel refused programs.", ("syscall",)
        )
        self._limits = self._counter(
            "berm_limits_hit", "Requests refused because a limit was reached.", ("limit",)
        )
        self._refusals = self._counter(
            "berm_refusals", "Requests refused for who asked.", ("reason",)
        )
        self._webhooks = self._counter(
            "berm_webhooks", "Attempts to deliver webhooks, by their end.", ("end",)
        )
        self._jobs = Gauge(
            "berm_queue_jobs", "Submissions by state.", ("state",), registry=self.registry
        )
        self._oldest = Gauge(
            "berm_queue_oldest_seconds",
            "For how long the oldest queued submission has waited.",
            registry=self.registry,
        )
        self._slots = Gauge(
            "berm_queue_slots", "Submissions that workers run at a time.", registry=self.registry
        )
        self._store = Gauge(
            "berm_store_answers", "1 if the store answered just now.", registry=self.registry
        )
        self._proof = Gauge(
            "berm_last_proof_timestamp_seconds",
            "When a canary last proved isolation.",
            registry=self.registry,
        )
        self._proof.set_to_current_time()
        Gauge("berm_info", "The version.", ("version",), registry=self.registry).labels(
            berm.__version__
        ).set(1)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._known_syscalls: set[str] = set()

    def _counter(self, name: str, text: str, labels: Sequence[str]) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, labels: Sequence[str]) -> Histogram:
        return Histogram(name, text, labels, buckets=_SHORT, registry=self.registry)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request; ``route`` is the path as the route writes it."""
        self._requests.labels(method, route, str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)

    def run(self, language: str, result: RunResult) -> None:
        """Count one run of a program."""
        self._runs.labels(language, result.outcome.kind.value).inc()
        self._run_seconds.labels(language).observe(result.usage.wall_time)
        self._cpu.labels(language).inc(result.usage.cpu_time)
        for denial in result.denials or ():
            self._denials.labels(self._syscall(denial.syscall)).inc(denial.count)

    def compilation(self, language: str, result: RunResult) -> None:
        """Count one compilation."""
        self._compilations.labels(language, result.outcome.kind.value).inc()
        self._cpu.labels(language).inc(result.usage.cpu_time)

    def verdict(self, language: str, verdict: str) -> None:
        """Count one judged submission."""
        self._verdicts.labels(language, verdict).inc()

    def limit_hit(self, limit: str) -> None:
        """Count a refusal for a limit."""
        self._limits.labels(limit).inc()

    def refused(self, reason: str) -> None:
        """Count a refusal for who asked."""
        self._refusals.labels(reason).inc()

    def webhook(self, end: str) -> None:
        """Count one attempt to deliver a webhook: ``delivered``, ``again`` or ``failed``."""
        self._webhooks.labels(end).inc()

    def proved(self) -> None:
        """Note that a canary proved isolation now."""
        self._proof.set_to_current_time()

    def queue(self, figures: Figures | None) -> None:
        """Take the state of the queue, None where the store does not answer."""
        self._store.set(0 if figures is None else 1)
        if figures is not None:
            self._jobs.labels("queued").set(figures.queued)
            self._jobs.labels("running").set(figures.running)
            self._oldest.set(figures.oldest)
            self._slots.set(figures.slots)

    def watch(self, state: ServiceState) -> None:
        """Add what is read from the service itself whenever somebody asks."""
        self.registry.register(_Now(state))

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)

    def _syscall(self, name: str) -> str:
        if name not in self._known_syscalls and len(self._known_syscalls) >= _SYSCALLS:
            return "other"
        self._known_syscalls.add(name)
        return name


_compiling: contextvars.ContextVar[str] = contextvars.ContextVar("compiling", default="")
"""The language of the compilation under way."""


class MeasuredEngine(Engine):
    """An engine whose runs are counted, and whose CPU time is put to whoever asked for it."""

    def __init__(self, config: Config | None, metrics: Metrics) -> None:
        super().__init__(config)
        self._metrics = metrics

    async def prepare(
        self, source: Content, language: str = "python", *args: Any, **kwargs: Any
    ) -> Program:
        """Compile as the engine does, and count it where it really does."""
        token = _compiling.set(self.registry.get(language).name)
        try:
            return await super().prepare(source, language, *args, **kwargs)
        finally:
            _compiling.reset(token)

    async def execute(self, program: Program, *args: Any, **kwargs: Any) -> RunResult:
        """Run as the engine does, and count it."""
        began = time.monotonic()
        with span("run") as traced:
            try:
                result = await super().execute(program, *args, **kwargs)
            except asyncio.CancelledError:
                # Nobody measured it any more; real time is what it can have used, and free it is not.
                spend(time.monotonic() - began)
                raise
            describe(traced, program.language.name, result)
        if program.ok:
            spend(result.usage.cpu_time)
            self._metrics.run(program.language.name, result)
        return result

    async def _compile(
        self, step: CompileStep, contents: Mapping[str, File], entry: str
    ) -> Compiled:
        with span("compile") as traced:
            compiled = await super()._compile(step, contents, entry)
            describe(traced, _compiling.get(), compiled.result)
        spend(compiled.result.usage.cpu_time)
        self._metrics.compilation(_compiling.get(), compiled.result)
        return compiled


class _Now(Collector):
    """Gauges that are read when somebody asks."""

    def __init__(self, state: ServiceState) -> None:
        self._state = state

    def collect(self) -> Iterable[Metric]:
        """Read the service."""
        state = self._state
        yield _gauge(
            "berm_requests_under_way", "Requests not answered yet.", state.readiness.running
        )
        yield _gauge(
            "berm_interactive_runs", "Interactive runs under way.", state.conversations.running
        )
        yield _gauge("berm_ready", "1 if requests should come.", int(state.readiness.ready))
        yield _gauge(
            "berm_isolation_holds", "0 once a canary got out.", int(not state.readiness.broken)
        )
        yield _gauge(
            "berm_runs_at_a_time", "Programs that may run at once.", state.engine.config.concurrency
        )
        parked = GaugeMetricFamily("berm_pool_parked", "Cells that are ready.", labels=["profile"])
        taken = CounterMetricFamily("berm_pool_taken", "Cells taken.", labels=["profile", "how"])
        age = GaugeMetricFamily(
            "berm_pool_age_seconds", "Since the oldest fork server was started.", labels=["profile"]
        )
        recycled = CounterMetricFamily(
            "berm_pool_recycled", "Fork servers that were replaced.", labels=["profile"]
        )
        memory = GaugeMetricFamily("berm_memory_bytes", "Resident memory.", labels=["part"])
        memory.add_metric(["service"], _resident("self"))
        servers: dict[str, int] = {}
        for profile, pools in _by_profile(state.engine).items():
            parked.add_metric([profile], sum(pool.parked for pool in pools))
            taken.add_metric([profile, "parked"], sum(pool.hits for pool in pools))
            taken.add_metric([profile, "cold"], sum(pool.misses for pool in pools))
            age.add_metric([profile], max(pool.age for pool in pools))
            recycled.add_metric([profile], sum(pool.recycled for pool in pools))
            servers[profile] = sum(
                _resident(str(pool.server_pid)) for pool in pools if pool.server_pid
            )
        for profile, size in servers.items():
            memory.add_metric([f"fork-server {profile}"], size)
        cache = state.engine.cache
        compiled = CounterMetricFamily(
            "berm_compile_cache",
            "Submissions that needed compiling, by where it came from.",
            labels=["how"],
        )
        for how, number in (("hit", cache.hits), ("miss", cache.misses), ("joined", cache.joined)):
            compiled.add_metric([how], number)
        yield from (parked, taken, age, recycled, memory, compiled)
        yield _gauge("berm_compile_cache_bytes", "What compiled submissions take.", cache.bytes)
        yield _gauge("berm_compile_cache_entries", "Compiled submissions kept.", len(cache))
        yield _counted(
            "berm_compile_cache_evicted", "Compiled submissions dropped for others.", cache.evicted
        )
        parking = state.engine.parking
        yield _gauge("berm_parking_waiting", "Runtimes that wait for programs.", parking.waiting)
        yield _gauge("berm_parking_bytes", "What they take, about.", parking.bytes)
        yield _counted("berm_parking_failed", "Runtimes that could not be started.", parking.failed)
        waited = CounterMetricFamily(
            "berm_parking_taken", "Programs whose runtime may wait for them.", labels=["how"]
        )
        waited.add_metric(["waiting"], parking.hits)
        waited.add_metric(["cold"], parking.misses)
        yield waited


def _by_profile(engine: Engine) -> Mapping[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for pool in engine.pools:
        found.setdefault(pool.plan.profile, []).append(pool)
    return found


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _counted(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(name, text, value=value)


def _resident(pid: str) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * 4096
    except (OSError, ValueError, IndexError):
        return 0
