"""What every part of one execution of a plan shares."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.run.journal import Journal
from vibepiper_interpreter.state import State
from vibepiper_interpreter.storage import Storage
from vibepiper_spec.address import Address
from vibepiper_spec.model.settings import ProjectSettings

if TYPE_CHECKING:
    from vibepiper_interpreter.run.tasks.task import Report

    # What workers tell: an ended task's future, or the name of an event with its data.
    Message = tuple[Address, Future[Report] | str, Mapping[str, Any]]


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

    def say(self, what: str, address: Address, data: Mapping[str, Any]) -> None:
        """Tell the scheduler what a task does."""
        self.inbox.put((address, what, data))
