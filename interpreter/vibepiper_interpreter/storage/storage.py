"""The folder that holds every version's files: `<root>/<pipeline>/<asset>/<version id>/part-0.parquet`."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from vibepiper_interpreter.storage.sync_filesystem import sync_filesystem
from vibepiper_interpreter.storage.version import Part, Stored, Version
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix

MANIFEST = "manifest.json"
# Folders of one run's scratch files start with this; asset names cannot, so they are never taken for a pipeline.
SCRATCH = ".scratch-"
_ID_FILE = ".id"
# From this many versions on, one call for the whole file system is cheaper than four for each version.
_MANY = 16


def new_version_id() -> str:
    """A name no other attempt has, on any machine; names sort by the time they were made."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(6)}"


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A version's folder as found on disk, whether or not the state knows it."""

    address: Address
    version_id: str
    bytes: int
    modified: float  # seconds since the epoch, of the newest file


class Storage:
    """A storage root. Files are written in place: nobody reads a version before the state names it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._prefix = f"{root}{os.sep}"

    @classmethod
    def open(cls, root: Path, state_id: str, name: str | None = None) -> Storage:
        """The storage at `root`, created and bound to `state_id` if new. Raises DiagnosticError VP604 if another's.

        `name` is how messages call it, as `vp.toml` does.
        """
        if state_id not in (cls.owners(root) or _claim(root, state_id)):
            raise DiagnosticError(_belongs_to_another(name or root.name))
        return cls(root)

    @classmethod
    def look(cls, root: Path, state_id: str, name: str | None = None) -> Storage:
        """The same for who only plans: nothing is created or bound."""
        try:
            owners = cls.owners(root)
        except OSError:
            owners = frozenset()
        if owners and state_id not in owners:
            raise DiagnosticError(_belongs_to_another(name or root.name))
        return cls(root)

    @staticmethod
    def owners(root: Path) -> frozenset[str]:
        """The ids of the states that the storage at `root` belongs to; none where it belongs to none yet.

        There is more than one only while a state is replaced, or if that was interrupted.
        """
        try:
            return frozenset((root / _ID_FILE).read_text(encoding="utf-8").split())
        except FileNotFoundError:
            return frozenset()

    def hand_over(self, *state_ids: str) -> None:
        """From now on it belongs to these states, and to no other."""
        draft = self.root / f"{_ID_FILE}.{secrets.token_hex(4)}"
        draft.write_text("".join(f"{state_id}\n" for state_id in state_ids), encoding="utf-8")
        _sync(draft)
        draft.replace(self.root / _ID_FILE)
        _sync(self.root)

    def directory(self, address: Address, version_id: str) -> Path:
        return self.root / address.pipeline / address.name / version_id

    def path(self, part: Part) -> Path:
        return self.root / part.path

    def has(self, version: Stored) -> bool:
        """Whether every part of `version` is there in full, and none is known to be damaged.

        A view has no parts, so nothing can be missing.
        """
        for part in version.parts:
            if part.damaged:
                return False
            try:
                # Asked for every version of a project: making a Path takes longer than asking.
                if os.stat(f"{self._prefix}{part.path}").st_size != part.bytes:  # noqa: PTH116
                    return False
            except OSError:
                return False
        return True

    def missing(self, part: Part) -> str | None:
        """In words, how a part is not there in full; None where it is."""
        try:
            size = self.path(part).stat().st_size
        except OSError:
            return "is gone"
        if size != part.bytes:
            return f"has {size:,} bytes, and had {part.bytes:,}"
        return None

    def sync(self, versions: Iterable[Version]) -> None:
        """Force the files of `versions` to disk. Must have returned before any of them is recorded."""
        stored = [version for version in versions if version.parts]
        if len(stored) >= _MANY and sync_filesystem(self.root):
            return
        folders: dict[Path, None] = {}
        for version in stored:
            directory = self.directory(version.address, version.id)
            for part in version.parts:
                _sync(self.path(part))
            _sync(directory / MANIFEST)
            folders |= dict.fromkeys([directory, directory.parent, directory.parent.parent, self.root])
        for folder in folders:
            _sync(folder)

    def remove(self, address: Address, version_id: str) -> int:
        """Delete a version's folder and return the bytes set free. Nothing may point to the version any more."""
        directory = self.directory(address, version_id)
        freed = _size(directory)
        shutil.rmtree(directory, ignore_errors=True)
        for parent in (directory.parent, directory.parent.parent):
            try:
                parent.rmdir()
            except OSError:
                break  # other versions or assets live there
        return freed

    def unknown(self, known: Collection[str], before: float) -> list[StoredVersion]:
        """Folders of versions not in `known` and untouched since `before`: what killed or failed attempts left."""
        return [found for found in self.stored() if found.version_id not in known and found.modified < before]

    def stored(self) -> Iterator[StoredVersion]:
        """Every version's folder on disk."""
        for pipeline in _folders(self.root):
            for asset in _folders(pipeline):
                address = Address(pipeline.name, asset.name)
                for directory in _folders(asset):
                    yield StoredVersion(address, directory.name, _size(directory), _modified(directory))

    def scratch(self, run_id: str) -> Path:
        """Where the engine may spill during one run. Not created before it is needed; remove it afterwards."""
        return self.root / f"{SCRATCH}{run_id}"

    def remove_scratch(self, before: float) -> int:
        """Delete the scratch folders that killed runs left, untouched since `before`; returns the bytes set free."""
        freed = 0
        for folder in self.root.glob(f"{SCRATCH}*"):
            if _modified(folder) < before:
                freed += _size(folder)
                shutil.rmtree(folder, ignore_errors=True)
        return freed


def _claim(root: Path, state_id: str) -> frozenset[str]:
    """Write the id file in one step, so that of two processes one wins; returns the owners."""
    root.mkdir(parents=True, exist_ok=True)
    id_file = root / _ID_FILE
    draft = root / f"{_ID_FILE}.{secrets.token_hex(4)}"
    draft.write_text(state_id + "\n", encoding="utf-8")
    try:
        os.link(draft, id_file)
    except FileExistsError:
        return Storage.owners(root)
    finally:
        draft.unlink()
    return frozenset([state_id])


def _belongs_to_another(name: str) -> Diagnostic:
    return Diagnostic(
        "VP604",
        f"The storage folder `{name}` was made by another state, so files in it may be in use that this state "
        "knows nothing of. Nothing was read or written.",
        fix=Fix(
            "Bring back the state that this folder was made with, or set another `path` under `[storage]` in "
            f"`vp.toml`. If the tables in it may be lost, delete the folder `{name}`: the next apply "
            "builds everything anew."
        ),
    )


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _folders(parent: Path) -> list[Path]:
    """Folders below `parent` that are not hidden, in order; a folder that vanishes meanwhile is no error."""
    try:
        return sorted(path for path in parent.iterdir() if path.is_dir() and not path.name.startswith("."))
    except FileNotFoundError:
        return []


def _size(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


def _modified(directory: Path) -> float:
    return max((path.stat().st_mtime for path in [directory, *directory.rglob("*")]), default=0.0)
