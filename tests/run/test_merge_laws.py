"""Merging is a dictionary that is written to: key by key, whatever was folded in between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.run.conftest import Project
from tests.run.deltas import Row, Table, session_in

from vibepiper_interpreter.compile.build_settings import Merge
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.deltas import changes
from vibepiper_interpreter.run.tasks.deltas import merge as merging

# Literals of each type of key; those in one tuple are one key to DuckDB, though they look different.
KEYS: dict[str, list[tuple[str, ...]]] = {
    "BIGINT": [("1",), ("2",), ("3",), ("4",), ("-5",)],
    "VARCHAR": [("''",), ("'a'",), ("'A'",), ("'ä'",), ("'a '",)],
    "DOUBLE": [("0.0", "'-0.0'"), ("'nan'",), ("'inf'",), ("1.5",)],
    "DATE": [("'2024-01-01'",), ("'infinity'",), ("'0001-01-01'",)],
    "DECIMAL(18,2)": [("1.10", "1.1"), ("-0.01",)],
    "INTERVAL": [("INTERVAL 1 MONTH",), ("INTERVAL 1 HOUR",)],
    "STRUCT(a INTEGER, b VARCHAR)": [("{'a': 1, 'b': NULL}",), ("{'a': 1, 'b': ''}",), ("{'a': NULL, 'b': NULL}",)],
    "INTEGER[]": [("[]",), ("[NULL]",), ("[1, 2]",)],
    "BOOLEAN": [("true",), ("false",)],
}
# No two intervals that are equal and look different: DuckDB's writer of Parquet makes the same of a month and of thirty
# days in one file, whoever writes it.
VALUES: dict[str, list[str]] = {
    "DOUBLE": ["NULL", "0.0", "'-0.0'", "'nan'", "1.5", "'inf'"],
    "VARCHAR": ["NULL", "''", "'NULL'", "'x'"],
    "INTERVAL": ["NULL", "INTERVAL 1 MONTH", "INTERVAL 2 DAYS"],
    "DOUBLE[]": ["NULL", "[]", "[NULL]", "[0.0]", "['-0.0']", "['nan']"],
    "STRUCT(a DOUBLE, b VARCHAR[])": [
        "NULL",
        "{'a': NULL, 'b': NULL}",
        "{'a': '-0.0', 'b': []}",
        "{'a': 0.0, 'b': []}",
    ],
    "MAP(VARCHAR, INTEGER)": ["NULL", "MAP {}", "MAP {'a': NULL}", "MAP {'a': 1}"],
    "TIMESTAMP WITH TIME ZONE": ["NULL", "'2024-01-01 00:00:00+00'", "'infinity'"],
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, RunSession]]:
    project = Project(tmp_path_factory.mktemp("merge") / "project")
    with session_in(project) as session:
        yield project, session
    project.close()


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[tuple[str, str]], Merge, list[tuple[float, float, list[Row]]]]:
    """Columns and settings of a table, and what comes to it, step by step, with the share above which it is folded, and
    the one up to which rows are taken over as they come."""
    keys = draw(st.lists(st.sampled_from(sorted(KEYS)), min_size=1, max_size=2))
    values = draw(st.lists(st.sampled_from(sorted(VALUES)), max_size=2))
    flag = draw(st.booleans())
    columns = [(f"k{number}", kind) for number, kind in enumerate(keys)]
    columns += [(f"v{number}", kind) for number, kind in enumerate(values)]
    updated = None
    if draw(st.booleans()) and values:
        updated = tuple(draw(st.sets(st.sampled_from([f"v{number}" for number in range(len(values))]), min_size=1)))
    if flag:
        columns.append(("gone", "BOOLEAN"))
    steps = []
    for _ in range(draw(st.integers(1, 5))):
        rows: dict[tuple[int, ...], Row] = {}
        for _ in range(draw(st.integers(0, 5))):
            which = tuple(draw(st.integers(0, len(KEYS[kind]) - 1)) for kind in keys)
            row = [draw(st.sampled_from(KEYS[kind][number])) for kind, number in zip(keys, which, strict=True)]
            row += [draw(st.sampled_from(VALUES[kind])) for kind in values]
            if flag:
                row.append(draw(st.sampled_from(["true", "false", "NULL"])))
            rows[which] = tuple(row)
        shares = draw(st.sampled_from([0.0, 0.3, 1000.0])), draw(st.sampled_from([0.0, 1000.0]))
        steps.append((*shares, list(rows.values())))
    key = tuple(f"k{number}" for number in range(len(keys)))
    return columns, Merge(key, "gone" if flag else None, updated), steps


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(trial=worlds())
def test_merging_is_writing_to_a_dictionary(
    world: tuple[Project, RunSession],
    monkeypatch: pytest.MonkeyPatch,
    trial: tuple[list[tuple[str, str]], Merge, list[tuple[float, float, list[Row]]]],
) -> None:
    columns, merge, steps = trial
    table = Table.of(*world, columns, merge)
    names = [name for name, _ in columns]
    expected: dict[tuple[str, ...], Row] = {}
    for folded, taken, rows in steps:
        monkeypatch.setattr(changes, "FOLD_ABOVE", folded)
        monkeypatch.setattr(merging, "FEW", taken)
        before = Counter(expected.values())
        for literals, row in zip(rows, table.texts(rows), strict=True):
            _write(expected, merge, names, columns, literals, row)
        began = table.version is None
        changed = table.bring(rows)
        assert changed == (began or Counter(expected.values()) != before)
        assert table.rows() == Counter(expected.values())
    # What was made is never touched again.
    for version in table._made:
        assert sum(table.rows(version).values()) == version.rows


def _write(
    expected: dict[tuple[str, ...], Row],
    merge: Merge,
    names: list[str],
    columns: list[tuple[str, str]],
    literals: Row,
    row: Row,
) -> None:
    kinds = dict(columns)
    # The first of the literals that are one key stands for all of them.
    key = tuple(
        next(group[0] for group in KEYS[kinds[name]] if literal in group)
        for name, literal in zip(names, literals, strict=True)
        if name in merge.key
    )
    found = dict(zip(names, row, strict=True))
    if merge.delete_flag is not None and found.pop(merge.delete_flag) == "true":
        expected.pop(key, None)
        return
    kept = [name for name in names if name != merge.delete_flag]
    if merge.update_columns is not None and key in expected:
        there = dict(zip(kept, expected[key], strict=True))
        found = {name: found[name] if name in merge.update_columns else there[name] for name in kept}
    expected[key] = tuple(found[name] for name in kept)


def test_a_delta_is_small_and_is_folded_when_it_is_not(world: tuple[Project, RunSession]) -> None:
    table = Table.of(*world, [("id", "BIGINT"), ("v", "BIGINT")], Merge(("id",)))
    table.bring([(str(number), "0") for number in range(100)])
    roles = []
    for number in range(14):
        table.bring([(str(number), "1")])
        assert table.version is not None
        roles.append([(part.role, part.rows) for part in table.version.parts])
    assert roles[0] == [("rows", 100), ("upserts", 1)]
    assert roles[9] == [("rows", 100), ("upserts", 10)]
    assert roles[10] == [("rows", 100)]
    assert roles[13] == [("rows", 100), ("upserts", 3)]


def test_parts_of_before_are_never_written_again(world: tuple[Project, RunSession]) -> None:
    table = Table.of(*world, [("id", "BIGINT"), ("v", "BIGINT")], Merge(("id",)))
    table.bring([(str(number), "0") for number in range(100)])
    assert table.version is not None
    root: Path = world[1].storage.root
    first = {part.path: (root / part.path).read_bytes() for part in table.version.parts}
    table.bring([("1", "1")])
    assert {path: (root / path).read_bytes() for path in first} == first
    assert table.version.parts[0].path in first


def test_no_unbounded_dedup_state(world: tuple[Project, RunSession]) -> None:
    """The same keys come for ever: what is kept of them stays as small as they are."""
    table = Table.of(*world, [("id", "BIGINT"), ("v", "BIGINT")], Merge(("id",), None))
    table.bring([(str(number), "0") for number in range(100)])
    for round_ in range(1, 20):
        table.bring([(str(number), str(round_)) for number in range(5)])
        assert table.version is not None
        assert sorted((part.role, part.rows) for part in table.version.parts) == [("rows", 100), ("upserts", 5)]


def test_of_few_rows_all_are_taken_over_once_one_of_them_differs(world: tuple[Project, RunSession]) -> None:
    table = Table.of(*world, [("id", "BIGINT"), ("v", "BIGINT")], Merge(("id",)))
    cursor = world[1].cursor()
    cursor.execute("CREATE OR REPLACE TEMP TABLE came AS SELECT range AS id, 0::BIGINT AS v FROM range(1000)")
    table.bring_relation()
    assert not table.bring([(str(number), "0") for number in range(10)])
    assert table.bring([(str(number), "1" if number == 9 else "0") for number in range(10)])
    assert table.version is not None
    assert [(part.role, part.rows) for part in table.version.parts] == [("rows", 1000), ("upserts", 10)]
    # Of many it is found out which differ: all of a table may come again and again.
    assert table.bring([(str(number), str(number // 19)) for number in range(20)])
    assert [(part.role, part.rows) for part in table.version.parts] == [("rows", 1000), ("upserts", 10 + 1)]
