"""A chain over tens of millions of rows: what publishing safely costs where the engine has real work to do."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import duckdb

from benchmarks.measure import Command, measure_in_turns, say, vp
from benchmarks.table import COST_HEADER, Table, cost_rows

ROWS = 20_000_000
USERS = 1_000_000
MEMORY = "4GB"  # both sides
# What `vp` writes, for the hand-written sides.
PARQUET = "format parquet, parquet_version v2, compression snappy"

# In order; each reads what stands above it. Name, query, checks: columns never null, columns unique together.
STEPS: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "clean_events",
        """select id, user_id, happened_at, cast(happened_at as date) as day, kind, amount
from events
where amount > 0""",
        ("id", "user_id", "happened_at"),
        (),
    ),
    (
        "enriched",
        """select e.id, e.user_id, e.happened_at, e.day, e.kind, e.amount,
    u.country, u.segment, e.day - u.joined_on as tenure
from clean_events as e
join users as u on u.user_id = e.user_id""",
        ("id", "country"),
        (),
    ),
    (
        "with_history",
        """select id, user_id, day, country, segment, kind, amount,
    sum(amount) over earlier as spent_before,
    row_number() over (partition by user_id order by happened_at, id) as event_number
from enriched
window earlier as (partition by user_id order by happened_at, id rows between unbounded preceding and 1 preceding)""",
        ("id", "event_number"),
        (),
    ),
    (
        "user_days",
        """select user_id, day, country, segment, count(*) as events, cast(sum(amount) as bigint) as amount
from enriched
group by all""",
        ("user_id", "day"),
        (),
    ),
    (
        "country_days",
        """select country, day, count(distinct user_id) as users, cast(sum(amount) as bigint) as amount
from user_days
group by country, day""",
        ("country", "day"),
        ("country", "day"),
    ),
    (
        "trend",
        """select country, day, users, amount,
    cast(sum(amount) over four_weeks as bigint) as amount_28
from country_days
window four_weeks as (partition by country order by day rows between 27 preceding and current row)""",
        ("amount_28",),
        ("country", "day"),
    ),
    (
        "first_purchases",
        """select user_id, country, segment, day as first_day, amount as first_amount
from with_history
where event_number = 1""",
        ("first_day",),
        ("user_id",),
    ),
    (
        "cohorts",
        """select f.segment, date_trunc('month', f.first_day) as cohort, date_diff('month', f.first_day, d.day) as age,
    count(distinct d.user_id) as users, cast(sum(d.amount) as bigint) as amount
from user_days as d
join first_purchases as f on f.user_id = d.user_id
group by all""",
        ("cohort", "age"),
        ("segment", "cohort", "age"),
    ),
)


def run(folder: Path, rounds: int, rows: int = ROWS) -> list[Table]:
    root = folder / "heavy"
    write_data(root / "data", rows)
    write_project(root)

    def forget() -> None:
        for name in (".vp", "output"):
            shutil.rmtree(root / name, ignore_errors=True)

    costs = measure_in_turns(
        {
            "hand-written script": Command(
                [sys.executable, "-c", SCRIPT_CALL, root], root, environment=with_this_package(), before=forget
            ),
            "vp apply, first": Command(vp("apply", "--yes"), root, before=forget),
        },
        rounds,
    )
    return [
        Table(
            f"{rows / 1e6:.0f} million rows",
            f"Eight tables in a chain over {rows / 1e6:.0f} million events and {USERS / 1e6:.0f} million users: "
            f"filters, joins, two windows, aggregates; {MEMORY} of memory and two threads on both sides, the same "
            "checks, the same Parquet files.",
            COST_HEADER,
            cost_rows(costs, "hand-written script"),
        )
    ]


def write_data(folder: Path, rows: int) -> None:
    """The input files; kept from an earlier run where they are of the same size."""
    marker = folder / "rows"
    if marker.exists() and marker.read_text() == str(rows):
        return
    say(f"  writing {rows:,} rows")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    connection = duckdb.connect(config={"memory_limit": MEMORY, "threads": 2})
    connection.execute(
        f"""copy (
            select
                i as id,
                cast(hash(i) % {USERS} as bigint) as user_id,
                timestamp '2023-01-01' + to_seconds(cast(hash(i, 1) % (730 * 86400) as bigint)) as happened_at,
                ['view', 'cart', 'buy', 'return'][cast(hash(i, 2) % 4 + 1 as bigint)] as kind,
                cast(hash(i, 3) % 10000 as integer) - 100 as amount
            from range({rows}) as t(i)
        ) to '{folder}/events.parquet' (format parquet, compression snappy)"""
    ).fetchall()
    connection.execute(
        f"""copy (
            select
                i as user_id,
                ['DE', 'FR', 'PL', 'ES', 'IT', 'SE', 'NL', 'PT'][cast(hash(i, 4) % 8 + 1 as bigint)] as country,
                ['a', 'b', 'c'][cast(hash(i, 5) % 3 + 1 as bigint)] as segment,
                date '2020-01-01' + cast(hash(i, 6) % 1000 as integer) as joined_on
            from range({USERS}) as t(i)
        ) to '{folder}/users.parquet' (format parquet, compression snappy)"""
    ).fetchall()
    connection.close()
    marker.write_text(str(rows))


def write_project(root: Path) -> None:
    blocks = ['[pipeline]\nname = "heavy"\n']
    for name in ("events", "users"):
        blocks.append(f'[source.file.{name}]\npath = "data/{name}.parquet"\nbuild = "view"\n')
    for name, query, never_null, unique in STEPS:
        block = f"[sql.{name}]\nquery = '''\n{query}\n'''\n"
        block += "".join(f'columns.{column}.checks = ["not_null"]\n' for column in never_null)
        if unique:
            block += f"checks = [{{ unique = {list(unique)} }}]\n".replace("'", '"')
        blocks.append(block)
    (root / "vp.toml").write_text(
        f'[project]\nname = "heavy"\n\n[executor]\nworkers = 2\nmemory = "{MEMORY}"\n', encoding="utf-8"
    )
    (root / "heavy.vp.toml").write_text("\n".join(blocks), encoding="utf-8")


SCRIPT_CALL = "import sys; from pathlib import Path; from benchmarks.heavy import script; script(Path(sys.argv[1]))"


def with_this_package() -> dict[str, str]:
    return {"PYTHONPATH": str(Path(__file__).parents[1])}


def script(root: Path) -> None:
    """The hand-written side: sources read in place, each table written once, its checks in one scan."""
    output = root / "output"
    output.mkdir(exist_ok=True)
    connection = duckdb.connect(config={"threads": 2, "memory_limit": MEMORY, "temp_directory": str(output / "spill")})
    for name in ("events", "users"):
        connection.execute(f"create view {name} as from read_parquet('{root}/data/{name}.parquet')").fetchall()
    for name, query, never_null, unique in STEPS:
        path = output / f"{name}.parquet"
        connection.execute(f"copy ({query}) to '{path}' ({PARQUET})").fetchall()
        connection.execute(f"create view {name} as from read_parquet('{path}')").fetchall()
        rules = [f"count(*) filter ({column} is null)" for column in never_null]
        if unique:
            rules.append(f"count(*) - count(distinct ({', '.join(unique)}))")
        (failing,) = connection.execute(f"select {', '.join(rules)} from {name}").fetchall()
        if any(failing):
            raise SystemExit(f"{name}: {failing}")
