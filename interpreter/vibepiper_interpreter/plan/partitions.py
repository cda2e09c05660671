"""Before deciding: which of the partitions that the specs list are not built yet, and which are listed no more.

Where another asset holds the values, only the run knows them: whether they changed is a condition like any other.
"""

from __future__ import annotations

from collections.abc import Sequence

from vibepiper_interpreter.compile.build_settings import Partitions
from vibepiper_interpreter.plan.draft import Draft, Planning
from vibepiper_interpreter.plan.flow import ALL
from vibepiper_interpreter.plan.plan import Reason
from vibepiper_interpreter.storage.slices import Built, built_values
from vibepiper_interpreter.storage.version import Version

_NAMED = 4  # partitions that a reason names before it only counts


def list_partitions(planning: Planning) -> None:
    for draft in planning.drafts.values():
        settings = draft.asset.settings
        if isinstance(settings, Partitions) and settings.values is not None:
            _compare(draft, settings.values)


def has_all_partitions(draft: Draft, version: Version) -> bool:
    """Whether `version` has just the partitions that are listed."""
    settings = draft.asset.settings
    if not isinstance(settings, Partitions) or settings.values is None:
        return True
    return {*built_values(version.built)} == {*settings.values}


def _compare(draft: Draft, values: Sequence[str]) -> None:
    built: Sequence[Built] = () if draft.published is None else draft.published.built
    known = built_values(built)
    if not draft.goes_on:
        draft.slices = tuple(values)
        return
    missing = [value for value in values if value not in known]
    gone = [value for value in known if value not in values]
    draft.slices = tuple(missing)
    if missing:
        draft.own_reasons.append(Reason("slices", f"{_in_words(missing)} missing"))
    if gone:
        draft.own_reasons.append(Reason("slices", f"{_in_words(gone)} in `values` no more"))
    if missing or gone:
        draft.own_changed = ALL


def _in_words(values: Sequence[str]) -> str:
    named = f" ({', '.join(f'`{value}`' for value in values)})" if len(values) <= _NAMED else ""
    return f"1 partition{named} is" if len(values) == 1 else f"{len(values):,} partitions{named} are"
