"""A query that sees only what is new of an input is warned where it does not work row by row."""

from __future__ import annotations

import pytest
from tests.compile.conftest import Project, told

SOURCE = '[source.file.orders]\npath = "data/orders.csv"\n{0}\n'
TOTALS = """
[sql.totals]
query = '''
with recent as (select * from orders)
select day, sum(amount) as amount from recent group by day
'''
{0}
"""
MERGED = 'build = { mode = "merge", key = ["day"] }'
GROWS = 'write = "append"'


def written(project: Project, source: str, build: str) -> None:
    project.pipeline(SOURCE.format(source), "sources.vp.toml")
    project.pipeline(TOTALS.replace("{0}", build))


@pytest.mark.parametrize("build", [MERGED, 'build = "append"'])
def test_it_is_told_at_its_place(project: Project, build: str) -> None:
    written(project, GROWS, build)
    warning = project.only()
    assert (warning.code, warning.severity, str(warning.place)) == ("VP318", "warning", "shop.vp.toml:7:13")
    assert "`shop.orders`" in warning.detail
    assert warning.fix is not None


@pytest.mark.parametrize(
    ("source", "build"),
    [
        ("", MERGED),  # seen whole
        ('write = { mode = "merge", key = ["id"] }', MERGED),
        (GROWS, ""),  # made at once
        (GROWS, 'build = { mode = "scd2", key = ["day"] }'),  # sees everything each time
    ],
)
def test_what_sees_everything_may_do_anything(project: Project, source: str, build: str) -> None:
    written(project, source, build)
    assert told(project.compile()) == []


def test_it_is_told_along_a_chain(project: Project) -> None:
    project.pipeline(SOURCE.format(GROWS), "sources.vp.toml")
    project.pipeline(
        """
        [sql.log]
        query = "select id, amount from orders"
        build = "append"
        [sql.seen]
        query = "select id, sum(amount) as amount from log group by id"
        build = { mode = "merge", key = ["id"] }
        """
    )
    assert (project.only().code, "`shop.log`" in project.only().detail) == ("VP318", True)


def test_another_way_to_write_a_source_reaches_its_readers_in_other_files(project: Project) -> None:
    written(project, "", MERGED)
    assert told(project.recall()) == []
    project.pipeline(SOURCE.format(GROWS), "sources.vp.toml")
    assert told(project.recall()) == [("VP318", "shop.vp.toml:7:13")]
    project.pipeline(SOURCE.format(""), "sources.vp.toml")
    assert told(project.recall()) == []


def test_it_is_not_told_where_it_is_ignored(project: Project) -> None:
    written(project, GROWS, MERGED + '\nignore = ["VP318"]')
    assert told(project.recall()) == []
    written(project, GROWS, MERGED + '\nignore = ["VP313"]')
    assert told(project.recall()) == [("VP318", "shop.vp.toml:7:13")]
    project.write("vp.toml", '[project]\nname = "trial"\n[defaults]\nignore = ["VP318"]\n')
    assert told(project.recall()) == []
    project.write("vp.toml", '[project]\nname = "trial"\n')
    assert told(project.recall()) == [("VP318", "shop.vp.toml:7:13")]


VIEWS = """
[sql.paid]
query = "select day, amount from orders where amount > 0"
build = "{0}"
[sql.large]
query = "select day, amount from paid where amount > 100"
build = "view"
[sql.log]
query = "select day, amount from large"
build = "append"
{1}
"""


def test_a_view_that_hides_what_is_new_is_told(project: Project) -> None:
    project.pipeline(SOURCE.format(GROWS), "sources.vp.toml")
    project.pipeline(VIEWS.replace("{0}", "view").replace("{1}", ""))
    for compiled in (project.recall(), project.recall(), project.compile()):
        assert told(compiled) == [("VP318", "shop.vp.toml:12:9")]
        assert "by way of the view `shop.large`" in compiled.diagnostics[0].detail
    project.pipeline(VIEWS.replace("{0}", "view").replace("{1}", 'ignore = ["VP318"]'))
    assert told(project.recall()) == []
    project.pipeline(VIEWS.replace("{0}", "append").replace("{1}", ""))
    assert told(project.recall()) == [("VP318", "shop.vp.toml:12:9")]
    project.pipeline(VIEWS.replace("{0}", "table").replace("{1}", ""))
    assert told(project.recall()) == []
    project.pipeline(VIEWS.replace("{0}", "view").replace("{1}", ""))
    project.pipeline(SOURCE.format(""), "sources.vp.toml")
    assert told(project.recall()) == []
    project.pipeline(SOURCE.format(GROWS), "sources.vp.toml")
    assert told(project.recall()) == [("VP318", "shop.vp.toml:12:9")]
