"""Ends the process without taking apart what it holds: that takes longer than many a command, and helps nobody."""

from __future__ import annotations

import atexit
import os
import sys
import threading


def leave(status: int) -> None:
    """End the process with `status`, after everything that asked to be done at its end and once all is written.

    Returns where the interpreter has to end it: threads are waited for, or the last words cannot be written.
    """
    if any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread()):
        return
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):  # nobody reads them any more
        return
    os._exit(status)
