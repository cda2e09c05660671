"""`[task.sql.NAME]`: what statements do in a database outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from vibepiper_spec.model.connection import DATABASES
from vibepiper_spec.model.file_source import OneOrMany
from vibepiper_spec.model.task import TaskModel


class SqlTask(TaskModel):
    """What statements do in a database outside. `$name` is a bound value. Outputs: the first row of the last one."""

    connectors: ClassVar = DATABASES

    connection: str
    """The name of a connection to a database, as `vp.toml` declares it."""
    statement: OneOrMany
    """A statement in the SQL of that database, or a list of them."""
    transaction: bool = True
    """Whether the statements are one transaction, so that all of them count or none; `false` where one takes none."""

    def statements(self) -> Mapping[tuple[str | int, ...], str]:
        return {("statement", number): text for number, text in enumerate(self.statement)}
