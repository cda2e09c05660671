"""Which column of an input says to which slice of its reader a row belongs: rows of other slices cannot reach it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from vibepiper_interpreter.compile.build_settings import BuildSettings, Intervals
from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.compile.slice_bounds import Bound, bounds
from vibepiper_interpreter.engines.duckdb.syntax import Node, outside_tables, walk
from vibepiper_spec.address import Address

_WITHIN_A_DAY = ("minute", "five_minutes", "quarter_hour", "half_hour", "hour")
_WALL_TIMES = ("DATE", "TIMESTAMP")
_INSTANT = "TIMESTAMP WITH TIME ZONE"


def slice_columns(
    query: Node, pipeline: str, schemas: Mapping[Address, tuple[Column, ...]], settings: BuildSettings
) -> dict[Address, str]:
    """For each input for which the query itself proves it, that column.

    Proof: the input stands in one place of the query. There, in the very SELECT that it stands in the FROM clause of,
    the column is bounded by `$start` and `$end`: rows outside are gone before anything else is done with them, and
    through regular joins they cannot have brought others in or kept them out.
    """
    tables = {id(table): address_of(table, pipeline) for table in outside_tables(query)}
    times = Counter(tables.values())
    found: dict[Address, str] = {}
    for node in walk(query):
        if node.get("type") != "SELECT_NODE":
            continue
        leaves = list(leaves_of(node["from_table"]))
        if None in leaves:
            continue  # a join whose matches hang on which rows there are
        conditions = list(bounds(node.get("where_clause"), settings))
        for leaf in leaves:
            address = None if leaf is None else tables.get(id(leaf))
            if leaf is None or address is None or times[address] != 1 or address not in schemas:
                continue
            column = _bounded(
                leaf, [each for each in leaves if each is not None], schemas, tables, conditions, settings
            )
            if column is not None:
                found[address] = column
    return found


def _bounded(
    leaf: Node,
    leaves: Iterable[Node],
    schemas: Mapping[Address, tuple[Column, ...]],
    tables: Mapping[int, Address],
    conditions: Iterable[Bound],
    settings: BuildSettings,
) -> str | None:
    """The column of the table `leaf` that the conditions bound from both sides."""
    if leaf.get("column_name_alias") or leaf.get("sample"):
        return None
    columns = {column.name.casefold(): column for column in schemas[tables[id(leaf)]]}
    others = [other for other in leaves if other is not leaf]
    by: dict[str, set[str]] = {}
    for condition in conditions:
        names = column_of(condition.expression, columns, settings)
        if names is not None and is_of(names, leaf, others, schemas, tables):
            by.setdefault(names[-1].casefold(), set()).add(condition.by)
    needed = {"start", "end"} if isinstance(settings, Intervals) else {"partition"}
    return next((columns[name].name for name, ends in by.items() if needed <= ends), None)


def column_of(expression: Node, columns: Mapping[str, Column], settings: BuildSettings) -> list[str] | None:
    """The name of the column, as a path, whose own slice is that of `expression`."""
    if expression["class"] == "COLUMN_REF":
        names: list[str] = expression["column_names"]
        column = columns.get(names[-1].casefold())
        if column is None:
            return None
        if not isinstance(settings, Intervals):
            # Others are compared as what they are: then `07` is 7, and no row says so.
            return names if column.type == "VARCHAR" else None
        as_it_is = column.type in _WALL_TIMES or (column.type == _INSTANT and settings.time_zone == "UTC")
        return names if as_it_is else None
    if expression["class"] == "CAST" and not expression.get("try_cast"):
        kind = expression["type_expr"].get("type_name", "").upper()
        if not isinstance(settings, Intervals):
            child = expression["child"]
            if kind not in ("VARCHAR", "TEXT", "STRING") or child["class"] != "COLUMN_REF":
                return None
            path: list[str] = child["column_names"]
            return path if path[-1].casefold() in columns else None
        # The day begins where the interval does.
        if kind == "TIMESTAMP" or (kind == "DATE" and settings.grain not in _WITHIN_A_DAY):
            return column_of(expression["child"], columns, settings)
    if expression.get("function_name") == "timezone" and isinstance(settings, Intervals):
        arguments = [argument["expression"] for argument in expression["arguments"]]
        if len(arguments) == 2 and arguments[0]["class"] == "CONSTANT" and arguments[1]["class"] == "COLUMN_REF":
            names = arguments[1]["column_names"]
            column = columns.get(names[-1].casefold())
            same_zone = str(arguments[0]["literal"].get("text", "")) == settings.time_zone
            return names if column is not None and column.type == _INSTANT and same_zone else None
    return None


def is_of(
    names: list[str],
    leaf: Node,
    others: Iterable[Node],
    schemas: Mapping[Address, tuple[Column, ...]],
    tables: Mapping[int, Address],
) -> bool:
    """Whether a column's path means the table `leaf`, and can mean nothing else in its FROM clause."""
    if len(names) == 2:
        return names[0].casefold() == _name(leaf) and all(_name(other) != _name(leaf) for other in others)
    if len(names) != 1:
        return False
    for other in others:
        address = tables.get(id(other))
        if address is None or address not in schemas or other.get("column_name_alias"):
            return False  # nobody knows its columns here
        if names[0].casefold() in {column.name.casefold() for column in schemas[address]}:
            return False
    return True


def _name(table: Node) -> str:
    return str(table.get("alias") or table.get("table_name") or "").casefold()


def leaves_of(table: Node) -> Iterator[Node | None]:
    """The tables that are joined; None for a join other than the regular ones."""
    if table["type"] != "JOIN":
        yield table
        return
    if table["ref_type"] not in ("REGULAR", "NATURAL", "CROSS") or table["nearest_count"] != 1 or table["sample"]:
        yield None
        return
    yield from leaves_of(table["left"])
    yield from leaves_of(table["right"])


def address_of(table: Node, pipeline: str) -> Address:
    path = table["qualified_name"]["path"]
    return Address(path[0].lower() if len(path) == 2 else pipeline, path[-1].lower())
