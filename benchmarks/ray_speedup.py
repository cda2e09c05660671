"""What a second processor gives to one asset of mode partition whose function computes, on Ray."""

from __future__ import annotations

import shutil
from pathlib import Path

from benchmarks.measure import Command, measure_in_turns, vp
from benchmarks.table import Table

PARTITIONS = 16
SECONDS = 2.0  # about, of one partition on a quiet processor

SPECS = f"""
[pipeline]
name = "speedup"

[sql.numbers]
query = "select 'p' || range as part, range as seed from range({PARTITIONS})"

[python.computed]
function = "computing:compute"
columns.part = "varchar"
columns.total = "bigint"
build = {{ mode = "partition", column = "part", values_of = "numbers.part" }}
"""
CODE = """
import pyarrow as pa


def compute(numbers: pa.Table, context):
    seed = dict(zip(numbers["part"].to_pylist(), numbers["seed"].to_pylist()))[context.partition]
    total = seed
    for number in range({rounds}):
        total = (total * 1103515245 + number) % 2147483648
    return pa.table({{"part": [context.partition], "total": [total]}})
"""
ROUNDS_A_SECOND = 12_000_000


def run(folder: Path, rounds: int) -> list[Table]:
    """The same with next to nothing to compute tells what the start and the end take, and is subtracted."""
    commands = {}
    for name, seconds in (("nothing", 0.0), ("work", SECONDS)):
        for workers in (1, 2):
            root = folder / f"speedup-{name}-{workers}"
            apply = vp("apply", "--yes", "--quiet", "--executor", "ray", "--workers", str(workers))

            def before(root: Path = root, seconds: float = seconds) -> None:
                _write(root, int(seconds * ROUNDS_A_SECOND))

            before()
            commands[f"{name} {workers}"] = Command(apply, root, before=before)
    costs = measure_in_turns(commands, rounds)
    took = {workers: costs[f"work {workers}"].wall - costs[f"nothing {workers}"].wall for workers in (1, 2)}
    rows = [
        [str(workers), f"{costs[f'work {workers}'].wall:.1f}", f"{took[workers]:.1f}", f"{took[1] / took[workers]:.2f}"]
        for workers in (1, 2)
    ]
    return [
        Table(
            "A second processor on Ray",
            f"{PARTITIONS} partitions of one Python asset, each of which computes for about {SECONDS:.0f} seconds. "
            "Without the start: less what the same takes where there is nothing to compute.",
            ("processors", "in all, wall s", "without the start, wall s", "speed-up"),
            rows,
        )
    ]


def _write(root: Path, rounds: int) -> None:
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    (root / "vp.toml").write_text('[project]\nname = "speedup"\n')
    (root / "speedup.vp.toml").write_text(SPECS)
    (root / "computing.py").write_text(CODE.format(rounds=rounds))
