"""Which intervals of a version an input's new content can reach."""

from __future__ import annotations

from vibepiper_interpreter.compile.build_settings import Intervals
from vibepiper_interpreter.run.conditions import Conditions
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.task import Task
from vibepiper_interpreter.storage.slices import Ranges, built_ranges
from vibepiper_interpreter.storage.version import Version


def stale_slices(session: RunSession, conditions: Conditions, task: Task, base: Version, settings: Intervals) -> Ranges:
    """The intervals of `base` that have to be made anew, by the conditions of the action."""
    found: Ranges = ()
    for condition in task.action.conditions:
        if not conditions.hold(session, (condition,), task.confirmed, task.inputs):
            return built_ranges(base.built)
    return found
