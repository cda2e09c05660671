"""Which files of a source are new: those that it has not read, as its cursor says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vibepiper_interpreter.compile.build_settings import Append, CursorSettings
from vibepiper_interpreter.compile.compiled import CompiledAsset
from vibepiper_interpreter.connectors.file.listing import natural
from vibepiper_interpreter.storage.version import SourceFile
from vibepiper_interpreter.storage.version_key import continues, version_key

_BY_PATH = CursorSettings()


@dataclass(frozen=True, slots=True)
class News:
    """What has become of a source's files since they were read. Each in natural order."""

    new: tuple[SourceFile, ...] = ()
    # Read before, and of another content now.
    changed: tuple[SourceFile, ...] = ()
    # Read before, and not there any more: what was read of them stays.
    gone: tuple[SourceFile, ...] = ()
    # Never read, and never will be: the cursor had passed them when they came.
    passed: tuple[SourceFile, ...] = ()


def what_is_new(cursor: CursorSettings | None, read: Sequence[SourceFile], listed: Sequence[SourceFile]) -> News:
    """Compare the files that were ever `read` with those that are there.

    By name: new is what sorts behind all that was read. By the time of change: what is not older than the newest that
    was read, less the lag, and has a content that was not read; so a file that is only renamed or touched is not new,
    and none is missed that came within the clock's grain. Else, each path once.
    """
    cursor = cursor or _BY_PATH
    before = {file.path: file for file in read}
    there = {file.path for file in listed}
    gone = tuple(file for file in read if file.path not in there)
    contents = {file.sha256 for file in read} if cursor.by == "modified" else set()
    is_passed = _passed_by(cursor, read)
    new: list[SourceFile] = []
    changed: list[SourceFile] = []
    passed: list[SourceFile] = []
    for file in listed:
        known = before.get(file.path)
        if known is not None:
            if (known.size, known.sha256) != (file.size, file.sha256):
                changed.append(file)
        elif file.sha256 not in contents:
            (passed if is_passed(file) else new).append(file)
    return News(tuple(new), tuple(changed), gone, tuple(passed))


def _passed_by(cursor: CursorSettings, read: Sequence[SourceFile]) -> Callable[[SourceFile], bool]:
    """Whether the cursor has gone past a file that was never read."""
    if not read or cursor.by is None:
        return lambda file: False
    if cursor.by == "name":
        last = max(natural(file.path) for file in read)
        return lambda file: natural(file.path) <= last
    oldest = max(file.modified_ns for file in read) - _nanoseconds(cursor.lag)
    return lambda file: file.modified_ns < oldest


def all_read(before: Sequence[SourceFile], now: Sequence[SourceFile]) -> tuple[SourceFile, ...]:
    """The files that were ever read, each as it was when it was read last, in natural order."""
    by_path = {file.path: file for file in (*before, *now)}
    return tuple(sorted(by_path.values(), key=lambda file: natural(file.path)))


def key_of_more(asset: CompiledAsset, base: str, before: Sequence[SourceFile], now: Sequence[SourceFile]) -> str:
    """The key of the version that goes on with version `base`, made of the files `before`, by reading the files `now`.

    Where every file's rows are simply added, it is the key of a version that reads all of them at once.
    """
    if isinstance(asset.settings, Append) and (asset.cursor is None or asset.cursor.column is None):
        return version_key(asset, (), all_read(before, now))
    return version_key(asset, (), now, (continues(base),))


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1_000_000_000)
