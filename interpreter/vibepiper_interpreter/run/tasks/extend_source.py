"""Goes on with a source: reads files that are new, and brings their rows to those that were read before."""

from __future__ import annotations

from vibepiper_interpreter.compile.build_settings import History, Intervals, Merge, Partitions
from vibepiper_interpreter.compile.table_columns import table_columns, unused_name
from vibepiper_interpreter.connectors.file.new_files import all_read, key_of_more
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.cursor_window import CursorWindow
from vibepiper_interpreter.run.tasks.deltas import Incoming, bring_in
from vibepiper_interpreter.run.tasks.file_rows import file_rows
from vibepiper_interpreter.run.tasks.merge_files import merge_files
from vibepiper_interpreter.run.tasks.replace_slices import replace_slices
from vibepiper_interpreter.run.tasks.staging import Content, Folder, stage_content
from vibepiper_interpreter.run.tasks.task import Task
from vibepiper_interpreter.storage.table_query import files_query
from vibepiper_interpreter.storage.version import SourceFile, Version

_INCOMING = "incoming.parquet"


def read_on(session: RunSession, task: Task, files: tuple[SourceFile, ...]) -> Version:
    """What the source has read before, if it has, and the rows of `files`, brought in as it says."""
    asset, base = task.asset, task.base
    key, read = None, files
    if base is not None:
        key = key_of_more(asset, base.id, base.source_files, files)
        if not isinstance(asset.settings, History):
            read = all_read(base.source_files, files)

    def make(folder: Folder) -> Content:
        try:
            return _bring_in(session, task, files, folder)
        finally:
            folder.named(_INCOMING)[0].unlink(missing_ok=True)

    return stage_content(session, task, make, read, key=key, continues=None if base is None else base.id)


def _bring_in(session: RunSession, task: Task, files: tuple[SourceFile, ...], folder: Folder) -> Content:
    asset, base, settings = task.asset, task.base, task.asset.settings
    given = asset.given_columns
    file_column = unused_name("vp_file", given) if isinstance(settings, Merge) else None
    part = file_rows(session, task, files, file_column).write(*folder.named(_INCOMING))
    rows = files_query(session.storage, [part])
    if isinstance(settings, Intervals | Partitions):
        return replace_slices(session, task, folder, settings, rows)
    window = None
    if asset.cursor is not None and asset.cursor.column is not None:
        window = CursorWindow(session, task, asset.cursor, rows)
        rows = window.rows_to_merge(settings) if isinstance(settings, Merge) else window.rows_to_append()
    if file_column is not None and isinstance(settings, Merge):
        brought = merge_files(session, task, folder, settings, rows, file_column, files)
    else:
        brought = bring_in(session, task, folder, base, Incoming(rows, given, part if window is None else None))
    built = () if window is None else window.reached
    if brought is not None:
        return Content(brought.parts, table_columns(given, settings), brought.rows, built)
    assert base is not None
    return Content(base.parts, base.columns, base.rows or 0, built)
