"""Formats spec files, or says what it would change."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.failure import BadSpecs, WrongUsage
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.printer import Paint
from vibepiper_cli.project import find_root
from vibepiper_cli.views.words import count
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Place, Range
from vibepiper_spec.fmt.format import format_text
from vibepiper_spec.load.scan import spec_paths


def fmt(invocation: Invocation, files: Sequence[Path], *, check: bool, diff: bool) -> ExitStatus:
    root = find_root(invocation)
    printer = invocation.printer
    changed = 0
    problems: list[Diagnostic] = []
    paths = _chosen(root, files)
    for path in paths:
        try:
            before, after = _format(root, path)
        except DiagnosticError as error:
            problems += error.diagnostics
            continue
        if before == after:
            continue
        changed += 1
        if diff:
            printer.lines(_difference(path, before, after, printer.data_paint))
        elif check:
            printer.talk(f"Would lay out `{path}`")
        else:
            _write(root / path, after)
            printer.talk(f"Laid out `{path}`")
    printer.talk(f"{count(changed, 'file')} of {len(paths):,} {'would change' if check or diff else 'changed'}.")
    if problems:
        raise BadSpecs(problems)
    return ExitStatus.FAILED if check and changed else ExitStatus.OK


def _chosen(root: Path, files: Sequence[Path]) -> list[str]:
    """Paths below the root, with `/`: the project's specs, or those among them that were named."""
    known = spec_paths(root)
    if not files:
        return list(known)
    chosen: dict[str, None] = {}
    for file in files:
        place = file.resolve()
        below = place.relative_to(root).as_posix() if place.is_relative_to(root) else None
        found = [path for path in known if below in (path, ".") or (below and path.startswith(f"{below}/"))]
        if not found:
            raise WrongUsage(f"`{file}` is no spec of this project. Specs are `vp.toml` and `*.vp.toml` files.")
        chosen.update(dict.fromkeys(found))
    return list(chosen)


def _format(root: Path, path: str) -> tuple[str, str]:
    """The text as it is and as it should be, both with their line ends."""
    try:
        before = (root / path).read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        detail = f"The file holds the byte 0x{error.object[error.start]:02x}, which is not UTF-8, as TOML must be."
        raise DiagnosticError(Diagnostic("VP001", detail, Place(path, Range.at(1, 1)))) from error
    except OSError as error:
        raise DiagnosticError(
            Diagnostic("VP006", f"`{path}` cannot be read: {error.strerror}.", Place(path, Range.at(1, 1)))
        ) from error
    return before, format_text(before, path)


def _write(file: Path, text: str) -> None:
    """Whole or not at all: a spec must survive a full disk."""
    target = file.resolve()
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        draft.write_bytes(text.encode())
        draft.chmod(target.stat().st_mode)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _difference(path: str, before: str, after: str, paint: Paint) -> Iterator[str]:
    roles = {"+": "added", "-": "removed", "@": "info"}
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    for line in difflib.unified_diff(old, new, path, path):
        text = line.rstrip("\r\n")
        yield paint(roles[text[0]], text) if text[:1] in roles else text
