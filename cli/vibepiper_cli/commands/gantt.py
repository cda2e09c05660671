"""Draws a run: at the terminal, or into a file for a browser."""

from __future__ import annotations

import shutil
from pathlib import Path

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.failure import WrongUsage
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.past_runs import NO_RUN, run_or_last
from vibepiper_cli.project import open_state_of
from vibepiper_cli.views.gantt import gantt, render_gantt
from vibepiper_cli.views.gantt_svg import gantt_html, gantt_svg

_FORMS = {".svg": gantt_svg, ".html": gantt_html}


def draw_run(invocation: Invocation, run: str | None, out: Path | None) -> ExitStatus:
    """An attempt a row, by worker. `out` is an .svg or an .html file; None draws at the terminal."""
    printer = invocation.printer
    if invocation.json:
        raise WrongUsage("`--gantt` is a drawing; `vp runs show ID --json` has the events that it is made of.")
    if out is not None and out.suffix not in _FORMS:
        raise WrongUsage(f"`{out}` is no drawing: let its name end in `.svg` or `.html`.")
    with open_state_of(invocation) as state:
        record = run_or_last(state, run)
    if record is None:
        printer.talk(NO_RUN)
        return ExitStatus.OK
    chart = gantt(record)
    if out is None:
        printer.data(render_gantt(chart, printer.data_paint, shutil.get_terminal_size().columns))
    else:
        out.write_text(_FORMS[out.suffix](chart), encoding="utf-8")
        printer.talk(f"Drawn to `{out}`.")
    return ExitStatus.OK
