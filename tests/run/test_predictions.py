"""What a plan predicts from real runs, and how it stands beside what the run took, in the state too."""

from __future__ import annotations

from tests.run.conftest import Project

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
