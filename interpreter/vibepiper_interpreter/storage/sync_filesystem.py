"""Forces everything written to one file system to disk, where the system has a call for that."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path


def sync_filesystem(path: Path) -> bool:
    """Linux's `syncfs`, which Python does not offer. False where there is none, or it failed: sync each file then."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        syncfs = ctypes.CDLL(None, use_errno=True).syncfs
    except (OSError, AttributeError):
        return False
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return bool(syncfs(descriptor) == 0)
    finally:
        os.close(descriptor)
