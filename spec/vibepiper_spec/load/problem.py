"""A mistake in a spec before it has a position: what is wrong, and at which keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from vibepiper_spec.diagnostics import Diagnostic, Fix, Related, TextEdit
from vibepiper_spec.load.locator import Locator, Part
from vibepiper_spec.load.origin import Origin


@dataclass(frozen=True, slots=True)
class Problem:
    """Becomes a Diagnostic once the locator tells where `keys` stand below `origin`."""

    code: str
    detail: str
    origin: Origin
    keys: tuple[str | int, ...] = ()
    part: Part = "value"
    fix: str = ""
    # What the underlined text should be replaced with, where that alone mends it.
    replacement: str | None = None
    related: Sequence[tuple[Origin, tuple[str | int, ...], Part, str]] = ()
    severity: Literal["error", "warning"] = "error"

    def diagnose(self, locator: Locator) -> Diagnostic:
        place = locator.place(self.origin, *self.keys, part=self.part)
        # Where the keys cannot be found, the place is only the nearest there is, and must not be replaced.
        exact = self.replacement is not None and locator.has(self.origin, *self.keys)
        edits = (TextEdit(place, self.replacement),) if self.replacement is not None and exact else ()
        return Diagnostic(
            self.code,
            self.detail,
            place,
            self.severity,
            tuple(
                Related(locator.place(origin, *keys, part=part), message)
                for origin, keys, part, message in self.related
            ),
            Fix(self.fix, edits) if self.fix or edits else None,
        )
