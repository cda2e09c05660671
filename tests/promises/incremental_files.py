"""The files that a user has written, of a project whose assets are built bit by bit."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from tests.promises.incremental_choices import QUERIES, SALE
from tests.promises.incremental_world import World


def write(world: World, root: Path) -> None:
    rows = [f"{number},{placed},{kind},{amount},{gone}" for number, placed, kind, amount, gone in world.rows]
    (root / "sales.csv").write_text("\n".join(["id,placed,kind,amount,gone", *rows]) + "\n")
    labels = [f"{kind},{label}" for kind, label in sorted(world.kinds.items())]
    (root / "kinds.csv").write_text("\n".join(["kind,label", *labels]) + "\n")
    (root / "events").mkdir(exist_ok=True)
    (root / "landed").mkdir(exist_ok=True)
    for number, events in world.files_there().items():
        file = _delivered(root / "events", number)
        if not file.exists():
            file.write_text("id,kind,amount\n" + "".join(f"{a},{b},{c}\n" for a, b, c in events))
    for number, sales in world.landed_there().items():
        lines = [f"{a},{b},{c},{d}\n" for a, b, c, d in sales]
        _delivered(root / "landed", number).write_text("id,placed,kind,amount\n" + "".join(lines))
    for folder, cleared in (("events", world.files_cleared), ("landed", world.landed_cleared)):
        for number in cleared:
            _delivered(root / folder, number).unlink(missing_ok=True)
    if world.legacy is not None:
        _write_legacy(root / "legacy" / str(world.adoptions) / "rows.parquet", world.legacy)
    (root / "shop_code.py").write_text(_code(world))
    (root / "shop.vp.toml").write_text(f'[pipeline]\nname = "shop"\n{_specs(world)}')


def _delivered(folder: Path, number: int) -> Path:
    return folder / f"{number:05}.csv"


def _write_legacy(file: Path, rows: list[tuple[str, int, int]]) -> None:
    """Once: whoever takes it over looks whether it is as it was."""
    if file.exists():
        return
    file.parent.mkdir(parents=True)
    kinds, numbers, amounts = ([row[column] for row in rows] for column in range(3))
    table = {"kind": pa.array(kinds, pa.string()), "n": pa.array(numbers, pa.int64())}
    pq.write_table(pa.table({**table, "amount": pa.array(amounts, pa.int64())}), file)


def _specs(world: World) -> str:
    n = world.names
    sale = ", ".join(f'{column} = "{kind}"' for column, kind in SALE)
    landed = f'path = "landed/*.csv"\ncolumns = {{ {sale} }}\n'
    sources = {
        "sales": f'path = "sales.csv"\ncolumns = {{ {sale}, gone = "boolean" }}\n',
        "kinds": 'path = "kinds.csv"\ncolumns = { kind = "varchar", label = "varchar" }\n',
        "events": 'path = "events/*.csv"\nwrite = "append"\ncursor = { by = "name" }\n'
        'columns = { id = "integer", kind = "varchar", amount = "integer" }\n',
        "orders": f'{landed}write = {{ mode = "merge", key = ["id"] }}\n',
        "days": f'{landed}write = {{ mode = "interval", column = "placed", grain = "day" }}\n',
        "shares": f'{landed}write = {{ mode = "partition", column = "kind" }}\n',
        "known": 'path = "kinds.csv"\nwrite = { mode = "scd2", key = ["kind"] }\n'
        'columns = { kind = "varchar", label = "varchar" }\n',
    }
    found = []
    for name in world.there():
        if name in sources:
            found.append(f"[source.file.{n[name]}]\n{sources[name]}")
        elif name in QUERIES:
            found.append(f"[sql.{n[name]}]\nquery = '''{world.query(name)}'''\nbuild = {world.build(name)}\n")
        else:
            found.append(_function(world, name))
        if name in world.guarded:
            found.append("prevent_destroy = true\n")
    return "\n".join([*found, *world.blocks])


def _function(world: World, name: str) -> str:
    [read] = {"py_merged": ["daily"], "py_log": ["events"]}.get(name, ["sales"])
    used, more, given = {
        "py_days": (["placed", "kind", "amount"], ', time_column = "placed"', "time, kind, s"),
        "py_parts": (["kind", "id", "amount"], ', partition_column = "kind"', "kind, id, amount"),
        "py_merged": (["kind", "s"], "", "kind, amount"),
        "py_log": (["id", "amount"], "", "id, amount"),
        "py_history": (["id", "kind", "amount"], "", "id, kind, amount"),
    }[name]
    types = {"time": "timestamp", "kind": "varchar"}
    columns = ", ".join(f'{each} = "{types.get(each, "bigint")}"' for each in given.split(", "))
    return (
        f'[python.{world.names[name]}]\nfunction = "shop_code:{name}"\n'
        f'inputs.rows = {{ asset = "{world.names[read]}", columns = {used}{more} }}\n'
        f"build = {world.build(name)}\ncolumns = {{ {columns} }}\n"
    )


def _code(world: World) -> str:
    factor = world.factor
    back = "timedelta(days=1)" if world.looking_back else "timedelta()"
    return f"""
from datetime import timedelta
from pathlib import Path

import pyarrow as pa


def note(call):
    with Path(__file__).with_name("calls.txt").open("a") as file:
        file.write(call + "\\n")


def sums(rows, column, factor):
    found = {{}}
    for row in rows:
        found[row["kind"]] = found.get(row["kind"], 0) + row[column] * factor
    return found


def py_days(rows: pa.Table, context) -> pa.Table:
    note(f"py_days@{{context.start:%Y-%m-%dT%H:%M:%S}}")
    mine = [row for row in rows.to_pylist() if context.start - {back} <= row["placed"] < context.end]
    found = sums(mine, "amount", {factor["py_days"]})
    return pa.table({{
        "time": pa.array([context.start] * len(found), pa.timestamp("us")),
        "kind": pa.array(list(found), pa.string()),
        "s": pa.array(list(found.values()), pa.int64()),
    }})


def py_parts(rows: pa.Table, context) -> pa.Table:
    note(f"py_parts@{{context.partition}}")
    mine = [row for row in rows.to_pylist() if row["kind"] == context.partition]
    return pa.table({{
        "kind": pa.array([row["kind"] for row in mine], pa.string()),
        "id": pa.array([row["id"] for row in mine], pa.int64()),
        "amount": pa.array([row["amount"] * {factor["py_parts"]} for row in mine], pa.int64()),
    }})


def py_merged(rows: pa.Table) -> pa.Table:
    note("py_merged")
    found = sums(rows.to_pylist(), "s", {factor["py_merged"]})
    return pa.table({{
        "kind": pa.array(list(found), pa.string()),
        "amount": pa.array(list(found.values()), pa.int64()),
    }})


def py_history(rows: pa.Table) -> pa.Table:
    note("py_history")
    found = {{}}
    for row in rows.to_pylist():
        kind, amount = found.get(row["id"], ("", 0))
        found[row["id"]] = max(kind, row["kind"]), amount + row["amount"] * {factor["py_history"]}
    return pa.table({{
        "id": pa.array(list(found), pa.int64()),
        "kind": pa.array([kind for kind, _ in found.values()], pa.string()),
        "amount": pa.array([amount for _, amount in found.values()], pa.int64()),
    }})


def py_log(rows: pa.Table) -> pa.Table:
    note("py_log")
    return pa.table({{
        "id": pa.array(rows["id"].to_pylist(), pa.int64()),
        "amount": pa.array([amount * {factor["py_log"]} for amount in rows["amount"].to_pylist()], pa.int64()),
    }})
"""
