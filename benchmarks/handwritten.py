"""The script that a careful person would write instead of a project: the same Parquet files, the same checks.

Run as `python handwritten.py FOLDER [--merged]`, where `FOLDER/models.json` lists the queries in order and
`FOLDER/data` holds the bases. Each table is written once and read back from its file, each check is a query, and
nothing is done that the result does not need: no lineage, no history, no safety. With `--merged` the author has gone
to the trouble of merging the three checks of a table into one query.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb

# What `vp` writes.
PARQUET = "format parquet, parquet_version v2, compression snappy"


def main(root: Path, *, merged: bool) -> None:
    output = root / "output"
    output.mkdir(exist_ok=True)
    connection = duckdb.connect(config={"threads": 2})
    description = json.loads((root / "models.json").read_text(encoding="utf-8"))
    kinds = ", ".join(f"'{kind}'" for kind in description["kinds"])

    for base in description["bases"]:
        write(connection, output, base, f"from read_parquet('{root}/data/{base}.parquet')")

    for name, query in description["models"]:
        write(connection, output, name, query)
        counts = {
            "missing": "count(*) filter (id is null)",
            "doubled": "count(id) - count(distinct id)",
            "unknown": f"count(*) filter (kind not in ({kinds}))",
        }
        if merged:
            (failing,) = connection.execute(f"select {', '.join(counts.values())} from {name}").fetchall()
        else:
            failing = tuple(
                connection.execute(f"select {count} from {name}").fetchall()[0][0] for count in counts.values()
            )
        if any(failing):
            raise SystemExit(f"{name}: {dict(zip(counts, failing, strict=True))}")


def write(connection: duckdb.DuckDBPyConnection, output: Path, name: str, query: str) -> None:
    path = output / f"{name}.parquet"
    connection.execute(f"copy ({query}) to '{path}' ({PARQUET})").fetchall()
    connection.execute(f"create view {name} as from read_parquet('{path}')").fetchall()


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), merged="--merged" in sys.argv[2:])
