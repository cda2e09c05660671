"""Turns what a Python asset returns into a stream of Arrow batches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from itertools import chain
from typing import TYPE_CHECKING, Any

from vibepiper_interpreter.run.python.datasets import batches_of

if TYPE_CHECKING:
    import pyarrow


class NotATable(Exception):
    """What was returned cannot be read as a table; the message says what it is."""


class BatchesDiffer(Exception):
    """A batch has other columns than the first one; the message says which."""


class BatchStream:
    """A table as batches, read once. `error` is what the user's code raised while it was read."""

    def __init__(
        self,
        value: Any,
        stop: Callable[[], None],
        empty: Callable[[], pyarrow.Schema | None],
        around: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """`stop` is called before each batch and raises to stop; `empty` gives the schema of an empty iterator.

        The engine asks for batches from threads of its own: `around` is entered wherever user code makes one.
        """
        self.error: BaseException | None = None
        self._stop = stop
        self._around = around
        self._value = value
        self._batches: Iterator[pyarrow.RecordBatch] | None = None
        self.reader = self._open(value, empty)

    def close(self) -> None:
        """Let a generator that was not read to its end clean up; what it raises then changes nothing any more.

        Also lets go of the batches: they and this stream hold each other, and through it the engine would stay alive.
        (Closing is not enough: from Python 3.12 on, a generator that was never started keeps what it holds.)
        """
        for opened in (self._batches, self._value):
            if isinstance(opened, Iterator) and hasattr(opened, "close"):
                with suppress(Exception, SystemExit):
                    opened.close()
        self.error = self._batches = self._value = None
        del self.reader

    def _open(self, value: Any, empty: Callable[[], pyarrow.Schema | None]) -> pyarrow.RecordBatchReader:
        import pyarrow

        if isinstance(value, _known_type("ray.data", "Dataset")):
            value = batches_of(value)
        reader = _reader(value)
        if reader is not None:
            self._batches = self._watched(reader)
            return pyarrow.RecordBatchReader.from_batches(reader.schema, self._batches)
        if value is None or isinstance(value, str | bytes | dict) or not isinstance(value, Iterable):
            raise NotATable(_described(value))
        self._batches = self._watched(_alike(_batches(value)))
        first = next(self._batches, None)
        if first is not None:
            return pyarrow.RecordBatchReader.from_batches(first.schema, chain([first], self._batches))
        schema = empty()
        if schema is None:
            raise NotATable("an iterator without a single batch, so that its columns are unknown")
        return pyarrow.RecordBatchReader.from_batches(schema, iter(()))

    def _watched(self, batches: Iterable[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        remaining = iter(batches)
        try:
            while True:
                with self._around():
                    batch = next(remaining, None)
                if batch is None:
                    return
                self._stop()
                yield batch
        except BaseException as error:
            self.error = error
            raise


def _batches(items: Iterable[Any]) -> Iterator[pyarrow.RecordBatch]:
    for item in items:
        reader = _reader(item)
        if reader is None:
            raise NotATable(f"an iterator of {_described(item)}")
        yield from reader


def _alike(batches: Iterable[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
    """The same batches: nothing on the way to the engine looks whether they have the columns of the first."""
    first: pyarrow.Schema | None = None
    for number, batch in enumerate(batches, start=1):
        if first is None:
            first = batch.schema
        elif (batch.schema.names, batch.schema.types) != (first.names, first.types):
            raise BatchesDiffer(f"Batch {number:,} has {_columns(batch.schema)}, and the first one {_columns(first)}.")
        yield batch


def _columns(schema: pyarrow.Schema) -> str:
    return ", ".join(f"`{field.name}` {field.type}" for field in schema) or "none"


def _reader(value: Any) -> pyarrow.RecordBatchReader | None:
    """The batches of one table of any kind we know, None where `value` is no table."""
    import pyarrow

    match value:
        case pyarrow.RecordBatchReader():
            return value
        case pyarrow.Table():
            return value.to_reader()
        case pyarrow.RecordBatch():
            return pyarrow.RecordBatchReader.from_batches(value.schema, [value])
    if isinstance(value, _known_type("pandas", "DataFrame")):
        return pyarrow.Table.from_pandas(value, preserve_index=False).to_reader()
    if isinstance(value, _known_type("polars", "LazyFrame")):
        value = value.collect()
    if hasattr(value, "__arrow_c_stream__"):
        return pyarrow.RecordBatchReader.from_stream(value)
    return None


def _known_type(package: str, name: str) -> Any:
    """A type of a package without importing it: who returns a frame has imported it.

    Another thread may just be importing it, so that not all of it is there.
    """
    return getattr(sys.modules.get(package), name, ())


def _described(value: Any) -> str:
    if value is None:
        return "None"
    name = type(value).__qualname__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} `{name}`"
