"""Messages about a user's project: one type, one list of codes, a page for each code."""

from vibepiper_spec.diagnostics.codes import CODES, Code, explanation
from vibepiper_spec.diagnostics.diagnostic import (
    START_OF_FILE,
    Diagnostic,
    DiagnosticError,
    Fix,
    Place,
    Range,
    Related,
    Severity,
    TextEdit,
    has_errors,
)
from vibepiper_spec.diagnostics.suggest import did_you_mean, nearest

__all__ = [
    "CODES",
    "START_OF_FILE",
    "Code",
    "Diagnostic",
    "DiagnosticError",
    "Fix",
    "Place",
    "Range",
    "Related",
    "Severity",
    "TextEdit",
    "did_you_mean",
    "explanation",
    "has_errors",
    "nearest",
]
