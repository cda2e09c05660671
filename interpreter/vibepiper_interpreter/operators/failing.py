"""What several kinds have to say when they fail."""

from __future__ import annotations

from collections.abc import Iterable

from vibepiper_interpreter.operators.call import OperatorFailed
from vibepiper_spec.diagnostics import Diagnostic, Fix

_LONGEST_NOTE = 2_000  # code points


def extra_missing(extra: str, package: str, what: str) -> OperatorFailed:
    """VP606: `what` needs `package`, which comes with `extra`."""
    return OperatorFailed(
        Diagnostic(
            "VP606",
            f"{what} needs the package `{package}`, which is not installed.",
            fix=Fix(f"Install it: `pip install 'vibepiper[{extra}]'`."),
        ),
        "code",
    )


def sentence(message: str) -> str:
    """The words of somebody else, with one full stop."""
    found = message.strip()
    return found if found.endswith((".", "!", "?")) else f"{found}."


def whole_notes(lines: Iterable[str]) -> tuple[str, ...]:
    """Lines to show as they are. One that is too long is left out, never cut: half a secret would not be found."""
    return tuple(line if len(line) <= _LONGEST_NOTE else f"… (a line of {len(line):,} characters)" for line in lines)
