"""Parses a spec file: fast where it is valid, with recovery where it is not."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import Any

from vibepiper_spec.diagnostics import START_OF_FILE, Diagnostic, Fix, Place, Related
from vibepiper_spec.text.document import parse_document


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """The data of a file.

    `broken` are the headers of blocks in which something could not be read; `()` for lines that are below no header,
    or below one that could not be read itself.
    """

    data: dict[str, Any]
    diagnostics: tuple[Diagnostic, ...] = ()
    broken: frozenset[tuple[str, ...]] = frozenset()

    def is_broken(self, header: tuple[str, ...]) -> bool:
        """Whether anything of the table at `header` was lost."""
        return any(lost and (lost[: len(header)] == header or header[: len(lost)] == lost) for lost in self.broken)


def parse_file(path: str, text: str) -> ParsedFile:
    try:
        return ParsedFile(tomllib.loads(text))
    except RecursionError:
        refusal = "The values are nested too deeply."
    except ValueError as error:  # TOMLDecodeError, or a number that Python refuses
        refusal = f"{error}."
    document = parse_document(text)
    diagnostics = [
        Diagnostic(
            mistake.code,
            mistake.detail,
            Place(path, document.lines.range(mistake.start, mistake.end)),
            related=tuple(
                Related(Place(path, document.lines.range(start, end)), message)
                for start, end, message in mistake.related
            ),
            fix=Fix(mistake.fix) if mistake.fix else None,
        )
        for mistake in document.mistakes
    ]
    if not diagnostics:  # the two parsers disagree: the strict one is right
        diagnostics.append(Diagnostic("VP002", refusal, Place(path, START_OF_FILE)))
    return ParsedFile(document.data, tuple(diagnostics), document.broken)
