"""Finds casts that cannot work on any row: binding lets them through, and running the query fails.

DuckDB adds a cast wherever two types meet (`id = 'foo'` compares numbers), so its plan is asked, where each one stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import duckdb

from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.engines.duckdb.errors import SqlProblem
from vibepiper_interpreter.engines.duckdb.failure import engine_failure
from vibepiper_interpreter.engines.duckdb.session import literal
from vibepiper_interpreter.engines.duckdb.syntax import CONTAINERS, NO_PLACE, Node, Syntax, walk

_CAST = "OPERATOR_CAST"
_COMPARING = ("COMPARISON", "BETWEEN", "CASE")
_USING = re.compile(r"\busing\b", re.IGNORECASE)
_PLAIN_NUMBERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE"}
# A value of every type whose casts are judged, to cast on from.
_SAMPLES = {
    "BOOLEAN": "true",
    "DATE": "'2000-01-01'",
    "TIME": "'00:00:00'",
    "TIMESTAMP": "'2000-01-01'",
    "TIMESTAMP WITH TIME ZONE": "'2000-01-01'",
    "INTERVAL": "'1 day'",
    "UUID": "'00000000-0000-0000-0000-000000000000'",
    "BLOB": "''",
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL"), "1"),
    **dict.fromkeys(("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"), "1"),
}
# What the engine said of casts from one type to another: asked once, they are few.
_told: dict[tuple[str, str | None, str], str | None] = {}


def impossible_casts(
    connection: duckdb.DuckDBPyConnection,
    syntax: Syntax,
    schemas: Iterable[tuple[Column, ...]],
    casts: Iterable[Node] | None = None,
) -> tuple[SqlProblem, ...]:
    """What is wrong with a query that binds, over the tables that `connection` has now.

    `casts` is what `casts_of` says of it, if that is at hand.
    """
    if not may_cast(syntax, schemas):  # asking for the plan takes as long as binding did
        return ()
    problems: dict[tuple[int, int], SqlProblem] = {}
    for cast in casts_of(connection, [syntax.query])[0] if casts is None else casts:
        operand = cast["children"][0]
        wanted = _type_name(cast["return_type"])
        value = operand.get("value")
        if isinstance(value, Mapping):
            problem = _of_constant(connection, syntax, cast, operand, wanted)
        else:
            problem = _of_types(connection, syntax, cast, _type_name(operand.get("return_type")), wanted)
        if problem is not None:
            problems.setdefault((problem.start, problem.end), problem)
    return tuple(sorted(problems.values(), key=lambda problem: problem.start))


def casts_of(connection: duckdb.DuckDBPyConnection, queries: Sequence[str]) -> list[list[Node]]:
    """For each query, every cast in its plan that fails where it cannot be done."""
    if not queries:
        return []
    rows = connection.execute("SELECT json_serialize_plan(unnest($1::VARCHAR[]))", [list(queries)]).fetchall()
    return [list(_casts(json.loads(plan).get("plans", ()))) if _CAST in plan else [] for (plan,) in rows]


def may_cast(syntax: Syntax, schemas: Iterable[tuple[Column, ...]]) -> bool:
    """Whether text is written where another type may be wanted, or columns of several types meet."""
    types: dict[str, set[str]] = {}
    for columns in schemas:
        for column in columns:
            types.setdefault(column.name.casefold(), set()).add(column.type)
    for node in syntax.nodes:
        if node.get("class") == "CONSTANT" and node["literal"]["kind"] == "STRING":
            return True
        if node.get("class") == "CAST" and not node["try_cast"]:
            return True
        met: set[str] = set()
        if node.get("class") in _COMPARING or node.get("type") in ("COMPARE_IN", "COMPARE_NOT_IN"):
            for other in walk(list(node.values())):
                if other.get("class") == "COLUMN_REF":
                    met |= types.get(other["column_names"][-1].casefold(), set())
        for name in node.get("using_columns") or ():
            met |= types.get(name.casefold(), set())
        if len(met) > 1:
            return True
    return False


def _casts(plan: Any) -> Iterator[Node]:
    """Every cast in `plan` that fails where it cannot be done."""
    stack = [plan]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            kind = item.get("type")
            if kind == "OPERATOR_TRY":
                continue
            if kind == _CAST and not (item.get("function_data") or {}).get("try_cast", True):
                yield item
            item = list(item.values())
        stack += [part for part in reversed(item) if part and type(part) in CONTAINERS]


def _of_constant(
    connection: duckdb.DuckDBPyConnection, syntax: Syntax, cast: Node, operand: Node, wanted: str | None
) -> SqlProblem | None:
    value = operand["value"].get("value")
    if wanted in (None, "VARCHAR") or not isinstance(value, str) or operand["value"]["type"]["id"] != "VARCHAR":
        return None
    if not _fails(connection, f"CAST({literal(value)} AS {wanted})"):
        return None
    example = {"DATE": ", as in `DATE '2024-01-31'`", "TIMESTAMP": ", as in `TIMESTAMP '2024-01-31 12:00:00'`"}
    return SqlProblem(
        "VP304",
        f"A {wanted} is wanted here, and the text {literal(value)} cannot be read as one.",
        *_place(syntax, operand, cast),
        fix=f"Write a value of that type{example.get(wanted, '')}, or cast the other side to VARCHAR.",
    )


def _of_types(
    connection: duckdb.DuckDBPyConnection, syntax: Syntax, cast: Node, given: str | None, wanted: str | None
) -> SqlProblem | None:
    sample = _SAMPLES.get((given or "").partition("(")[0])
    if sample is None or wanted is None or given == wanted or {given, wanted} <= _PLAIN_NUMBERS:
        return None
    if (sample, given, wanted) not in _told:
        _told[sample, given, wanted] = _fails(connection, f"CAST(CAST({sample} AS {given}) AS {wanted})")
    failure = _told[sample, given, wanted]
    if failure is None or "Unimplemented type for cast" not in failure:
        return None
    return SqlProblem(
        "VP304",
        f"A {given} cannot be made a {wanted}, which this needs: it fails on every row.",
        *_place(syntax, cast),
        fix="Compare values of one type; cast one side to what is meant, where there is a way.",
    )


def _fails(connection: duckdb.DuckDBPyConnection, expression: str) -> str | None:
    """DuckDB's words if `expression` cannot be converted; other failures say nothing about the query."""
    try:
        connection.execute(f"SELECT {expression}").fetchone()
    except duckdb.ConversionException as error:
        return engine_failure(error).message
    except duckdb.Error:
        return None
    return None


def _place(syntax: Syntax, *nodes: Node) -> tuple[int, int]:
    for node in nodes:
        if node.get("query_location", NO_PLACE) < NO_PLACE and (span := syntax.span(node)) is not None:
            return span
    using = _USING.search(syntax.query)  # the casts of USING have no place
    return using.span() if using else (0, len(syntax.query))


def _type_name(described: Mapping[str, Any] | None) -> str | None:
    """A type of the plan as SQL; None for nested ones and for what is none (`NULL`, an untyped parameter)."""
    if described is None:
        return None
    details = described.get("type_info")
    if described["id"] == "DECIMAL" and details:
        return f"DECIMAL({details['width']},{details['scale']})"
    name = str(described["id"])
    return name if details is None and (name in _SAMPLES or name == "VARCHAR") else None
