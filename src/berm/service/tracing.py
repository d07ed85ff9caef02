"""Traces by OpenTelemetry: requests, what became of submissions, compilations and runs.

The spans are made by OpenTelemetry's interface, which does nothing until :func:`open_tracing` gives it
something to do. Their attributes are names of ours and numbers, never anything that a user wrote.
"""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Iterator
from typing import ClassVar, Final
from urllib.parse import urlsplit

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from pydantic import Field, field_validator
from starlette.types import Scope
from structlog.typing import EventDict

from berm.errors import ConfigError
from berm.model import RunResult
from berm.service.section import Section

_PARENT: Final = "traceparent"
_CLOSE_MILLISECONDS: Final = 5_000
_LONGEST: Final = 100
_tracer: Final = trace.get_tracer("berm")
_context: Final = TraceContextTextMapPropagator()


class TracingSettings(Section):
    """Settings of tracing. What else an exporter can do is set by OpenTelemetry's own variables."""

    TABLE: ClassVar[str] = "tracing"
    PREFIX: ClassVar[str] = "BERM_TRACING_"

    endpoint: str = Field(
        "",
        max_length=2000,
        description="Where spans are sent (OTLP over HTTP), such as http://127.0.0.1:4318/v1/traces; empty:"
        " nowhere. Needs berm[otel]. Headers for it: OTEL_EXPORTER_OTLP_HEADERS.",
    )
    sample: float = Field(1.0, ge=0, le=1, description="The part of all traces that is kept.")

    @field_validator("endpoint")
    @classmethod
    def _known(cls, text: str) -> str:
        parts = urlsplit(text)
        if text and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("it is no http or https URL")
        if "@" in parts.netloc:
            raise ValueError("a password does not belong there: use OTEL_EXPORTER_OTLP_HEADERS")
        if parts.scheme == "http" and _public(parts.hostname or ""):
            raise ValueError("spans go over the public internet by https only")
        return text


def _public(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return False


@contextlib.contextmanager
def open_tracing(settings: TracingSettings, replica: str, version: str) -> Iterator[None]:
    """Send spans while the block lasts; at its end those that wait have 5 seconds.

    Raises:
        ConfigError: what sends them is not installed.
    """
    if not settings.endpoint:
        yield
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"Tracing needs the package {error.name}, which is not installed.",
            remedy="pip install 'berm[otel]', or leave [tracing] endpoint empty.",
        ) from None
    ratio = TraceIdRatioBased(settings.sample)
    provider = TracerProvider(
        # Whoever calls does not decide how much is kept here.
        sampler=ParentBased(ratio, remote_parent_sampled=ratio, remote_parent_not_sampled=ratio),
        resource=Resource.create(
            {
                "service.name": "berm",
                "service.version": version,
                "service.instance.id": replica,
            }
        ),
        shutdown_on_exit=False,
    )
    # Its queue is bounded; what does not fit is dropped, and no request waits for a collector.
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.endpoint)))
    trace.set_tracer_provider(provider)
    try:
        yield
    finally:
        provider.force_flush(_CLOSE_MILLISECONDS)
        provider.shutdown()


@contextlib.contextmanager
def span(
    name: str,
    kind: SpanKind = SpanKind.INTERNAL,
    *,
    parent: str | None = None,
) -> Iterator[Span]:
    """Make a span below the one that is current, or below ``parent`` (a ``traceparent``)."""
    context = None if parent is None else _context.extract({_PARENT: parent})
    with _tracer.start_as_current_span(
        name,
        context,
        kind,
        record_exception=False,  # its text may be a user's
        set_status_on_exception=False,  # likewise
    ) as made:
        try:
            yield made
        except BaseException:
            made.set_status(StatusCode.ERROR)
            raise


def describe(made: Span, language: str, result: RunResult) -> None:
    """Say of a run's span what the run came to."""
    made.set_attributes(
        {
            "berm.language": language,
            "berm.outcome": result.outcome.kind.value,
            "berm.cpu_seconds": result.usage.cpu_time,
            "berm.wall_seconds": result.usage.wall_time,
            "berm.memory_bytes": result.usage.memory,
        }
    )


def told_of(scope: Scope) -> str | None:
    """Return the ``traceparent`` that a request came with."""
    for name, value in scope["headers"]:
        if name == b"traceparent":
            return str(value[:_LONGEST].decode("latin-1"))
    return None


def traceparent() -> str | None:
    """Return what names the current span to another process; None without one."""
    carrier: dict[str, str] = {}
    _context.inject(carrier)
    return carrier.get(_PARENT)


def name_trace(logger: object, method: str, event: EventDict) -> EventDict:
    """Put the trace's id into a line of the log, where there is one. A processor of structlog's."""
    del logger, method
    found = trace.get_current_span().get_span_context()
    if found.is_valid:
        event["trace_id"] = trace.format_trace_id(found.trace_id)
    return event


__all__ = [
    "Span",
    "SpanKind",
    "StatusCode",
    "TracingSettings",
    "describe",
    "name_trace",
    "open_tracing",
    "span",
    "told_of",
    "traceparent",
]
