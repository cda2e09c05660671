"""After any sequence of edits, what is built bit by bit equals what is built from nothing; and nothing else is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.promises.incremental_walk import Counts, Walk
from tests.proof_steps import PROOF_SEED, PROOF_STEPS
from tests.run.killing import Mortals, mortals

from vibepiper_interpreter.run.tasks import pace

__all__ = ["mortals"]  # a fixture

STEPS_OF_A_WALK = 20

StartWalk = Callable[[int, Counts], Walk]


@pytest.fixture
def start_walk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mortals: Mortals) -> Iterator[StartWalk]:
    # Progress is written down after every batch, so that an interrupted apply is gone on with.
    monkeypatch.setattr(pace, "RECORD_EVERY", 0.0)
    monkeypatch.setattr(pace, "RECORD_SHARE", 0.0)
    walks: list[Walk] = []

    def start(seed: int, counts: Counts) -> Walk:
        walks.append(Walk(tmp_path / str(seed), seed, mortals, counts))
        return walks[-1]

    yield start
    for walk in walks:
        walk.project.close()


@pytest.mark.parametrize("seed", [3, 8])
def test_bit_by_bit_equals_from_nothing(start_walk: StartWalk, seed: int) -> None:
    walk = start_walk(seed, Counts())
    for _ in range(12):
        walk.step()


@pytest.mark.slow
@pytest.mark.parametrize("half", [0, 1])  # for two processes
def test_bit_by_bit_equals_from_nothing_at_length(
    start_walk: StartWalk, capsys: pytest.CaptureFixture[str], half: int
) -> None:
    counts = Counts()
    seed = (PROOF_SEED + half * 2**31) % 2**32
    while counts.steps < PROOF_STEPS // 2:
        walk = start_walk(seed, counts)
        for _ in range(STEPS_OF_A_WALK):
            walk.step()
        walk.forget()
        seed += 1
    with capsys.disabled():
        print(f"\n{counts}")
