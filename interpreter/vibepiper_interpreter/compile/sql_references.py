"""What a query refers to outside itself: tables, parameters, and things that only specs may name (files, URLs)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from vibepiper_interpreter.engines.duckdb.errors import SqlProblem
from vibepiper_interpreter.engines.duckdb.syntax import Node, Syntax

_READERS = re.compile(
    r"^(read_|sniff_|glob$|parquet_|.*_scan$|st_read|.*_query$|arrow_scan|query_parquet|.*_attach$|shapefile_meta$)"
)
# Table functions that make rows from their arguments alone.
_ROW_MAKERS = frozenset(
    {"range", "generate_series", "unnest", "repeat", "repeat_row", "json_each", "json_tree"}
    | {"regexp_split_to_table", "generate_subscripts"}
)
_FILE_NAME = re.compile(r"[./\\:*?]")
_ENGINE_WORDS = """
add_grammar_extension remove_grammar_extension
checkpoint create_external_resource deregister_external_resource destroy_external_resource disable_logging
disable_profiling enable_logging enable_profiling force_checkpoint histogram histogram_values icu_calendar_names
json_execute_serialized_sql pg_timezone_names python_map_function query query_table register_external_resource
register_external_resource_type summary test_all_types test_vector_types truncate_duckdb_logs which_secret
"""
# Table functions that tell or change something of the engine; so do all whose names begin with duckdb_ or pragma_.
_ENGINE_FUNCTIONS = frozenset(_ENGINE_WORDS.split())
_ENGINE_SCHEMAS = frozenset({"information_schema", "pg_catalog", "main", "temp", "system", "memory"})


@dataclass(frozen=True, slots=True)
class TableReference:
    """A table named in a FROM clause that no CTE shadows. Names as written; compare them without case."""

    schema: str | None
    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ParameterReference:
    """A `$name` in the query; the range holds the `$`."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class References:
    """Everything a query refers to, in the order of the text; the same table once for each place."""

    tables: tuple[TableReference, ...]
    parameters: tuple[ParameterReference, ...]
    problems: tuple[SqlProblem, ...]


def references(syntax: Syntax) -> References:
    """All references of one query, found by walking its tree with the CTEs in sight at each place."""
    search = _Search(syntax)
    for node in syntax.outside_tables():
        search.table(node)
    for node in syntax.nodes:
        if node.get("type") == "TABLE_FUNCTION":
            search.table_function(node)
        elif node.get("class") == "FUNCTION":
            search.function(node)
        elif node.get("class") == "PARAMETER":
            search.parameter(node)
    return References(
        tuple(sorted(search.tables, key=lambda table: table.start)),
        tuple(sorted(search.parameters, key=lambda parameter: parameter.start)),
        tuple(sorted(search.problems, key=lambda problem: problem.start)),
    )


@dataclass(slots=True)
class _Search:
    syntax: Syntax
    tables: list[TableReference] = field(default_factory=list)
    parameters: list[ParameterReference] = field(default_factory=list)
    problems: list[SqlProblem] = field(default_factory=list)

    def table(self, node: Node) -> None:
        path = node["qualified_name"]["path"]
        start, end = self._span_of_name(node, ".".join(path))
        name = path[-1]
        if len(path) == 1 and (_FILE_NAME.search(name) or self.syntax.query[start : start + 1] == "'"):
            self.problems.append(_file_problem(f"`{name}`", start, end))
        elif len(path) > 2:
            self.problems.append(
                SqlProblem(
                    "VP202",
                    f"`{'.'.join(path)}` has {len(path)} parts. A table is an asset: `asset`, or `pipeline.asset`.",
                    start,
                    end,
                    fix=f"Write `{'.'.join(path[-2:])}`.",
                    suggestion=".".join(path[-2:]),
                )
            )
        elif len(path) == 2 and path[0].casefold() in _ENGINE_SCHEMAS:
            self.problems.append(
                SqlProblem(
                    "VP314",
                    f"`{'.'.join(path)}` belongs to the engine that happens to run the query, not to the project.",
                    start,
                    end,
                    fix="Read assets only: `asset`, or `pipeline.asset`.",
                )
            )
        else:
            self.tables.append(TableReference(path[0] if len(path) == 2 else None, name, start, end))

    def table_function(self, node: Node) -> None:
        name = node["function"]["function_name"].lower()
        start, end = self.syntax.span(node) or (0, len(self.syntax.query))
        if name in _ROW_MAKERS:
            return
        if _READERS.match(name):
            self.problems.append(_file_problem(f"`{name}`", start, end))
        elif name.startswith(("duckdb_", "pragma_")) or name in _ENGINE_FUNCTIONS:
            self.problems.append(
                SqlProblem(
                    "VP314",
                    f"`{name}` looks into the engine that happens to run the query, past the assets it names.",
                    start,
                    end,
                    fix="Name the assets in the FROM clause.",
                )
            )

    def function(self, node: Node) -> None:
        """A file reader called among expressions, where it cannot stand anyway."""
        name = node["function_name"].lower()
        span = self.syntax.span(node)  # the call in a FROM clause is told by its table
        if span is not None and _READERS.match(name):
            self.problems.append(_file_problem(f"`{name}`", *span))

    def parameter(self, node: Node) -> None:
        name = node["identifier"]
        start, end = self.syntax.span(node) or (0, len(self.syntax.query))
        if name.isdigit():
            written = self.syntax.query[start:end] or f"${name}"
            self.problems.append(
                SqlProblem(
                    "VP308",
                    f"`{written}` is a parameter without a name, so nothing says what to put there.",
                    start,
                    end,
                    fix="Write `$name` of a variable that `vp.toml` declares.",
                )
            )
        else:
            self.parameters.append(ParameterReference(name, start, end))

    def _span_of_name(self, node: Node, name: str) -> tuple[int, int]:
        """The name alone: DuckDB's range of a table holds its alias too, and `PIVOT t` and `TABLE t` have none."""
        span = self.syntax.span(node)
        query = self.syntax.query
        if span is None:
            found = query.casefold().find(name.casefold())
            return (found, found + len(name)) if found >= 0 else (0, len(query))
        match = _QUALIFIED.match(query, span[0], max(span[1], span[0] + len(name)))
        return match.span() if match else span


_IDENTIFIER = r"""(?:"(?:[^"]|"")*"|'(?:[^']|'')*'|[^\W\d][\w$]*)"""
_QUALIFIED = re.compile(rf"{_IDENTIFIER}(?:\s*\.\s*{_IDENTIFIER})*")


def _file_problem(what: str, start: int, end: int) -> SqlProblem:
    return SqlProblem(
        "VP307",
        f"{what} reads a file from within SQL, so nobody could tell when the file changes or who else reads it.",
        start,
        end,
        fix='Declare the file as an asset, `[source.file.NAME]` with `path = "…"`, and name that asset here.',
    )
