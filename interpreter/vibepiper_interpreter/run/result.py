"""What an apply did, task by task, as the caller shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic

Outcome = Literal["built", "kept", "repointed", "rechecked", "recorded", "removed", "done", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The outcome of one check on one version. `failing` counts rows (or 1 for a table rule); `sample` shows a few."""

    address: Address
    version_id: str
    check: str
    rule: str
    column: str | None
    severity: Literal["error", "warn"]
    passed: bool
    failing: int = 0
    detail: str = ""
    # Column names and up to five failing rows, each value as text.
    sample_columns: tuple[str, ...] = ()
    sample_rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class TaskResult:
    """How one action ended."""

    address: Address
    outcome: Outcome
    published: bool
    version_id: str | None = None
    rows: int | None = None
    bytes: int | None = None
    seconds: float = 0.0
    checks: tuple[CheckResult, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    attempts: int = 1
    because: str = ""  # for kept, skipped and held back: why, in words


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended. `succeeded`: every action was done and published."""

    run_id: str
    environment: str
    status: Literal["succeeded", "failed", "cancelled"]
    seconds: float
    tasks: tuple[TaskResult, ...]
    diagnostics: tuple[Diagnostic, ...] = field(default=())
