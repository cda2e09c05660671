"""`python -m benchmarks [NAME …]`: measures, prints the tables, and writes them into the docs where asked to."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import (
    codegen,
    heavy,
    merging,
    no_op,
    others,
    precision,
    ray_speedup,
    small_models,
    startup,
    task_tools,
    tasks,
)
from benchmarks.measure import say
from benchmarks.table import Table, machine

BENCHMARKS: dict[str, Callable[[Path, int], list[Table]]] = {
    "startup": startup.run,
    "small_models": small_models.run,
    "heavy": heavy.run,
    "merging": merging.run,
    "no_op": no_op.run,
    "others": others.run,
    "precision": precision.run,
    "codegen": codegen.run,
    "tasks": tasks.run,
    "ray_speedup": ray_speedup.run,
    "task_tools": task_tools.run,
}
# What stands between these lines of docs/performance.md is written here; the rest of the page is written by hand.
BEGIN, END = "<!-- figures: begin, written by `make bench` -->", "<!-- figures: end -->"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(BENCHMARKS)} (all)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each command; the median counts (3)")
    parser.add_argument("--folder", type=Path, help="where to work; kept afterwards (a temporary folder)")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the figures into this Markdown page")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - BENCHMARKS.keys():
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")

    with tempfile.TemporaryDirectory(prefix="vp-bench-") as temporary:
        folder = (arguments.folder or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        tables: list[Table] = []
        for name in arguments.names or BENCHMARKS:
            say(name)
            tables += BENCHMARKS[name](folder, arguments.rounds)
    figures = "\n".join([machine() + "\n", *(table.markdown() for table in tables)])
    print(figures)
    if arguments.write:
        write_figures(arguments.write, figures)


def write_figures(page: Path, figures: str) -> None:
    text = page.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"{page} has no lines {BEGIN!r} and {END!r}")
    page.write_text(f"{before}{BEGIN}\n\n{figures}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
