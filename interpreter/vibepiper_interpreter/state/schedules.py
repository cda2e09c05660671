"""Until when schedules have been served, and the note that they were."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from vibepiper_interpreter.state.tables import served_schedules as served


def served_ticks(connection: Connection, environment: str) -> dict[str, datetime]:
    """By the name of the pipeline or asset, the latest tick that was served."""
    question = select(served.c.name, served.c.tick).where(served.c.environment == environment)
    return {row.name: row.tick for row in connection.execute(question)}


def note_served(
    connection: Connection, environment: str, ticks: Mapping[str, datetime], run_id: str | None, now: datetime
) -> None:
    """Note that `ticks`, and all before them, were served. A later tick that is noted already stays."""
    known = served_ticks(connection, environment)
    for name, tick in ticks.items():
        values = {"tick": tick, "run_id": run_id, "at": now}
        if name not in known:
            connection.execute(insert(served).values(environment=environment, name=name, **values))
        elif known[name] < tick:
            mine = (served.c.environment == environment, served.c.name == name)
            connection.execute(update(served).where(*mine).values(**values))
