"""`vp query` reads what is published, and does nothing else: it writes no file, and reads no other."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Vp

WRITING = (
    "copy (select 1 as id) to '{file}'",
    "select 1; copy (select 1 as id) to '{file}'",
    "explain analyze copy (select 1 as id) to '{file}'",
    "EXPLAIN /* so */ ANALYZE -- that\n copy (select 1 as id) to '{file}'",
    "export database '{file}'",
    "attach '{file}' as other",
    "create temp table t as select 1",
    "insert into shop.orders select * from shop.orders",
    "drop view shop.orders",
    "set memory_limit = '1GB'",
    "prepare p as copy (select 1 as id) to '{file}'",
    "pragma database_list",
)
ELSEWHERE = (
    "from 'shop/data/other.csv'",
    "select * from read_text('{root}/data/other.csv')",
    "from read_csv('{root}/data/*.csv')",
    "select * from glob('{root}/*')",
    "from read_text('/etc/hostname')",
    "from 'https://example.org/x.parquet'",
)
READING = (
    "select count(*) from shop.in_place",
    "/* how many */ with t as (from shop.orders) select count(*) from t",
    "describe shop.orders",
    "summarize shop.orders",
    "show all tables",
    "explain select 1",
    "explain analyze select 1",
    "pivot shop.orders on status using count(*)",
    "from (values (1)) as t(a)",
)


@pytest.fixture
def shop(vp: Vp, tmp_path: Path) -> Path:
    assert vp("new", "shop").status == 0
    spec = next((tmp_path / "shop").glob("pipelines/*.vp.toml"))
    spec.write_text(
        spec.read_text().replace(
            "[sql.", '[source.file.in_place]\npath = "data/in place.csv"\nbuild = "view"\n\n[sql.', 1
        )
    )
    (tmp_path / "shop" / "data" / "in place.csv").write_text("id\n1\n")
    (tmp_path / "shop" / "data" / "other.csv").write_text("id\n1\n")
    assert vp("apply", "--yes", "--project", "shop").status == 0
    return tmp_path / "shop"


def test_a_statement_that_does_more_than_read_is_refused(vp: Vp, shop: Path) -> None:
    stored = files(shop / ".vp" / "storage")
    for sql in WRITING:
        seen = vp("query", sql.format(file=shop / ".vp" / "storage" / "planted.parquet"), "--project", "shop")
        assert (seen.status, seen.out) == (1, ""), sql
        assert "error[VP306]" in seen.err, sql
    assert files(shop / ".vp" / "storage") == stored


def test_the_caret_is_under_the_first_word_of_the_statement(vp: Vp, shop: Path) -> None:
    seen = vp("query", "select 1; copy (select 1) to 'x'", "--project", "shop")
    assert " --> query:1:11" in seen.err
    assert "           ^^^^\n" in seen.err


def test_other_files_are_out_of_reach(vp: Vp, shop: Path) -> None:
    for sql in ELSEWHERE:
        seen = vp("query", sql.format(root=shop), "--project", "shop")
        assert seen.status == 1, sql
        assert "error[VP307]" in seen.err, sql


def test_the_caret_is_under_the_forbidden_file(vp: Vp, shop: Path) -> None:
    seen = vp("query", "select *\nfrom read_text('/etc/hostname')", "--project", "shop")
    assert "--> query:2:17" in seen.err
    assert "^^^^^^^^^^^^^\n" in seen.err


def test_whatever_reads_is_fine(vp: Vp, shop: Path) -> None:
    for sql in READING:
        seen = vp("query", sql, "--project", "shop", "--format", "csv")
        assert (seen.status, seen.err) == (0, ""), sql


def files(folder: Path) -> dict[str, bytes]:
    return {path.as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
