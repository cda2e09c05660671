"""What was predicted stands beside what it took: after an apply, and in the run's record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Vp


def test_predicted_and_actual(vp: Vp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert vp("new", "shop").status == 0
    monkeypatch.chdir(tmp_path / "shop")
    first = vp("apply", "--yes")
    assert "Predicted" not in first.err
    orders = tmp_path / "shop" / "data" / "orders.csv"
    for day in (1, 2):
        with orders.open("a") as file:
            file.write(f"9{day},Ada,2024-03-0{day},5.00,paid\n")
        seen = vp("apply", "--yes", "--json")
        assert " of work; it took " in seen.err.splitlines()[-1]
    (*_, task) = json.loads(seen.out)["tasks"]
    predicted = task["predicted"]
    assert predicted["seconds_low"] <= predicted["seconds"] <= predicted["seconds_high"]
    run = json.loads(seen.out)["run"]
    told = json.loads(vp("runs", "show", run, "--json").out)
    assert {each["address"]: each["predicted"] for each in told["tasks"]}[task["address"]] == predicted
    assert vp("runs", "show", run).out.count("predicted ") == 3
