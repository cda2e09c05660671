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
from vibepiper_interpreter.storage.version import InputVersion, Version
from vibepiper_interpreter.storage.version_key import UNFINISHED, version_key

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


def take_up(planning: Planning, draft: Draft, inputs: Sequence[InputVersion]) -> None:
    """Let the rest be made beside what a run has made that did not come to its end, where that is more than is there.

    `inputs` are those that it will be made from, and that was.
    """
    settings = draft.asset.settings
    if not isinstance(settings, Partitions) or draft.asset.kind == "source":
        return
    version_id = planning.id_by_key(version_key(draft.asset, inputs, (), (UNFINISHED,)))
    version = None if version_id is None else planning.state.versions([version_id]).get(version_id)
    if version is None or not planning.storage_has(version):
        return
    there = {*built_values(version.built)}
    right: set[str] = set()
    if draft.goes_on and not draft.conditions and draft.published is not None:
        right = {*built_values(draft.published.built)}
    if settings.values is not None:
        there, right = there & {*settings.values}, right & {*settings.values}
        left = [value for value in settings.values if value not in there]
        words = f"{_in_words(left)} left to do: the rest is there already" if left else "all of it is there already"
        draft.slices = tuple(left) if len(there) > len(right) else draft.slices
    else:
        words = f"{_in_words(sorted(there))} there already"
    if len(there) > len(right):
        draft.base, draft.conditions = version, ()
        draft.own_reasons.append(Reason("slices", words))


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
    """``2 partitions (`de`, `fr`) are``, to be followed by what they are."""
    named = f" ({', '.join(f'`{value}`' for value in values)})" if len(values) <= _NAMED else ""
    return f"1 partition{named} is" if len(values) == 1 else f"{len(values):,} partitions{named} are"
