"""Makes a plan: compares the compiled project with what is published, and decides everything an apply will do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from vibepiper_interpreter.compile.compiled import CompiledAsset, CompiledProject
from vibepiper_interpreter.engine_version import duckdb_version
from vibepiper_interpreter.plan.adopt import adopt
from vibepiper_interpreter.plan.asked import Asked, restate
from vibepiper_interpreter.plan.compare import compare
from vibepiper_interpreter.plan.components import group
from vibepiper_interpreter.plan.contracts import hold_to_contracts
from vibepiper_interpreter.plan.decide import decide
from vibepiper_interpreter.plan.draft import DescribeFiles, Draft, ListFiles, Planning, Promotes, StorageHas
from vibepiper_interpreter.plan.estimates import estimate
from vibepiper_interpreter.plan.explosion import warn_of_many
from vibepiper_interpreter.plan.flow import ColumnFlow, origins_in
from vibepiper_interpreter.plan.moves import Followed, follow_moves
from vibepiper_interpreter.plan.new_edges import new_edges
from vibepiper_interpreter.plan.news import look_for_news
from vibepiper_interpreter.plan.notes import notes
from vibepiper_interpreter.plan.nothing_between import nothing_between
from vibepiper_interpreter.plan.operator_estimates import estimate_operators
from vibepiper_interpreter.plan.operators import operator_actions, plan_operators
from vibepiper_interpreter.plan.partitions import list_partitions
from vibepiper_interpreter.plan.past_that_goes import tell_past_that_goes
from vibepiper_interpreter.plan.plan import BUILDING, Action, Plan, Reason
from vibepiper_interpreter.plan.reach import reach
from vibepiper_interpreter.plan.recheck import recheck
from vibepiper_interpreter.plan.record import record
from vibepiper_interpreter.plan.refuse import refuse
from vibepiper_interpreter.plan.remove import remove
from vibepiper_interpreter.plan.restrict import restrict
from vibepiper_interpreter.plan.slices import slice_up
from vibepiper_interpreter.plan.upgrade import bring_up_to_date
from vibepiper_spec.address import Address

if TYPE_CHECKING:
    from vibepiper_interpreter.state import Published, Sight, State
    from vibepiper_interpreter.state.operator_result import OperatorResult

STEPS: tuple[Callable[[Planning], None], ...] = (
    compare,  # each asset with what is published, by itself: meaning, build, files, stored parts
    restate,  # what was asked to be made anew
    look_for_news,  # which files of a source are new
    slice_up,  # which intervals are over, and not there yet
    list_partitions,  # which partitions are listed, and not there yet
    decide,  # inputs first: create, rebuild, repoint, or nothing; on which conditions
    adopt,  # what files are to become the first version of
    record,  # what stays as it is, but has to be written down anew
    restrict,  # to what was asked for, and what that needs
    refuse,  # what would lose rows, or read some twice
    tell_past_that_goes,  # where that is asked for, or follows from an edit
    hold_to_contracts,  # what a change of columns breaks, and whether that may be
    warn_of_many,  # batches, before they are begun
    recheck,  # which checks run, on what is made and on what stays
    remove,  # what no spec declares any more
    reach,  # which assets feel each change
    group,  # what publishes together
    estimate,  # what it will probably cost
    plan_operators,  # what is done beside making tables
    estimate_operators,  # how long that will probably take
)


def make_plan(
    compiled: CompiledProject,
    state: State,
    environment: str,
    *,
    selection: Sequence[str] = (),
    now: datetime | None = None,
    list_files: ListFiles,
    storage_has: StorageHas,
    promotes: Promotes | None = None,
    sight: Sight | None = None,
    asked: Asked | None = None,
    as_built: Mapping[Address, Published] | None = None,
    describe_files: DescribeFiles | None = None,
) -> Plan:
    """Everything an apply would do to `environment` now. Touches nothing; the same inputs give the same plan.

    But after an upgrade of this code it writes today's hashes of what the state holds; see `plan.upgrade`.

    `list_files` gives a source's files as they are now; `storage_has` tells whether all parts of a version are there.
    `sight` is what the environment shows, where the caller has seen that already.
    `describe_files` compares files that are to be adopted with the asset; without it, only the apply does.
    `asked` says what to make anew on purpose, and which intervals to make.
    With `promotes`, the versions that another environment shows are taken wherever they mean the same here; with
    `as_built`, the intervals that are built there are wanted, whatever time it is.
    VP207 where a word of `selection` names nothing; VP530, VP531 where a source would read rows twice, or lose some.
    """
    sight = sight or state.sight(environment)
    published = sight.published()
    if bring_up_to_date(compiled, state, published):
        sight = state.sight(environment)
        published = sight.published()
    followed = follow_moves(compiled, published, state)
    planning = Planning(
        project=compiled,
        state=state,
        environment=environment,
        selection=tuple(selection),
        list_files=list_files,
        storage_has=storage_has,
        serial=sight.serial,
        published=followed.published,
        shown=published,
        describe_files=describe_files,
        told_anew=followed.versions,
        now=(now or datetime.now(UTC)).astimezone(UTC),
        proofs=sight.proofs(),
        drafts={address: _draft(asset, followed) for address, asset in compiled.assets.items()},
        flow=ColumnFlow(origins_in(compiled)),
        promotes=promotes,
        asked=asked or Asked(),
        as_built=as_built or {},
        operator_results=sight.operator_results(),
    )
    for step in STEPS:
        step(planning)
    return _assemble(planning)


def _draft(asset: CompiledAsset, followed: Followed) -> Draft:
    address = asset.address
    return Draft(
        asset,
        followed.published.get(address),
        record_reasons=followed.reasons.get(address, []),
        moved_from=followed.moved_from.get(address),
        renames=followed.renames.get(address, ()),
    )


def engine_version() -> str:
    """The engine's name and version, as `ENGINE_VERSION` has it, without importing the engine."""
    return f"duckdb {duckdb_version()}"


def _assemble(planning: Planning) -> Plan:
    acting = planning.acting()
    engine = engine_version()
    carried: dict[Address, list[Address]] = {}
    for draft in planning.drafts.values():
        if not draft.makes:
            for read in draft.carried:
                carried.setdefault(read, []).append(draft.asset.address)
    actions = tuple(_action(planning, draft, tuple(carried.get(draft.asset.address, ()))) for draft in acting)
    needed = {each.address for draft in acting for each in draft.asset.inputs}
    needed.update(address for draft in acting for address in draft.asset.check_inputs)
    considered = len(planning.project.assets if planning.selected is None else planning.selected)
    wanted = filter(planning.wants_operator, planning.project.operators)
    return Plan(
        id=plan_id(
            planning.project.digest,
            planning.state.id,
            planning.environment,
            planning.serial,
            engine,
            planning.now,
            (*planning.selection, *planning.asked.words()),
        ),
        created_at=planning.now,
        environment=planning.environment,
        serial=planning.serial,
        digest=planning.project.digest,
        engine_version=engine,
        state_id=planning.state.id,
        actions=(*actions, *operator_actions(planning)),
        assets={
            draft.asset.address: (
                planning.previous[draft.asset.address].asset if draft.verb == "remove" else draft.asset
            )
            for draft in acting
        },
        pointers={
            address: planning.published[address].id
            for address in sorted(needed)
            if address in planning.published and not (address in planning.drafts and planning.drafts[address].makes)
        },
        operators={address: draft.operator for address, draft in planning.operators.items()},
        results=_results(planning),
        variables=planning.project.variables,
        selection=planning.selection,
        asked=planning.asked.words(),
        unchanged=considered - sum(_is_counted(planning, draft) for draft in acting),
        not_due=sum(each not in planning.operators for each in wanted),
        warnings=tuple(
            warning
            for draft in planning.drafts.values()
            if planning.selected is None or draft.asset.address in planning.selected
            for warning in draft.warnings
        ),
        purpose="" if planning.promotes is None else f"promotes what `{planning.promotes.environment}` shows",
        notes=(*nothing_between(planning), *new_edges(planning), *notes(planning.project, planning.shown)),
    )


def _results(planning: Planning) -> dict[Address, OperatorResult]:
    """What is known of the operators of the plan, and of those that they come after or take down."""
    wanted = {*planning.operators}
    for draft in planning.operators.values():
        wanted.update(draft.operator.after)
        if draft.operator.teardown_of is not None:
            wanted.add(draft.operator.teardown_of)
    return {
        address: result
        for (address, item), result in planning.operator_results.items()
        if address in wanted and not item
    }


def _is_counted(planning: Planning, draft: Draft) -> bool:
    """Whether an action is about an asset among those that were considered."""
    if planning.selected is not None:
        return draft.asset.address in planning.selected
    return draft.verb != "remove"


def _action(planning: Planning, draft: Draft, carries: tuple[Address, ...]) -> Action:
    if draft.verb is None:
        raise ValueError(f"nothing is to be done to {draft.asset.address}")
    address = draft.asset.address
    recorded = draft.record_reasons
    if draft.keeps_rows and draft.verb == "rebuild":
        recorded = [replace(each, words=f"{each.words} only if its inputs come out equal") for each in recorded]
    reasons = (*draft.own_reasons, *recorded, *draft.input_reasons)
    if draft.found is not None:
        words = f"the same was made already, on {draft.found.created_at:%Y-%m-%d %H:%M} UTC"
        reasons = (*reasons, Reason("exists", words))
    return Action(
        address=address,
        verb=draft.verb,
        reasons=reasons,
        after=(
            *(other for other in planning.reads_of(draft) if planning.drafts[other].acts),
            *planning.waits_for_operators.get(address, ()),
        ),
        conditions=draft.conditions,
        expected="run" if draft.expected_to_run else "keep",
        keeps=draft.keeps,
        version_id=None if draft.found is None else draft.found.id,
        column_changes=draft.column_changes,
        breaks=draft.breaks,
        reaches=draft.reaches,
        carries=carries,
        checks=draft.checks,
        checks_new_rows=draft.checks_new_rows,
        checks_if_kept=draft.checks_if_kept,
        estimate=draft.estimate,
        component=draft.component,
        source_files=draft.source_files if draft.verb in BUILDING else (),
        slices=draft.slices if draft.verb in BUILDING else (),
        base=None if draft.base is None or draft.verb not in BUILDING else draft.base.id,
        # A version that was found says it already; a view that is only shown another input may stay, and does not.
        records=bool(draft.record_reasons) and draft.published is not None and draft.found is None,
        takes=draft.takes,
        moved_from=draft.moved_from,
        renames=draft.renames,
        adopts=draft.adopts if draft.verb == "adopt" else (),
    )


def plan_id(
    digest: str, state_id: str, environment: str, serial: int, engine: str, now: datetime, selection: Sequence[str]
) -> str:
    """Of all that the plan follows from, so that the same inputs give the same id."""
    hashed = sha256()
    for item in (digest, state_id, environment, str(serial), engine, now.isoformat(), *selection):
        hashed.update(item.encode() + b"\0")
    return hashed.hexdigest()[:16]
