"""`vp doctor`: is this machine and this project in order?"""

from __future__ import annotations

import typer

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.options import JsonOption


def doctor(context: typer.Context, json: JsonOption = False) -> ExitStatus:
    """Check this machine and this project for trouble

    Versions and extras, whether the state answers and the storage can be written, free disk, secrets that git would
    take. Exits with 1 if something is bad.

    \b
    Example:
      vp doctor
    """
    from vibepiper_cli.commands.doctor import doctor

    return doctor(Invocation.of(context, json=json))
