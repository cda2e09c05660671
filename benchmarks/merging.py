"""A few rows merged into a large table: what a delta beside it costs, and what writing it anew would."""

from __future__ import annotations

import shutil
import sys
from itertools import count
from pathlib import Path

import duckdb

from benchmarks.heavy import MEMORY, PARQUET, with_this_package, write_data
from benchmarks.measure import Command, measure, measure_in_turns, say, vp
from benchmarks.table import COST_HEADER, Table, cost_rows

ROWS = 20_000_000
SHARE = 10_000  # one row of so many comes again: 0.01 %

_PIPELINE = """[pipeline]
name = "{name}"

[source.file.events]
path = "data/events.parquet"
build = "view"

[sql.current]
query = "select id, user_id, happened_at, kind, amount from events"
build = {build}
"""


def run(folder: Path, rounds: int, rows: int = ROWS) -> list[Table]:
    write_data(folder / "heavy" / "data", rows)
    everything = folder / "heavy" / "data" / "events.parquet"
    merging = _project(folder / "merging", '{ mode = "merge", key = ["id"] }', everything)
    writing = _project(folder / "writing", '"table"', everything)
    coming, numbers = merging / "data" / "events.parquet", count(1)

    def come() -> None:
        """Other rows each time: three in four are changed, the others new."""
        write_changes(coming, next(numbers), rows)

    before = _rows(merging)
    costs = measure_in_turns(
        {
            "hand-written script that writes all rows": Command(
                [sys.executable, "-c", SCRIPT_CALL, everything, coming, writing / "written.parquet"],
                writing,
                environment=with_this_package(),
                before=come,
            ),
            "vp apply, all rows made anew": Command(
                vp("apply", "--yes"), writing, before=lambda: _edit(writing, next(numbers))
            ),
            "vp apply, merging": Command(vp("apply", "--yes"), merging),
            "vp apply, nothing changed": Command(vp("apply", "--yes"), merging),
        },
        rounds,
    )
    grown = _rows(merging) - before
    if grown != rounds * (rows // SHARE // 4):
        raise SystemExit(f"{grown} rows have come, not a fourth of {rounds} times {rows // SHARE}")
    return [
        Table(
            f"0.01 % merged into {rows / 1e6:.0f} million rows",
            f"{rows // SHARE:,} rows come for a table of {rows / 1e6:.0f} million, by its key, all over it: three in "
            "four change a row, the others are new. The script reads the table and what comes, and writes the result; "
            "`vp apply` starts, plans, and writes a delta, or, of the same table without a key, all rows.",
            COST_HEADER,
            cost_rows(costs, "vp apply, all rows made anew"),
        )
    ]


def _project(root: Path, build: str, everything: Path) -> Path:
    """A project whose one table holds all rows of the file."""
    shutil.rmtree(root, ignore_errors=True)
    (root / "data").mkdir(parents=True)
    (root / "vp.toml").write_text(
        f'[project]\nname = "{root.name}"\n\n[executor]\nworkers = 2\nmemory = "{MEMORY}"\n', encoding="utf-8"
    )
    (root / f"{root.name}.vp.toml").write_text(_PIPELINE.format(name=root.name, build=build), encoding="utf-8")
    shutil.copyfile(everything, root / "data" / "events.parquet")
    say(f"  building {root.name} once")
    measure(Command(vp("apply", "--yes"), root))
    return root


def _edit(root: Path, number: int) -> None:
    """Let the query mean something else, so that all rows have to be made anew."""
    specs = _PIPELINE.format(name=root.name, build='"table"').replace(
        "amount from", f"amount + {number} as amount from"
    )
    (root / f"{root.name}.vp.toml").write_text(specs, encoding="utf-8")


def write_changes(file: Path, number: int, rows: int) -> None:
    """The rows that come the time `number`: a fourth are new, the others are spread evenly, somewhat shaken."""
    changes = rows // SHARE
    new = changes // 4
    stretch = rows // (changes - new)
    connection = duckdb.connect()
    connection.execute(
        f"""copy (
            select
                cast(case
                    when i < {new} then {rows + number * new} + i
                    else (i - {new}) * {stretch} + hash(i, {number}) % {stretch}
                end as bigint) as id,
                i as user_id,
                timestamp '2025-01-01' + to_seconds(i) as happened_at,
                'changed' as kind,
                {number} as amount
            from range({changes}) as t(i)
        ) to '{file}' (format parquet, compression snappy)"""
    ).fetchall()
    connection.close()


def _rows(root: Path) -> int:
    with duckdb.connect(str(root / ".vp" / "warehouse.duckdb"), read_only=True) as connection:
        [(rows,)] = connection.execute("select count(*) from merging.current").fetchall()
    return int(rows)


SCRIPT_CALL = "import sys; from pathlib import Path; from benchmarks.merging import script; script(*sys.argv[1:])"


def script(everything: str, coming: str, result: str) -> None:
    """The hand-written side: every row that is not replaced, and all that come, into a new file."""
    connection = duckdb.connect(config={"threads": 2, "memory_limit": MEMORY})
    columns = "id, user_id, happened_at, kind, amount"
    connection.execute(
        f"copy (select {columns} from '{everything}' as kept anti join '{coming}' as came on kept.id = came.id "
        f"union all select {columns} from '{coming}') to '{result}' ({PARQUET})"
    ).fetchall()
