"""Cuts a series of daily delays where its level changes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import pyarrow as pa

SHORTEST_SEASON = 7  # days
# What a further cut must save in squared minutes to be worth it: higher gives fewer, longer seasons.
COST_OF_A_CUT = 2_000.0


def find_seasons(daily: pa.Table) -> pa.Table:
    """For each airport, the stretches of days that differ most from each other and least within themselves."""
    found: list[dict[str, object]] = []
    rows = daily.sort_by([("origin", "ascending"), ("day", "ascending")]).to_pylist()
    for origin in sorted({row["origin"] for row in rows}):
        # A day on which nothing left has no delay; it says nothing about its season.
        days = [row for row in rows if row["origin"] == origin and row["mean_delay"] is not None]
        delays = [float(row["mean_delay"]) for row in days]
        for start, end in best_cuts(delays):
            found.append(
                {
                    "origin": origin,
                    "first_day": days[start]["day"],
                    "last_day": days[end - 1]["day"],
                    "days": end - start,
                    "mean_delay": round(sum(delays[start:end]) / (end - start), 6),
                }
            )
    schema = pa.schema(
        {
            "origin": pa.string(),
            "first_day": pa.date32(),
            "last_day": pa.date32(),
            "days": pa.int64(),
            "mean_delay": pa.float64(),
        }
    )
    return pa.Table.from_pylist(found, schema=schema)


def best_cuts(series: Sequence[float]) -> list[tuple[int, int]]:
    """The half-open stretches whose squared distances from their own means, plus the price of the cuts, are least.

    Dynamic programming: the best way to cut the first n days ends with some last stretch, and what lies before that
    stretch is cut in the best way too.
    """
    sums = [0.0, *accumulate(series)]
    squares = [0.0, *accumulate(value * value for value in series)]

    def spread(start: int, end: int) -> float:
        total = sums[end] - sums[start]
        return squares[end] - squares[start] - total * total / (end - start)

    best = [0.0] + [float("inf")] * len(series)
    last_start = [0] * (len(series) + 1)
    for end in range(SHORTEST_SEASON, len(series) + 1):
        for start in range(end - SHORTEST_SEASON + 1):
            cost = best[start] + spread(start, end) + (COST_OF_A_CUT if start else 0.0)
            if cost < best[end]:
                best[end], last_start[end] = cost, start

    stretches: list[tuple[int, int]] = []
    end = len(series)
    while end:
        stretches.append((last_start[end], end))
        end = last_start[end]
    return stretches[::-1]
