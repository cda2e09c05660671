"""What task operators have done is kept by environment, as it was, and only by who holds the lease."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING

import pytest

from vibepiper_interpreter.state import State, glance_at
from vibepiper_interpreter.state.operator_result import OperatorResult
from vibepiper_interpreter.storage.version import InputVersion
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import DiagnosticError

if TYPE_CHECKING:
    from tests.state.conftest import Place

TELL = Address("shop", "tell")
OUTPUTS = {
    "rows": 3,
    "share": 0.5,
    "sound": True,
    "name": "x",
    "none": None,
    "day": date(2024, 1, 2),
    "at": datetime(2024, 1, 2, 3),
    "all": {"json": [1, None], "$date": "not one"},
    "list": [1, {"a": []}],
}
RESULT = OperatorResult(
    TELL, "", "means", "done", (InputVersion(Address("shop", "orders"), "version"),), OUTPUTS, "run"
)


def test_a_result_comes_back_as_it_was(state: State) -> None:
    with state.take_lease("dev", "ann") as lease:
        state.record_operators(lease, [RESULT])
        state.record_operators(lease, [replace(RESULT, item="a", outputs={})])
    assert state.sight("dev").operator_results() == {
        (TELL, ""): RESULT,
        (TELL, "a"): replace(RESULT, item="a", outputs={}),
    }
    assert state.sight("prod").operator_results() == {}


def test_the_last_one_counts(state: State) -> None:
    with state.take_lease("dev", "ann") as lease:
        state.record_operators(lease, [RESULT])
        before = state.sight("dev").digest()
        state.record_operators(lease, [replace(RESULT, fingerprint="other", outcome="skipped")])
    (found,) = state.sight("dev").operator_results().values()
    assert (found.fingerprint, found.outcome) == ("other", "skipped")
    assert state.sight("dev").digest() != before


def test_a_glance_sees_the_same(place: Place) -> None:
    with place.open() as state, state.take_lease("dev", "ann") as lease:
        state.record_operators(lease, [RESULT])
        seen = state.sight("dev")
    if place.url is None:
        assert glance_at(place.root, None, "dev") == seen


def test_who_has_lost_the_lease_records_nothing(state: State) -> None:
    lease = state.take_lease("dev", "ann")
    lease.release()
    with pytest.raises(DiagnosticError, match="VP704"):
        state.record_operators(lease, [RESULT])
    assert state.sight("dev").operator_results() == {}
