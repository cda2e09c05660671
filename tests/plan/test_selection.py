"""Which assets a selection names, and what it takes along."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from vibepiper_interpreter.plan.selection import select
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import DiagnosticError

ALL = "orders rates priced counted ids revenue report"


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ("revenue", "revenue"),
        ("REVENUE", "revenue"),
        ("shop.revenue", "revenue"),
        ("revenue+", "revenue report"),
        ("+revenue", "orders rates priced revenue"),
        ("+ids+", "orders rates priced ids report"),
        ("re*", "revenue report"),
        ("shop.*s", "orders rates ids"),
        ("r?tes counted", "rates counted"),
        ("pipeline:shop", ALL),
        ("pipeline:s*", ALL),
        ("tag:daily", "revenue ids"),
        ("tag:daily+", "revenue ids report"),
        ("gone", "gone"),
    ],
)
def test_words_name_assets(world: Any, selection: str, expected: str) -> None:
    for name in ("revenue", "ids"):
        world.edit(name, tags=("Daily",))
    found = select(world.compiled(), [Address("shop", "gone")], selection.split())
    assert {address.name for address in found} == set(expected.split()) | (
        {"gone"} if "pipeline" in selection else set()
    )


@pytest.mark.parametrize(
    ("written", "detail"),
    [
        ("revenu", "No asset has the name `revenu`, which `revenu` selects. Did you mean `revenue`?"),
        ("+shop.idz+", "No asset has the name `shop.idz`, which `+shop.idz+` selects. Did you mean `shop.ids`?"),
        ("tag:dayly", "No asset has the tag `dayly`, which `tag:dayly` selects. Did you mean `daily`?"),
        ("pipeline:shp", "No pipeline has the name `shp`, which `pipeline:shp` selects. Did you mean `shop`?"),
        ("", "No asset has the name ``, which `` selects."),
    ],
)
def test_what_names_nothing_is_told_with_the_nearest(world: Any, written: str, detail: str) -> None:
    world.edit("revenue", tags=("daily",))
    with pytest.raises(DiagnosticError) as caught:
        world.plan(written)
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.code, diagnostic.detail) == ("VP207", detail)


def test_all_mistakes_are_told_at_once(world: Any) -> None:
    with pytest.raises(DiagnosticError) as caught:
        world.plan("nothing", "revenue", "tag:nobody")
    assert [diagnostic.code for diagnostic in caught.value.diagnostics] == ["VP207", "VP207"]


def test_what_the_selected_need_is_added_with_its_reason(world: Any) -> None:
    plan = world.plan("revenue")
    assert [action.address.name for action in plan.actions] == ["orders", "rates", "priced", "revenue"]
    assert plan.actions[2].reasons[-1].words == "`shop.revenue` needs it"
    assert plan.selection == ("revenue",)
    assert plan.unchanged == 0


def test_what_nobody_selected_waits(world: Any) -> None:
    world.apply(world.plan())
    world.files["orders"] = replace(world.files["orders"], rows=2)
    world.apply(world.plan("revenue"))
    assert world.made == ["orders", "priced", "revenue"]
    left = world.plan()
    assert {action.address.name for action in left.actions} == {"counted", "ids", "report"}
    assert left.actions[0].reasons[0].words == "input `shop.priced` has moved on since it was made"
    world.apply(left)
    assert world.published() == world.from_scratch()


def test_a_removed_asset_stays_unless_it_is_named(world: Any) -> None:
    world.apply(world.plan())
    del world.specs["report"]
    assert world.plan("revenue").empty
    assert world.plan("revenue").unchanged == 1
    assert [action.verb for action in world.plan("report").actions] == ["remove"]
