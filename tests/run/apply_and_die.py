"""Plans and applies projects, or does what `vp` is told, in processes of their own, and kills each of them at a moment.

A moment is the number of an event, of a commit in the state (the process dies right before it), of any statement that
the state is asked (so too), or of a change in the file system that Python makes: a folder made, a file written,
renamed, linked or removed (right before it, too).

Each line of stdin is a `Job` as JSON. It is done in a fork of this process, which has imported everything already;
how it ended is a line on stdout. One job can also stand on the command line: it is done in this very process.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.engine import Engine

from vibepiper_cli.main import main
from vibepiper_interpreter.compile import compile_root
from vibepiper_interpreter.compile.compiled import CompiledAsset
from vibepiper_interpreter.connectors.file import files_of
from vibepiper_interpreter.plan import make_plan
from vibepiper_interpreter.run import apply_plan, scheduler
from vibepiper_interpreter.run.events import Listener
from vibepiper_interpreter.run.tasks import pace, shares
from vibepiper_interpreter.state import applied_sources, open_state
from vibepiper_interpreter.storage import Storage
from vibepiper_interpreter.storage.version import SourceFile
from vibepiper_spec import load_project
from vibepiper_spec.model.execution import ExecutorKind

# What Python's audit hooks call the changes.
CHANGES = frozenset({"os.mkdir", "os.link", "os.rename", "os.remove", "os.rmdir", "os.truncate", "shutil.rmtree"})

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h

# What an apply imports only once it needs it. Imported before the first fork, it costs each process nothing.
LATE = (
    "alembic.command",
    "psycopg",
    "pyarrow.compute",
    "pyarrow.parquet",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite",
    "vibepiper_cli.calling",
    "vibepiper_cli.commands.clean",
    "vibepiper_cli.commands.promote",
    "vibepiper_cli.commands.restore",
    "vibepiper_cli.commands.undo",
    "vibepiper_interpreter.compile.cache",
    "vibepiper_interpreter.compile.project",
    "vibepiper_interpreter.engines.duckdb.session",
    "vibepiper_interpreter.run.python.modules",
    "vibepiper_interpreter.state.store",
)


@dataclass(frozen=True)
class Job:
    """`last`: the number of the moment of this kind at which the process dies; 0: it does not.

    `now`: when the plan is made, None for now. `at_once`: all that is finished is written to the state at once, and
    not together with what is finished in the next half second. `divided`: the slices of an asset are made by several
    workers, however little it pays. `command`: what is typed after `vp`, in place of an apply; it has no events.
    """

    root: str
    kind: str = "event"
    last: int = 0
    now: str | None = None
    at_once: bool = False
    divided: bool = False
    executor: ExecutorKind | None = None
    workers: int | None = None
    command: Sequence[str] = ()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Countdown:
    """Dies when it is called for the last time."""

    def __init__(self, last: int) -> None:
        self._left = last

    def __call__(self, *_: object) -> None:
        self._left -= 1
        if self._left == 0:
            die()


def die_at(kind: str, last: int) -> Listener:
    """Arm the moment; it counts from here on."""
    countdown = Countdown(last)
    match kind:
        case "commit":
            event.listen(Engine, "commit", countdown)
        case "statement":
            event.listen(Engine, "before_cursor_execute", countdown)
        case "change":

            def look(name: str, arguments: tuple[object, ...]) -> None:
                # `open` is heard for reading too; its second argument is the mode.
                if name in CHANGES or (name == "open" and "w" in str(arguments[1])):
                    countdown()

            sys.addaudithook(look)
        case "event":
            return countdown
    return lambda event: None


def do(job: Job) -> None:
    root = Path(job.root)
    if job.at_once:
        scheduler._FLUSH_EVERY = 0.0
        pace.RECORD_EVERY = pace.RECORD_SHARE = 0.0
    if job.divided:
        shares._LEAST_SECONDS = 0.0
    compiled = compile_root(root, "dev", applied_sources).project
    settings = load_project(root).project.settings.running_on(job.executor, job.workers)
    state = open_state(root, settings)
    storage = Storage.open(root / settings.storage.path, state.id)

    def files(asset: CompiledAsset) -> tuple[SourceFile, ...]:
        return files_of(root, asset)

    now = None if job.now is None else datetime.fromisoformat(job.now)
    plan = make_plan(compiled, state, "dev", now=now, list_files=files, storage_has=storage.has)
    print("planned", flush=True)
    listener = die_at(job.kind, job.last)
    apply_plan(plan, root=root, settings=settings, state=state, owner="a mortal", listener=listener)
    print("applied", flush=True)


def tell(job: Job) -> None:
    """Let `vp` do it."""
    die_at(job.kind, job.last)
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()) as told:
        status = main([*job.command, "--project", job.root])
    if status != 0:
        raise RuntimeError(told.getvalue())


def adopt_orphans() -> None:
    """What those that die leave at work become children of this process, where the system knows of such a thing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def bury_all() -> None:
    """Wait for the end of what others have left at work."""
    with suppress(ChildProcessError):
        while True:
            os.wait()


def serve() -> None:
    adopt_orphans()
    for name in LATE:
        importlib.import_module(name)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            sys.stdout = StringIO()  # answers go to stdout: one a job
            job = Job(**json.loads(line))
            (tell if job.command else do)(job)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        bury_all()
        died = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        print("applied" if status == 0 else "killed" if died else f"failed: {status}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        do(Job(**json.loads(sys.argv[1])))
    else:
        serve()
