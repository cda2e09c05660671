"""The disposable cache in `.vp/cache`: values by content, so that nothing is computed twice. Never the only copy."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

_FORMAT = 1
_LARGEST = 512 * 1024 * 1024  # bytes; above it the cache starts anew
_SCHEMA = """
create table if not exists entry (kind text, key text, value blob, primary key (kind, key)) without rowid;
"""


def own_folder(root: Path) -> Path:
    """`.vp` below `root`, made if need be, with the `.gitignore` that keeps all of it out of version control."""
    folder = root / ".vp"
    folder.mkdir(exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
    return folder


def may_be_written(root: Path) -> bool:
    """Whether files may be made in `own_folder`."""
    folder = root / ".vp"
    return os.access(folder if folder.exists() else root, os.W_OK)


class LocalCache:
    """A map (kind, key) → bytes. Whatever is wrong with its file, it starts empty instead of failing.

    Keys must say everything the value depends on: nothing is ever invalidated. Writes become visible to others at
    `flush` or when the cache is closed.
    """

    def __init__(self, root: Path | None) -> None:
        """`root`: the project's folder; None keeps everything in memory only."""
        self._connection = _prepare(sqlite3.connect(":memory:")) if root is None else _open(root)

    def get(self, kind: str, key: str) -> bytes | None:
        with contextlib.suppress(sqlite3.Error):
            row = self._connection.execute("select value from entry where kind = ? and key = ?", (kind, key)).fetchone()
            return None if row is None else row[0]
        return None

    def get_many(self, kind: str, keys: Iterable[str]) -> dict[str, bytes]:
        """The entries that exist, by key: one walk instead of thousands of look-ups."""
        found: dict[str, bytes] = {}
        wanted = list(keys)
        with contextlib.suppress(sqlite3.Error):
            for start in range(0, len(wanted), 500):
                chunk = wanted[start : start + 500]
                marks = ",".join("?" * len(chunk))
                found.update(
                    self._connection.execute(
                        f"select key, value from entry where kind = ? and key in ({marks})", (kind, *chunk)
                    )
                )
        return found

    def put(self, kind: str, key: str, value: bytes) -> None:
        # A cache that cannot be written (disk full, another process holds it) only costs time.
        with contextlib.suppress(sqlite3.Error):
            self._connection.execute("insert or replace into entry values (?, ?, ?)", (kind, key, value))

    def put_many(self, kind: str, entries: Iterable[tuple[str, bytes]]) -> None:
        with contextlib.suppress(sqlite3.Error):
            self._connection.executemany(
                "insert or replace into entry values (?, ?, ?)", ((kind, key, value) for key, value in entries)
            )

    def flush(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            self._connection.commit()

    def close(self) -> None:
        self.flush()
        self._connection.close()

    def __enter__(self) -> LocalCache:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _open(root: Path) -> sqlite3.Connection:
    try:
        folder = own_folder(root) / "cache"
        folder.mkdir(exist_ok=True)
    except OSError:  # a read-only checkout: every command computes anew
        return _prepare(sqlite3.connect(":memory:"))
    path = folder / "content.sqlite"
    for _ in range(2):
        try:
            if path.exists() and path.stat().st_size > _LARGEST:
                _remove(path)
            return _prepare(sqlite3.connect(path, timeout=2.0))
        except sqlite3.OperationalError:
            break  # locked or not writable: not damaged, so it is not thrown away
        except sqlite3.DatabaseError:
            _remove(path)
    return _prepare(sqlite3.connect(":memory:"))


def _prepare(connection: sqlite3.Connection) -> sqlite3.Connection:
    try:
        # Losing the cache in a crash is harmless, so nothing waits for the disk.
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = off")
        version = connection.execute("pragma user_version").fetchone()[0]
        if version != _FORMAT:
            connection.execute("drop table if exists entry")
            connection.execute(f"pragma user_version = {_FORMAT}")
        connection.execute(_SCHEMA)
        connection.commit()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(OSError):
            path.with_name(path.name + suffix).unlink()
