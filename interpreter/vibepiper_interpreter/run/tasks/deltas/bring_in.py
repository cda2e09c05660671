"""The door to the modes: rows come in, and the parts of the table with them come out."""

from __future__ import annotations

from vibepiper_interpreter.compile.build_settings import Append, History, Merge
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.deltas.append import append
from vibepiper_interpreter.run.tasks.deltas.history import add_to_history
from vibepiper_interpreter.run.tasks.deltas.incoming import Brought, Incoming
from vibepiper_interpreter.run.tasks.deltas.merge import merge
from vibepiper_interpreter.run.tasks.staging import Folder
from vibepiper_interpreter.run.tasks.task import Task
from vibepiper_interpreter.storage.version import Version


def bring_in(
    session: RunSession, task: Task, folder: Folder, base: Version | None, incoming: Incoming
) -> Brought | None:
    """Bring `incoming` into `base`, or begin with it, as the settings of the asset say. None: `base` is the same.

    New parts are written into `folder`; those of `base` stay as they are. DiagnosticError where the rows do not fit the
    settings (no key, a key twice).
    """
    match task.asset.settings:
        case Append():
            return append(session, task.asset, folder, base, incoming)
        case Merge() as settings:
            return merge(session, task.asset, settings, folder, base, incoming)
        case History() as settings:
            return add_to_history(session, task.asset, settings, folder, base, incoming)
        case settings:
            raise ValueError(f"{task.asset.address} does not go on with what it was: {settings}")
