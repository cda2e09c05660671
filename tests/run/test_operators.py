"""Task operators are done once, in order, beside the tables; what fails holds back only what comes after it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vibepiper_interpreter.plan.asked import Asked
from vibepiper_spec.diagnostics import DiagnosticError

if TYPE_CHECKING:
    from tests.run.conftest import Project


def log(project: Project) -> list[str]:
    """What commands have written, in order."""
    file = project.root / "log.txt"
    return file.read_text().split() if file.exists() else []


def note(name: str, more: str = "") -> str:
    """A task that notes its name."""
    return f'[task.shell.{name}]\ncommand = "echo {name} >> log.txt"\n{more}\n'


ORDERS = """
[source.file.orders]
path = "data/*.csv"
[sql.daily]
query = "select day, sum(amount) as revenue from orders group by day"
"""


@pytest.fixture
def shop(project: Project) -> Project:
    project.write("data/a.csv", "day,amount\n2024-01-01,2\n2024-01-02,3\n")
    return project


def test_a_task_is_done_once_and_its_second_plan_is_empty(project: Project) -> None:
    project.pipeline(note("a"))
    plan = project.plan()
    assert [(str(action.address), action.verb) for action in plan.actions] == [("shop.a", "do")]
    result = project.apply(plan)
    assert (result.status, project.outcomes(result)) == ("succeeded", {"a": "done"})
    assert log(project) == ["a"]
    assert project.plan().empty


def test_tasks_and_assets_are_done_in_order(shop: Project) -> None:
    shop.pipeline(
        ORDERS
        + '[task.shell.fetch]\ncommand = "echo fetch >> log.txt"\nbefore = ["orders"]\n'
        + note("report", 'after = ["daily"]')
        + note("tell", 'after = ["report"]')
    )
    result = shop.apply()
    assert result.status == "succeeded"
    ended = [event.address.name for event in shop.events if event.type == "task_finished" and event.address]
    assert ended == ["fetch", "orders", "daily", "report", "tell"]
    assert log(shop) == ["fetch", "report", "tell"]
    assert shop.plan().empty


def test_a_task_after_an_asset_sees_it_published(shop: Project) -> None:
    shop.pipeline(ORDERS + note("report", 'after = ["daily"]'))
    plan = shop.plan()
    (report,) = [action for action in plan.actions if action.verb == "do"]
    assert [str(each) for each in report.published] == ["shop.daily"]
    shop.apply(plan)
    order = [event.type for event in shop.events if event.type in ("published", "task_started", "task_finished")]
    assert order[-3:] == ["published", "task_started", "task_finished"]


def test_a_task_between_two_assets_that_are_published_together_comes_before_that(shop: Project) -> None:
    shop.pipeline(
        ORDERS
        + note("check", 'after = ["orders"]\nbefore = ["weekly"]')
        + '[sql.weekly]\nquery = "select * from daily"\n'
    )
    plan = shop.plan()
    (check,) = [action for action in plan.actions if action.verb == "do"]
    assert check.published == ()
    assert any(reason.code == "unpublished" and "shop.orders" in reason.words for reason in check.reasons)
    assert shop.apply(plan).status == "succeeded"
    assert shop.plan().empty


def test_a_task_is_done_again_when_what_it_comes_after_is_published_anew(shop: Project) -> None:
    shop.pipeline(ORDERS + note("report", 'after = ["daily"]') + note("tell", 'after = ["report"]') + note("other"))
    shop.apply()
    shop.write("data/b.csv", "day,amount\n2024-01-03,4\n")
    plan = shop.plan()
    assert [action.address.name for action in plan.actions] == ["orders", "daily", "report", "tell"]
    shop.apply(plan)
    assert sorted(log(shop)) == ["other", "report", "report", "tell", "tell"]
    assert shop.plan().empty


def test_a_task_is_not_done_where_the_asset_comes_out_equal(shop: Project) -> None:
    shop.pipeline(ORDERS + note("report", 'after = ["daily"]') + note("tell", 'after = ["report"]'))
    shop.apply()
    shop.write("data/a.csv", "day,amount\n2024-01-02,3\n2024-01-01,2\n")
    plan = shop.plan()
    assert {action.address.name for action in plan.actions if action.conditions} == {"daily", "report", "tell"}
    result = shop.apply(plan)
    assert result.status == "succeeded"
    assert project_outcomes(shop, result, "report", "tell") == ["kept", "kept"]
    assert log(shop) == ["report", "tell"]
    assert shop.plan().empty


def project_outcomes(project: Project, result: object, *names: str) -> list[str]:
    outcomes = project.outcomes(result)  # type: ignore[arg-type]
    return [outcomes[name] for name in names]


def test_what_failed_after_a_task_that_was_done_again_is_not_forgotten(shop: Project) -> None:
    shop.pipeline(
        ORDERS
        + note("first", 'after = ["daily"]')
        + '[task.shell.second]\ncommand = "test ! -f bad && echo second >> log.txt"\nafter = ["first"]\n'
    )
    shop.apply()
    shop.write("data/b.csv", "day,amount\n2024-01-03,4\n")
    shop.write("bad", "")
    assert shop.outcomes(shop.apply())["second"] == "failed"
    (shop.root / "bad").unlink()
    assert [action.address.name for action in shop.plan().actions] == ["second"]
    shop.apply()
    assert log(shop) == ["first", "second", "first", "second"]
    assert shop.plan().empty


def test_what_was_asked_for_again_and_failed_is_due(project: Project) -> None:
    project.pipeline('[task.shell.a]\ncommand = "test ! -f bad"\n')
    project.apply()
    project.write("bad", "")
    assert project.apply(project.plan(asked=Asked(rebuild=("a",)))).status == "failed"
    (action,) = project.plan().actions
    assert [reason.code for reason in action.reasons] == ["new"]


def test_another_command_is_done_and_the_reason_told(project: Project) -> None:
    project.pipeline(note("a"))
    project.apply()
    project.pipeline(note("a").replace("echo a", "echo b"))
    (action,) = project.plan().actions
    assert [reason.code for reason in action.reasons] == ["definition"]
    project.apply()
    assert log(project) == ["a", "b"]


def test_always_is_always(project: Project) -> None:
    project.pipeline(note("a", 'run = "always"'))
    project.apply()
    project.apply()
    assert log(project) == ["a", "a"]


def test_what_fails_holds_back_only_what_comes_after_it(shop: Project) -> None:
    shop.pipeline(
        ORDERS
        + '[task.shell.bad]\ncommand = "echo broken >&2; exit 3"\nbefore = ["weekly"]\n'
        + '[sql.weekly]\nquery = "select 1 as x"\n'
        + note("after_bad", 'after = ["bad"]')
        + note("other", 'after = ["daily"]')
    )
    result = shop.apply()
    assert result.status == "failed"
    assert shop.outcomes(result) == {
        "orders": "built",
        "daily": "built",
        "weekly": "skipped",
        "bad": "failed",
        "after_bad": "skipped",
        "other": "done",
    }
    (told,) = shop.task(result, "bad").diagnostics
    assert told.code == "VP811" and "exit status 3" in told.detail and "broken" in "\n".join(told.notes)
    assert [action.address.name for action in shop.plan().actions] == ["weekly", "bad", "after_bad"]
    shop.pipeline(
        ORDERS
        + note("bad", 'before = ["weekly"]')
        + '[sql.weekly]\nquery = "select 1 as x"\n'
        + note("after_bad", 'after = ["bad"]')
        + note("other", 'after = ["daily"]')
    )
    assert shop.apply().status == "succeeded"
    assert log(shop) == ["other", "bad", "after_bad"]


def test_a_task_is_attempted_again(project: Project) -> None:
    command = "n=$(cat n 2>/dev/null || echo 0); n=$((n+1)); echo $n > n; test $n -ge 3 || exit 75"
    project.pipeline(f'[task.shell.a]\ncommand = "{command}"\nretry = {{ attempts = 3, delay = "0.01s" }}\n')
    result = project.apply()
    assert result.status == "succeeded"
    assert project.task(result, "a").attempts == 3
    assert (project.root / "n").read_text().strip() == "3"


def test_outputs_are_typed_inputs(project: Project) -> None:
    project.write("tasks.py", "def double(rows, day):\n    return {'twice': rows * 2, 'year': day.year}\n")
    project.pipeline("""
[task.shell.count]
command = 'printf "rows=21\\nday=2024-05-06\\n" >> "$VP_OUTPUT"'
outputs = { rows = "bigint", day = "date" }

[task.python.double]
function = "tasks:double"
inputs = { rows = "count.rows", day = "count.day" }
outputs = { twice = "bigint", year = "bigint" }

[task.shell.tell]
command = 'echo "$twice $year $env" > told.txt'
inputs = { twice = "double.twice", year = "double.year" }
""")
    assert project.apply().status == "succeeded"
    assert (project.root / "told.txt").read_text() == "42 2024 dev\n"
    assert project.plan().empty
    # An output that is known from an earlier run.
    project.pipeline("""
[task.shell.count]
command = 'printf "rows=21\\nday=2024-05-06\\n" >> "$VP_OUTPUT"'
outputs = { rows = "bigint", day = "date" }

[task.shell.late]
command = 'echo "$rows" > late.txt'
inputs.rows = "count.rows"
""")
    plan = project.plan()
    assert [action.address.name for action in plan.actions] == ["late"]
    project.apply(plan)
    assert (project.root / "late.txt").read_text() == "21\n"


def test_a_missing_output_fails_the_task(project: Project) -> None:
    project.pipeline('[task.shell.count]\ncommand = "true"\noutputs.rows = "bigint"\n')
    result = project.apply()
    assert project.task(result, "count").diagnostics[0].code == "VP805"
    assert not project.plan().empty


def test_a_function_reads_assets_variables_and_the_context(shop: Project) -> None:
    shop.write("vp.toml", '[project]\nname = "test"\n[variables]\nlimit = 3\n')
    shop.write(
        "tasks.py",
        "import pyarrow\n"
        "def count(daily: pyarrow.Table, limit, context):\n"
        "    context.logger.info('counted')\n"
        "    print('printed')\n"
        "    return {'rows': daily.num_rows + limit}\n",
    )
    shop.pipeline(
        ORDERS
        + '[task.python.count]\nfunction = "tasks:count"\noutputs.rows = "bigint"\n'
        + '[task.shell.tell]\ncommand = "echo $rows > told.txt"\ninputs.rows = "count.rows"\n'
    )
    assert shop.apply().status == "succeeded"
    assert (shop.root / "told.txt").read_text() == "5\n"
    logs = [event.data["message"] for event in shop.events if event.type == "log"]
    assert logs == ["counted", "printed"]


def test_a_function_that_raises_or_returns_nonsense_has_failed(project: Project) -> None:
    project.write("tasks.py", "def bad():\n    raise ValueError('no')\ndef odd():\n    return 3\n")
    project.pipeline('[task.python.bad]\nfunction = "tasks:bad"\n[task.python.odd]\nfunction = "tasks:odd"\n')
    result = project.apply()
    assert project.task(result, "bad").diagnostics[0].code == "VP406"
    assert project.task(result, "odd").diagnostics[0].code == "VP809"


BRANCH = """
[task.shell.count]
command = 'echo "rows=$(cat rows.txt)" >> "$VP_OUTPUT"'
outputs.rows = "bigint"
"""


def branches() -> str:
    return (
        BRANCH
        + note("many", 'inputs.rows = "count.rows"\nwhen = "$rows > 10"')
        + note("few", 'inputs.rows = "count.rows"\nwhen = "$rows <= 10"')
        + note("after_many", 'after = ["many"]')
        + note("join", 'after = ["many", "few"]\nrun_if = "none_failed"')
        + note("any", 'after = ["many", "few"]\nrun_if = "any_success"')
        + '[task.shell.setup]\ncommand = "true"\nwhen = "false"\nbefore = ["table"]\n'
        + '[sql.table]\nquery = "select 1 as x"\n'
    )


def test_a_condition_chooses_a_branch(project: Project) -> None:
    project.write("rows.txt", "5")
    project.pipeline(branches())
    result = project.apply()
    assert result.status == "succeeded"
    outcomes = project.outcomes(result)
    assert outcomes == {
        "table": "built",
        "count": "done",
        "many": "skipped",
        "few": "done",
        "after_many": "skipped",
        "join": "done",
        "any": "done",
        "setup": "skipped",
    }
    assert project.plan().empty
    # What comes after what was skipped is skipped too, though that is not in the plan any more.
    project.pipeline(branches() + note("late", 'after = ["many"]'))
    result = project.apply()
    assert project.outcomes(result) == {"late": "skipped"}
    assert project.plan().empty


def test_an_order_that_is_added_is_nothing_to_do_and_is_told(shop: Project) -> None:
    each = '[task.shell.each]\ncommand = "echo $item >> log.txt"\nfor_each = {items}\n'
    specs = ORDERS + note("first") + note("tell") + each.format(items='["a"]')
    shop.pipeline(specs)
    assert shop.apply().status == "succeeded"
    assert shop.plan().notes == ()
    order = 'after = ["first", "daily"]\n'
    specs = ORDERS + note("first") + note("tell", order) + each.format(items='["a"]') + order
    shop.pipeline(specs)
    plan = shop.plan()
    assert plan.empty
    assert [words.partition(",")[0] for words in plan.notes] == [
        "`shop.tell` comes after `shop.first` and `shop.daily` by now",
        "`shop.each` comes after `shop.first` and `shop.daily` by now",
    ]
    # Done another time, it is in that order, and so is each of its items: nobody knows what the first one came after.
    shop.pipeline(specs.replace('["a"]', '["a", "b"]'))
    result = shop.apply(shop.plan(asked=Asked(None, None, ("tell",))))
    assert shop.outcomes(result) == {"tell": "done", "each": "done"}
    assert sorted(log(shop)) == ["a", "a", "b", "first", "tell", "tell"]
    assert (shop.plan().empty, shop.plan().notes) == (True, ())
    shop.write("data/b.csv", "day,amount\n2024-01-03,2\n")
    result = shop.apply()
    assert (shop.outcomes(result)["tell"], shop.outcomes(result)["each"]) == ("done", "done")
    assert sorted(log(shop)) == ["a", "a", "a", "b", "b", "first", "tell", "tell", "tell"]


MISSING = """
[task.shell.good]
command = 'echo "rows=7" >> "$VP_OUTPUT"'
outputs.rows = "bigint"
run = "always"

[task.shell.bad]
command = 'test ! -e broken && echo "rows=5" >> "$VP_OUTPUT"'
outputs.rows = "bigint"
run = "always"

[task.python.told]
function = "shop_code:told"
inputs = { good = "good.rows", bad = "bad.rows" }
run_if = "any_success"
outputs.seen = "varchar"

[task.shell.shown]
command = 'echo "$good:$bad:" >> log.txt'
inputs = { good = "good.rows", bad = "bad.rows" }
run_if = "always"

[task.shell.unless]
command = "echo unless >> log.txt"
inputs.bad = "bad.rows"
run_if = "always"
when = "$bad > 0"

[task.shell.instead]
command = "echo instead >> log.txt"
inputs.bad = "bad.rows"
run_if = "always"
when = "coalesce($bad, 0) = 0"
"""


def test_the_value_of_a_task_that_did_not_succeed_is_missing(project: Project) -> None:
    """Also where it has given one in an earlier run."""
    project.write("shop_code.py", "def told(good, bad):\n    return {'seen': repr((good, bad))}\n")
    project.pipeline(MISSING)
    for broken, seen, logged in ((False, "(7, 5)", {"7:5:", "unless"}), (True, "(7, None)", {"7::", "instead"})):
        if broken:
            project.write("broken", "")
        project.write("log.txt", "")
        outcomes = project.outcomes(project.apply())
        assert outcomes["bad"] == ("failed" if broken else "done")
        assert outcomes["told"] == "done"
        results = project.state.sight("dev").operator_results()
        (given,) = [each.outputs for (address, _), each in results.items() if address.name == "told"]
        assert given == {"seen": seen}
        assert set(log(project)) == logged


def test_a_condition_that_cannot_be_evaluated_is_a_failure(project: Project) -> None:
    project.pipeline(
        '[task.shell.a]\ncommand = \'echo "x=abc" >> "$VP_OUTPUT"\'\noutputs.x = "varchar"\n'
        + note("b", 'inputs.x = "a.x"\nwhen = "cast($x as bigint) > 3"')
    )
    result = project.apply()
    assert project.task(result, "b").diagnostics[0].code == "VP808"


def hooked() -> str:
    return (
        '[task.shell.risky]\ncommand = "test -f good"\non_failure = ["alarm"]\non_success = ["cheer"]\n'
        "[task.shell.alarm]\ncommand = 'echo \"alarm:$failed:$error\" >> log.txt'\n" + note("cheer")
    )


def test_hooks_are_done_where_something_fails_or_succeeds(project: Project) -> None:
    project.pipeline(hooked())
    result = project.apply()
    assert result.status == "failed"
    assert project.outcomes(result) == {"risky": "failed", "alarm": "done", "cheer": "skipped"}
    assert log(project)[0].startswith("alarm:shop.risky:`shop.risky`:")
    project.write("good", "")
    assert project.outcomes(project.apply()) == {"risky": "done", "alarm": "skipped", "cheer": "done"}
    assert project.plan().empty


def test_a_hook_of_a_pipeline_looks_at_all_of_it(shop: Project) -> None:
    header = '[pipeline]\nname = "shop"\non_failure = ["alarm"]\non_success = ["cheer"]\n'
    body = ORDERS + note("alarm") + note("cheer")
    shop.write("shop.vp.toml", header + body)
    assert project_outcomes(shop, shop.apply(), "alarm", "cheer") == ["skipped", "done"]
    shop.write(
        "shop.vp.toml", header + body + '[sql.bad]\nquery = "select 1 as x"\nchecks = [{ row_count = { min = 2 } }]\n'
    )
    result = shop.apply()
    assert project_outcomes(shop, result, "bad", "alarm", "cheer") == ["failed", "done", "skipped"]


def test_a_teardown_is_done_whatever_happened_in_between(project: Project) -> None:
    text = (
        note("up")
        + '[task.shell.work]\ncommand = "test -f good"\nafter = ["up"]\n'
        + note("down", 'teardown_of = "up"')
    )
    project.pipeline(text)
    result = project.apply()
    assert project.outcomes(result) == {"up": "done", "work": "failed", "down": "done"}
    assert log(project) == ["up", "down"]


def test_what_was_taken_down_is_set_up_again_for_what_is_left(project: Project) -> None:
    """And what was done between the two stays done."""
    text = (
        note("up")
        + note("done", 'after = ["up"]')
        + '[task.shell.work]\ncommand = "test -f good && echo work >> log.txt"\nafter = ["up"]\n'
        + note("down", 'teardown_of = "up"')
    )
    project.pipeline(text)
    assert project.outcomes(project.apply())["work"] == "failed"
    project.write("good", "")
    project.write("log.txt", "")
    assert project.outcomes(project.apply()) == {"up": "done", "work": "done", "down": "done"}
    assert log(project) == ["up", "work", "down"]
    assert project.plan().empty


def test_a_teardown_of_what_failed_is_not_done(project: Project) -> None:
    project.pipeline('[task.shell.up]\ncommand = "false"\n' + note("down", 'teardown_of = "up"'))
    assert project.outcomes(project.apply()) == {"up": "failed", "down": "skipped"}


def test_a_sensor_holds_no_worker_while_it_waits(project: Project) -> None:
    waits = "".join(
        f'[task.wait.file.w{number}]\npath = "there.txt"\nevery = "0.05s"\ntimeout = "60s"\n' for number in range(8)
    )
    project.pipeline(waits + '[task.shell.make]\ncommand = "echo x > there.txt"\n')
    result = project.apply(workers=1)
    assert result.status == "succeeded"
    assert set(project.outcomes(result).values()) == {"done"}
    assert project.plan().empty


def test_a_sensor_that_waits_in_vain_fails_or_is_skipped(project: Project) -> None:
    project.pipeline(
        '[task.wait.file.fails]\npath = "never"\nevery = "0.05s"\ntimeout = "0.2s"\n'
        '[task.wait.file.skips]\npath = "never"\nevery = "0.05s"\ntimeout = "0.2s"\non_timeout = "skip"\n'
        + note("after_skips", 'after = ["skips"]')
    )
    result = project.apply()
    assert project.outcomes(result) == {"fails": "failed", "skips": "skipped", "after_skips": "skipped"}
    (told,) = project.task(result, "fails").diagnostics
    assert told.code == "VP802" and "no file matches `never`" in told.detail
    assert [event.data["reason"] for event in project.events if event.type == "task_waiting"][:1] == [
        "no file matches `never`"
    ]


def test_a_task_that_takes_too_long_is_ended(project: Project) -> None:
    project.write("vp.toml", '[project]\nname = "test"\n[executor]\nkind = "processes"\nworkers = 1\n')
    project.write("tasks.py", "import time\ndef hang():\n    time.sleep(600)\n")
    project.pipeline(
        '[task.shell.slow]\ncommand = "sleep 60; echo late >> log.txt"\ntimeout = "0.3s"\n'
        '[task.python.hang]\nfunction = "tasks:hang"\ntimeout = "0.3s"\n'
    )
    result = project.apply()
    assert [project.task(result, name).diagnostics[0].code for name in ("slow", "hang")] == ["VP802", "VP802"]
    assert log(project) == []


def test_a_saved_plan_knows_what_has_been_done_since(project: Project, tmp_path: Path) -> None:
    from vibepiper_interpreter.plan import engine_version, load_plan, save_plan, verify_plan

    project.pipeline(note("a"))
    plan = project.plan()
    save_plan(plan, tmp_path / "plan")
    loaded = load_plan(tmp_path / "plan")
    assert (loaded.operators, loaded.actions, loaded.results) == (plan.operators, plan.actions, plan.results)
    digest = project.compiled("dev").project.digest
    verify_plan(loaded, digest, project.state, engine_version(), lambda asset: ())
    project.apply(plan)
    with pytest.raises(DiagnosticError) as stale:
        verify_plan(loaded, digest, project.state, engine_version(), lambda asset: ())
    assert "Tasks have been done since: `shop.a`." in stale.value.diagnostics[0].notes


def test_a_selection_takes_along_what_it_needs(shop: Project) -> None:
    shop.pipeline(
        ORDERS + note("a") + note("b", 'after = ["a", "daily"]') + note("c", 'before = ["orders"]') + note("d")
    )
    assert {action.address.name for action in shop.plan("b").actions} == {"a", "b", "c", "orders", "daily"}
    assert {action.address.name for action in shop.plan("daily").actions} == {"c", "orders", "daily"}
    assert {action.address.name for action in shop.plan("a+").actions} == {"a", "b", "c", "orders", "daily"}


def test_asked_to_be_done_again(project: Project) -> None:
    project.pipeline(note("a") + note("b"))
    project.apply()
    project.apply(project.plan(asked=Asked(rebuild=("a",))))
    assert sorted(log(project)) == ["a", "a", "b"]


def test_an_environment_does_its_own(project: Project) -> None:
    project.write("vp.toml", '[project]\nname = "test"\n[environment.prod]\n')
    project.pipeline('[task.shell.a]\ncommand = "echo $env >> log.txt"\n')
    project.apply()
    project.apply(project.plan(environment="prod"))
    assert log(project) == ["dev", "prod"]
    assert project.plan(environment="prod").empty


def test_a_secret_that_a_command_prints_or_gives_is_masked(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUSH", "planted-secret")
    project.pipeline(
        '[task.shell.a]\ncommand = \'echo "$TOKEN"; echo "x=$TOKEN" >> "$VP_OUTPUT"; echo $TOKEN >&2; exit 4\'\n'
        'env = { TOKEN = "secret:HUSH" }\n'
        '[task.shell.b]\ncommand = \'echo "x=$TOKEN" >> "$VP_OUTPUT"\'\noutputs.x = "varchar"\n'
        'env = { TOKEN = "secret:HUSH" }\n'
    )
    result = project.apply()
    assert "planted-secret" not in repr(result) + repr(project.events)
    project.state.close()
    stored = b"".join(file.read_bytes() for file in (project.root / ".vp").glob("state.sqlite*"))
    assert b"planted-secret" not in stored and b"shop.b" in stored
