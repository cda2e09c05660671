"""What a query means: its columns and its rows, found in one walk over its clauses and the scopes they see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from vibepiper_interpreter.compile.compiled import Column
from vibepiper_interpreter.compile.renames import NO_RENAMES, Renames
from vibepiper_interpreter.compile.sql_expressions import Expressions
from vibepiper_interpreter.compile.sql_from import FromClause
from vibepiper_interpreter.compile.sql_meaning import (
    Entry,
    Meaning,
    NamedMeaning,
    Origins,
    Relation,
    Scope,
    Source,
    Unanalysable,
    combined,
    digest,
    literal_digest,
    only_known,
)
from vibepiper_interpreter.compile.sql_star import expand_star
from vibepiper_interpreter.engines.duckdb.syntax import Node
from vibepiper_spec.address import Address


@dataclass(slots=True)
class Queries:
    """Analyses one query of `pipeline`; `schemas` are the assets it may read, `parameters` their values."""

    pipeline: str
    schemas: Mapping[Address, tuple[Column, ...]]
    parameters: Mapping[str, str]
    renames: Renames = NO_RENAMES
    expressions: Expressions = field(init=False)
    from_clause: FromClause = field(init=False)

    def __post_init__(self) -> None:
        self.expressions = Expressions(self.query, self.parameters)
        self.from_clause = FromClause(self.pipeline, self.schemas, self.query, self.expressions, self.renames)

    def query(self, node: Node, scope: Scope) -> Relation:
        """The result of a query whose names are looked up in `scope`; `scope` itself holds no FROM clause yet."""
        scope = scope._replace(ctes={**scope.ctes})
        for entry in node["cte_map"]["map"]:
            scope = scope._replace(ctes={**scope.ctes, entry["key"].casefold(): self._cte(entry["value"], scope)})
        match node["type"]:
            case "SELECT_NODE":
                return self._select(node, scope)
            case "SET_OPERATION_NODE":
                return self._set_operation(node, scope)
            case "RECURSIVE_CTE_NODE":
                return self._recursive(node, scope)
        raise Unanalysable(f"query {node['type']}")

    def _cte(self, value: Node, scope: Scope) -> Relation:
        only_known(value, "aliases materialized key_targets query_node")
        aliases = value.get("aliases") or ()
        if value["query_node"]["type"] == "RECURSIVE_CTE_NODE" and aliases:
            # The recursive half sees the aliases already.
            value = {**value, "query_node": {**value["query_node"], "aliases": aliases}}
        relation = self.query(value["query_node"], scope)
        if value.get("key_targets"):
            relation = relation._replace(rows=digest(relation.rows, literal_digest(value["key_targets"])))
        return relation.renamed(aliases)

    def _select(self, node: Node, scope: Scope) -> Relation:
        only_known(
            node,
            "type modifiers cte_map select_list from_table where_clause group_expressions group_sets "
            "aggregate_handling having sample qualify",
        )
        source = self.from_clause.source(node["from_table"], scope)
        scope = scope._replace(source=source)
        items = self._items(node["select_list"], scope)
        loose = any(_falls_apart(item) for item in node["select_list"])
        scope = scope._replace(aliases=_names(items))
        late = scope._replace(alias_may_win=True)

        deciding: list[Meaning] = []
        if node["where_clause"] is not None:
            deciding.append(combined("where", (self.expressions.meaning(node["where_clause"], scope),)))
        groups = [self._position_or(expression, items, scope) for expression in node["group_expressions"]]
        if groups:
            deciding.append(combined(digest("group", node["group_sets"]), groups))
        grouped = bool(groups) or bool(node["group_sets"])
        if node["aggregate_handling"] == "FORCE_AGGREGATES":
            keys = [item.meaning for item in items if not item.meaning.aggregate]
            deciding.append(combined("group by all", keys))
            grouped = True
        elif node["aggregate_handling"] != "STANDARD_HANDLING":
            raise Unanalysable(str(node["aggregate_handling"]))
        for clause in ("having", "qualify"):
            if node[clause] is not None:
                deciding.append(combined(clause, (self.expressions.meaning(node[clause], late),)))
                grouped = grouped or clause == "having"
        # An aggregate anywhere in the select list or in QUALIFY makes one row of all, or one of each group.
        if grouped or any(meaning.aggregate for meaning in (*(item.meaning for item in items), *deciding)):
            deciding.append(Meaning("aggregated"))
        deciding += [combined("rows of", (item.meaning,)) for item in items if item.meaning.multiplies]
        if node["sample"] is not None:
            deciding.append(Meaning(literal_digest(node["sample"])))
        deciding += self._modifiers(node["modifiers"], items, late)
        return _finished(items, source.rows, source.influence, deciding, loose=loose)

    def _items(self, select_list: Iterable[Node], scope: Scope) -> list[NamedMeaning]:
        """The columns of the result. Each item sees the names that the items before it give."""
        items: list[NamedMeaning] = []
        for node in select_list:
            if node["class"] == "STAR":
                expanded = expand_star(node, scope, self.expressions)
                if expanded is not None:
                    items += expanded
                    continue
            meaning = self.expressions.meaning(node, scope)
            name = node["alias"] or (node["column_names"][-1] if node["class"] == "COLUMN_REF" else None)
            items.append(NamedMeaning(name, meaning))
            if name is not None:
                scope = scope._replace(aliases={name.casefold(): meaning, **scope.aliases})
        return items

    def _position_or(self, node: Node, items: Sequence[NamedMeaning], scope: Scope) -> Meaning:
        """In GROUP BY and ORDER BY a whole number is the position of a column of the result."""
        if node["class"] == "CONSTANT" and node["literal"]["kind"] == "INTEGER":
            index = int(node["literal"]["text"]) - 1
            if any(item.meaning.spreads for item in items) or not 0 <= index < len(items):
                return combined("some position", (item.meaning for item in items))
            return items[index].meaning
        if node["class"] == "STAR":  # ORDER BY ALL
            return combined("all", (item.meaning for item in items))
        return self.expressions.meaning(node, scope)

    def _modifiers(self, modifiers: Iterable[Node], items: Sequence[NamedMeaning], scope: Scope) -> list[Meaning]:
        """DISTINCT, ORDER BY and LIMIT: all of them decide about rows."""
        found: list[Meaning] = []
        for modifier in modifiers:
            match modifier["type"]:
                case "DISTINCT_MODIFIER":
                    only_known(modifier, "type distinct_on_targets")
                    targets = [self._position_or(node, items, scope) for node in modifier["distinct_on_targets"]]
                    found.append(combined("distinct", targets or [item.meaning for item in items]))
                case "ORDER_MODIFIER":
                    only_known(modifier, "type orders")
                    for order in modifier["orders"]:
                        only_known(order, "type null_order expression")
                        label = digest("order", order["type"], order["null_order"])
                        found.append(combined(label, (self._position_or(order["expression"], items, scope),)))
                case "LIMIT_MODIFIER":
                    only_known(modifier, "type limit offset limit_type")
                    for key in ("limit", "offset"):
                        if modifier[key] is not None:
                            label = digest(key, modifier["limit_type"])
                            found.append(combined(label, (self.expressions.meaning(modifier[key], scope),)))
                case kind:
                    raise Unanalysable(f"modifier {kind}")
        return found

    def _set_operation(self, node: Node, scope: Scope) -> Relation:
        only_known(node, "type modifiers cte_map setop_type setop_all children")
        children = [self.query(child, scope._replace(source=Source())) for child in node["children"]]
        kind = node["setop_type"]
        items = _by_name(children) if kind == "UNION_BY_NAME" else _by_position(children)
        rows = digest(kind, node["setop_all"], *(child.rows for child in children))
        influence: Origins = frozenset().union(*(child.influence for child in children))
        deciding: list[Meaning] = []
        if not node["setop_all"] or not kind.startswith("UNION"):
            deciding.append(combined("compared", (item.meaning for item in items)))
        result = Relation(tuple(items), rows)
        ordered = scope._replace(
            source=Source((Entry("", result),), result.columns), aliases=_names(items), alias_may_win=True
        )
        deciding += self._modifiers(node["modifiers"], items, ordered)
        return _finished(items, rows, influence, deciding)

    def _recursive(self, node: Node, scope: Scope) -> Relation:
        """All that the two halves read reaches every column and every row."""
        only_known(node, "type modifiers cte_map cte_name union_all left right key_targets aliases")
        if node["modifiers"]:
            raise Unanalysable("modifiers of a recursive CTE")
        start = self.query(node["left"], scope)
        if start.unlisted is not None:
            raise Unanalysable("columns of a recursive CTE")
        level = len(scope.ctes)
        own = tuple(
            NamedMeaning(column.name, Meaning(digest("recursive", level, index)))
            for index, column in enumerate(start.columns)
        )
        itself = Relation(own, digest("recursive", level)).renamed(node.get("aliases") or ())
        step = self.query(node["right"], scope._replace(ctes={**scope.ctes, node["cte_name"].casefold(): itself}))
        parts = [column.meaning for relation in (start, step) for column in relation.columns]
        parts += [] if step.unlisted is None else [step.unlisted]
        whole = combined(digest("recursion", node["union_all"], start.rows, step.rows), parts)
        influence = whole.origins | start.influence | step.influence
        columns = tuple(
            NamedMeaning(column.name, Meaning(digest("recursion", whole.digest, index), whole.origins))
            for index, column in enumerate(start.columns)
        )
        return Relation(columns, whole.digest, influence)


def _finished(
    items: Sequence[NamedMeaning], rows: str, influence: Origins, deciding: Sequence[Meaning], *, loose: bool = False
) -> Relation:
    """The relation a query results in. Outside of it nothing is an aggregate any more.

    `loose`: an item may turn out to be several columns.
    """
    rows = digest("query", rows, *(meaning.digest for meaning in deciding))
    influence = influence.union(*(meaning.origins for meaning in deciding))
    whole = _settled(combined("items", (item.meaning for item in items)))
    if any(item.meaning.spreads for item in items):
        return Relation((), rows, influence, whole)
    seen: dict[str, int] = {}
    columns = []
    for item in items:
        name = item.name
        if name is not None:  # DuckDB calls a second `a` of a subquery `a_1`
            count = seen.get(name.casefold(), 0)
            seen[name.casefold()] = count + 1
            name = f"{name}_{count}" if count else name
        columns.append(NamedMeaning(name, _settled(item.meaning)))
    return Relation(tuple(columns), rows, influence, whole if loose else None)


def _settled(meaning: Meaning) -> Meaning:
    if not (meaning.aggregate or meaning.multiplies or meaning.spreads):
        return meaning
    return meaning._replace(aggregate=False, multiplies=False, spreads=False)


def _names(items: Iterable[NamedMeaning]) -> dict[str, Meaning]:
    """Meanings by name; a name that is given twice may mean either."""
    names: dict[str, Meaning] = {}
    for item in items:
        if item.name is not None:
            folded = item.name.casefold()
            names[folded] = combined("either", (names[folded], item.meaning)) if folded in names else item.meaning
    return names


def _by_position(children: Sequence[Relation]) -> list[NamedMeaning]:
    if any(child.unlisted is not None for child in children):
        return [_spread(children)]
    if len({len(child.columns) for child in children}) != 1:
        raise Unanalysable("set operation over different numbers of columns")
    items = []
    for columns in zip(*(child.columns for child in children), strict=True):
        meanings = [column.meaning for column in columns]
        exact = all(meaning.exact for meaning in meanings)
        items.append(NamedMeaning(columns[0].name, combined("union", meanings, exact=exact)))
    return items


def _by_name(children: Sequence[Relation]) -> list[NamedMeaning]:
    if any(child.unlisted is not None or any(column.name is None for column in child.columns) for child in children):
        return [_spread(children)]
    names: dict[str, str] = {}
    for child in children:
        for column in child.columns:
            names.setdefault((column.name or "").casefold(), column.name or "")
    missing = Meaning(digest("missing"), exact=True)
    items = []
    for folded, name in names.items():
        meanings = [_names(child.columns).get(folded, missing) for child in children]
        exact = all(meaning.exact for meaning in meanings)
        items.append(NamedMeaning(name, combined("union", meanings, exact=exact)))
    return items


def _spread(children: Iterable[Relation]) -> NamedMeaning:
    parts = [column.meaning for child in children for column in child.columns]
    parts += [child.unlisted for child in children if child.unlisted is not None]
    return NamedMeaning(None, combined("union", parts)._replace(spreads=True))


def _falls_apart(item: Node) -> bool:
    """`unnest` of a struct makes a column of each field."""
    return bool(item["class"] == "FUNCTION" and item["function_name"].lower() == "unnest")
