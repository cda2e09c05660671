"""One attempt at a task operator: all that a worker is given to do it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from vibepiper_interpreter.compile.compiled_operator import CompiledOperator
from vibepiper_interpreter.plan.plan import Action
from vibepiper_interpreter.run.tasks.item import Item
from vibepiper_interpreter.storage.version import Version
from vibepiper_spec.address import Address

# How long what an operator has begun outside may take to be ended.
_TIME_TO_END = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class OperatorTask:
    """An operator whose turn has come. It can be sent to another process."""

    action: Action
    operator: CompiledOperator
    # Every `$name` it may use, in lower case, with its typed value.
    values: Mapping[str, Any]
    # When it was first asked in this run, in UTC.
    began: datetime
    # One item of a `for_each`; its values are among `values`. `lists_items`: only to tell which items there are.
    item: Item | None = None
    lists_items: bool = False
    # How long it may take from now on, in seconds.
    seconds: float | None = None
    # The assets that its function reads, as they stand; and what their names mean, views after what they read.
    inputs: Mapping[Address, Version] = field(default_factory=dict)
    reads: tuple[Version, ...] = ()
    # When an asset that it waits for was last published, by environment.
    published_at: Mapping[tuple[Address, str], datetime | None] = field(default_factory=dict)

    @property
    def address(self) -> Address:
        """Of the operator, or of one item: `shop.load[berlin]`."""
        return self.operator.address if self.item is None else self.item.address(self.operator.address)

    @property
    def time_limit(self) -> float | None:
        """Seconds after which the attempt is given up. Most kinds end by themselves in time; functions do not."""
        if self.seconds is None:
            return None
        return self.seconds if self.operator.function is not None else self.seconds + _TIME_TO_END

    @property
    def subject(self) -> CompiledOperator:
        """What the attempt is at."""
        return self.operator
