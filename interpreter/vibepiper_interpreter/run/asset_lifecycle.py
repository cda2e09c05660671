"""An asset in a run, from its turn to its end: what is made of it, what its checks say, and what becomes of both."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from vibepiper_interpreter.compile.build_settings import Intervals, Partitions
from vibepiper_interpreter.plan.plan import Action
from vibepiper_interpreter.run.attempts import Attempts
from vibepiper_interpreter.run.downstream import Downstream
from vibepiper_interpreter.run.fan import Fans
from vibepiper_interpreter.run.gathering import Gathering
from vibepiper_interpreter.run.operator_turns import OperatorTurns
from vibepiper_interpreter.run.prepare import prepare
from vibepiper_interpreter.run.publisher import Publisher
from vibepiper_interpreter.run.readiness import Readiness
from vibepiper_interpreter.run.result import TaskResult
from vibepiper_interpreter.run.run import Run
from vibepiper_interpreter.run.small_tables import SmallTables
from vibepiper_interpreter.run.standing import Standing
from vibepiper_interpreter.run.tasks import Report, Task
from vibepiper_interpreter.run.tasks.shares import Outline, Survey
from vibepiper_interpreter.state.records import Audit, Pointer
from vibepiper_interpreter.storage.version import Version
from vibepiper_spec.address import Address


class AssetLifecycle:
    """Used from the scheduler's thread only."""

    def __init__(
        self,
        run: Run,
        readiness: Readiness[Address],
        attempts: Attempts,
        turns: OperatorTurns,
        downstream: Downstream,
        tables: SmallTables,
        publisher: Publisher,
        standing: Standing,
        fans: Fans,
        survey: Callable[[Action], Survey | None],
    ) -> None:
        """`survey` says by how many an asset's slices could be made."""
        self._run, self._attempts, self._turns, self._downstream = run, attempts, turns, downstream
        self._readiness, self._fans, self._survey = readiness, fans, survey
        self._tables, self._publisher, self._standing = tables, publisher, standing
        actions = run.plan.actions
        self._actions = {action.address: action for action in actions if action.verb != "do"}
        self._renames = {action.address: action.renames for action in actions if action.renames}
        # What tasks have finished that are built slice by slice and go on.
        self._progress: dict[Address, Version] = {}
        # Of those that several workers make.
        self._gatherings: dict[Address, Gathering] = {}

    def begin(self, address: Address) -> Task | None:
        """The next attempt; None where it has ended without one."""
        if self._fans.holds(address):
            return self._gatherings[self._fans.owner(address)].task(address)
        if address in self._gatherings:
            return self._gatherings[address].last_task()
        action = self._actions[address]
        if action.verb == "remove":
            self.end(address, Report("removed"))
            return None
        asset = self._run.plan.assets[address]
        if (broken := self._standing.broken_input(asset)) is not None:
            self.end(address, Report("failed", diagnostics=(broken,)))
            return None
        task = prepare(self._run, action, asset, self._standing, self._renames, self._progress.get(address))
        slices = asset.kind != "source" and isinstance(asset.settings, Intervals | Partitions)
        return replace(task, stage=self._survey(action)) if slices else task

    def started(self, address: Address, told: Mapping[str, Any]) -> None:
        """A worker has begun."""
        if self._fans.holds(address):
            self._attempts.started(address, told, "share_started")
        else:
            self._attempts.started(address, told, "task_gathering" if address in self._gatherings else "task_started")

    def keep_progress(self, address: Address, data: Mapping[str, Any]) -> None:
        """Finished slices of a task that goes on: whatever becomes of it, nobody has to make them again."""
        if self._fans.holds(address):
            self._gatherings[self._fans.owner(address)].add(address, data["slices"])
        else:
            self._made_so_far(address, data["version"])

    def keep_due(self, *, at_once: bool = False) -> None:
        """Write down what shares have finished, where it is time; `at_once`: the run ends before they do."""
        for gathering in self._gatherings.values():
            self._keep(gathering, at_once=at_once)

    def _keep(self, gathering: Gathering, *, at_once: bool = False) -> None:
        if (version := gathering.version(at_once=at_once)) is not None:
            self._made_so_far(version.address, version)

    def _made_so_far(self, address: Address, version: Version) -> None:
        self._progress[address] = version
        self._publisher.made(version)

    def _divide(self, address: Address, outline: Outline) -> None:
        """Its slices are made by several; it goes on when these have ended."""
        self._attempts.paused(address)
        task = self.begin(address)
        assert task is not None
        gathering = Gathering(self._actions[address], task, outline, self._run.storage, self._run.id)
        self._gatherings[address] = gathering
        self._fans.open(gathering.fan)
        self._run.journal.tell("task_divided", address, shares=gathering.fan.count)
        for share in gathering.fan.take():
            self._readiness.add(share, like=address)
            self._attempts.ready_anew(share)

    def _end_share(self, share: Address, report: Report) -> None:
        owner = self._fans.owner(share)
        gathering = self._gatherings[owner]
        self._attempts.ended(share, report)
        if report.slices is not None:
            gathering.add(share, report.slices)
        failed = report.outcome == "failed"
        if failed and self._attempts.tries_again(self._run.plan.assets[owner], report, share):
            return
        first = report.diagnostics[0] if failed else None
        gathering.fan.end(share, report.seconds, first)
        self._fans.close(share)
        told: dict[str, Any] = {"outcome": report.outcome, "seconds": report.seconds}
        told |= {} if first is None else {"code": first.code, "detail": first.detail}
        self._run.journal.tell("share_finished", share, **told)
        if gathering.fan.pieces:
            return
        self._keep(gathering, at_once=True)
        if (failure := gathering.failure()) is not None:
            # No retry of the whole: each share has had its own.
            self.end(owner, Report("failed", diagnostics=(failure,)))
        else:
            self._readiness.again(owner)
            self._attempts.ready([owner])

    def end(self, address: Address, report: Report) -> None:
        """An attempt has ended."""
        if self._fans.holds(address):
            self._end_share(address, report)
            return
        if report.outline is not None:
            self._divide(address, report.outline)
            return
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
                    self._gatherings.pop(address, None)
                return
            # Only now: what it reads has to be there for all of its attempts.
            self._tables.done(made)
        seconds = report.seconds
        if (gathering := self._gatherings.pop(address, None)) is not None:
            seconds = time.monotonic() - gathering.began
        result = TaskResult(
            address,
            report.outcome,
            published=False,
            version_id=None if version is None else version.id,
            rows=None if version is None else version.rows,
            bytes=None if version is None else version.bytes,
            seconds=seconds,
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
            seconds=result.seconds,
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
