"""The state tells where pointers stood at earlier times, and keeps what going back there needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.state import Batch, Pointer, State
from vibepiper_interpreter.storage.version import InputVersion, Version
from vibepiper_spec.address import Address

MakeVersion = Callable[..., Version]
AGES = timedelta(days=10_000)


def publish(state: State, plan: Plan, environment: str, *versions: Version, dropped: tuple[str, ...] = ()) -> str:
    """Record `versions`, where they are new, and point to them, in a run of their own."""
    run_id = state.begin_run(replace(plan, environment=environment), "a test")
    known = state.versions(version.id for version in versions)
    state.record(Batch(run_id, versions=tuple(version for version in versions if version.id not in known)))
    changes: dict[Address, Pointer | None] = {each.address: Pointer(each.id, each.inputs) for each in versions}
    changes |= {Address("shop", name): None for name in dropped}
    with state.take_lease(environment, "a test") as lease:
        state.publish(lease, state.serial(environment), changes, run_id)
    return run_id


def test_pointers_at_every_serial_with_the_inputs_of_then(state: State, make_version: MakeVersion, plan: Plan) -> None:
    orders, sums = make_version("orders"), make_version("sums", ("orders", "v0001"))
    newer = make_version("orders")
    first = publish(state, plan, "dev", orders)
    second = publish(state, plan, "dev", sums)
    third = publish(state, plan, "dev", newer, dropped=("sums",))
    publish(state, plan, "prod", newer)
    at = [state.pointers_at("dev", serial) for serial in range(4)]
    assert at[0] == {}
    assert at[1] == {orders.address: Pointer(orders.id, ())}
    assert at[2][sums.address] == Pointer(sums.id, (InputVersion(orders.address, orders.id),))
    assert at[3] == state.pointers("dev") == {orders.address: Pointer(newer.id, ())}
    assert [(move.run_id, move.serial) for move in state.moves_since("dev", 0)] == [(third, 3), (second, 2), (first, 1)]
    assert [move.run_id for move in state.moves_since("dev", 2)] == [third]
    times = {move.serial: move.at for move in state.moves_since("dev", 0)}
    assert [state.serial_at("dev", times[serial]) for serial in (1, 2, 3)] == [1, 2, 3]
    assert state.serial_at("dev", times[1] - timedelta(microseconds=1)) == 0
    assert state.serial_at("dev", datetime.now(UTC) + AGES) == 3
    assert state.serial_at("other", datetime.now(UTC)) == 0


def test_what_was_shown_within_the_horizon_is_kept(state: State, make_version: MakeVersion, plan: Plan) -> None:
    never, old, view_input = make_version("orders"), make_version("orders"), make_version("rates")
    view = make_version("shown", ("rates", view_input.id))
    view = replace(view, asset=replace(view.asset, build="view"), parts=())
    new, new_view = make_version("orders"), make_version("shown")
    publish(state, plan, "dev", old, view_input, view)
    state.record(Batch("r1", versions=(never,)))
    publish(state, plan, "dev", new, new_view, dropped=("rates",))

    def unreferenced(horizon: timedelta) -> set[str]:
        return {version.id for version in state.unreferenced_versions(timedelta(0), horizon)}

    assert unreferenced(timedelta(0)) == {never.id, old.id, view.id, view_input.id}
    assert unreferenced(AGES) == {never.id}
    # Replaced just now, so a horizon of an hour holds it too, however old it is.
    assert unreferenced(timedelta(hours=1)) == {never.id}


def test_what_other_environments_show_by_what_it_is_right_for(
    state: State, make_version: MakeVersion, plan: Plan
) -> None:
    sums = make_version("sums", ("orders", "v9"))
    publish(state, plan, "prod", sums)
    [(confirmed, version_id)] = state.confirmed_elsewhere("dev").items()
    assert version_id == sums.id
    assert (confirmed.address, confirmed.fingerprint, confirmed.build) == (
        sums.address,
        sums.asset.fingerprint,
        "table",
    )
    assert type(confirmed).of(sums.asset, sums.inputs) == confirmed
    assert type(confirmed).of(sums.asset, ()) != confirmed
    assert state.confirmed_elsewhere("prod") == {}
