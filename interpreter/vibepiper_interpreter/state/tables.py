"""The state's tables, as SQLAlchemy metadata: the one description that migrations are held to by a test."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """A moment in UTC. SQLite keeps no zone, so it is put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# One row: which state this is. A storage root is bound to the id.
identity = Table(
    "identity",
    metadata,
    Column("id", String, primary_key=True),
    Column("created_at", Instant, nullable=False),
)

environments = Table(
    "environments",
    metadata,
    Column("name", String, primary_key=True),
    # Counts the publishes; a saved plan is bound to it.
    Column("serial", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    # Of what was published up to this serial, `publications` tells only what still stood at it.
    Column("forgotten_serial", Integer, nullable=False, server_default="0"),
)

# Compiled assets as JSON, each text once: rows of `versions` are many and small.
definitions = Table(
    "definitions",
    metadata,
    Column("id", String, primary_key=True),  # sha256 of `asset`
    Column("asset", Text, nullable=False),
)

versions = Table(
    "versions",
    metadata,
    Column("id", String, primary_key=True),
    Column("address", String, nullable=False),
    Column("key", String, nullable=False, index=True),
    Column("fingerprint", String, nullable=False),
    Column("build", String, nullable=False),
    Column("definition_id", String, ForeignKey("definitions.id"), nullable=False, index=True),
    Column("inputs", Text, nullable=False),  # [[address, version id], …]
    Column("columns", Text, nullable=False),
    Column("parts", Text, nullable=False),  # [[path, rows, bytes, checksum], …]
    # Apart from `parts`: planning looks whether parts exist, and never at what they hold.
    Column("statistics", Text, nullable=False),
    Column("source_files", Text, nullable=False),
    Column("rows", BigInteger),
    Column("bytes", BigInteger, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("peak_memory", BigInteger),
    Column("run_id", String, nullable=False),
    Column("created_at", Instant, nullable=False),
    # [[slice, version id since which it is as it is], …]; a slice is a value, or the two ends of a stretch of time.
    Column("built", Text, nullable=False, server_default="[]"),
    # The version that it goes on with, or the nearest before that one which is not forgotten.
    Column("continues", String, index=True),
    Index("ix_versions_address_created_at", "address", "created_at"),
)

# Which checks a version has been put to, as a whole: `passed` means that no error check failed.
audits = Table(
    "audits",
    metadata,
    Column("version_id", String, ForeignKey("versions.id", ondelete="CASCADE"), primary_key=True),
    Column("checks_fingerprint", String, primary_key=True),
    Column("passed", Boolean, nullable=False),
    Column("inputs", Text, nullable=False),  # versions that only the checks read
    Column("run_id", String, nullable=False),
    Column("at", Instant, nullable=False),
)

pointers = Table(
    "pointers",
    metadata,
    Column("environment", String, ForeignKey("environments.name"), primary_key=True),
    Column("address", String, primary_key=True),
    Column("version_id", String, ForeignKey("versions.id"), nullable=False, index=True),
    # The input versions that this version is known to be right for; see `Pointer`.
    Column("inputs", Text, nullable=False),
)

# Every move of a pointer, so that an environment can be told, and put back, as it was at any time.
publications = Table(
    "publications",
    metadata,
    Column("environment", String, primary_key=True),
    Column("serial", Integer, primary_key=True),
    Column("address", String, primary_key=True),
    Column("version_id", String),  # null: removed
    Column("inputs", Text, nullable=False),
    Column("run_id", String, nullable=False, index=True),
    Column("component", Integer, nullable=False),
    Column("at", Instant, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("environment", String, ForeignKey("environments.name"), primary_key=True),
    # Increases with every owner and never goes back: whoever holds an older one has been fenced off.
    Column("token", Integer, nullable=False),
    Column("held", Boolean, nullable=False),
    Column("owner", String, nullable=False),
    Column("host", String, nullable=False),
    Column("machine", String, nullable=False),
    Column("process", Integer, nullable=False),
    Column("process_started", String, nullable=False),
    Column("acquired_at", Instant, nullable=False),
    Column("heartbeat_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    # Who asked the owner to stop; null: nobody.
    Column("cancel_asked_by", String),
)

# Until when the schedule of a pipeline, or of an asset that has its own, has been served in an environment.
served_schedules = Table(
    "served_schedules",
    metadata,
    Column("environment", String, primary_key=True),
    Column("name", String, primary_key=True),  # `shop`, `shop.orders`
    Column("tick", Instant, nullable=False),  # the latest one that was served, and all before it with it
    Column("run_id", String),  # the last run that it took; null: nothing was to be done
    Column("at", Instant, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", String, primary_key=True),
    Column("environment", String, nullable=False),
    Column("plan_id", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("engine_version", String, nullable=False),
    Column("selection", Text, nullable=False),
    Column("owner", String, nullable=False),
    Column("actions", Integer, nullable=False),
    Column("status", String, nullable=False),  # running, succeeded, failed, cancelled
    Column("seconds", Float),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Index("ix_runs_environment_started_at", "environment", "started_at"),
)

# Planned when the run begins, with the reasons; completed as the tasks end.
tasks = Table(
    "tasks",
    metadata,
    Column("run_id", String, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("address", String, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("verb", String, nullable=False),
    Column("component", Integer, nullable=False),
    Column("reasons", Text, nullable=False),  # [[code, words], …]
    Column("outcome", String),
    Column("published", Boolean, nullable=False),
    Column("version_id", String),
    Column("rows", BigInteger),
    Column("bytes", BigInteger),
    Column("seconds", Float, nullable=False),
    Column("because", Text, nullable=False),
    Column("diagnostics", Text, nullable=False),
    Column("estimate", Text),  # as `Estimate.to_json` wrote it; null: nothing was known
)

attempts = Table(
    "attempts",
    metadata,
    Column("run_id", String, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("address", String, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("worker", String, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("outcome", String, nullable=False),
    Column("detail", Text, nullable=False),
)

check_results = Table(
    "check_results",
    metadata,
    Column("run_id", String, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("version_id", String, primary_key=True),
    Column("check_id", String, primary_key=True),
    Column("address", String, nullable=False, index=True),
    Column("rule", String, nullable=False),
    Column("column_name", String),
    Column("severity", String, nullable=False),
    Column("passed", Boolean, nullable=False),
    Column("failing", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    Column("sample", Text, nullable=False),  # [[column, …], [[value, …], …]]
)

events = Table(
    "events",
    metadata,
    Column("run_id", String, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("type", String, nullable=False),
    Column("address", String),
    Column("data", Text, nullable=False),
)

# The last time that each task operator ended well, or was skipped by its own condition. Nothing takes that back.
operator_results = Table(
    "operator_results",
    metadata,
    Column("environment", String, ForeignKey("environments.name"), primary_key=True),
    Column("address", String, primary_key=True),
    Column("item", String, primary_key=True),  # of a `for_each`; empty for the whole
    Column("fingerprint", String, nullable=False),
    Column("outcome", String, nullable=False),  # done, skipped
    Column("inputs", Text, nullable=False),  # [[address, version id], …]: what it came after, as that stood
    Column("outputs", Text, nullable=False),  # {name: value}
    Column("run_id", String, nullable=False),
    Column("at", Instant, nullable=False),
)
