"""A task that is done for each item: what is done of them stays done, and what failed is done again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from vibepiper_interpreter.plan.asked import Asked
from vibepiper_interpreter.state.operator_result import OperatorResult

if TYPE_CHECKING:
    from tests.run.conftest import Project

CITIES = """
[source.file.cities]
path = "data/cities.csv"

[task.shell.load]
command = 'test ! -f "no_$item_name" && echo "$item_id:$item_name" >> log.txt'
for_each = { asset = "cities", columns = ["id", "name"] }
"""


def log(project: Project) -> list[str]:
    file = project.root / "log.txt"
    return sorted(file.read_text().split()) if file.exists() else []


@pytest.fixture
def cities(project: Project) -> Project:
    project.write("data/cities.csv", "id,name\n1,berlin\n2,bern\n3,porto\n")
    project.pipeline(CITIES)
    return project


def test_a_list(project: Project) -> None:
    project.pipeline('[task.shell.say]\ncommand = "echo $item >> log.txt"\nfor_each = ["a", "b", "c.d"]\n')
    result = project.apply()
    assert (result.status, project.outcomes(result)) == ("succeeded", {"say": "done"})
    assert log(project) == ["a", "b", "c.d"]
    assert project.plan().empty
    ended = {str(event.address) for event in project.events if event.type == "item_finished"}
    assert ended == {"shop.say[a]", "shop.say[b]", "shop.say[c%2Ed]"}
    # The run can be looked at afterwards.
    assert len(project.state.run(result.run_id).attempts) == 4


def test_only_what_is_new_in_a_list_is_done(project: Project) -> None:
    project.pipeline('[task.shell.say]\ncommand = "echo $item >> log.txt"\nfor_each = ["a", "b"]\n')
    project.apply()
    project.pipeline('[task.shell.say]\ncommand = "echo $item >> log.txt"\nfor_each = ["b", "c"]\n')
    project.apply()
    assert log(project) == ["a", "b", "c"]
    # What has left the list is forgotten, and done again once it is back.
    project.pipeline('[task.shell.say]\ncommand = "echo $item >> log.txt"\nfor_each = ["a", "b", "c"]\n')
    project.apply()
    assert log(project) == ["a", "a", "b", "c"]
    project.apply(project.plan(asked=Asked(rebuild=("say",))))
    assert log(project) == ["a", "a", "a", "b", "b", "c", "c"]


def test_the_rows_of_an_asset(cities: Project) -> None:
    assert cities.apply().status == "succeeded"
    assert log(cities) == ["1:berlin", "2:bern", "3:porto"]
    cities.write("data/cities.csv", "id,name\n1,berlin\n2,basel\n4,graz\n")
    assert cities.apply().status == "succeeded"
    assert log(cities) == ["1:berlin", "2:basel", "2:bern", "3:porto", "4:graz"]
    assert cities.plan().empty


def test_what_failed_is_done_again_and_nothing_else(cities: Project) -> None:
    cities.write("no_bern", "")
    result = cities.apply()
    assert cities.outcomes(result) == {"cities": "built", "load": "failed"}
    (told,) = cities.task(result, "load").diagnostics
    assert "1 of 3 items failed: `shop.load[2]`" in told.detail
    assert log(cities) == ["1:berlin", "3:porto"]
    (cities.root / "no_bern").unlink()
    assert [action.address.name for action in cities.plan().actions] == ["load"]
    assert cities.apply().status == "succeeded"
    assert log(cities) == ["1:berlin", "2:bern", "3:porto"]
    assert cities.plan().empty


def test_each_item_is_attempted_again_by_itself(project: Project) -> None:
    command = 'echo x >> "n_$item"; test "$(wc -l < "n_$item")" -ge "$item" || exit 75'
    project.pipeline(
        f"[task.shell.say]\ncommand = '{command}'\nfor_each = [1, 2, 3]\n"
        'retry = { attempts = 3, delay = "0.01s" }\nwhen = "$item > 1"\n'
    )
    assert project.apply().status == "succeeded"
    counts = {number: project.root / f"n_{number}" for number in (1, 2, 3)}
    assert not counts[1].exists()
    assert [len(counts[number].read_text().split()) for number in (2, 3)] == [2, 3]


def test_no_items_is_well(project: Project) -> None:
    project.pipeline('[task.shell.say]\ncommand = "false"\nfor_each = []\n')
    assert project.apply().status == "succeeded"
    assert project.plan().empty


def test_one_item_and_an_asset_without_rows(cities: Project) -> None:
    cities.write("data/cities.csv", "id,name\n1,berlin\n")
    assert cities.apply().status == "succeeded"
    assert log(cities) == ["1:berlin"]
    assert cities.plan().empty
    cities.write("data/cities.csv", "id,name\n")
    assert cities.apply().status == "succeeded"
    assert log(cities) == ["1:berlin"]
    assert [item for _, item in cities.state.sight("dev").operator_results() if item] == []
    assert cities.plan().empty


def test_what_comes_after_waits_for_all_and_fails_with_one(project: Project) -> None:
    project.pipeline(
        '[task.shell.say]\ncommand = "test $item != b"\nfor_each = ["a", "b", "c"]\n'
        '[task.shell.late]\ncommand = "echo late >> log.txt"\nafter = ["say"]\n'
    )
    result = project.apply()
    assert project.outcomes(result) == {"say": "failed", "late": "skipped"}
    told = "1 of 3 items failed: `shop.say[b]`. The others are done, and the next apply does only these."
    assert project.task(result, "say").diagnostics[0].detail.startswith(told)
    project.pipeline('[task.shell.say]\ncommand = "false"\nfor_each = ["a", "b"]\n')
    told = "2 of 2 items failed: `shop.say[a]`, `shop.say[b]`. The next apply does only these."
    assert project.task(project.apply(), "say").diagnostics[0].detail.startswith(told)


def test_no_more_at_once_than_is_said(project: Project) -> None:
    command = 'mkdir busy && sleep 0.05 && rmdir busy && echo "$item" >> log.txt'
    project.pipeline(
        f"[task.shell.say]\ncommand = '{command}'\nfor_each = {{ items = [1, 2, 3, 4], concurrency = 1 }}\n"
    )
    assert project.apply(workers=4).status == "succeeded"
    assert log(project) == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("1,a\n1,b\n", "has the value `1` in more than one row"),
        ("1,a\n,b\n", "is NULL in a row"),
        ("1,a\n2,b\n3,c\n4,d\n", "There are more than 3 items"),
    ],
)
def test_items_that_cannot_be_told_apart_or_are_too_many(project: Project, rows: str, words: str) -> None:
    project.write("data/cities.csv", "id,name\n" + rows)
    project.pipeline(CITIES.replace('"name"] }', '"name"], limit = 3 }'))
    result = project.apply()
    (told,) = project.task(result, "load").diagnostics
    assert told.code == "VP810" and words in told.detail
    assert log(project) == []


def test_ten_thousand_items(project: Project) -> None:
    project.write("tasks.py", "done = []\ndef note(item):\n    done.append(item)\n")
    items = list(range(10_000))
    project.pipeline(f'[task.python.note]\nfunction = "tasks:note"\nfor_each = {{ items = {items}, limit = 10000 }}\n')
    assert project.apply().status == "succeeded"
    ended = [event.address for event in project.events if event.type == "item_finished"]
    assert len(set(ended)) == len(ended) == 10_000
    known = project.state.sight("dev").operator_results()
    assert sorted(int(item) for _, item in known if item) == items
    assert project.plan().empty


def test_a_task_looks_at_its_own_items_only(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else many tasks with many items would look at all of them once for each."""
    tasks, items = 6, list(range(20))

    def specs(items: list[int]) -> str:
        return "".join(
            f'[task.python.t{number}]\nfunction = "tasks:note"\nfor_each = {items}\n' for number in range(tasks)
        )

    project.write("tasks.py", "def note(item):\n    pass\n")
    project.pipeline(specs(items))
    assert project.apply().status == "succeeded"
    project.pipeline(specs([*items, 99]))
    plan, decoded, decode = project.plan(), list[str](), OperatorResult.from_row

    def counted(address: str, *rest: Any) -> OperatorResult:
        decoded.append(address)
        return decode(address, *rest)

    monkeypatch.setattr(OperatorResult, "from_row", counted)
    assert project.apply(plan).status == "succeeded"
    assert len(decoded) == tasks * len(items)
