"""What assets read: unknown names, cycles, and that one mistake is told once."""

from __future__ import annotations

import pytest
from tests.compile.conftest import Project, address, told

from vibepiper_interpreter.compile import compile_project
from vibepiper_interpreter.compile.compiled import SqlDefinition
from vibepiper_spec import load_project

OPENING = len("query = '''")


def sql(project: Project, query: str, more: str = "") -> None:
    project.sources()
    project.pipeline(f"[sql.a]\nquery = '''{query}'''\n{more}\n[sql.reader]\nquery = 'select * from a'\n")


@pytest.mark.parametrize(
    ("query", "code", "column", "said"),
    [
        ("select * from ordrs", "VP202", 15, "Did you mean `orders`?"),
        ("select * from shop.ordrs", "VP202", 15, "Did you mean `orders`?"),
        ("select * from shpo.orders", "VP205", 15, "There is no pipeline `shpo`"),
        ("select * from zzz", "VP202", 15, "The pipeline `shop` has no asset `zzz`."),
        ("select idd from orders", "VP302", 8, "idd"),
        ("select sum(day) as s from orders", "VP304", 8, "sum"),
        ("select id from orders join orders as o on true", "VP303", 8, "id"),
        ("select $limt as l from orders", "VP308", 8, "$limt"),
        ("select id from orders where day >= $start", "VP308", 36, "interval"),
        ("select * from 'data/orders.csv'", "VP307", 15, "[source.file"),
        ("selec id from orders", "VP301", 1, "selec"),
        ("insert into orders values (1)", "VP306", 1, "INSERT"),
    ],
)
def test_mistakes_in_a_query_have_their_place_in_it(
    project: Project, query: str, code: str, column: int, said: str
) -> None:
    sql(project, query)
    found = project.only()  # its reader is not told to be wrong too
    assert (found.code, str(found.place)) == (code, f"shop.vp.toml:4:{OPENING + column}")
    assert said in found.detail + (found.fix.title if found.fix else "")


def test_all_mistakes_of_a_project_are_told_at_once(project: Project) -> None:
    project.sources()
    project.pipeline(
        """
        [sql.a]
        query = '''
        select idd,
               dayy
        from orders'''
        [sql.b]
        query = "select * from ordrs"
        """
    )
    assert told(project.compile()) == [
        ("VP302", "shop.vp.toml:6:8"),
        ("VP302", "shop.vp.toml:7:8"),
        ("VP202", "shop.vp.toml:10:24"),
    ]


def test_what_reads_something_unknown_is_told_what_is_wrong_with_it_anyway(project: Project) -> None:
    """Only what its input cannot change anything about: functions, and what reads known inputs alone."""
    project.sources()
    project.write(
        "b.sql",
        """\
        with totals as (select sum(amuont) as total from orders),
             nobody_reads as (select nothing from totals)
        select foo(x), any_thing from a, totals
        """,
    )
    project.pipeline(
        """
        [sql.a]
        query = "select idd from orders"
        [sql.b]
        file = "b.sql"
        [sql.c]
        query = "select bars(1) as x from b, ordrs"
        [sql.d]
        query = "with o as (select idd from orders where id > $least) select bars(1) as x from o"
        [sql.e]
        query = "select bars(1) as x from e"
        """
    )
    expected = [
        ("VP302", "b.sql:1:28"),
        ("VP302", "b.sql:2:30"),
        ("VP305", "b.sql:3:8"),
        ("VP302", "shop.vp.toml:5:17"),
        ("VP305", "shop.vp.toml:9:17"),
        ("VP202", "shop.vp.toml:9:38"),
        ("VP308", "shop.vp.toml:11:55"),
        ("VP305", "shop.vp.toml:11:70"),
        ("VP305", "shop.vp.toml:13:17"),
        ("VP203", "shop.vp.toml:13:35"),
    ]
    assert told(project.compile()) == expected
    assert told(project.compile()) == expected  # as remembered


def test_a_mistake_in_a_sql_file_is_told_there(project: Project) -> None:
    project.sources()
    project.write("sql/a.sql", "select\n    idd\nfrom orders\n")
    project.pipeline('[sql.a]\nfile = "sql/a.sql"\n')
    assert told(project.compile()) == [("VP302", "sql/a.sql:2:5")]


def test_a_cycle_across_two_files_is_drawn_as_a_path(project: Project) -> None:
    project.pipeline("[sql.a]\nquery = 'select * from b'\n[sql.reader]\nquery = 'select * from a'\n", "one.vp.toml")
    project.pipeline("[sql.b]\nquery = 'select * from other.c'\n", "two.vp.toml")
    project.pipeline("[sql.c]\nquery = 'select * from shop.a'\n", "three.vp.toml", "other")
    found = project.only()
    assert found.code == "VP203"
    assert found.notes == ("other.c → shop.a → shop.b → other.c",)
    assert str(found.place) == "three.vp.toml:4:24"
    assert [str(item.place) for item in found.related] == ["one.vp.toml:4:24", "two.vp.toml:4:24"]


def test_an_asset_that_reads_itself(project: Project) -> None:
    project.pipeline("[sql.a]\nquery = 'select * from a'\n")
    found = project.only()
    assert found.code == "VP203"
    assert "reads itself" in found.detail


def test_a_cte_hides_an_asset(project: Project) -> None:
    project.sources()
    project.pipeline("[sql.a]\nquery = 'with a as (select id from orders) select * from a'\n")
    asset = project.asset("shop.a")
    assert [str(read.address) for read in asset.inputs] == ["shop.orders"]


def test_names_are_compared_without_case_and_reserved_words_are_names(project: Project) -> None:
    project.sources()
    project.pipeline(
        """
        [sql.Select]
        query = 'select id as "From", amount as "größe" from SHOP.Orders'
        [sql.b]
        query = 'select "from", "GRÖSSE" from "select"'
        """.replace("GRÖSSE", "größe")
    )
    assets = project.assets()
    assert [column.name for column in assets["shop.select"].columns] == ["From", "größe"]
    assert [str(read.address) for read in assets["shop.b"].inputs] == ["shop.select"]


def test_assets_come_after_their_inputs(project: Project) -> None:
    project.sources()
    project.pipeline("[sql.a]\nquery = 'select * from b'\n[sql.b]\nquery = 'select * from orders'\n")
    assert list(project.compile().project.assets) == [address("shop.orders"), address("shop.b"), address("shop.a")]


def test_the_columns_that_a_query_uses(project: Project) -> None:
    project.sources()
    project.pipeline("[sql.a]\nquery = 'select id from orders where day > current_date'\n")
    assert project.asset("shop.a").inputs[0].columns == ("day", "id")


def test_variables_are_typed_parameters_of_an_environment(project: Project) -> None:
    project.sources()
    project.write(
        "vp.toml",
        '[project]\nname = "t"\n[variables]\nleast = { type = "integer", default = 5 }\n'
        "[environment.strict]\nvariables = { least = 7 }\n",
    )
    project.pipeline("[sql.a]\nquery = 'select id, $least as l, $env as e from orders where amount > $LEAST'\n")
    asset = project.asset("shop.a")
    assert isinstance(asset.definition, SqlDefinition)
    assert asset.definition.parameters == (("env", "VARCHAR"), ("least", "INTEGER"))
    assert [column.type for column in asset.columns] == ["BIGINT", "INTEGER", "VARCHAR"]
    assert project.compile("strict").project.variables == {"least": 7}
    assert project.asset("shop.a", "strict").fingerprint != asset.fingerprint


def test_an_unknown_environment(project: Project) -> None:
    (found,) = project.compile("prod").diagnostics
    assert found.code == "VP601"
    assert "`dev`" in found.detail


def test_another_dialect_is_refused_in_clear_words(project: Project) -> None:
    project.pipeline("[sql.a]\nquery = 'select 1 as a'\ndialect = 'snowflake'\n")
    found = project.only()
    assert (found.code, str(found.place)) == ("VP316", "shop.vp.toml:5:11")
    assert "snowflake" in found.detail


def test_a_query_of_another_dialect_is_not_judged_as_if_it_were_duckdbs(project: Project) -> None:
    project.sources()
    project.pipeline(
        """
        [sql.a]
        dialect = "snowflake"
        query = "select top 5 iff(amount > 1, 'x', 'y') as size, colum from orders order by nothing:a"
        [sql.b]
        query = "select size from a"
        """
    )
    assert told(project.compile()) == [("VP316", "shop.vp.toml:5:11")]


def test_declared_columns_are_assertions(project: Project) -> None:
    project.sources()
    project.pipeline(
        """
        [sql.a]
        query = "select id, amount * 2 as twice from orders"
        columns.id = "int"
        columns.twice = "decimal(10,2)"
        columns.extra = "date"
        """
    )
    compiled = project.compile()
    assert told(compiled) == [
        ("VP309", "shop.vp.toml:6:14"),
        ("VP309", "shop.vp.toml:7:17"),
        ("VP310", "shop.vp.toml:8:9"),
    ]
    assert "is declared INTEGER, and the query gives BIGINT" in compiled.diagnostics[0].detail
    assert "`shop.orders.amount` (DOUBLE)" in compiled.diagnostics[1].detail


def test_a_declared_type_that_is_none(project: Project) -> None:
    project.sources()
    project.pipeline("[sql.a]\nquery = 'select id from orders'\ncolumns.id = 'bigit'\n")
    found = project.only()
    assert (found.code, str(found.place)) == ("VP108", "shop.vp.toml:5:14")


def test_a_broken_block_is_not_told_again_by_its_readers(project: Project) -> None:
    project.pipeline("[sql.a]\nquerry = 'select 1'\n[sql.b]\nquery = 'select * from a'\n")
    compiled = project.recall()
    assert {diagnostic.code for diagnostic in compiled.diagnostics} <= {"VP101", "VP104"}


@pytest.mark.parametrize("bad", ["bad = [1]", 'bad = { type = "bigint", defualt = 1 }', "bad = = 4"])
def test_a_mistake_in_one_variable_does_not_hide_the_others_nor_is_it_told_where_it_is_used(
    project: Project, bad: str
) -> None:
    sql(project, "select id from orders where id > $good and id < $bad", 'checks = [{ expression = "id <> $bad" }]')
    project.write("vp.toml", f'[project]\nname = "t"\n[variables]\ngood = 3\n{bad}\n')
    loaded = load_project(project.root)
    compiled = compile_project(loaded, "dev", offline_python=True)
    assert [str(found.place).rpartition(":")[0] for found in loaded.diagnostics] == ["vp.toml:5"]
    assert compiled.diagnostics == ()
    assert [str(known) for known in compiled.project.assets] == ["shop.orders"]


@pytest.mark.parametrize(
    "query",
    [
        "select id from orders where (id > 1",
        "select id id id from orders",
        "select qqqzzz(id) as x from orders",
        "select cast(id as qqqzzz) as x from orders",
        "select id from orders where unnest([id]) > 0",
        "select unnest(id) as x from orders",
    ],
)
def test_what_is_wrong_with_a_query_comes_with_what_to_do(project: Project, query: str) -> None:
    sql(project, query)
    found = project.only()
    assert found.fix is not None
    assert found.fix.title
