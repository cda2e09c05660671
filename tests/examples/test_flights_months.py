"""The story of `monthly.punctuality`: a backfill, a late correction, a promotion, an undo."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from tests.examples.conftest import copy_example

from vibepiper_interpreter.state import open_state
from vibepiper_interpreter.storage.version import Version, version_of_part
from vibepiper_spec import load_project
from vibepiper_spec.address import Address

Vp = Callable[..., "subprocess.CompletedProcess[str]"]
Table = dict[tuple[date, str], tuple[int, int]]

PUNCTUALITY = Address("monthly", "punctuality")
MARCH = "data/flights/2013-03.parquet"


@pytest.fixture(scope="module")
def half_a_year(tmp_path_factory: pytest.TempPathFactory, vp: Vp) -> Path:
    """The example, with the months up to July."""
    root = copy_example("flights", tmp_path_factory.mktemp("months") / "flights")
    do(vp, root, "apply", "--yes", "--to", "2013-07-01", "monthly.best_months")
    return root


def do(vp: Vp, root: Path, *arguments: str) -> str:
    done = vp(root, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def shown(vp: Vp, root: Path, environment: str = "dev") -> Table:
    query = "select month, carrier, departures, late_departures from monthly.punctuality"
    rows = json.loads(do(vp, root, "query", query, "--env", environment, "--format", "json"))
    return {
        (date.fromisoformat(row["month"]), row["carrier"]): (row["departures"], row["late_departures"]) for row in rows
    }


def counted(root: Path) -> Table:
    """The same from the files, by Arrow and plain Python, without any SQL."""
    departures: Counter[tuple[date, str]] = Counter()
    late: Counter[tuple[date, str]] = Counter()
    for file in sorted((root / "data" / "flights").glob("*.parquet")):
        flown = pq.read_table(file).filter(pc.is_valid(pc.field("dep_time")))
        for month, carrier, delay in zip(
            *(flown[name].to_pylist() for name in ("month", "carrier", "arr_delay")), strict=True
        ):
            key = (date(2013, month, 1), carrier)
            departures[key] += 1
            late[key] += delay is None or delay >= 15
    return {key: (departures[key], late[key]) for key in departures}


def published(root: Path, environment: str = "dev") -> Version:
    with open_state(root, load_project(root).project.settings) as state:
        version_id = state.pointers(environment)[PUNCTUALITY].version_id
        return state.versions([version_id])[version_id]


def deliver_anew(file: Path) -> None:
    """A correction of March: every flight of United on the fifth was late."""
    table = pq.read_table(file)
    corrected = pc.and_(pc.equal(table["carrier"], "UA"), pc.equal(table["day"], 5))
    index = table.schema.get_field_index("arr_delay")
    delays = pc.if_else(corrected, pa.scalar(90, table.schema.field(index).type), table["arr_delay"])
    pq.write_table(table.set_column(index, table.schema.field(index), delays), file)


def test_the_story(half_a_year: Path, vp: Vp) -> None:
    root = half_a_year
    truth = counted(root)
    assert shown(vp, root) == {key: value for key, value in truth.items() if key[0] < date(2013, 7, 1)}

    # The backfill: six months are missing, and only those are built.
    planned = do(vp, root, "plan", "monthly.punctuality")
    assert "6 months" in planned
    before = published(root)
    do(vp, root, "apply", "--yes", "monthly.best_months")
    after = published(root)
    assert shown(vp, root) == truth
    assert {part.path for part in before.parts} <= {part.path for part in after.parts}
    assert do(vp, root, "plan", "monthly.best_months").startswith("No changes.")

    # Prod shows what was looked at, and nothing is built for it.
    do(vp, root, "promote", "dev", "prod", "--yes", "monthly.best_months")
    assert published(root, "prod").id == after.id

    # The late correction: March alone is built anew.
    deliver_anew(root / MARCH)
    do(vp, root, "apply", "--yes", "monthly.best_months")
    corrected = published(root)
    new = [part for part in corrected.parts if version_of_part(part) == corrected.id]
    assert [(each.start.month, each.end.month) for part in new for each in part.ranges] == [(3, 4)]
    changed = shown(vp, root)
    assert changed == counted(root)
    assert {key for key in truth if changed[key] != truth[key]} == {(date(2013, 3, 1), "UA")}

    # Prod follows by a promotion, and goes back by an undo.
    assert shown(vp, root, "prod") == truth
    do(vp, root, "promote", "dev", "prod", "--yes", "monthly.best_months")
    assert shown(vp, root, "prod") == changed
    do(vp, root, "undo", "--env", "prod", "--yes")
    assert shown(vp, root, "prod") == truth
    assert shown(vp, root) == changed
