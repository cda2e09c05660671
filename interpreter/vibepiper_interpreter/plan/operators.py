"""Last step: which operators are due, and why; what each waits for; and which assets wait for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from vibepiper_interpreter.compile.compiled_operator import CompiledOperator, Hook
from vibepiper_interpreter.estimate import Estimate
from vibepiper_interpreter.plan.draft import Draft, Planning
from vibepiper_interpreter.plan.plan import Action, Condition, Reason
from vibepiper_interpreter.plan.publication_order import waits_for_publication
from vibepiper_spec.address import Address

_NAMED = 3  # assets that a reason names before it only counts


@dataclass(slots=True)
class OperatorDraft:
    """What is decided about an operator that is in the plan."""

    operator: CompiledOperator
    # Why it is done in any case; and those who come before it, if it is done only where one of them has done something.
    reasons: list[Reason]
    conditions: tuple[Condition, ...] = ()
    # Everything in the plan that it comes after.
    after: tuple[Address, ...] = ()
    published: frozenset[Address] = field(default=frozenset())
    # What it is set up again for: it waits for it, also where what stands between the two is not in the plan.
    set_up_for: tuple[Address, ...] = ()
    expected_to_run: bool = True
    estimate: Estimate | None = None


def plan_operators(planning: Planning) -> None:
    """Fills `operators`, in the order of the project, and `waits_for_operators` of assets."""
    found: dict[Address, OperatorDraft] = {}
    later = []
    for operator in planning.project.operators.values():
        if operator.only_if_needed:
            later.append(operator)
        elif planning.wants_operator(operator.address) and (draft := _due(planning, operator, found)) is not None:
            found[operator.address] = draft
    found |= dict(_set_up_again(planning, found))
    # What watches others: hooks may be watched themselves, but those that they watch come first in the project's order.
    for operator in later:
        if (draft := _needed(planning, operator, found)) is not None:
            found[operator.address] = draft
    ordered = {address: found[address] for address in planning.project.operators if address in found}
    for draft in ordered.values():
        draft.after = tuple(_after(planning, draft.operator, ordered))
    planning.operators = ordered
    for draft in ordered.values():
        for asset in draft.operator.before:
            if planning.drafts[asset].acts:
                planning.waits_for_operators.setdefault(asset, []).append(draft.operator.address)
    for address, draft in ordered.items():
        for user in draft.set_up_for:
            _let_wait(planning, ordered, user, address)
    _publications(planning)


def _let_wait(planning: Planning, planned: Mapping[Address, OperatorDraft], user: Address, up: Address) -> None:
    if user not in planned:
        waits = planning.waits_for_operators.setdefault(user, [])
        if up not in waits:
            waits.append(up)
    elif up not in planned[user].after:
        planned[user].after += (up,)


def _due(planning: Planning, operator: CompiledOperator, planned: dict[Address, OperatorDraft]) -> OperatorDraft | None:
    result = planning.operator_results.get((operator.address, ""))
    reasons = []
    if result is None and operator.tests is not None and not _tests_what_is_made(planning, operator):
        return None  # what stands there was made without it, and stays: that is for `vp test` to tell
    if result is None:
        done = "done" if operator.tests is None else "passed"
        reasons.append(Reason("new", f"not {done} yet in `{planning.environment}`"))
    elif result.fingerprint != operator.fingerprint:
        changed = "what it does has changed" if operator.tests is None else "it or what it tests has changed"
        reasons.append(Reason("definition", changed))
    if operator.run_always:
        reasons.append(Reason("always", '`run = "always"`'))
    if operator.address in planning.restated_operators:
        reasons.append(Reason("restated", "`--rebuild` asks for it"))
    seen = {} if result is None else {read.address: read.version_id for read in result.after}
    conditions: list[Condition] = []
    probably = False
    for other in operator.after:
        draft, earlier = planning.drafts.get(other), planned.get(other)
        if draft is not None and _makes_something(draft):
            if draft.conditions and draft.published is not None:
                conditions.append(Condition(other, None, seen.get(other)))
                probably = probably or draft.expected_to_run
            else:
                reasons.append(Reason("came_after", f"`{other}` is made"))
        elif earlier is not None:
            if earlier.conditions:
                conditions.append(Condition(other, None))
                probably = probably or earlier.expected_to_run
            else:
                reasons.append(Reason("came_after", f"`{other}` is done"))
        elif other in seen and other in planning.published and planning.published[other].id != seen[other]:
            reasons.append(Reason("input_moved", f"`{other}` has been published since"))
        elif (last := planning.operator_results.get((other, ""))) is not None and seen.get(other, last.run_id) != (
            last.run_id
        ):
            reasons.append(Reason("input_moved", f"`{other}` has been done since"))
    if result is None:
        # It would be done anyway.
        reasons = [reason for reason in reasons if reason.code not in ("came_after", "input_moved")]
    if reasons:
        return OperatorDraft(operator, reasons)
    if not conditions:
        return None
    return OperatorDraft(operator, [], tuple(conditions), expected_to_run=probably)


def _set_up_again(
    planning: Planning, planned: Mapping[Address, OperatorDraft]
) -> Iterator[tuple[Address, OperatorDraft]]:
    """What a teardown has taken down since, and something in the plan comes after."""
    acting = {*planned, *(draft.asset.address for draft in planning.acting())}
    torn_down = {down.teardown_of: down for down in planning.project.operators.values() if down.teardown_of is not None}
    for address, down in torn_down.items():
        up = planning.project.operators.get(address)
        if up is None or address in planned or not planning.wants_operator(address):
            continue
        # A teardown comes after everything behind what it takes down, and needs nothing of that itself.
        if needs := sorted((_behind(planning, address) & acting) - {address, down.address}):
            # Where the teardown has failed, or was killed, it may have done half of its work.
            took = "may have taken down" if _still_stands(planning, down, address) else "took down"
            words = f"`{needs[0]}` comes after it, and `{down.address}` {took} what it had set up"
            yield address, OperatorDraft(up, [Reason("taken_down", words)], set_up_for=tuple(needs))


def _tests_what_is_made(planning: Planning, test: CompiledOperator) -> bool:
    asked = test.address in planning.restated_operators
    return asked or any(_makes_something(planning.drafts[asset]) for asset in test.before)


def _makes_something(draft: Draft) -> bool:
    """Whether the asset will stand at another version, as far as the plan can tell."""
    return draft.acts and draft.verb not in ("recheck", "remove")


def _needed(
    planning: Planning, operator: CompiledOperator, planned: dict[Address, OperatorDraft]
) -> OperatorDraft | None:
    """Of what only watches others: whether any of those is in the plan."""
    if operator.teardown_of is not None:
        up = planned.get(operator.teardown_of)
        if up is not None:
            words = f"takes down what `{operator.teardown_of}` sets up"
            return OperatorDraft(operator, [Reason("teardown", words)], expected_to_run=up.expected_to_run)
        if planning.wants_operator(operator.address) and _still_stands(planning, operator, operator.teardown_of):
            words = f"what `{operator.teardown_of}` has set up was not taken down"
            return OperatorDraft(operator, [Reason("teardown", words)])
        return None
    if operator.hooks:
        watching = [
            hook
            for hook in operator.hooks
            if any(_acts(planning, each, planned) for each in _watched(planning, operator, hook))
        ]
        if not watching:
            return None
        words = " or ".join(dict.fromkeys(_consequence(hook) for hook in watching))
        certain = any(hook.on == "success" for hook in watching)
        return OperatorDraft(operator, [*_changed(planning, operator), _only_if(words)], expected_to_run=certain)
    before = [other for other in operator.after if _acts(planning, other, planned)]
    if not before:
        return None
    words = f"{_names(before)} fails"
    return OperatorDraft(operator, [*_changed(planning, operator), _only_if(words)], expected_to_run=False)


def _only_if(words: str) -> Reason:
    return Reason("consequence", f"only if {words}")


def _changed(planning: Planning, operator: CompiledOperator) -> Iterator[Reason]:
    """Where it is not what was done last. That alone makes nothing due that only watches others."""
    result = planning.operator_results.get((operator.address, ""))
    if result is not None and result.fingerprint != operator.fingerprint:
        yield Reason("definition", "what it does has changed")


def _still_stands(planning: Planning, teardown: CompiledOperator, up: Address) -> bool:
    """Whether what `up` has set up was never wholly taken down: a run was killed or stopped before, or it failed."""
    set_up = planning.operator_results.get((up, ""))
    return set_up is not None and set_up.outcome == "done" and (teardown.address, "") not in planning.operator_results


def _consequence(hook: Hook) -> str:
    if isinstance(hook.of, Address):
        return f"`{hook.of}` {'fails' if hook.on == 'failure' else 'succeeds'}"
    if hook.on == "failure":
        return f"anything of the pipeline `{hook.of}` fails"
    return f"all of the pipeline `{hook.of}` succeeds"


def _names(addresses: list[Address]) -> str:
    shown = " or ".join(f"`{address}`" for address in addresses[:_NAMED])
    return f"{shown} or another" if len(addresses) > _NAMED else shown


def _acts(planning: Planning, address: Address, planned: dict[Address, OperatorDraft]) -> bool:
    return address in planned or (address in planning.drafts and planning.drafts[address].acts)


def _watched(planning: Planning, operator: CompiledOperator, hook: Hook) -> Iterator[Address]:
    """What a hook looks at: of a whole pipeline everything but what is a consequence, or comes after the hook."""
    if isinstance(hook.of, Address):
        yield hook.of
        return
    behind = _behind(planning, operator.address)
    for address in (*planning.drafts, *planning.project.operators):
        other = planning.project.operators.get(address)
        if address.pipeline == hook.of and address not in behind and (other is None or not other.only_if_needed):
            yield address


def _behind(planning: Planning, start: Address) -> set[Address]:
    """`start`, and all that comes after it."""
    found = {start}
    waiting = [start]
    while waiting:
        address = waiting.pop()
        operator = planning.project.operators.get(address)
        users = [] if operator is None else list(operator.before)
        users += planning.readers.get(address, ())
        users += [each.address for each in planning.project.operators.values() if address in each.after]
        for user in users:
            if user not in found:
                found.add(user)
                waiting.append(user)
    return found


def _after(planning: Planning, operator: CompiledOperator, planned: dict[Address, OperatorDraft]) -> Iterator[Address]:
    wanted: dict[Address, None] = dict.fromkeys((*operator.after, *operator.waits_for))
    if operator.teardown_of is not None:
        wanted[operator.teardown_of] = None
    for hook in operator.hooks:
        wanted.update(dict.fromkeys(_watched(planning, operator, hook)))
    return (other for other in wanted if _acts(planning, other, planned))


def _publications(planning: Planning) -> None:
    acting = planning.acting()
    components = {draft.asset.address: draft.component for draft in acting}
    needs = {
        draft.asset.address: [
            *(read for read in planning.reads_of(draft) if planning.drafts[read].acts),
            *planning.waits_for_operators.get(draft.asset.address, ()),
        ]
        for draft in acting
    }
    needs |= {address: list(draft.after) for address, draft in planning.operators.items()}
    if not planning.operators:
        return
    for address, published in waits_for_publication(needs, planning.operators, components).items():
        planning.operators[address].published = published


def operator_actions(planning: Planning) -> tuple[Action, ...]:
    """The actions of all operators that are planned."""
    return tuple(
        Action(
            address=address,
            verb="do",
            reasons=(*draft.reasons, *_early(planning, draft)),
            after=draft.after,
            conditions=draft.conditions,
            expected="run" if draft.expected_to_run else "keep",
            estimate=draft.estimate,
            published=tuple(each for each in draft.after if each in draft.published),
        )
        for address, draft in planning.operators.items()
    )


def _early(planning: Planning, draft: OperatorDraft) -> Iterator[Reason]:
    """What it does not see published, though it comes after it: something behind it is published together with that."""
    for each in draft.operator.after:
        if each in planning.drafts and each in draft.after and each not in draft.published:
            yield Reason("unpublished", f"before `{each}` is published, once it is made and checked")
