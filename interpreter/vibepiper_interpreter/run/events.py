"""What happens in a run, as it happens: written to the state, and told to whoever watches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from vibepiper_spec.address import Address

EventType = Literal[
    "run_started",  # data: actions (count), environment
    "executor_starting",  # data: kind, cluster (its address; None: on this machine, for the run)
    "executor_started",  # data: kind, workers, dashboard (a URL, or None)
    "task_started",  # data: verb, worker, attempt, waited (s since it could have begun)
    "task_divided",  # several workers make the slices of an asset; data: shares (how many)
    "share_started",  # data: as of task_started, and slices (in words)
    "share_finished",  # data: outcome (built | failed), seconds, code, detail
    "task_gathering",  # its shares are done, and are put together; data: as of task_started
    "task_waiting",  # what a sensor waits for is not there yet; data: reason
    "item_finished",  # an item of a `for_each` ended; data: outcome (done | skipped | failed), seconds, code, detail
    "task_retried",  # another attempt follows; data: attempt (the failed one), code, detail, failure (class), wait (s)
    # data: outcome (built | kept | repointed | rechecked | removed | done), rows, bytes, seconds, version_id
    "task_finished",
    "task_failed",  # data: code, detail
    "task_skipped",  # data: because (address of what failed, or "cancelled")
    "check_finished",  # only of checks that failed; data: check, severity, passed, failing (rows), detail
    "published",  # data: component, addresses
    "held_back",  # data: component, addresses, because
    "log",  # data: level (or stdout, stderr), message: from a Python asset's logger or printed by it, redacted
    "run_finished",  # data: status, seconds
]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `number` counts within the run, from 1."""

    run_id: str
    number: int
    at: datetime  # UTC
    type: EventType
    address: Address | None
    data: Mapping[str, Any]


Listener = Callable[[Event], None]
