"""Looks at every part of the storage: is it there, whole, and what it was when it was written?"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vibepiper_interpreter.engines.duckdb.readable import FileReader
from vibepiper_interpreter.storage import Storage
from vibepiper_interpreter.storage.version import Part

_READ_AT_ONCE = 1 << 20  # bytes


@dataclass(frozen=True, slots=True)
class Condition:
    """How a part was found. `checksum` is what it should be known by from now on; `words` say what is wrong."""

    part: Part
    state: Literal["whole", "lost", "damaged"]
    how: Literal["size", "compared", "read"]
    checksum: str
    words: str = ""


def examine_parts(parts: Iterable[Part], storage: Storage, *, content: bool) -> list[Condition]:
    """Each of `parts`; without `content` only whether it is there and as long as it was.

    One whose checksum is not known is read whole instead. That finds what cannot be read any more, but not a value
    that became another one: which is why the checksum is worth keeping.
    """
    with FileReader(storage.root) as reader, ThreadPoolExecutor(os.cpu_count()) as threads:
        return list(threads.map(lambda part: _examine(part, storage, reader, content), parts))


def _examine(part: Part, storage: Storage, reader: FileReader, content: bool) -> Condition:
    path, missing = storage.path(part), storage.missing(part)
    if missing is not None:
        return Condition(part, "lost", "size", part.checksum, missing)
    if not content:
        words = "was found damaged before" if part.damaged else ""
        return Condition(part, "damaged" if part.damaged else "whole", "size", part.checksum, words)
    try:
        found = _sha256(path)
    except OSError as error:
        return Condition(part, "damaged", "compared", part.marked_damaged, f"cannot be read: {error.strerror}")
    known = part.known_checksum
    if known:
        if found == known:
            return Condition(part, "whole", "compared", known)
        return Condition(part, "damaged", "compared", part.marked_damaged, "has other content than it had")
    if why := reader.why_unreadable(path):
        return Condition(part, "damaged", "read", part.marked_damaged, f"cannot be read: {why}")
    return Condition(part, "whole", "read", found)


def changed_checksums(conditions: Iterable[Condition]) -> Mapping[str, str]:
    """What is to be recorded, by path."""
    return {each.part.path: each.checksum for each in conditions if each.checksum != each.part.checksum}


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as stream:
        while block := stream.read(_READ_AT_ONCE):
            digest.update(block)
    return digest.hexdigest()
