"""Puts a backup in the place of the state: says what that means, asks, keeps a copy, and tells what is lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex

from vibepiper_cli.consent import agreed
from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.failure import WrongUsage
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.project import load_for_state
from vibepiper_cli.views.tables import aligned
from vibepiper_cli.views.words import count, listed, moment
from vibepiper_interpreter.local_cache import own_folder
from vibepiper_interpreter.plan.readable import unreadable
from vibepiper_interpreter.state import State, open_state
from vibepiper_interpreter.state.backup import Backup, Note, open_backup
from vibepiper_interpreter.state.open import set_aside
from vibepiper_interpreter.state.owner import owner
from vibepiper_interpreter.state.schema import new_state_id
from vibepiper_interpreter.storage import Storage
from vibepiper_spec import LoadedProject
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix

# What makes a state that cannot be used, as opposed to one that only does not answer.
_UNUSABLE = frozenset({"VP705", "VP706"})


@dataclass(frozen=True, slots=True)
class _Restored:
    """`kept`: where that is which was replaced, if anything was. `lost`: published by environment, and not in the
    storage."""

    kept: Path | None
    lost: Mapping[str, tuple[Address, ...]]


def restore_state(invocation: Invocation, file: Path, *, yes: bool) -> ExitStatus:
    printer = invocation.printer
    loaded = load_for_state(invocation)
    if not file.is_file():
        raise WrongUsage(f"there is no file `{file}`.")
    with open_backup(file) as backup:
        printer.talk(_what_it_is(file, backup.note))
        unusable = _unusable(loaded)
        if unusable is None:
            with open_state(loaded.project.root, loaded.project.settings) as state:
                storage = _storage(loaded, state.id, backup.note)
                printer.talk(_what_it_means(state, backup.note))
        else:
            storage = _storage(loaded, None, backup.note)
            printer.talk(f"It replaces a state that cannot be used: {unusable.detail}")
        if not yes and not agreed(invocation, "Restore it?"):
            if invocation.json:
                printer.json({"restored": False})
            return ExitStatus.FAILED
        restored = _restore(loaded, backup, storage, unusable)
    _tell(invocation, backup.note, restored)
    return ExitStatus.OK


def _restore(loaded: LoadedProject, backup: Backup, storage: Storage, unusable: Diagnostic | None) -> _Restored:
    root, settings = loaded.project.root, loaded.project.settings
    kept = own_folder(root) / "backups" / f"replaced-{datetime.now(UTC):%Y%m%d-%H%M%S}-{token_hex(3)}.vpstate"
    kept.parent.mkdir(exist_ok=True)
    new_id = new_state_id()
    if unusable is not None:
        kept = kept.with_suffix(".sqlite")
        _share(storage, backup.note, new_id)
        set_aside(root, settings, kept)
    with open_state(root, settings) as state, _all_leases(state, loaded, backup.note):
        replaced = unusable is not None or bool(state.runs(1))
        if replaced and unusable is None:
            state.back_up(kept)
        _share(storage, backup.note, new_id)
        state.put_back(backup, new_id)
        if Storage.owners(storage.root):
            storage.hand_over(new_id)
        return _Restored(kept.relative_to(root) if replaced else None, _lost(state, storage))


def _share(storage: Storage, note: Note, new_id: str) -> None:
    """Until it is done the storage belongs to the state that is there, to the one that comes, and to what this backup
    is of: whenever it is interrupted, what is there then can be used, and the backup be put back once more."""
    if owners := Storage.owners(storage.root):
        storage.hand_over(*sorted({*owners, note.state_id, new_id}))


@contextmanager
def _all_leases(state: State, loaded: LoadedProject, note: Note) -> Iterator[None]:
    """Nothing is applied in any environment, known here or in the backup."""
    names = {*loaded.project.settings.environment_names(), *note.serials, *(each.name for each in state.environments())}
    with ExitStack() as leases:
        for name in sorted(names):
            leases.enter_context(state.take_lease(name, owner()))
        yield


def _unusable(loaded: LoadedProject) -> Diagnostic | None:
    """Why the state that is there can only be set aside; None where it can be opened. Raises where neither is so."""
    root, settings = loaded.project.root, loaded.project.settings
    try:
        open_state(root, settings).close()
    except DiagnosticError as error:
        found = error.diagnostics[0]
        if found.code in _UNUSABLE and set_aside(root, settings, None):
            return found
        raise
    return None


def _storage(loaded: LoadedProject, state_id: str | None, note: Note) -> Storage:
    """The storage folder, if it belongs to the state that goes or to the one that comes. VP604 otherwise."""
    path = loaded.project.settings.storage.path
    root = loaded.project.root / path
    owners = Storage.owners(root)
    if not owners or state_id is None or owners & {note.state_id, state_id}:
        return Storage(root)
    raise DiagnosticError(
        Diagnostic(
            "VP604",
            f"The storage folder `{path}` belongs neither to the state that is there nor to the one in the backup, so "
            "the tables in it are those of a third one. Nothing was changed.",
            fix=Fix("Set `path` under `[storage]` in `vp.toml` to the folder that the backup was made beside."),
        )
    )


def _lost(state: State, storage: Storage) -> dict[str, tuple[Address, ...]]:
    found = {}
    for environment in state.environments():
        pointers = state.pointers(environment.name)
        gone = unreadable((pointer.version_id for pointer in pointers.values()), state, storage.has, lambda files: True)
        lost = tuple(address for address, pointer in pointers.items() if pointer.version_id in gone)
        if lost:
            found[environment.name] = lost
    return found


def _what_it_is(file: Path, note: Note) -> str:
    serials = ", ".join(f"`{name}` at serial {serial}" for name, serial in note.serials.items()) or "nothing published"
    return (
        f"`{file}` is a backup of {moment(note.written_at)}, written by VibePiper {note.written_by}: "
        f"{serials}; {count(note.runs, 'run')}."
    )


def _what_it_means(state: State, note: Note) -> str:
    environments = {each.name: each.serial for each in state.environments()}
    if not environments:
        return f"It comes into the state `{state.name}`, which holds nothing yet."
    same = state.id == note.state_id
    rows = []
    for name in sorted(environments.keys() | note.serials.keys()):
        now, then = environments.get(name, 0), note.serials.get(name, 0)
        forgotten = f"{count(now - then, 'publish', 'publishes')} since then would be forgotten"
        words = forgotten if now > then and same else "" if same else "of another state"
        rows.append((name, f"serial {now} → {then}", words))
    which = "" if same else ", which is another one than the backup was made of, or was restored since"
    return "\n".join([f"It replaces the state `{state.name}`{which}:", *aligned(rows, indent="  ")])


def _tell(invocation: Invocation, note: Note, restored: _Restored) -> None:
    printer = invocation.printer
    if invocation.json:
        lost = {name: [str(address) for address in addresses] for name, addresses in restored.lost.items()}
        printer.json(
            {
                "restored": True,
                "written_at": note.written_at.isoformat(),
                "environments": dict(note.serials),
                "kept": None if restored.kept is None else restored.kept.as_posix(),
                "lost": lost,
            }
        )
        return
    before = "" if restored.kept is None else f" What was there before is in `{restored.kept.as_posix()}`."
    printer.talk(f"\nRestored.{before}")
    for name, addresses in restored.lost.items():
        are = "is" if len(addresses) == 1 else "are"
        printer.talk(f"Published in `{name}`, and no longer in the storage, {are} {listed(addresses)}.")
    said = "makes them anew" if restored.lost else "tells whether anything is left to do"
    printer.talk(f"The next plan {said}:\n\n  vp plan")
