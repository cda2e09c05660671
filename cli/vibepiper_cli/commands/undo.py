"""Goes back to what was published before a run: plans it, and saves the plan or carries it out."""

from __future__ import annotations

from pathlib import Path

from vibepiper_cli.commands.apply import How, carry_out
from vibepiper_cli.commands.plan import show_and_save
from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.options import DEFAULT_ENVIRONMENT
from vibepiper_cli.protection import chosen, require_no_review
from vibepiper_cli.returning import undo_plan


def undo(invocation: Invocation, run: str | None, environment: str | None, *, out: Path | None, how: How) -> ExitStatus:
    planned = undo_plan(invocation, run, environment, DEFAULT_ENVIRONMENT)
    with planned:
        name = planned.plan.environment
        if out is not None:
            return show_and_save(planned, invocation, out)
        words = f"vp undo {run}" if run else f"vp undo{chosen(name)}"
        require_no_review(invocation, name, f"{words} --out {name}.vpplan", f"vp apply {name}.vpplan")
        status = carry_out(planned, invocation, how)
        if status == ExitStatus.OK and not planned.plan.empty:
            invocation.printer.talk(
                "\nThe specs are as they were: unless you change them, the next apply does again what was undone.\n"
                f"To undo this:\n\n  vp undo{chosen(name)}"
            )
        return status
