"""The table of the kinds of tasks, and the tables `[task.…]` they stand in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from vibepiper_spec.model.names import NAME_PATTERN
from vibepiper_spec.model.spec_model import SpecModel
from vibepiper_spec.model.task import TaskModel
from vibepiper_spec.model.task_python import PythonTask
from vibepiper_spec.model.task_shell import ShellTask


@dataclass(frozen=True, slots=True)
class TaskKind:
    """A kind of task. `header` stands before the name: `("task", "wait", "file")` for `[task.wait.file.NAME]`."""

    header: tuple[str, ...]
    model: type[TaskModel]

    @property
    def kind(self) -> str:
        """`shell`, `wait.file`."""
        return ".".join(self.header[1:])


TASK_KINDS = (
    TaskKind(("task", "shell"), ShellTask),
    TaskKind(("task", "python"), PythonTask),
)

_NAMES: Any = Field(json_schema_extra={"propertyNames": {"pattern": NAME_PATTERN}})


class Tasks(SpecModel):
    """Things to do that make no table."""

    shell: Annotated[dict[str, ShellTask], _NAMES] = Field(default_factory=dict)
    """Commands that are run."""
    python: Annotated[dict[str, PythonTask], _NAMES] = Field(default_factory=dict)
    """Python functions that are called."""
