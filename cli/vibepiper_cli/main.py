"""The entry of `vp`: answers `--version` at once, and leaves all else to `calling`."""

from __future__ import annotations

import sys

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.leave import leave
from vibepiper_cli.version import version_line


def main(arguments: list[str] | None = None) -> int:
    """Run `vp` with `arguments` and return its exit status. With the process's own, which is the default, the process
    ends with it wherever it can."""
    words = sys.argv[1:] if arguments is None else arguments
    if words == ["--version"]:
        # Answered before typer is imported: shells and scripts ask this often.
        print(version_line())
        return ExitStatus.OK
    from vibepiper_cli.calling import call

    status = call(words)
    if arguments is None:
        leave(status)
    return status


if __name__ == "__main__":
    sys.exit(main())
