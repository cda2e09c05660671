"""Runs the tests that a change reaches, and says how they ended."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.printer import Printer
from vibepiper_cli.project import compiled, find_root, stop_on_errors
from vibepiper_cli.views.diagnostics import show_diagnostics
from vibepiper_cli.views.words import count, seconds
from vibepiper_interpreter.compile.compiled import CompiledProject
from vibepiper_interpreter.compile.compiled_operator import CompiledOperator
from vibepiper_interpreter.local_cache import LocalCache, may_be_written
from vibepiper_interpreter.plan.selection import select
from vibepiper_interpreter.run.trials.run_tests import Surroundings, TestResult, passed_before, run_tests
from vibepiper_spec.address import Address
from vibepiper_spec.load.project import load_settings


def run(
    invocation: Invocation, words: Sequence[str], environment: str, workers: int | None, *, every: bool
) -> ExitStatus:
    root, printer = find_root(invocation), invocation.printer
    known = compiled(invocation, environment)
    stop_on_errors(known.diagnostics, invocation)
    chosen = _chosen(known.project, words)
    cache = LocalCache(root if may_be_written(root) else None)
    unchanged = frozenset[Address]() if every else passed_before(chosen, cache)
    due = [test for test in chosen if test.address not in unchanged]

    def log(address: Address, level: str, message: str) -> None:
        if not invocation.json:
            printer.talk(f"  {address} {level}: {message}")

    results = []
    if due:
        around = Surroundings(root, load_settings(root), environment, known.project.variables)
        for result in run_tests(around, due, log, workers or os.cpu_count() or 1, cache):
            results.append(result)
            if not invocation.json:
                printer.talk(_line(result, printer))
    failed = [result for result in results if not result.passed]
    show_diagnostics([each for result in failed for each in result.diagnostics], invocation)
    if invocation.json:
        printer.json(_json(chosen, results))
    else:
        printer.talk(_sum(chosen, results))
    return ExitStatus.FAILED if failed else ExitStatus.OK


def _chosen(project: CompiledProject, words: Sequence[str]) -> list[CompiledOperator]:
    """The tests that are named, and those of assets that are."""
    tests = [(operator, operator.tests) for operator in project.operators.values() if operator.tests is not None]
    if not words:
        return [test for test, _ in tests]
    named = select(project, (), words)
    return [test for test, asset in tests if test.address in named or asset.address in named]


def _line(result: TestResult, printer: Printer) -> str:
    word = printer.talk_paint("good", "passed") if result.passed else printer.talk_paint("error", "failed")
    return f"  {word}  {result.test.address}  {seconds(result.seconds)}"


def _sum(chosen: Sequence[CompiledOperator], results: Sequence[TestResult]) -> str:
    if not chosen:
        return "There are no tests here. `vp test new ASSET` writes one from rows that are published."
    passed = sum(result.passed for result in results)
    parts = [f"{number:,} {word}" for number, word in ((passed, "passed"), (len(results) - passed, "failed")) if number]
    rest = len(chosen) - len(results)
    unchanged = f"{rest:,} passed before, and nothing has changed since (`--all` runs them too)" if rest else ""
    return f"{count(len(chosen), 'test')}: {'; '.join(filter(None, (', '.join(parts), unchanged)))}."


def _json(chosen: Sequence[CompiledOperator], results: Sequence[TestResult]) -> dict[str, Any]:
    found = {result.test.address: result for result in results}
    tests = []
    for test in chosen:
        assert test.tests is not None
        result = found.get(test.address)
        tests.append(
            {
                "test": str(test.address),
                "asset": str(test.tests.address),
                "outcome": "unchanged" if result is None else "passed" if result.passed else "failed",
                "seconds": None if result is None else result.seconds,
                "diagnostics": [] if result is None else [each.to_json() for each in result.diagnostics],
            }
        )
    return {"tests": tests}
