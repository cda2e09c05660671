"""Runs as a process of its own: imports the modules named on the command line and writes a JSON line for each.

Imports nothing of VibePiper but what the user's modules do, so that it sees them as a run does, and starts fast.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import sys
import traceback
from datetime import date, datetime, time
from pathlib import Path


def main() -> None:
    root = Path(sys.argv[1])
    # What a module prints while it is imported must not get between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    # Whatever would look at the project from here would import this module again, without end.
    os.environ["VIBEPIPER_IMPORTING"] = "1"
    sys.path[:1] = [str(root), str(root / "src")]
    for name in sys.argv[2:]:
        answers.write(json.dumps(_import(root, name)) + "\n")
        answers.flush()
    answers.flush()
    # Threads that a module has started must not hold up the answer.
    os._exit(0)


def _import(root: Path, name: str) -> dict[str, object]:
    try:
        module = importlib.import_module(name)
    except BaseException as error:  # `sys.exit()` at the top of a module is a mistake like any other
        words = str(error).strip()
        return {
            "module": name,
            "error": f"{type(error).__name__}: {words}" if words else type(error).__name__,
            "missing": (error.name or "") if isinstance(error, ModuleNotFoundError) else "",
            "frames": _frames(root, error),
        }
    return {
        "module": name,
        "functions": sorted(key for key, value in vars(module).items() if callable(value)),
        "declared": _declared(vars(module)),
    }


def _declared(variables: dict[str, object]) -> list[object]:
    """What the module declares by the decorators of `vibepiper`, as plain values."""
    python_face = sys.modules.get("vibepiper.declared")
    if python_face is None:
        return []
    return [
        [list(each.header), each.name, _plain(each.keys), each.line, each.mistake]
        for each in python_face.declared_in(variables)
    ]


def _plain(value: object) -> object:
    """As JSON, with the tags of `compile.serial`; what TOML has no form for is told by its type."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$float": str(value)}
    if isinstance(value, datetime):
        return {"$timestamp": value.isoformat()}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    if isinstance(value, time):
        return {"$time": value.isoformat()}
    return {"$python": type(value).__name__}


def _frames(root: Path, error: BaseException) -> list[tuple[str, int, str, str]]:
    """The frames in the project's own files, outermost first; for a syntax error, the line that has it."""
    found = []
    for frame in traceback.extract_tb(error.__traceback__):
        path = Path(frame.filename)
        if path.is_absolute() and path.is_relative_to(root) and not _is_installed(path.relative_to(root)):
            found.append((path.relative_to(root).as_posix(), frame.lineno or 1, frame.name, frame.line or ""))
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).is_relative_to(root):
        path = Path(error.filename).relative_to(root)
        found.append((path.as_posix(), error.lineno or 1, "<module>", (error.text or "").strip()))
    return found


def _is_installed(path: Path) -> bool:
    return "site-packages" in path.parts


if __name__ == "__main__":
    main()
