"""Holds a query to how many rows it handles: what a slow query does wrong, without a clock."""

from __future__ import annotations

from vibepiper.testing.running import Tried
from vibepiper_interpreter.run.trials.work import Step, Work

_SHOWN = 12


def assert_work(tried: Tried, *, at_most: int) -> Work:
    """Raises AssertionError if a step of the query gives more than `at_most` rows, and shows the steps.

    A join without its condition, or one that meets many rows for each, shows here with a few given rows. Raises
    ValueError for an asset that is none of SQL.
    """
    __tracebackhide__ = True
    work = tried.work()
    widest = max(work.steps, key=lambda step: step.rows, default=None)
    if widest is not None and widest.rows > at_most:
        drawn = "\n".join(map(_line, work.steps[:_SHOWN]))
        raise AssertionError(f"{widest.name} gives {widest.rows:,} rows, more than {at_most:,}.\n{drawn}")
    return work


def _line(step: Step) -> str:
    return f"{step.rows:>12,}  {step.name}  {step.about}"[:120].rstrip()
