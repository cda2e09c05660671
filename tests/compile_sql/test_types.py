"""Type names in DuckDB's spelling, and what really comes back from Parquet for every type."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.engines.duckdb.copy import PARQUET_OPTIONS
from vibepiper_interpreter.engines.duckdb.errors import SqlProblem
from vibepiper_interpreter.engines.duckdb.session import literal
from vibepiper_interpreter.engines.duckdb.types import (
    DataType,
    canonical_type,
    parse_type,
    storage_projection,
    stored_type,
)

# For every type that stands alone: values that show what storing does to them.
VALUES: dict[str, list[str]] = {
    "BOOLEAN": ["true", "false"],
    "TINYINT": ["-128", "127"],
    "SMALLINT": ["-32768", "7"],
    "INTEGER": ["-2147483648", "2147483647"],
    "BIGINT": ["'-9223372036854775808'", "9223372036854775807"],
    "HUGEINT": ["'99999999999999999999999999999999999999'", "'-12345678901234567890123'"],
    "UTINYINT": ["0", "255"],
    "USMALLINT": ["65535"],
    "UINTEGER": ["4294967295"],
    "UBIGINT": ["'18446744073709551615'"],
    "UHUGEINT": ["'340282366920938463463374607431768211455'"],
    "FLOAT": ["1.1", "'nan'", "'-inf'"],
    "DOUBLE": ["0.1", "'-0.0'", "'nan'", "1e308"],
    "DECIMAL(4,1)": ["123.4", "-0.1"],
    "DECIMAL(18,3)": ["123456789012345.678"],
    "DECIMAL(38,10)": ["'1234567890123456789012345678.0123456789'"],
    "VARCHAR": ["''", "'ü😀'", "'a''b'"],
    "BLOB": ["'\\xAA\\x00'", "''"],
    "DATE": ["'2020-01-02'", "'infinity'", "'0044-03-15 (BC)'"],
    "TIME": ["'12:34:56.123456'", "'24:00:00'"],
    "TIME_NS": ["'23:59:59.999999999'"],
    "TIMESTAMP": ["'2020-01-02 03:04:05.123456'", "'-infinity'", "'1066-10-14'"],
    "TIMESTAMP_S": ["'2020-01-02 03:04:05'"],
    "TIMESTAMP_MS": ["'2020-01-02 03:04:05.123'"],
    "TIMESTAMP_NS": ["'2020-01-02 03:04:05.123456789'"],
    "TIMESTAMP WITH TIME ZONE": ["'2020-01-02 03:04:05.123456+00'"],
    "TIMESTAMPTZ_NS": ["'2020-01-02 03:04:05.123456789+00'"],
    "TIME WITH TIME ZONE": ["'12:34:56+02'"],
    "INTERVAL": ["INTERVAL '1 month 2 days 0.000001 seconds'"],
    "UUID": ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"],
    "BIT": ["'101'"],
    "BIGNUM": ["'123456789012345678901234567890123456789012345678901234567890'"],
    "JSON": ["'{\"a\": [1, null]}'", "'null'"],
    "VARIANT": ["42", "'text'"],
    "GEOMETRY": ["'POINT (1 2)'"],
    "ENUM('a', 'b''c')": ["'a'", "'b''c'"],
    "UNION(number INTEGER, word VARCHAR)": ["union_value(number := 1)"],
}
UNSTORABLE = {
    "UHUGEINT",
    "TIME WITH TIME ZONE",
    "INTERVAL",
    "BIT",
    "BIGNUM",
    "UNION(number INTEGER, word VARCHAR)",
}


def write_and_read(
    connection: duckdb.DuckDBPyConnection, file: Path, kind: str, value: str, projection: str | None
) -> tuple[str, bool]:
    """The type that comes back, and whether the values do."""
    query = f"SELECT CAST({value} AS {kind}) AS v UNION ALL SELECT NULL"
    stored = query if projection is None else f"SELECT {projection} FROM ({query})"
    connection.execute(f"COPY ({stored}) TO {literal(str(file))} ({PARQUET_OPTIONS})")
    read = f"SELECT * FROM read_parquet({literal(str(file))})"
    described = connection.execute(f"DESCRIBE {read}").fetchone()
    assert described is not None
    # Compared as texts: a comparison of values would cast them, and hide what was lost.
    came, went = (
        connection.execute(f"SELECT v::{described[1]}::VARCHAR FROM ({each})").fetchall() for each in (read, query)
    )
    return described[1], came == went


@pytest.mark.parametrize("kind", [kind for kind in VALUES if kind not in UNSTORABLE])
def test_every_storable_type_comes_back(connection: duckdb.DuckDBPyConnection, tmp_path: Path, kind: str) -> None:
    stored = stored_type(kind, "v")
    assert isinstance(stored, str)
    projection = storage_projection([Column("v", stored)])
    for value in VALUES[kind]:
        came, equal = write_and_read(connection, tmp_path / "x.parquet", kind, value, projection)
        assert (came, equal) == (stored, True)


@pytest.mark.parametrize("kind", [kind for kind in VALUES if kind not in UNSTORABLE])
def test_rows_that_are_passed_over_shift_no_other(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, kind: str
) -> None:
    """A reader leaps over what a filter drops: each encoding in its own way, of which none may lose count."""
    stored = stored_type(kind, "v")
    values = [f"CAST(CAST({value} AS {kind}) AS {stored})" for value in VALUES[kind]]
    chosen = " ".join(f"WHEN {number} THEN {value}" for number, value in enumerate(values))
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE went AS SELECT r, CASE hash(r) % {len(values) + 1} {chosen} END AS v, "
        "r * 3 AS last FROM range(5000) AS numbers(r)"
    )
    file = tmp_path / "x.parquet"
    connection.execute(f"COPY went TO {literal(str(file))} ({PARQUET_OPTIONS}, ROW_GROUP_SIZE 2048)")
    for wanted in ("r = 4321", "r % 1000 = 3", "r BETWEEN 2040 AND 2060", "v IS NULL", "r > 4000"):
        came, went = (
            connection.execute(f"SELECT r, v::VARCHAR, last FROM {each} WHERE {wanted} ORDER BY r").fetchall()
            for each in (f"read_parquet({literal(str(file))})", "went")
        )
        assert came == went != []


@pytest.mark.parametrize("kind", sorted(UNSTORABLE))
def test_what_is_refused_would_be_lost(connection: duckdb.DuckDBPyConnection, tmp_path: Path, kind: str) -> None:
    """The diagnostic stands for a fact; and the cast it names keeps the value."""
    problem = stored_type(kind, "v")
    assert isinstance(problem, SqlProblem)
    assert problem.code == "VP112"
    for value in VALUES[kind]:
        query = f"SELECT CAST({value} AS {kind}) AS v"
        file = tmp_path / "x.parquet"
        connection.execute(f"COPY ({query}) TO {literal(str(file))} ({PARQUET_OPTIONS})")
        read = f"SELECT v, typeof(v), v::VARCHAR FROM read_parquet({literal(str(file))})"
        original = connection.execute(f"SELECT v, typeof(v), v::VARCHAR FROM ({query})").fetchone()
        assert connection.execute(read).fetchone() != original
    cast = problem.fix.split("`")[1]
    (described,) = connection.execute(f"DESCRIBE SELECT {cast} AS v FROM (SELECT CAST(NULL AS {kind}) AS v)").fetchall()
    assert stored_type(described[1]) == described[1]


@pytest.mark.parametrize(("kind", "value"), [("VARIANT", "42"), ("GEOMETRY", "'POINT (1 2)'")])
def test_what_is_refused_inside_another_type_would_be_lost(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, kind: str, value: str
) -> None:
    nested = f"{kind}[]"
    assert isinstance(stored_type(nested, "v"), SqlProblem)
    try:
        came, _ = write_and_read(connection, tmp_path / "x.parquet", nested, f"[{value}]", None)
    except duckdb.NotImplementedException:
        return
    assert came != nested


def test_every_type_of_the_engine_is_known(connection: duckdb.DuckDBPyConnection) -> None:
    """A type that a later DuckDB adds must be judged before it is stored."""
    families = {"array", "list", "struct", "row", "map", "union", "enum", "decimal", "numeric", "dec", "tuple"}
    # TYPE is the type of types; no column has it. PARQUET_VARIANT is what a file holds of a VARIANT: it is refused.
    names = {row[0].lower() for row in connection.execute("SELECT DISTINCT type_name FROM duckdb_types()").fetchall()}
    unknown = {
        name
        for name in names - families - {"type", "null", "parquet_variant"}
        if isinstance(canonical_type(name), SqlProblem)
    }
    assert unknown == set()


SPELLINGS = """
int | Text | numeric(5, 2) | dec | decimal(5) | double precision | character varying(10) | float(25) | timestamptz
timestamp with time zone | timestamp(3) | time without time zone | int array | int array[3] | int [ ] [2] | row(a int)
struct("b c" int, A text, "select" int, name int, "a""b" int) | tuple(int, text) | map(text, struct(a int[]))
union(a int, b text) | enum('a', 'b''c') | "NULL" | oid | signed | bytea | interval day to second | bit varying
datetime | geometry('OGC:CRS84') | "int" | int128 | guid
"""


@pytest.mark.parametrize(
    "text", [text.strip() for line in SPELLINGS.strip().splitlines() for text in line.split(" | ")]
)
def test_spellings_agree_with_the_engine(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    described = connection.execute(f"DESCRIBE SELECT CAST(NULL AS {text}) AS x").fetchone()
    assert described is not None
    assert canonical_type(text) == described[1]


@pytest.mark.parametrize(
    ("text", "place", "message", "suggestion"),
    [
        ("bigintt", "bigintt", "`bigintt` is not a column type.", "bigint"),
        ("map(int, strng)", "strng", "`strng` is not a column type.", "string"),
        ("list(int)", "list", "`list` is not a column type.", None),
        ("decimal(39,2)", "2", "A decimal has 1 to 38 digits, not 39.", None),
        ("decimal(4,5)", "5", "A decimal of 4 digits cannot have 5 of them after the point.", None),
        ("decimal(10", "0", "`)` is missing.", None),
        ("struct(a)", ")", "`)` is not a column type.", None),
        ("struct(a int, A int)", "A", "Field `A` stands twice in the STRUCT.", None),
        ("struct", "t", "`(` is missing: a STRUCT lists its fields, as in `struct(id bigint, name varchar)`.", None),
        ("map(int)", ")", "A map has two types, of its keys and of its values, not 1.", None),
        ("int[0]", "0", "An array holds at least 1 element.", None),
        ("enum()", ")", "A value in single quotes is missing.", None),
        ("int int", "int", "`int` does not belong to a column type.", None),
        ("null", "null", "`null` is not a column type.", None),
        ("", "", "A column type is missing.", None),
        ("int;", ";", "`;` does not belong to a column type.", None),
    ],
)
def test_what_is_no_type(text: str, place: str, message: str, suggestion: str | None) -> None:
    problem = parse_type(text)
    assert isinstance(problem, SqlProblem)
    assert problem.code == "VP108"
    assert (text[problem.start : problem.end], problem.message, problem.suggestion) == (place, message, suggestion)


names = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=4)
storable = st.sampled_from([kind for kind in VALUES if kind not in UNSTORABLE])
nestable = storable.filter(lambda kind: kind not in ("VARIANT", "GEOMETRY"))


@st.composite
def types_and_values(draw: st.DrawFn, depth: int = 2) -> tuple[str, str]:
    """A type, nested or not, and SQL for a value of it."""
    shape = draw(st.sampled_from(["plain", "plain", "list", "array", "struct", "map"])) if depth else "plain"
    if shape == "plain":
        kind = draw(storable if depth == 2 else nestable)
        value = draw(st.sampled_from(VALUES[kind]))
        return kind, f"CAST({value} AS {kind})"
    kind, value = draw(types_and_values(depth - 1))
    match shape:
        case "list":
            return f"{kind}[]", draw(st.sampled_from([f"[{value}, NULL]", f"[]::{kind}[]"]))
        case "array":
            return f"{kind}[2]", f"[{value}, NULL]::{kind}[2]"
        case "struct":
            field = draw(names)
            quoted = '"' + field.replace('"', '""') + '"'
            return f"STRUCT({quoted} {kind}, second INTEGER)", f"{{{literal(field)}: {value}, 'second': 2}}"
        case _:
            return f"MAP(INTEGER, {kind})", f"MAP {{1: {value}}}"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=types_and_values())
def test_nested_types_come_back(connection: duckdb.DuckDBPyConnection, tmp_path: Path, drawn: tuple[str, str]) -> None:
    kind, value = drawn
    if "second" in kind.lower() and kind.lower().count('"second"'):
        return  # a field twice
    described = connection.execute(f"DESCRIBE SELECT {value} AS v").fetchone()
    assert described is not None
    parsed = parse_type(described[1])
    assert isinstance(parsed, DataType)
    assert str(parsed) == described[1]
    stored = stored_type(described[1], "v")
    assert isinstance(stored, str)
    projection = storage_projection([Column("v", stored)])
    came, equal = write_and_read(connection, tmp_path / "x.parquet", described[1], value, projection)
    assert (came, equal) == (stored, True)


@settings(max_examples=200, deadline=None)
@given(text=st.text(st.sampled_from("int[](),'\" abcstructmapenumdecimal0123x"), max_size=30))
def test_any_text_is_a_type_or_a_problem(text: str) -> None:
    parsed = parse_type(text)
    if isinstance(parsed, DataType):
        assert parse_type(str(parsed)) == parsed
    else:
        assert 0 <= parsed.start <= parsed.end <= max(len(text), parsed.end)
        assert parsed.message.endswith(".")
