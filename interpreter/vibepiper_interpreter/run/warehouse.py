"""The warehouse file: a DuckDB database with a view for every published asset, derived from the state."""

from __future__ import annotations

import atexit
import json
import secrets
import shutil
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vibepiper_interpreter.local_cache import may_be_written, own_folder
from vibepiper_interpreter.state import State
from vibepiper_interpreter.storage import Storage
from vibepiper_interpreter.storage.version import Version
from vibepiper_spec.address import Address
from vibepiper_spec.model.settings import DEFAULT_ENVIRONMENT, ProjectSettings

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class WarehouseReach:
    """The storage folder, and the files of sources that are read in place."""

    storage: Path
    files: tuple[Path, ...]


def warehouse_path(root: Path, environment: str) -> Path:
    """`.vp/warehouse.duckdb` for the default environment, `.vp/warehouse.<name>.duckdb` for another."""
    middle = "" if environment == DEFAULT_ENVIRONMENT else f".{environment}"
    return root / ".vp" / f"warehouse{middle}.duckdb"


def ensure_warehouse(
    root: Path,
    settings: ProjectSettings,
    state: State,
    environment: str,
    known_versions: Mapping[str, Version] | None = None,
) -> Path:
    """The file as it must be now: left alone if it shows what is published, else made beside and moved in.

    A reader that has the old file open goes on reading it. Only what changed since is written again. What is in
    `known_versions`, by id, need not be read from the state.
    """
    root = root.resolve()
    file = warehouse_path(root, environment)
    note_file = file.with_suffix(".json")
    note = _read_note(note_file) if file.exists() else None
    serial = state.serial(environment)
    made_from = {"format": _FORMAT, "state": state.id, "root": str(root), "storage": settings.storage.path}
    if note is not None and any(note.get(key) != value for key, value in made_from.items()):
        note = None  # moved to another folder, or another state: nothing in it can be trusted
    if note is not None and note["serial"] == serial:
        return file
    if may_be_written(root):
        own_folder(root)
    else:
        # A reader of somebody else's project gets a file of its own, as long as its process lives.
        file, note = _of_this_process(file), None
        note_file = file.with_suffix(".json")
    pointers = state.pointers(environment)
    wanted = {str(address): pointer.version_id for address, pointer in pointers.items()}
    known: dict[str, str] = {} if note is None else note["views"]
    at_hand = known_versions or {}
    changed_ids = {version_id for name, version_id in wanted.items() if known.get(name) != version_id}
    changed = {version_id: at_hand[version_id] for version_id in changed_ids & at_hand.keys()}
    changed |= state.versions(changed_ids - changed.keys())
    gone = [Address.parse(name) for name in known if name not in wanted]
    draft = _beside(file)
    try:
        failed = _write(root, settings, draft, file if note is not None else None, changed, gone)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    # What a client that opened the old file for writing may have left does not belong to the new one.
    file.with_name(f"{file.name}.wal").unlink(missing_ok=True)
    shown = {name: version_id for name, version_id in wanted.items() if name not in failed}
    note_draft = _beside(note_file)
    note_draft.write_text(json.dumps({**made_from, "serial": serial, "views": shown}), encoding="utf-8")
    note_draft.replace(note_file)
    return file


def files_in_reach(root: Path, settings: ProjectSettings, state: State, environment: str) -> WarehouseReach:
    """What the views of the file read."""
    root = root.resolve()
    _, published, _ = state.published(environment)
    in_place = (file for each in published.values() if each.build == "view" for file in each.source_files)
    return WarehouseReach(root / settings.storage.path, tuple(root / file.path for file in in_place))


def _of_this_process(file: Path) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="vp-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder / file.name


def _write(
    root: Path,
    settings: ProjectSettings,
    file: Path,
    before: Path | None,
    versions: Mapping[str, Version],
    gone: Collection[Address],
) -> set[str]:
    """Write the views of `versions`; the names of those that cannot be shown (a source's file is gone, say)."""
    # Here, because most often the file is as it must be, and whoever makes sure of that need not wait for the engine.
    from vibepiper_interpreter.engines.duckdb.warehouse_file import ViewToWrite, write_views
    from vibepiper_interpreter.run.relations import view_query

    storage = Storage(root / settings.storage.path)
    views = []
    for version in _inputs_first({version.address: version for version in versions.values()}):
        query = view_query(version, storage, root, version.created_at)
        is_view = version.asset.kind == "sql" and version.asset.build == "view"
        views.append(ViewToWrite(version.address.pipeline, version.address.name, query, is_view))
    dropped = [(address.pipeline, address.name) for address in gone]
    failed = write_views(file, views, before=before, dropped=dropped)
    return {f"{view.schema}.{view.name}" for view in failed}


def _inputs_first(versions: Mapping[Address, Version]) -> list[Version]:
    """Tables by name; views after what they read, which must be there when they are written."""
    ordered: dict[Address, Version] = {}

    def add(version: Version) -> None:
        if version.address in ordered:
            return
        if not version.parts:
            for read in version.asset.inputs:
                if read.address in versions:
                    add(versions[read.address])
        ordered[version.address] = version

    for address in sorted(versions, key=lambda address: (not versions[address].parts, address)):
        add(versions[address])
    return list(ordered.values())


def _read_note(file: Path) -> dict[str, Any] | None:
    try:
        note = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return note if isinstance(note, dict) else None


def _beside(file: Path) -> Path:
    return file.with_name(f".{file.name}.{secrets.token_hex(4)}")
