"""What happens when an operator's turn comes: whether it is done, with which values, and what is known afterwards."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal

from vibepiper_interpreter.compile.compiled_operator import CompiledOperator, Hook
from vibepiper_interpreter.operators.placing import written
from vibepiper_interpreter.plan.plan import Action, Plan
from vibepiper_interpreter.run.failures import waited_in_vain
from vibepiper_interpreter.run.fan import Fan
from vibepiper_interpreter.run.publisher import Publisher
from vibepiper_interpreter.run.run import Run
from vibepiper_interpreter.run.standing import Standing
from vibepiper_interpreter.run.tasks import OperatorTask, Report
from vibepiper_interpreter.run.tasks.item import Item
from vibepiper_interpreter.state.operator_result import OperatorResult
from vibepiper_interpreter.storage.version import InputVersion
from vibepiper_spec.address import Address

# How something that was in the plan has ended, to those that come after it. kept: nothing new was there to do.
# skipped: by a condition, or because it was not needed. blocked: because something before it failed.
Fate = Literal["succeeded", "kept", "skipped", "failed", "blocked"]
_NAMED = 3  # addresses in a sentence


@dataclass(frozen=True, slots=True)
class NotDone:
    """That an operator is not done, and why. `fate` says what that means to those after it."""

    fate: Fate
    because: str
    # What it is skipped for stays as it is: it need not be asked again before something changes.
    settled: bool = False


def predecessors(plan: Plan) -> dict[Address, tuple[Address, ...]]:
    """What each action waits for to end: an operator that is to see an asset published waits for all that is published
    together with it."""
    members: dict[int, list[Address]] = {}
    components: dict[Address, int] = {}
    for action in plan.actions:
        if action.verb != "do":
            members.setdefault(action.component, []).append(action.address)
            components[action.address] = action.component
    return {
        action.address: tuple(
            dict.fromkeys((*action.after, *(other for each in action.published for other in members[components[each]])))
        )
        for action in plan.actions
    }


class OperatorTurns:
    """Used from the scheduler's thread only."""

    def __init__(self, run: Run, publisher: Publisher, standing: Standing) -> None:
        self._run, self._publisher, self._standing = run, publisher, standing
        self._plan = run.plan
        self._fates: dict[Address, Fate] = {}
        self._errors: dict[Address, str] = {}
        self._outputs: dict[Address, Mapping[str, Any]] = {
            address: dict(result.outputs) for address, result in run.plan.results.items()
        }
        # Of operators, the run that has done them last.
        self._done_by = {address: result.run_id for address, result in run.plan.results.items()}
        # What is only set up again counts as done when it was first: what came after it then stays done.
        self._set_up_again = {
            action.address: run.plan.results[action.address].run_id
            for action in run.plan.actions
            if action.address in run.plan.results
            and {each.code for each in action.reasons} - {"unpublished"} == {"taken_down"}
        }
        # Of operators with items, the keys of all that there are.
        self._keys: dict[Address, frozenset[str]] = {}
        self._teardowns: dict[Address, list[Address]] = {}
        for operator in run.plan.operators.values():
            if operator.teardown_of is not None:
                self._teardowns.setdefault(operator.teardown_of, []).append(operator.address)
        # When each was first asked in this run.
        self._began: dict[Address, tuple[datetime, float]] = {}

    def ended(self, address: Address, fate: Fate, error: str = "") -> None:
        """Note how an asset or an operator has ended."""
        self._fates[address] = fate
        if error:
            self._errors[address] = error

    def take(self, action: Action) -> OperatorTask | NotDone:
        """All before the operator has ended: what it is to do, or why it is not done."""
        operator = self._plan.operators[action.address]
        if action.published:
            self._publisher.publish_complete()
        return self._verdict(action, operator) or self.task(action, lists_items=operator.for_each is not None)

    def task(self, action: Action, item: Item | None = None, *, lists_items: bool = False) -> OperatorTask:
        """The next attempt; of an operator with items, at one of them, or to tell which there are."""
        operator = self._plan.operators[action.address]
        if action.address not in self._began:
            # Whatever becomes of it, what is known of the last time holds no more; what it sets up is to be taken down.
            for each in (action.address, *self._teardowns.get(action.address, ())):
                if each in self._plan.results:
                    self._publisher.operators.begin(each)
        began, clock = self._began.setdefault(action.address, (datetime.now(UTC), time.monotonic()))
        seconds = operator.timeout
        if seconds is not None and operator.waits:
            # How long it waits in all, however often it is asked.
            seconds = max(0.0, seconds - (time.monotonic() - clock))
        reads = self._reads(operator)
        inputs = {address: self._standing.version(address) for address in reads}
        return OperatorTask(
            action=action,
            operator=operator,
            values={**self._values(action, operator), **({} if item is None else item.values)},
            item=item,
            lists_items=lists_items,
            began=began,
            seconds=seconds,
            inputs={address: version for address, version in inputs.items() if version is not None},
            reads=self._standing.names(reads),
            published_at=self._published_at(operator),
        )

    def late(self, operator: CompiledOperator, reason: str) -> Report | None:
        """How a sensor ends that has found nothing yet; None where it goes on waiting."""
        _, clock = self._began[operator.address]
        if operator.timeout is None or time.monotonic() - clock < operator.timeout:
            return None
        if operator.settings.get("on_timeout") == "skip":
            return Report("skipped", because=f"not there after {operator.timeout:g} s: {reason}")
        return Report("failed", diagnostics=(waited_in_vain(operator, reason),), failure="data")

    def until_late(self, operator: CompiledOperator, seconds: float) -> float:
        """`seconds`, or what is left until then: it is asked a last time."""
        _, clock = self._began[operator.address]
        if operator.timeout is None:
            return seconds
        return min(seconds, max(0.0, clock + operator.timeout - time.monotonic()))

    def record(
        self, operator: CompiledOperator, outcome: Literal["done", "skipped"], outputs: Mapping[str, Any]
    ) -> None:
        """Write down that it need not be done again before something changes."""
        self._outputs[operator.address] = dict(outputs)
        done_by = self._set_up_again.get(operator.address, self._run.id)
        self._done_by[operator.address] = done_by
        after = [self._stands_at(address) for address in operator.after]
        self._publisher.operators.done(
            OperatorResult(
                address=operator.address,
                item="",
                fingerprint=operator.fingerprint,
                outcome=outcome,
                after=tuple(each for each in after if each is not None),
                outputs=outputs,
                run_id=done_by,
            )
        )

    def fan(self, action: Action, items: Iterable[Item]) -> Fan[Item]:
        """What is left to do of these items: what an earlier run has done of them, for the same, is done."""
        operator = self._plan.operators[action.address]
        assert operator.for_each is not None
        every = list(items)
        done: set[str] = set()
        if not any(reason.code in ("restated", "always") for reason in action.reasons):
            known = self._run.state.operator_items(self._plan.environment, action.address)
            after = self._after_of_item(operator)
            for item in every:
                result = known.get(item.key)
                same = result is not None and frozenset(result.after) == after
                if same and result is not None and result.fingerprint == _meaning(operator, item):
                    done.add(item.key)
        self._keys[action.address] = frozenset(item.key for item in every)
        left = {item.address(action.address): item for item in every if item.key not in done}
        return Fan.of(action, operator.for_each.concurrency, len(every), left)

    def record_item(self, operator: CompiledOperator, item: Item) -> None:
        """Write down that the operator need not be done again for this item."""
        self._publisher.operators.done(
            OperatorResult(
                address=operator.address,
                item=item.key,
                fingerprint=_meaning(operator, item),
                outcome="done",
                after=tuple(self._after_of_item(operator)),
                outputs={},
                run_id=self._run.id,
            )
        )

    def forget_other_items(self, address: Address) -> None:
        """Nobody asks any more for items that are not there."""
        self._publisher.operators.forget_items(address, self._keys[address])

    def _after_of_item(self, operator: CompiledOperator) -> frozenset[InputVersion]:
        """What it came after, but for the asset that the items are of: an item says itself what it is."""
        asset = None if operator.for_each is None else operator.for_each.asset
        found = [self._stands_at(address) for address in operator.after if address != asset]
        return frozenset(each for each in found if each is not None)

    def _reads(self, operator: CompiledOperator) -> tuple[Address, ...]:
        items = () if operator.for_each is None or operator.for_each.asset is None else (operator.for_each.asset,)
        return (*operator.reads(), *items)

    def _stands_at(self, address: Address) -> InputVersion | None:
        if (run_id := self._done_by.get(address)) is not None:
            return InputVersion(address, run_id)
        version, pointer = self._standing.version(address), self._publisher.pointer(address)
        if address in self._fates and version is not None:
            return InputVersion(address, version.id)
        return None if pointer is None else InputVersion(address, pointer.version_id)

    def _verdict(self, action: Action, operator: CompiledOperator) -> NotDone | None:
        """Why it is not done; None where it is."""
        if operator.teardown_of is not None:
            if self._fates.get(operator.teardown_of) == "succeeded" or self._was_left(operator):
                return None
            return NotDone("skipped", f"`{operator.teardown_of}` was not done")
        if operator.hooks and not any(self._calls(hook, action) for hook in operator.hooks):
            return NotDone("skipped", "what it is a consequence of did not come about")
        if (unreadable := self._standing.unreadable(self._reads(operator))) is not None:
            return NotDone("blocked", unreadable.detail)
        fates = {address: self._fate(address, action) for address in operator.after}
        if (not_done := _by_fates(operator, fates)) is not None:
            return not_done
        lost = [
            each for each in action.after if each in self._set_up_again and self._fates[each] in ("failed", "blocked")
        ]
        if lost and operator.run_if != "always" and not operator.only_if_needed:
            return NotDone("blocked", f"{_names(lost)} failed")
        if action.conditions and not any(self._is_news(each.input, each.confirmed) for each in action.conditions):
            names = _names(each.input for each in action.conditions)
            return NotDone("kept", f"nothing new came of {names}")
        return None

    def _was_left(self, teardown: CompiledOperator) -> bool:
        """Whether an earlier run has set up what it takes down, and no run did so again or took it down."""
        assert teardown.teardown_of is not None
        set_up = self._plan.results.get(teardown.teardown_of)
        left = set_up is not None and set_up.outcome == "done" and teardown.address not in self._plan.results
        return left and self._fates.get(teardown.teardown_of) in (None, "kept")

    def _fate(self, address: Address, action: Action) -> Fate:
        """Of what is not in the plan, as it ended last."""
        if address not in self._fates:
            result = self._plan.results.get(address)
            return "skipped" if result is not None and result.outcome == "skipped" else "succeeded"
        if address in action.published and not self._publisher.results[address].published:
            return "blocked"
        return self._fates[address]

    def _calls(self, hook: Hook, action: Action) -> bool:
        """Whether what a hook watches has come about."""
        if isinstance(hook.of, Address):
            fate = self._fates.get(hook.of)
            if fate is None:
                return False
            return fate == "failed" if hook.on == "failure" else self._fate(hook.of, action) == "succeeded"
        watched = [self._fates[each] for each in action.after if each.pipeline == hook.of and each in self._fates]
        wrong = {"failed", "blocked"}.intersection(watched)
        return bool(wrong) if hook.on == "failure" else bool(watched) and not wrong

    def _is_news(self, address: Address, confirmed: str | None) -> bool:
        if address in self._plan.operators:
            return self._fates.get(address) == "succeeded"
        stands_at = self._stands_at(address)
        return stands_at is not None and stands_at.version_id != confirmed

    def _values(self, action: Action, operator: CompiledOperator) -> dict[str, Any]:
        failed = [address for address in action.after if self._fates.get(address) == "failed"]
        values: dict[str, Any] = {
            **self._plan.variables,
            "env": self._plan.environment,
            "now": self._plan.created_at,
            "run_id": self._run.id,
            "failed": ", ".join(map(str, failed)),
            "error": self._errors.get(failed[0], "") if failed else "",
        }
        for read in operator.inputs:
            # What it has given before it failed or was skipped is not what it gives now.
            gives = self._fates.get(read.address) not in ("failed", "blocked", "skipped")
            values[read.name] = self._outputs.get(read.address, {}).get(read.output) if gives else None
        return values

    def _published_at(self, operator: CompiledOperator) -> dict[tuple[Address, str], datetime | None]:
        if operator.kind != "wait.asset":
            return {}
        asset = Address.parse(operator.settings["asset"])
        environment = operator.settings.get("environment") or self._plan.environment
        return {(asset, environment): self._run.state.published_at(environment, asset)}


def _meaning(operator: CompiledOperator, item: Item) -> str:
    """What is done for an item: equal meanings, equal effects."""
    assert operator.for_each is not None
    values = sorted((name, written(value)) for name, value in item.values.items())
    return sha256(repr((operator.for_each.fingerprint, values)).encode("utf-8", "surrogatepass")).hexdigest()


def _by_fates(operator: CompiledOperator, fates: dict[Address, Fate]) -> NotDone | None:
    """What `run_if` makes of how those before it have ended."""
    wrong = [address for address, fate in fates.items() if fate in ("failed", "blocked")]
    skipped = [address for address, fate in fates.items() if fate == "skipped"]
    well = len(fates) - len(wrong) - len(skipped)
    match operator.run_if:
        case "all_success" if wrong:
            return NotDone("blocked", f"{_names(wrong)} failed")
        case "all_success" if skipped:
            return NotDone("skipped", f"{_names(skipped)} was skipped", settled=True)
        case "any_success" if fates and not well:
            if wrong:
                return NotDone("blocked", f"{_names(wrong)} failed")
            return NotDone("skipped", f"{_names(skipped)} was skipped", settled=True)
        case "none_failed" if wrong:
            return NotDone("blocked", f"{_names(wrong)} failed")
        case "any_failed" if not wrong:
            return NotDone("skipped", "nothing before it failed")
    return None


def _names(addresses: Iterable[Address]) -> str:
    listed = [f"`{address}`" for address in addresses]
    more = f" and {len(listed) - _NAMED:,} more" if len(listed) > _NAMED else ""
    return ", ".join(listed[:_NAMED]) + more
