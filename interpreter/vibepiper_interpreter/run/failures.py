"""Says in a diagnostic what went wrong while a task ran."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from vibepiper_interpreter.compile.compiled import CompiledAsset
from vibepiper_interpreter.compile.compiled_operator import CompiledOperator
from vibepiper_interpreter.connectors.file import broken_row
from vibepiper_interpreter.engines.duckdb.failure import EngineFailure, engine_failure
from vibepiper_interpreter.engines.duckdb.parameters import FilledQuery
from vibepiper_interpreter.engines.duckdb.readable import why_unreadable
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.storage.version import Part, Version
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, Fix, Place, Range

# The kinds of DuckDB's errors that a damaged file may cause; a query may, too.
_OF_FILES = frozenset({"IO", "Invalid", "Invalid Input", "Serialization", "Internal"})


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
        f"The worker process that was at `{asset.address}` is gone: {how.rstrip('.')}. {nothing_lost(asset)}",
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
