"""What blocks is woken once the attempt is to end, however late it began to block."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from vibepiper_interpreter.operators.call import OperatorCancelled
from vibepiper_interpreter.operators.ending import stopped_by


def test_what_begins_to_block_after_it_was_stopped_is_stopped_again(make_call: Any) -> None:
    """A statement is sent a moment after it was asked whether it may: the first word finds nobody."""
    cancelled, awake, heard = threading.Event(), threading.Event(), []

    def stop() -> None:
        heard.append(1)
        if len(heard) == 2:
            awake.set()

    call = make_call(cancelled=cancelled)
    with pytest.raises(OperatorCancelled), stopped_by(call, stop):
        cancelled.set()
        assert awake.wait(60)


def test_what_came_to_its_end_was_not_stopped(make_call: Any) -> None:
    heard: list[int] = []
    with stopped_by(make_call(), lambda: heard.append(1)):
        pass
    assert not heard


def test_a_fault_of_its_own_comes_out_as_it_is(make_call: Any) -> None:
    with pytest.raises(ZeroDivisionError), stopped_by(make_call(), lambda: None):
        _ = 1 / 0
