"""The first tables. They are written out, so that later changes of `tables.py` cannot change what 0001 means."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "identity",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_identity"),
    )
    op.create_table(
        "environments",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_environments"),
    )
    op.create_table(
        "definitions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_definitions"),
    )
    op.create_table(
        "versions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("build", sa.String(), nullable=False),
        sa.Column("definition_id", sa.String(), nullable=False),
        sa.Column("inputs", sa.Text(), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.Column("parts", sa.Text(), nullable=False),
        sa.Column("statistics", sa.Text(), nullable=False),
        sa.Column("source_files", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger()),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("peak_memory", sa.BigInteger()),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_versions"),
        sa.ForeignKeyConstraint(["definition_id"], ["definitions.id"], name="fk_versions_definition_id"),
    )
    op.create_index("ix_versions_key", "versions", ["key"])
    op.create_index("ix_versions_definition_id", "versions", ["definition_id"])
    op.create_index("ix_versions_address_created_at", "versions", ["address", "created_at"])
    op.create_table(
        "audits",
        sa.Column("version_id", sa.String(), nullable=False),
        sa.Column("checks_fingerprint", sa.String(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("inputs", sa.Text(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("version_id", "checks_fingerprint", name="pk_audits"),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name="fk_audits_version_id", ondelete="CASCADE"),
    )
    op.create_table(
        "pointers",
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("version_id", sa.String(), nullable=False),
        sa.Column("inputs", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("environment", "address", name="pk_pointers"),
        sa.ForeignKeyConstraint(["environment"], ["environments.name"], name="fk_pointers_environment"),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name="fk_pointers_version_id"),
    )
    op.create_index("ix_pointers_version_id", "pointers", ["version_id"])
    op.create_table(
        "publications",
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("version_id", sa.String()),
        sa.Column("inputs", sa.Text(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("component", sa.Integer(), nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("environment", "serial", "address", name="pk_publications"),
    )
    op.create_index("ix_publications_run_id", "publications", ["run_id"])
    op.create_table(
        "leases",
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("machine", sa.String(), nullable=False),
        sa.Column("process", sa.Integer(), nullable=False),
        sa.Column("process_started", sa.String(), nullable=False),
        sa.Column("acquired_at", _INSTANT, nullable=False),
        sa.Column("heartbeat_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("environment", name="pk_leases"),
        sa.ForeignKeyConstraint(["environment"], ["environments.name"], name="fk_leases_environment"),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("plan_id", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("engine_version", sa.String(), nullable=False),
        sa.Column("selection", sa.Text(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("actions", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("seconds", sa.Float()),
        sa.Column("started_at", _INSTANT, nullable=False),
        sa.Column("finished_at", _INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_environment_started_at", "runs", ["environment", "started_at"])
    op.create_table(
        "tasks",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("verb", sa.String(), nullable=False),
        sa.Column("component", sa.Integer(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("outcome", sa.String()),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("version_id", sa.String()),
        sa.Column("rows", sa.BigInteger()),
        sa.Column("bytes", sa.BigInteger()),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("diagnostics", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "address", name="pk_tasks"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_tasks_run_id", ondelete="CASCADE"),
    )
    op.create_table(
        "attempts",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("worker", sa.String(), nullable=False),
        sa.Column("started_at", _INSTANT, nullable=False),
        sa.Column("finished_at", _INSTANT),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "address", "number", name="pk_attempts"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_attempts_run_id", ondelete="CASCADE"),
    )
    op.create_table(
        "check_results",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("version_id", sa.String(), nullable=False),
        sa.Column("check_id", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("column_name", sa.String()),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("failing", sa.BigInteger(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("sample", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "version_id", "check_id", name="pk_check_results"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_check_results_run_id", ondelete="CASCADE"),
    )
    op.create_index("ix_check_results_address", "check_results", ["address"])
    op.create_table(
        "events",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("address", sa.String()),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "number", name="pk_events"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_events_run_id", ondelete="CASCADE"),
    )
