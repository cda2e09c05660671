"""What it costs to have a trivial function done many times, on each executor and by its plain floor."""

from __future__ import annotations

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from benchmarks.measure import Command, Cost, measure_in_turns, vp
from benchmarks.table import Table

FEW, MANY = 1_000, 10_000
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
# Beside which there is no executor of ours.
OTHER_FLOORS = {
    "plain Dask": """from distributed import Client, LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            client.gather(client.map(lambda number: nothing(), range(many), pure=False))""",
}


def run(folder: Path, rounds: int) -> list[Table]:
    executors = [each for each in EXECUTORS if each != "ray" or find_spec("ray")]
    plain = {each: FLOORS[each] for each in executors}
    if find_spec("distributed"):
        plain |= OTHER_FLOORS
    floors = {many: _floors(folder / f"floors-{many}", many, plain) for many in (FEW, MANY)}
    return [
        _starts(folder, rounds, executors),
        _table(folder, rounds, executors, "at once", 0, floors),
        _table(folder, rounds, executors, f"in layers of {WIDTH}", WIDTH, {}),
    ]


def _table(
    folder: Path, rounds: int, executors: list[str], shape: str, width: int, floors: dict[int, dict[str, Command]]
) -> Table:
    commands: dict[str, Command] = {}
    for many in (FEW, MANY):
        root = write_project(folder / f"tasks-{many}-{width}", many, width)
        for executor in executors:
            apply = vp("apply", "--yes", "--quiet", "--executor", executor)
            commands[f"{executor} {many}"] = Command(apply, root)
        commands |= {f"floor {executor} {many}": floor for executor, floor in floors.get(many, {}).items()}
    costs = measure_in_turns(commands, rounds)
    rows: list[list[str]] = []
    for executor in executors:
        row = [f"`{executor}`", *_each(costs, executor), f"{costs[f'{executor} {FEW}'].wall:.1f}"]
        rows.append(row + (_each(costs, f"floor {executor}") if floors else []))
    rows += [
        [name, "", "", "", *_each(costs, f"floor {name}")] for name in OTHER_FLOORS if f"floor {name} {MANY}" in costs
    ]
    heads = ("executor", "wall ms", "CPU ms", f"{FEW:,} in all, s")
    return Table(
        f"One trivial task more, {shape}",
        f"The difference between {MANY:,} and {FEW:,} `[task.python]` that do nothing, divided by {MANY - FEW:,}: "
        "start-up falls out, and reading, planning, the state's record and events are in it. The CPU of Ray's own "
        "processes is not. The floor, which knows no order and writes nothing down, is a plain loop, a "
        "`ThreadPoolExecutor`, a spawned `ProcessPoolExecutor`, and plain `ray.remote` of the same function; and a "
        "local cluster of Dask's.",
        heads + (("floor, wall ms", "floor, CPU ms") if floors else ()),
        rows,
    )


def _each(costs: dict[str, Cost], name: str) -> list[str]:
    """Milliseconds that one task more costs: wall, and CPU."""
    few, many = costs[f"{name} {FEW}"], costs[f"{name} {MANY}"]
    return [f"{each * 1000 / (MANY - FEW):.2f}" for each in (many.wall - few.wall, many.cpu - few.cpu)]


def _starts(folder: Path, rounds: int, executors: list[str]) -> Table:
    """What one task alone takes, from the command to its end."""
    root = write_project(folder / "tasks-1", 1, 0)
    costs = measure_in_turns(
        {each: Command(vp("apply", "--yes", "--quiet", "--executor", each), root) for each in executors}, rounds
    )
    return Table(
        "The start of each executor",
        "One task that does nothing, from the command to its end: Python, planning and publishing are in it.",
        ("executor", "wall s", "CPU s"),
        [[f"`{each}`", f"{cost.wall:.2f}", f"{cost.cpu:.2f}"] for each, cost in costs.items()],
    )


def _floors(root: Path, many: int, floors: dict[str, str]) -> dict[str, Command]:
    root.mkdir(parents=True, exist_ok=True)
    commands = {}
    for executor, floor in floors.items():
        script = root / f"floor_{executor.replace(' ', '_')}.py"
        begin = f"import os\nmany, workers = {many}, os.cpu_count() or 1\ndef nothing():\n    return None\n"
        script.write_text(f"{begin}{floor}\n")
        commands[executor] = Command([sys.executable, script], root)
    return commands


def write_project(root: Path, many: int, width: int) -> Path:
    """So many tasks that do nothing, each after two of the layer of `width` before it; 0: after none."""
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    (root / "vp.toml").write_text('[project]\nname = "tasks"\n')
    (root / "trivial.py").write_text("def nothing():\n    return None\n")
    blocks = ['[pipeline]\nname = "tasks"\n']
    for number in range(many):
        block = f'[task.python.t{number}]\nfunction = "trivial:nothing"\nrun = "always"\n'
        if width and number >= width:
            block += f'after = ["t{number - width}", "t{number - width + (1 if number % width < width - 1 else 0)}"]\n'
        blocks.append(block)
    (root / "tasks.vp.toml").write_text("\n".join(blocks))
    return root
