"""Laws of environments in random worlds: sharing, promoting and going back never show a wrong table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from vibepiper_interpreter.plan import make_promotion, plan_undo
from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.state.tables import publications, runs
from vibepiper_spec.diagnostics import DiagnosticError

MakeChance = Callable[[int], Any]

worlds = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def undo(world: Any, run_id: str) -> Plan | None:
    """None where a version of then was lost."""
    try:
        return plan_undo(
            world.state,
            world.environment,
            run_id,
            now=world.clock,
            storage_has=world.has,
            files_unchanged=lambda files: True,
        )
    except DiagnosticError as error:
        assert error.diagnostics[0].code == "VP712"
        return None


def beside(world: Any) -> Any:
    """Another environment of the same specs, files and state, as they are now."""
    return replace(world, environment="prod")


def promotion(source: Any, target: Any) -> Plan:
    return make_promotion(
        source.compiled(),
        target.compiled(),
        source.state,
        now=source.clock,
        list_files=source.source_files,
        storage_has=source.has,
    )


@worlds
@given(st.integers(0, 2**32), st.integers(1, 6))
def test_another_environment_shows_what_building_everything_there_would(
    make_chance: MakeChance, seed: int, edits: int
) -> None:
    chance = make_chance(seed)
    world = chance.world
    for _ in range(edits):
        chance.edit()
        chosen = world if chance.random.random() < 0.6 else beside(world)
        chosen.apply(chosen.plan())
        assert chosen.published() == chosen.from_scratch()
    world.apply(world.plan())
    other = beside(world)
    other.apply(other.plan())
    assert other.published() == other.from_scratch()
    assert _settled(other)


@worlds
@given(st.integers(0, 2**32), st.integers(1, 6))
def test_after_going_back_the_next_apply_is_right_and_complete(make_chance: MakeChance, seed: int, edits: int) -> None:
    chance = make_chance(seed)
    world = chance.world
    world.apply(world.plan())
    for _ in range(edits):
        chance.edit()
        world.apply(world.plan(*(chance.selection() if chance.random.random() < 0.4 else ())))
        move = chance.random.choice(world.state.moves_since("dev", 0))
        plan = undo(world, move.run_id)
        if plan is not None and chance.random.random() < 0.7:
            then = world.state.pointers_at("dev", move.serial - 1)
            world.apply(plan)
            assert world.state.pointers("dev") == then
    world.apply(world.plan())
    assert world.published() == world.from_scratch()
    assert _settled(world)


@worlds
@given(st.integers(0, 2**32), st.integers(1, 6))
def test_a_promotion_shows_the_very_versions_and_builds_nothing(make_chance: MakeChance, seed: int, edits: int) -> None:
    chance = make_chance(seed)
    world = chance.world
    for _ in range(edits):
        chance.edit()
        other = beside(world)
        if chance.random.random() < 0.5:
            other.apply(other.plan())
        world.apply(world.plan())
        plan = promotion(world, other)
        assert {action.verb for action in plan.actions} <= {"repoint", "recheck", "remove"}
        other.apply(plan)
        assert _ids(other) == _ids(world)
        assert promotion(world, other).empty


@worlds
@given(st.integers(0, 2**32), st.integers(1, 6), st.integers(0, 8))
def test_cleaning_takes_nothing_that_anybody_can_ask_for(
    make_chance: MakeChance, seed: int, edits: int, days: int
) -> None:
    """A run a day; then all is forgotten that lies back further than `days`."""
    chance = make_chance(seed)
    world = chance.world
    state = world.state
    for _ in range(edits):
        chance.edit()
        # Some edits put other specs in the place of those that are there.
        one = chance.random.choice((world, beside(world)))
        one.apply(one.plan(*(chance.selection() if chance.random.random() < 0.4 else ())))
    ages = {run.id: timedelta(days=number, hours=12) for number, run in enumerate(state.runs())}
    with state._database.writing() as connection:
        for run_id, age in ages.items():
            at = datetime.now(UTC) - age
            connection.execute(update(runs).where(runs.c.id == run_id).values(started_at=at, finished_at=at))
            connection.execute(update(publications).where(publications.c.run_id == run_id).values(at=at))
    chance.edit()
    both = (world, beside(world))
    moves = {each.environment: state.moves_since(each.environment, 0) for each in both}
    stood = {
        name: {move.serial - 1: state.pointers_at(name, move.serial - 1) for move in moves[name]} for name in moves
    }
    undone = {move.run_id: _undone(each, move.run_id) for each in both for move in moves[each.environment]}
    planned = [each.plan().actions for each in both]

    horizon = timedelta(days=days)
    gone = state.forget([version.id for version in state.unreferenced_versions(timedelta(0), horizon)])
    foretold = state.old_runs(horizon)
    assert state.forget_runs(horizon) == len(foretold)
    assert {run.id for run in state.runs()} == ages.keys() - foretold
    assert state.contradictions() == []
    for each in both:
        name = each.environment
        for move in moves[name]:
            if ages[move.run_id] < horizon:
                assert state.pointers_at(name, move.serial - 1) == stood[name][move.serial - 1]
                assert _undone(each, move.run_id) == undone[move.run_id]
                assert state.run(move.run_id).tasks
            elif move.run_id not in foretold:
                assert _undone(each, move.run_id) is None
    if not gone:
        assert [each.plan().actions for each in both] == planned
    for each in both:
        each.apply(each.plan())
        assert each.published() == each.from_scratch()
        assert _settled(each)


def _undone(world: Any, run_id: str) -> object:
    """What undoing a run would do; None where that is refused."""
    plan = undo(world, run_id)
    return None if plan is None else plan.actions


def _ids(world: Any) -> dict[str, str]:
    return {str(address): pointer.version_id for address, pointer in world.state.pointers(world.environment).items()}


def _settled(world: Any) -> bool:
    """No action but of assets that ask to be rebuilt every time, and of their readers."""
    plan = world.plan()
    follow = {action.address for action in plan.actions if any(reason.code == "always" for reason in action.reasons)}
    for action in plan.actions:
        if follow & {*action.after, *plan.assets[action.address].check_inputs}:
            follow.add(action.address)
    return all(action.address in follow for action in plan.actions)
