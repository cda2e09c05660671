"""Says in a diagnostic what went wrong while a task ran."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from vibepiper_interpreter.compile.compiled import Column, CompiledAsset
from vibepiper_interpreter.compile.compiled_operator import CompiledOperator
from vibepiper_interpreter.compile.cursors import TIMES
from vibepiper_interpreter.connectors.file import broken_row
from vibepiper_interpreter.engines.duckdb.failure import EngineFailure, engine_failure
from vibepiper_interpreter.engines.duckdb.parameters import FilledQuery
from vibepiper_interpreter.engines.duckdb.readable import why_unreadable
from vibepiper_interpreter.run.result import CheckResult
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.storage.version import Part, Version
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, Fix, Place, Range

# The kinds of DuckDB's errors that a damaged file may cause; a query may, too.
_OF_FILES = frozenset({"IO", "Invalid", "Invalid Input", "Serialization", "Internal"})
_WIDTH = 40  # characters of one value in a table of failing rows


class Cancelled(Exception):
    """The run was told to stop while this task was under way."""


# What a run does something for, and a failure can be of.
Subject = CompiledAsset | CompiledOperator


def nothing_lost(subject: Subject) -> str:
    """What a failure has left as it was."""
    if isinstance(subject, CompiledOperator):
        return "What it had done outside by then is done."
    return "Nothing of it was published."


def declared_at(asset: Subject) -> Place | None:
    """The header of its block."""
    return Place(asset.declared_in, Range.at(asset.declared_at_line, 1)) if asset.declared_in else None


def engine_diagnostic(
    session: RunSession,
    asset: CompiledAsset,
    error: duckdb.Error,
    filled: FilledQuery | None = None,
    query_offset: int = 0,
) -> Diagnostic:
    """What DuckDB's `error` means for the person who wrote `asset`.

    `filled` is the query that ran, at byte `query_offset` of the statement, if a place in it can be told.
    """
    if isinstance(error, duckdb.InterruptException):
        raise Cancelled from error
    failure = engine_failure(error)
    if failure.disk_full:
        return disk_full(asset)
    message = session.redactor(failure.message)
    row = broken_row(message, session.root, declared_at(asset))
    if row is not None:
        return row
    message = _without_folders(message, session)
    if failure.kind in _OF_FILES and (damaged := _damaged_input(session, asset)) is not None:
        return damaged
    if isinstance(error, duckdb.OutOfMemoryException):
        return Diagnostic(
            "VP507",
            f"`{asset.address}` needs more memory than the run may use. {_sentence(message)}",
            declared_at(asset),
            fix=Fix(
                "Give the run more memory (`[executor] memory` in vp.toml), or run fewer tasks at once (`workers`)."
            ),
        )
    if asset.kind == "python":
        return Diagnostic(
            "VP406",
            f"The table that `{asset.address}` returned cannot be stored: {_sentence(message)}",
            declared_at(asset),
            fix=Fix("Correct the function; nothing of it was published, and the next apply runs it again."),
        )
    place = _place_in_query(session, asset, failure, filled, query_offset) or declared_at(asset)
    return Diagnostic(
        "VP507",
        f"The query of `{asset.address}` failed on its data: {_sentence(message)} Nothing of it was published.",
        place,
        fix=Fix("Correct the query or the data it reads; `try_cast` gives NULL where a cast can fail."),
    )


def disk_full(asset: CompiledAsset) -> Diagnostic:
    return Diagnostic(
        "VP508",
        f"There was no space left on the disk while `{asset.address}` was written. What was written of it has been "
        "deleted, and nothing of it was published.",
        declared_at(asset),
        fix=Fix(
            "Make room, for example with `vp clean`, or set another `path` under `[storage]`; then apply again: "
            "what was finished is kept."
        ),
    )


def worker_lost(asset: Subject, how: str) -> Diagnostic:
    return Diagnostic(
        "VP801",
        f"The worker process that was at `{asset.address}` is gone: {how}. {nothing_lost(asset)}",
        declared_at(asset),
        fix=Fix(
            "Look whether the function ends its process, crashes in a library, or needs more memory than there is; "
            "`retry` attempts it again where it may be chance."
        ),
    )


def timed_out(asset: Subject, seconds: float) -> Diagnostic:
    return Diagnostic(
        "VP802",
        f"`{asset.address}` was not done after {seconds:g} s, its `timeout`. {nothing_lost(asset)}",
        declared_at(asset),
        fix=Fix("Give it more time, make it faster, or let it do less at once; `retry` attempts it again."),
    )


def waited_in_vain(operator: CompiledOperator, reason: str) -> Diagnostic:
    return Diagnostic(
        "VP802",
        f"`{operator.address}` has waited for {operator.timeout:g} s, its `timeout`, in vain: {reason}.",
        declared_at(operator),
        fix=Fix(
            'Look why it is not there. It may wait longer, or be skipped then: `on_timeout = "skip"`; the next apply '
            "waits again."
        ),
    )


def changed_while_read(asset: CompiledAsset, path: str, what: str) -> Diagnostic:
    return Diagnostic(
        "VP505",
        f"The file `{path}` {what}, so `{asset.address}` could hold rows of two states of it. Nothing of it was "
        "published.",
        declared_at(asset),
        fix=Fix("Plan and apply again when nobody writes to the file; let writers make a new file and rename it."),
    )


def changed_before_taken_over(asset: CompiledAsset, path: str, what: str) -> Diagnostic:
    return Diagnostic(
        "VP505",
        f"The file `{path}` {what}: it is not the one whose checksum the plan holds, so nothing was taken over for "
        f"`{asset.address}`.",
        declared_at(asset),
        fix=Fix("Bring back the file that was meant, or plan again to take over what is there now."),
    )


def lost_version(version: Version) -> Diagnostic:
    return Diagnostic(
        "VP509",
        f"A stored version of `{version.address}` cannot be read: files of version {version.id} are missing, cut "
        "short or damaged.",
        declared_at(version.asset),
        fix=Fix("Plan and apply again: it is made anew."),
    )


def key_is_null(
    asset: CompiledAsset,
    key: Sequence[str],
    count: int,
    rows: int,
    columns: Sequence[str],
    sample: Sequence[Sequence[str]],
) -> Diagnostic:
    """VP520: rows that no key tells from others."""
    named = _names(key)
    return Diagnostic(
        "VP520",
        f"{_counted(count, 'row')} of {rows:,} that came for `{asset.address}` {'has' if count == 1 else 'have'} no "
        f"value in {named}, so nobody can tell which row of the table each of them is. Nothing of it was published.",
        declared_at(asset),
        fix=Fix(f"Leave them out of the rows (`where {key[0]} is not null`), or name another `key`."),
        notes=table(columns, sample),
    )


def key_not_unique(
    asset: CompiledAsset,
    key: Sequence[str],
    count: int,
    columns: Sequence[str],
    sample: Sequence[Sequence[str]],
    *,
    at_once: str = "",
) -> Diagnostic:
    """VP521: several rows of one key. `at_once`: why none of them is known to be the last, if there is more to say."""
    named = _names(key)
    listed = ", ".join(key)
    return Diagnostic(
        "VP521",
        f"{_counted(count, 'value')} of {named} {'comes' if count == 1 else 'come'} more than once among the rows for "
        f"`{asset.address}`, so nobody can tell which of these rows counts. "
        f"{at_once and f'{at_once} '}Nothing of it was published.",
        declared_at(asset),
        fix=Fix(
            f"Let one row of each key come (`qualify row_number() over (partition by {listed} order by …) = 1`), or "
            "name more columns in `key`."
        ),
        notes=table(columns, sample),
    )


def cursor_is_null(
    asset: CompiledAsset, column: str, count: int, columns: Sequence[str], sample: Sequence[Sequence[str]]
) -> Diagnostic:
    """VP534: rows of which nobody can tell whether they are new."""
    return Diagnostic(
        "VP534",
        f"{_counted(count, 'row')} that came for `{asset.address}` {'has' if count == 1 else 'have'} no value in "
        f"`{column}`, by which its cursor tells what is new. Nothing of it was published.",
        declared_at(asset),
        fix=Fix(f"Give each row a value of `{column}`, or leave `cursor` out: then every file is read once, whole."),
        notes=table(columns, sample),
    )


def in_no_slice(
    asset: CompiledAsset, column: str, count: int, columns: Sequence[str], sample: Sequence[Sequence[str]]
) -> Diagnostic:
    """VP518: rows of a source that belong to no interval, or to no value of a column."""
    return Diagnostic(
        "VP518",
        f"{_counted(count, 'row')} that came for `{asset.address}` {'has' if count == 1 else 'have'} no value in "
        f"`{column}`, so nobody can tell which rows {'it replaces' if count == 1 else 'they replace'}. Nothing of it "
        "was published.",
        declared_at(asset),
        fix=Fix(f"Give each row a value of `{column}`, or name another `column` in `write`."),
        notes=table(columns, sample),
    )


def came_late(
    asset: CompiledAsset,
    column: str,
    greatest: str,
    count: int,
    columns: Sequence[str],
    sample: Sequence[Sequence[str]],
) -> Diagnostic:
    """A warning VP533: rows that came after the cursor had passed them."""
    by, fix = ", which came already", 'Give the cursor a `lag` as long as rows may be late, such as `lag = "2h"`.'
    if asset.cursor is not None and asset.cursor.lag:
        by, fix = " by more than the lag", "Let `lag` be as long as rows may be late."
    elif next((each.type for each in asset.given_columns if each.name == column), "") not in TIMES:
        fix = "Leave `cursor` out, where rows come in no order: then every file is read once, whole."
    return Diagnostic(
        "VP533",
        f"{_counted(count, 'row')} came too late for `{asset.address}` and {'is' if count == 1 else 'are'} not in it: "
        f"`{column}` lies before {greatest}{by}.",
        declared_at(asset),
        "warning",
        fix=Fix(f"{fix} To read all files anew: `vp apply --rebuild {asset.address}`."),
        notes=table(columns, sample),
    )


def other_columns(asset: CompiledAsset, before: Sequence[Column], now: Sequence[Column]) -> Diagnostic:
    """VP522: what came has other columns than what it would have to go on with."""
    was, comes = ({column.name: column.type for column in columns} for columns in (before, now))
    differences = [
        f"`{name}` was {was[name]} and is {comes[name]}" for name in was if comes.get(name, was[name]) != was[name]
    ]
    differences += [f"`{name}` is gone" for name in was if name not in comes]
    differences += [f"`{name}` is new" for name in comes if name not in was]
    return Diagnostic(
        "VP522",
        f"What came for `{asset.address}` has other columns than what is published of it, so that cannot go on: "
        f"{'; '.join(differences) or 'they have another order'}. Nothing of it was published.",
        declared_at(asset),
        fix=Fix(
            f"Give the columns as before; or make it anew from what its inputs hold now: `vp apply --rebuild "
            f"{asset.address}`. What came before, and is in them no more, is then lost."
        ),
    )


def check_failed(asset: CompiledAsset, result: CheckResult) -> Diagnostic:
    """VP506 for a failed check, with the rows that show it."""
    warns = result.severity == "warn"
    held_back = "" if warns else " The version was not published."
    return Diagnostic(
        "VP506",
        f"Check `{result.check}` of `{asset.address}` failed: {result.detail}{held_back}",
        declared_at(asset),
        severity="warning" if warns else "error",
        fix=Fix(
            "Correct the data or the rule."
            if warns
            else 'Correct the data or the rule; with `severity = "warn"` the check reports and does not hold back.'
        ),
        notes=table(result.sample_columns, result.sample_rows),
    )


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Rows as lines of aligned text under a line of column names; empty where there are no rows."""
    if not rows:
        return ()
    cells = [[_cell(value) for value in row] for row in (columns, *rows)]
    widths = [max(len(row[index]) for row in cells) for index in range(len(columns))]
    return tuple("  ".join(map(str.ljust, row, widths)).rstrip() for row in cells)


def _names(columns: Sequence[str]) -> str:
    return " and ".join(f"`{name}`" for name in columns)


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _cell(value: str) -> str:
    flat = value.replace("\r\n", " ").replace("\n", " ").replace("\r", " ")
    return flat if len(flat) <= _WIDTH else flat[: _WIDTH - 1] + "…"


def damaged_version(session: RunSession, version: Version, reader: CompiledAsset) -> Diagnostic | None:
    """VP509 for a part of `version`, which `reader` reads, that cannot be read by itself; the session notes which."""
    return _damaged_part(session, version.address, version.parts, reader)


def _damaged_input(session: RunSession, asset: CompiledAsset) -> Diagnostic | None:
    """The same for all that `asset` reads, and for what it is published as."""
    for address in (*(read.address for read in asset.inputs), asset.address):
        found = _damaged_part(session, address, session.relations.parts_read(address), asset)
        if found is not None:
            return found
    return None


def _damaged_part(
    session: RunSession, address: Address, parts: Sequence[Part], reader: CompiledAsset
) -> Diagnostic | None:
    for part in parts:
        why = why_unreadable(session.new_cursor(), session.storage.path(part))
        if why is None:
            continue
        session.damaged(address, part)
        return Diagnostic(
            "VP509",
            f"`{address}` is published, but its file `{part.path}` in the storage cannot be read. {_sentence(why)}",
            declared_at(reader),
            fix=Fix("Plan and apply again: the file counts as lost from now on, and is made anew."),
        )
    return None


def _place_in_query(
    session: RunSession, asset: CompiledAsset, failure: EngineFailure, filled: FilledQuery | None, query_offset: int
) -> Place | None:
    if filled is None or failure.position is None:
        return None
    start = failure.position - query_offset
    text = filled.text.encode()
    if not 0 <= start < len(text):
        return None
    end = filled.original_position(start + failure.length)
    start = filled.original_position(start)
    original = filled.query.encode()
    return session.place(asset, _characters(original, start), max(_characters(original, end), 1))


def _characters(source: bytes, position: int) -> int:
    """How many code points the first `position` bytes hold."""
    return len(source[:position].decode(errors="ignore"))


def _without_folders(message: str, session: RunSession) -> str:
    """`message` with paths as the project knows them: no absolute path of this machine."""
    for folder in (session.root, session.root.resolve()):
        message = message.replace(f"{folder}/", "")
    return message.replace(f"{session.storage.root}/", f"{Path(session.storage.root).name}/")


def _sentence(message: str) -> str:
    first = message.strip().split("\n\n")[0].strip()
    return first if first.endswith((".", "!", "?")) else f"{first}."
