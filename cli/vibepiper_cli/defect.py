"""What happens when `vp` itself is wrong: one line for the user, the traceback in a log."""

from __future__ import annotations

import os
import platform
import tempfile
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.failure import show_error_json
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.version import version_line
from vibepiper_spec.diagnostics import DiagnosticError


def report_defect(error: Exception, arguments: Sequence[str], invocation: Invocation) -> int:
    printer = invocation.printer
    trace = "".join(traceback.format_exception(error))
    reason = str(error).strip().splitlines()
    message = f"this is a defect in vp, not in your project: {type(error).__name__}{': ' + reason[0] if reason else ''}"
    printer.talk(f"{printer.talk_paint('error', 'error')}: {message}")
    show_error_json(message, invocation)
    if os.environ.get("VP_DEBUG"):
        printer.talk(trace)
        return ExitStatus.FAILED
    try:
        log = _write_log(trace, arguments, invocation)
        printer.talk(f"The traceback is in `{log}`; with `VP_DEBUG=1` it is shown here.")
    except OSError as log_error:
        printer.talk(f"Its log could not be written ({log_error.strerror}); `VP_DEBUG=1` shows the traceback here.")
    return ExitStatus.FAILED


def _write_log(trace: str, arguments: Sequence[str], invocation: Invocation) -> Path:
    now = datetime.now(UTC)
    folder = _log_folder(invocation)
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"defect-{now:%Y%m%d-%H%M%S-%f}.log"
    # Only the verb: other arguments may hold SQL with private values.
    verb = arguments[0] if arguments else ""
    header = (
        f"{version_line()}, Python {platform.python_version()}, {platform.system()}\n{now.isoformat()} vp {verb}\n\n"
    )
    log.write_text(header + trace, encoding="utf-8")
    return log


def _log_folder(invocation: Invocation) -> Path:
    from vibepiper_spec import find_project_root

    try:
        return find_project_root(invocation.directory.absolute()) / ".vp" / "logs"
    except (DiagnosticError, OSError):
        return Path(tempfile.gettempdir()) / "vp-logs"
