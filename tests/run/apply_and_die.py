"""Plans and applies a project in a process of its own, and kills that process at a certain moment.

A moment is the number of an event, of a commit in the state (the process dies right before it), or of a change in the
file system that Python makes: a folder made, a file written, renamed or removed (right before it, too).
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.engine import Engine

from vibepiper_interpreter.compile import compile_project
from vibepiper_interpreter.compile.compiled import CompiledAsset
from vibepiper_interpreter.connectors.file import files_of
from vibepiper_interpreter.plan import make_plan
from vibepiper_interpreter.run import apply_plan
from vibepiper_interpreter.run.events import Listener
from vibepiper_interpreter.state import applied_sources, open_state
from vibepiper_interpreter.storage import Storage
from vibepiper_interpreter.storage.version import SourceFile
from vibepiper_spec import load_project

# What Python's audit hooks call the changes.
CHANGES = frozenset({"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate", "shutil.rmtree"})


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Countdown:
    """Dies when it is called for the last time."""

    def __init__(self, last: int) -> None:
        self._left = last

    def __call__(self, *_: object) -> None:
        self._left -= 1
        if self._left == 0:
            die()


def die_at(kind: str, last: int) -> Listener:
    """Arm the moment; it counts from here on."""
    countdown = Countdown(last)
    match kind:
        case "commit":
            event.listen(Engine, "commit", countdown)
        case "change":

            def look(name: str, arguments: tuple[object, ...]) -> None:
                # `open` is heard for reading too; its second argument is the mode.
                if name in CHANGES or (name == "open" and "w" in str(arguments[1])):
                    countdown()

            sys.addaudithook(look)
        case "event":
            return countdown
    return lambda event: None


def main(root: Path, kind: str, last: int) -> None:
    loaded = load_project(root)
    compiled = compile_project(loaded, "dev", applied=applied_sources).project
    settings = loaded.project.settings
    state = open_state(root, settings)
    storage = Storage.open(root / settings.storage.path, state.id)

    def files(asset: CompiledAsset) -> tuple[SourceFile, ...]:
        return files_of(root, asset)

    plan = make_plan(compiled, state, "dev", list_files=files, storage_has=storage.has)
    print("planned", flush=True)
    listener = die_at(kind, last)
    apply_plan(plan, root=root, settings=settings, state=state, owner="a mortal", listener=listener)
    print("applied", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
