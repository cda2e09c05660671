"""When two rows differ: exactly where a reader could see it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.engines.duckdb.multiset import hashable
from vibepiper_interpreter.engines.duckdb.session import quote

# What DuckDB calls equal of other types may look different: both zeros, one month and thirty days.
_EQUAL_IS_SAME = re.compile(
    r"BOOLEAN|U?(TINYINT|SMALLINT|INTEGER|BIGINT)|DECIMAL\(\d+,\d+\)|VARCHAR|DATE|BLOB|UUID|TIME.*"
)


def differ(one: str, other: str, columns: Iterable[Column]) -> str:
    """The condition that the rows of the aliases `one` and `other` differ in some of `columns`. NULL equals NULL."""
    tests = [test for column in columns for test in _tests(one, other, column)]
    return f"({' OR '.join(tests)})" if tests else "false"


def same_key(one: str, other: str, key: Iterable[str]) -> str:
    """The condition that both rows have the same key, which is never NULL."""
    return " AND ".join(f"{one}.{quote(name)} = {other}.{quote(name)}" for name in key)


def _tests(one: str, other: str, column: Column) -> list[str]:
    before, after = f"{one}.{quote(column.name)}", f"{other}.{quote(column.name)}"
    tests = [f"{before} IS DISTINCT FROM {after}"]
    if not _EQUAL_IS_SAME.fullmatch(column.type):
        tests.append(f"{hashable(before, column)} IS DISTINCT FROM {hashable(after, column)}")
    return tests
