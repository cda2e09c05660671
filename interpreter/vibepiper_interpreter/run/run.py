"""What every part of one execution of a plan shares."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple

from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.run.journal import Journal
from vibepiper_interpreter.state import State
from vibepiper_interpreter.storage import Storage
from vibepiper_spec.address import Address
from vibepiper_spec.model.settings import ProjectSettings

if TYPE_CHECKING:
    from vibepiper_interpreter.run.tasks.task import Report


class Message(NamedTuple):
    """What a worker tells of an attempt: that it ended, as its future, or the name of an event with its data."""

    address: Address
    attempt: int  # 0 where nobody can tell
    what: Future[Report] | str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """Known before its first task, and the same until its end."""

    id: str
    plan: Plan
    root: Path
    settings: ProjectSettings
    state: State
    storage: Storage
    journal: Journal
    # Everything that workers tell the scheduler, from whatever thread.
    inbox: SimpleQueue[Message] = field(default_factory=SimpleQueue)

    def say(self, address: Address, attempt: int, what: str, data: Mapping[str, Any]) -> None:
        """Tell the scheduler what an attempt does."""
        self.inbox.put(Message(address, attempt, what, data))
