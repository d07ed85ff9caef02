"""The tables, in SQLAlchemy Core. ``migrations`` makes them; a test holds the two together.

Hot and cold are apart: ``jobs`` has what claiming and listing needs, in short rows; programs and
inputs are in ``payloads``, results in ``results``.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

NUMBER: Final = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts INTEGER keys only

jobs: Final = Table(
    "jobs",
    metadata,
    Column("seq", NUMBER, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("owner", Text, nullable=False),  # whose it is: access, limits
    Column("share", Text, nullable=False),  # whose turn it takes: fairness
    Column("state", Text, nullable=False),
    Column("priority", Integer, nullable=False),  # 0 before 1 before 2
    Column("vtime", Double, nullable=False),  # virtual start time within the priority
    Column("cost", Double, nullable=False),  # virtual duration
    Column("not_before", Double, nullable=False),
    Column("attempt", Integer, nullable=False),  # the fencing token: grows with every claim
    Column("tries", Integer, nullable=False),  # claims that ended badly or are under way
    Column("worker", Text),
    Column("claim", Text),  # names one claiming, so that it can be repeated
    Column("lease_until", Double),
    Column("cancel", Integer, nullable=False),  # 1: somebody wants it cancelled
    Column("language", Text, nullable=False),
    Column("user_id", Text),
    Column("question_id", Text),
    Column("batch", Text),
    Column("idempotency_key", Text),
    Column("digest", Text, nullable=False),  # SHA-256 of what was asked for
    Column("verdict", Text),
    Column("created", Double, nullable=False),
    Column("started", Double),
    Column("finished", Double),
    UniqueConstraint("owner", "idempotency_key"),
    CheckConstraint("state IN ('queued', 'running', 'done', 'cancelled')", name="state"),
    sqlite_autoincrement=True,
)
_QUEUED: Final = text("state = 'queued'")
_RUNNING: Final = text("state = 'running'")
_OPEN: Final = text("finished IS NULL")
_FINISHED: Final = text("finished IS NOT NULL")
Index(
    "ix_jobs_ready",
    jobs.c.priority,
    jobs.c.vtime,
    jobs.c.seq,
    sqlite_where=_QUEUED,
    postgresql_where=_QUEUED,
)
Index("ix_jobs_lease", jobs.c.lease_until, sqlite_where=_RUNNING, postgresql_where=_RUNNING)
Index("ix_jobs_open", jobs.c.share, jobs.c.state, sqlite_where=_OPEN, postgresql_where=_OPEN)
Index("ix_jobs_finished", jobs.c.finished, sqlite_where=_FINISHED, postgresql_where=_FINISHED)
Index("ix_jobs_owner_seq", jobs.c.owner, jobs.c.seq)

payloads: Final = Table(
    "payloads",
    metadata,
    Column("job_id", Text, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

results: Final = Table(
    "results",
    metadata,
    Column("job_id", Text, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

# How attempts ended that gave no result: the evidence when a job is given up.
failures: Final = Table(
    "failures",
    metadata,
    Column("job_id", Text, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("worker", Text, nullable=False),
    Column("began", Double, nullable=False),
    Column("ended", Double, nullable=False),
    Column("reason", Text, nullable=False),
)

# What a running attempt reports; deleted with its end, because the result says it all.
events: Final = Table(
    "events",
    metadata,
    Column("job_id", Text, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

# Who shall be told of a job's end, and whether they were (berm.service.store.webhooks).
webhooks: Final = Table(
    "webhooks",
    metadata,
    Column("job_id", Text, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("owner", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("claim", Text),  # names one taking, so that it can be repeated; the attempt's fence
    Column("next_at", Double, nullable=False),
    Column("held_until", Double, nullable=False),  # an attempt is under way until then at most
    Column("status", Integer),  # of the last answer
    Column("error", Text),
    Column("ended", Double),
    CheckConstraint("state IN ('waiting', 'due', 'delivered', 'failed')", name="state"),
)
_DUE: Final = text("state = 'due'")
Index("ix_webhooks_due", webhooks.c.next_at, sqlite_where=_DUE, postgresql_where=_DUE)
Index(
    "ix_webhooks_held",
    webhooks.c.owner,
    webhooks.c.held_until,
    sqlite_where=_DUE,
    postgresql_where=_DUE,
)
Index("ix_webhooks_claim", webhooks.c.claim, sqlite_where=_DUE, postgresql_where=_DUE)

shares: Final = Table(
    "shares",
    metadata,
    Column("share", Text, primary_key=True),
    Column("priority", Integer, primary_key=True),
    Column("vfinish", Double, nullable=False),  # virtual time up to which it has taken its turns
    Column("touched", Double, nullable=False),
)

workers: Final = Table(
    "workers",
    metadata,
    Column("name", Text, primary_key=True),
    Column("slots", Integer, nullable=False),
    Column("running", Integer, nullable=False),
    Column("draining", Integer, nullable=False),
    Column("began", Double, nullable=False),
    Column("seen", Double, nullable=False),
    Column("about", LargeBinary, nullable=False),  # JSON: languages, what isolation holds
)

# Keys that requests are authenticated by: never the key, only its digest.
api_keys: Final = Table(
    "api_keys",
    metadata,
    Column("name", Text, primary_key=True),  # the public part of the key
    Column("digest", LargeBinary, nullable=False),  # SHA-256 of the whole
    Column("label", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("scopes", Text, nullable=False),  # with spaces in between
    Column("created", Double, nullable=False),
    Column("expires", Double),
    Column("revoked", Double),
)
Index("ix_api_keys_subject", api_keys.c.subject)

# What is left of rates that all replicas count together (berm.service.limits.gcra).
allowances: Final = Table(
    "allowances",
    metadata,
    Column("key", Text, primary_key=True),
    Column("tat", Double, nullable=False),
    Column("granted", Integer, nullable=False),  # whether the last one who asked got it
)
