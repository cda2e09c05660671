"""What each kind of task names is judged where it stands: values in texts and in SQL, connections, assets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from vibepiper_interpreter.operators.kinds import KINDS
from vibepiper_spec import Address

if TYPE_CHECKING:
    from conftest import Project

PROJECT = """
[project]
name = "shop"
[variables]
api = "https://api.example"
[environment.prod]
[connection.postgres.erp]
host = "db.example"
[connection.mysql.old]
host = "old.example"
[connection.smtp.office]
host = "mail.example"
"""
ALL_KINDS = """
    [task.shell.count]
    command = "wc -l $file"
    outputs.rows = "bigint"

    [task.sql.note]
    connection = "erp"
    statement = [
        "delete from runs where id = $run_id",
        "insert into runs select $run_id, $rows::int, '$not_me' -- $nor_me",
    ]
    inputs.rows = "count.rows"

    [task.http.start]
    url = "$api/jobs/$run_id"
    method = "POST"
    headers.X-Rows = "$rows"
    query = { since = 2024-01-31, q = "$env" }
    json = { rows = "$rows", all = ["$now", { deep = "$api" }], day = 2024-01-31 }
    auth = "secret:KEY"
    inputs.rows = "count.rows"
    outputs.id = { type = "bigint", from = "/id" }

    [task.container.load]
    image = "alpine"
    command = ["load", "--rows=$rows"]
    env.RUN = "$run_id"
    inputs.rows = "count.rows"

    [task.notify.tell]
    to = "webhook"
    url = "secret:HOOK"
    message = "$id of $env: $status $$"
    inputs.id = "start.id"
    inputs.status = "start.status"

    [task.wait.file.landed]
    path = "inbox/$env/*.csv"

    [task.wait.sql.ready]
    connection = "old"
    query = "select `$x` from ready where env = $env # $y"

    [task.wait.http.up]
    url = "$api/health"

    [task.wait.asset.there]
    asset = "Orders"
    environment = "prod"

    [task.wait.time.later]
    at = 06:30:00

    [task.shell.after_file]
    command = 'cp "$path" "$at"'
    inputs.path = "landed.path"
    inputs.at = "later.at"
"""


def problems(project: Project, text: str) -> list[tuple[str, str, str]]:
    """Code, what is underlined, and what is said."""
    project.write("vp.toml", PROJECT)
    project.sources()
    project.pipeline(text)
    lines = (project.root / "shop.vp.toml").read_text().split("\n")
    found = []
    for told in project.compile().diagnostics:
        assert told.place is not None
        span = told.place.range
        underlined = lines[span.start_line - 1][span.start_column - 1 : span.end_column - 1]
        found.append((told.code, underlined, f"{told.detail} {told.fix.title if told.fix else ''}"))
    return found


def test_all_kinds_compile_to_what_can_be_performed(project: Project) -> None:
    assert problems(project, ALL_KINDS) == []
    operators = project.compile().project.operators
    assert {operator.kind for operator in operators.values()} == KINDS.keys()
    assert operators[Address("shop", "there")].settings["asset"] == "shop.orders"
    outputs = dict(operators[Address("shop", "start")].outputs)
    assert {name: (each.type, each.source) for name, each in outputs.items()} == {
        "status": ("bigint", None),
        "id": ("bigint", "/id"),
    }
    assert operators[Address("shop", "start")].settings["json"]["rows"] == "$rows"


@pytest.mark.parametrize(
    ("text", "code", "underlined", "words"),
    [
        ('[task.http.a]\nurl = "$api/$idd"', "VP308", "$idd", "`$idd` stands for nothing"),
        ('[task.http.a]\nurl = "$api"\njson = { x = ["$ap"] }', "VP308", "$ap", "Did you mean `api`?"),
        ('[task.http.a]\nurl = "$api"\nheaders.X = "a ${envv}"', "VP308", "${envv}", "Did you mean `env`?"),
        ('[task.http.a]\nurl = "$api"\nbody = "$rowz"', "VP308", "$rowz", "stands for nothing"),
        ('[task.sql.a]\nconnection = "erp"\nstatement = "select $x"', "VP308", "$x", "stands for nothing"),
        (
            '[task.sql.a]\nconnection = "erp"\nstatement = ["select $env", "select \'$x\', $run_idd"]',
            "VP308",
            "$run_idd",
            "Did you mean `run_id`?",
        ),
        ('[task.wait.sql.a]\nconnection = "old"\nquery = "select $x # $y"', "VP308", "$x", "stands for nothing"),
        ('[task.notify.a]\nto = "webhook"\nurl = "secret:H"\nmessage = "$erorr"', "VP308", "$erorr", "`error`"),
        ('[task.container.a]\nimage = "x"\ncommand = ["$x"]', "VP308", "$x", "stands for nothing"),
        ('[task.wait.file.a]\npath = "in/$dya.csv"', "VP308", "$dya", "stands for nothing"),
        ('[task.wait.asset.a]\nasset = "ordrs"', "VP806", '"ordrs"', "has no asset `ordrs`. Did you mean `orders`?"),
        ('[task.wait.asset.a]\nasset = "a"', "VP806", '"a"', "`shop.a` is a task, and only an asset is published"),
        (
            '[task.wait.asset.a]\nasset = "orders"\nenvironment = "prd"',
            "VP601",
            '"prd"',
            "no environment named `prd`. Did you mean `prod`?",
        ),
    ],
)
def test_a_name_that_means_nothing_is_told_where_it_stands(
    project: Project, text: str, code: str, underlined: str, words: str
) -> None:
    (found,) = problems(project, text)
    assert found[:2] == (code, underlined)
    assert words in found[2]


def test_a_variable_that_a_statement_names_is_part_of_what_it_means(project: Project) -> None:
    def fingerprint(settings: str, statement: str) -> Any:
        project.write("vp.toml", settings)
        project.pipeline(f'[task.sql.a]\nconnection = "erp"\nstatement = "{statement}"\n')
        compiled = project.compile()
        assert not compiled.diagnostics
        return compiled.project.operators[Address("shop", "a")].fingerprint

    changed = PROJECT.replace("https://api.example", "https://other.example")
    assert fingerprint(PROJECT, "select $api") != fingerprint(changed, "select $api")
    assert fingerprint(PROJECT, "select '$api'") == fingerprint(changed, "select '$api'")
