"""Binds the SQL that users write in checks, over the columns of the asset it judges."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from vibepiper_interpreter.compile.compilation import Compilation, SqlReferences, Workshop
from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.compile.memo import columns_to_json, problems_from_json, problems_to_json
from vibepiper_interpreter.compile.memo_key import memo_key
from vibepiper_interpreter.compile.placing import place_problem
from vibepiper_interpreter.compile.references import is_lost, references_of, unknown_parameter
from vibepiper_interpreter.engines.duckdb.binder import Binder, Bound
from vibepiper_interpreter.engines.duckdb.casts import impossible_casts
from vibepiper_interpreter.engines.duckdb.errors import SqlProblem
from vibepiper_interpreter.engines.duckdb.session import quote
from vibepiper_interpreter.engines.duckdb.syntax import Syntax, parse_queries
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic
from vibepiper_spec.load.loaded import DeclaredAsset

_CACHE_KIND = "bound_check"
# What makes a query of a condition, so that it can be parsed and bound. The line break ends a comment in it.
_BEFORE, _AFTER = "SELECT (", "\n)"


@dataclass(frozen=True, slots=True)
class Snippet:
    """SQL in a check: a condition, or with `whole` a SELECT of its own. `keys` is its place below the asset's block."""

    text: str
    keys: tuple[str | int, ...]
    whole: bool = False

    @property
    def query(self) -> str:
        return self.text if self.whole else f"{_BEFORE}{self.text}{_AFTER}"

    def in_text(self, problem: SqlProblem) -> SqlProblem:
        """`problem` of `query`, with its places in `text`."""
        if self.whole:
            return problem

        def inside(offset: int) -> int:
            return min(max(offset, 0), len(self.text))

        moved = _moved(problem, -len(_BEFORE))
        related = tuple((inside(start), inside(end), words) for start, end, words in moved.related)
        return replace(moved, start=inside(moved.start), end=inside(moved.end), related=related)


class CheckBinder:
    """Judges snippets asset by asset; keeps the engine's tables between them."""

    def __init__(self, state: Compilation, workshop: Workshop) -> None:
        self._state, self._workshop = state, workshop
        self._binder: Binder | None = None
        self._known: dict[Address, tuple[Column, ...]] = {}

    def references(self, snippets: Sequence[Snippet]) -> dict[Snippet, SqlReferences]:
        """What each snippet refers to, parsed in one go."""
        return dict(zip(snippets, references_of(self._workshop, [snippet.query for snippet in snippets]), strict=True))

    def judge(
        self,
        declared: DeclaredAsset,
        columns: tuple[Column, ...],
        snippets: Sequence[Snippet],
        references: Mapping[Snippet, SqlReferences],
    ) -> tuple[tuple[Address, ...], list[Diagnostic]]:
        """The other assets that the snippets read, and all that is wrong with them."""
        reads: dict[Address, None] = {}
        diagnostics: list[Diagnostic] = []
        sound: list[Snippet] = []
        for snippet in snippets:
            found, told = self._resolve(declared, snippet, references[snippet])
            reads.update(dict.fromkeys(found))
            diagnostics += told
            lost = any(is_lost(self._state, name) for name, _, _ in references[snippet].parameters)
            # What is known of another asset only after a run says nothing about the snippet before.
            bound = all(read not in self._state.unknown and self._has_columns(read, declared) for read in found)
            if not told and not lost and bound:
                sound.append(snippet)
        reads.pop(declared.address, None)
        if columns:
            others = {read: known for read in reads if (known := self._state.columns.get(read))}
            schemas = {declared.address: columns} | others
            diagnostics += self._bind(declared, sound, schemas, references)
        return tuple(reads), diagnostics

    def _has_columns(self, read: Address, judged: DeclaredAsset) -> bool:
        return read == judged.address or bool(self._state.columns.get(read))

    def _resolve(
        self, declared: DeclaredAsset, snippet: Snippet, refers: SqlReferences
    ) -> tuple[list[Address], list[Diagnostic]]:
        locator, origin = self._state.loaded.locator, declared.origin
        diagnostics = [
            place_problem(locator, origin, snippet.keys, snippet.in_text(problem)) for problem in refers.problems
        ]
        found = []
        for schema, name, start, end in refers.tables:
            written = name if schema is None else f"{schema}.{name}"
            address = self._state.names.resolve(written, declared.address.pipeline)
            if address is not None:
                found.append(address)
                continue
            at = snippet.in_text(SqlProblem("VP202", "", start, end))
            place = locator.inside(origin, *snippet.keys, start=at.start, end=at.end)
            diagnostics.append(self._state.names.unknown(written, declared.address.pipeline, place))
        for name, start, end in refers.parameters:
            if name.lower() not in self._state.parameter_types and not is_lost(self._state, name):
                at = snippet.in_text(SqlProblem("VP308", "", start, end))
                place = locator.inside(origin, *snippet.keys, start=at.start, end=at.end)
                diagnostics.append(unknown_parameter(name, self._state.parameter_types, place))
        return found, diagnostics

    def _bind(
        self,
        declared: DeclaredAsset,
        snippets: Sequence[Snippet],
        schemas: Mapping[Address, tuple[Column, ...]],
        references: Mapping[Snippet, SqlReferences],
    ) -> list[Diagnostic]:
        if not snippets:
            return []
        conditions = [snippet for snippet in snippets if not snippet.whole]
        diagnostics: list[Diagnostic] = []
        # One statement judges all conditions of an asset; only where it finds something, each is asked alone.
        if conditions and self._problems(declared.address, conditions, schemas, references):
            for snippet in conditions:
                diagnostics += self._tell(declared, snippet, schemas, references)
        for snippet in snippets:
            if snippet.whole:
                diagnostics += self._tell(declared, snippet, schemas, references)
        return diagnostics

    def _tell(
        self,
        declared: DeclaredAsset,
        snippet: Snippet,
        schemas: Mapping[Address, tuple[Column, ...]],
        references: Mapping[Snippet, SqlReferences],
    ) -> list[Diagnostic]:
        problems = self._problems(declared.address, [snippet], schemas, references)
        locator = self._state.loaded.locator
        return [place_problem(locator, declared.origin, snippet.keys, snippet.in_text(problem)) for problem in problems]

    def _problems(
        self,
        address: Address,
        snippets: Sequence[Snippet],
        schemas: Mapping[Address, tuple[Column, ...]],
        references: Mapping[Snippet, SqlReferences],
    ) -> tuple[SqlProblem, ...]:
        names = sorted({name.lower() for snippet in snippets for name, _, _ in references[snippet].parameters})
        parameters = {name: self._state.parameter_types[name] for name in names}
        tables = [[str(read), columns_to_json(columns)] for read, columns in sorted(schemas.items())]
        key = memo_key(str(address), [snippet.query for snippet in snippets], sorted(parameters.items()), tables)
        known = self._workshop.cache.get(_CACHE_KIND, key)
        if known is not None:
            return problems_from_json(json.loads(known))
        found = self._ask(address, snippets, schemas, parameters)
        self._workshop.cache.put(_CACHE_KIND, key, json.dumps(problems_to_json(found)).encode())
        return found

    def _ask(
        self,
        address: Address,
        snippets: Sequence[Snippet],
        schemas: Mapping[Address, tuple[Column, ...]],
        parameters: Mapping[str, str],
    ) -> tuple[SqlProblem, ...]:
        if self._binder is None:
            self._binder = Binder(self._workshop.connection)
        others = {read: columns for read, columns in schemas.items() if self._known.get(read) != columns}
        self._binder.declare(others)
        self._known |= others

        def bind(query: str, *, condition: bool = False) -> Bound:
            assert self._binder is not None
            bound = self._binder.bind(address.pipeline, query, parameters, condition=condition)
            if bound.problems:
                return bound
            (syntax,) = parse_queries(self._workshop.connection, [query])
            assert isinstance(syntax, Syntax)  # it was bound
            return replace(bound, problems=impossible_casts(self._workshop.connection, syntax, schemas.values()))

        if snippets[0].whole:
            return bind(snippets[0].text).problems
        relation = f"{quote(address.pipeline)}.{quote(address.name)}"
        items = ", ".join(f"({snippet.text}{_AFTER} AS condition_{index}" for index, snippet in enumerate(snippets))
        rows = " AND ".join(f"({snippet.text}{_AFTER}" for snippet in snippets)
        # As a value it shows its type, and behind WHERE that it can be asked of one row, which is how it will run.
        bound = bind(f"SELECT {items} FROM {relation} WHERE {rows}")
        problems = bound.problems or _no_conditions(bound, snippets)
        if not problems or len(snippets) > 1:
            return problems  # each of several is asked alone where there is one
        before = f"SELECT 1 AS one FROM {relation} WHERE ("
        bound = bind(f"{before}{rows[1:]}", condition=True)
        if bound.problems and bound.problems[0].code != "VP301":
            return tuple(_moved(problem, len(_BEFORE) - len(before)) for problem in bound.problems)
        bound = bind(f"SELECT {items} FROM {relation}")
        return bound.problems or _no_conditions(bound, snippets)


def _moved(problem: SqlProblem, by: int) -> SqlProblem:
    related = tuple((start + by, end + by, words) for start, end, words in problem.related)
    return replace(problem, start=problem.start + by, end=problem.end + by, related=related)


def _no_conditions(bound: Bound, snippets: Sequence[Snippet]) -> tuple[SqlProblem, ...]:
    """VP304 for what binds but is no condition. Places count from the start of a condition's query."""
    if len(bound.columns) != len(snippets):
        text = "This is more than one expression, and a check needs one condition."
        return (SqlProblem("VP301", text, len(_BEFORE), len(_BEFORE) + len(snippets[0].text)),)
    return tuple(
        SqlProblem(
            "VP304",
            f"The expression gives {column.type}, and a check needs a condition: true, false or NULL for every row.",
            len(_BEFORE),
            len(_BEFORE) + len(snippet.text),
            fix="Compare it with something, as in `amount > 0`.",
        )
        for column, snippet in zip(bound.columns, snippets, strict=True)
        if column.type != "BOOLEAN"
    )
