"""Brings an older state up to date. The only module that imports alembic; imported only when there is work."""

from __future__ import annotations

from importlib.resources import as_file, files

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Run every migration between the database's schema and `revision`, in the transaction of `connection`."""
    with as_file(files(__package__)) as folder:
        command.upgrade(_config(str(folder), connection), revision)


def revisions() -> tuple[str, ...]:
    """The migrations there are, oldest first."""
    with as_file(files(__package__)) as folder:
        scripts = ScriptDirectory.from_config(_config(str(folder)))
        return tuple(reversed([script.revision for script in scripts.walk_revisions()]))


def _config(folder: str, connection: Connection | None = None) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
