"""After any sequence of edits, what is built bit by bit equals what is built from nothing; and nothing else is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.promises.at_length import walk_at_length
from tests.promises.incremental_walk import Counts, Walk
from tests.proof_steps import PROOF_SEED, PROOF_STEPS
from tests.run.killing import Mortals, mortals

__all__ = ["mortals"]  # a fixture

STEPS_OF_A_WALK = 20

StartWalk = Callable[[Counts, int], Walk]


@pytest.fixture
def start_walk(tmp_path: Path, progress_at_once: None, always_divided: None, mortals: Mortals) -> Iterator[StartWalk]:
    walks: list[Walk] = []

    def start(counts: Counts, seed: int) -> Walk:
        walks.append(Walk(tmp_path / str(seed), seed, mortals, counts))
        return walks[-1]

    yield start
    for walk in walks:
        walk.close()


@pytest.mark.parametrize("seed", [3, PROOF_SEED], ids=["known", "new"])
def test_bit_by_bit_equals_from_nothing(start_walk: StartWalk, seed: int) -> None:
    walk_at_length(partial(start_walk, Counts()), seed, steps=80, of_a_walk=STEPS_OF_A_WALK)


@pytest.mark.slow
@pytest.mark.parametrize("half", [0, 1])  # for two processes
def test_bit_by_bit_equals_from_nothing_at_length(
    start_walk: StartWalk, capsys: pytest.CaptureFixture[str], half: int
) -> None:
    counts = Counts()
    seed = PROOF_SEED + 1000 + half * 2**31
    walk_at_length(partial(start_walk, counts), seed, steps=PROOF_STEPS // 2, of_a_walk=STEPS_OF_A_WALK)
    with capsys.disabled():
        print(f"\n{counts}")
