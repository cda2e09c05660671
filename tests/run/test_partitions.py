"""Assets that are built by partition: one value at a time, and only those whose rows differ."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.run.conftest import VP_TOML, Project

from vibepiper_interpreter.plan.plan import Action
from vibepiper_interpreter.storage.version import Version, version_of_part
from vibepiper_spec.address import Address

SOURCES = """
[source.file.orders]
path = "orders.csv"
columns.amount = "integer"

[source.file.countries]
path = "countries.csv"
columns.code = "varchar"
"""
LISTED = """
[sql.sales]
query = '''
select country, sum(amount)::bigint as amount, count(*) as orders
from orders where country = $partition group by country
'''
build = { mode = "partition", column = "country", values = ["de", "fr"] }
columns.country.checks = ["not_null"]
"""
FROM_ASSET = LISTED.replace('values = ["de", "fr"]', 'values_of = "countries.code"')
FIRST = ("de,10", "de,20", "fr,5", "it,7")


def orders(project: Project, *rows: str) -> None:
    project.write("orders.csv", "\n".join(["country,amount", *rows]) + "\n")


def countries(project: Project, *codes: str) -> None:
    project.write("countries.csv", "\n".join(["code", *codes]) + "\n")


@pytest.fixture
def shop(project: Project) -> Project:
    project.write("vp.toml", VP_TOML + "[environment.prod]\n")
    project.pipeline(SOURCES + LISTED)
    orders(project, *FIRST)
    countries(project, "de", "fr")
    project.apply()
    return project


def action(project: Project, name: str = "sales") -> Action:
    return next(each for each in project.plan().actions if each.address.name == name)


def version(project: Project, environment: str = "dev") -> Version:
    version_id = project.state.pointers(environment)[Address("shop", "sales")].version_id
    return project.state.versions([version_id])[version_id]


def remade(project: Project) -> set[str | None]:
    """The partitions whose parts the published version has made itself."""
    shown = version(project)
    return {part.partition for part in shown.parts if version_of_part(part) == shown.id}


def test_each_listed_value_is_a_part(shop: Project) -> None:
    assert shop.rows("shop.sales") == [("de", 30, 2), ("fr", 5, 1)]
    assert {part.partition: part.rows for part in version(shop).parts} == {"de": 1, "fr": 1}
    assert shop.plan().empty


def test_a_new_value_is_missing_and_alone_is_made(shop: Project) -> None:
    shop.pipeline(SOURCES + LISTED.replace('"fr"]', '"fr", "it"]'))
    planned = action(shop)
    assert (planned.verb, planned.slices) == ("fill", ("it",))
    assert planned.reasons[0].words == "1 partition (`it`) is missing"
    shop.apply()
    assert shop.rows("shop.sales") == [("de", 30, 2), ("fr", 5, 1), ("it", 7, 1)]
    assert remade(shop) == {"it"}


def test_a_value_that_is_listed_no_more_leaves(shop: Project) -> None:
    shop.pipeline(SOURCES + LISTED.replace('"de", "fr"', '"fr"'))
    assert action(shop).reasons[0].words == "1 partition (`de`) is in `values` no more"
    files = shop.part_files()
    shop.apply()
    assert shop.rows("shop.sales") == [("fr", 5, 1)]
    assert shop.part_files() == files  # a manifest is all that is written
    assert shop.plan().empty


def test_only_the_partition_whose_rows_differ_is_made_anew(shop: Project) -> None:
    orders(shop, *FIRST, "fr,1")
    result = shop.apply()
    assert shop.outcomes(result)["sales"] == "built"
    assert shop.rows("shop.sales") == [("de", 30, 2), ("fr", 6, 2)]
    assert remade(shop) == {"fr"}


def test_rows_of_no_partition_change_nothing(shop: Project) -> None:
    orders(shop, *FIRST, "it,100")
    assert shop.outcomes(shop.apply())["sales"] == "kept"


def test_a_row_that_moves_makes_both_partitions_stale(shop: Project) -> None:
    orders(shop, "de,10", "fr,20", "fr,5", "it,7")
    shop.apply()
    assert shop.rows("shop.sales") == [("de", 10, 1), ("fr", 25, 2)]
    assert remade(shop) == {"de", "fr"}


def test_an_edit_makes_all_of_them_anew(shop: Project) -> None:
    shop.pipeline(SOURCES + LISTED.replace("sum(amount)", "sum(amount + 1)"))
    assert action(shop).verb == "rebuild"
    shop.apply()
    assert shop.rows("shop.sales") == [("de", 32, 2), ("fr", 6, 1)]


def test_values_of_an_asset(shop: Project) -> None:
    shop.pipeline(SOURCES + FROM_ASSET)
    shop.apply()
    assert shop.rows("shop.sales") == [("de", 30, 2), ("fr", 5, 1)]
    assert shop.plan().empty
    countries(shop, "it", "de", "it")
    shop.apply()
    assert shop.rows("shop.sales") == [("de", 30, 2), ("it", 7, 1)]
    assert remade(shop) == {"it"}
    assert shop.plan().empty


def test_a_value_without_rows_is_built_and_empty(shop: Project) -> None:
    shop.pipeline(SOURCES + LISTED.replace('"de", "fr"', '"xx"'))
    shop.apply()
    assert shop.rows("shop.sales") == []
    assert shop.plan().empty
    orders(shop, "xx,1")
    shop.apply()
    assert shop.rows("shop.sales") == [("xx", 1, 1)]


def test_a_row_of_another_value_is_refused_and_shown(shop: Project) -> None:
    shop.pipeline(SOURCES + LISTED.replace("where country = $partition", "where country >= $partition"))
    result = shop.apply()
    [diagnostic] = shop.task(result, "sales").diagnostics
    assert diagnostic.code == "VP518"
    assert "partition `de`" in diagnostic.detail
    assert any("it" in note for note in diagnostic.notes)
    assert shop.rows("shop.sales") == [("de", 30, 2), ("fr", 5, 1)]


def test_another_environment_points_to_the_same(shop: Project) -> None:
    files = shop.part_files()
    result = shop.apply(shop.plan(environment="prod"))
    assert {task.outcome for task in result.tasks} == {"repointed"}
    assert shop.part_files() == files
    assert version(shop, "prod").id == version(shop).id


def test_a_function_gets_the_partition(project: Project) -> None:
    project.write("work.py", PYTHON)
    project.pipeline(
        """
[python.numbers]
function = "work:numbers"
build = { mode = "partition", column = "kind", values = ["a", 7, true] }
columns.kind = "varchar"
columns.length = "bigint"
"""
    )
    project.apply()
    assert project.rows("shop.numbers") == [("7", 1), ("a", 1), ("true", 4)]


PYTHON = """
import pyarrow as pa

def numbers(context) -> pa.Table:
    return pa.table({"kind": [context.partition], "length": [len(context.partition)]})
"""

rows = st.lists(st.tuples(st.sampled_from(["de", "fr", "it", ""]), st.integers(0, 3)), max_size=6)
listed = st.lists(st.sampled_from(["de", "fr", "it"]), min_size=1, unique=True)


@given(steps=st.lists(st.tuples(rows, listed, st.booleans()), min_size=1, max_size=5))
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_whatever_comes_the_table_is_what_building_it_from_nothing_gives(
    new_project: Callable[[str], Project], steps: list[tuple[list[tuple[str, int]], list[str], bool]]
) -> None:
    project = new_project(f"walk{id(steps)}")
    for delivered, values, from_asset in steps:
        orders(project, *(f"{country},{amount}" for country, amount in delivered), "zz,0")
        countries(project, *values)
        named = ", ".join(f'"{value}"' for value in values)
        specs = FROM_ASSET if from_asset else LISTED.replace('"de", "fr"', named)
        project.pipeline(SOURCES + specs)
        assert project.apply().status == "succeeded"
        amounts = {value: [amount for country, amount in delivered if country == value] for value in values}
        expected = sorted((value, sum(some), len(some)) for value, some in amounts.items() if some)
        assert project.rows("shop.sales") == expected
        assert project.plan().empty
    project.close()


def test_a_number_that_is_written_otherwise_is_not_mistaken(project: Project) -> None:
    """`05` is compared as the number 5: nothing says then to which partition a row belongs."""
    query = "select $partition as country, count(*) as orders from orders where amount = $partition"
    project.pipeline(
        SOURCES
        + f'[sql.sales]\nquery = "{query}"\n'
        + 'build = { mode = "partition", column = "country", values = ["05", "20"] }'
    )
    orders(project, *FIRST)
    countries(project, "de")
    project.apply()
    orders(project, *FIRST, "pl,5")
    project.apply()
    assert project.rows("shop.sales") == [("05", 2), ("20", 1)]
