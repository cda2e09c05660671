"""Pass: what every asset reads, told from its SQL and from its Python function's parameters."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from vibepiper_interpreter.compile.compilation import Compilation, SqlReferences, Workshop
from vibepiper_interpreter.compile.compiled import Definition, SqlDefinition
from vibepiper_interpreter.compile.incremental_builds import slice_parameters, with_values_input
from vibepiper_interpreter.compile.memo import references_from_bytes, references_to_bytes
from vibepiper_interpreter.compile.memo_key import memo_key
from vibepiper_interpreter.compile.placing import place_problem
from vibepiper_interpreter.compile.python_references import find_references
from vibepiper_interpreter.compile.sql_references import references
from vibepiper_interpreter.engines.duckdb.errors import SqlProblem
from vibepiper_interpreter.engines.duckdb.syntax import Syntax, judge, serialized
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, Fix, Place, did_you_mean
from vibepiper_spec.load.loaded import DeclaredAsset
from vibepiper_spec.model.build import Build
from vibepiper_spec.model.python_asset import PythonAsset
from vibepiper_spec.model.sql_asset import SqlAsset

_CACHE_KIND = "sql_references"


def find_sql_references(state: Compilation, workshop: Workshop) -> tuple[Compilation, list[Diagnostic]]:
    """Fills `sql`, and `definitions` and `reads` of the SQL assets."""
    assets = {
        address: (declared, declared.spec.query or "")
        for address, declared in state.declared.items()
        if isinstance(declared.spec, SqlAsset)
    }
    found = references_of(workshop, [query for _, query in assets.values()])
    sql: dict[Address, SqlReferences] = {}
    reads = dict(state.reads)
    definitions: dict[Address, Definition] = dict(state.definitions)
    diagnostics: list[Diagnostic] = []
    unknown = set(state.unknown)
    own_past = set(state.own_past)
    for (address, (declared, query)), refers in zip(assets.items(), found, strict=True):
        sql[address] = refers
        resolved, told = _resolve(state, declared, refers)
        if address in resolved and declared.spec.build.sees_itself:
            own_past.add(address)
        reads[address] = with_values_input(state, declared, _others(resolved, address, own_past))
        definitions[address] = SqlDefinition(query, *given_parameters(state, [refers], slice_parameters(declared.spec)))
        diagnostics += told
        own = slice_parameters(declared.spec)
        if told or any(is_lost(state, name) for name, _, _ in refers.parameters if name.lower() not in own):
            unknown.add(address)
    state = replace(
        state,
        sql=sql,
        reads=reads,
        own_past=frozenset(own_past),
        definitions=definitions,
        unknown=frozenset(unknown),
    )
    return state, diagnostics


def _others(reads: Iterable[Address], address: Address, own_past: Collection[Address]) -> tuple[Address, ...]:
    """`reads` of an asset, without itself where it reads its own past: for that it waits for nobody."""
    return tuple(read for read in reads if read != address or address not in own_past)


def references_of(workshop: Workshop, queries: Sequence[str]) -> list[SqlReferences]:
    """The references of each query; those met for the first time are parsed, many in one go."""
    keys = [memo_key(query) for query in queries]
    known = workshop.cache.get_many(_CACHE_KIND, dict.fromkeys(keys))
    missing = {key: query for key, query in zip(keys, queries, strict=True) if key not in known}
    for batch in _batches(list(missing.items())):
        answers = serialized(workshop.connection, [query for _, query in batch])
        for (key, query), answer in zip(batch, answers, strict=True):
            syntax = judge(query, answer)
            if isinstance(syntax, SqlProblem):
                found = SqlReferences(problems=(syntax,))
            else:
                workshop.keep_syntax(query, answer)
                found = _of_syntax(syntax)
            known[key] = references_to_bytes(found)
    workshop.cache.put_many(_CACHE_KIND, ((key, known[key]) for key in missing))
    return [references_from_bytes(known[key]) for key in keys]


def _of_syntax(syntax: Syntax) -> SqlReferences:
    refers = references(syntax)
    return SqlReferences(
        tuple((table.schema, table.name, table.start, table.end) for table in refers.tables),
        tuple((item.name, item.start, item.end) for item in refers.parameters),
        refers.problems,
    )


def _batches(items: Sequence[tuple[str, str]], size: int = 256) -> Iterator[Sequence[tuple[str, str]]]:
    """Trees are large: never those of a whole project at once."""
    return (items[start : start + size] for start in range(0, len(items), size))


def _resolve(
    state: Compilation, declared: DeclaredAsset, refers: SqlReferences
) -> tuple[tuple[Address, ...], list[Diagnostic]]:
    """The assets that a query reads, in the order of first mention, and what is wrong with its references."""
    assert isinstance(declared.spec, SqlAsset)
    locator, origin = state.loaded.locator, declared.origin
    if declared.spec.dialect != "duckdb":
        return (), [_foreign_dialect(declared.spec.dialect, locator.place(origin, "dialect"))]
    diagnostics = [place_problem(locator, origin, ("query",), problem) for problem in refers.problems]
    read: dict[Address, None] = {}
    for schema, name, start, end in refers.tables:
        written = name if schema is None else f"{schema}.{name}"
        address = state.names.resolve(written, declared.address.pipeline)
        if address is not None:
            read[address] = None
        else:
            place = locator.inside(origin, "query", start=start, end=end)
            diagnostics.append(state.names.unknown(written, declared.address.pipeline, place))
    known = {**state.parameter_types, **slice_parameters(declared.spec)}
    for name, start, end in refers.parameters:
        if name.lower() not in known and not is_lost(state, name):
            place = locator.inside(origin, "query", start=start, end=end)
            diagnostics.append(unknown_parameter(name, known, place))
    diagnostics += _without_its_slice(state, declared, refers)
    return tuple(read), diagnostics


def _without_its_slice(state: Compilation, declared: DeclaredAsset, refers: SqlReferences) -> Iterator[Diagnostic]:
    """VP317 where a sound query that is to give one interval or partition does not ask which."""
    wanted = slice_parameters(declared.spec)
    named = {name.lower() for name, _, _ in refers.parameters}
    missing = [f"`${name}`" for name in wanted if name not in named]
    if missing and not refers.problems:
        build = declared.spec.build
        what = "the same rows for each" if len(missing) == len(wanted) else f"rows of other {build.mode}s for each"
        yield Diagnostic(
            "VP317",
            f"The query is built by {build.mode} and never names {' and '.join(missing)}, so it would give {what} "
            f"{build.mode}.",
            state.loaded.locator.place(declared.origin, "query"),
            fix=Fix(_asking(build)),
        )


def _asking(build: Build) -> str:
    """How a query asks for its interval or partition."""
    column = build.column or ("country" if build.mode == "partition" else "placed_at")
    if build.mode == "partition":
        return f"Take only the rows of the partition: `where {column} = $partition`."
    asking = f"where {column} >= $start and {column} < $end"
    words = f"Take only the rows of the interval, by the time that `{column}` is made of, as in `{asking}`."
    if build.time_zone == "UTC":
        return words
    zoned = f"timezone('{build.time_zone}', {column})"
    return f"{words} `$start` and `$end` are wall times in {build.time_zone}: an instant is compared as `{zoned}`."


def is_lost(state: Compilation, parameter: str) -> bool:
    """Whether a parameter is unknown only because `vp.toml` could not be read well enough, which is told already."""
    return parameter.lower() not in state.parameter_types and state.loaded.may_declare(parameter)


def given_parameters(
    state: Compilation, refers: Iterable[SqlReferences], own: Mapping[str, str] = MappingProxyType({})
) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, Any], ...]]:
    """The parameters that pieces of SQL name: with their types, and with their values; sorted by name.

    `own` are those that get their values at run time, slice by slice.
    """
    types = {**state.parameter_types, **own}
    named = sorted({name.lower() for each in refers for name, _, _ in each.parameters})
    known = {**state.variables, "env": state.environment}
    return (
        tuple((name, types[name]) for name in named if name in types),
        tuple((name, known[name]) for name in named if name in known and name not in own),
    )


def unknown_parameter(name: str, known: Mapping[str, str], place: Place) -> Diagnostic:
    """VP308 for `$name`."""
    if name.lower() in ("start", "end"):
        return Diagnostic(
            "VP308",
            f"`${name}` has no value here: it is the {name} of an interval, and this is not built by interval.",
            place,
            fix=Fix('Build it by interval: `build = { mode = "interval", column = "day", grain = "day", start = … }`.'),
        )
    listed = ", ".join(f"`${item}`" for item in known)
    return Diagnostic(
        "VP308",
        f"There is no parameter `${name}`.{did_you_mean(name, known)}",
        place,
        fix=Fix(f"Known are {listed}. Declare another in `vp.toml`, below `[variables]`: `{name} = …`."),
    )


def _foreign_dialect(dialect: str, place: Place) -> Diagnostic:
    return Diagnostic(
        "VP316",
        f"The query is written for `{dialect}`, which this version has no engine for: it runs all queries in DuckDB.",
        place,
        fix=Fix("Rewrite the query in DuckDB's dialect and remove `dialect`; or take the asset out."),
    )


def find_python_references(state: Compilation, workshop: Workshop) -> tuple[Compilation, list[Diagnostic]]:
    """Fills `python`, and `definitions` and `reads` of the Python assets."""
    python = dict(state.python)
    reads = dict(state.reads)
    definitions = dict(state.definitions)
    diagnostics: list[Diagnostic] = []
    unknown = set(state.unknown)
    own_past = set(state.own_past)
    stubs = state.loaded.project.settings.codegen.package
    for address, declared in state.declared.items():
        if not isinstance(declared.spec, PythonAsset):
            continue
        found, told = find_references(declared, workshop.python, state.names, state.loaded.locator, stubs)
        diagnostics += told
        if found is None:
            unknown.add(address)
            continue
        python[address] = found
        definitions[address] = found.definition
        given = tuple(dict.fromkeys(p.address for p in found.definition.parameters if p.address is not None))
        if address in given:
            own_past.add(address)
        reads[address] = with_values_input(state, declared, _others(given, address, own_past))
    state = replace(
        state,
        python=python,
        reads=reads,
        own_past=frozenset(own_past),
        definitions=definitions,
        unknown=frozenset(unknown),
    )
    return state, diagnostics
