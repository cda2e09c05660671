"""Makes a version of an asset that is built by partition: the missing and the stale values beside what stays."""

from __future__ import annotations

from collections.abc import Sequence

from vibepiper_interpreter.compile.build_settings import Partitions
from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.engines.duckdb.session import quote
from vibepiper_interpreter.run.conditions import Conditions
from vibepiper_interpreter.run.relations import qualified
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.gather import gather
from vibepiper_interpreter.run.tasks.make_share import make_partitions
from vibepiper_interpreter.run.tasks.making import Making
from vibepiper_interpreter.run.tasks.shares import Gather, Outline, Share, divide_values
from vibepiper_interpreter.run.tasks.stale_slices import stale_partitions
from vibepiper_interpreter.run.tasks.task import Report, Task


def build_partitions(session: RunSession, conditions: Conditions, task: Task, settings: Partitions) -> Report:
    """A new version, or the kept one where nothing of it came out different; or that several are to make it."""
    if isinstance(task.stage, Share):
        return make_partitions(session, task, settings, task.stage)
    if isinstance(task.stage, Gather):
        return gather(session, task, task.stage)
    base = task.base
    if base is not None and _typed(base.columns) != _typed(task.asset.columns):
        base = None  # what it reads has other types now, and so has every row
    values = _values(session, settings)
    known = {} if base is None else {str(each.slice): each for each in base.built}
    stale = set() if base is None else stale_partitions(session, conditions, task, base)
    if task.resumes is not None:
        stale -= {str(each.slice) for each in task.resumes.built if known.get(str(each.slice)) != each}
        known = {str(each.slice): each for each in task.resumes.built}
        base = task.resumes
    making = Making(session, task, settings, base)
    kept = dict.fromkeys(value for value in values if value in known and value not in stale)
    try:
        for value in kept:
            making.keep(known[value])
        wanted = [value for value in values if value not in kept]
        if task.stage is not None and (shares := divide_values(base, wanted, task.stage, small=task.small)):
            return Report("built", outline=Outline(base, making.held(), shares))
        for value in wanted:
            making.add(value, known.get(value))
        if base is not None and base is task.keeps and making.changed_nothing():
            return Report("kept", base, because="every partition that it reads rows of came out as it was")
        return Report("built", making.finish(), made=True)
    except BaseException:
        making.give_up()
        raise


def _values(session: RunSession, settings: Partitions) -> list[str]:
    """The values to have a partition of, in order. A missing value is none."""
    if settings.values is not None:
        return sorted(settings.values)
    assert settings.values_of is not None
    address, column = settings.values_of
    text = f"CAST({quote(column)} AS VARCHAR)"
    query = f"SELECT DISTINCT {text} FROM {qualified(address)} WHERE {quote(column)} IS NOT NULL ORDER BY 1"
    return [str(value) for (value,) in session.cursor().execute(query).fetchall()]


def _typed(columns: Sequence[Column]) -> list[tuple[str, str]]:
    return [(column.name, column.type) for column in columns]
