"""Third step: decide what is done to each asset, inputs first, so that every decision knows those it rests on."""

from __future__ import annotations

from collections.abc import Mapping

from vibepiper_interpreter.compile.build_settings import Append, Intervals, Merge, Partitions
from vibepiper_interpreter.compile.compiled import Input
from vibepiper_interpreter.plan.column_changes import columns_changed
from vibepiper_interpreter.plan.draft import Draft, Planning
from vibepiper_interpreter.plan.flow import ALL, NOTHING, Columns
from vibepiper_interpreter.plan.made_before import made_before
from vibepiper_interpreter.plan.plan import Condition, Reason
from vibepiper_spec.address import Address


def decide(planning: Planning) -> None:
    """Give each asset a verb, or none: nothing of its own and nothing it uses has changed."""
    for draft in planning.drafts.values():
        _look_at_promoted(planning, draft)
        _look_at_inputs(planning, draft)
        _look_at_text(planning, draft)
        if draft.own_reasons or draft.conditions:
            _act(planning, draft)
        elif not _stays(planning, draft):
            draft.unchanged = None


def _look_at_promoted(planning: Planning, draft: Draft) -> None:
    """Where another version of the same is to be shown here, that is a reason of its own."""
    if planning.promotes is None or draft.published is None:
        return
    inputs = planning.current_inputs(draft)
    wanted = None if inputs is None else planning.promotes.wanted(draft, inputs)
    if wanted is not None and wanted != draft.published.id and not draft.own_reasons:
        draft.own_reasons.append(Reason("promoted", f"`{planning.promotes.environment}` shows another version of it"))
        if not draft.reproducible:
            draft.own_changed = ALL


def _look_at_inputs(planning: Planning, draft: Draft) -> None:
    """Collect the conditions under which what is published stays right, and the inputs that provably leave it so."""
    if draft.published is None or not draft.asset.inputs:
        return
    sources = [planning.drafts[read.address] for read in draft.asset.inputs]
    if not any(source.acts for source in sources) and draft.published.is_right_for(
        (source.asset.address, source.keeps) for source in sources
    ):
        return
    confirmed = {read.address: read.version_id for read in draft.published.inputs}
    conditions = []
    carried = []
    for read in draft.asset.inputs:
        source = planning.drafts[read.address]
        before = confirmed.get(read.address)
        if not source.makes and before == source.keeps:
            continue
        if source.makes and before == source.keeps and _is_proven(source, read):
            carried.append(read.address)
            continue
        conditions.append(Condition(read.address, read.columns, before))
        draft.input_reasons.append(_input_reason(source, before))
    draft.carried = tuple(carried)
    draft.conditions = tuple(conditions)
    draft.begins_anew = isinstance(draft.asset.settings, Append | Merge) and any(
        isinstance(source.asset.settings, Append) and _begins_anew(planning, source) for source in sources
    )


def _look_at_text(planning: Planning, draft: Draft) -> None:
    """A view is read by its text: the same meaning may need another one where an input has other columns.

    (`select *` for `select * exclude (a)`, say, once the input has no `a`.)
    """
    if draft.published is None or draft.asset.kind != "sql" or draft.asset.build != "view" or draft.own_reasons:
        return
    confirmed = {read.address: read.version_id for read in draft.published.inputs}
    others = [
        f"`{read.address}`"
        for read in draft.asset.inputs
        if confirmed.get(read.address) != (source := planning.drafts[read.address]).keeps
        or (source.makes and _shows_other_columns(planning, source))
    ]
    if not others:
        return
    version = planning.state.versions([draft.published.id])[draft.published.id]
    if version.asset.definition != draft.asset.definition:
        words = f"its query is written for the other columns of {' and '.join(others)}"
        draft.record_reasons.append(Reason("recorded", words))


def _shows_other_columns(planning: Planning, draft: Draft) -> bool:
    """Whether an input may have columns of other names, or in another order, than are published."""
    before = planning.previous.get(draft.asset.address)
    if before is None or not draft.asset.columns:
        return before is not None
    return [column.name for column in before.columns] != [column.name for column in draft.asset.columns]


def _begins_anew(planning: Planning, source: Draft) -> bool:
    """Whether an input that only grows will be another one than it was, be it made or only shown.

    What another environment shows may be the same one, grown.
    """
    return source.verb == "rebuild" or (source.verb == "repoint" and not source.goes_on and planning.promotes is None)


def _act(planning: Planning, draft: Draft) -> None:
    draft.found = made_before(planning, draft)
    changes = _changed_inputs(planning, draft)
    if draft.own_reasons and not draft.goes_on:
        # What has to be done anyway depends on nothing.
        draft.conditions = ()
    if draft.found is not None:
        draft.verb, draft.conditions = "repoint", ()
    elif draft.published is None:
        draft.verb = "create"
    elif draft.asset.build == "view" and draft.asset.kind != "source" and _only_moved(draft):
        draft.verb = "repoint"
    elif draft.goes_on:
        by_slice = isinstance(draft.asset.settings, Intervals | Partitions) and draft.asset.kind != "source"
        draft.verb = "fill" if by_slice else "extend"
    else:
        draft.verb = "rebuild"
    if draft.conditions and not draft.own_reasons:
        draft.expected_to_run = any(
            changes.get(condition.input, NOTHING).felt_by(condition.columns) for condition in draft.conditions
        )
    draft.unchanged = _provably_unchanged(planning, draft)
    draft.changed = draft.own_changed
    if draft.expected_to_run:
        draft.changed = draft.own_changed | planning.flow.through(draft.asset, changes)
    if draft.unchanged == ALL:
        draft.changed = NOTHING


def _stays(planning: Planning, draft: Draft) -> bool:
    """Whether what nothing is done to is the same for whoever reads it again. A view is computed anew each time."""
    if draft.asset.build != "view" or draft.asset.kind == "source":
        return True
    return draft.reproducible and all(
        planning.drafts[read.address].unchanged is not None for read in draft.asset.inputs
    )


def _only_moved(draft: Draft) -> bool:
    """Whether a view means what it meant, and only what it shows is another version."""
    return all(reason.code == "lost" for reason in draft.own_reasons)


def _changed_inputs(planning: Planning, draft: Draft) -> Mapping[Address, Columns]:
    """What the planner thinks has changed in the inputs since this asset was made."""
    confirmed = {} if draft.published is None else {read.address: read.version_id for read in draft.published.inputs}
    found = {}
    for read in draft.asset.inputs:
        source = planning.drafts[read.address]
        if confirmed.get(read.address) != source.keeps:
            found[read.address] = ALL  # it has moved on before this plan: nobody has looked how far
        elif source.makes:
            found[read.address] = source.changed
    return found


def _provably_unchanged(planning: Planning, draft: Draft) -> Columns | None:
    """The columns that come out as they are published, whatever happens; None where even the rows may differ."""
    if draft.published is None or not draft.reproducible:
        return None
    if any(reason.code in ("new", "source_files", "slices") for reason in draft.own_reasons):
        return None
    perhaps_changed: dict[Address, Columns] = {}
    confirmed = {read.address: read.version_id for read in draft.published.inputs}
    for read in draft.asset.inputs:
        source = planning.drafts[read.address]
        if confirmed.get(read.address) != source.keeps or source.unchanged is None:
            return None
        perhaps_changed[read.address] = _complement(source)
    felt = planning.flow.through(draft.asset, perhaps_changed)
    version = planning.previous.get(draft.asset.address)
    if version is not None:
        if draft.asset.kind == "source" or not version.asset.deterministic:
            return None
        felt |= planning.flow.with_own_past(draft.asset, columns_changed(version.asset, draft.asset))
    if felt.names is None:
        return None
    if not felt:
        return ALL
    return Columns(frozenset(column.name.casefold() for column in draft.asset.columns) - felt.names)


def _complement(source: Draft) -> Columns:
    """The columns of an input that are not proven to come out as they are published."""
    proven = source.unchanged
    if proven is None or proven.names is None:
        return ALL if proven is None else NOTHING
    return Columns(frozenset(column.name.casefold() for column in source.asset.columns) - proven.names)


def _is_proven(source: Draft, read: Input) -> bool:
    """Whether all that a reader uses of an input comes out as it is published."""
    return source.unchanged is not None and source.unchanged.cover(read.columns)


def _input_reason(source: Draft, before: str | None) -> Reason:
    name = f"`{source.asset.address}`"
    if before is None:
        return Reason("input_moved", f"it reads {name} now, and did not before")
    if not source.makes or before != source.keeps:
        return Reason("input_moved", f"input {name} has moved on since it was made")
    if any(reason.code == "source_files" for reason in source.own_reasons):
        return Reason("input_rebuilt", f"input {name} has new data")
    if source.found is not None:
        return Reason("input_rebuilt", f"input {name} is repointed")
    if source.verb in ("extend", "fill"):
        return Reason(
            "input_rebuilt", f"input {name} {'gets' if source.expected_to_run else 'perhaps gets'} what is new"
        )
    return Reason("input_rebuilt", f"input {name} is {'made anew' if source.expected_to_run else 'perhaps made anew'}")
