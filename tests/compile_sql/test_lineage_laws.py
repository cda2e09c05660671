"""The laws behind every skipped rebuild, tried on random queries over real tables.

If one of these fails, a plan can skip work that was needed: the one unforgivable fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.compile_sql.laws import Bench, fill, multiset, random_rows, with_other_values
from tests.compile_sql.random_queries import TABLES, changed, random_query, realiased, reformatted
from tests.proof_steps import PROOF_STEPS

from vibepiper_interpreter.compile.lineage import QueryAnalysis
from vibepiper_interpreter.engines.duckdb.session import SessionSettings, connect
from vibepiper_spec.address import Address

randoms = st.integers(min_value=0, max_value=2**32).map(Random)
few = settings(max_examples=60, deadline=None)
many = settings(max_examples=10 * PROOF_STEPS, deadline=None)


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    connection = connect(SessionSettings(threads=1), datetime(2024, 1, 1, tzinfo=UTC))
    yield Bench(connection)
    connection.close()


def analysed(bench: Bench, query: str) -> QueryAnalysis:
    analysis = bench.analyse(query)
    assume(analysis is not None)
    assert analysis is not None
    return analysis


def unused_columns_do_not_matter(bench: Bench, random: Random) -> None:
    query = random_query(random)
    used = analysed(bench, query).used
    rows = random_rows(random)
    fill(bench.connection, rows)
    before = bench.result(query)
    assume(before is not None)
    for table, columns in TABLES.items():
        named = used.get(Address("shop", table), ())
        for column, _ in columns:
            if named is not None and column not in named:
                fill(bench.connection, with_other_values(rows, table, column, random))
                after = bench.result(query)
                assert after is not None and before is not None
                assert multiset(after[1]) == multiset(before[1]), (query, rows, table, column)


def each_column_depends_on_its_lineage_only(bench: Bench, random: Random) -> None:
    query = random_query(random)
    analysis = analysed(bench, query)
    rows = random_rows(random)
    fill(bench.connection, rows)
    before = bench.result(query)
    assume(before is not None)
    for table, columns in TABLES.items():
        for column, _ in columns:
            origin = (Address("shop", table), column)
            untouched = [
                index
                for index, lineage in enumerate(analysis.lineage)
                if origin not in (*lineage.projection, *lineage.influence, *analysis.influence)
            ]
            if untouched:
                fill(bench.connection, with_other_values(rows, table, column, random))
                after = bench.result(query)
                assert after is not None and before is not None
                assert multiset(after[1], untouched) == multiset(before[1], untouched), (query, rows, origin)


def equal_fingerprints_mean_equal_results(bench: Bench, random: Random) -> None:
    query = random_query(random)
    other = changed(query, random)
    left, right = analysed(bench, query), analysed(bench, other)
    shared: list[str] = []
    if left.shape and left.shape == right.shape:
        fingerprints = dict(right.column_fingerprints)
        shared = [name for name, found in left.column_fingerprints if fingerprints.get(name) == found]
    if left.fingerprint != right.fingerprint and not shared:
        return
    for _ in range(3):
        fill(bench.connection, random_rows(random))
        results = bench.result(query), bench.result(other)
        if results[0] is None or results[1] is None:
            continue
        picked = [
            multiset(rows, None if left.fingerprint == right.fingerprint else [names.index(name) for name in shared])
            for names, rows in results
        ]
        assert picked[0] == picked[1], (query, other)


def appearance_does_not_matter(bench: Bench, random: Random) -> None:
    query = random_query(random)
    analysis = analysed(bench, query)
    assert analysed(bench, reformatted(query, random)).fingerprint == analysis.fingerprint, query
    if None not in analysis.used.values():
        assert analysed(bench, realiased(query)).fingerprint == analysis.fingerprint, query


LAWS = [
    unused_columns_do_not_matter,
    each_column_depends_on_its_lineage_only,
    equal_fingerprints_mean_equal_results,
    appearance_does_not_matter,
]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@few
@given(random=randoms)
def test_law(bench: Bench, law: object, random: Random) -> None:
    assert callable(law)
    law(bench, random)


@pytest.mark.slow
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@many
@given(random=randoms)
def test_law_at_length(bench: Bench, law: object, random: Random) -> None:
    assert callable(law)
    law(bench, random)


def test_the_random_queries_are_worth_it(bench: Bench) -> None:
    """They bind, are understood, leave columns unused, and take many forms: else the laws above say nothing."""
    queries = [random_query(Random(seed)) for seed in range(150)]
    analyses = [analysis for query in queries if (analysis := bench.analyse(query)) is not None]
    assert len(analyses) > 100
    assert sum(None not in analysis.used.values() for analysis in analyses) > 0.95 * len(analyses)
    assert sum(bool(analysis.shape) for analysis in analyses) > 0.9 * len(analyses)
    everything = " ".join(queries)
    for form in (
        "group by",
        "union",
        "with ",
        "lateral",
        "using (",
        "exists",
        "over (",
        "unnest",
        "exclude",
        "semi join",
    ):
        assert form in everything
