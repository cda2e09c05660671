"""Reads what `[project] modules` declare by decorators: imports them in a process of its own, once per content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from vibepiper_interpreter.compile.input_braces import MissingTranslator, put_names, translate
from vibepiper_interpreter.compile.python_fingerprint import import_closure
from vibepiper_interpreter.compile.python_imports import Failure, Imported, Imports, does_not_import
from vibepiper_interpreter.compile.python_references import function_not_found
from vibepiper_interpreter.compile.python_source import PythonSources
from vibepiper_interpreter.local_cache import LocalCache
from vibepiper_spec.diagnostics import START_OF_FILE, Diagnostic, Fix, Place, Range, Related, did_you_mean
from vibepiper_spec.load.parse import ParsedFile
from vibepiper_spec.load.problem import Problem
from vibepiper_spec.load.project import load_settings
from vibepiper_spec.load.python_file import PythonFile, place_of_module
from vibepiper_spec.model.scalar import ForeignValue

_NAMED = "Name a parameter of the function, and the asset that it stands for."
_TAGS = {
    "$date": date.fromisoformat,
    "$timestamp": datetime.fromisoformat,
    "$time": time.fromisoformat,
    "$float": float,
    "$python": ForeignValue,
}


def declared_modules(root: Path) -> list[PythonFile]:
    """What the modules of the project at `root` declare, in their order."""
    sources = PythonSources(root)
    with LocalCache(root) as cache:
        return read_modules(load_settings(root).project.modules, sources, Imports(root, sources, cache))[0]


def read_modules(
    names: Sequence[str], sources: PythonSources, imports: Imports
) -> tuple[list[PythonFile], list[Problem]]:
    """What each of these modules declares, with its mistakes; and which names are wrong themselves."""
    problems = [
        _not_found(name, index, sources)
        for index, name in enumerate(names)
        if sources.module(name) is None and sources.syntax_error(name) is None
    ]
    results = imports.of([name for name in names if sources.module(name) is not None])
    files = [_file(name, sources, results) for name in dict.fromkeys(names) if sources.path_of(name) is not None]
    return files, problems


def _file(name: str, sources: PythonSources, results: Mapping[str, Imported | Failure]) -> PythonFile:
    module = sources.module(name)
    if module is None:
        path = sources.path_of(name)
        assert path is not None
        place = Place(path, START_OF_FILE)
        return _lost(path, function_not_found(sources, name, "", place, "project"))
    result = results[name]
    if isinstance(result, Failure):
        return _lost(module.path, does_not_import(sources, name, result, Place(module.path, START_OF_FILE)))
    reading = _Module(module.path, result.declared)
    data = reading.read()
    closure = (sources.module(each) for each in import_closure(sources, name) if each != name)
    return PythonFile(
        module.path,
        ParsedFile(data, tuple(reading.diagnostics), frozenset(reading.broken)),
        reading.lines,
        tuple(each.path for each in closure if each is not None),
    )


def _lost(path: str, diagnostic: Diagnostic) -> PythonFile:
    """A module of which nobody knows what it declares."""
    return PythonFile(path, ParsedFile({}, (diagnostic,), frozenset({()})))


def _not_found(name: str, index: int, sources: PythonSources) -> Problem:
    origin, keys = place_of_module(index)
    path = name.replace(".", "/")
    return Problem(
        "VP401",
        f"There is no module `{name}` in the project.{did_you_mean(name, sources.names())}",
        origin,
        keys,
        fix=f"Write it into `{path}.py`, or into `src/{path}.py`, or remove the name.",
    )


class _Module:
    """Puts the declarations of one module together to the tables that TOML would give."""

    def __init__(self, path: str, declared: Sequence[Any]) -> None:
        self.diagnostics: list[Diagnostic] = []
        self.lines: dict[tuple[str | int, ...], int] = {}
        self.broken: set[tuple[str, ...]] = set()
        self._path, self._declared = path, declared
        self._data: dict[str, Any] = {}

    def read(self) -> dict[str, Any]:
        for written, name, keys, line, mistake in self._declared:
            header, table = tuple(written), _value(keys)
            if header == ("check",):
                self._add_check(name, table["check"], table["parameters"], line)
                continue
            if header == ("validate",):
                self._tell("VP409", f"{mistake}.", line, "Put `@asset` or `@sql_asset` above `@validate`.")
                continue
            if mistake:
                self._tell("VP409", f"{mistake}.", line, "Define it there, by `def`.")
                self.broken.add((*header, name))
            if header == ("sql",):
                self._make_query(name, table, line)
            self._add(header, name, table, line)
        if self._data and "pipeline" not in self._data:
            self._tell(
                "VP104",
                f"The module `{self._path}` does not name its pipeline, so its assets have no address.",
                1,
                'Write `pipeline = Pipeline("…")` above them, with the name of the pipeline.',
            )
            self.broken.add(())
            return {}
        return self._data

    def _add(self, header: tuple[str, ...], name: str, table: Mapping[str, Any], line: int) -> None:
        keys = header if header == ("pipeline",) else (*header, name)
        if keys in self.lines:
            self._twice(header, name, line, self.lines[keys])
            return
        self.lines[keys] = line
        if header == ("pipeline",):
            self._data["pipeline"] = {"name": name, **table}
            return
        below = self._data
        for word in header:
            below = below.setdefault(word, {})
        below[name] = table

    def _twice(self, header: tuple[str, ...], name: str, line: int, first: int) -> None:
        what = "pipeline, and a module belongs to one" if header == ("pipeline",) else f"`{name}`"
        self._tell(
            "VP201",
            f"The module declares another {what}." if header == ("pipeline",) else f"{what} is declared already.",
            line,
            "Rename or remove one of the two.",
            Related(Place(self._path, Range.at(first, 1)), "First declared here"),
        )

    def _make_query(self, name: str, table: dict[str, Any], line: int) -> None:
        """The braces become names of assets, and another dialect DuckDB's."""
        parameters, inputs = table.pop("parameters"), table.get("inputs", {})
        if not isinstance(inputs, dict) or not isinstance(table["dialect"], str):
            return  # the model says so
        inputs = dict(inputs)
        for each in [each for each in inputs if each not in parameters and isinstance(inputs[each], str)]:
            near = did_you_mean(each, parameters)
            self._tell("VP403", f"`inputs` names `{each}`, which is no parameter of the function.{near}", line, _NAMED)
            self.broken.add(("sql", name))
            del inputs[each]
        assets = {each: inputs.pop(each) if isinstance(inputs.get(each), str) else each for each in parameters}
        if "inputs" in table:
            table["inputs"] = inputs
        text, dialect = table["query"], table.pop("dialect")
        table["query"] = self._named(text, assets, line, ("sql", name))
        if dialect == "duckdb":
            return
        try:
            table["query"] = translate(text, assets, dialect)
        except MissingTranslator as error:
            self._tell("VP606", str(error), line, "Install it: `pip install 'vibepiper[dialects]'`.")
            self.broken.add(("sql", name))
        except ValueError as error:
            self._tell("VP306", f"{error}.", line, "Correct it, or write the query in DuckDB's dialect.")
            self.broken.add(("sql", name))

    def _named(self, text: str, assets: Mapping[str, str], line: int, block: tuple[str, ...]) -> str:
        query, unknown = put_names(text, assets)
        for word in unknown:
            self.broken.add(block)
            near = did_you_mean(word, assets)
            known = ", ".join(f"`{each}`" for each in assets)
            self._tell(
                "VP403",
                f"`{{{{ {word} }}}}` names no parameter of the function.{near}",
                line,
                f"Its parameters are {known}." if known else f"Give the function the parameter `{word}`.",
            )
        return query

    def _add_check(self, asset: str, check: dict[str, Any], parameters: Sequence[str], line: int) -> None:
        for header in (("python",), ("sql",), ("source", "file")):
            blocks = self._data
            for word in header:
                blocks = blocks.get(word, {})
            if asset in blocks:
                query = self._named(check["query"], {each: each for each in parameters}, line, (*header, asset))
                table = blocks[asset]
                table["checks"] = [*table.get("checks", ()), {**check, "query": query}]
                return
        known = [str(keys[-1]) for keys in self.lines if keys != ("pipeline",)]
        self._tell(
            "VP202",
            f"The module declares no asset `{asset}` above this check.{did_you_mean(asset, known)}",
            line,
            "Put the check below its asset, into the same module.",
        )

    def _tell(self, code: str, detail: str, line: int, fix: str, *related: Related) -> None:
        place = Place(self._path, Range.at(line, 1))
        self.diagnostics.append(Diagnostic(code, detail, place, related=related, fix=Fix(fix)))


def _value(written: Any) -> Any:
    if isinstance(written, list):
        return [_value(each) for each in written]
    if isinstance(written, dict):
        if len(written) == 1:
            tag, value = next(iter(written.items()))
            if tag in _TAGS:
                return _TAGS[tag](value)
        return {key: _value(each) for key, each in written.items()}
    return written
