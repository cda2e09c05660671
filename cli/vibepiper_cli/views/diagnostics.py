"""Diagnostics at a terminal: code, place, the source line with a caret under the exact range, reason, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vibepiper_cli.invocation import Invocation
from vibepiper_cli.printer import Paint
from vibepiper_cli.views.source_text import SourceText, escaped, expanded, visible_width
from vibepiper_cli.views.words import conjunction, count
from vibepiper_spec.diagnostics import Diagnostic, Place

_WIDEST_LINE = 140  # of a source line: a longer one is cut around the caret
_MARGIN = 30  # characters kept before the caret of such a line


def show_diagnostics(diagnostics: Sequence[Diagnostic], invocation: Invocation) -> None:
    """Print them all, errors last (nearest to where the eye rests), and one line that counts them."""
    if not diagnostics:
        return
    source = SourceText(invocation.root, invocation.texts)
    paint = invocation.printer.talk_paint
    for diagnostic in in_reading_order(diagnostics):
        invocation.printer.talk(render_diagnostic(diagnostic, source, paint) + "\n")
    invocation.printer.talk(count_diagnostics(diagnostics, paint))


def in_reading_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    severities = ("info", "warning", "error")
    return sorted(
        diagnostics,
        key=lambda found: (
            severities.index(found.severity),
            found.place is None,
            (found.place.path, found.place.range) if found.place else ("", None),
        ),
    )


def count_diagnostics(diagnostics: Iterable[Diagnostic], paint: Paint) -> str:
    """`3 errors and 1 warning`."""
    severities = [found.severity for found in diagnostics]
    counted = []
    for severity in ("error", "warning", "info"):
        if number := severities.count(severity):
            word = count(number, "note" if severity == "info" else severity)
            counted.append(paint(severity, word))
    return conjunction(counted) + "."


def render_diagnostic(diagnostic: Diagnostic, source: SourceText, paint: Paint) -> str:
    role = diagnostic.severity
    lines = [f"{paint(role, f'{role}[{diagnostic.code}]')}: {paint('strong', diagnostic.summary)}"]
    places = [diagnostic.place] if diagnostic.place else []
    places += [related.place for related in diagnostic.related]
    gutter = max((len(str(place.range.start_line)) for place in places), default=0)
    if diagnostic.place:
        lines += _excerpt(diagnostic.place, "-->", role, "", gutter, source, paint)
    for related in diagnostic.related:
        lines += _excerpt(related.place, ":::", "info", related.message, gutter, source, paint)
    lines += [f"  {escaped(line)}" for line in diagnostic.detail.split("\n")]
    lines += [f"    {escaped(line)}".rstrip() for note in diagnostic.notes for line in note.split("\n")]
    if diagnostic.fix:
        first, *rest = diagnostic.fix.title.splitlines()
        lines.append(f"  {paint('good', 'fix')}: {first}")
        lines += [f"       {line}" for line in rest]
    lines.append(f"  {paint('faint', f'more: vp explain {diagnostic.code}')}")
    return "\n".join(lines)


def _excerpt(
    place: Place, arrow: str, role: str, message: str, gutter: int, source: SourceText, paint: Paint
) -> list[str]:
    """The place, its source line, and carets under the range; only the place where the file cannot be read."""
    blank = " " * gutter
    lines = [f"{blank}{paint('faint', arrow)} {place}"]
    text = source.line(place.path, place.range.start_line)
    if text is None:
        return [*lines, f"{blank}  {message}"] if message else lines
    bar = paint("faint", "|")
    start = place.range.start_column - 1
    same_line = place.range.end_line == place.range.start_line
    end = place.range.end_column - 1 if same_line else len(text)
    text, start, end = _window(text, min(start, len(text)), min(end, len(text)))
    mark = "^" if arrow == "-->" else "-"
    carets = mark * max(1, visible_width(text[start:end]))
    label = f" {message}" if message else ""
    if not same_line:
        label += f" (to line {place.range.end_line})"
    number = str(place.range.start_line).rjust(gutter)
    return [
        *lines,
        f"{blank} {bar}",
        f"{paint('faint', number)} {bar} {expanded(text)}",
        f"{blank} {bar} {' ' * visible_width(text[:start])}{paint(role, carets + label)}",
    ]


def _window(text: str, start: int, end: int) -> tuple[str, int, int]:
    """Cut a long line to what surrounds the range; offsets move along."""
    if len(text) <= _WIDEST_LINE:
        return text, start, end
    left = max(0, min(start - _MARGIN, len(text) - _WIDEST_LINE))
    right = left + _WIDEST_LINE
    head, tail = "…" if left else "", "…" if right < len(text) else ""
    cut = head + text[left:right] + tail
    shift = left - len(head)
    return cut, start - shift, max(start, min(end, right)) - shift
