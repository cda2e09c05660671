"""One trivial task more in other tools, each in an environment of its own, beside ours on threads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Command, CommandFailed, Cost, measure, measure_in_turns, say, vp
from benchmarks.others import environment
from benchmarks.table import Table
from benchmarks.tasks import write_project

FEW, MORE = 100, 300  # others take tens of milliseconds for each


@dataclass(frozen=True, slots=True)
class Tool:
    """`driver` takes how many tasks, and how many of them are in a layer (0: all at once)."""

    name: str
    packages: tuple[str, ...]
    driver: str
    settings: tuple[tuple[str, str], ...] = ()
    # What its own Python does once, before anything is measured.
    prepare: tuple[str, ...] = ()


TOOLS = (
    Tool("Dagster, `execute_in_process`", ("dagster",), "drive_dagster.py", (("DAGSTER_DISABLE_TELEMETRY", "1"),)),
    # Prefect 3 does not start beside the web framework that installs with it.
    Tool("Prefect 2, a flow on threads", ("prefect<3",), "drive_prefect.py", (("DO_NOT_TRACK", "1"),)),
    Tool(
        "Airflow, `dag.test()`",
        ("apache-airflow>=3",),
        "drive_airflow.py",
        (("AIRFLOW__CORE__LOAD_EXAMPLES", "0"),),
        ("-m", "airflow", "db", "migrate"),
    ),
)


def run(folder: Path, rounds: int) -> list[Table]:
    """Each tool for itself: one that does not install, or fails, says so and does not stop the others."""
    rows = [_row("VibePiper, threads", _ours(folder, rounds), None)]
    ours = float(rows[0][2])
    for tool in TOOLS:
        try:
            rows.append(_row(tool.name, _theirs(folder, tool, rounds), ours))
        except CommandFailed as error:
            say(f"  {tool.name}: {error}")
            rows.append([tool.name, "failed here", "", ""])
    return [
        Table(
            "One trivial task more, in other tools",
            f"As above, all at once: the difference between {MORE} and {FEW} tasks, divided. Each tool runs in this "
            "process or, where it must, with its own server on this machine, in an environment of its own.",
            ("", "wall ms", "CPU ms", "CPU, times ours"),
            rows,
        )
    ]


def _row(name: str, cost: tuple[float, float], ours: float | None) -> list[str]:
    wall, cpu = cost
    return [name, f"{wall:.2f}", f"{cpu:.2f}", "1" if ours is None else f"{cpu / ours:.0f}"]


def _ours(folder: Path, rounds: int) -> tuple[float, float]:
    # Hundreds of ours would be lost in the noise of starting.
    few, more = 1_000, 4_000
    roots = {many: write_project(folder / f"task-tools-{many}", many, 0) for many in (few, more)}
    commands = {str(many): Command(vp("apply", "--yes", "--quiet"), root) for many, root in roots.items()}
    return _difference(measure_in_turns(commands, rounds), few, more)


def _theirs(folder: Path, tool: Tool, rounds: int) -> tuple[float, float]:
    name = tool.driver.removeprefix("drive_").removesuffix(".py")
    python = environment(folder, name, *tool.packages) / "python"
    home = folder / "task-tools" / name
    home.mkdir(parents=True, exist_ok=True)
    # What a tool keeps in the user's folder stays here.
    settings = {**dict(tool.settings), "HOME": str(home)}
    driver = Path(__file__).with_name(tool.driver)
    if tool.prepare:
        measure(Command([python, *tool.prepare], home, environment=settings))
    commands = {
        str(many): Command([python, driver, str(many), "0"], home, environment=settings) for many in (FEW, MORE)
    }
    return _difference(measure_in_turns(commands, rounds), FEW, MORE)


def _difference(costs: dict[str, Cost], few: int, more: int) -> tuple[float, float]:
    one, other = costs[str(few)], costs[str(more)]
    return (other.wall - one.wall) * 1000 / (more - few), (other.cpu - one.cpu) * 1000 / (more - few)
