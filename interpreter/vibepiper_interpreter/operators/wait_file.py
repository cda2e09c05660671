"""`[task.wait.file.NAME]`: waits until files are there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vibepiper_interpreter.operators.call import Call, Done, NotYet, OperatorFailed
from vibepiper_interpreter.operators.placing import place_in_text
from vibepiper_spec.diagnostics import Diagnostic, Fix

_MOST_SHOWN = 3


@dataclass(frozen=True, slots=True)
class WaitFileSettings:
    path: str  # a file or a pattern, relative to the project's folder; `$name` is placed in it
    min_size: int = 0  # bytes that each of them has at least
    unchanged_for: float = 0.0  # seconds for which nobody has written to any of them


def wait_file(call: Call, settings: WaitFileSettings) -> Done | NotYet:
    """Whether at least one file matches, and all that match are complete. Outputs: `path` of the first, and `files`."""
    pattern = place_in_text(settings.path, call.values)
    try:
        found = sorted(_matching(call.root, pattern))
    except OSError as error:
        return NotYet(f"`{pattern}` cannot be looked up: {error.strerror}")
    except (ValueError, NotImplementedError) as error:
        raise OperatorFailed(
            Diagnostic(
                "VP109",
                f"`{pattern}` is no pattern of files.",
                fix=Fix("Write a path relative to `vp.toml`, with `*`, `?` or `**` as whole folders."),
            )
        ) from error
    if not found:
        return NotYet(f"no file matches `{pattern}`")
    now = time.time()
    for path in found:
        try:
            state = path.stat()
        except FileNotFoundError:
            return NotYet(f"`{_shown(call, path)}` has just gone")
        if state.st_size < settings.min_size:
            return NotYet(f"`{_shown(call, path)}` has {state.st_size:,} of {settings.min_size:,} bytes")
        # A time in the future is that of another machine's clock: as fresh as can be.
        if settings.unchanged_for and now - state.st_mtime < settings.unchanged_for:
            return NotYet(f"`{_shown(call, path)}` was written to {max(0, now - state.st_mtime):.0f} s ago")
    call.say("info", f"found {', '.join(f'`{_shown(call, path)}`' for path in found[:_MOST_SHOWN])}")
    return Done({"path": _shown(call, found[0]), "files": len(found)})


def _matching(root: Path, pattern: str) -> Iterator[Path]:
    """Files only; a pattern may name a place outside the project, where others put their files."""
    below = Path(pattern).expanduser()
    if below.is_absolute():
        root, pattern = Path(below.anchor), str(below.relative_to(below.anchor))
    if not any(mark in pattern for mark in "*?["):
        path = root / pattern
        return iter([path] if path.is_file() else [])
    return (path for path in root.glob(pattern) if path.is_file())


def _shown(call: Call, path: Path) -> str:
    return path.relative_to(call.root).as_posix() if path.is_relative_to(call.root) else path.as_posix()
