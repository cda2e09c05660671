"""An asset that is built by interval, whatever its query: what is done to it, and what is seen of it."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.run.conftest import Project

from vibepiper_interpreter.storage.slices import Ranges, built_ranges
from vibepiper_spec.address import Address
from vibepiper_spec.model.build import Grain

START = datetime(2024, 1, 1)
BOOM = 13  # an amount that the queries fail on


@dataclass
class Sliced(ABC):
    """A project with the asset `sliced`, and the times that a user can change."""

    project: Project
    chance: random.Random
    grain: Grain = "day"
    start: datetime = START
    now: datetime = START + timedelta(days=3, hours=5)

    def moment(self) -> datetime:
        hours = int((self.now - START) / timedelta(hours=1)) + 10
        return START + timedelta(hours=self.chance.randint(-20, hours))

    def time_passes(self) -> None:
        self.now += timedelta(hours=self.chance.randint(1, 40))

    def move_start(self) -> None:
        self.start = START + timedelta(days=self.chance.randint(-1, 3), hours=self.chance.choice((0, 7)))

    @abstractmethod
    def mend(self) -> None:
        """Take out what the query fails on."""

    @abstractmethod
    def specs(self) -> str:
        """Writes the files, and gives what the pipeline says."""

    def write(self) -> None:
        self.project.pipeline(self.specs())
        self.project.now = self.now.replace(tzinfo=UTC)

    def apply(self, done: list[str]) -> None:
        """Until it succeeds; `done` is told how."""
        result = self.project.apply()
        done.append(result.status)
        if result.status != "succeeded":
            codes = {found.code for task in result.tasks for found in task.diagnostics}
            assert codes == {"VP507"}, (done, codes)
            self.mend()
            self.write()
            assert self.project.apply().status == "succeeded", done

    def shown(self) -> Counter[str]:
        return Counter(map(str, self.project.rows("shop.sliced")))

    def covered(self) -> Ranges:
        pointer = self.project.state.pointers("dev")[Address("shop", "sliced")]
        return built_ranges(self.project.state.versions([pointer.version_id])[pointer.version_id].built)
