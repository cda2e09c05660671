"""Pass: the columns of every asset, inputs first, as the engine's own binder sees them; and what each query uses."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from vibepiper_interpreter.compile.bind_ahead import Answer, BindAhead, bind_ahead, question_key
from vibepiper_interpreter.compile.build_settings import BuildSettings
from vibepiper_interpreter.compile.compilation import Analysis, Compilation, Workshop
from vibepiper_interpreter.compile.compiled import Column, Input, SqlDefinition
from vibepiper_interpreter.compile.declared_columns import (
    declared_columns,
    judge_declared,
    needs_columns,
    undeclared_columns,
    undeclared_own_columns,
)
from vibepiper_interpreter.compile.deliveries import delivery_warnings
from vibepiper_interpreter.compile.incremental_builds import reading_values, table_of
from vibepiper_interpreter.compile.lineage import QueryAnalysis, analyse_query
from vibepiper_interpreter.compile.memo import (
    analysis_from_json,
    analysis_to_json,
    columns_to_json,
    problems_from_json,
    problems_to_json,
)
from vibepiper_interpreter.compile.memo_key import memo_key
from vibepiper_interpreter.compile.placing import place_problem
from vibepiper_interpreter.compile.serial import definition_to_json, value_to_json
from vibepiper_interpreter.compile.slicing import slice_query, with_own_reach, with_slice_columns
from vibepiper_interpreter.engines.duckdb.binder import WITH, Binder
from vibepiper_interpreter.engines.duckdb.casts import impossible_casts, may_cast
from vibepiper_interpreter.engines.duckdb.errors import SqlProblem
from vibepiper_interpreter.engines.duckdb.syntax import Syntax
from vibepiper_interpreter.engines.duckdb.unread import unread
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, Fix, did_you_mean
from vibepiper_spec.load.loaded import DeclaredAsset
from vibepiper_spec.model.sql_asset import SqlAsset

_CACHE_KIND = "bound_query"
_PARTLY_CACHE_KIND = "partly_bound_query"


@dataclass(frozen=True, slots=True)
class BoundQuery:
    """What binding and analysing one query gives. `origins` tell, by column, which columns its value comes from."""

    columns: tuple[Column, ...]
    problems: tuple[SqlProblem, ...]
    warnings: tuple[SqlProblem, ...] = ()
    analysis: Analysis | None = None
    origins: Mapping[str, tuple[str, ...]] | None = None


def bind_assets(state: Compilation, workshop: Workshop) -> tuple[Compilation, list[Diagnostic]]:
    """Fills `columns`, `inputs` and `analyses`, in topological order."""
    binding = _Binding(state, workshop)
    try:
        for address in state.order:
            binding.add(address)
        for address in state.sql.keys() - set(state.order):  # in a cycle, or behind one
            binding.add(address)
    finally:
        binding.close()
    state = replace(
        state,
        columns=binding.columns,
        inputs=binding.inputs,
        analyses=binding.analyses,
        settings=binding.settings,
        given=binding.given,
        own=binding.own,
        unknown=frozenset(binding.unknown),
    )
    return state, binding.diagnostics


class _Binding:
    """Walks the assets in order and fills its tables of what is known of them."""

    def __init__(self, state: Compilation, workshop: Workshop) -> None:
        self.columns: dict[Address, tuple[Column, ...]] = dict(state.columns)
        self.inputs: dict[Address, tuple[Input, ...]] = {}
        self.settings: dict[Address, BuildSettings] = dict(state.settings)
        self.given: dict[Address, tuple[Column, ...]] = dict(state.given)
        self.own: dict[Address, Input] = dict(state.own)
        self.analyses: dict[Address, Analysis] = {}
        self.unknown = set(state.unknown)
        self.diagnostics: list[Diagnostic] = []
        self._state, self._workshop = state, workshop
        self._binder: Binder | None = None
        self._ahead: BindAhead | None = None
        self._declared: dict[Address, tuple[Column, ...]] = {}
        self._asked = False
        self._sql_readers = _sql_readers(state)

    def add(self, address: Address) -> None:
        reads = self._state.reads.get(address, ())
        if address in self.unknown or any(read in self.unknown for read in reads):
            # Its input is to blame, which is told already.
            self.unknown.add(address)
            self._add_partly(address, reads)
            return
        if address in self._state.recalled.assets:
            return
        declared = self._state.declared[address]
        match declared.kind:
            case "source":
                self.inputs[address] = ()
            case "sql":
                self._add_sql(declared, reads)
            case "python":
                self._add_python(declared)

    def _add_python(self, declared: DeclaredAsset) -> None:
        address = declared.address
        returned = declared_columns(self._state, declared)
        self.columns[address] = self._table_of(declared, returned)
        parameters = self._state.python[address].definition.parameters
        inputs = tuple(
            Input(parameter.address, self._seen(declared, parameter.name, parameter.address, parameter.columns))
            for parameter in parameters
            if parameter.address is not None
        )
        self._add_inputs(declared, inputs, {})
        problem = undeclared_columns(self._state, declared, self._sql_readers.get(address))
        if problem is not None:
            self.diagnostics.append(problem)
            if problem.severity == "error":
                self.unknown.add(address)

    def _seen(
        self, declared: DeclaredAsset, parameter: str, read: Address, wanted: tuple[str, ...] | None
    ) -> tuple[str, ...] | None:
        """The columns a function may see, in their own spelling; VP302 for those that are not there."""
        if wanted is None:
            return None
        known = {column.name.casefold(): column.name for column in self.columns[read]}
        if not known:
            return tuple(sorted(wanted))
        for name in wanted:
            if name.casefold() not in known:
                self.diagnostics.append(
                    Diagnostic(
                        "VP302",
                        f"`{read}` has no column `{name}`.{did_you_mean(name, known.values())}",
                        self._state.loaded.locator.place(declared.origin, "inputs", parameter),
                        fix=Fix(f"It has {', '.join(f'`{column}`' for column in list(known.values())[:12])}."),
                    )
                )
        return tuple(sorted(known.get(name.casefold(), name) for name in wanted))

    def _add_sql(self, declared: DeclaredAsset, reads: tuple[Address, ...]) -> None:
        address = declared.address
        definition = self._state.definitions[address]
        assert isinstance(definition, SqlDefinition)
        schemas = {read: self.columns[read] for read in reads}
        if not all(schemas.values()):
            self._add_late(declared, definition, reads)
            return
        locator = self._state.loaded.locator
        if address in self._state.own_past:
            upon_itself = self._bound_upon_itself(declared, definition, schemas)
            if upon_itself is None:
                self.unknown.add(address)
                return
            bound, schemas[address] = upon_itself
        else:
            bound = self._bound(address, definition, schemas)
        self._warn(declared, bound.warnings)
        if bound.problems or bound.analysis is None:
            self.diagnostics += [
                place_problem(locator, declared.origin, ("query",), problem) for problem in bound.problems
            ]
            self.unknown.add(address)
            return
        described = {name.casefold(): column.description for name, column in declared.spec.columns.items()}
        given = tuple(
            Column(column.name, column.type, described.get(column.name.casefold(), "")) for column in bound.columns
        )
        self.columns[address] = self._table_of(declared, given)
        self.analyses[address] = bound.analysis
        proven: dict[Address, str] = {}
        if address in self.settings:
            settings = self.settings[address]
            self.settings[address], proven = slice_query(self._workshop, address, definition, schemas, settings, given)
        told = delivery_warnings(
            self._workshop, address.pipeline, definition.query, self._settings_of(reads), self.settings.get(address)
        )
        self._warn(declared, told)
        used = bound.analysis.used
        inputs = tuple(Input(read, used[read]) for read in (*reads, address) if read in used)
        self._add_inputs(declared, inputs, proven)
        self.diagnostics += judge_declared(self._state, declared, self.columns[address], bound.origins or {})

    def _add_late(self, declared: DeclaredAsset, definition: SqlDefinition, reads: tuple[Address, ...]) -> None:
        """A query that the run binds, when it knows what it reads: here it has no columns, and means its text."""
        address = declared.address
        needs = needs_columns(self._state, declared, [read for read in reads if not self.columns[read]])
        if needs is not None:
            self.diagnostics.append(needs)
        told = len(self.diagnostics)
        self._add_partly(address, reads)
        if needs is not None or len(self.diagnostics) > told:
            self.unknown.add(address)
            return
        syntax = self._workshop.take_syntax(definition.query)
        analysis = analyse_query(syntax, address.pipeline, {}, (), typed_values(definition))
        self._warn(declared, _order_warnings(analysis))
        self.columns[address], self.analyses[address] = (), _kept(analysis)
        self._add_inputs(declared, tuple(Input(read) for read in reads), {})

    def _warn(self, declared: DeclaredAsset, problems: Sequence[SqlProblem]) -> None:
        """Tell what may be meant, unless it is said that it is."""
        assert isinstance(declared.spec, SqlAsset)
        locator = self._state.loaded.locator
        self.diagnostics += [
            replace(place_problem(locator, declared.origin, ("query",), problem), severity="warning")
            for problem in problems
            if problem.code not in declared.spec.ignore
        ]

    def _settings_of(self, reads: tuple[Address, ...]) -> dict[Address, BuildSettings | None]:
        recalled = self._state.recalled.assets
        return {read: recalled[read].settings if read in recalled else self.settings.get(read) for read in reads}

    def _add_inputs(self, declared: DeclaredAsset, inputs: tuple[Input, ...], proven: Mapping[Address, str]) -> None:
        known = replace(self._state, columns=self.columns)
        settings = self.settings.get(declared.address)
        sliced, problems = with_slice_columns(known, declared, inputs, settings, proven)
        others = tuple(read for read in sliced if read.address != declared.address)
        self.inputs[declared.address] = reading_values(others, settings)
        own = next((read for read in sliced if read.address == declared.address), None)
        if own is not None:
            self.own[declared.address] = own
        reaching = with_own_reach(settings, own)
        if reaching is not None:
            self.settings[declared.address] = reaching
        self.diagnostics += problems

    def _bound_upon_itself(
        self, declared: DeclaredAsset, definition: SqlDefinition, schemas: Mapping[Address, tuple[Column, ...]]
    ) -> tuple[BoundQuery, tuple[Column, ...]] | None:
        """What a query is that reads its own asset, and the columns of that.

        Of these those are known at first that are declared. What the query then gives must be what it gives where it
        reads all of that: only so is the table that an interval sees the one that intervals make.
        """
        address = declared.address
        own = declared_columns(self._state, declared)
        if not own:
            self.diagnostics.append(undeclared_own_columns(self._state, declared))
            return None
        bound = self._bound(address, definition, {**schemas, address: own})
        if bound.problems:
            return replace(bound, problems=tuple(map(partial(_of_itself, address, own), bound.problems))), own
        wrong = judge_declared(self._state, declared, bound.columns, bound.origins or {})
        if wrong or _typed(bound.columns) == _typed(own):
            return bound, own  # what is wrong is told by who asked
        again = self._bound(address, definition, {**schemas, address: bound.columns})
        if again.problems or _typed(again.columns) != _typed(bound.columns):
            self.diagnostics.append(undeclared_own_columns(self._state, declared, bound.columns, again.columns))
            return None
        return again, bound.columns

    def _table_of(self, declared: DeclaredAsset, columns: tuple[Column, ...]) -> tuple[Column, ...]:
        """The columns of what is kept of rows with these columns; notes the settings of an incremental build."""
        table = table_of(replace(self._state, columns=self.columns), declared, columns)
        self.diagnostics += table.problems
        if table.settings is not None:
            self.settings[declared.address] = table.settings
        if table.columns != columns:
            self.given[declared.address] = columns
        return table.columns

    def _add_partly(self, address: Address, reads: tuple[Address, ...]) -> None:
        """What is wrong with a query whatever its unknown inputs will turn out to be."""
        declared, refers = self._state.declared.get(address), self._state.sql.get(address)
        if declared is None or refers is None or refers.problems:
            return
        if not isinstance(declared.spec, SqlAsset) or declared.spec.dialect != "duckdb":
            return
        definition = self._state.definitions[address]
        assert isinstance(definition, SqlDefinition)
        schemas = {
            read: columns for read in reads if read not in self.unknown and (columns := self.columns.get(read, ()))
        }
        parameters = {name.lower() for name, _, _ in refers.parameters}
        if parameters != {name for name, _ in definition.parameters}:
            schemas = {}  # it is not known either of which type those are
        place = partial(place_problem, self._state.loaded.locator, declared.origin, ("query",))
        self.diagnostics += map(place, self._partly_bound(address.pipeline, definition, schemas))

    def _partly_bound(
        self, pipeline: str, definition: SqlDefinition, known: Mapping[Address, tuple[Column, ...]]
    ) -> tuple[SqlProblem, ...]:
        inputs = [[str(read), columns_to_json(columns)] for read, columns in sorted(known.items())]
        key = memo_key(pipeline, definition_to_json(definition), inputs)
        remembered = self._workshop.cache.get(_PARTLY_CACHE_KIND, key)
        if remembered is not None:
            return problems_from_json(json.loads(remembered))
        found = self._binder_for(known).bind_partly(
            pipeline,
            self._workshop.take_syntax(definition.query),
            dict(definition.parameters),
            dict(definition.values),
            known.keys(),
        )
        self._workshop.cache.put(_PARTLY_CACHE_KIND, key, json.dumps(problems_to_json(found)).encode())
        return found

    def close(self) -> None:
        if self._ahead is not None:
            self._ahead.close()

    def _bound(
        self, address: Address, definition: SqlDefinition, schemas: Mapping[Address, tuple[Column, ...]]
    ) -> BoundQuery:
        inputs = sorted([str(read), columns_to_json(columns)] for read, columns in schemas.items())
        key = memo_key(address.pipeline, definition_to_json(definition), inputs)
        known = self._workshop.cache.get(_CACHE_KIND, key)
        if known is not None:
            return _from_bytes(known)
        if not self._asked:
            self._asked, self._ahead = True, bind_ahead(self._state, self.columns, address)
        answer = None
        if self._ahead is not None:
            answer = self._ahead.answer(address, question_key(address.pipeline, definition.query, inputs))
        found = self._bind(address.pipeline, definition, schemas, answer)
        self._workshop.cache.put(_CACHE_KIND, key, _to_bytes(found))
        return found

    def _bind(
        self,
        pipeline: str,
        definition: SqlDefinition,
        schemas: Mapping[Address, tuple[Column, ...]],
        answer: Answer | None,
    ) -> BoundQuery:
        """`answer` tells what the engine would say, where somebody has asked already."""
        syntax = self._workshop.take_syntax(definition.query)
        if answer is not None and not _is_complete(answer, syntax, schemas):
            answer = None
        bound = self._binder_for(schemas if answer is None else {}).bind(
            pipeline,
            definition.query,
            dict(definition.parameters),
            dict(definition.values),
            syntax=syntax,
            described=None if answer is None else answer.columns,
        )
        if bound.problems:
            return BoundQuery((), bound.problems)
        casts = None if answer is None else answer.casts
        problems = impossible_casts(self._workshop.connection, syntax, schemas.values(), casts)
        if problems:
            return BoundQuery((), problems)
        analysis = analyse_query(syntax, pipeline, schemas, bound.columns, typed_values(definition))
        return BoundQuery(
            bound.columns,
            (),
            _order_warnings(analysis),
            _kept(analysis),
            _origins(analysis, schemas),
        )

    def _binder_for(self, schemas: Mapping[Address, tuple[Column, ...]]) -> Binder:
        """The binder, which knows these assets."""
        if self._binder is None:
            self._binder = Binder(self._workshop.connection)
        others = {read: columns for read, columns in schemas.items() if self._declared.get(read) != columns}
        self._binder.declare(others)
        self._declared |= others
        return self._binder


def _typed(columns: Sequence[Column]) -> list[tuple[str, str]]:
    return [(column.name, column.type) for column in columns]


def _of_itself(address: Address, own: Sequence[Column], problem: SqlProblem) -> SqlProblem:
    """A problem of a query that reads its own asset: a column that it does not find may only want to be declared."""
    if problem.code != "VP302":
        return problem
    known = ", ".join(f"`{column.name}`" for column in own)
    fix = f"Of `{address}` itself the query can read the columns that are declared with a type: {known}."
    return replace(problem, fix=f"{problem.fix} {fix}".strip())


def _is_complete(answer: Answer, syntax: Syntax, schemas: Mapping[Address, tuple[Column, ...]]) -> bool:
    """Whether nothing is left to ask of this query, for which the engine would need its tables."""
    sound = not WITH.search(syntax.query) or not unread(syntax.node)
    return sound and (answer.casts is not None or not may_cast(syntax, schemas.values()))


def typed_values(definition: SqlDefinition) -> dict[str, tuple[str, Any]]:
    """Type and value of each parameter whose value is part of what the query means; `$now` is not."""
    types = dict(definition.parameters)
    return {name: (types[name], value_to_json(value)) for name, value in definition.values}


def _kept(analysis: QueryAnalysis) -> Analysis:
    return Analysis(
        analysis.used, analysis.fingerprint, analysis.shape, analysis.column_fingerprints, analysis.deterministic
    )


def _order_warnings(analysis: QueryAnalysis) -> tuple[SqlProblem, ...]:
    return () if analysis.order_dependent is None else (analysis.order_dependent,)


def _origins(analysis: QueryAnalysis, schemas: Mapping[Address, tuple[Column, ...]]) -> dict[str, tuple[str, ...]]:
    """For each output column, the input columns that its value is made of, with their types."""
    types = {(address, column.name): column.type for address, columns in schemas.items() for column in columns}
    return {
        lineage.column: tuple(
            f"`{address}.{column}` ({types[address, column]})"
            for address, column in lineage.projection
            if (address, column) in types
        )
        for lineage in analysis.lineage
    }


def _sql_readers(state: Compilation) -> dict[Address, Address]:
    """For every asset that SQL reads, the first asset that does."""
    found: dict[Address, Address] = {}
    for reader in state.sql:
        for read in state.reads.get(reader, ()):
            found.setdefault(read, reader)
    return found


def _to_bytes(found: BoundQuery) -> bytes:
    return json.dumps(
        {
            "columns": columns_to_json(found.columns),
            "problems": problems_to_json(found.problems),
            "warnings": problems_to_json(found.warnings),
            "analysis": None if found.analysis is None else analysis_to_json(found.analysis),
            "origins": found.origins,
        }
    ).encode()


def _from_bytes(value: bytes) -> BoundQuery:
    found = json.loads(value)
    return BoundQuery(
        tuple(Column(*column) for column in found["columns"]),
        problems_from_json(found["problems"]),
        problems_from_json(found["warnings"]),
        None if found["analysis"] is None else analysis_from_json(found["analysis"]),
        found["origins"],
    )
