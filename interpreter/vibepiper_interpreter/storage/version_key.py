"""The key of a version: one hash of everything that makes its table what it is."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from vibepiper_interpreter.compile.compiled import CompiledAsset
from vibepiper_interpreter.storage.version import InputVersion, SourceFile

_FORMAT = "version-key-1"


def version_key(
    asset: CompiledAsset,
    inputs: Sequence[InputVersion],
    source_files: Sequence[SourceFile],
    more: Sequence[str] = (),
) -> str:
    """Hash what `asset` means, the versions it reads, and the content of the files it reads.

    Neither the order of inputs or files nor a file's time counts. A file's path does: readers may turn it into
    columns (`filename`, hive partitions). `more` is what else decides which rows there are: the version that was gone
    on with.

    Which intervals are built is no part of it: two versions of one key hold the same rows wherever both are built. So
    what an interrupted run has made, or another environment shows, is found and gone on with.
    """
    digest = sha256(_FORMAT.encode())
    lines = [f"asset {asset.address} {asset.build} {asset.fingerprint}"]
    lines += sorted(f"input {read.address} {read.version_id}" for read in inputs)
    lines += sorted(f"file {file.sha256} {file.size} {file.path}" for file in source_files)
    lines += sorted(more)
    for line in lines:
        # The length in front keeps a path with odd characters from looking like two lines.
        encoded = line.encode()
        digest.update(b"\n%d " % len(encoded))
        digest.update(encoded)
    return digest.hexdigest()


# What the key of a version says more that has only some of its partitions: a run did not come to its end.
UNFINISHED = "unfinished"


def continues(version_id: str) -> str:
    """What the key of a version says more where it is that one with something brought in."""
    return f"continues {version_id}"


def records(key: str) -> str:
    """What the key of a version says more where it is the one with this key, recorded anew: the same rows."""
    return f"recorded {key}"
