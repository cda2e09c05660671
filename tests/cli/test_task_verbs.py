"""What the verbs tell of tasks: what they are, what became of them, and where they stand among the assets."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import pytest
from tests.cli.conftest import Vp, edit

from vibepiper_cli.main import main

SPEC = """
[pipeline]
name = "shop"
owner = "data@shop.example"

[source.file.orders]
path = "data/*.csv"

[sql.daily]
query = "select day, sum(amount) as revenue from orders group by day"

[task.shell.fetch]
command = "true"
before = ["orders"]

[task.shell.report]
description = "Counts the pages."
command = '''
echo "one page"
echo "pages=3" >> "$VP_OUTPUT"
'''
after = ["daily"]
outputs.pages = "bigint"
env.TOKEN = "secret:REPORT_TOKEN"
on_failure = ["alarm"]
timeout = "10m"

[task.shell.tell]
command = "echo $pages"
inputs.pages = "report.pages"
when = "$pages > 100"

[task.shell.load]
command = 'echo "loading $item"; test "$item" != bern'
for_each = ["berlin", "bern", "st.gallen"]

[task.shell.each_day]
command = "true"
for_each = { asset = "daily", columns = ["day"] }

[task.wait.file.landed]
path = "data/*.csv"

[task.shell.alarm]
command = "true"
"""


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("applied") / "shop"
    (root / "data").mkdir(parents=True)
    (root / "vp.toml").write_text('[project]\nname = "shop"\n[environment.prod]\n')
    (root / ".env").write_text("REPORT_TOKEN=hush-hush-token\n")
    (root / "shop.vp.toml").write_text(SPEC)
    (root / "data" / "a.csv").write_text("day,amount\n2024-01-01,2\n2024-01-02,3\n")
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        assert main(["apply", "--yes", "--quiet", "--project", str(root)]) == 1  # bern fails
    return root


def facts(text: str) -> dict[str, str]:
    """The first block of facts of what `vp show` told, by their names."""
    pairs = (line.split("  ", 1) for line in text.splitlines() if "  " in line and not line.startswith(" "))
    return {name: words.strip() for name, words in pairs}


def test_show_tells_what_a_task_is_and_what_it_has_given(vp: Vp, shop: Path) -> None:
    seen = vp("show", "report")
    assert seen.status == 0
    told = facts(seen.out)
    assert told["shop.report"] == "task shell"
    assert told["owner"] == "data@shop.example"
    assert told["status"] == "done in `dev`"
    assert told["timeout"] == "10 min 0 s"
    assert told["last run"].startswith("done")
    for line in (
        "Counts the pages.",
        '  command    echo "one page"',
        "  env.TOKEN  secret:REPORT_TOKEN",
        "  pages  bigint  3",
        "Comes after\n  shop.daily",
        "Comes before\n  shop.tell\n  shop.alarm",
    ):
        assert line in seen.out
    assert "hush-hush" not in seen.out
    found = json.loads(vp("show", "shop.report", "--json").out)
    assert (found["kind"], found["status"], found["before"]) == ("task.shell", "done", ["shop.tell", "shop.alarm"])
    (result,) = found["results"]
    assert (result["item"], result["outcome"], result["outputs"]) == (None, "done", {"pages": 3})
    assert list(result["after"]) == ["shop.daily"]
    assert found["last_run"]["outcome"] == "done"


def test_show_tells_of_each_item_what_became_of_it(vp: Vp, shop: Path) -> None:
    seen = vp("show", "load")
    assert facts(seen.out)["status"] == "due in `dev` (not done yet in `dev`)"
    assert facts(seen.out)["last run"].startswith("failed")
    items = seen.out[seen.out.index("Items") : seen.out.index("Comes after")].splitlines()
    assert [line.split()[:2] for line in items[2:5]] == [["failed", "bern"], ["done", "berlin"], ["done", "st.gallen"]]
    found = json.loads(vp("show", "load", "--json").out)
    assert [result["item"] for result in found["results"]] == ["berlin", "st.gallen"]
    assert [(each["item"], each["code"]) for each in found["last_run"]["failed_items"]] == [("bern", "VP811")]
    assert found["last_run"]["run"]


def test_show_tells_why_a_task_was_skipped_is_due_or_waits_for_others(vp: Vp, shop: Path) -> None:
    assert facts(vp("show", "tell").out)["status"] == "skipped in `dev`"
    assert "`when` is not true" in facts(vp("show", "tell").out)["last run"]
    alarm = facts(vp("show", "alarm").out)
    assert (alarm["status"], alarm["on failure of"]) == ("not due in `dev`", "`shop.report`")
    assert facts(vp("show", "landed", "--env", "prod").out)["last run"] == "none in `prod`"
    edit(shop / "shop.vp.toml", "pages=3", "pages=4")
    assert "what it does has changed" in facts(vp("show", "report").out)["status"]
    edit(shop / "shop.vp.toml", '[task.wait.file.landed]\npath = "data/*.csv"\n', "")
    assert facts(vp("show", "landed").out)["status"] == "left the specs in `dev`"
    unknown = vp("show", "lode")
    assert unknown.status != 0
    assert "there is no asset or task `lode`. Did you mean `load`?" in unknown.err


def test_show_tells_the_mistake_of_a_task(vp: Vp, shop: Path) -> None:
    edit(shop / "shop.vp.toml", 'path = "data/*.csv"\n\n[task.shell.alarm]', 'pat = "data/*.csv"\n\n[task.shell.alarm]')
    seen = vp("show", "landed")
    assert seen.status == 0  # what it has done is known all the same
    assert "`pat`" in seen.err
    assert facts(seen.out)["status"].endswith("in `dev`")
    edit(shop / "shop.vp.toml", "[task.wait.file.landed]", "[task.wait.file.arrived]")
    assert vp("show", "arrived").status != 0
    assert "`pat`" in vp("show", "arrived").err


def test_lineage_has_tasks_where_they_stand_among_assets(vp: Vp, shop: Path) -> None:
    daily = vp("lineage", "daily").out
    assert "└─ shop.fetch  (order only)" in daily[: daily.index("goes to")]
    after = daily[daily.index("goes to") :]
    assert "├─ shop.report  (order only)" in after
    assert "│  └─ shop.tell  `$pages`" in after
    assert "└─ shop.each_day  `day`" in after
    tell = vp("lineage", "tell").out
    assert "└─ shop.report  `$pages`" in tell
    assert "shop.orders  data/*.csv" in tell
    edges = json.loads(vp("lineage", "report", "--json").out)
    assert edges["node"] == {"task": "shop.report"}
    assert {(edge["kind"], *edge["to"].values()) for edge in edges["downstream"]} == {("values", "shop.tell")}
    assert "-.->" in vp("lineage", "report", "--mermaid").out
    # A column's lineage is of data, and what a task does with data is not known.
    assert "shop.report" not in vp("lineage", "daily.day").out


def test_runs_tell_of_tasks_and_their_items(vp: Vp, shop: Path) -> None:
    shown = vp("runs", "show").out
    assert "9 actions in the plan" in shown
    load = next(line for line in shown.splitlines() if " shop.load " in line)
    assert (load.split()[0], "2 of 3 items" in load) == ("failed", True)
    assert "shop.report" in vp("runs", "show", "--gantt").out
    everything = vp("runs", "logs").out
    assert "one page" in everything
    assert "loading berlin" in everything
    assert "loading" not in vp("runs", "logs", "2", "report").out
    assert vp("runs", "logs", "2", "load").out.count("loading ") == 3
    assert vp("runs", "logs", "2", "shop.load[berlin]").out.count("loading ") == 1


def test_runs_show_where_there_was_none(vp: Vp, shop: Path) -> None:
    for file in (shop / ".vp").glob("state*"):
        file.unlink()
    for more in ((), ("--gantt",)):
        seen = vp("runs", "show", *more)
        assert (seen.status, "No run yet" in seen.err) == (0, True)


def test_what_stays_is_counted_in_assets_and_tasks(tmp_path: Path, vp: Vp) -> None:
    (tmp_path / "vp.toml").write_text('[project]\nname = "t"\n')
    tasks = "".join(f'[task.shell.t{number}]\ncommand = "true"\n' for number in range(45))
    (tmp_path / "shop.vp.toml").write_text('[pipeline]\nname = "shop"\n' + tasks)
    assert "  and 45 tasks as planned\n" in vp("apply", "--yes", "--quiet").err
    assert vp("plan").out == "No changes. `dev` is as the specs say (45 tasks).\n"
    assert vp("plan").out == "No changes. `dev` is as the specs say (45 tasks).\n"  # as it is remembered
    assert vp("plan", "t1").out == "No changes. What `t1` selects is as the specs say (1 task).\n"
    (tmp_path / "shop.vp.toml").write_text(f'[pipeline]\nname = "shop"\n{tasks}[sql.one]\nquery = "select 1 as a"\n')
    assert vp("plan").out.endswith("Plan: 1 to create; 45 unchanged.\n")
    assert vp("apply", "--yes").status == 0
    assert vp("plan").out == "No changes. `dev` is as the specs say (1 asset, 45 tasks).\n"
    again = vp("plan", "--rebuild", "t1").out
    assert "`--rebuild` asks for it\n      about " in again
    assert "1 to do; 45 unchanged. About " in again
    saved = json.loads(vp("plan", "--json").out)
    assert (saved["unchanged"], saved["not_due"]) == (1, 45)


def test_what_left_the_specs_is_forgotten_once_nobody_can_go_back(tmp_path: Path, vp: Vp) -> None:
    (tmp_path / "vp.toml").write_text('[project]\nname = "t"\n')
    specs, kept = tmp_path / "shop.vp.toml", '[pipeline]\nname = "shop"\n[task.shell.stays]\ncommand = "true"\n'
    gone = '[task.shell.gone]\ncommand = "true"\nfor_each = ["a", "b"]\n'
    specs.write_text(kept + gone)
    assert vp("apply", "--yes").status == 0
    everything = ("clean", "--grace", "0s", "--undo-horizon", "0s")
    assert "no spec declares" not in vp(*everything).err
    specs.write_text(f"{kept}[broken]\n")
    assert "no spec declares" not in vp(*everything).err  # nobody knows which there are
    specs.write_text(kept)
    assert "no spec declares" not in vp("clean", "--grace", "0s").err  # somebody may bring it back soon
    assert "what is known of `shop.gone`, which no spec declares any more" in vp(*everything, "--dry-run").err
    assert json.loads(vp(*everything, "--json").out)["tasks"] == ["shop.gone"]
    assert json.loads(vp(*everything, "--json").out)["tasks"] == []
    assert "1 task)" in vp("plan").out
    specs.write_text(kept + gone)
    assert "not done yet in `dev`" in vp("plan").out
