"""Plans and applies a project in a process of its own, and kills that process when a certain event has happened."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from vibepiper_interpreter.compile import compile_project
from vibepiper_interpreter.compile.compiled import CompiledAsset, FileDefinition
from vibepiper_interpreter.connectors.file import list_files
from vibepiper_interpreter.plan import make_plan
from vibepiper_interpreter.run import apply_plan
from vibepiper_interpreter.run.events import Event
from vibepiper_interpreter.state import open_state
from vibepiper_interpreter.storage import Storage
from vibepiper_interpreter.storage.version import SourceFile
from vibepiper_spec import load_project


def main(root: Path, last_event: int) -> None:
    loaded = load_project(root)
    compiled = compile_project(loaded, "dev").project
    settings = loaded.project.settings
    state = open_state(root, settings)
    storage = Storage.open(root / settings.storage.path, state.id)

    def files(asset: CompiledAsset) -> tuple[SourceFile, ...]:
        assert isinstance(asset.definition, FileDefinition)
        return list_files(root, asset.definition)

    def die(event: Event) -> None:
        if event.number == last_event:
            os.kill(os.getpid(), signal.SIGKILL)

    plan = make_plan(compiled, state, "dev", list_files=files, storage_has=storage.has)
    print("planned", flush=True)
    apply_plan(plan, root=root, settings=settings, state=state, owner="a mortal", listener=die)
    print("applied", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
