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


@app.command()
def verify(
    context: typer.Context,
    quick: Annotated[bool, typer.Option("--quick", help="Look only whether files are there in full.")] = False,
    no_record: Annotated[bool, typer.Option("--no-record", help="Only look: write nothing to the state.")] = False,
    json: JsonOption = False,
) -> ExitStatus:
    """Verify that the state is sound, and that the storage holds what it says

    Every reference in the state, and every file that a version is made of: there, as long as ever, and with the content
    it had. The first time, files are read whole and their checksums recorded; from then on they are compared. What is
    found damaged counts as lost, and the next apply makes it anew. Exits with 1 if anything that is published is wrong.

    \b
    Example:
      vp state verify
      vp state verify --quick
    """
    from vibepiper_cli.commands.verify import verify

    return verify(Invocation.of(context, json=json), quick=quick, record=not no_record)
