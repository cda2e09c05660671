"""Whoever binds a query, a process ahead of us or we ourselves: the same is found out, and the same is told."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from tests.compile.conftest import Project
from tests.promises.random_edits import EDITS
from tests.promises.random_project import write
from tests.promises.random_queries import new_world

from vibepiper_interpreter.compile import bind_ahead as ahead
from vibepiper_interpreter.compile import compile_project
from vibepiper_interpreter.compile.bind_ahead import Answer, BindAhead
from vibepiper_interpreter.compile.compiled import Compiled
from vibepiper_spec import Address, load_project

QUERIES = {
    "plain": "select id, amount from orders",
    "cte": "with big as (select * from plain where amount > 2) select count(*) as n, max(day) as day from big, orders",
    "unread": "with lost as (select nope from plain) select id from plain",
    "unread_sound": "with spare as (select id from plain) select id from plain",
    "casts": "select id from plain where id = 'foo'",
    "casts_well": "select id, id = '7' as is_seven, cast(amount as varchar) as text, day::varchar as d from orders",
    "types_meet": "select o.id from orders as o join plain as p on o.day = p.id",
    "nested": "select {'a': id, 'b': [amount]} as s, map {id: day} as m, 1::hugeint as h, 2 as \"odd\" from orders",
    "of_nested": 'select s.a, s.b[1] as b, m, h + 1 as h, "odd" from nested',
    "star": "select *, row_number() over () as place from orders",
    "wrong": "select idd from plain",
    "of_wrong": "select id from wrong",
    "unstorable": "select interval 1 day as i from orders",
    "twice": "select id, id from orders",
    "given": "select id, $least as least from orders where id >= $least",
    "of_given": "select least from given",
    "now": "select now() as at, current_date as today from plain",
    "elsewhere": "select n.text from other.names as n",
    "limited": "select id from plain limit 1",
    "ended": "select id from plain;",
    "bracketed": "select id, 'x' as \"a ) b\" from plain -- (",
    "listed": "values (1, 'a')",
    "shadowed": "with plain as (select 1 as id, 'y' as text) select text from plain",
    "grouped": "select day, sum(amount) as total from orders group by all having total > 'x'",
    "nothing": "select 1 as one",
    "empty": "",
    "no_select": "create table t as select 1",
}


@pytest.fixture
def many(project: Project) -> Project:
    """A project of every kind of query, sound or not, in two pipelines."""
    project.sources()
    project.write("vp.toml", '[project]\nname = "t"\n[variables]\nleast = 1\n')
    blocks = [f"[sql.{name}]\nquery = '''\n{query}\n'''\n" for name, query in QUERIES.items()]
    blocks.append("[sql.viewed]\nquery = 'select id from casts_well'\nbuild = { mode = \"view\" }\n")
    blocks.append("[sql.of_viewed]\nquery = 'select id + 1 as id from viewed'\n")
    blocks.append("[sql.noted]\nquery = 'select id from plain -- to the end'\n")
    project.pipeline("\n".join(blocks))
    # What is called as in the other pipeline is another asset here.
    others = {
        "names": "select text from shop.casts_well",
        "plain": "select 'a' as id",
        "of_plain": "select id from plain",
    }
    text = "\n".join(f'[sql.{name}]\nquery = """{query}"""\n' for name, query in others.items())
    project.pipeline(text, "other.vp.toml", "other")
    return project


def compiled(root: Path) -> Compiled:
    return compile_project(load_project(root), "dev", cache=False, offline_python=True)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[Address, Answer | None]:
    """Has even the smallest project bound ahead, and notes what was answered."""
    heard: dict[Address, Answer | None] = {}
    ask = BindAhead.answer

    def listen(self: BindAhead, address: Address, key: str) -> Answer | None:
        heard[address] = ask(self, address, key)
        return heard[address]

    monkeypatch.setattr(BindAhead, "answer", listen)
    monkeypatch.setattr(ahead, "FEWEST", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    return heard


def test_it_is_found_out_what_is_found_out_alone(many: Project, answers: dict[Address, Answer | None]) -> None:
    found = compiled(many.root)
    assert {address.name for address, answer in answers.items() if answer is not None} >= {
        "plain", "cte", "casts", "casts_well", "nested", "of_nested", "elsewhere", "names", "viewed", "of_viewed",
        "noted", "bracketed", "of_plain",
    }  # fmt: skip
    answers.clear()
    ahead.FEWEST = 1_000
    assert found == compiled(many.root)
    assert answers == {}
    assert {"VP302", "VP304", "VP112", "VP311"} <= {diagnostic.code for diagnostic in found.diagnostics}


def test_one_name_means_another_asset_in_another_pipeline(
    project: Project, answers: dict[Address, Answer | None]
) -> None:
    project.sources()
    reading = "[sql.reading]\nquery = 'select id from plain'\n"
    project.pipeline(f"[sql.plain]\nquery = 'select 1 as id'\n{reading}")
    project.pipeline(f"[sql.plain]\nquery = \"select 'a' as id\"\n{reading}", "other.vp.toml", "other")
    found = compiled(project.root)
    assert all(answers.values())
    assert [found.project.assets[Address(pipeline, "reading")].columns[0].type for pipeline in ("shop", "other")] == [
        "INTEGER",
        "VARCHAR",
    ]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_it_is_found_out_for_random_projects(tmp_path: Path, answers: dict[Address, Answer | None], seed: int) -> None:
    chance = Random(seed)
    world = new_world(chance)
    for edit in [EDITS[0]] * 8 + [chance.choice(EDITS) for _ in range(12)]:
        world = edit(chance, world) or world
    write(world, tmp_path)
    found = compiled(tmp_path)
    assert any(answers.values())
    ahead.FEWEST = 1_000
    assert found == compiled(tmp_path)


@pytest.mark.parametrize("module", ["no.such.module", "this"])
def test_a_process_that_ends_or_talks_nonsense_only_costs_time(
    many: Project, answers: dict[Address, Answer | None], monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    ahead.FEWEST = 1_000
    alone = compiled(many.root)
    ahead.FEWEST = 1
    monkeypatch.setattr(ahead, "_MODULE", module)
    assert compiled(many.root) == alone
    assert not any(answers.values())
