"""What the exit code of `vp` says."""

from __future__ import annotations

from enum import IntEnum


class ExitStatus(IntEnum):
    """Documented in `docs/cli.md`; scripts and CI rely on them."""

    OK = 0
    FAILED = 1
    CHANGES_PENDING = 2  # or there are differences; only with `--detailed-exitcode`
    BAD_SPECS = 3
    WRONG_USAGE = 4
    INTERRUPTED = 130  # what shells give to a program ended by Ctrl-C
