"""A saved plan is what was shown, or is refused with what has moved."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from vibepiper_interpreter.engines.duckdb.session import ENGINE_VERSION
from vibepiper_interpreter.plan import engine_version, load_plan, save_plan, verify_plan
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError


def refusal(action: Any) -> Diagnostic:
    with pytest.raises(DiagnosticError) as caught:
        action()
    return caught.value.diagnostics[0]


def verify(world: Any, plan: Any, engine: str = ENGINE_VERSION) -> None:
    compiled = world.compiled()
    verify_plan(plan, compiled.digest, world.state, engine, world.source_files, compiled=compiled)


def test_it_comes_back_as_it_was(world: Any, tmp_path: Path) -> None:
    plan = replace(world.plan(), variables={"since": date(2026, 1, 1), "rate": Decimal("0.1"), "list": (1, None)})
    save_plan(plan, tmp_path / "a.vpplan")
    assert load_plan(tmp_path / "a.vpplan") == plan
    assert [path.name for path in tmp_path.iterdir()] == ["a.vpplan"]


def test_it_is_applied_if_nothing_has_moved(world: Any) -> None:
    plan = world.plan()
    verify(world, plan)
    assert engine_version() == ENGINE_VERSION


def test_it_is_refused_with_all_that_has_moved(world: Any, tmp_path: Path) -> None:
    save_plan(world.plan(), tmp_path / "a.vpplan")
    plan = load_plan(tmp_path / "a.vpplan")
    world.apply(world.plan("revenue"))
    world.edit("ids", where=replace(world.specs["ids"].where, seed=9))
    world.files["orders"] = replace(world.files["orders"], rows=2)
    diagnostic = refusal(lambda: verify(world, plan, "duckdb 9.9"))
    assert diagnostic.code == "VP701"
    assert diagnostic.notes == (
        "Environment `dev` has been published since: it stands at serial 1, the plan was made at 0.",
        "The specs, or the SQL or Python they name, have changed: `shop.ids`.",
        f"It was made for {ENGINE_VERSION}, and duckdb 9.9 is installed.",
        "Files of `shop.orders` have changed: `data/orders.csv`.",
    )


def test_it_is_refused_with_another_state(world: Any) -> None:
    plan = replace(world.plan(), state_id="another")
    assert refusal(lambda: verify(world, plan)).notes == (
        "It was made with another state, where other things are published.",
    )


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is not a plan that `vp plan --out` saved"),
        (b"hello\n", "is not a plan that `vp plan --out` saved"),
        (b"[1]\n{}", "is not a plan that `vp plan --out` saved"),
        (b"\xff\xfe", "cannot be read: it is not text"),
        (
            b'{"kind":"vibepiper plan","format":99,"sha256":""}\n{}',
            "was saved by another version of VibePiper (format 99, ",
        ),
        (b'{"kind":"vibepiper plan","format":6,"sha256":""}\n{}', "is damaged, or was edited by hand"),
    ],
)
def test_a_file_that_is_no_plan_is_told(tmp_path: Path, content: bytes, why: str) -> None:
    file = tmp_path / "a.vpplan"
    file.write_bytes(content)
    diagnostic = refusal(lambda: load_plan(file))
    assert diagnostic.code == "VP702"
    assert why in diagnostic.detail


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    diagnostic = refusal(lambda: load_plan(tmp_path / "none.vpplan"))
    assert (diagnostic.code, diagnostic.detail) == (
        "VP702",
        "There is no plan file `none.vpplan`.",
    )


def test_an_edit_by_hand_is_found(world: Any, tmp_path: Path) -> None:
    file = tmp_path / "a.vpplan"
    save_plan(world.plan(), file)
    file.write_text(file.read_text().replace('"create"', '"remove"', 1))
    assert refusal(lambda: load_plan(file)).code == "VP702"


def test_it_holds_no_path_of_this_machine(world: Any, tmp_path: Path) -> None:
    file = tmp_path / "a.vpplan"
    world.apply(world.plan("revenue"))
    save_plan(world.plan(), file)
    head, body = file.read_text().splitlines()
    assert json.loads(head)["kind"] == "vibepiper plan"
    assert str(tmp_path) not in body
    assert str(Path.home()) + "/" not in body
