"""Warns before very many intervals are built one after the other."""

from __future__ import annotations

from vibepiper_interpreter.compile.build_settings import Intervals, most_at_once
from vibepiper_interpreter.grains import batches, count, in_words
from vibepiper_interpreter.plan.draft import Planning
from vibepiper_interpreter.plan.plan import BUILDING
from vibepiper_interpreter.storage.slices import only_ranges
from vibepiper_spec.diagnostics import Diagnostic, Fix, Place, Range

_MANY = 10_000  # batches
# By whether each interval is made upon the one before it.
_FIXES = {
    False: "Begin with a part of it (`--from`, `--to`), or set a later `start`, a longer `grain`, or a `batch_size`.",
    True: "Begin with the first part of it (`--to`), or set a later `start` or a longer `grain`.",
}


def warn_of_many(planning: Planning) -> None:
    """VP519 as a warning for each asset of which so many batches would be made."""
    for draft in planning.acting():
        asset, settings, ranges = draft.asset, draft.asset.settings, only_ranges(draft.slices)
        if draft.verb not in BUILDING or not isinstance(settings, Intervals) or not ranges:
            continue
        number = batches(ranges, settings.grain, most_at_once(settings))
        if number <= _MANY:
            continue
        intervals = in_words(count(ranges, settings.grain), settings.grain)
        draft.warnings.append(
            Diagnostic(
                "VP519",
                f"`{asset.address}` has {intervals} to build, in {number:,} batches, one after the other.",
                Place(asset.declared_in, Range.at(asset.declared_at_line, 1)) if asset.declared_in else None,
                severity="warning",
                fix=Fix(
                    "What is published is made anew as a whole, whatever `--from` and `--to` say: set a later `start`"
                    + (" or a longer `grain`." if settings.own_past else ", a longer `grain`, or a `batch_size`.")
                    if draft.verb == "rebuild"
                    else _FIXES[settings.own_past]
                ),
            )
        )
