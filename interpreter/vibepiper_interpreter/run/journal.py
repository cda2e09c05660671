"""Numbers a run's events, tells them to whoever watches, and keeps them until they are written to the state."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from vibepiper_interpreter.run.events import Event, EventType, Listener
from vibepiper_spec.address import Address


class Journal:
    """Used from the scheduler's thread only, so that events have one order."""

    def __init__(self, run_id: str, listener: Listener | None) -> None:
        self._run_id = run_id
        self._listener = listener
        self._count = 0
        self._unwritten: list[Event] = []

    def tell(self, type: EventType, address: Address | None = None, **data: Any) -> Event:
        self._count += 1
        event = Event(self._run_id, self._count, datetime.now(UTC), type, address, data)
        self._unwritten.append(event)
        if self._listener is not None:
            self._listener(event)
        return event

    def take(self) -> tuple[Event, ...]:
        """The events since the last call."""
        taken = tuple(self._unwritten)
        self._unwritten.clear()
        return taken
