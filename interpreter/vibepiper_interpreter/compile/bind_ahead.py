"""Lets a process of its own bind the queries of a large project, ahead of the pass that analyses them.

Half of the time of compiling is the engine's, half is ours; so two processors share it. What the process says counts
only for the very query over the very columns it was asked about, and what it does not say is asked again here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from tempfile import TemporaryFile
from typing import Any

from vibepiper_interpreter.compile.compilation import Compilation
from vibepiper_interpreter.compile.compiled import Column, SqlDefinition
from vibepiper_interpreter.compile.memo import columns_to_json
from vibepiper_interpreter.engines.duckdb.syntax import Node
from vibepiper_spec.address import Address

# Queries below which starting the process takes longer than it spares.
FEWEST = 1_000
_MODULE = "vibepiper_interpreter.compile.bind_process"


@dataclass(frozen=True, slots=True)
class Answer:
    """The columns of a query, with their types; and the casts in its plan, where they were looked for."""

    columns: tuple[tuple[str, str], ...]
    casts: Sequence[Node] | None


class BindAhead:
    """A process that answers questions in the order of the assets. It may end at any time."""

    def __init__(self, questions: Sequence[Sequence[Any]], columns: Mapping[str, Sequence[Sequence[str]]]) -> None:
        self._place = {question[0]: place for place, question in enumerate(questions)}
        self._next = 0
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        # A file and no pipe: whoever writes to a pipe waits until the other end has started.
        with TemporaryFile("w+", encoding="utf-8") as told:
            json.dump({"columns": columns, "questions": questions}, told)
            told.seek(0)
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", _MODULE],
                stdin=told,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
            )

    def answer(self, address: Address, key: str) -> Answer | None:
        """What it says about an asset, if that is about the same question; waits for it."""
        place = self._place.get(str(address), -1)
        if place < self._next:
            return None
        assert self._process.stdout is not None
        line = next(islice(self._process.stdout, place - self._next, None), b"")
        self._next = place + 1
        try:
            found = json.loads(line)
        except ValueError:  # it was killed, or something else of its Python talks as well
            return None
        if not isinstance(found, dict) or found.get("key") != key:
            return None
        return Answer(tuple((name, kind) for name, kind in found["columns"]), found["casts"])

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


def bind_ahead(state: Compilation, columns: Mapping[Address, Sequence[Column]], start: Address) -> BindAhead | None:
    """Have what comes from `start` on bound, if that pays; `columns` are known already."""
    if len(state.declared) < FEWEST:
        return None
    behind = state.order[state.order.index(start) :]
    questions = [_question(state, address) for address in behind if _can_be_asked(state, address)]
    if len(questions) < FEWEST or (os.cpu_count() or 1) < 2 or not sys.executable:
        return None
    try:
        return BindAhead(questions, {str(address): columns_to_json(known) for address, known in columns.items()})
    except OSError:  # no room for a file, or for a process: then we do it alone
        return None


def question_key(pipeline: str, query: str, inputs: Iterable[Any]) -> str:
    """Of all that the answer hangs on. `inputs` are sorted: an address, and its columns with their types."""
    return sha256(json.dumps([pipeline, query, list(inputs)]).encode()).hexdigest()


def _can_be_asked(state: Compilation, address: Address) -> bool:
    """Parameters have values, which are best looked at here."""
    definition = state.definitions.get(address)
    return (
        isinstance(definition, SqlDefinition)
        and not definition.parameters
        and address not in state.unknown
        and address not in state.recalled.assets
    )


def _question(state: Compilation, address: Address) -> list[Any]:
    definition = state.definitions[address]
    assert isinstance(definition, SqlDefinition)
    reads = [str(read) for read in state.reads.get(address, ())]
    # Of other builds the table has more columns than the query.
    is_plain = state.declared[address].spec.build.mode in ("table", "view")
    return [str(address), address.pipeline, definition.query, reads, is_plain]
