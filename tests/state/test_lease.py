"""One owner at a time, in real processes, on every database; and an owner that lost its lease publishes nothing."""

from __future__ import annotations

import signal
import threading
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, update

from vibepiper_interpreter.state import Pointer, State
from vibepiper_interpreter.state.lease import Lease
from vibepiper_interpreter.state.tables import leases
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError

HOLD = """
lease = state.take_lease("dev", "the other one")
print("held", flush=True)
sys.stdin.readline()
try:
    state.publish(lease, state.serial("dev"), {}, "r")
    print("published", flush=True)
except DiagnosticError as error:
    print(error.diagnostics[0].code, lease.lost.is_set(), flush=True)
"""


def told(action: Any) -> Diagnostic:
    with pytest.raises(DiagnosticError) as caught:
        action()
    return caught.value.diagnostics[0]


def run_out(state: State) -> None:
    """Make the lease look as if its owner had not been heard of for long."""
    with state._database.writing() as connection:
        owner = connection.execute(select(leases)).one()
        connection.execute(update(leases).values(expires_at=owner.acquired_at, machine="elsewhere"))


def test_a_second_owner_is_refused_and_told_who_it_is(state: State) -> None:
    with state.take_lease("dev", "ann@desk (process 7)"):
        diagnostic = told(lambda: state.take_lease("dev", "bob"))
        assert diagnostic.code == "VP703"
        assert "ann@desk (process 7)" in diagnostic.detail
        assert diagnostic.fix is not None and "--wait" in diagnostic.fix.title
        state.take_lease("prod", "bob").release()  # another environment is nobody's business
    state.take_lease("dev", "bob").release()


def test_waiting_gets_it_when_the_other_is_done(state: State) -> None:
    first = state.take_lease("dev", "ann")
    timer = threading.Timer(0.3, first.release)
    timer.start()
    second = state.take_lease("dev", "bob", wait=30)
    assert second.token == first.token + 1
    second.release()
    timer.join()


def test_the_heartbeat_keeps_it(state: State) -> None:
    held = state.take_lease("dev", "ann")
    held.release()
    with state._database.writing() as connection:
        connection.execute(update(leases).values(held=True))
        before = connection.execute(select(leases.c.expires_at)).scalar_one()
    beating = Lease(state._database, "dev", held.token, heartbeat=0.01)
    while True:
        with state._database.reading() as connection:
            if connection.execute(select(leases.c.expires_at)).scalar_one() > before:
                break
        time.sleep(0.01)
    beating.release()


def test_the_heartbeat_tells_that_it_is_lost(state: State) -> None:
    held = state.take_lease("dev", "ann")
    beating = Lease(state._database, "dev", held.token, heartbeat=0.01)
    held.release()
    assert beating.lost.wait(30)
    beating.release()


def test_one_that_ran_out_is_taken_over_and_fences_off_the_old_owner(state: State) -> None:
    old = state.take_lease("dev", "ann")
    run_out(state)
    new = state.take_lease("dev", "bob")
    assert new.token == old.token + 1
    diagnostic = told(lambda: state.publish(old, 0, {}, "r1"))
    assert diagnostic.code == "VP704"
    assert "bob" in diagnostic.detail
    assert old.lost.is_set()
    assert state.serial("dev") == 0
    old.release()  # of what is lost nothing can be let go
    assert state.publish(new, 0, {}, "r1") == 1
    new.release()


def test_a_released_lease_publishes_nothing(state: State) -> None:
    lease = state.take_lease("dev", "ann")
    lease.release()
    assert told(lambda: state.publish(lease, 0, {}, "r1")).code == "VP704"


def test_an_environment_that_has_moved_is_not_published(state: State) -> None:
    with state.take_lease("dev", "ann") as lease:
        assert state.publish(lease, 0, {}, "r1") == 1
        diagnostic = told(lambda: state.publish(lease, 0, {}, "r1"))
    assert diagnostic.code == "VP704"
    assert "serial 1" in diagnostic.detail


def test_a_killed_owner_is_replaced_at_once(place: Any, state: State) -> None:
    other = place.start(HOLD)
    assert other.stdout.readline() == "held\n"
    assert told(lambda: state.take_lease("dev", "ann")).code == "VP703"
    other.send_signal(signal.SIGKILL)
    other.wait()
    with state.take_lease("dev", "ann") as lease:  # without waiting for it to run out
        assert lease.token == 2
    other.communicate()


def test_a_killed_owner_that_nobody_has_waited_for_is_dead_too(place: Any, state: State) -> None:
    other = place.start(HOLD)
    assert other.stdout.readline() == "held\n"
    other.send_signal(signal.SIGKILL)
    while True:  # it is a zombie until its parent waits; the signal takes a moment to arrive
        try:
            state.take_lease("dev", "ann").release()
            break
        except DiagnosticError:
            time.sleep(0.01)
    other.communicate()


def test_a_paused_owner_wakes_up_and_publishes_nothing(place: Any, state: State) -> None:
    other = place.start(HOLD)
    assert other.stdout.readline() == "held\n"
    other.send_signal(signal.SIGSTOP)
    run_out(state)
    with state.take_lease("dev", "ann") as lease:
        other.send_signal(signal.SIGCONT)
        out, _ = other.communicate("go\n")
        assert out == "VP704 True\n"
        assert state.publish(lease, 0, {}, "r1") == 1


def test_after_a_restart_of_the_machine_nobody_waits(place: Any, state: State) -> None:
    """No process of an earlier boot lives. Of a server's clients nobody can tell on which machine they ran."""
    state.take_lease("dev", "before the restart").release()

    def let_it_be_held(**changes: object) -> None:
        with state._database.writing() as connection:
            connection.execute(update(leases).values(held=True, machine="another-boot pid:[4026531836]", **changes))

    let_it_be_held()
    assert told(lambda: state.take_lease("dev", "ann")).code == "VP703"  # it was seen since this boot, so it lives
    let_it_be_held(heartbeat_at=datetime(2001, 1, 1, tzinfo=UTC))
    if place.url is None:
        with state.take_lease("dev", "ann") as lease:
            assert lease.token == 2
    else:
        assert told(lambda: state.take_lease("dev", "ann")).code == "VP703"


def test_many_processes_take_turns(place: Any, state: State) -> None:
    """Each publishes as often as it can say what the serial was; none is lost, none comes in between."""
    code = """
for _ in range(5):
    with state.take_lease("dev", sys.argv[3], wait=120) as lease:
        serial = state.serial("dev")
        assert state.publish(lease, serial, {}, "r") == serial + 1
"""
    others = [place.start(code, f"process {index}") for index in range(3)]
    for other in others:
        other.communicate()
    assert [other.returncode for other in others] == [0, 0, 0]
    assert state.serial("dev") == 15


def test_a_publish_that_fails_leaves_nothing(state: State) -> None:
    from vibepiper_spec.address import Address

    with state.take_lease("dev", "ann") as lease:
        with pytest.raises(Exception, match=r"(?i)foreign key"):
            state.publish(lease, 0, {Address("shop", "orders"): Pointer("no such version", ())}, "r1")
        assert state.serial("dev") == 0
        assert state.pointers("dev") == {}
