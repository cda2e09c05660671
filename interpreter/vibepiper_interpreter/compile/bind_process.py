"""Runs as a process of its own: asks the engine about queries, some at once, and writes a JSON line for each, in order.

What comes in is what `compile.bind_ahead` writes. A query that cannot be bound is answered by null: the compiler asks
again, and explains.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from vibepiper_interpreter.compile.bind_ahead import question_key
from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.engines.duckdb.binder import Binder
from vibepiper_interpreter.engines.duckdb.casts import casts_of
from vibepiper_interpreter.engines.duckdb.session import SessionSettings, connect
from vibepiper_interpreter.engines.duckdb.types import stored_type
from vibepiper_spec.address import Address

# Where there may be something to judge. Others are asked about again, if the tree of the query says so.
_MAY_CAST = re.compile(r"'|::|\bcast\b", re.IGNORECASE)

# Queries that are asked about at once: with each statement the engine has as much work again as with half a query.
_MOST = 20

Columns = list[list[str]]  # name, type


@dataclass(frozen=True, slots=True)
class _Question:
    address: str
    pipeline: str
    query: str
    reads: list[str]
    is_plain: bool  # what is made of the query has just its columns


def main() -> None:
    told = json.load(sys.stdin)
    known: dict[str, Columns] = told["columns"]
    with connect(SessionSettings(threads=1)) as connection:
        # As where we ask ourselves.
        connection.execute("SET SESSION enable_optimizer = false")
        binder = Binder(connection)
        declared: set[str] = set()
        for batch in _batches(_Question(*each) for each in told["questions"]):
            asked = [question for question in batch if all(known.get(read) for read in question.reads)]
            new = dict.fromkeys(read for question in asked for read in question.reads if read not in declared)
            binder.declare({Address.parse(read): [Column(*column) for column in known[read]] for read in new})
            declared |= new.keys()
            answers = _answers(connection, binder, asked)
            by_address = {question.address: answer for question, answer in zip(asked, answers, strict=True)}
            for question in batch:
                answer = by_address.get(question.address)
                if answer is not None:
                    reads = [[read, known[read]] for read in sorted(question.reads)]
                    answer["key"] = question_key(question.pipeline, question.query, reads)
                    _note_columns(known, question, answer["columns"])
                sys.stdout.write(json.dumps(answer) + "\n")


def _batches(questions: Iterable[_Question]) -> Iterator[list[_Question]]:
    """Questions of one pipeline that follow each other, and of which none hangs on the answer to another."""
    batch: list[_Question] = []
    asked: set[str] = set()
    for question in questions:
        if batch and (
            len(batch) == _MOST or question.pipeline != batch[0].pipeline or not asked.isdisjoint(question.reads)
        ):
            yield batch
            batch, asked = [], set()
        batch.append(question)
        asked.add(question.address)
    if batch:
        yield batch


def _note_columns(known: dict[str, Columns], question: _Question, columns: Sequence[Sequence[str]]) -> None:
    """What the readers of an asset will see of it, as far as its query alone tells that."""
    stored = [[name, found] for name, kind in columns if isinstance(found := stored_type(kind, name), str)]
    if question.is_plain and len({name.casefold() for name, _ in stored}) == len(columns):
        known[question.address] = stored


def _answers(
    connection: duckdb.DuckDBPyConnection, binder: Binder, questions: Sequence[_Question]
) -> list[dict[str, Any] | None]:
    """What the engine says of questions about one pipeline; None where a query cannot be bound."""
    if not questions:
        return []
    try:
        described = binder.describe_all(questions[0].pipeline, [question.query for question in questions])
        may_cast = [question.query for question in questions if _MAY_CAST.search(question.query)]
        casts = dict(zip(may_cast, casts_of(connection, may_cast), strict=True))
    except duckdb.Error:
        if len(questions) == 1:
            return [None]
        return [answer for question in questions for answer in _answers(connection, binder, [question])]
    return [
        {"columns": columns, "casts": casts.get(question.query)}
        for question, columns in zip(questions, described, strict=True)
    ]


if __name__ == "__main__":
    main()
