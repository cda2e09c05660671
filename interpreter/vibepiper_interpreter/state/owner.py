"""Who this process is, for the lease: as another user would look for it."""

from __future__ import annotations

import getpass
import os
import platform


def owner() -> str:
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = f"user {os.getuid()}"  # in a container without an entry for it
    return f"{user}@{platform.node()} (process {os.getpid()})"
