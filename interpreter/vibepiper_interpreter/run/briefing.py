"""All that a worker is told of a run before its first task, wherever it works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from vibepiper_interpreter.connectors.file import folders_of
from vibepiper_interpreter.run.run import Run
from vibepiper_interpreter.storage.version import SourceFile, Version
from vibepiper_spec.model.settings import ProjectSettings


@dataclass(frozen=True, slots=True)
class Briefing:
    """Known before the run's first task, and the same until its end. It can be sent to another process."""

    run_id: str
    root: Path
    state_id: str
    storage: Path  # its root
    # Outside of these folders the engine reads and writes nothing.
    folders: tuple[Path, ...]
    environment: str
    variables: Mapping[str, Any]
    now: datetime  # UTC; the plan's
    settings: ProjectSettings
    # Every earlier version that a task may look at, by id, and what those that are views read.
    versions: Mapping[str, Version]
    # Whether any task runs the user's Python.
    runs_python: bool

    @classmethod
    def of(cls, run: Run, versions: Mapping[str, Version]) -> Briefing:
        plan = run.plan
        files: list[SourceFile] = [file for action in plan.actions for file in action.source_files]
        files += [file for version in versions.values() if not version.parts for file in version.source_files]
        return cls(
            run_id=run.id,
            root=run.root,
            state_id=run.state.id,
            storage=run.storage.root,
            folders=(run.storage.root, *folders_of(run.root, files)),
            environment=plan.environment,
            variables=plan.variables,
            now=plan.created_at,
            settings=run.settings,
            versions=versions,
            runs_python=any(asset.kind == "python" for asset in plan.assets.values())
            or any(operator.runs_python for operator in plan.operators.values()),
        )
