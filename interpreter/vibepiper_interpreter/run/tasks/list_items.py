"""Tells what an operator with `for_each` is done for: the items of its list, or the rows of an asset."""

from __future__ import annotations

from vibepiper_interpreter.compile.compiled_operator import ForEach
from vibepiper_interpreter.engines.duckdb.session import quote
from vibepiper_interpreter.operators.call import OperatorFailed
from vibepiper_interpreter.operators.placing import written
from vibepiper_interpreter.run.relations import qualified
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.item import Item
from vibepiper_interpreter.run.tasks.operator_task import OperatorTask
from vibepiper_spec.diagnostics import Diagnostic, Fix


def list_items(session: RunSession, task: OperatorTask, each: ForEach) -> tuple[Item, ...]:
    """In the order of the list, or of the keys. Raises OperatorFailed (VP810) for too many, and for a key that comes
    twice or is NULL."""
    if each.asset is None:
        items = tuple(Item(written(value), {"item": value}) for value in each.items)
    else:
        items = _rows(session, task, each)
    if len(items) > each.limit:
        raise _cannot(
            f"There are more than {each.limit:,} items, which is its `limit`, so none of them was begun.",
            "See whether all of them are meant, and raise `limit` in `for_each`; or let a query give fewer rows.",
        )
    return items


def _rows(session: RunSession, task: OperatorTask, each: ForEach) -> tuple[Item, ...]:
    assert each.asset is not None
    cursor = session.cursor()
    session.relations.show(cursor, task.reads)
    columns = ", ".join(map(quote, each.columns))
    # One more than there may be tells as much as all of them.
    rows = cursor.execute(
        f"SELECT {columns} FROM {qualified(each.asset)} ORDER BY {quote(each.key)} LIMIT {each.limit + 1}"
    ).fetchall()
    place = each.columns.index(each.key)
    items = tuple(
        Item(
            written(row[place]), {f"item_{name.lower()}": value for name, value in zip(each.columns, row, strict=True)}
        )
        for row in rows
    )
    seen: set[str] = set()
    for item, row in zip(items, rows, strict=True):
        if row[place] is None or item.key in seen:
            how = "is NULL in a row" if row[place] is None else f"has the value `{item.key}` in more than one row"
            raise _cannot(
                f"`{each.key}` of `{each.asset}` names the items, and {how}, so it cannot be told which is which.",
                "Name another column as the `key`, or let the asset have one row for each.",
            )
        seen.add(item.key)
    return items


def _cannot(detail: str, fix: str) -> OperatorFailed:
    return OperatorFailed(Diagnostic("VP810", detail, fix=Fix(fix)), "data")
