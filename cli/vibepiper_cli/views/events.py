"""An event for machines: one JSON object a line, the same wherever events are told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TextIO

from vibepiper_cli.failure import WrongUsage
from vibepiper_cli.printer import Printer
from vibepiper_interpreter.run.events import Event, Listener

# Where events go that are to be read from the terminal, or through a pipe.
STDOUT = "-"


def event_json(event: Event) -> dict[str, Any]:
    """Documented in `docs/reference/events.md`."""
    return {
        "run": event.run_id,
        "number": event.number,
        "at": event.at.isoformat(),
        "type": event.type,
        "address": None if event.address is None else str(event.address),
        "data": dict(event.data),
    }


@contextmanager
def event_file(target: str | None, printer: Printer) -> Iterator[Listener]:
    """A listener that writes each event to the file `target`, or to stdout, as soon as it is told.

    Events of several runs follow each other in one file: it is begun anew by the command, not by a run. WrongUsage
    where it cannot be written.
    """
    if target is None:
        yield lambda event: None
    elif target == STDOUT:
        printer.has_data = True
        yield _Writer(printer.out, printer)
    else:
        with ExitStack() as stack:
            try:
                stream = stack.enter_context(Path(target).open("a", encoding="utf-8"))
            except OSError as error:
                raise WrongUsage(f"events cannot be written to `{target}`: {error.strerror}.") from None
            yield _Writer(stream, printer)


def begin_anew(target: str | None) -> None:
    """Forget what an earlier command has written there."""
    if target is not None and target != STDOUT:
        Path(target).unlink(missing_ok=True)


class _Writer:
    """A run is not stopped because nobody can be told of it: what fails once is not tried again."""

    def __init__(self, stream: TextIO, printer: Printer) -> None:
        self._stream = stream
        self._printer = printer
        self._broken = False

    def __call__(self, event: Event) -> None:
        if self._broken:
            return
        try:
            self._stream.write(json.dumps(event_json(event), ensure_ascii=False, default=str) + "\n")
            self._stream.flush()
        except (OSError, ValueError) as error:
            self._broken = True
            self._printer.talk(f"Events are not written any more: {error}")
