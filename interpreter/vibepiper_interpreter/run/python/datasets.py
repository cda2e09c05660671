"""Ray datasets: what a parameter of that kind gets, and how one that a function returned is read."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from types import ModuleType
from typing import TYPE_CHECKING, Any

import duckdb

from vibepiper_interpreter.engines.duckdb.session import literal
from vibepiper_interpreter.run.python.modules import is_user_code
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.storage import new_version_id
from vibepiper_interpreter.storage.version import Version

if TYPE_CHECKING:
    import pyarrow

# Of what has to be written down for Ray to read it: a file is read by one of its tasks.
_BYTES_A_FILE = 128 * 2**20


def ready_for_datasets(session: RunSession) -> None:
    """Before a function with them is called. Raises DiagnosticError where Ray does not start (VP831)."""
    try:
        import ray.data
        from ray import cloudpickle
    except ImportError:
        return  # which is told with the parameter that asks for it
    session.ray.require(session.settings.executor.workers)
    # Of each dataset's progress Ray tells on several lines, which would stand among what the user's code prints.
    ray.data.DataContext.get_current().use_ray_tqdm = False
    logging.getLogger("ray.data").setLevel(logging.WARNING)
    # The project's functions go to Ray's tasks as they are here. By their name, a process of Ray's might not find them,
    # or find what another run has imported there before.
    for module in [*sys.modules.values()]:
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and is_user_code(file, session.root):
            cloudpickle.register_pickle_by_value(module)  # type: ignore[no-untyped-call]


def read_dataset(
    session: RunSession,
    cursor: duckdb.DuckDBPyConnection,
    ray_data: ModuleType,
    given: Version | str,
    query: str,
    columns: tuple[str, ...] | None,
) -> Any:
    """A dataset of the files of `given`; or of the rows of `query`, the same ones, where files are not enough."""
    from pyarrow import fs

    if isinstance(given, Version) and given.parts and given.plain:
        files = [str(session.storage.path(part)) for part in given.parts]
    else:
        files = _written(session, cursor, query)
    # No partitioning: folders of the user's that look like `a=b` above the storage are no columns.
    return ray_data.read_parquet(
        files,
        columns=None if columns is None else [*columns],
        filesystem=fs.LocalFileSystem(),
        partitioning=None,
    )


def batches_of(dataset: Any) -> Iterable[pyarrow.Table]:
    """Its blocks as they become ready, few at a time, while Ray makes those behind them."""
    batches: Iterable[pyarrow.Table] = dataset.iter_batches(batch_size=None, batch_format="pyarrow")
    return batches


def _written(session: RunSession, cursor: duckdb.DuckDBPyConnection, query: str) -> list[str]:
    """The rows of a query as files where all workers see them. They are deleted with what the run has spilled."""
    folder = session.scratch / f"dataset-{new_version_id()}"
    folder.mkdir(parents=True)
    cursor.execute(f"COPY ({query}) TO {literal(str(folder))} (FORMAT parquet, FILE_SIZE_BYTES {_BYTES_A_FILE})")
    return [str(file) for file in sorted(folder.iterdir())]
