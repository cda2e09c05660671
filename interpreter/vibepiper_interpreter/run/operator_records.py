"""Writes down what operators have done, many in one transaction, and never later than anything depends on it."""

from __future__ import annotations

import time
from collections.abc import Collection

from vibepiper_interpreter.run.run import Run
from vibepiper_interpreter.state.lease import Lease
from vibepiper_interpreter.state.operator_result import OperatorResult
from vibepiper_spec.address import Address

# How long what is done may stay unwritten: many short tasks share a transaction, and a kill makes no more than these be
# done again.
_WRITE_EVERY = 0.05  # seconds


class OperatorRecords:
    """Used from the scheduler's thread only.

    Two things hold, whenever the process dies. An operator that has begun, or is at hand to a worker, is known as done
    no more. And where something has begun, all that it comes after is recorded: what is done again is the last of its
    branch.
    """

    def __init__(self, run: Run, lease: Lease) -> None:
        self._run, self._lease = run, lease
        self._begun: list[Address] = []
        self._results: list[OperatorResult] = []
        # What has ended since the last time that anything was written, with or without a result of its own.
        self._ended: set[Address] = set()
        self._written_at = 0.0

    def begin(self, address: Address) -> None:
        """It is about to be done another time: what is known of the last one holds no more."""
        self._begun.append(address)

    def done(self, result: OperatorResult) -> None:
        """An operator, or one item of it, need not be done again before something changes."""
        self._results.append(result)

    def ended(self, address: Address) -> None:
        """An operator has come to its end, whatever that is."""
        self._ended.add(address)

    def write_before(self, after: Collection[Address]) -> None:
        """Write what must be known before something begins that comes after these."""
        if self._begun or (self._results and not self._ended.isdisjoint(after)):
            begun, self._begun = self._begun, []
            self._write(begun)

    def due_in(self) -> float | None:
        """Seconds until it is time to write; None where there is nothing."""
        if not self._results:
            return None
        return max(0.0, self._written_at + _WRITE_EVERY - time.monotonic())

    def write(self) -> None:
        """Write what has been done by now."""
        if self._results:
            self._write()
        self._ended.clear()

    def _write(self, begun: Collection[Address] = ()) -> None:
        """Raises VP704 where the lease is lost: then somebody else may have done the same meanwhile."""
        self._run.state.record_operators(self._lease, self._results, begun)
        self._results.clear()
        self._ended.clear()
        self._written_at = time.monotonic()

    def forget_items(self, address: Address, but: Collection[str]) -> None:
        """Drop what is known of items of an operator that are not there any more."""
        self._run.state.forget_items(self._lease, address, but)
