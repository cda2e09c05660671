"""What it costs to have a trivial function done many times, on each executor and by its plain floor."""

from __future__ import annotations

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from benchmarks.measure import Command, Cost, measure_in_turns, vp
from benchmarks.table import Table

MANY = 1_000
WIDTH = 100  # of a layer
EXECUTORS = ("inline", "threads", "processes", "ray")
FLOORS = {
    "inline": "for _ in range(many): nothing()",
    "threads": """from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(workers) as pool:
    done = [pool.submit(nothing) for _ in range(many)]
    [each.result() for each in done]""",
    "processes": """from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
if __name__ == "__main__":
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        done = [pool.submit(nothing) for _ in range(many)]
        [each.result() for each in done]""",
    "ray": """import ray
ray.init(num_cpus=workers, log_to_driver=False, logging_level="ERROR")
remote = ray.remote(nothing)
ray.get([remote.remote() for _ in range(many)])""",
}


def run(folder: Path, rounds: int) -> list[Table]:
    executors = [each for each in EXECUTORS if each != "ray" or find_spec("ray")]
    return [_table(folder, rounds, executors, shape) for shape in ("at once", "in layers")]


def _table(folder: Path, rounds: int, executors: list[str], shape: str) -> Table:
    commands: dict[str, Command] = {}
    for many in (MANY, 2 * MANY):
        root = _project(folder / f"tasks-{many}-{shape.replace(' ', '-')}", many, shape)
        for executor in executors:
            commands[f"{executor} {many}"] = Command(vp("apply", "--yes", "--quiet", "--executor", executor), root)
            script = root / f"floor_{executor}.py"
            script.write_text(
                f"import os\nmany, workers = {many}, os.cpu_count() or 1\n"
                f"def nothing():\n    return None\n{FLOORS[executor]}\n"
            )
            if shape == "at once":  # a floor knows no order
                commands[f"floor {executor} {many}"] = Command([sys.executable, script], root)
    costs = measure_in_turns(commands, rounds)
    rows = []
    for executor in executors:
        ours = _each(costs, executor)
        row = [f"`{executor}`", f"{ours[0]:.2f}", f"{ours[1]:.2f}"]
        if shape == "at once":
            floor = _each(costs, f"floor {executor}")
            row += [f"{floor[0]:.2f}", f"{floor[1]:.2f}"]
        rows.append(row)
    heads = ("executor", "wall ms", "CPU ms") + (("floor, wall ms", "floor, CPU ms") if shape == "at once" else ())
    return Table(
        f"One trivial task more, {shape}",
        f"The difference between {2 * MANY:,} and {MANY:,} `[task.python]` that do nothing, divided by {MANY:,}: "
        "start-up falls out, and reading, planning, the state's record and events are in it. The floor is a plain "
        "loop, a `ThreadPoolExecutor`, a spawned `ProcessPoolExecutor`, and plain `ray.remote` of the same function.",
        heads,
        rows,
    )


def _each(costs: dict[str, Cost], name: str) -> tuple[float, float]:
    """Milliseconds that one task more costs: wall, and CPU."""
    few, twice = costs[f"{name} {MANY}"], costs[f"{name} {2 * MANY}"]
    return (twice.wall - few.wall) * 1000 / MANY, (twice.cpu - few.cpu) * 1000 / MANY


def _project(root: Path, many: int, shape: str) -> Path:
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    (root / "vp.toml").write_text('[project]\nname = "tasks"\n')
    (root / "trivial.py").write_text("def nothing():\n    return None\n")
    blocks = ['[pipeline]\nname = "tasks"\n']
    for number in range(many):
        block = f'[task.python.t{number}]\nfunction = "trivial:nothing"\nrun = "always"\n'
        if shape == "in layers" and number >= WIDTH:
            block += f'after = ["t{number - WIDTH}", "t{number - WIDTH + (1 if number % WIDTH < WIDTH - 1 else 0)}"]\n'
        blocks.append(block)
    (root / "tasks.vp.toml").write_text("\n".join(blocks))
    return root
