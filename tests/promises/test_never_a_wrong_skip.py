"""After any sequence of edits, what was done step by step equals what is built from nothing; and nothing else is done.

Real specs, real files, real planning and applying; only the edits are made up (`random_edits`), and so is the chance
that an apply is of a selection, fails a check, or is stopped halfway. `Walk` says what must hold after each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.promises.at_length import walk_at_length
from tests.promises.proof import Counts, Walk
from tests.proof_steps import PROOF_SEED, PROOF_STEPS

STEPS_OF_A_WALK = 14

StartWalk = Callable[[Counts, int], Walk]


@pytest.fixture
def start_walk(tmp_path: Path) -> Iterator[StartWalk]:
    """A failing walk leaves its project, and says what was done to it."""
    walks: list[Walk] = []

    def start(counts: Counts, seed: int) -> Walk:
        walks.append(Walk(tmp_path / str(seed), seed, counts))
        return walks[-1]

    yield start
    for walk in walks:
        print(f"seed {walk.seed}:", *walk.story)
        walk.close()


@pytest.mark.parametrize("seed", [4, PROOF_SEED], ids=["known", "new"])
def test_incremental_equals_from_scratch(start_walk: StartWalk, seed: int) -> None:
    walk_at_length(partial(start_walk, Counts()), seed, steps=28, of_a_walk=STEPS_OF_A_WALK)


@pytest.mark.slow
@pytest.mark.parametrize("half", [0, 1])  # for two processes
def test_incremental_equals_from_scratch_at_length(
    start_walk: StartWalk, capsys: pytest.CaptureFixture[str], half: int
) -> None:
    counts = Counts()
    seed = PROOF_SEED + 1000 + half * 2**31
    walk_at_length(partial(start_walk, counts), seed, steps=PROOF_STEPS // 2, of_a_walk=STEPS_OF_A_WALK)
    with capsys.disabled():
        print(f"\n{counts}")
