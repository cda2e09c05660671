"""Merges what came one after the other, in one task: each over what came before it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from vibepiper_interpreter.compile.build_settings import Merge
from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.compile.table_columns import table_columns, unused_name
from vibepiper_interpreter.engines.duckdb.session import quote
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.deltas import Brought, Incoming, bring_in
from vibepiper_interpreter.run.tasks.deltas.keys import require_keys
from vibepiper_interpreter.run.tasks.staging import Folder
from vibepiper_interpreter.run.tasks.task import Task
from vibepiper_interpreter.storage.version import Version


def bring_in_order(
    session: RunSession, task: Task, folder: Folder, base: Version | None, deliveries: Sequence[Incoming]
) -> Brought | None:
    """`base` with each of `deliveries` brought in, as if it came by itself: where rows are merged, the later counts.

    All are of the same columns. What is not merged comes in one delivery.
    """
    settings = task.asset.settings
    if len(deliveries) == 1 or not isinstance(settings, Merge):
        [incoming] = deliveries
        return bring_in(session, task, folder, base, incoming)
    given = deliveries[0].columns
    if settings.update_columns is not None:
        return merge_one_by_one(session, task, folder, given, deliveries, base)
    # What a key's last row does not say itself, no row before it can say: all others may be left out.
    for each in deliveries:
        require_keys(session.cursor(), task.asset, settings.key, each.relation, each.at_once)
    number = quote(unused_name("vp_number", given))
    listed = ", ".join(quote(column.name) for column in given)
    keys = ", ".join(map(quote, settings.key))
    came = " UNION ALL ".join(
        f"SELECT {listed}, {place} AS {number} FROM {each.relation}" for place, each in enumerate(deliveries)
    )
    last = f"QUALIFY rank() OVER (PARTITION BY {keys} ORDER BY {number} DESC) = 1"
    return bring_in(session, task, folder, base, Incoming(f"(SELECT {listed} FROM ({came}) {last})", given))


def merge_one_by_one(
    session: RunSession,
    task: Task,
    folder: Folder,
    given: tuple[Column, ...],
    deliveries: Sequence[Incoming],
    base: Version | None,
) -> Brought | None:
    """Each into what came out of those before: where only some columns change, all of them have their say."""
    columns = table_columns(given, task.asset.settings)
    brought = None
    folders = [
        Folder(folder.directory / f"step-{number}", f"{folder.prefix}/step-{number}")
        for number in range(len(deliveries))
    ]
    for step, incoming in zip(folders, deliveries, strict=True):
        step.directory.mkdir()
        found = bring_in(session, task, step, base, incoming)
        if found is not None:
            brought = found
            base = _between(session, task, base, columns, found)
    needed = set() if brought is None else {part.path.rpartition("/")[0] for part in brought.parts}
    for step in folders:
        if step.prefix not in needed:
            shutil.rmtree(step.directory)
    return brought


def _between(
    session: RunSession, task: Task, base: Version | None, columns: tuple[Column, ...], brought: Brought
) -> Version:
    """What is there between two of them; nobody ever sees it."""
    if base is not None:
        return replace(base, parts=brought.parts, rows=brought.rows)
    return Version(
        id="",
        asset=task.asset,
        key="",
        inputs=(),
        columns=columns,
        parts=brought.parts,
        source_files=(),
        rows=brought.rows,
        bytes=0,
        seconds=0.0,
        peak_memory=None,
        run_id=session.run_id,
        created_at=datetime.now(UTC),
    )
