"""Says what state there is, and writes a backup of it."""

from __future__ import annotations

from pathlib import Path

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.failure import WrongUsage
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.project import open_state_of
from vibepiper_cli.views.tables import aligned
from vibepiper_cli.views.words import count, moment, size


def show_state(invocation: Invocation) -> ExitStatus:
    printer = invocation.printer
    with open_state_of(invocation) as state:
        environments = state.environments()
        latest = state.runs(1)
    if invocation.json:
        shown = [{"name": each.name, "serial": each.serial, "assets": each.assets} for each in environments]
        last_run = {"id": latest[0].id, "started_at": latest[0].started_at.isoformat()} if latest else None
        printer.json({"name": state.name, "id": state.id, "environments": shown, "last_run": last_run})
        return ExitStatus.OK
    rows = [(each.name, f"serial {each.serial}", count(each.assets, "asset")) for each in environments]
    last = f"last run {latest[0].id}, {moment(latest[0].started_at)}" if latest else "no run yet"
    printer.data("\n".join([f"{printer.data_paint('strong', state.name)}: {last}", *aligned(rows, indent="  ")]))
    return ExitStatus.OK


def back_up_state(invocation: Invocation, file: Path) -> ExitStatus:
    printer = invocation.printer
    if not file.parent.is_dir():
        raise WrongUsage(f"there is no folder `{file.parent}` to write to.")
    with open_state_of(invocation) as state:
        note = state.back_up(file)
    written = file.stat().st_size
    if invocation.json:
        printer.json(
            {
                "file": str(file),
                "bytes": written,
                "state": note.state_id,
                "schema": note.revision,
                "written_at": note.written_at.isoformat(),
                "sha256": note.sha256,
                "environments": dict(note.serials),
                "runs": note.runs,
            }
        )
        return ExitStatus.OK
    what = f"{count(len(note.serials), 'environment')}, {count(note.runs, 'run')}, {size(written)}"
    printer.talk(f"Wrote `{file}`: {what}. The tables themselves are in the storage folder, and not in it.")
    return ExitStatus.OK
