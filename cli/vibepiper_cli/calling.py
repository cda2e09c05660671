"""Calls one verb and turns every way it can end into words and an exit status. No user ever sees a traceback."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from typing import Any

import typer

from vibepiper_cli.app import COMPLETION_VARIABLE, build_app
from vibepiper_cli.defect import report_defect
from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.failure import WrongUsage, show_error_json, show_failure
from vibepiper_cli.file_problems import file_problem
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.printer import Printer
from vibepiper_spec.diagnostics import DiagnosticError

# What pydantic says of a value, which reads as if it were meant for programmers.
_OTHER_WORDS = {
    "Value error, ": "",
    "Input should be a valid integer, unable to parse string as an integer": "it is no whole number.",
}


def call(arguments: Sequence[str]) -> int:
    # A plan of thousands of assets is made of objects that all stay until the process ends. Looking through them for
    # garbage after every 700 new ones, as Python does, would take a third of the time, and once still a tenth.
    gc.freeze()
    gc.set_threshold(1_000_000, 20, 100)
    # Known before the arguments are parsed, since that may fail as well.
    invocation = Invocation(Printer.for_terminal(), words=tuple(arguments), json="--json" in arguments)
    try:
        return _run(arguments, invocation)
    except DiagnosticError as error:
        return show_failure(error, invocation)
    except WrongUsage as error:
        printer = invocation.printer
        printer.talk(f"{printer.talk_paint('error', 'error')}: {error}")
        show_error_json(str(error), invocation)
        return ExitStatus.WRONG_USAGE
    except KeyboardInterrupt:
        invocation.printer.talk("\nInterrupted.")
        show_error_json("Interrupted.", invocation)
        return ExitStatus.INTERRUPTED
    except OSError as error:
        problem = file_problem(error, invocation)
        return report_defect(error, arguments, invocation) if problem is None else show_failure(problem, invocation)
    except Exception as error:
        return report_defect(error, arguments, invocation)


def _run(arguments: Sequence[str], invocation: Invocation) -> int:
    try:
        status: Any = build_app().main(
            list(arguments) or ["--help"],
            prog_name="vp",
            complete_var=COMPLETION_VARIABLE,
            standalone_mode=False,
            obj=invocation,
        )
    except typer.Abort:
        invocation.printer.talk("Aborted.")
        show_error_json("Aborted.", invocation)
        return ExitStatus.FAILED
    except typer.TyperException as error:
        return _wrong_usage(error, invocation)
    return ExitStatus.OK if status is None else int(status)


def _wrong_usage(error: typer.TyperException, invocation: Invocation) -> int:
    """Typer would exit with 2, which scripts would read as "changes pending"."""
    printer = invocation.printer
    context: typer.Context | None = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "vp"
    message = error.format_message()
    for theirs, ours in _OTHER_WORDS.items():
        message = message.replace(theirs, ours)
    printer.talk(f"{printer.talk_paint('error', 'error')}: {message[:1].lower() + message[1:]}")
    if context is not None:
        printer.talk("\n" + context.get_usage())
    printer.talk(f"\nFor options and examples:\n\n  {path} --help\n")
    show_error_json(message, invocation)
    return ExitStatus.WRONG_USAGE
