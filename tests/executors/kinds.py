"""The executors that the conformance suite is run on."""

from __future__ import annotations

from vibepiper_spec.model.execution import ExecutorKind

# Each in processes of its own, so that code can be ended from outside.
ISOLATED: list[ExecutorKind] = ["processes", "ray"]
ISOLATED_OR_THREADS: list[ExecutorKind] = ["threads", *ISOLATED]
EVERY: list[ExecutorKind] = ["inline", *ISOLATED_OR_THREADS]
