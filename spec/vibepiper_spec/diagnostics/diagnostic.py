"""The one type of message about a user's project, from the loader, the compiler, a run or the editor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from vibepiper_spec.diagnostics.codes import CODES

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True, order=True)
class Range:
    """A half-open stretch of text: lines and columns count from 1, columns in code points, the end is exclusive."""

    start_line: int
    start_column: int
    end_line: int
    end_column: int

    @classmethod
    def at(cls, line: int, column: int, length: int = 1) -> Range:
        return cls(line, column, line, column + length)


START_OF_FILE = Range(1, 1, 1, 1)


@dataclass(frozen=True, slots=True)
class Place:
    """A range in a file; `path` is relative to the project root, with `/`."""

    path: str
    range: Range

    def __str__(self) -> str:
        return f"{self.path}:{self.range.start_line}:{self.range.start_column}"

    def to_json(self) -> dict[str, Any]:
        span = self.range
        return {
            "path": self.path,
            "start": {"line": span.start_line, "column": span.start_column},
            "end": {"line": span.end_line, "column": span.end_column},
        }


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that helps to understand a diagnostic, with what is to be seen there."""

    place: Place
    message: str


@dataclass(frozen=True, slots=True)
class TextEdit:
    """Replace `place` by `new_text`; an empty range inserts."""

    place: Place
    new_text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """What to do about a diagnostic, in words, and as edits where a machine can do it."""

    title: str
    edits: tuple[TextEdit, ...] = ()


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One message. The summary belongs to the code and names no user names; the detail is specific.

    `detail` says what is wrong and why it matters, in full sentences. `place` is None only for what has no
    place in any file of the project (a lease that is held, a disk that is full).
    """

    code: str
    detail: str
    place: Place | None = None
    severity: Severity = "error"
    related: tuple[Related, ...] = ()
    fix: Fix | None = None
    # Lines shown as they are under the detail: failing rows, a user's stack frames, a cycle drawn as a path.
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise ValueError(f"{self.code} is not a registered diagnostic code")

    @property
    def summary(self) -> str:
        return CODES[self.code].summary

    def to_json(self) -> dict[str, Any]:
        """The JSON view: plain dicts, the same keys whatever the code."""
        return {
            "code": self.code,
            "severity": self.severity,
            "summary": self.summary,
            "detail": self.detail,
            "place": None if self.place is None else self.place.to_json(),
            "related": [{"message": item.message, "place": item.place.to_json()} for item in self.related],
            "fix": None
            if self.fix is None
            else {
                "title": self.fix.title,
                "edits": [{"place": e.place.to_json(), "new_text": e.new_text} for e in self.fix.edits],
            },
            "notes": list(self.notes),
        }


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    return any(diagnostic.severity == "error" for diagnostic in diagnostics)


class DiagnosticError(Exception):
    """Carries diagnostics to the face that shows them, where no result can be given."""

    def __init__(self, diagnostics: Diagnostic | Sequence[Diagnostic]) -> None:
        self.diagnostics: tuple[Diagnostic, ...] = (
            (diagnostics,) if isinstance(diagnostics, Diagnostic) else tuple(diagnostics)
        )
        super().__init__("; ".join(f"{d.code} {d.summary}: {d.detail}" for d in self.diagnostics))
