"""The files that a source's patterns name, and what each of them is: size, time and content."""

from __future__ import annotations

import glob
import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from vibepiper_interpreter.compile.compiled import CompiledAsset, FileDefinition
from vibepiper_interpreter.local_cache import LocalCache
from vibepiper_interpreter.storage.version import SourceFile
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix, Place, nearest

# A file touched this shortly before it was hashed may change again within the clock's grain, unseen: not remembered.
_RACY_NS = 2_000_000_000
_NUMBER = re.compile(r"(\d+)")


def list_files(
    root: Path,
    definition: FileDefinition,
    *,
    place_of: Callable[[int], Place | None] = lambda index: None,
    cache: LocalCache | None = None,
    may_lack: bool = False,
) -> tuple[SourceFile, ...]:
    """The files of `definition` as they are now, in natural order, each once.

    Raises DiagnosticError with a VP501 or VP502 for every pattern that names no file, unless files `may_lack`;
    `place_of` gives the place of the pattern with that index. Content hashes are remembered in `cache` by path, size,
    times and inode.
    """
    paths = find_files(root, definition.paths, place_of=place_of, may_lack=may_lack)
    if cache is not None:
        return _identify(root, paths, cache)
    with LocalCache(root) as own:
        return _identify(root, paths, own)


def find_files(
    root: Path,
    patterns: Sequence[str],
    *,
    place_of: Callable[[int], Place | None] = lambda index: None,
    may_lack: bool = False,
) -> tuple[str, ...]:
    """The paths that `patterns` name, relative to `root` unless a pattern is absolute. Raises like `list_files`."""
    found: dict[str, None] = {}
    problems: list[Diagnostic] = []
    for index, pattern in enumerate(patterns):
        matches = _matches(root, pattern)
        if not matches and not may_lack:
            problems.append(_nothing_found(root, pattern, place_of(index)))
        found.update(dict.fromkeys(matches))
    if problems:
        raise DiagnosticError(problems)
    return tuple(sorted(found, key=natural))


def identify_files(root: Path, paths: Sequence[str]) -> tuple[SourceFile, ...]:
    """What these files, which must exist, are now. Hashes are remembered as those of `list_files` are."""
    with LocalCache(root) as own:
        return _identify(root, paths, own)


def files_of(root: Path, asset: CompiledAsset, cache: LocalCache | None = None) -> tuple[SourceFile, ...]:
    """The files of a source as they are now; none for other assets. Raises like `list_files`.

    What a source that goes on has read may be cleared away, unless it is compared with all that is there (scd2).
    """
    if not isinstance(asset.definition, FileDefinition):
        return ()
    return list_files(
        root, asset.definition, cache=cache, may_lack=asset.settings is not None and asset.build != "scd2"
    )


def is_pattern(path: str) -> bool:
    return glob.has_magic(path)


def _matches(root: Path, pattern: str) -> list[str]:
    # A file whose very name holds `[` or `*` is meant before what the pattern would match.
    if (root / pattern).is_file():
        return [_normal(pattern)]
    if not is_pattern(pattern):
        return []
    # `Path.glob` would take hidden files too, and refuses an absolute pattern.
    matches = glob.glob(pattern, root_dir=root, recursive=True)  # noqa: PTH207
    return [_normal(match) for match in matches if (root / match).is_file()]


def _normal(path: str) -> str:
    return os.path.normpath(path).replace(os.sep, "/")


def natural(path: str) -> tuple[tuple[int, str], ...]:
    """The order of files: `part-9` before `part-10`."""
    return tuple((int(piece), "") if piece.isdecimal() else (-1, piece) for piece in _NUMBER.split(path))


def _identify(root: Path, paths: Sequence[str], cache: LocalCache) -> tuple[SourceFile, ...]:
    stats = {path: (root / path).stat() for path in paths}
    keys = {
        path: json.dumps([path, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino])
        for path, stat in stats.items()
    }
    known = cache.get_many("file_sha256", keys.values())
    files = []
    for path in paths:
        stat, remembered = stats[path], known.get(keys[path])
        if remembered is None:
            with (root / path).open("rb") as stream:
                remembered = hashlib.file_digest(stream, "sha256").hexdigest().encode()
            if time.time_ns() - max(stat.st_mtime_ns, stat.st_ctime_ns) > _RACY_NS:
                cache.put("file_sha256", keys[path], remembered)
        files.append(SourceFile(path, stat.st_size, stat.st_mtime_ns, remembered.decode()))
    return tuple(files)


def _nothing_found(root: Path, pattern: str, place: Place | None) -> Diagnostic:
    folder, missing = _deepest_folder(root, pattern)
    siblings = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    shown = _shown(root, folder)
    if is_pattern(pattern):
        seen = f"`{shown}` holds {_some(siblings)}" if siblings else f"`{shown}` is empty"
        why = f"There is no `{missing}` in `{shown}`" if missing and not is_pattern(missing) else seen
        return Diagnostic(
            "VP502",
            f"`{pattern}` matches no file. {why}, so there is nothing to read.",
            place,
            fix=Fix("Correct the pattern (`*` stays in a folder, `**` goes through folders), or put the files there."),
        )
    match = nearest(missing, siblings)
    guess = f" Did you mean `{_join(shown, match)}`?" if match else ""
    kind = "is a folder, not a file" if (root / pattern).is_dir() else "does not exist"
    inside = f" `{shown}` holds {_some(siblings)}." if siblings and not match else ""
    return Diagnostic(
        "VP501",
        f"`{pattern}` {kind}.{guess}{inside}",
        place,
        fix=Fix(f"Read all of a folder with a pattern such as `{pattern.rstrip('/')}/*.csv`.")
        if (root / pattern).is_dir()
        else Fix("Correct the path (relative to the folder of `vp.toml`), or put the file there."),
    )


def _deepest_folder(root: Path, pattern: str) -> tuple[Path, str]:
    """The deepest existing folder on the way of `pattern`, and the next piece, which is not there or is a pattern."""
    folder = Path("/") if pattern.startswith("/") else root
    for piece in pattern.strip("/").split("/"):
        if is_pattern(piece) or not (folder / piece).is_dir():
            return folder, piece
        folder = folder / piece
    return folder, ""


def _shown(root: Path, folder: Path) -> str:
    return os.path.relpath(folder, root).replace(os.sep, "/") if folder.is_relative_to(root) else str(folder)


def _join(folder: str, name: str) -> str:
    return name if folder == "." else f"{folder}/{name}"


def _some(names: Sequence[str], most: int = 5) -> str:
    listed = ", ".join(f"`{name}`" for name in names[:most])
    return f"{listed} and {len(names) - most} more" if len(names) > most else listed
