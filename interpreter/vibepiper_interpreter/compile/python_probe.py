"""Imports the project's Python modules in a process of their own, to see that they import: once per content."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vibepiper_interpreter.compile import probe_process
from vibepiper_interpreter.compile.compilation import Compilation, Workshop
from vibepiper_interpreter.compile.compiled import PythonDefinition
from vibepiper_interpreter.compile.memo import memo_key
from vibepiper_interpreter.compile.python_fingerprint import import_closure
from vibepiper_interpreter.compile.python_source import PythonSources
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, Fix, Place, Range, Related, did_you_mean
from vibepiper_spec.load.origin import Origin

_CACHE_KIND = "python_imports"
_TIMEOUT = 120.0  # seconds for all modules of the project together


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a module does not import. `frames` are the user's own: file, line, function, text."""

    words: str
    frames: tuple[tuple[str, int, str, str], ...] = ()
    missing: str = ""  # the module that was not found, where that was the reason


def probe_imports(state: Compilation, workshop: Workshop) -> tuple[Compilation, list[Diagnostic]]:
    """VP401 and VP402 for what only shows when a module is really imported."""
    if workshop.offline_python:
        return state, []
    functions = _functions(state)
    wanted: dict[str, list[Address]] = {}
    for address, (definition, _) in functions.items():
        wanted.setdefault(definition.module, []).append(address)
    keys = {module: _key(workshop.python, module, state.root) for module in wanted}
    known = workshop.cache.get_many(_CACHE_KIND, keys.values())
    pending = [module for module, key in keys.items() if key not in known]
    results = {module: json.loads(known[key]) for module, key in keys.items() if key in known}
    failures: dict[str, Failure] = {}
    for module, result in import_modules(state.root, pending).items():
        if isinstance(result, Failure):
            failures[module] = result  # not remembered: a package may be installed in the meantime
        else:
            results[module] = result
            workshop.cache.put(_CACHE_KIND, keys[module], json.dumps(result).encode())
    diagnostics = []
    unknown = set(state.unknown)
    locator = state.loaded.locator
    for module, addresses in wanted.items():
        if module in failures:
            place = locator.place(functions[addresses[0]][1], "function")
            diagnostics.append(_does_not_import(workshop.python, module, failures[module], place))
            unknown.update(addresses)
            continue
        for address in addresses:
            definition, origin = functions[address]
            if definition.function not in results[module]:
                place = locator.place(origin, "function")
                diagnostics.append(_not_callable(module, definition.function, results[module], place))
                unknown.add(address)
    return replace(state, unknown=frozenset(unknown)), diagnostics


def _functions(state: Compilation) -> dict[Address, tuple[PythonDefinition, Origin]]:
    """The functions of assets and tasks, with the blocks that name them."""
    found = {address: (each.definition, state.declared[address].origin) for address, each in state.python.items()}
    origins = {task.address: task.origin for task in state.loaded.project.tasks}
    return found | {address: (each.definition, origins[address]) for address, each in state.task_functions.items()}


def import_modules(root: Path, modules: Sequence[str], timeout: float = _TIMEOUT) -> dict[str, list[str] | Failure]:
    """For each module the names of its functions, or why it does not import. One process, unless it is killed."""
    found: dict[str, list[str] | Failure] = {}
    pending = list(modules)
    while pending:
        answers, ended = _run(root, pending, timeout)
        for answer in answers:
            found[answer["module"]] = _read(answer)
        left = [module for module in pending if module not in found]
        if left:
            # The process ended before it could answer: the module it was at is to blame, the others get another one.
            found[left[0]] = Failure(ended)
        pending = left[1:]
    return found


def _run(root: Path, modules: Sequence[str], timeout: float) -> tuple[list[dict[str, Any]], str]:
    """What the process answered, and how it ended, in words."""
    command = [sys.executable, str(Path(probe_process.__file__)), str(root.resolve()), *modules]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, cwd=root, env=environment, capture_output=True, timeout=timeout, stdin=subprocess.DEVNULL
        )
        output = done.stdout
        ended = f"importing it ended the process (exit status {done.returncode})"
    except subprocess.TimeoutExpired as error:
        output = error.stdout or b""
        ended = f"importing it took longer than {timeout:.0f} s"
    answers = [json.loads(line) for line in output.decode("utf-8", "replace").splitlines() if line.endswith("}")]
    return answers, ended


def _read(answer: Mapping[str, Any]) -> list[str] | Failure:
    if "functions" in answer:
        return list(answer["functions"])
    frames = tuple((path, line, name, text) for path, line, name, text in answer["frames"])
    return Failure(answer["error"], frames, answer["missing"])


def _key(sources: PythonSources, module: str, root: Path) -> str:
    """Everything of the project that importing the module runs, and the Python that runs it."""
    texts = [[name, found.text] for name in import_closure(sources, module) if (found := sources.module(name))]
    return memo_key(sys.executable, sys.version, texts)


def _does_not_import(sources: PythonSources, module: str, failure: Failure, place: Place) -> Diagnostic:
    notes = [f"{path}:{line}, in {name}: {text}" for path, line, name, text in failure.frames]
    at = place
    related: tuple[Related, ...] = ()
    if failure.frames:
        path, line, _, text = failure.frames[-1]
        at = Place(path, Range(line, 1, line, 1 + max(len(text), 1)))
        related = (Related(place, "what needs the module"),)
    fix = None
    if failure.missing:
        package = failure.missing.partition(".")[0]
        own = sources.path_of(failure.missing)
        fix = Fix(
            f"Install the package `{package}` beside `vp`, or correct the name."
            if own is None
            else f"Another installed package is called `{package}` and hides `{own}`: put an empty `__init__.py` into "
            f"the folder `{package}`, or rename it."
        )
    return Diagnostic(
        "VP401",
        f"The module `{module}` cannot be imported: {failure.words.rstrip('.')}.",
        at,
        related=related,
        fix=fix,
        notes=tuple(notes),
    )


def _not_callable(module: str, function: str, functions: Sequence[str], place: Place) -> Diagnostic:
    return Diagnostic(
        "VP402",
        f"After importing, `{module}` has no function `{function}`.{did_you_mean(function, functions)}",
        place,
        fix=Fix("Look whether something at the end of the module deletes or replaces it."),
    )
