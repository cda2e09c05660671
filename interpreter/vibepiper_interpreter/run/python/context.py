"""What a Python asset gets in a parameter that asks for the run's context."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Context:
    """Where and when a Python asset runs. `logger` writes to the run's log; `now` is the plan's frozen time (UTC)."""

    logger: logging.Logger
    environment: str
    variables: Mapping[str, Any]
    now: datetime
    # Of an asset that is built by interval: the stretch of time to build, from `start` up to and without `end`, as wall
    # times in its time zone. Of one that is built by partition: the value.
    start: datetime | None = None
    end: datetime | None = None
    partition: str | None = None


def run_logger(name: str, say: Callable[[str, str], None]) -> logging.Logger:
    """A logger whose records go to `say` (level, message), and nowhere else.

    Not one of the process's named loggers: those outlive the run, and would be shared by two runs of one asset.
    """
    logger = logging.Logger(name, logging.DEBUG)
    logger.addHandler(_Saying(say))
    return logger


class _Saying(logging.Handler):
    def __init__(self, say: Callable[[str, str], None]) -> None:
        super().__init__()
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        self._say(record.levelname.lower(), self.format(record))
