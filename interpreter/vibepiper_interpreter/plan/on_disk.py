"""Makes the plan of a project as it lies on this disk: its files, its storage, its state."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from vibepiper_interpreter.compile.compiled import Column, Compiled
from vibepiper_interpreter.connectors.file import files_of
from vibepiper_interpreter.plan.asked import Asked
from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.plan.planner import make_plan
from vibepiper_interpreter.storage import Storage
from vibepiper_interpreter.storage.version import SourceFile

if TYPE_CHECKING:
    from vibepiper_interpreter.state import Sight, State


def plan_on_disk(
    compiled: Compiled,
    root: Path,
    state: State,
    selection: Sequence[str] = (),
    *,
    sight: Sight | None = None,
    asked: Asked | None = None,
    now: datetime | None = None,
) -> Plan:
    """Everything an apply would do to the environment that `compiled` is for. See `make_plan`."""
    return make_plan(
        compiled.project,
        state,
        compiled.project.environment,
        selection=selection,
        now=now,
        list_files=lambda asset: files_of(root, asset),
        storage_has=Storage.look(root / compiled.storage_path, state.id, compiled.storage_path).has,
        sight=sight,
        asked=asked,
        describe_files=lambda files: _described(root, files),
    )


def _described(root: Path, files: Sequence[SourceFile]) -> tuple[Column, ...]:
    # It brings in the engine, and only what is adopted needs it.
    from vibepiper_interpreter.connectors.file.parquet_columns import parquet_columns

    return parquet_columns(root, files)
