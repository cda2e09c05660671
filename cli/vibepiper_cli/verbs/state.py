"""`vp state`: what has been applied, as a whole: where it is, its backup, and whether it is sound."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.options import JsonOption, YesOption

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

BackupArgument = Annotated[Path, typer.Argument(metavar="FILE", show_default=False, help="The file of the backup.")]


@app.callback(invoke_without_command=True)
def state(context: typer.Context, json: JsonOption = False) -> ExitStatus | None:
    """Show what state there is; back it up, restore or verify it

    \b
    Example:
      vp state
      vp state backup shop.vpstate
      vp state restore shop.vpstate
      vp state verify
    """
    if context.invoked_subcommand is not None:
        return None
    from vibepiper_cli.commands.state import show_state

    return show_state(Invocation.of(context, json=json))


@app.command()
def backup(context: typer.Context, file: BackupArgument, json: JsonOption = False) -> ExitStatus:
    """Write all of the state to one file, as it is at one moment

    An apply may run meanwhile. The file is the same whether the state is in SQLite or PostgreSQL, and can be restored
    into either. It holds no tables: those are in the storage folder. An older backup of this state is replaced.

    \b
    Example:
      vp state backup shop.vpstate
    """
    from vibepiper_cli.commands.state import back_up_state

    return back_up_state(Invocation.of(context, json=json), file)


@app.command()
def restore(
    context: typer.Context, file: BackupArgument, yes: YesOption = False, json: JsonOption = False
) -> ExitStatus:
    """Put a backup in the place of the state

    Says what would be forgotten, asks, and keeps a copy of what it replaces in `.vp/backups`. Nothing can be applied
    meanwhile. Tells which snapshots that are published then are no longer in the storage: the next apply makes those.

    \b
    Example:
      vp state restore shop.vpstate
    """
    from vibepiper_cli.commands.restore import restore_state

    return restore_state(Invocation.of(context, json=json), file, yes=yes)
