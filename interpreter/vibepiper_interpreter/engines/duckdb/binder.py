"""Asks DuckDB what a query means: its columns and types, or everything that is wrong with it."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as changed
from datetime import UTC, date, datetime, time
from functools import cached_property, lru_cache
from typing import Any

import duckdb

from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.engines.duckdb.bind_errors import Sight
from vibepiper_interpreter.engines.duckdb.errors import SqlProblem
from vibepiper_interpreter.engines.duckdb.failure import EngineFailure, engine_failure
from vibepiper_interpreter.engines.duckdb.parameters import typed_literal
from vibepiper_interpreter.engines.duckdb.repair import Repair, forget_place, replace, whole_span
from vibepiper_interpreter.engines.duckdb.session import quote, use_pipeline
from vibepiper_interpreter.engines.duckdb.syntax import Syntax, outside_tables, parse_queries, walk
from vibepiper_interpreter.engines.duckdb.types import DataType, parse_type, stored_type
from vibepiper_interpreter.engines.duckdb.unread import TEMPLATE, only_known, read_unread, unread
from vibepiper_spec.address import Address

# A query with more mistakes than this is told again after these are mended.
_MOST_PROBLEMS = 20
_DESCRIBE = "DESCRIBE "
# Only where this word stands is anything declared that may not be read.
WITH = re.compile(r"\bwith\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Bound:
    """What binding found: the result's columns in order, with the types that come back from Parquet; or problems."""

    columns: tuple[Column, ...]
    problems: tuple[SqlProblem, ...] = ()


class Binder:
    """Binds queries over empty tables. Owns its connection's schemas and search path; not for several threads."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._schemas: set[str] = set()
        self._pipeline: str | None = None
        self._tables: dict[Address, tuple[Column, ...]] = {}
        self._type_nodes: dict[str, Any] = {}

    def declare(self, tables: Mapping[Address, Sequence[Column]]) -> None:
        """Make assets known, or known again with other columns: all in one go, for each has its price."""
        statements = []
        for address, columns in tables.items():
            if not columns:
                raise ValueError(f"{address} has no columns")
            self._create_schema(address.pipeline)
            fields = ", ".join(f"{quote(column.name)} {column.type}" for column in columns)
            table = f"memory.{quote(address.pipeline)}.{quote(address.name)}"
            statements.append(f"CREATE OR REPLACE TABLE {table} ({fields})")
        if statements:
            self._connection.execute("; ".join(statements))
        self._tables.update((address, tuple(columns)) for address, columns in tables.items())

    def bind(
        self,
        pipeline: str,
        query: str,
        parameters: Mapping[str, str] | None = None,
        values: Mapping[str, Any] | None = None,
        *,
        condition: bool = False,
        syntax: Syntax | None = None,
        described: Sequence[tuple[str, str]] | None = None,
    ) -> Bound:
        """The columns of `query`, read as part of `pipeline`, or all its mistakes.

        `syntax` is its tree, and `described` what `describe` says of it, if they are at hand.

        `condition`: all that its author wrote is the condition behind WHERE, and so its mistakes are told.

        `parameters` are the types of the parameters that the query names; `values` their values as far as they are
        known, which matters where DuckDB looks at a value while binding (`date_trunc($grain, day)`).
        """
        try:
            found = self.describe(pipeline, query, parameters, values) if described is None else described
        except duckdb.Error as error:
            all_known = set(parameters or ()) <= set(values or ())
            return self._unbound(pipeline, query, parameters or {}, engine_failure(error), all_known, condition)
        bound = self._stored(query, found, parameters or {})
        if not WITH.search(query) or not _all_given(parameters or {}, values or {}):
            return bound
        more = self._unread(pipeline, syntax or self._parse(query), parameters or {}, values or {})
        return changed(bound, problems=(*bound.problems, *more))

    def describe(
        self,
        pipeline: str,
        query: str,
        parameters: Mapping[str, str] | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> list[tuple[str, str]]:
        """The columns of a query, with the types it gives them; raises what the engine raises."""
        self._use(pipeline)
        arguments = {name: self._argument(kind, (values or {}).get(name)) for name, kind in (parameters or {}).items()}
        rows = self._connection.execute(_DESCRIBE + query, arguments or None).fetchall()
        return [(row[0], row[1]) for row in rows]

    def describe_all(self, pipeline: str, queries: Sequence[str]) -> list[list[tuple[str, str]]]:
        """The same for several sound queries without parameters; asked together, each takes two thirds of the time.

        Each is put in brackets, so it must be one SELECT; raises what the engine raises of any of them.
        """
        self._use(pipeline)
        asked = (
            f"SELECT {place}, column_name, column_type FROM ({_DESCRIBE}{query}\n)"
            for place, query in enumerate(queries)
        )
        found: list[list[tuple[str, str]]] = [[] for _ in queries]
        for place, name, kind in self._connection.execute(" UNION ALL ".join(asked)).fetchall():
            found[place].append((name, kind))
        return found

    def bind_partly(
        self,
        pipeline: str,
        syntax: Syntax,
        parameters: Mapping[str, str],
        values: Mapping[str, Any],
        known: Collection[Address],
    ) -> tuple[SqlProblem, ...]:
        """What is wrong with a query whatever its inputs are that are not among the `known` (declared) ones.

        That is every function that does not exist, and all mistakes in the common table expressions at its head that
        read nothing unknown. About anything else an unknown table may have the last word.
        """
        self._use(pipeline)
        sight = self._sight(syntax, pipeline)
        problems = {(problem.start, problem.end): problem for problem in self._unknown_functions(syntax, sight)}
        if _all_given(parameters, values):
            tree = self._tree(syntax.query, pipeline, parameters, values)
            judged = only_known(tree["statements"][0]["node"], known, self._template)
            if judged is not None:
                tree["statements"][0]["node"] = judged
                read_unread(tree, self._template)
                self._tell(Repair(syntax, tree), sight, problems)
        return _in_order(problems)

    def _unread(
        self, pipeline: str, syntax: Syntax, parameters: Mapping[str, str], values: Mapping[str, Any]
    ) -> tuple[SqlProblem, ...]:
        """The mistakes in common table expressions that the query, which binds, does not read."""
        if not unread(syntax.node):
            return ()
        tree = self._tree(syntax.query, pipeline, parameters, values)
        if isinstance(self._bind_tree(tree), EngineFailure):
            return ()  # it cannot be judged in this form
        problems: dict[tuple[int, int], SqlProblem] = {}
        read_unread(tree, self._template)
        self._tell(Repair(syntax, tree), self._sight(syntax, pipeline), problems)
        return _in_order(problems)

    def _unknown_functions(self, syntax: Syntax, sight: Sight) -> Iterator[SqlProblem]:
        """VP305 wherever the engine says so of the call alone, without its arguments."""
        for node in walk(syntax.node):
            in_from = node.get("type") == "TABLE_FUNCTION"
            name = (node["function"] if in_from else node).get("function_name")
            if name is None or syntax.span(node) is None or name.lower() in self._functions:
                continue
            call = f"{quote(name)}()"
            tree = self._serialized(f"SELECT * FROM {call}" if in_from else f"SELECT {call}")
            place = {key: node[key] for key in ("query_location", "query_location_length")}
            for each in walk(tree):
                if each.get("type") == ("TABLE_FUNCTION" if in_from else "FUNCTION"):
                    each.update(place)  # type: ignore[attr-defined]  # the tree is ours alone here
            failure = self._bind_tree(tree)
            outcome = Repair(syntax, tree).mend(failure, sight) if isinstance(failure, EngineFailure) else None
            if outcome is not None and outcome[0].code == "VP305":
                yield outcome[0]

    @cached_property
    def _functions(self) -> frozenset[str]:
        rows = self._connection.execute("SELECT DISTINCT lower(function_name) FROM duckdb_functions()").fetchall()
        return frozenset(name for (name,) in rows)

    @cached_property
    def _template(self) -> dict[str, Any]:
        node: dict[str, Any] = self._serialized(TEMPLATE)["statements"][0]["node"]
        return node

    def _parse(self, query: str) -> Syntax:
        syntax = parse_queries(self._connection, [query])[0]
        assert isinstance(syntax, Syntax)  # it was bound
        return syntax

    def _expression(self, text: str) -> dict[str, Any]:
        node: dict[str, Any] = self._serialized(f"SELECT {text}")["statements"][0]["node"]["select_list"][0]
        return node

    def _serialized(self, query: str) -> dict[str, Any]:
        """The tree of a query of ours, standing nowhere."""
        row = self._connection.execute("SELECT json_serialize_sql($1::VARCHAR)", [query]).fetchone()
        tree: dict[str, Any] = json.loads(row[0]) if row else {}
        for node in walk(tree):
            forget_place(node)
        return tree

    def _argument(self, kind: str, value: Any) -> Any:
        if value is not None:
            # As the run will cast it, and as text: a decimal of the client has a width of its own.
            cast = f"SELECT CAST({typed_literal(value, kind)} AS VARCHAR)"
            [(value,)] = self._connection.execute(cast).fetchall()
        return duckdb.Value(_sample(kind) if value is None else value, _engine_type(kind))

    def _create_schema(self, pipeline: str) -> None:
        if pipeline not in self._schemas:
            self._connection.execute(f"CREATE SCHEMA IF NOT EXISTS memory.{quote(pipeline)}")
            self._schemas.add(pipeline)

    def _use(self, pipeline: str) -> None:
        self._create_schema(pipeline)
        if pipeline != self._pipeline:
            use_pipeline(self._connection, pipeline)
            self._pipeline = pipeline

    def _stored(self, query: str, found: Sequence[tuple[str, str]], parameters: Mapping[str, str]) -> Bound:
        columns: list[Column] = []
        problems: list[SqlProblem] = []
        places: list[tuple[int, int]] | None = None
        seen: dict[str, int] = {}
        for index, (name, kind) in enumerate(found):
            stored = stored_type(kind, name)
            unnamed = next((p for p in parameters if f"${p}".casefold() in name.casefold()), None)
            if isinstance(stored, str) and name.casefold() not in seen and unnamed is None:
                seen[name.casefold()] = index
                columns.append(Column(name, stored))
                continue
            places = places or self._places(query, len(found))
            start, end = places[index]
            if isinstance(stored, SqlProblem):
                problems.append(SqlProblem(stored.code, stored.message, start, end, fix=stored.fix))
            elif unnamed is not None:
                message = f"Column {index + 1} has no name of its own, and one made of `${unnamed}` would vary with it."
                problems.append(SqlProblem("VP314", message, start, end, fix="Name it: `… as name`."))
            else:
                first = places[seen[name.casefold()]]
                problems.append(
                    SqlProblem(
                        "VP311",
                        f"The result has two columns `{name}`. Names are compared without case.",
                        start,
                        end,
                        fix="Give one of them another name with AS, or leave it out (`* EXCLUDE (…)`).",
                        related=((*first, "the first one"),) if first != (start, end) else (),
                    )
                )
        return Bound(tuple(columns), tuple(problems))

    def _places(self, query: str, count: int) -> list[tuple[int, int]]:
        """Where each column of the result is written, as far as the select list tells."""
        syntax = parse_queries(self._connection, [query])[0]
        first_word = re.search(r"\w+", query)
        nowhere = first_word.span() if first_word else (0, len(query))
        if not isinstance(syntax, Syntax):
            return [nowhere] * count
        items = syntax.node.get("select_list") or []
        spans = [whole_span(syntax, item) or nowhere for item in items]
        if len(items) == count:
            return spans
        # A star stands for all columns that the items around it do not make.
        stars = [index for index, item in enumerate(items) if item.get("class") == "STAR"]
        if len(stars) == 1 and len(items) <= count:
            star = stars[0]
            return spans[:star] + [spans[star]] * (count - len(items) + 1) + spans[star + 1 :]
        return [spans[stars[-1]] if stars else nowhere] * count

    def _unbound(
        self,
        pipeline: str,
        query: str,
        parameters: Mapping[str, str],
        failure: EngineFailure,
        all_known: bool,
        condition: bool,
    ) -> Bound:
        """All mistakes of a query that does not bind: tell one, put NULL in the place of the culprit, bind again."""
        syntax = parse_queries(self._connection, [query])[0]
        if isinstance(syntax, SqlProblem):
            return Bound((), (syntax,))
        repair = Repair(syntax, self._tree(query, pipeline, parameters))
        found = self._bind_tree(repair.tree)
        if not isinstance(found, EngineFailure):
            if not all_known:  # a sample stood where DuckDB looks at the value
                return self._stored(query, found, parameters)
            position = None if failure.position is None else failure.position - len(_DESCRIBE)
            found = EngineFailure(failure.kind, failure.message, position, failure.length)
        sight = changed(self._sight(syntax, pipeline), condition=condition)
        problems: dict[tuple[int, int], SqlProblem] = {}
        self._tell(repair, sight, problems, found)
        if not parameters and read_unread(repair.tree, self._template):
            self._tell(repair, sight, problems)
        return Bound((), _in_order(problems))

    def _tell(
        self,
        repair: Repair,
        sight: Sight,
        problems: dict[tuple[int, int], SqlProblem],
        found: Sequence[tuple[str, str]] | EngineFailure | None = None,
    ) -> None:
        """Mistake by mistake, mend the tree and add to `problems`, by place. `found` is what binding it gave."""
        found = self._bind_tree(repair.tree) if found is None else found
        told: set[tuple[int, int]] = set()
        while isinstance(found, EngineFailure) and len(problems) < _MOST_PROBLEMS:
            outcome = repair.mend(found, sight)
            if outcome is None or (outcome[0].start, outcome[0].end) in told:
                break
            problem, mended = outcome
            told.add((problem.start, problem.end))
            problems.setdefault((problem.start, problem.end), problem)
            found = self._bind_tree(repair.tree) if mended else ()

    def _tree(
        self,
        query: str,
        pipeline: str,
        parameters: Mapping[str, str],
        values: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The query's tree as DuckDB can run it from anywhere: tables qualified, and in the place of parameters their
        values, or typed NULLs where those are not known."""
        row = self._connection.execute("SELECT json_serialize_sql($1::VARCHAR)", [query]).fetchone()
        tree: dict[str, Any] = json.loads(row[0]) if row else {}
        for table in outside_tables(tree):
            path = table["qualified_name"]["path"]
            if len(path) == 1:
                path.insert(0, pipeline)
                table["schema_name"] = pipeline  # type: ignore[index]  # the tree is ours alone here
        types = {name.casefold(): kind for name, kind in parameters.items()}
        for node in walk(tree):
            if node.get("class") == "PARAMETER":
                name = node["identifier"].casefold()
                kind = types.get(name, "VARCHAR")
                value = (values or {}).get(name)
                replace(node, self._null_of(kind) if value is None else self._expression(typed_literal(value, kind)))
        return tree

    def _null_of(self, kind: str) -> dict[str, Any]:
        if kind not in self._type_nodes:
            self._type_nodes[kind] = self._expression(f"CAST(NULL AS {kind})")
        return dict(self._type_nodes[kind])

    def _bind_tree(self, tree: dict[str, Any]) -> Sequence[tuple[str, str]] | EngineFailure:
        """The columns of the query that `tree` is, or the first thing wrong with it, at its place in the query."""
        text = json.dumps(tree)
        # DuckDB gives errors without a place the place of the function that we call: beyond the end of the query.
        statement = f"DESCRIBE FROM{' ' * len(text)}json_execute_serialized_sql($1)"
        try:
            rows = self._connection.execute(statement, [text]).fetchall()
        except duckdb.Error as error:
            failure = engine_failure(error)
            if "has duplicate column name" in failure.message:  # it bound; only a table may not have them
                return ()
            if failure.position is not None and failure.position >= len(text):
                return EngineFailure(failure.kind, failure.message)
            return failure
        return [(row[0], row[1]) for row in rows]

    def _sight(self, syntax: Syntax, pipeline: str) -> Sight:
        tables: dict[str, tuple[str, ...]] = {}
        aliases: dict[str, str] = {}
        for table in syntax.outside_tables():
            path = table["qualified_name"]["path"]
            address = Address(path[-2].lower() if len(path) > 1 else pipeline, path[-1].lower())
            columns = tuple(column.name for column in self._tables.get(address, ()))
            tables[(table["alias"] or path[-1]).casefold()] = columns
            if table["alias"] and table["alias"].casefold() != path[-1].casefold():
                aliases[path[-1]] = table["alias"]
        every = dict.fromkeys(column for columns in tables.values() for column in columns)
        return Sight("", tuple(every), aliases, tables)


def _in_order(problems: Mapping[tuple[int, int], SqlProblem]) -> tuple[SqlProblem, ...]:
    return tuple(sorted(problems.values(), key=lambda problem: problem.start))


def _all_given(parameters: Mapping[str, str], values: Mapping[str, Any]) -> bool:
    """Whether nothing stands for a value that DuckDB may look at while binding. At a time (`$now`) it never does."""
    return all(values.get(name) is not None or kind.startswith("TIMESTAMP") for name, kind in parameters.items())


@lru_cache(maxsize=64)
def _engine_type(kind: str) -> duckdb.sqltypes.DuckDBPyType:
    return duckdb.sqltypes.DuckDBPyType(kind)


_SAMPLES: dict[str, Any] = {
    "BOOLEAN": True,
    "DATE": date(2000, 1, 1),
    "TIME": time(0, 0),
    "TIMESTAMP": datetime(2000, 1, 1),
    "TIMESTAMP WITH TIME ZONE": datetime(2000, 1, 1, tzinfo=UTC),
    "UUID": "00000000-0000-0000-0000-000000000000",
    "BLOB": b"",
    "JSON": "null",
}


def _sample(kind: str) -> Any:
    """Some value of a type: DuckDB drops the type of a NULL parameter."""
    parsed = parse_type(kind)
    if not isinstance(parsed, DataType):
        raise ValueError(f"not a type: {kind}")
    return _sample_of(parsed)


def _sample_of(kind: DataType) -> Any:
    match kind.name:
        case "LIST" | "ARRAY":
            return [_sample_of(kind.children[0])] * (kind.numbers[0] if kind.numbers else 1)
        case "STRUCT":
            return dict(zip(kind.labels, map(_sample_of, kind.children), strict=True))
        case "MAP":
            return {_sample_of(kind.children[0]): _sample_of(kind.children[1])}
        case "ENUM":
            return kind.labels[0]
        case "VARCHAR":
            return ""
    return _SAMPLES.get(kind.name, 1)
