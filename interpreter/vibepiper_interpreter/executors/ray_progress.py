"""How far a batch of attempts has come, in a file that outlives the process that performs them.

A lost worker says nothing, and what it told last may be lost with it. What had ended must not be done twice, and what
had not begun does not fail.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from vibepiper_interpreter.executors.outbox import Ended, Key


class ProgressWriter:
    """Written without a buffer: it is the system's before the next attempt begins, whatever becomes of this process."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = FileIO(file, "w")

    def begins(self, key: Key) -> None:
        self._file.write(pickle.dumps(key))

    def ended(self, ended: Ended) -> None:
        self._file.write(pickle.dumps(ended))

    def close(self) -> None:
        self._file.close()


@dataclass(frozen=True, slots=True)
class Progress:
    begun: frozenset[Key]
    ended: Mapping[Key, Ended]


def read_progress(file: Path) -> Progress | None:
    """None where the file is not there: the worker did not come as far, or its disk is gone with it."""
    begun: set[Key] = set()
    ended: dict[Key, Ended] = {}
    try:
        with file.open("rb") as written:
            while True:
                found = pickle.load(written)
                if isinstance(found, Ended):
                    ended[found.key] = found
                else:
                    begun.add(found)
    except FileNotFoundError:
        return None
    except (EOFError, pickle.UnpicklingError):  # also one that was not written to its end
        return Progress(frozenset(begun), ended)
