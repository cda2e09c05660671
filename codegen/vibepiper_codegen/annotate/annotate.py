"""Annotates the functions of a project's Python assets, or says what it would annotate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vibepiper_codegen.annotate.edit import annotated
from vibepiper_codegen.annotate.wanted import wanted_annotations
from vibepiper_codegen.whole_file import write_whole
from vibepiper_interpreter.compile.compiled import CompiledProject
from vibepiper_interpreter.compile.python_source import PythonSources
from vibepiper_spec import load_settings
from vibepiper_spec.diagnostics import Diagnostic


@dataclass(frozen=True, slots=True)
class Annotated:
    """The functions that were annotated, or would be, as (path, function); and what contradicts."""

    functions: tuple[tuple[str, str], ...]
    diagnostics: tuple[Diagnostic, ...]


def annotate(root: Path, project: CompiledProject, *, check: bool = False) -> Annotated:
    """Give every parameter and result without an annotation its type of the stubs. What is annotated stays.

    `check`: write nothing. Raises OSError where a file cannot be written.
    """
    wanted = wanted_annotations(project, PythonSources(root), load_settings(root).codegen)
    for path, functions in wanted.files.items():
        module = wanted.modules[path]
        imported = {name: frozenset(map(str, targets)) for name, targets in module.imports.items()}
        imported |= {name: frozenset({f"{module.name}.{name}"}) for name in module.bindings}
        content = annotated(module.content, functions, imported)
        if not check:
            write_whole(root / path, content)
    done = tuple((path, each.function) for path, functions in wanted.files.items() for each in functions)
    return Annotated(done, tuple(wanted.diagnostics))
