"""Runs a command and says what it cost; runs several in turns and takes medians."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run of a command cost, its children included."""

    wall: float  # seconds
    cpu: float  # seconds, user and system
    peak_memory: int  # bytes, of the largest process


@dataclass(frozen=True, slots=True)
class Command:
    """A command to measure. `before` prepares each run and is not measured."""

    arguments: Sequence[str | Path]
    folder: Path
    environment: Mapping[str, str] | None = None
    before: Callable[[], object] | None = None


class CommandFailed(Exception):
    """A measured command ended with an error: its cost would mean nothing."""


def vp(*arguments: str | Path) -> list[str]:
    """The `vp` of the Python that runs the benchmark."""
    return [str(Path(sys.executable).parent / "vp"), *map(str, arguments)]


def measure(command: Command, log: Path | None = None) -> Cost:
    """One run. Its output goes to `log` (appended), or is kept only to explain a failure."""
    if command.before is not None:
        command.before()
    # Compiling its own bytecode at every start is nothing that a user's machine would do.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"NO_COLOR": "1", **(command.environment or {})}
    output = (log or command.folder / "benchmark.log").open("ab")
    with output:
        started = time.perf_counter()
        process = subprocess.Popen(
            [str(argument) for argument in command.arguments],
            cwd=command.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        tail = Path(output.name).read_text(errors="replace")[-3000:]
        raise CommandFailed(f"{' '.join(map(str, command.arguments))} → {process.returncode}\n{tail}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit)


def measure_in_turns(commands: Mapping[str, Command], rounds: int) -> dict[str, Cost]:
    """Every command once, then every command again: a slow minute of the machine hits all of them."""
    runs: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            runs[name].append(measure(command))
            say(f"  {name}: {runs[name][-1].cpu:.2f} CPU s, {runs[name][-1].wall:.2f} s")
    return {name: middle(costs) for name, costs in runs.items()}


def middle(costs: Sequence[Cost]) -> Cost:
    return Cost(
        wall=median(cost.wall for cost in costs),
        cpu=median(cost.cpu for cost in costs),
        peak_memory=int(median(cost.peak_memory for cost in costs)),
    )


def say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
