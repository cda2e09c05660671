"""What has been applied: environments, versions, runs, leases.

What brings SQLAlchemy is imported when it is first asked for: a plan in which nothing has changed needs none of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vibepiper_interpreter.state.applied_sources import applied_sources
from vibepiper_interpreter.state.published import Confirmed, Proof, Published
from vibepiper_interpreter.state.records import AttemptRecord, Audit, Batch, Pointer
from vibepiper_interpreter.state.sight import Sight, glance_at

if TYPE_CHECKING:
    from pathlib import Path

    from vibepiper_interpreter.state.lease import Lease
    from vibepiper_interpreter.state.store import State
    from vibepiper_spec.model.settings import ProjectSettings

__all__ = [
    "AttemptRecord",
    "Audit",
    "Batch",
    "Confirmed",
    "Lease",
    "Pointer",
    "Proof",
    "Published",
    "Sight",
    "State",
    "applied_sources",
    "glance_at",
    "open_state",
    "open_state_at",
]


def open_state(root: Path, settings: ProjectSettings) -> State:
    """The project's state, as its settings say where it is."""
    from vibepiper_interpreter.state.open import open_state as opened

    return opened(root, settings)


def open_state_at(root: Path, url: str | None) -> State:
    """The state at `url` of `[state]`, or in a SQLite file below `.vp`; created where there is none."""
    from vibepiper_interpreter.state.open import open_state_at as opened

    return opened(root, url)


def __getattr__(name: str) -> Any:
    """The types that belong to it, for annotations."""
    homes = {"Lease": "lease", "State": "store"}
    if name not in homes:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{homes[name]}"), name)
