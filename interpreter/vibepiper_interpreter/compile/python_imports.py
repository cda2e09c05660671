"""Imports the project's Python modules in a process of their own: what they hold and declare, once per content."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vibepiper_interpreter.compile import probe_process
from vibepiper_interpreter.compile.memo_key import memo_key
from vibepiper_interpreter.compile.python_fingerprint import import_closure
from vibepiper_interpreter.compile.python_source import PythonSources
from vibepiper_interpreter.local_cache import LocalCache
from vibepiper_spec.diagnostics import Diagnostic, Fix, Place, Range, Related

_CACHE_KIND = "python_imports"
_TIMEOUT = 120.0  # seconds for all modules of the project together


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a module does not import. `frames` are the user's own: file, line, function, text."""

    words: str
    frames: tuple[tuple[str, int, str, str], ...] = ()
    missing: str = ""  # the module that was not found, where that was the reason


@dataclass(frozen=True, slots=True)
class Imported:
    """What a module holds: the names of all that can be called, and what its decorators declare, as plain values."""

    functions: Sequence[str]
    declared: Sequence[Any] = ()


class Imports:
    """What importing gives, module by module."""

    def __init__(self, root: Path, sources: PythonSources, cache: LocalCache) -> None:
        self._root, self._sources, self._cache = root, sources, cache
        self._known: dict[str, Imported | Failure] = {}

    def of(self, modules: Sequence[str]) -> Mapping[str, Imported | Failure]:
        """Of at least these; what is not known yet is imported, all of it in one process."""
        keys = {module: self._key(module) for module in modules if module not in self._known}
        remembered = self._cache.get_many(_CACHE_KIND, keys.values())
        self._known |= {
            module: Imported(*json.loads(remembered[key])) for module, key in keys.items() if key in remembered
        }
        for module, result in import_modules(self._root, [each for each in keys if each not in self._known]).items():
            self._known[module] = result
            if isinstance(result, Imported):  # a failure is not remembered: a package may be installed in the meantime
                written = json.dumps([list(result.functions), list(result.declared)])
                self._cache.put(_CACHE_KIND, keys[module], written.encode())
        return self._known

    def _key(self, module: str) -> str:
        """Everything of the project that importing the module runs, and the Python that runs it."""
        closure = import_closure(self._sources, module)
        texts = [[name, found.text] for name in closure if (found := self._sources.module(name))]
        return memo_key(sys.executable, sys.version, texts)


def import_modules(root: Path, modules: Sequence[str], timeout: float = _TIMEOUT) -> dict[str, Imported | Failure]:
    """What each module holds, or why it does not import. One process, unless it is killed."""
    found: dict[str, Imported | Failure] = {}
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


def _read(answer: Mapping[str, Any]) -> Imported | Failure:
    if "functions" in answer:
        return Imported(answer["functions"], answer["declared"])
    frames = tuple((path, line, name, text) for path, line, name, text in answer["frames"])
    return Failure(answer["error"], frames, answer["missing"])


def does_not_import(sources: PythonSources, module: str, failure: Failure, place: Place, stubs: str = "") -> Diagnostic:
    """VP401: at the line of the user's code that failed, or else at `place`, where the module is needed.

    `stubs` is the package of stubs, which may just not be written yet.
    """
    notes = [f"{path}:{line}, in {name}: {text}" for path, line, name, text in failure.frames]
    at = place
    related: tuple[Related, ...] = ()
    if failure.frames:
        path, line, _, text = failure.frames[-1]
        at = Place(path, Range(line, 1, line, 1 + max(len(text), 1)))
        related = (Related(place, "what needs the module"),)
    fix = None
    if stubs and failure.missing.partition(".")[0] == stubs.partition(".")[0]:
        fix = Fix("Write the stubs: `vp codegen`. An import below `if TYPE_CHECKING:` needs none to run.")
    elif failure.missing:
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
