"""`[task.shell.NAME]`: a command of this machine."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from vibepiper_interpreter.operators.call import Call, Done, OperatorFailed
from vibepiper_interpreter.operators.failing import whole_notes
from vibepiper_interpreter.operators.output_file import output_file, read_outputs
from vibepiper_interpreter.operators.placing import place_in_text, written
from vibepiper_interpreter.operators.processes import Ended, run_program
from vibepiper_spec.diagnostics import Diagnostic, Fix

if TYPE_CHECKING:
    from vibepiper_spec.model.retry import FailureClass

_TEMPORARY_FAILURE = 75  # EX_TEMPFAIL of sysexits.h
_NOT_FOUND = 127
_NOT_EXECUTABLE = 126


@dataclass(frozen=True, slots=True)
class ShellSettings:
    # A text is for `/bin/sh -c`; a list is a program and its arguments, in which `$name` is placed as text.
    command: str | tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)  # values may be `secret:NAME`
    directory: str = "."  # relative to the project's folder


def shell(call: Call, settings: ShellSettings) -> Done:
    """Run the command; its outputs are what it writes to `$VP_OUTPUT`. Raises OperatorFailed (VP811, VP812)."""
    if isinstance(settings.command, str):
        command: tuple[str, ...] = ("/bin/sh", "-c", settings.command)
    else:
        command = tuple(place_in_text(argument, call.values) for argument in settings.command)
    folder = _folder(call, settings.directory)
    with output_file() as outputs:
        environment = {
            **os.environ,
            **value_variables(call),
            **resolved_env(call, settings.env),
            "VP_OUTPUT": str(outputs),
        }
        try:
            ended = run_program(call, command, environment=environment, folder=folder)
        except (OSError, ValueError) as error:
            raise _not_started(command[0], error) from error
        if ended.status != 0:
            raise _failed(ended)
        return Done(read_outputs(outputs))


def value_variables(call: Call) -> dict[str, str]:
    """Every value that has a name, as text: to a shell, `$name` is an environment variable."""
    return {name: written(value) for name, value in call.values.items()}


def resolved_env(call: Call, env: Mapping[str, str]) -> dict[str, str]:
    """The variables that a task sets itself: secrets resolved, `$name` placed in any other text."""
    return {
        name: call.secret(text) if text.startswith("secret:") else place_in_text(text, call.values)
        for name, text in env.items()
    }


def _folder(call: Call, directory: str) -> Path:
    root = call.root.resolve()
    folder = (root / directory).resolve()
    if not folder.is_relative_to(root):
        what = "lies outside the project"
    elif not folder.is_dir():
        what = "is no folder"
    else:
        return folder
    raise OperatorFailed(
        Diagnostic(
            "VP811",
            f"The command was not started: its directory `{directory}` {what}.",
            fix=Fix("Name a folder below the project's, or leave `directory` out: then it runs beside `vp.toml`."),
        )
    )


def _not_started(program: str, error: OSError | ValueError) -> OperatorFailed:
    if not isinstance(error, OSError):
        why = "A value that it was to get holds a NUL character, which no environment variable can."
        return OperatorFailed(Diagnostic("VP811", f"`{program}` was not started. {why}"), "data")
    if error.errno == errno.E2BIG:
        return OperatorFailed(
            Diagnostic(
                "VP811",
                f"`{program}` was not started: its arguments and environment variables are longer than the system "
                "allows.",
                fix=Fix("Give long values in a file or a table instead of an output."),
            ),
            "data",
        )
    lacking = error.errno in (errno.ENOENT, errno.EACCES, errno.ENOEXEC, errno.ENOTDIR)
    return OperatorFailed(
        Diagnostic(
            "VP811",
            f"`{program}` was not started: {error.strerror}.",
            fix=Fix("Install it, or name it by its path; a list is run without a shell, a text by `/bin/sh`.")
            if lacking
            else None,
        ),
        "code" if lacking else "infrastructure",
    )


def _failed(ended: Ended) -> OperatorFailed:
    failure: FailureClass = "code"
    fix = "Correct the command; what it did until then is done, and the next apply runs it again."
    if ended.status < 0:
        name = _signal_name(-ended.status)
        detail = f"The command was ended from outside, by {name}."
        if -ended.status == signal.SIGKILL:
            failure, fix = "infrastructure", "See whether the machine ran out of memory; then apply again."
    else:
        detail = f"The command ended with exit status {ended.status}."
        if ended.status == _TEMPORARY_FAILURE:
            failure = "transient"
            fix = "It says that trying again may help (75 is EX_TEMPFAIL): set `retry`, or apply again."
        elif ended.status == _NOT_FOUND:
            fix = "A program that it calls was not found: install it, or name it by its path."
        elif ended.status == _NOT_EXECUTABLE:
            fix = "A file that it calls may not be executed: `chmod +x` it, or name the program that reads it."
    detail += " Its last lines:" if ended.last_lines else " It wrote nothing."
    return OperatorFailed(Diagnostic("VP811", detail, fix=Fix(fix), notes=whole_notes(ended.last_lines)), failure)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
