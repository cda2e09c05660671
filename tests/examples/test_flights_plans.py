"""What `vp plan` says of the applied flights example after an edit: exactly what is reached, and nothing else."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Vp = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def actions(editable_flights: Path, vp: Vp) -> Callable[..., dict[str, Any]]:
    """The actions of a plan of the edited example, by address."""

    def plan(*arguments: str) -> dict[str, Any]:
        done = vp(editable_flights, "plan", "--json", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return {action["address"]: action for action in json.loads(done.stdout)["actions"]}

    return plan


def edit(root: Path, file: str, before: str, after: str) -> None:
    path = root / file
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


def test_the_second_plan_is_empty(editable_flights: Path, vp: Vp) -> None:
    assert vp(editable_flights, "plan", "--detailed-exitcode").returncode == 0


def test_reformatting_queries_and_code_plans_nothing(editable_flights: Path, actions) -> None:
    for path in editable_flights.glob("pipelines/*.vp.toml"):
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"^select$", "SELECT -- all of these", text, flags=re.MULTILINE)
        text = text.replace("\nfrom ", "\n\n     FROM   ").replace("group by", "GROUP   BY")
        path.write_text(text, encoding="utf-8")
    edit(editable_flights, "sql/airlines.sql", "with totals as (", "/* per airline */ with TOTALS as\n(")
    edit(
        editable_flights,
        "analysis/seasons.py",
        "    schema = pa.schema(",
        "    # Types are declared.\n\n    schema = pa.schema(",
    )
    assert actions() == {}


def test_editing_one_column_names_exactly_the_assets_that_read_it(editable_flights: Path, actions) -> None:
    edit(
        editable_flights, "pipelines/reporting.vp.toml", "cast(avg(dep_delay) as", "cast(avg(greatest(dep_delay, 0)) as"
    )
    planned = actions()
    # `monthly_departures` reads `daily` too, but not this column.
    assert planned.keys() == {"reporting.daily", "reporting.seasons", "reporting.seasons_in_words"}
    assert planned["reporting.daily"]["columns"] == [
        {"name": "mean_delay", "change": "expression", "before": "DECIMAL(6,2)", "after": "DECIMAL(6,2)"}
    ]
    (condition,) = planned["reporting.seasons"]["conditions"]
    assert condition["input"] == "reporting.daily"
    assert "mean_delay" in condition["columns"]


def test_a_column_that_nobody_reads_reaches_nobody(editable_flights: Path, actions) -> None:
    edit(editable_flights, "pipelines/flights.vp.toml", "    air_time,\n", "    air_time,\n    sched_arr_time,\n")
    planned = actions()
    # The view passes on all columns of `departures`; what reads the view does not use this one, and is looked at only.
    assert planned.keys() <= {"flights.departures", "flights.flown", "reporting.routes"}
    assert planned["flights.departures"]["verb"] == "rebuild"
    assert all(action["expected"] == "keep" for address, action in planned.items() if address == "reporting.routes")


def test_a_new_file_rebuilds_its_source_and_says_so(editable_flights: Path, actions) -> None:
    source = editable_flights / "data" / "flights" / "2013-12.parquet"
    (source.parent / "2013-12-late.parquet").write_bytes(source.read_bytes())
    planned = actions()
    assert [reason["code"] for reason in planned["raw.flights"]["reasons"]] == ["source_files"]
    assert "raw.weather" not in planned


def test_a_touched_file_plans_nothing(editable_flights: Path, actions) -> None:
    for path in editable_flights.glob("data/**/*.*"):
        path.touch()
    assert actions() == {}


def test_another_environment_points_to_what_exists(actions) -> None:
    planned = actions("--env", "strict")
    assert planned["raw.flights"]["verb"] == "repoint"
    # `late_after` differs there, so what uses it differs.
    assert planned["flights.departures"]["verb"] == "create"
    assert planned["flights.weather"]["verb"] == "repoint"


def test_another_value_of_a_variable_reaches_the_column_that_names_it_and_its_readers(
    editable_flights: Path, actions
) -> None:
    edit(editable_flights, "vp.toml", "default = 15", "default = 10")
    planned = actions()
    assert [column["name"] for column in planned["flights.departures"]["columns"]] == ["late"]
    # The weather, the rotations and the fleet are made from `departures` too, but not from what counts as late.
    assert planned.keys() == {
        "flights.departures",
        "flights.flown",
        "monthly.punctuality",
        "monthly.best_months",
        "reporting.airlines",
        "reporting.daily",
    }
    assert planned["flights.departures"]["reaches"] == [
        address for address in planned if address != "flights.departures"
    ]
