"""What a run did, for people: one line an asset, then one line for all. Failures are told before, as diagnostics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from vibepiper_cli.printer import Paint
from vibepiper_cli.views.predicted import time_in_words, together
from vibepiper_cli.views.tables import aligned
from vibepiper_cli.views.words import assets_and_tasks, count, seconds, size
from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.run.result import RunResult, TaskResult

_MOST_LINES = 40  # of a summary; in a longer one, what went as planned is counted
_ROLES = {"built": "good", "done": "good", "failed": "error", "skipped": "warning", "held back": "warning"}


def render_summary(result: RunResult, plan: Plan, paint: Paint) -> str:
    shown = result.tasks
    hidden = 0
    if len(shown) > _MOST_LINES:
        shown = tuple(task for task in result.tasks if _ended(task) in ("failed", "held back", "skipped"))
        hidden = len(result.tasks) - len(shown)
    lines = _task_lines(shown, paint)
    if hidden:
        tasks = sum(each.address in plan.operators for each in result.tasks) - sum(
            each.address in plan.operators for each in shown
        )
        lines.append(f"  and {assets_and_tasks(hidden - tasks, tasks)} as planned")
    return "\n".join([*lines, _last_line(result, paint), *_prediction(result, plan)])


def _ended(task: TaskResult) -> str:
    """The outcome in a word; a result that is good but stays unpublished is held back."""
    held_back = not task.published and task.outcome in ("built", "repointed", "rechecked", "recorded", "removed")
    return "held back" if held_back else task.outcome


def _task_lines(tasks: Iterable[TaskResult], paint: Paint) -> list[str]:
    tasks = list(tasks)
    rows = []
    for task in tasks:
        rows.append(
            (
                _ended(task),
                str(task.address),
                "" if task.rows is None or task.outcome != "built" else count(task.rows, "row"),
                "" if not task.bytes or task.outcome != "built" else size(task.bytes),
                seconds(task.seconds) if task.outcome in ("built", "done", "rechecked", "failed") else "",
                f"{task.attempts} attempts" if task.attempts > 1 else "",
                task.because.removeprefix("held back: "),
            )
        )
    lines = aligned(rows, right=(2, 3, 4), indent="  ")
    coloured = []
    for row, line in zip(rows, lines, strict=True):
        role = _ROLES.get(row[0], "faint")
        coloured.append(line.replace(row[0], paint(role, row[0]), 1))
    return coloured


def _prediction(result: RunResult, plan: Plan) -> list[str]:
    """`Predicted 10 s (8.0 to 14 s) of work; it took 12 s`; nothing where that was not predicted."""
    built = {task.address: task.seconds for task in result.tasks if _is_measured(task, plan)}
    predicted = together(action.estimate for action in plan.actions if action.address in built)
    if predicted is None:
        return []
    return [f"Predicted {time_in_words(*predicted)} of work; it took {seconds(sum(built.values()))}"]


def _is_measured(task: TaskResult, plan: Plan) -> bool:
    """Whether it took time to do; a sensor only waited."""
    operator = plan.operators.get(task.address)
    return task.outcome == "built" or (task.outcome == "done" and operator is not None and not operator.waits)


def _last_line(result: RunResult, paint: Paint) -> str:
    outcomes = Counter(_ended(task) for task in result.tasks)
    parts = [f"{number:,} {outcome}" for outcome, number in outcomes.items()]
    warnings = sum(not check.passed and check.severity == "warn" for task in result.tasks for check in task.checks)
    if warnings:
        parts.append(count(warnings, "warning"))
    counted = ", ".join(parts) or "nothing to do"
    match result.status:
        case "succeeded":
            head = f"{paint('good', 'Applied')} to `{result.environment}`"
        case "failed":
            head = f"{paint('error', 'Failed')} in `{result.environment}`"
        case "cancelled":
            head = f"{paint('warning', 'Interrupted')} in `{result.environment}`"
    return f"{head} in {seconds(result.seconds)}: {counted}. Run {result.run_id}"
