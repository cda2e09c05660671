"""What alembic runs: it migrates over the connection that `upgrade` hands it."""

from __future__ import annotations

from alembic import context

from vibepiper_interpreter.state.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite can change little in place: alembic copies the table instead.
    render_as_batch=True,
)
context.run_migrations()
