"""Lets one environment show what another one shows: plans it, and saves the plan or carries it out."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from vibepiper_cli.commands.apply import How, carry_out
from vibepiper_cli.commands.plan import show_and_save
from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.promoting import plan_promotion
from vibepiper_cli.protection import require_no_review


def promote(
    invocation: Invocation, source: str, target: str, selection: Sequence[str], *, out: Path | None, how: How
) -> ExitStatus:
    if out is None:
        words = shlex.join(["vp", "promote", source, target, *selection])
        require_no_review(invocation, target, f"{words} --out {target}.vpplan", f"vp apply {target}.vpplan")
    planned = plan_promotion(invocation, source, target, selection)
    with planned:
        if out is not None:
            return show_and_save(planned, invocation, out)
        return carry_out(planned, invocation, how)
