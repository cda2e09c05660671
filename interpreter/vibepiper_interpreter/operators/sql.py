"""`[task.sql.NAME]`: statements for a database outside, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from vibepiper_interpreter.operators.call import Call, Done, OperatorCancelled, OperatorFailed
from vibepiper_interpreter.operators.databases import Database, database_of
from vibepiper_interpreter.operators.databases.database import Refusal, Session
from vibepiper_interpreter.operators.ending import is_to_end, seconds_left, stopped_by
from vibepiper_interpreter.operators.failing import extra_missing, sentence, whole_notes
from vibepiper_interpreter.operators.statements import bind
from vibepiper_spec.diagnostics import Diagnostic, Fix


@dataclass(frozen=True, slots=True)
class SqlSettings:
    connection: str
    statements: tuple[str, ...]
    # Without one, each statement counts at once: for what no transaction takes, such as `vacuum`.
    transaction: bool = True


@dataclass(frozen=True, slots=True)
class FirstRow:
    """What a statement gave: its columns, and its first row if there was one."""

    columns: tuple[str, ...]
    row: tuple[Any, ...] | None

    def outputs(self) -> dict[str, Any]:
        return {} if self.row is None else dict(zip(map(str.lower, self.columns), self.row, strict=True))


def sql(call: Call, settings: SqlSettings) -> Done:
    """Run the statements; the outputs are the first row of the last. Raises OperatorFailed (VP815, VP816, VP606)."""
    database = database_of(call.connection(settings.connection), call.root)
    with connected(call, settings.connection, database) as session:
        last = FirstRow((), None)
        number, count = 0, len(settings.statements)
        # Who is to end does so before anything counts: the commit stands below.
        with (
            refused(database, lambda refusal: _failed(refusal, settings, number)),
            stopped_by(call, session.interrupt),
        ):
            if settings.transaction:
                session.begin()
            for number, statement in enumerate(settings.statements, 1):
                last, rows = run_statement(call, database, session, statement)
                if not last.columns and rows >= 0:
                    call.say("info", f"statement {number} of {count}: {rows:,} row{'' if rows == 1 else 's'}")
        if settings.transaction:
            _commit(call, database, session)
        return Done(last.outputs())


def run_statement(call: Call, database: Database, session: Session, statement: str) -> tuple[FirstRow, int]:
    """Run one statement with its `$names` bound. Its first row, and the rows it counted (-1: it does not count)."""
    if is_to_end(call):
        raise OperatorCancelled
    text, used = bind(statement, database.text, call.values)
    parameters = None if used is None else {name: database.value(value) for name, value in used.items()}
    columns, row, rows = session.execute(text, parameters)
    return FirstRow(columns, row), rows


@contextmanager
def connected(call: Call, name: str, database: Database, *, read_only: bool = False) -> Iterator[Session]:
    """A session of the connection `name`, closed afterwards. Raises OperatorFailed (VP815, VP606)."""
    if is_to_end(call):
        raise OperatorCancelled
    try:
        with refused(database, lambda refusal: connection_failed(name, refusal)):
            session = database.connect(seconds_left(call), read_only=read_only)
    except ImportError as error:
        raise extra_missing(database.extra, database.driver, f"The connection `{name}`") from error
    except OperatorFailed as error:
        if is_to_end(call):
            raise OperatorCancelled from error
        raise
    try:
        yield session
    finally:
        session.close()


@contextmanager
def refused(database: Database, failed: Callable[[Refusal], OperatorFailed]) -> Iterator[None]:
    """Within it, what the database refuses is said as `failed` has it."""
    try:
        yield
    except ImportError:
        raise  # without its driver nobody can tell the driver's errors
    except database.errors() as error:
        raise failed(database.refusal(error)) from error


def connection_failed(name: str, refusal: Refusal) -> OperatorFailed:
    return OperatorFailed(
        Diagnostic(
            "VP815",
            f"The connection `{name}` cannot be used: {sentence(refusal.message)}",
            fix=Fix("See whether its host, database, user and password in `vp.toml` are right, and the server runs."),
            notes=whole_notes(refusal.notes),
        ),
        refusal.failure,
    )


def _failed(refusal: Refusal, settings: SqlSettings, number: int) -> OperatorFailed:
    count = len(settings.statements)
    which = "The statement" if count == 1 else f"Statement {number} of {count}"
    undone = ""
    if number > 1:
        undone = (
            " What the ones before it changed was undone, but for what the database commits by itself."
            if settings.transaction
            else " The ones before it are done."
        )
    return OperatorFailed(
        Diagnostic(
            "VP816",
            f"{which} failed on connection `{settings.connection}`: {sentence(refusal.message)}{undone}",
            fix=Fix("Correct the statement or the data; the next apply runs the whole task again."),
            notes=whole_notes(refusal.notes),
        ),
        refusal.failure,
    )


def _commit(call: Call, database: Database, session: Session) -> None:
    if is_to_end(call):
        raise OperatorCancelled
    with refused(database, _commit_failed):
        session.commit()


def _commit_failed(refusal: Refusal) -> OperatorFailed:
    unknown = refusal.failure in ("transient", "infrastructure")
    return OperatorFailed(
        Diagnostic(
            "VP816",
            f"The commit failed: {sentence(refusal.message)}"
            + (" Nobody can tell whether it was done." if unknown else ""),
            fix=Fix("See in the database whether it was done before the next apply, which runs the task again.")
            if unknown
            else Fix("Correct the statements or the data; the next apply runs the whole task again."),
            notes=whole_notes(refusal.notes),
        ),
        # Not tried again by itself: it might be done twice.
        "code" if unknown else refusal.failure,
    )
