"""What a FROM clause brings into sight: assets, CTEs, subqueries, joins, functions that make rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import count

from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.compile.renames import NO_RENAMES, Renames
from vibepiper_interpreter.compile.sql_expressions import Expressions
from vibepiper_interpreter.compile.sql_functions import SINGLE_COLUMN_TABLES
from vibepiper_interpreter.compile.sql_meaning import (
    Entry,
    Meaning,
    NamedMeaning,
    Relation,
    Scope,
    Source,
    Unanalysable,
    combined,
    digest,
    literal_digest,
    only_known,
)
from vibepiper_interpreter.engines.duckdb.syntax import Node, walk
from vibepiper_interpreter.engines.duckdb.type_names import EXACT_NUMBERS
from vibepiper_spec.address import Address


@dataclass(slots=True)
class FromClause:
    """Analyses the FROM clauses of one query; `query` analyses the subqueries in them."""

    pipeline: str
    schemas: Mapping[Address, tuple[Column, ...]]
    query: Callable[[Node, Scope], Relation]
    expressions: Expressions
    renames: Renames = NO_RENAMES

    def source(self, node: Node, scope: Scope) -> Source:
        """The whole clause. Its relations are numbered, so that two uses of one table are told apart."""
        return self._source(node, scope, count())

    def _source(self, node: Node, scope: Scope, numbers: Iterable[int]) -> Source:
        match node["type"]:
            case "EMPTY":
                return Source()
            case "JOIN":
                return self._join(node, scope, numbers)
            case "BASE_TABLE":
                only_known(node, "type alias sample column_name_alias schema_name table_name qualified_name")
                relation, schema = self._table(node, scope)
                return _one(node, node["alias"] or node["table_name"], relation, numbers, schema)
            case "SUBQUERY":
                only_known(node, "type alias sample column_name_alias subquery")
                return _one(node, node["alias"], self.query(node["subquery"]["node"], scope.inside()), numbers)
            case "TABLE_FUNCTION":
                only_known(node, "type alias sample column_name_alias function with_ordinality")
                alias = node["alias"] or node["function"]["function_name"]
                return _one(node, alias, self._table_function(node, scope), numbers)
            case "EXPRESSION_LIST":
                only_known(node, "type alias sample column_name_alias values")
                return _one(node, node["alias"], self._values(node, scope), numbers)
            case "PIVOT":
                return _one(node, node["alias"], self._pivot(node, scope), numbers)
        raise Unanalysable(f"table {node['type']}")

    def _table(self, node: Node, scope: Scope) -> tuple[Relation, str | None]:
        path = node["qualified_name"]["path"]
        if len(path) == 1 and path[0].casefold() in scope.ctes:
            return scope.ctes[path[0].casefold()], None
        pipeline = path[0].lower() if len(path) == 2 else self.pipeline
        address = Address(pipeline, path[-1].lower())
        if len(path) > 2 or address not in self.schemas:
            raise Unanalysable(f"table {'.'.join(path)}")
        columns = tuple(
            NamedMeaning(
                column.name,
                Meaning(
                    digest("column", self.renames.column(address, column.name).casefold()),
                    frozenset({(address, column.name)}),
                    exact=column.type.partition("(")[0] in EXACT_NUMBERS,
                ),
            )
            for column in self.schemas[address]
        )
        return Relation(columns, digest("table", self.renames.address(address))), pipeline

    def _join(self, node: Node, scope: Scope, numbers: Iterable[int]) -> Source:
        only_known(
            node,
            "type alias sample left right condition join_type ref_type using_columns is_implicit "
            "nearest_count nearest_order_type nearest_approx",
        )
        if node["ref_type"] not in ("REGULAR", "NATURAL", "CROSS", "ASOF") or node["nearest_count"] != 1:
            raise Unanalysable(f"join {node['ref_type']}")  # POSITIONAL: by the order of the rows
        left = self._source(node["left"], scope, numbers)
        # What stands on the right may refer to what stands on the left.
        right = self._source(node["right"], scope._replace(source=_beside(scope.source, left)), numbers)
        shared = {name.casefold() for name in node["using_columns"]}
        if node["ref_type"] == "NATURAL":
            if left.unlisted or right.unlisted:
                raise Unanalysable("natural join over unlisted columns")
            names = [{(column.name or "").casefold() for column in side.star} for side in (left, right)]
            shared = names[0] & names[1]
        merged = {name: self._merged(name, left, right) for name in sorted(shared)}
        one_sided = node["join_type"] in ("SEMI", "ANTI")
        both = Source((*left.entries, *right.entries), (), {**left.merged, **right.merged, **merged})
        deciding = [combined(f"using {name}", (meaning,)) for name, meaning in merged.items()]
        if node["condition"] is not None:
            within = scope.inside()._replace(source=both)  # it may refer to what stands before the join as well
            deciding.append(combined("on", (self.expressions.meaning(node["condition"], within),)))
        rows = digest(
            "join", node["join_type"], node["ref_type"], left.rows, right.rows, *(part.digest for part in deciding)
        )
        if node["sample"] is not None:
            rows = digest(rows, literal_digest(node["sample"]))
        influence = left.influence.union(right.influence, *(part.origins for part in deciding))
        star = [
            column._replace(meaning=merged.get((column.name or "").casefold(), column.meaning)) for column in left.star
        ]
        if one_sided:
            return Source(left.entries, left.star, left.merged, rows, influence)
        star += [column for column in right.star if (column.name or "").casefold() not in merged]
        return Source(both.entries, tuple(star), both.merged, rows, influence)

    def _merged(self, name: str, left: Source, right: Source) -> Meaning:
        """A column of USING is that of either side: in an outer join of whichever is there."""
        sides = [Scope(source=side).resolve([name]) for side in (left, right)]
        if sides[0] is None or sides[1] is None:
            raise Unanalysable(f"column {name} of USING")
        return combined("using", (sides[0], sides[1]), exact=sides[0].exact and sides[1].exact)

    def _table_function(self, node: Node, scope: Scope) -> Relation:
        call = self.expressions.meaning(node["function"], scope.inside())
        name = node["function"]["function_name"].lower()
        rows = digest("function", call.digest, node["with_ordinality"])
        if name not in SINGLE_COLUMN_TABLES or node["with_ordinality"] != "WITHOUT_ORDINALITY":
            return Relation((), rows, call.origins, call._replace(aggregate=False, multiplies=False))
        exact = name in ("range", "generate_series")
        value = Meaning(digest("value", call.digest), call.origins, exact=exact)
        return Relation((NamedMeaning(node["alias"] or name, value),), rows, call.origins)

    def _values(self, node: Node, scope: Scope) -> Relation:
        lines = [self.expressions.each(line, scope.inside()) for line in node["values"]]
        columns = [
            NamedMeaning(f"col{index}", combined("values", cells, exact=all(cell.exact for cell in cells)))
            for index, cells in enumerate(zip(*lines, strict=True))
        ]
        return Relation(tuple(columns), digest("values", len(lines)))

    def _pivot(self, node: Node, scope: Scope) -> Relation:
        """PIVOT and UNPIVOT: every column of the source may decide about every row and column."""
        parts = [part for key, part in node.items() if key != "source"]
        if any(found.get("class") == "SUBQUERY" or found.get("subquery") for part in parts for found in walk(part)):
            raise Unanalysable("subquery in a pivot")
        source = self.source(node["source"], scope)
        named = [combined(f"column {column.name}", (column.meaning,)) for column in source.star]
        named += [entry.whole() for entry in source.unlisted]
        if not all(part.exact for part in (column.meaning for column in source.star)):
            self.expressions.adds_floats = True
        written = {key: part for key, part in node.items() if key not in ("source", "alias", "column_name_alias")}
        whole = combined(digest("pivot", literal_digest(written), source.rows), named)
        return Relation((), whole.digest, whole.origins | source.influence, whole._replace(aggregate=False))


def _one(node: Node, alias: str, relation: Relation, numbers: Iterable[int], schema: str | None = None) -> Source:
    """A FROM clause of one relation, which gets the next number of the clause."""
    number = next(iter(numbers))
    relation = relation.renamed(node.get("column_name_alias") or ())
    rows = relation.rows if node.get("sample") is None else digest(relation.rows, literal_digest(node["sample"]))
    columns = tuple(
        NamedMeaning(
            column.name, column.meaning._replace(digest=digest("of", number, column.meaning.digest)), alias.casefold()
        )
        for column in relation.columns
    )
    unlisted = relation.unlisted
    if unlisted is not None:
        unlisted = unlisted._replace(digest=digest("of", number, unlisted.digest))
    relation = Relation(columns, rows, relation.influence, unlisted)
    return Source((Entry(alias, relation, schema),), columns, {}, rows, relation.influence)


def _beside(before: Source, left: Source) -> Source:
    """What a lateral subquery sees: the relations before its join, and those on the join's left."""
    return Source((*before.entries, *left.entries), (), {**before.merged, **left.merged})
