"""First step: compare every asset with what is published, by itself: meaning, build, source files, stored parts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from vibepiper_interpreter.compile.build_settings import Intervals, meaning_of_settings
from vibepiper_interpreter.compile.build_words import built_as
from vibepiper_interpreter.compile.compiled import CompiledAsset, PythonDefinition, SqlDefinition
from vibepiper_interpreter.compile.fingerprint_code import same_meaning
from vibepiper_interpreter.grains import moment
from vibepiper_interpreter.plan.column_changes import column_changes, columns_changed, in_words
from vibepiper_interpreter.plan.draft import Draft, Planning
from vibepiper_interpreter.plan.flow import ALL
from vibepiper_interpreter.plan.mode_changes import keep_rows
from vibepiper_interpreter.plan.news import reads_only_news
from vibepiper_interpreter.plan.plan import Reason
from vibepiper_interpreter.storage.version import InputVersion, SourceFile, Stored

if TYPE_CHECKING:
    # The models are slow to import, and who only plans does without.
    from vibepiper_spec.model.build import BuildMode

# How something was built, where no more than the mode is known of it.
_BUILDS: Mapping[BuildMode, str] = {
    "table": "a table",
    "view": "a view",
    "interval": "built by interval",
    "append": "appended to",
    "merge": "merged",
    "scd2": "kept as a history",
    "partition": "built by partition",
}
_NAMED = 3  # files that a reason names before it only counts


def compare(planning: Planning) -> None:
    """Note each asset's own reasons. Equal fingerprints decide without decoding anything."""
    lost = _lost_versions(planning)
    changed: list[Draft] = []
    for draft in planning.drafts.values():
        asset, published = draft.asset, draft.published
        if asset.kind == "source":
            draft.listed_files = draft.source_files = planning.list_files(asset)
        if published is None:
            draft.own_reasons.append(Reason("new", f"it is not published in `{planning.environment}` yet"))
            continue
        if asset.build != published.build:
            draft.own_reasons.append(Reason("build", f"it was {_BUILDS[published.build]} and is now {built_as(asset)}"))
        if asset.fingerprint != published.fingerprint:
            if same_meaning(asset.fingerprint, published.fingerprint):
                words = "is set" if asset.prevent_destroy else "is not set any more"
                draft.record_reasons.append(Reason("recorded", f"`prevent_destroy` {words}"))
            else:
                changed.append(draft)
        if (
            asset.kind == "source"
            and not reads_only_news(asset)
            and not published.was_made_from(draft.source_files)
            and (words := _files_in_words(published.source_files, draft.source_files))
        ):
            draft.own_reasons.append(Reason("source_files", words))
        if published.id in lost:
            what = "what it shows is" if published.build == "view" and published.shows else "its files are"
            draft.own_reasons.append(Reason("lost", f"{what} no longer in the storage, or not whole"))
        if asset.rebuild_always:
            draft.own_reasons.append(Reason("always", '`rebuild = "always"` asks for it'))
    _explain(planning, changed)
    for draft in planning.drafts.values():
        if draft.own_reasons:
            _widen(draft)


def _explain(planning: Planning, changed: Sequence[Draft]) -> None:
    """Say what it is that changed in the meaning of these assets: now their published definitions are read."""
    versions = planning.state.versions(draft.keeps for draft in changed if draft.keeps)
    for draft in changed:
        version = planning.told_anew.get(draft.keeps or "") or versions[draft.keeps or ""]
        planning.previous[draft.asset.address] = version
        draft.column_changes = column_changes(version, draft.asset)
        draft.own_changed = planning.flow.with_own_past(draft.asset, columns_changed(version.asset, draft.asset))
        if not _only_the_mode(version.asset, draft.asset):
            draft.own_reasons.insert(0, _meaning_changed(version.asset, draft))
        if version.asset.build != draft.asset.build:
            keep_rows(planning, draft, version)


def _only_the_mode(before: CompiledAsset, after: CompiledAsset) -> bool:
    """Whether the rows that are made are the same, and only what becomes of them is said otherwise."""
    if before.build == after.build or before.order_by != after.order_by:
        return False
    if before.definition == after.definition:
        return True
    # The same query may be written otherwise: with a column under another name, for one. To find out brings in the
    # models, which are slow to import.
    from vibepiper_interpreter.compile.fingerprints import same_but_for_settings

    return same_but_for_settings(before, after)


def _widen(draft: Draft) -> None:
    """Other reasons than the meaning change all columns, unless the same rows come out again."""
    codes = {reason.code for reason in draft.own_reasons}
    if codes & {"new", "source_files"} or (codes & {"always", "lost"} and not draft.reproducible):
        draft.own_changed = ALL


def _meaning_changed(before: CompiledAsset, draft: Draft) -> Reason:
    after, words = draft.asset, in_words(draft.column_changes)
    given = _values_changed(before, after)
    if given:
        return Reason("definition", given)
    if began := _began_otherwise(before, after):
        return Reason("definition", began)
    if settings := _settings_changed(before, after):
        return Reason("definition", f"{settings}; {words}" if words else settings)
    if words and draft.own_changed.names is not None:
        return Reason("columns", words)
    # Every expression counts as changed then, so naming them says nothing.
    words = in_words([change for change in draft.column_changes if change.change != "expression"])
    if after.kind == "python":
        what = _of_function(before, after)
    elif after.kind == "source":
        what = "how it is read changed"
    elif before.shape and after.shape and before.shape != after.shape:
        what = "its query changed around the columns: a filter, join, grouping or order"
    else:
        what = "its query changed"
    return Reason("python" if after.kind == "python" else "definition", f"{what}; {words}" if words else what)


def _settings_changed(before: CompiledAsset, after: CompiledAsset) -> str:
    """The settings that are others where nothing else is: `` `grain` changed: day → week ``."""
    if before.settings is None or after.settings is None or before.build != after.build:
        return ""
    if before.definition != after.definition or before.order_by != after.order_by:
        return ""
    was, now = (dict(meaning_of_settings(settings)) for settings in (before.settings, after.settings))
    return "; ".join(
        f"`{name}` changed: {_written(was.get(name))} → {_written(value)}"
        for name, value in now.items()
        if was.get(name) != value
    )


def _written(value: object) -> str:
    """A setting as it may stand in a spec."""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "nothing" if value is None else str(value)


def _values_changed(before: CompiledAsset, after: CompiledAsset) -> str:
    """The variables of an unchanged query that have other values; empty where it is not only them."""
    old, new = before.definition, after.definition
    if not (isinstance(old, SqlDefinition) and isinstance(new, SqlDefinition)) or old.query != new.query:
        return ""
    was, now = dict(old.values), dict(new.values)
    changed = [name for name in now if name in was and (was[name], type(was[name])) != (now[name], type(now[name]))]
    return "; ".join(f"`{name}` changed: {was[name]} → {now[name]}" for name in changed)


def _began_otherwise(before: CompiledAsset, after: CompiledAsset) -> str:
    """That another interval is the first one, where all others are made upon it; empty where that is not all."""
    was, now = before.settings, after.settings
    if not (isinstance(was, Intervals) and isinstance(now, Intervals) and now.own_past):
        return ""
    if was.start is None or now.start is None or was.start == now.start:
        return ""
    if before.definition != after.definition or replace(was, start=now.start, end=now.end) != now:
        return ""
    return f"its first interval begins {moment(now.start)} and no more {moment(was.start)}: all others are made upon it"


def _of_function(before: CompiledAsset, after: CompiledAsset) -> str:
    old, new = before.definition, after.definition
    if not (isinstance(old, PythonDefinition) and isinstance(new, PythonDefinition)) or old.code != new.code:
        return "its code changed"
    if old.parameters != new.parameters:
        return "what its function is given changed"
    if old.context != new.context:
        return "variables that its `context` gives changed"
    return "its declared columns or order changed"


def _files_in_words(before: Sequence[SourceFile], now: Sequence[SourceFile]) -> str:
    """What happened to a source's files, by content; empty where nothing did."""
    old = {file.path: (file.size, file.sha256) for file in before}
    new = {file.path: (file.size, file.sha256) for file in now}
    parts = []
    for what, paths in (
        ("new", [path for path in new if path not in old]),
        ("changed", [path for path in new if path in old and new[path] != old[path]]),
        ("gone", [path for path in old if path not in new]),
    ):
        if paths:
            named = ", ".join(f"`{path}`" for path in paths) if len(paths) <= _NAMED else ""
            counted = "1 file is" if len(paths) == 1 else f"{len(paths):,} files are"
            parts.append(f"{counted} {what}" + (f" ({named})" if named else ""))
    return "; ".join(parts)


def _lost_versions(planning: Planning) -> set[str]:
    """Versions that cannot be read any more, because parts are missing: their own, or those that a view shows."""
    lost: set[str] = set()
    shown_by: dict[str, list[str]] = defaultdict(list)

    def look_at(version_id: str, stored: Stored, shows: Sequence[InputVersion]) -> None:
        if not planning.storage_has(stored):
            lost.add(version_id)
        for read in shows:
            shown_by[read.version_id].append(version_id)

    seen = set()
    for published in planning.published.values():
        seen.add(published.id)
        if published.has_parts or published.build == "view":
            look_at(published.id, published, published.shows)
    # A view may show versions that the environment has moved on from, and views of views older ones yet.
    while elsewhere := shown_by.keys() - seen:
        seen |= elsewhere
        versions = planning.state.versions(elsewhere)
        lost |= elsewhere - versions.keys()
        for version in versions.values():
            look_at(version.id, version, version.inputs if version.asset.build == "view" else ())

    waiting = list(lost)
    while waiting:
        views = [view for view in shown_by[waiting.pop()] if view not in lost]
        lost.update(views)
        waiting += views
    return lost
