"""What the state gives and takes: pointers, audits, runs and what happened in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from vibepiper_interpreter.estimate import Estimate
from vibepiper_interpreter.run.events import Event
from vibepiper_interpreter.run.result import CheckResult, TaskResult
from vibepiper_interpreter.storage.version import InputVersion, Version
from vibepiper_spec.address import Address

# interrupted: it never said how it ended, and its lease is gone.
RunStatus = Literal["running", "succeeded", "failed", "cancelled", "interrupted"]


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where an environment points for one asset.

    `inputs` are the input versions that the version is known to be right for: those it was made from, or later ones
    that came out equal in the columns it uses.
    """

    version_id: str
    inputs: tuple[InputVersion, ...]


@dataclass(frozen=True, slots=True)
class Audit:
    """That a version was put to all checks of an asset. `passed`: no check of severity error failed.

    `inputs` are the versions of `CompiledAsset.check_inputs` that were read: when those move on, the proof is gone.
    """

    version_id: str
    checks_fingerprint: str
    passed: bool
    run_id: str
    at: datetime  # UTC
    inputs: tuple[InputVersion, ...] = ()


@dataclass(frozen=True, slots=True)
class Past:
    """What one earlier version of an asset took to make; rows and bytes are those that this making wrote."""

    rows: int | None
    bytes: int
    seconds: float  # with its checks, where the run has said so
    # What it was made from: rows of its inputs together, or bytes of the files that it read. None where nobody knows.
    read: int | None = None
    # Whether it was brought into the parts of an earlier version, and not made from nothing.
    goes_on: bool = False


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One try at a task."""

    address: Address
    number: int  # from 1
    worker: str
    started_at: datetime  # UTC
    finished_at: datetime | None
    outcome: Literal["done", "failed", "cancelled"]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """One action of a run: what was planned and why, and how it ended (`outcome` None: it has not, or never will)."""

    address: Address
    verb: str
    component: int
    reasons: tuple[tuple[str, str], ...]  # code, words
    outcome: str | None
    published: bool
    version_id: str | None
    rows: int | None
    bytes: int | None
    seconds: float
    because: str
    diagnostics: tuple[dict[str, object], ...]  # as `Diagnostic.to_json` wrote them
    peak_memory: int | None  # of the version, where this run made it
    estimate: Estimate | None = None


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run, in a line."""

    id: str
    environment: str
    plan_id: str
    owner: str
    selection: tuple[str, ...]
    actions: int
    status: RunStatus
    seconds: float | None
    started_at: datetime  # UTC
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run, with all that happened in it."""

    summary: RunSummary
    tasks: tuple[TaskRecord, ...]
    attempts: tuple[AttemptRecord, ...]
    checks: tuple[CheckResult, ...]
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class PublishingRun:
    """A run that moved pointers of an environment: the first serial it gave it, and when."""

    run_id: str
    serial: int
    at: datetime  # UTC


@dataclass(frozen=True, slots=True)
class Environment:
    """A named set of pointers."""

    name: str
    serial: int
    assets: int
    created_at: datetime  # UTC


@dataclass(frozen=True, slots=True)
class Batch:
    """What a run writes at once, in one transaction. `tasks` may come again, when they have been published."""

    run_id: str
    versions: tuple[Version, ...] = ()
    audits: tuple[Audit, ...] = ()
    tasks: tuple[TaskResult, ...] = ()
    attempts: tuple[AttemptRecord, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    events: tuple[Event, ...] = ()
