"""What work will probably take: one number for each measure, and the band it may lie in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# The lowest and the highest that is likely; None where a single past tells nothing about that.
Band = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an action will probably take, learned from earlier makings of the same asset."""

    rows: int | None
    bytes: int | None
    seconds: float | None
    rows_band: Band | None = None
    bytes_band: Band | None = None
    seconds_band: Band | None = None

    def to_json(self) -> list[Any]:
        bands = (self.rows_band, self.bytes_band, self.seconds_band)
        return [self.rows, self.bytes, self.seconds, *(None if band is None else list(band) for band in bands)]

    @classmethod
    def from_json(cls, found: Sequence[Any]) -> Estimate:
        rows, size, seconds, *bands = found
        return cls(rows, size, seconds, *(None if band is None else (band[0], band[1]) for band in bands))
