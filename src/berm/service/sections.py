"""Every table of the configuration that is the service's, loaded and checked together."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final, Self

from berm.config import Config
from berm.service.access.settings import AuthSettings
from berm.service.limits.settings import LimitsSettings
from berm.service.queue import QueueSettings
from berm.service.section import Section
from berm.service.settings import ServiceSettings
from berm.service.store.settings import StoreSettings
from berm.service.tracing import TracingSettings
from berm.service.webhooks.settings import WebhookSettings

SECTIONS: Final[tuple[type[Section], ...]] = (
    ServiceSettings,
    StoreSettings,
    QueueSettings,
    AuthSettings,
    LimitsSettings,
    WebhookSettings,
    TracingSettings,
)


@dataclasses.dataclass(frozen=True, slots=True)
class Sections:
    """The settings of one service."""

    service: ServiceSettings
    store: StoreSettings
    queue: QueueSettings
    auth: AuthSettings
    limits: LimitsSettings
    webhooks: WebhookSettings
    tracing: TracingSettings

    @classmethod
    def load(
        cls,
        config: Config,
        environ: Mapping[str, str],
        overrides: Mapping[str, object] | None = None,
    ) -> Self:
        """Load every table; ``overrides`` are the command line's, for ``[service]``.

        Raises:
            ConfigError: a setting is unknown or wrong; the text never quotes its value.
        """
        return cls(
            ServiceSettings.load(config.service, environ, overrides),
            StoreSettings.load(config.store, environ),
            QueueSettings.load(config.queue, environ),
            AuthSettings.load(config.auth, environ),
            LimitsSettings.load(config.limits, environ),
            WebhookSettings.load(config.webhooks, environ),
            TracingSettings.load(config.tracing, environ),
        )

    def as_dict(self) -> dict[str, dict[str, Any]]:
        """Return plain JSON-ready data by table, secrets hidden."""
        return {
            field.name: getattr(self, field.name).as_dict() for field in dataclasses.fields(self)
        }
