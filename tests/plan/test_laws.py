"""Laws of planning, in random worlds under random edits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from vibepiper_interpreter.plan import load_plan, save_plan
from vibepiper_interpreter.plan.plan import Plan

MakeChance = Callable[[int], Any]

worlds = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@worlds
@given(st.integers(0, 2**32), st.integers(1, 8))
def test_incremental_equals_from_scratch_and_the_second_plan_is_empty(
    make_chance: MakeChance, seed: int, edits: int
) -> None:
    chance = make_chance(seed)
    world = chance.world
    world.apply(world.plan())
    for _ in range(edits):
        done = [chance.edit() for _ in range(chance.random.randint(1, 3))]
        world.apply(world.plan())
        assert world.published() == world.from_scratch(), done
        assert _settled(world.plan()), done


@worlds
@given(st.integers(0, 2**32), st.integers(1, 6))
@example(3779, 2)  # a check changes of what reads, of an input that is rebuilt, nothing that changes
def test_selections_are_closed_and_what_they_leave_is_done_later(
    make_chance: MakeChance, seed: int, edits: int
) -> None:
    chance = make_chance(seed)
    world = chance.world
    if chance.random.random() < 0.5:
        world.apply(world.plan())
    for _ in range(edits):
        chance.edit()
        whole = {action.address: action for action in world.plan().actions}
        part = world.plan(*chance.selection())
        chosen = {action.address for action in part.actions}
        for action in part.actions:
            if action.verb == "recheck":
                continue  # it looks at what is published, whatever its inputs come to
            needs = {read.address for read in part.assets[action.address].inputs}
            assert all(read in chosen for read in needs if read in whole and whole[read].verb != "recheck")
        world.apply(part)
    world.apply(world.plan())
    assert world.published() == world.from_scratch()
    assert _settled(world.plan())


@worlds
@given(seed=st.integers(0, 2**32))
def test_the_same_inputs_give_the_same_plan_and_it_survives_saving(
    make_chance: MakeChance, tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    chance = make_chance(seed)
    world = chance.world
    world.apply(world.plan())
    chance.edit()
    plan = world.plan()
    assert plan == world.plan()
    file = tmp_path_factory.mktemp("plans") / "a.vpplan"
    save_plan(plan, file)
    assert load_plan(file) == plan
    _is_portable(file)


@worlds
@given(seed=st.integers(0, 2**32))
def test_components_part_the_actions_and_hold_readers_together(make_chance: MakeChance, seed: int) -> None:
    chance = make_chance(seed)
    world = chance.world
    if chance.random.random() < 0.7:
        world.apply(world.plan())
    chance.edit()
    plan = world.plan()
    component = {action.address: action.component for action in plan.actions}
    assert sorted(set(component.values())) == list(range(len(set(component.values()))))
    order = {action.address: position for position, action in enumerate(plan.actions)}
    for action in plan.actions:
        assert all(component[before] == action.component for before in action.after)
        assert all(order[before] < order[action.address] for before in action.after)
        assert action.address not in action.reaches


def _settled(plan: Plan) -> bool:
    """No action but of assets that ask to be rebuilt every time, and of their readers."""
    always = {action.address for action in plan.actions if any(reason.code == "always" for reason in action.reasons)}
    follow = set(always)
    for action in plan.actions:
        if follow & {*action.after, *plan.assets[action.address].check_inputs}:
            follow.add(action.address)
    return all(action.address in follow for action in plan.actions)


def _is_portable(file: Path) -> None:
    assert str(Path.cwd()) not in file.read_text(encoding="utf-8")
