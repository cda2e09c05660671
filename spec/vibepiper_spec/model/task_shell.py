"""`[task.shell.NAME]`: what a command does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from vibepiper_spec.model.mistakes import mistake
from vibepiper_spec.model.scalar import describe_type
from vibepiper_spec.model.task import TaskModel


def _command(value: Any) -> Any:
    if isinstance(value, str) and value.strip():
        return value
    if isinstance(value, list | tuple) and value and all(isinstance(item, str) for item in value):
        return tuple(value)
    if isinstance(value, str | list | tuple) and not value:
        raise mistake("VP109", "The command is empty.", 'Write `"make report"`, or `["make", "report"]`.')
    raise mistake(
        "VP103",
        f"Expected text or a list of texts, found {describe_type(value)}.",
        'Write `"make report"`, or `["make", "report"]`.',
    )


_COMMAND_SCHEMA = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
Command = Annotated[Any, BeforeValidator(_command), WithJsonSchema(_COMMAND_SCHEMA)]


class ShellTask(TaskModel):
    """What a command does. Its values are environment variables of the command, so that `$name` is the shell's own."""

    command: Command
    """Text that `/bin/sh` runs, or a list: a program and its arguments."""
    env: dict[str, str] = Field(default_factory=dict)
    """Further environment variables; `secret:NAME` as the value is the secret."""
    directory: str = "."
    """Where the command runs: a folder below `vp.toml`."""

    def texts(self) -> Mapping[str, Any]:
        """No shell looks at a list."""
        return {"env": self.env} if isinstance(self.command, str) else {"env": self.env, "command": self.command}

    def scripts(self) -> Mapping[str, str]:
        """The shell's own script."""
        return {"command": self.command} if isinstance(self.command, str) else {}
