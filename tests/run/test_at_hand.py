"""Executors have as much at hand as keeps them busy, and take the most urgent of it first."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, cast

from vibepiper_interpreter.executors.crew import Crew
from vibepiper_interpreter.run.at_hand import AtHand
from vibepiper_interpreter.run.readiness import Readiness
from vibepiper_interpreter.run.tasks import Report
from vibepiper_interpreter.run.worker import Attempt

if TYPE_CHECKING:
    from vibepiper_interpreter.run.tasks import OperatorTask


def at_hand_after(ended: int, *, claims: bool = False) -> int:
    """How many a pair of workers is given, after so many have just ended."""
    at_hand = AtHand()
    for _ in range(ended):
        at_hand.begun("threads")
        at_hand.ended("threads")
    given = 0
    while at_hand.has_room("threads", 2, claims=claims):
        at_hand.begun("threads")
        given += 1
    return given


def test_two_for_each_worker_and_more_where_tasks_are_short() -> None:
    assert at_hand_after(0) == 4
    assert at_hand_after(10) == 14
    assert at_hand_after(1000) == 32
    assert at_hand_after(1000, claims=True) == 4


def test_a_worker_takes_the_most_urgent_of_what_waits() -> None:
    first, may_go_on = threading.Event(), threading.Event()
    performed: list[int] = []

    class Hand:
        def perform(self, attempt: Attempt) -> Report:
            performed.append(attempt.rank[2])
            first.set()
            may_go_on.wait()
            return Report("done")

        def interrupt(self, attempt: Attempt) -> None: ...

        def close(self) -> None: ...

    readiness = Readiness(dict.fromkeys("abcd", ()), {"b": 1.0, "d": 2.0})
    crew = Crew(1, lambda number: Hand())
    nothing = cast("OperatorTask", None)  # a crew does not look at what there is to do
    ends = [crew.submit(Attempt(nothing, 1, readiness.rank("a")))]
    first.wait()
    ends += [crew.submit(Attempt(nothing, 1, readiness.rank(node))) for node in "bcd"]
    may_go_on.set()
    for end in ends:
        end.result()
    crew.shutdown()
    assert performed == [0, 3, 1, 2]
