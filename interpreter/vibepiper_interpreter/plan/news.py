"""After comparing: what sources that read only new files have to read.

What was read stays, whatever becomes of the files: so nothing may be planned that would read a file's rows twice, or
lose rows whose file is gone, unless somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Sequence

from vibepiper_interpreter.compile.build_settings import Append, History
from vibepiper_interpreter.compile.compiled import CompiledAsset
from vibepiper_interpreter.connectors.file.listing import natural
from vibepiper_interpreter.connectors.file.new_files import News, what_is_new
from vibepiper_interpreter.plan.draft import Draft, Planning
from vibepiper_interpreter.plan.flow import ALL
from vibepiper_interpreter.plan.plan import Reason
from vibepiper_interpreter.storage.version import SourceFile
from vibepiper_spec.diagnostics import Diagnostic, Fix, Place, Range

_NAMED = 3  # files that a reason names before it only counts


def reads_only_news(asset: CompiledAsset) -> bool:
    """Whether it is a source that keeps what it has read. (The states of a history are those of all its files.)"""
    return asset.kind == "source" and asset.settings is not None and not isinstance(asset.settings, History)


def look_for_news(planning: Planning) -> None:
    """Once all other reasons are known: where none asks for all files, narrow those that are listed to the new ones."""
    for draft in planning.drafts.values():
        if reads_only_news(draft.asset):
            _look(draft)


def _look(draft: Draft) -> None:
    published = draft.published
    if published is None:
        return
    news = what_is_new(draft.asset.cursor, published.source_files, draft.source_files)
    if not draft.goes_on:
        if news.gone and published.build not in ("table", "view"):
            draft.problems.append(_would_be_lost(draft, news.gone))
        return
    if news.changed and not may_read_again(draft.asset):
        draft.problems.append(_changed(draft.asset, news.changed))
    draft.source_files = tuple(sorted((*news.new, *news.changed), key=lambda file: natural(file.path)))
    if draft.source_files:
        draft.own_reasons.append(Reason("source_files", _in_words(news)))
        draft.own_changed = ALL
    if news.passed:
        draft.warnings.append(_passed(draft.asset, news.passed))


def may_read_again(asset: CompiledAsset) -> bool:
    """Whether reading a file again whose content has changed takes up what is new in it, and nothing twice."""
    return not isinstance(asset.settings, Append) or (asset.cursor is not None and asset.cursor.column is not None)


def _in_words(news: News) -> str:
    parts = [_counted(what, files) for what, files in (("new", news.new), ("changed", news.changed)) if files]
    if news.gone:
        one = len(news.gone) == 1
        parts.append(
            f"{'1 file' if one else f'{len(news.gone):,} files'} that it has read {'is' if one else 'are'} gone: "
            f"{'its' if one else 'their'} rows stay"
        )
    return "; ".join(parts)


def _counted(what: str, files: Sequence[SourceFile]) -> str:
    counted = f"1 {what} file" if len(files) == 1 else f"{len(files):,} {what} files"
    return f"{counted}: {named(files)}"


def named(files: Sequence[SourceFile]) -> str:
    listed = ", ".join(f"`{file.path}`" for file in files[:_NAMED])
    return f"{listed} and {len(files) - _NAMED:,} more" if len(files) > _NAMED else listed


def _changed(asset: CompiledAsset, files: Sequence[SourceFile]) -> Diagnostic:
    one = len(files) == 1
    return Diagnostic(
        "VP530",
        f"{'A file' if one else f'{len(files):,} files'} that `{asset.address}` has read {'has' if one else 'have'} "
        f"changed since: {named(files)}. Read again, rows that were added already would be added twice.",
        _place(asset),
        fix=Fix(
            f"If the rows of all files are to be read anew, `vp apply --rebuild {asset.address}`. If files change as a "
            'rule, write `write = { mode = "merge", key = [...] }`, or a `cursor` with a `column`.'
        ),
    )


def _would_be_lost(draft: Draft, files: Sequence[SourceFile]) -> Diagnostic:
    one = len(files) == 1
    why = "; ".join(reason.words for reason in draft.own_reasons)
    return Diagnostic(
        "VP531",
        f"`{draft.asset.address}` would have to be made anew from all its files ({why}), and "
        f"{'one' if one else f'{len(files):,}'} of those that it has read {'is' if one else 'are'} gone: "
        f"{named(files)}. {'Its' if one else 'Their'} rows would be lost.",
        _place(draft.asset),
        fix=Fix(
            f"Put the {'file' if one else 'files'} back, or take the change back. If the rows may go, "
            f"`vp apply --rebuild {draft.asset.address}`."
        ),
    )


def _passed(asset: CompiledAsset, files: Sequence[SourceFile]) -> Diagnostic:
    one = len(files) == 1
    by_name = asset.cursor is not None and asset.cursor.by == "name"
    if by_name:
        behind = "its path sorts" if one else "their paths sort"
    else:
        behind = "it was written, by more than the lag," if one else "they were written, by more than the lag,"
    which = "A file" if one else f"{len(files):,} files"
    detail = (
        f"{which} of `{asset.address}` came late and {'is' if one else 'are'} not read: {named(files)}. By the cursor "
        f"{behind} before what was read already."
    )
    return Diagnostic(
        "VP533",
        detail,
        _place(asset),
        "warning",
        fix=Fix(
            "Name files so that later ones sort behind, or leave `cursor` out: then every path is read once."
            if by_name
            else "Let `lag` be as long as files may be late, or leave `cursor` out: then every path is read once."
        ),
    )


def _place(asset: CompiledAsset) -> Place | None:
    return Place(asset.declared_in, Range.at(asset.declared_at_line, 1)) if asset.declared_in else None
