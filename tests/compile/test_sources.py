"""Sources: which files, which columns, and how their mistakes are told."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.compile.conftest import Project

from vibepiper_interpreter.compile.compiled import Column, FileDefinition
from vibepiper_interpreter.connectors.file import broken_row, list_files, read_expression
from vibepiper_interpreter.connectors.file.inference import Inferred, engine_message
from vibepiper_interpreter.connectors.file.kept_types import keep_types
from vibepiper_spec import Address
from vibepiper_spec.diagnostics import DiagnosticError


def source(project: Project, body: str) -> tuple[FileDefinition, tuple[Column, ...]]:
    project.pipeline(f"[source.file.s]\n{body}")
    asset = project.asset("shop.s")
    assert isinstance(asset.definition, FileDefinition)
    return asset.definition, asset.columns


def rows(project: Project, definition: FileDefinition) -> list[Any]:
    files = list_files(project.root, definition)
    with duckdb.connect(":memory:") as connection:
        return connection.execute(f"SELECT * FROM {read_expression(project.root, definition, files)}").fetchall()


def types(definition: FileDefinition) -> dict[str, str]:
    return dict(definition.types)


def test_columns_are_inferred_and_declared_types_win(project: Project) -> None:
    definition, columns = source(project, 'path = "data/orders.csv"\ncolumns.AMOUNT = "decimal(10,2)"')
    assert types(definition) == {"id": "BIGINT", "amount": "DECIMAL(10,2)", "day": "DATE"}
    assert [column.name for column in columns] == ["id", "amount", "day"]
    assert len(rows(project, definition)) == 2


def test_many_files_are_read_in_natural_order_each_once(project: Project) -> None:
    for number in (1, 2, 10):
        project.write(f"data/part-{number}.csv", f"id\n{number}\n")
    project.write("data/.part-3.csv", "id\n3\n")
    definition, _ = source(project, 'path = ["data/part-*.csv", "data/part-1.csv"]')
    files = list_files(project.root, definition)
    assert [file.path for file in files] == ["data/part-1.csv", "data/part-2.csv", "data/part-10.csv"]
    assert rows(project, definition) == [(1,), (2,), (10,)]


def test_columns_of_many_files_are_matched_by_name(project: Project) -> None:
    project.write("data/p/1.csv", "a,b\n1,x\n")
    project.write("data/p/2.csv", "b,a\ny,2.5\n")
    project.write("data/p/q/3.csv", "a,c\n3,z\n")
    project.pipeline('[source.file.s]\npath = "data/p/**/*.csv"\n')
    compiled = project.compile()
    (warning,) = compiled.diagnostics
    assert (warning.code, warning.severity) == ("VP503", "warning")
    assert "`data/p/q/3.csv` lacks `b`" in warning.notes
    definition = compiled.project.assets[Address("shop", "s")].definition
    assert isinstance(definition, FileDefinition)
    assert rows(project, definition) == [(1.0, "x", None), (2.5, "y", None), (3.0, None, "z")]


def test_a_column_without_values_in_one_file_takes_the_type_it_has_in_others(project: Project) -> None:
    project.write("data/p/1.csv", "a,b\n1,\n")
    project.write("data/p/2.csv", "a,b\n2,5\n")
    project.write("data/p/3.csv", "a,b\n")
    definition, _ = source(project, 'path = "data/p/*.csv"')
    assert types(definition) == {"a": "BIGINT", "b": "BIGINT"}
    assert rows(project, definition) == [(1, None), (2, 5)]


@pytest.mark.parametrize(
    ("name", "content", "body", "expected"),
    [
        ("a.tsv", "a\tb\n1\tx;y\n", "", [(1, "x;y")]),
        ("a.csv", 'a;b\n1;"x\ny"\n', "", [(1, "x\ny")]),
        (
            "a.csv",
            "a,b\nNA,x\n-,y\n",
            'options = { null = ["NA", "-"] }\ncolumns.a = "int"',
            [(None, "x"), (None, "y")],
        ),
        ("a.csv", "d\n31/12/2024\n", "", [("2024-12-31",)]),
        ("a.csv", "n;m\n1,5;2\n", 'options = { decimal = ",", delimiter = ";" }', [(1.5, 2)]),
        ("a.csv", b"a,b\n1,\xe9\n", 'options = { encoding = "latin-1" }', [(1, "é")]),
        ("a.csv", "1,2\n3,4\n", "options = { header = false }", [(1, 2), (3, 4)]),
        ("a.csv", '"select",a b,"q""q"\n1,2,3\n', "", [(1, 2, 3)]),
        ("a'b [1].csv", "a\n1\n", "", [(1,)]),
        ("a.txt", "a|b\n1|2\n", 'format = "csv"', [(1, 2)]),
        ("a.json", '[{"a": 1, "b": {"c": "x"}}, {"a": 2}]', "", [(1, {"c": "x"}), (2, None)]),
        ("a.jsonl", '{"a": 1}\n{"a": 2, "b": "x"}\n', "", [(1, None), (2, "x")]),
        ("a.csv.gz", gzip.compress(b"a\n1\n", mtime=0), "", [(1,)]),
        ("a.json.gz", gzip.compress(b'{"a": 1}\n', mtime=0), "", [(1,)]),
    ],
)
def test_ways_to_write_a_file(
    project: Project, name: str, content: str | bytes, body: str, expected: list[Any]
) -> None:
    (project.root / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    definition, _ = source(project, f'path = "{name}"\n{body}')
    found = rows(project, definition)
    assert [tuple(str(v) if hasattr(v, "isoformat") else v for v in row) for row in found] == expected


def test_parquet_files_bring_their_types_and_are_widened(project: Project) -> None:
    with duckdb.connect(":memory:") as connection:
        (project.root / "p").mkdir()
        connection.execute(f"COPY (SELECT 1::INTEGER AS a, 'x' AS b) TO '{project.root}/p/1.parquet'")
        connection.execute(f"COPY (SELECT 2::BIGINT AS a, 'y' AS b) TO '{project.root}/p/2.parquet'")
    definition, _ = source(project, 'path = "p/*.parquet"')
    assert types(definition) == {"a": "BIGINT", "b": "VARCHAR"}
    definition, columns = source(project, 'path = "p/*.parquet"\ncolumns.a = "hugeint"')
    assert columns[0].type == "DECIMAL(38,0)"
    assert rows(project, definition) == [(1, "x"), (2, "y")]


def test_content_is_what_identifies_a_file(project: Project) -> None:
    definition = FileDefinition(("data/orders.csv",), "csv")
    before = list_files(project.root, definition)
    assert list_files(project.root, definition) == before
    project.write("data/orders.csv", "id,amount,day\n1,2.50,2024-01-01\n2,3.51,2024-01-02\n")
    assert list_files(project.root, definition)[0].sha256 != before[0].sha256


@pytest.mark.parametrize(
    ("path", "code", "said"),
    [
        ("data/ordres.csv", "VP501", "Did you mean `data/orders.csv`?"),
        ("daata/orders.csv", "VP501", "Did you mean `data`?"),
        ("data", "VP501", "is a folder"),
        ("data/*.cvs", "VP502", "`data` holds `orders.csv`"),
        ("nowhere/**/*.csv", "VP502", "There is no `nowhere`"),
    ],
)
def test_missing_files(project: Project, path: str, code: str, said: str) -> None:
    with pytest.raises(DiagnosticError) as raised:
        list_files(project.root, FileDefinition((path,), "csv"))
    (diagnostic,) = raised.value.diagnostics
    assert diagnostic.code == code
    assert said in diagnostic.detail
    assert str(project.root) not in diagnostic.detail


def test_every_pattern_that_names_nothing_is_told_at_its_place(project: Project) -> None:
    project.pipeline('[source.file.s]\npath = [\n  "data/a.csv",\n  "data/b*.csv",\n]\n')
    assert [(d.code, str(d.place)) for d in project.compile().diagnostics] == [
        ("VP501", "shop.vp.toml:5:3"),
        ("VP502", "shop.vp.toml:6:3"),
    ]


@pytest.mark.parametrize("path", ["data/orders.txt", "data/orders.parquet.gz", "data/orders"])
def test_unknown_format(project: Project, path: str) -> None:
    project.pipeline(f'[source.file.s]\npath = "{path}"\n')
    assert project.only().code == "VP510"


def test_two_formats_in_one_source(project: Project) -> None:
    project.pipeline('[source.file.s]\npath = ["data/*.csv", "data/*.json"]\n')
    assert project.only().code == "VP510"


def test_declared_column_that_is_in_no_file(project: Project) -> None:
    project.pipeline('[source.file.s]\npath = "data/orders.csv"\ncolumns.amuont = "double"\n')
    found = project.only()
    assert (found.code, found.severity, str(found.place)) == ("VP503", "error", "shop.vp.toml:5:9")
    assert "Did you mean `amount`?" in found.detail
    assert "`id`, `amount`, `day`" in found.detail


@pytest.mark.parametrize(
    ("name", "content", "body", "line", "said"),
    [
        ("a.csv", "a,b\n1,x\n2\n", "", 3, "it has 1 value where 2 are expected"),
        ("a.csv", "a,b\n1,x\n2,y,z\n3,u\n", "", 3, "it has more values than the 2 that are expected"),
        ("a.csv", "a,b\n1,x\noops,y\n", 'columns.a = "bigint"', 3, "`oops` in column `a` is no BIGINT"),
        ("a.csv", 'a,b\n1,x\n2,"y\n', 'columns.b = "varchar"', 3, "a quote is opened and never closed"),
        ("a.csv", b"a,b\n1,\xe9\n", "", 2, "not UTF-8"),
        ("a.jsonl", '{"a": 1}\n{"a": 2}\n{"a": "x"}\n', 'columns.a = "bigint"', 3, "x"),
    ],
)
def test_a_broken_row_is_told_with_file_and_line(
    project: Project, name: str, content: str | bytes, body: str, line: int, said: str
) -> None:
    project.write(name, content)
    definition, _ = source(project, f'path = "{name}"\n{body}')
    with pytest.raises(duckdb.Error) as raised:
        rows(project, definition)
    found = broken_row(engine_message(raised.value), project.root, None)
    assert found is not None
    assert (found.code, str(found.place)) == ("VP504", f"{name}:{line}:1")
    assert said in found.detail
    assert str(project.root) not in found.detail


def test_json_that_cannot_be_read_at_all_is_told_while_compiling(project: Project) -> None:
    project.write("a.jsonl", '{"a": 1}\n{"a": oops}\n')
    project.pipeline('[source.file.s]\npath = "a.jsonl"\n')
    found = project.only()
    assert (found.code, str(found.place)) == ("VP504", "shop.vp.toml:4:8")
    assert "Line 2 of `a.jsonl`" in found.detail
    assert str(found.related[0].place) == "a.jsonl:2:1"


def test_a_file_that_is_not_what_its_suffix_says(project: Project) -> None:
    project.write("a.parquet", "id\n1\n")
    project.pipeline('[source.file.s]\npath = "a.parquet"\n')
    found = project.only()
    assert found.code == "VP504"
    assert str(project.root) not in found.detail


def test_a_message_about_something_else_is_no_broken_row(tmp_path: Path) -> None:
    assert broken_row("Catalog Error: Table with name t does not exist!", tmp_path, None) is None


def test_what_only_rows_show_of_a_csv_file_is_kept_while_there_are_none() -> None:
    before = FileDefinition(
        ("a.csv",),
        "csv",
        (("dateformat", "%d/%m/%Y"), ("delim", ","), ("quote", "'")),
        (("a", "DATE"), ("b", "BIGINT")),
    )
    today = Inferred((("delim", ";"), ("quote", '"')), (("A", "VARCHAR"), ("b", "VARCHAR")), without_rows=True)
    kept, unknown = keep_types(today, before, declared=(), given=())
    assert kept.options == (("dateformat", "%d/%m/%Y"), ("delim", ";"), ("quote", "'"))
    assert (kept.types, unknown) == ((("A", "DATE"), ("b", "BIGINT")), ())
    kept, _ = keep_types(today, before, declared=("B",), given=("quote",))
    assert (dict(kept.options)["quote"], dict(kept.types)["b"]) == ('"', "VARCHAR")
