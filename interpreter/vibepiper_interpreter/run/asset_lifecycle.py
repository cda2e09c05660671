"""An asset in a run, from its turn to its end: what is made of it, what its checks say, and what becomes of both."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from vibepiper_interpreter.plan.plan import Action
from vibepiper_interpreter.run.attempts import Attempts
from vibepiper_interpreter.run.downstream import Downstream
from vibepiper_interpreter.run.operator_turns import OperatorTurns
from vibepiper_interpreter.run.prepare import prepare
from vibepiper_interpreter.run.publisher import Publisher
from vibepiper_interpreter.run.result import TaskResult
from vibepiper_interpreter.run.run import Run
from vibepiper_interpreter.run.small_tables import SmallTables
from vibepiper_interpreter.run.standing import Standing
from vibepiper_interpreter.run.tasks import Report, Task
from vibepiper_interpreter.state.records import Audit, Pointer
from vibepiper_interpreter.storage.version import Version
from vibepiper_spec.address import Address


class AssetLifecycle:
    """Used from the scheduler's thread only."""

    def __init__(
        self,
        run: Run,
        attempts: Attempts,
        turns: OperatorTurns,
        downstream: Downstream,
        tables: SmallTables,
        publisher: Publisher,
        standing: Standing,
    ) -> None:
        self._run, self._attempts, self._turns, self._downstream = run, attempts, turns, downstream
        self._tables, self._publisher, self._standing = tables, publisher, standing
        actions = run.plan.actions
        self._actions = {action.address: action for action in actions if action.verb != "do"}
        self._renames = {action.address: action.renames for action in actions if action.renames}
        # What tasks have finished that are built slice by slice and go on.
        self._progress: dict[Address, Version] = {}

    def begin(self, address: Address) -> Task | None:
        """The next attempt; None where it has ended without one."""
        action = self._actions[address]
        if action.verb == "remove":
            self.end(address, Report("removed"))
            return None
        asset = self._run.plan.assets[address]
        if (broken := self._standing.broken_input(asset)) is not None:
            self.end(address, Report("failed", diagnostics=(broken,)))
            return None
        return prepare(self._run, action, asset, self._standing, self._renames, self._progress.get(address))

    def keep_progress(self, address: Address, version: Version) -> None:
        """Finished intervals of a task that goes on: whatever becomes of it, nobody has to make them again."""
        self._progress[address] = version
        self._publisher.made(version)

    def end(self, address: Address, report: Report) -> None:
        """An attempt has ended."""
        action, version = self._actions[address], report.version
        if version is not None and report.made:
            self._publisher.made(version)
        self._audit(action, report)
        self._attempts.ended(address, report)
        if action.verb != "remove":
            made = self._run.plan.assets[address]
            if report.outcome == "failed" and self._attempts.tries_again(made, report):
                if version is not None:
                    # It failed its checks, and nobody knows by which of its slices.
                    self._progress.pop(address, None)
                return
            # Only now: what it reads has to be there for all of its attempts.
            self._tables.done(made)
        result = TaskResult(
            address,
            report.outcome,
            published=False,
            version_id=None if version is None else version.id,
            rows=None if version is None else version.rows,
            bytes=None if version is None else version.bytes,
            seconds=report.seconds,
            checks=() if report.checked is None else report.checked.results,
            diagnostics=report.diagnostics,
            attempts=self._attempts.retries.attempt(address),
            because=report.because,
        )
        if report.outcome == "failed":
            self._downstream.contain(result)
        else:
            self._succeed(action, report, result)

    def _audit(self, action: Action, report: Report) -> None:
        """Keep what its checks have said. The state keeps every result; only what failed is news."""
        version, checked = report.version, report.checked
        checks = () if checked is None else checked.results
        if version is not None and checked is not None:
            asset = self._run.plan.assets[action.address]
            read = self._standing.pointers(asset.check_inputs)
            audit = Audit(version.id, asset.checks_fingerprint, checked.passed, self._run.id, datetime.now(UTC), read)
            self._publisher.audited(audit, checks)
        elif version is not None and action.records and report.outcome in ("recorded", "kept"):
            self._carry_proof(action, version)
        for check in (check for check in checks if not check.passed):
            self._run.journal.tell(
                "check_finished",
                action.address,
                check=check.check,
                severity=check.severity,
                passed=check.passed,
                failing=check.failing,
                detail=check.detail,
            )

    def _carry_proof(self, action: Action, version: Version) -> None:
        """What is recorded anew has the rows of before, and so has passed the checks that those have passed."""
        asset = self._run.plan.assets[action.address]
        for proof in self._run.state.audits([action.keeps or ""]).get(action.keeps or "", ()):
            if proof.checks_fingerprint == asset.checks_fingerprint:
                read = self._standing.pointers(asset.check_inputs)
                self._publisher.audited(replace(proof, version_id=version.id, inputs=read), ())

    def _succeed(self, action: Action, report: Report, result: TaskResult) -> None:
        address, version = action.address, report.version
        self._run.journal.tell(
            "task_finished",
            address,
            outcome=report.outcome,
            rows=result.rows,
            bytes=result.bytes,
            seconds=report.seconds,
            version_id=result.version_id,
        )
        pointer = None
        if version is not None:
            read = self._standing.pointers(each.address for each in self._run.plan.assets[address].inputs)
            # A recheck moves nothing; what it reads may, and is then carried by the action that moves it.
            pointer = self._publisher.pointer(address) if action.verb == "recheck" else Pointer(version.id, read)
            self._standing.advance(address, version, report.made)
        self._publisher.succeeded(action, result, pointer)
        self._turns.ended(address, "succeeded")
        self._downstream.done(address)
