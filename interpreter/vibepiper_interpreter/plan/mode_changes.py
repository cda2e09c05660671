"""A mode changed: whether the rows that are published are those that the new mode would begin with, or why not."""

from __future__ import annotations

from vibepiper_interpreter.compile.build_settings import Append, BuildSettings, History, Intervals, Merge, Partitions
from vibepiper_interpreter.compile.compiled import CompiledAsset
from vibepiper_interpreter.plan.draft import Draft, Planning
from vibepiper_interpreter.plan.flow import NOTHING
from vibepiper_interpreter.plan.plan import Reason
from vibepiper_interpreter.state import Published
from vibepiper_interpreter.storage.version import Version
from vibepiper_interpreter.storage.version_key import records, version_key

_LOOKED_AT = 100  # versions of one asset


def keep_rows(planning: Planning, draft: Draft, version: Version) -> None:
    """Let the rows of `version`, which is published in another mode, stay where they are proven to be the right ones.

    The proof holds for the inputs that the version is known to be right for. Where they come out different it is made
    anew: what they hold now is all that a mode begins with.
    """
    [build] = (reason for reason in draft.own_reasons if reason.code == "build")
    before, after = version.asset, draft.asset
    if before.kind == "source" or "view" in (before.build, after.build):
        return
    others = [reason for reason in draft.own_reasons if reason is not build]
    if before.settings is None and isinstance(after.settings, Intervals):
        others, why = _taken_by_slices(planning, others, before, after)
    elif any(reason.code in ("definition", "columns", "python") for reason in others):
        return  # that it means something else says enough
    else:
        why = _why_not(before.settings, after.settings) or _other_rows(planning, draft.published, version, after)
    if why:
        draft.own_reasons = [*others, Reason("build", f"{build.words}: its rows do not stay, for {why}")]
    elif not others:
        draft.own_reasons, draft.own_changed = [], NOTHING
        draft.record_reasons.append(Reason("build", f"{build.words}: its rows stay"))
        draft.keeps_rows = True


def _why_not(before: BuildSettings | None, after: BuildSettings | None) -> str:
    """Why a table of the one mode is never one of the other; empty where it can be."""
    match before, after:
        case ((None | Append() | Merge(delete_flag=None)), (None | Append() | Merge(delete_flag=None))):
            return "" if None in (before, after) else "how its rows came together decides which there are"
        case _, History():
            return "its rows do not say since when and until when they hold"
        case History(), _:
            return "a history has other columns, and closed rows"
        case _, Merge(delete_flag=str(flag)):
            return f"what `{flag}` marks has to go"
        case Merge(delete_flag=str(flag)), _:
            return f"its rows have lost `{flag}`"
        case _, Partitions(column=column):
            return f"its files hold rows of many values of `{column}`"
        case Intervals(), _:
            return "it has only rows of intervals that are over"
    return "its rows come together in another way"


def _taken_by_slices(
    planning: Planning, reasons: list[Reason], before: CompiledAsset, after: CompiledAsset
) -> tuple[list[Reason], str]:
    """The other reasons to make it anew, and why its rows are not those of the intervals; empty where they are.

    Such a query has bounds, and so is always another one.
    """
    if after.own is not None:
        return reasons, "each of its intervals is made upon those before it"
    from vibepiper_interpreter.compile.taken_by_slices import holds_all_slices
    from vibepiper_interpreter.engines.duckdb.session import SessionSettings, connect

    schemas = {read.address: planning.project.assets[read.address].columns for read in after.inputs}
    with connect(SessionSettings(threads=1)) as connection:
        if not holds_all_slices(before, after, schemas, connection):
            return reasons, "it is not proven that its rows are those of the intervals"
    return [reason for reason in reasons if reason.code not in ("definition", "columns")], ""


def _other_rows(planning: Planning, published: Published | None, version: Version, after: CompiledAsset) -> str:
    """Why these rows may be others than those that would be made; empty where they are proven to be the same."""
    # It brings in the models, which are slow to import.
    from vibepiper_interpreter.compile.fingerprints import same_but_for_settings

    if published is None or not same_but_for_settings(version.asset, after):
        return "its rows are made in another way"
    if version.asset.settings is None:
        return ""
    if version.inputs == published.inputs and _made_at_once(planning, version):
        return ""
    return "it may hold rows that its inputs do not hold any more"


def _made_at_once(planning: Planning, version: Version) -> bool:
    """Whether `version` holds what its inputs give, and nothing from before: it is the first of its kind, or a table
    that was recorded as what it is."""
    if version.key == version_key(version.asset, version.inputs, version.source_files):
        return True
    tables = (each for each in planning.state.history(version.address, _LOOKED_AT) if each.asset.settings is None)
    recorded = {
        version_key(version.asset, version.inputs, version.source_files, (records(each.key),)) for each in tables
    }
    return version.key in recorded
