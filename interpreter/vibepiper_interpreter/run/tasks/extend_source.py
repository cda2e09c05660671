"""Goes on with a source: reads files that are new, and brings their rows to those that were read before."""

from __future__ import annotations

from vibepiper_interpreter.connectors.file.new_files import all_read, key_of_more
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.file_rows import file_rows
from vibepiper_interpreter.run.tasks.staging import Content, Folder, stage_content
from vibepiper_interpreter.run.tasks.task import Task
from vibepiper_interpreter.storage.version import SourceFile, Version


def extend_source(session: RunSession, task: Task, files: tuple[SourceFile, ...]) -> Version:
    """The published version and the rows of `files`."""
    base = task.keeps
    if base is None:
        raise ValueError(f"{task.asset.address} has nothing to go on with")
    rows = file_rows(session, task, files)

    def make(folder: Folder) -> Content:
        file, path = folder.part(0)
        part = rows.write(file, path)
        if not part.rows:
            file.unlink()
        parts = (*base.parts, part) if part.rows else base.parts
        return Content(parts, task.asset.columns, (base.rows or 0) + part.rows)

    return stage_content(
        session,
        task,
        make,
        all_read(base.source_files, files),
        key=key_of_more(task.asset, base.id, base.source_files, files),
    )
