"""What a plan predicts from real runs, and how it stands beside what the run took, in the state too."""

from __future__ import annotations

from tests.run.conftest import Project

from vibepiper_interpreter.plan.asked import Asked

SPECS = """
[source.file.orders]
path = "orders.csv"
[sql.copied]
query = "select id, amount from orders"
[sql.counted]
query = "select count(*) as n from orders"
"""


def orders(count: int) -> str:
    return "id,amount\n" + "".join(f"{number % 90 + 10},{number % 90 + 10}\n" for number in range(count))


def test_a_growing_source_is_foretold_by_its_past_and_by_what_is_read(project: Project) -> None:
    project.pipeline(SPECS)
    for count in (100, 200, 400):
        project.write("orders.csv", orders(count))
        assert project.apply().status == "succeeded"
    project.write("orders.csv", orders(1_600))
    plan = project.plan()
    estimates = {action.address.name: action.estimate for action in plan.actions}
    # All three are what they will be to within the header's few bytes; without what is read it would be 400 rows.
    for name, rows in (("orders", 1_600), ("copied", 1_600), ("counted", 1)):
        found = estimates[name]
        assert found is not None and found.rows is not None and found.seconds is not None
        assert abs(found.rows - rows) <= 0.02 * rows
        assert found.rows_band is not None and found.rows_band[0] <= found.rows <= found.rows_band[1]
        assert found.seconds_band is not None
    result = project.apply(plan)
    record = project.state.run(result.run_id)
    assert {task.address.name: task.estimate for task in record.tasks} == estimates
    assert all(task.seconds > 0 for task in record.tasks)


def test_a_first_making_has_no_prediction_and_a_second_no_band(project: Project) -> None:
    project.pipeline(SPECS)
    project.write("orders.csv", orders(10))
    plan = project.plan()
    assert [action.estimate for action in plan.actions] == [None, None, None]
    project.apply(plan)
    project.write("orders.csv", orders(20))
    for action in project.plan().actions:
        assert action.estimate is not None and action.estimate.seconds_band is None


def test_time_is_learned_with_the_checks(project: Project) -> None:
    project.pipeline('[sql.one]\nquery = "select range as a from range(1000)"\ncolumns.a = { checks = ["unique"] }\n')
    result = project.apply()
    (past,) = project.state.pasts([result.tasks[0].address])[result.tasks[0].address]
    assert past.seconds == result.tasks[0].seconds
    assert past.read == 0


APPENDED = """
[source.file.orders]
path = "orders-*.csv"
write = "append"
[sql.kept]
query = "select id, amount from orders"
build = "append"
[sql.latest]
query = "select id, count(*) as orders from orders group by id"
build = { mode = "merge", key = ["id"] }
"""


def test_what_comes_is_foretold_by_what_came_before(project: Project) -> None:
    project.pipeline(APPENDED)
    for number, count in enumerate((5_000, 100, 200)):
        project.write(f"orders-{number}.csv", orders(count))
        assert project.apply().status == "succeeded"
    project.write("orders-3.csv", orders(800))
    estimates = {action.address.name: action.estimate for action in project.plan().actions}
    source, kept, latest = (estimates[name] for name in ("orders", "kept", "latest"))
    # Of files the plan knows how large they are; of rows, only how many came the last time.
    assert source is not None and source.rows is not None and abs(source.rows - 800) <= 16
    assert kept is not None and kept.rows == 200
    assert latest is not None and latest.rows == 90
    assert all(found.seconds_band is not None for found in (source, kept, latest))
    made_anew = project.plan(asked=Asked(rebuild=("kept",)))
    (again,) = (action for action in made_anew.actions if action.address.name == "kept")
    assert again.verb == "rebuild" and again.estimate is not None and again.estimate.rows is not None
    assert again.estimate.rows >= 5_000


def test_how_long_a_task_takes_is_learned_from_when_it_was_done(project: Project) -> None:
    project.pipeline(
        '[task.shell.work]\ncommand = "true"\nrun = "always"\n'
        '[task.shell.all]\ncommand = "true"\nrun = "always"\nfor_each = ["a", "b"]\n'
        '[task.wait.time.wait]\ndelay = "0s"\n'
        '[task.shell.fails]\ncommand = "false"\n'
    )
    seen = []
    for _ in range(3):
        plan = project.plan()
        seen.append({action.address.name: action.estimate for action in plan.actions})
        done = {each.address.name: each for each in project.apply(plan).tasks}
        assert done["fails"].outcome == "failed"
    assert set(seen[0].values()) == {None}
    for name in ("work", "all"):
        first, second = seen[1][name], seen[2][name]
        assert first is not None and first.seconds_band is None
        assert second is not None and second.seconds is not None and second.seconds_band is not None
        assert second.seconds_band[0] <= second.seconds <= second.seconds_band[1]
    assert seen[2]["fails"] is None and seen[2].get("wait") is None
    record = project.state.run(project.state.runs(1)[0].id)
    assert {task.address.name: task.estimate for task in record.tasks} == seen[2]
