"""What every verb is given: where the project is, and how to print."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import typer

from vibepiper_cli.printer import Printer


@dataclass(slots=True)
class Invocation:
    """One call of `vp`. The global options, wherever they stand on the line, are written here while it is parsed."""

    printer: Printer
    words: tuple[str, ...] = ()  # what was typed after `vp`, to be typed again
    directory: Path = field(default_factory=Path)  # where the search for `vp.toml` starts
    root: Path | None = None  # the project's root, once it is found
    # Texts that diagnostics may point into though they are no files: the SQL given to `vp query`.
    texts: dict[str, str] = field(default_factory=dict)
    json: bool = False  # set by verbs that were asked for JSON, so that diagnostics come that way as well

    @classmethod
    def of(cls, context: typer.Context, *, json: bool = False) -> Invocation:
        found = context.find_object(cls)
        if found is None:
            raise ValueError("the app must be called with an Invocation")
        found.json = found.json or json
        return found
