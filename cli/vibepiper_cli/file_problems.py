"""What the operating system refuses, as diagnostics: files that may not be written, disks that are full."""

from __future__ import annotations

import errno
from pathlib import Path

from vibepiper_cli.invocation import Invocation
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix

_NOT_PERMITTED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def file_problem(error: OSError, invocation: Invocation) -> DiagnosticError | None:
    """The diagnostic for what no care of ours prevents; None where the error must be a defect of `vp`."""
    if error.filename is None:
        return None
    path = _shown(Path(str(error.filename)), invocation)
    if error.errno in _NOT_PERMITTED:
        return DiagnosticError(
            Diagnostic(
                "VP008",
                f"`{path}` cannot be written: {error.strerror}.",
                fix=Fix("Get the permission to write there, or work in a copy of the project."),
            )
        )
    if error.errno in _FULL:
        return DiagnosticError(
            Diagnostic("VP508", f"The disk that holds `{path}` is full.", fix=Fix("Free some space, then do it again."))
        )
    return None


def _shown(path: Path, invocation: Invocation) -> str:
    root = invocation.root
    if root is not None and path.is_relative_to(root):
        return path.relative_to(root).as_posix() or "."
    return str(path)
