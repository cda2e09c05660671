"""Runs as a process of its own: asks the engine about queries, in order, and writes a JSON line for each.

What comes in is what `compile.bind_ahead` writes. A query that cannot be bound is answered by null: the compiler asks
again, and explains.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import duckdb

from vibepiper_interpreter.compile.bind_ahead import question_key
from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.engines.duckdb.binder import Binder
from vibepiper_interpreter.engines.duckdb.casts import casts_of
from vibepiper_interpreter.engines.duckdb.session import SessionSettings, connect
from vibepiper_interpreter.engines.duckdb.types import stored_type
from vibepiper_spec.address import Address

# Where there may be something to judge. Others are asked about again, if the tree of the query says so.
_MAY_CAST = re.compile(r"'|::|\bcast\b", re.IGNORECASE)

Columns = list[list[str]]  # name, type


def main() -> None:
    told = json.load(sys.stdin)
    known: dict[str, Columns] = told["columns"]
    with connect(SessionSettings(threads=1)) as connection:
        binder = Binder(connection)
        declared: set[str] = set()
        for address, pipeline, query, reads, is_plain in told["questions"]:
            answer = None
            if all(known.get(read) for read in reads):
                for read in reads:
                    if read not in declared:
                        declared.add(read)
                        binder.declare(Address.parse(read), [Column(*column) for column in known[read]])
                answer = _answer(connection, binder, pipeline, query)
            if answer is not None:
                answer["key"] = question_key(pipeline, query, [[read, known[read]] for read in sorted(reads)])
                stored = [[name, stored_type(kind, name)] for name, kind in answer["columns"]]
                names = {name.casefold() for name, _ in stored}
                if is_plain and len(names) == len(stored) and all(isinstance(kind, str) for _, kind in stored):
                    known[address] = stored
            sys.stdout.write(json.dumps(answer) + "\n")


def _answer(connection: duckdb.DuckDBPyConnection, binder: Binder, pipeline: str, query: str) -> dict[str, Any] | None:
    try:
        columns = binder.describe(pipeline, query)
        return {"columns": columns, "casts": casts_of(connection, query) if _MAY_CAST.search(query) else None}
    except duckdb.Error:
        return None


if __name__ == "__main__":
    main()
