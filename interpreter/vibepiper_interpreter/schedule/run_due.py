"""Does what is due now: plans and applies until nothing is left, and notes which schedules that has served.

Called by `vp run`; whoever calls it later from a service need not know more. It may be called as often as one likes and
from several places at once: only one apply at a time holds the environment, and what is served is noted at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vibepiper_interpreter.compile import compile_root
from vibepiper_interpreter.compile.compiled import Compiled
from vibepiper_interpreter.plan.on_disk import plan_on_disk
from vibepiper_interpreter.plan.plan import Action, Plan
from vibepiper_interpreter.plan.protection import brings_definition
from vibepiper_interpreter.schedule.due import Due, Subject, subjects, who_is_due
from vibepiper_interpreter.state import applied_sources, open_state_at
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix, has_errors

if TYPE_CHECKING:
    from vibepiper_interpreter.run.result import RunResult
    from vibepiper_interpreter.state import State

# Plans in a row. What one apply brings in may give the next one work; what goes on longer than this turns in a circle.
MOST_ROUNDS = 20

# What does a plan: `apply_plan` with `by_schedule=True`, and whatever the caller shows beside it.
Apply = Callable[[Plan, "State"], "RunResult"]

# nothing: nobody was due, or there was nothing to do · busy: another apply holds the environment, and will do it or
# leave it to the next call · planned: only told.
Status = Literal["succeeded", "failed", "cancelled", "nothing", "busy", "planned"]


@dataclass(frozen=True, slots=True)
class Round:
    """One plan of it, and how its apply ended; None where it was only told, or could not begin."""

    plan: Plan
    result: RunResult | None


@dataclass(frozen=True, slots=True)
class DueRun:
    """What was due, and what was done about it. `served` are the names of the schedules that are served now."""

    environment: str
    at: datetime  # UTC
    status: Status
    due: tuple[Due, ...]  # everybody, with whether they were
    rounds: tuple[Round, ...] = ()
    served: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


class BrokenSpecs(DiagnosticError):
    """The project cannot be compiled, so nothing that is due can be done."""

    def __init__(self, compiled: Compiled) -> None:
        super().__init__(compiled.diagnostics)
        self.compiled = compiled


def run_due(root: Path, environment: str, apply: Apply, *, at: datetime | None = None, dry_run: bool = False) -> DueRun:
    """Do what is due in `environment`: whoever's schedule had a tick since it was served, and whoever has none.

    `at` acts as if it were that time: for schedules, for which intervals are over, and for `$now`. With `dry_run` only
    the first plan is made. Raises BrokenSpecs, and DiagnosticError where the state or the storage cannot be used.
    """
    compiled = _compile(root, environment)
    with open_state_at(root, compiled.state_url) as state:
        return _Service(root, environment, apply, at, state).serve(compiled, dry_run=dry_run)


def _compile(root: Path, environment: str) -> Compiled:
    compiled = compile_root(root, environment, applied_sources)
    if has_errors(compiled.diagnostics):
        raise BrokenSpecs(compiled)
    return compiled


@dataclass(slots=True)
class _Service:
    """One call of `run_due`, while it goes on."""

    root: Path
    environment: str
    apply: Apply
    at: datetime | None
    state: State
    rounds: list[Round] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    # Those of whom something failed or must not be made: they are still due afterwards.
    unserved: set[str] = field(default_factory=set)
    _ended: Status | None = None

    def serve(self, compiled: Compiled, *, dry_run: bool) -> DueRun:
        now = self.at or datetime.now(UTC)
        everybody = subjects(compiled.project, self.state.pointers(self.environment))
        due = who_is_due(everybody, self.state.served_ticks(self.environment), now)
        names = {each.subject.name for each in due if each.is_due}
        for number in range(MOST_ROUNDS + 1):
            wanted = [each for each in everybody if each.name in names - self.unserved]
            if not wanted:
                break
            plan = self._plan(compiled, everybody, wanted)
            if plan is None or not _has_more(plan, first=not self.rounds):
                break
            if dry_run:
                self.rounds.append(Round(plan, None))
                break
            if number == MOST_ROUNDS:
                self.diagnostics.append(_endless(plan))
                self.unserved.update(_names(wanted, {action.address for action in plan.actions}))
                break
            if not self._carry_out(plan, wanted):
                break
            # What was brought in may have other columns than what it was compiled for.
            compiled = _compile(self.root, self.environment)
            everybody = subjects(compiled.project, self.state.pointers(self.environment))
        served = {} if dry_run or self._ended else self._note_served(due, names)
        return DueRun(
            self.environment,
            now,
            self._status(dry_run=dry_run),
            due,
            tuple(self.rounds),
            tuple(served),
            tuple(self.diagnostics),
        )

    def _plan(self, compiled: Compiled, everybody: Sequence[Subject], wanted: Sequence[Subject]) -> Plan | None:
        """Of all that is wanted. Where the environment is protected: but for what nobody has looked at yet, and what
        is made from that."""
        plan = self._plan_of(compiled, () if len(wanted) == len(everybody) else _words(wanted))
        if not compiled.project.protected:
            return plan
        held: set[Address] = set()
        changed: set[Address] = set()  # not only new
        while fresh := {action.address for action in plan.actions if brings_definition(action)}:
            held |= _with_readers(compiled, fresh)
            changed |= {each.address for each in plan.actions if brings_definition(each) and not _is_new(each)}
            words = _words(wanted, held)
            if not words:
                break
            plan = self._plan_of(_without_watching(compiled, held), words)
        if held:
            shown = self.state.pointers(self.environment)
            waits = not changed and held.isdisjoint(shown)
            self._hold_back(held, waits=waits)
            if not waits:
                self.unserved.update(_names(wanted, held))
            if not _words(wanted, held):
                return None
        return plan

    def _plan_of(self, compiled: Compiled, words: Sequence[str]) -> Plan:
        return plan_on_disk(compiled, self.root, self.state, words, now=self.at)

    def _hold_back(self, held: Collection[Address], *, waits: bool) -> None:
        told = _unreviewed(self.environment, held, waits=waits)
        if told not in self.diagnostics:
            self.diagnostics.append(told)

    def _carry_out(self, plan: Plan, wanted: Sequence[Subject]) -> bool:
        """Whether to go on after it."""
        try:
            result = self.apply(plan, self.state)
        except DiagnosticError as error:
            codes = {found.code for found in error.diagnostics}
            if codes == {"VP701"}:
                return True  # another one has published since: plan again
            if codes == {"VP703"}:
                self.diagnostics += error.diagnostics
                self._ended = "busy"
                return False
            raise
        self.rounds.append(Round(plan, result))
        if result.status == "cancelled":
            self._ended = "cancelled"
            return False
        if result.status == "succeeded":
            return True
        failed = {task.address for task in result.tasks if not task.published}
        names = _names(wanted, failed)
        if not names:
            # It is not about who was wanted: a lost lease, or an input that somebody else should have made.
            names = {subject.name for subject in wanted}
        self.unserved |= names
        return True

    def _note_served(self, due: Sequence[Due], names: Collection[str]) -> dict[str, datetime]:
        ticks = {
            each.subject.name: each.tick
            for each in due
            if each.tick is not None and each.subject.name in names and each.subject.name not in self.unserved
        }
        if ticks:
            last = next((each.result.run_id for each in reversed(self.rounds) if each.result is not None), None)
            self.state.note_served(self.environment, ticks, last)
        return ticks

    def _status(self, *, dry_run: bool) -> Status:
        if self._ended is not None:
            return self._ended
        failed = any(each.result is not None and each.result.status == "failed" for each in self.rounds)
        if failed or has_errors(self.diagnostics):
            return "failed"
        if not self.rounds:
            return "nothing"
        return "planned" if dry_run else "succeeded"


def _words(wanted: Sequence[Subject], without: Collection[Address] = ()) -> list[str]:
    return [word for subject in wanted for word in subject.words(without)]


def _names(wanted: Sequence[Subject], addresses: Collection[Address]) -> set[str]:
    return {subject.name for subject in wanted if not subject.assets.isdisjoint(addresses)}


def _has_more(plan: Plan, *, first: bool) -> bool:
    """Whether it holds anything beside what every plan holds: what is always made or done, and what follows from it."""
    if first:
        return not plan.empty
    return any(reason.code not in _FOLLOWS for action in plan.actions for reason in action.reasons)


# Reasons that are in every plan, and those that follow from what else is in it.
_FOLLOWS = frozenset(("always", "input_rebuilt", "came_after", "consequence", "teardown", "taken_down", "unpublished"))


def _is_new(action: Action) -> bool:
    """Whether it is about what the environment has never had."""
    return any(reason.code == "new" for reason in action.reasons)


def _without_watching(compiled: Compiled, held: Collection[Address]) -> Compiled:
    """Nobody selects what only watches others: it comes with those, unless there is no such thing."""
    operators = compiled.project.operators.items()
    kept = {address: each for address, each in operators if address not in held or not each.only_if_needed}
    return replace(compiled, project=replace(compiled.project, operators=kept))


def _with_readers(compiled: Compiled, addresses: Collection[Address]) -> set[Address]:
    readers = compiled.project.readers()
    found, waiting = set(addresses), list(addresses)
    while waiting:
        for reader in readers.get(waiting.pop(), ()):
            if reader not in found:
                found.add(reader)
                waiting.append(reader)
    return found


def _listed(addresses: Collection[Address]) -> str:
    names = [f"`{address}`" for address in sorted(addresses)]
    return ", ".join(names[:5]) + (f" and {len(names) - 5:,} more" if len(names) > 5 else "")


def _unreviewed(environment: str, held: Collection[Address], *, waits: bool) -> Diagnostic:
    return Diagnostic(
        "VP608",
        f"`{environment}` is protected, and the specs say something else of {_listed(held)}, or of what is read for "
        "it, than what is published there. A scheduled run brings no definition that nobody has looked at, so it left "
        f"{'it' if len(held) == 1 else 'these'} as it is and did the rest.",
        severity="warning" if waits else "error",
        fix=Fix(
            "Save the plan, have it looked at, and apply it: "
            f"`vp plan --env {environment} --out {environment}.vpplan`, then `vp apply {environment}.vpplan`."
        ),
    )


def _endless(plan: Plan) -> Diagnostic:
    return Diagnostic(
        "VP721",
        f"After {MOST_ROUNDS} plans in a row there is still something to do: "
        f"{_listed([action.address for action in plan.actions])}. What is made again each time gives the next plan its "
        "reason, so this would go on for ever.",
        notes=tuple(
            f"{each.address}: {'; '.join(reason.words for reason in each.reasons)}" for each in plan.actions[:5]
        ),
        fix=Fix("Look with `vp plan` why; a file that a run itself writes must not be one that it reads."),
    )
