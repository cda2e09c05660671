"""What a plan says of one change: which assets, why, on which condition, and what it reaches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from vibepiper_interpreter.plan.plan import Action, ColumnChange, Condition, Plan
from vibepiper_interpreter.state import Audit, Batch
from vibepiper_spec.address import Address

Value = Callable[..., Any]


def at(name: str) -> Address:
    return Address("shop", name)


def actions(plan: Plan) -> dict[str, Action]:
    return {action.address.name: action for action in plan.actions}


def words(action: Action) -> list[str]:
    return [reason.words for reason in action.reasons]


def test_the_first_plan_creates_everything_inputs_first(world: Any) -> None:
    plan = world.plan()
    assert [action.address.name for action in plan.actions] == [
        "orders",
        "rates",
        "priced",
        "revenue",
        "counted",
        "ids",
        "report",
    ]
    assert {action.verb for action in plan.actions} == {"create"}
    assert {action.component for action in plan.actions} == {0}
    assert actions(plan)["report"].after == (at("revenue"), at("ids"))
    assert words(actions(plan)["orders"]) == ["it is not published in `dev` yet"]


def test_after_an_apply_nothing_is_left_to_do(world: Any) -> None:
    world.apply(world.plan())
    plan = world.plan()
    assert plan.empty
    assert plan.unchanged == 7


def test_one_column_reaches_its_readers_and_nobody_else(world: Any, value: Value) -> None:
    world.apply(world.plan())
    columns = world.specs["priced"].columns
    world.edit("priced", columns={**columns, "price": value(22, "orders.amount", "rates.rate")})
    plan = world.plan()
    priced = actions(plan)["priced"]
    assert priced.verb == "rebuild"
    assert words(priced) == ["`price` changed: expression"]
    assert priced.column_changes == (ColumnChange("price", "expression", "BIGINT", "BIGINT"),)
    assert priced.reaches == (at("revenue"), at("report"))
    # `ids` and `counted` read nothing of it, and are proven to stay right.
    assert set(actions(plan)) == {"priced", "revenue", "report"}
    assert priced.carries == (at("counted"), at("ids"))
    world.apply(plan)
    assert world.made == ["priced", "revenue", "report"]
    assert world.plan().empty


def test_a_reader_of_a_volatile_asset_waits_for_its_content(world: Any, value: Value) -> None:
    world.edit("priced", proven=False)
    world.apply(world.plan())
    world.edit("priced", columns={**world.specs["priced"].columns, "price": value(22, "orders.amount")})
    plan = actions(world.plan())
    confirmed = world.state.pointers("dev")[at("priced")].version_id
    assert plan["ids"].conditions == (Condition(at("priced"), ("id",), confirmed),)
    assert plan["ids"].expected == "keep"
    assert plan["revenue"].expected == "run"
    assert plan["report"].expected == "run"
    assert plan["counted"].conditions == (Condition(at("priced"), (), confirmed),)
    world.apply(world.plan())
    assert world.made == ["priced", "revenue", "report"]


def test_a_filter_reaches_every_reader(world: Any, value: Value) -> None:
    world.apply(world.plan())
    world.edit("priced", where=value(1, "orders.id"))
    priced = actions(world.plan())["priced"]
    assert words(priced) == ["its query changed around the columns: a filter, join, grouping or order"]
    assert priced.column_changes == ()
    assert priced.reaches == (at("revenue"), at("counted"), at("ids"), at("report"))


def test_new_columns_reach_nobody(world: Any, value: Value) -> None:
    world.apply(world.plan())
    world.edit("priced", columns={**world.specs["priced"].columns, "tax": value(9, "rates.rate")})
    plan = world.plan()
    assert set(actions(plan)) == {"priced"}
    assert words(actions(plan)["priced"]) == ["`tax` added"]
    assert actions(plan)["priced"].column_changes == (ColumnChange("tax", "added", None, "BIGINT"),)
    world.apply(plan)
    assert world.plan().empty


def test_new_data_stops_where_it_comes_out_equal(world: Any) -> None:
    world.apply(world.plan())
    orders = world.files["orders"]
    world.files["orders"] = replace(orders, columns={**orders.columns, "note": 0})
    plan = world.plan()
    assert words(actions(plan)["orders"]) == ["1 file is changed (`data/orders.csv`)"]
    assert words(actions(plan)["priced"]) == ["input `shop.orders` has new data"]
    assert actions(plan)["orders"].reaches == tuple(
        at(name) for name in ("priced", "revenue", "counted", "ids", "report")
    )
    world.apply(plan)
    assert world.made == ["orders", "priced"]  # only `note` differed, and no reader of `priced` uses it
    assert world.plan().empty


def test_what_was_made_before_is_only_pointed_to(world: Any, value: Value) -> None:
    world.apply(world.plan())
    before = world.specs["priced"]
    world.edit("priced", columns={**before.columns, "price": value(22, "orders.amount")})
    world.apply(world.plan())
    world.specs["priced"] = before
    plan = world.plan()
    assert {action.address.name: action.verb for action in plan.actions} == {
        "priced": "repoint",
        "revenue": "repoint",
        "report": "repoint",
    }
    assert all(action.version_id and not action.conditions for action in plan.actions)
    assert words(actions(plan)["report"])[-1].startswith("the same was made already, on 2026-01-01")
    world.apply(plan)
    assert world.made == []
    assert world.published() == world.from_scratch()


def test_a_version_that_failed_its_checks_is_made_again_if_it_may_come_out_better(world: Any) -> None:
    """As a Python asset would be that calls a service."""
    del world.specs["report"]
    world.edit("revenue", checks=("positive",), opaque=True)
    revenue = world.specs["revenue"]
    plan = world.plan()
    world.apply(plan)
    version_id = world.state.pointers("dev")[at("revenue")].version_id
    del world.specs["revenue"]
    world.apply(world.plan())
    world.specs["revenue"] = revenue
    assert world.verbs() == {"revenue": "repoint"}
    checks = plan.assets[at("revenue")].checks_fingerprint
    world.state.record(Batch("r", audits=(Audit(version_id, checks, False, "r", world.clock),)))
    assert world.verbs() == {"revenue": "create"}


def test_a_view_is_repointed_when_what_it_shows_moves(world: Any) -> None:
    world.edit("revenue", build="view")
    world.apply(world.plan())
    world.files["rates"] = replace(world.files["rates"], columns={"rate": 5})
    plan = actions(world.plan())
    assert plan["revenue"].verb == "repoint"
    assert plan["revenue"].version_id is None
    assert plan["revenue"].conditions
    world.apply(world.plan())
    assert world.published() == world.from_scratch()


def test_a_table_that_becomes_a_view_is_rebuilt_and_reaches_nobody(world: Any) -> None:
    world.apply(world.plan())
    world.edit("revenue", build="view")
    plan = world.plan()
    assert words(actions(plan)["revenue"]) == ["it was a table and is now a view"]
    assert set(actions(plan)) == {"revenue"}
    assert actions(plan)["revenue"].carries == (at("report"),)


def test_a_lost_snapshot_is_made_again_and_its_readers_stay(world: Any) -> None:
    world.apply(world.plan())
    world.lost.add(world.state.pointers("dev")[at("priced")].version_id)
    plan = world.plan()
    assert set(actions(plan)) == {"priced"}
    assert words(actions(plan)["priced"]) == ["its files are no longer in the storage, or not whole"]
    assert actions(plan)["priced"].reaches == ()
    world.apply(plan)
    assert world.plan().empty


def test_a_view_of_a_lost_snapshot_is_repointed(world: Any) -> None:
    world.edit("revenue", build="view")
    world.apply(world.plan())
    world.lost.add(world.state.pointers("dev")[at("priced")].version_id)
    plan = world.plan()
    assert {name: action.verb for name, action in actions(plan).items()} == {"priced": "rebuild", "revenue": "repoint"}
    world.apply(plan)
    assert world.published() == world.from_scratch()


def test_what_left_the_specs_is_removed(world: Any) -> None:
    world.apply(world.plan())
    del world.specs["report"]
    plan = world.plan()
    (action,) = plan.actions
    assert (action.verb, words(action)) == ("remove", ["no spec declares it any more"])
    assert plan.assets[at("report")].columns
    world.apply(plan)
    assert "report" not in world.published()
    assert world.plan().empty


def test_changed_checks_run_on_what_is_published(world: Any) -> None:
    world.apply(world.plan())
    world.edit("revenue", checks=("positive",))
    plan = world.plan()
    (action,) = plan.actions
    assert (action.verb, action.checks) == ("recheck", ("positive",))
    assert words(action) == ["its checks have not run on it yet"]
    world.apply(plan)
    assert world.plan().empty
    world.edit("revenue", checks=("positive", "small"))
    assert words(world.plan().actions[0]) == ["its checks changed"]


def test_checks_run_on_what_is_kept_when_they_changed_too(world: Any) -> None:
    world.apply(world.plan())
    world.edit("ids", checks=("unique",))
    orders = world.files["orders"]
    world.files["orders"] = replace(orders, columns={**orders.columns, "note": 0})
    action = actions(world.plan())["ids"]
    assert (action.verb, action.checks, action.checks_if_kept) == ("rebuild", ("unique",), ("unique",))
    world.apply(world.plan())
    assert "ids" not in world.made
    assert world.plan().empty


def test_checks_that_read_another_asset_run_again_when_it_moves(world: Any) -> None:
    world.edit("ids", checks=("known",), references=("rates",))
    world.apply(world.plan())
    assert world.plan().empty
    world.files["rates"] = replace(world.files["rates"], columns={"rate": 5})
    action = actions(world.plan("rates", "ids"))["ids"]
    assert at("rates") in action.after
    world.apply(world.plan())
    assert world.plan().empty


def test_rebuild_always_always_does_and_content_decides_for_readers(world: Any) -> None:
    world.edit("revenue", always=True, proven=False)
    world.apply(world.plan())
    plan = world.plan()
    assert {name: action.expected for name, action in actions(plan).items()} == {"revenue": "run", "report": "run"}
    world.apply(plan)
    assert world.made == ["revenue"]


def test_history_predicts_rows_and_seconds(world: Any) -> None:
    world.apply(world.plan())
    world.edit("revenue", where=replace(world.specs["revenue"].where, seed=3))
    estimate = actions(world.plan())["revenue"].estimate
    assert estimate is not None
    assert (estimate.rows, estimate.bytes, estimate.seconds) == (10, 100, 0.5)


def test_separate_changes_publish_separately(world: Any, value: Value) -> None:
    world.apply(world.plan())
    world.edit("ids", columns={"id": value(50, "priced.id"), "more": value(51, "priced.id")})
    world.edit("counted", columns={"n": replace(world.specs["counted"].columns["n"], seed=60)})
    component = {name: action.component for name, action in actions(world.plan()).items()}
    assert component["ids"] == component["report"]
    assert component["ids"] != component["counted"]


def test_a_pipeline_can_publish_each_asset_alone(world: Any) -> None:
    world.separate = True
    plan = world.plan()
    assert sorted(action.component for action in plan.actions) == list(range(7))


def test_pointers_tell_the_inputs_that_stay(world: Any, value: Value) -> None:
    world.apply(world.plan())
    world.edit("revenue", where=replace(world.specs["revenue"].where, seed=3))
    plan = world.plan("revenue")
    assert plan.pointers == {at("priced"): world.state.pointers("dev")[at("priced")].version_id}
