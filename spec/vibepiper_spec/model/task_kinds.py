"""The table of the kinds of tasks, and the tables `[task.…]` they stand in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from vibepiper_spec.model.names import NAME_PATTERN
from vibepiper_spec.model.spec_model import SpecModel
from vibepiper_spec.model.task import TaskModel
from vibepiper_spec.model.task_container import ContainerTask
from vibepiper_spec.model.task_http import HttpTask
from vibepiper_spec.model.task_notify import NotifyTask
from vibepiper_spec.model.task_python import PythonTask
from vibepiper_spec.model.task_shell import ShellTask
from vibepiper_spec.model.task_sql import SqlTask
from vibepiper_spec.model.task_wait import AssetWait, FileWait, HttpWait, SqlWait, TimeWait


@dataclass(frozen=True, slots=True)
class TaskKind:
    """A kind of task. `header` stands before the name: `("task", "wait", "file")` for `[task.wait.file.NAME]`."""

    header: tuple[str, ...]
    model: type[TaskModel]
    noun: ClassVar = "task"

    @property
    def kind(self) -> str:
        """`shell`, `wait.file`."""
        return ".".join(self.header[1:])


TASK_KINDS = (
    TaskKind(("task", "shell"), ShellTask),
    TaskKind(("task", "python"), PythonTask),
    TaskKind(("task", "sql"), SqlTask),
    TaskKind(("task", "http"), HttpTask),
    TaskKind(("task", "container"), ContainerTask),
    TaskKind(("task", "notify"), NotifyTask),
    TaskKind(("task", "wait", "file"), FileWait),
    TaskKind(("task", "wait", "sql"), SqlWait),
    TaskKind(("task", "wait", "http"), HttpWait),
    TaskKind(("task", "wait", "asset"), AssetWait),
    TaskKind(("task", "wait", "time"), TimeWait),
)

_NAMES: Any = Field(json_schema_extra={"propertyNames": {"pattern": NAME_PATTERN}})


class Waits(SpecModel):
    """Tasks that wait, by what they wait for."""

    file: Annotated[dict[str, FileWait], _NAMES] = Field(default_factory=dict)
    """For files."""
    sql: Annotated[dict[str, SqlWait], _NAMES] = Field(default_factory=dict)
    """For a query to be true."""
    http: Annotated[dict[str, HttpWait], _NAMES] = Field(default_factory=dict)
    """For a service."""
    asset: Annotated[dict[str, AssetWait], _NAMES] = Field(default_factory=dict)
    """For an asset to be published."""
    time: Annotated[dict[str, TimeWait], _NAMES] = Field(default_factory=dict)
    """For a moment."""


class Tasks(SpecModel):
    """Things to do that make no table."""

    shell: Annotated[dict[str, ShellTask], _NAMES] = Field(default_factory=dict)
    """Commands that are run."""
    python: Annotated[dict[str, PythonTask], _NAMES] = Field(default_factory=dict)
    """Python functions that are called."""
    sql: Annotated[dict[str, SqlTask], _NAMES] = Field(default_factory=dict)
    """Statements for databases outside."""
    http: Annotated[dict[str, HttpTask], _NAMES] = Field(default_factory=dict)
    """Requests to services."""
    container: Annotated[dict[str, ContainerTask], _NAMES] = Field(default_factory=dict)
    """Commands in containers."""
    notify: Annotated[dict[str, NotifyTask], _NAMES] = Field(default_factory=dict)
    """Messages to people."""
    wait: Waits = Waits()
    """Tasks that wait, by what they wait for."""
