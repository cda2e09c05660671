"""Which versions go on with which: one that has another one's rows, under whatever names, and what came since."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, bindparam, select, update

from vibepiper_interpreter.state.tables import versions


def descends(connection: Connection, version_id: str, ancestor: str) -> bool:
    """Whether a version is `ancestor`, or goes on with it by way of others."""
    steps = select(versions.c.id, versions.c.continues)
    line = steps.where(versions.c.id == version_id).cte("line", recursive=True)
    line = line.union(steps.join(line, versions.c.id == line.c.continues))
    return connection.execute(select(line.c.id).where(line.c.id == ancestor)).first() is not None


def join_over(connection: Connection, gone: Collection[str]) -> None:
    """What goes on with one of `gone` goes on with what that one went on with: they are about to be forgotten."""
    before = {row.id: row.continues for row in connection.execute(select(versions.c.id, versions.c.continues))}
    changed = []
    for version_id, continues in before.items():
        nearest = continues
        while nearest in gone:
            nearest = before.get(nearest)
        if nearest != continues and version_id not in gone:
            changed.append({"of": version_id, "nearest": nearest})
    if changed:
        statement = update(versions).where(versions.c.id == bindparam("of")).values(continues=bindparam("nearest"))
        connection.execute(statement, changed)
