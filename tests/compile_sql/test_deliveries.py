"""What does not work row by row is told, as a table of queries; and on chance rows, that it is so."""

from __future__ import annotations

import random
from collections import Counter

import duckdb
import pytest
from tests.compile_sql.cases import Case, cases
from tests.compile_sql.random_queries import SCHEMAS, random_query
from tests.proof_steps import PROOF_STEPS

from vibepiper_interpreter.compile.build_settings import Append, Merge
from vibepiper_interpreter.compile.deliveries import delivery_problems
from vibepiper_interpreter.engines.duckdb.syntax import Syntax, parse_queries
from vibepiper_spec.address import Address

GROWING = {Address("shop", "g"), Address("shop", "h")}
SETTINGS = {"append": Append(), "merge": Merge(("k",))}
TABLES = {"g": "k VARCHAR, v INTEGER, moment INTEGER", "h": "k VARCHAR, v INTEGER, moment INTEGER"}
WHOLE = "r", "k VARCHAR, label VARCHAR, since INTEGER"
CASES = cases("deliveries.sql")
# A world that differs, where there is one, is found by then; that there is none is looked for as long as is asked.
TRIALS = 300
SILENT_TRIALS = min(TRIALS, 8 * PROOF_STEPS)

Rows = list[tuple[object, ...]]
World = dict[str, Rows]


def told(connection: duckdb.DuckDBPyConnection, query: str, mode: str) -> list[str]:
    [syntax] = parse_queries(connection, [query])
    assert isinstance(syntax, Syntax), syntax
    found = delivery_problems(syntax, "shop", GROWING, SETTINGS[mode])
    assert {problem.code for problem in found} <= {"VP318"}
    return [query[problem.start : problem.end] for problem in found]


@pytest.mark.parametrize("mode", SETTINGS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_is_told_and_where(case: Case, mode: str, connection: duckdb.DuckDBPyConnection) -> None:
    expected = [line.partition(": ")[2] for line in case.expected if line.startswith(mode)]
    assert told(connection, case.query, mode) == expected


@pytest.mark.parametrize("mode", SETTINGS)
def test_every_query_can_be_judged(mode: str, connection: duckdb.DuckDBPyConnection) -> None:
    """Whatever the engine parses: no shape of its tree is one that is not known."""
    chance = random.Random(1)
    for syntax in parse_queries(connection, [random_query(chance) for _ in range(500)]):
        assert isinstance(syntax, Syntax)
        delivery_problems(syntax, "shop", SCHEMAS.keys(), SETTINGS[mode])


@pytest.mark.law
@pytest.mark.parametrize("mode", SETTINGS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_it_is_told_exactly_where_deliveries_can_be_seen(case: Case, mode: str) -> None:
    """The same rows in one delivery and in two: where nothing is told no world differs, where it is told one does."""
    chance = random.Random(7)
    silent = not any(line.startswith(mode) for line in case.expected)
    with duckdb.connect() as connection:
        differs = (_differs(connection, case.query, mode, chance) for _ in range(SILENT_TRIALS if silent else TRIALS))
        assert any(differs) == (not silent)


def _differs(connection: duckdb.DuckDBPyConnection, query: str, mode: str, chance: random.Random) -> bool:
    """Whether it shows in a chance world in how many deliveries its rows came.

    Merged tables hold one row of each key. Keys that come twice have to be chosen from by the query, and later ones to
    be later if nothing is to be told: which row of a key comes last decides.
    """
    before, later = _world(chance, 0), _world(chance, 100)
    both = {name: before[name] + later[name] for name in before}
    whole = [(key, f"label {key}", chance.randrange(200)) for key in "abcd" if chance.random() < 0.6]
    at_once = _rows(connection, query, both, whole)
    first, second = _rows(connection, query, before, whole), _rows(connection, query, later, whole)
    if mode == "append":
        return first + second != at_once
    keyed = [_by_key(each) for each in (first, second, at_once)]
    if None in keyed:
        return False  # a key twice in one delivery: refused, however the rows came
    [one, other, all_] = (each or {} for each in keyed)
    return {**one, **other} != all_


def _world(chance: random.Random, since: int) -> World:
    moments = chance.sample(range(100), 8)
    return {
        name: [(chance.choice("abc"), chance.randrange(3), since + moments.pop()) for _ in range(chance.randrange(4))]
        for name in TABLES
    }


def _rows(
    connection: duckdb.DuckDBPyConnection, query: str, growing: World, whole: Rows
) -> Counter[tuple[object, ...]]:
    name, columns = WHOLE
    for table, typed, rows in [(name, columns, whole), *((each, TABLES[each], growing[each]) for each in TABLES)]:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} ({typed})")
        if rows:
            connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)
    return Counter(connection.execute(query).fetchall())


def _by_key(rows: Counter[tuple[object, ...]]) -> dict[object, tuple[object, ...]] | None:
    found = {row[0]: row for row in rows}
    return found if len(found) == sum(rows.values()) else None
