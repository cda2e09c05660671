"""Runs as a process of its own: performs the attempts that come in, one after the other.

What `executors.processes` sends and gets is pickled; only its own child talks through the descriptor it was given.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any

from vibepiper_interpreter.executors.outbox import Outbox, portable
from vibepiper_interpreter.run.small_tables import SmallTables
from vibepiper_interpreter.run.tasks.task import Report
from vibepiper_interpreter.run.worker import Attempt, open_worker


def main() -> None:
    # What code prints that belongs to no task must not look like an answer of `vp`.
    os.dup2(2, 1)
    # Ctrl-C is the parent's: it stops the run in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection: Connection[Any, Any] = Connection(int(sys.argv[1]))
    name, briefing, share = connection.recv()
    attempts: SimpleQueue[Attempt] = SimpleQueue()
    outbox = Outbox(lambda told: connection.send(("told", told)) if told else None)
    with open_worker(briefing, outbox.say, SmallTables(), share) as worker:
        threading.Thread(target=_receive, args=(connection, attempts), daemon=True).start()
        while True:
            attempt = attempts.get()
            end: Report | BaseException
            try:
                how, end = "ended", worker.perform(attempt, name)
            except BaseException as error:
                how, end = "raised", portable(error)
            connection.send((how, end, outbox.take()))


def _receive(connection: Connection[Any, Any], attempts: SimpleQueue[Attempt]) -> None:
    while True:
        try:
            attempts.put(connection.recv())
        except (EOFError, OSError):
            # The parent is done with us, or gone: nobody needs what we do.
            os._exit(0)


if __name__ == "__main__":
    main()
