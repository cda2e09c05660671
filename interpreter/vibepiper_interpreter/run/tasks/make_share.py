"""Makes a share of an asset's slices: what is finished is told from time to time, and put together by the scheduler."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from vibepiper_interpreter.compile.build_settings import Intervals, Partitions
from vibepiper_interpreter.grains import cut
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.filling import Filling
from vibepiper_interpreter.run.tasks.making import Making
from vibepiper_interpreter.run.tasks.shares import Share
from vibepiper_interpreter.run.tasks.task import Report, Task
from vibepiper_interpreter.storage.slices import only_ranges, only_values


def make_intervals(session: RunSession, task: Task, settings: Intervals, share: Share) -> Report:
    """The intervals of a share, as files in folders that are nobody's yet."""
    filling = Filling(session, task, settings, share.base, (), records=False)
    batches = cut(only_ranges(share.slices), settings.grain, share.batch)
    return _make(session, task, filling, (partial(filling.add, batch) for batch in batches))


def make_partitions(session: RunSession, task: Task, settings: Partitions, share: Share) -> Report:
    """The same for the values of partitions."""
    known = {} if share.base is None else {str(each.slice): each for each in share.base.built}
    making = Making(session, task, settings, share.base, records=False)
    values = only_values(share.slices)
    return _make(session, task, making, (partial(making.add, value, known.get(value)) for value in values))


def _make(session: RunSession, task: Task, hand: Filling | Making, slices: Iterable[Callable[[], object]]) -> Report:
    try:
        for make in slices:
            if hand.is_due():
                session.say("progress", task.address, {"slices": hand.hand_over(compacts=True)})
            make()
        made = hand.hand_over(compacts=True)
    except BaseException:
        # What was finished before stays so, whatever becomes of the rest. No more is written: it may be to stop.
        if (made := hand.hand_over(compacts=False)) is not None:
            session.say("progress", task.address, {"slices": made})
        hand.give_up()
        raise
    hand.give_up()  # what is handed over lies elsewhere
    return Report("built", slices=made)
