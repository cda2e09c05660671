"""What each expression of a query means, in the scope it stands in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from vibepiper_interpreter.compile.sql_functions import (
    AGGREGATES,
    BARE_FUNCTIONS,
    EXACT_SUMS,
    NAME_DEPENDENT,
    NAMING_FUNCTIONS,
    ROW_MULTIPLIERS,
)
from vibepiper_interpreter.compile.sql_meaning import (
    Meaning,
    NamedMeaning,
    Relation,
    Scope,
    Unanalysable,
    combined,
    digest,
    literal_digest,
    only_known,
)
from vibepiper_interpreter.engines.duckdb.syntax import Node, walk
from vibepiper_interpreter.engines.duckdb.type_names import EXACT_NUMBERS

_EXACT_IF_ARGUMENTS_ARE = frozenset(
    {"+", "-", "*", "%", "//", "abs", "count", "count_star", "min", "max", "sum", "greatest", "least"}
)
_ALWAYS_EXACT = frozenset({"count", "count_star", "count_if", "countif", "length", "len"})
_TRANSPARENT = frozenset({"COMPARISON", "CONJUNCTION", "OPERATOR", "BETWEEN", "COLLATE"})


@dataclass(slots=True)
class Expressions:
    """Analyses expressions; `query` analyses the subqueries in them, `parameters` holds values by folded name."""

    query: Callable[[Node, Scope], Relation]
    parameters: Mapping[str, str]
    # A sum of numbers that are not exact was met: its last digits depend on the order in which they are added.
    adds_floats: bool = False
    # The parameters (by the identity of their nodes) whose values are in some meaning.
    met: set[int] = field(default_factory=set)

    def meaning(self, node: Node, scope: Scope) -> Meaning:
        match node["class"]:
            case "CONSTANT":
                kind, text = node["literal"]["kind"], node["literal"]["text"]
                exact = kind == "INTEGER" or (kind == "NUMERIC" and "e" not in text.lower())
                return Meaning(literal_digest(node["literal"]), exact=exact)
            case "PARAMETER":
                name = node["identifier"].casefold()
                self.met.add(id(node))
                return Meaning(digest("parameter", name, self.parameters.get(name)))
            case "COLUMN_REF":
                return self._column(node, scope)
            case "FUNCTION":
                return self._function(node, scope)
            case "WINDOW":
                return self._window(node, scope)
            case "SUBQUERY":
                return self._subquery(node, scope)
            case "CASE":
                return self._case(node, scope)
            case "CAST":
                return self._cast(node, scope)
            case "LAMBDA":
                return self._lambda(node, scope)
            case "STAR":
                return self._star(node, scope)
            case "POSITIONAL_REFERENCE":
                return self._positional(node, scope)
            case kind if kind in _TRANSPARENT:
                return self._transparent(node, scope)
        raise Unanalysable(f"expression {node['class']}")

    def each(self, nodes: Iterable[Node], scope: Scope) -> list[Meaning]:
        return [self.meaning(node, scope) for node in nodes]

    def _column(self, node: Node, scope: Scope) -> Meaning:
        names = node["column_names"]
        found = scope.resolve(names)
        if found is not None:
            return found
        if len(names) == 1 and names[0].casefold() in BARE_FUNCTIONS:
            return Meaning(digest("bare function", names[0].casefold()))
        raise Unanalysable(f"column {'.'.join(names)}")

    def _transparent(self, node: Node, scope: Scope) -> Meaning:
        """Operators: whatever stands below is part of the value."""
        children = self.each(_children(node), scope)
        rest = {key: value for key, value in node.items() if not _is_expression(value)}
        rest.pop("alias", None)
        exact = node["type"] == "OPERATOR_COALESCE" and all(child.exact for child in children)
        return combined(literal_digest(rest), children, exact=exact)

    def _function(self, node: Node, scope: Scope) -> Meaning:
        only_known(
            node,
            "class type alias function_name filter order_bys distinct is_operator arguments qualified_name "
            "schema catalog",
        )
        name = node["function_name"].lower()
        if name in NAME_DEPENDENT:
            raise Unanalysable(f"function {name}")
        arguments = self.each((argument["expression"] for argument in node["arguments"]), scope)
        labels = [_label(argument, name) for argument in node["arguments"]]
        conditions = self._orders(node["order_bys"]["orders"], scope)
        if node["filter"] is not None:
            conditions.append(combined("filter", (self.meaning(node["filter"], scope),)))
        if name in AGGREGATES and _only_outer(node["arguments"], scope):
            raise Unanalysable("aggregate of the query around it")
        if name in EXACT_SUMS and not (arguments and arguments[0].exact):
            self.adds_floats = True
        exact = name in _ALWAYS_EXACT or (name in _EXACT_IF_ARGUMENTS_ARE and all(part.exact for part in arguments))
        path = node["qualified_name"]["path"][:-1]
        made = combined(
            digest("function", *map(str.lower, path), name, node["distinct"], *labels),
            (*arguments, *(condition.as_influence() for condition in conditions)),
            exact=exact,
        )
        return made._replace(
            aggregate=made.aggregate or name in AGGREGATES, multiplies=made.multiplies or name in ROW_MULTIPLIERS
        )

    def _orders(self, orders: Iterable[Node], scope: Scope) -> list[Meaning]:
        return [self.order(order, scope) for order in orders]

    def order(self, order: Node, scope: Scope) -> Meaning:
        only_known(order, "type null_order expression")
        label = digest("order", order["type"], order["null_order"])
        return combined(label, (self.meaning(order["expression"], scope),))

    def _window(self, node: Node, scope: Scope) -> Meaning:
        frame = ("start", "end", "ignore_nulls", "exclude_clause", "distinct", "has_ignore_nulls")
        single = ("start_expr", "end_expr", "offset_expr", "default_expr", "filter_expr")
        only_known(
            node,
            "class type alias function_name schema catalog qualified_name arguments partitions orders "
            "arg_orders start end ignore_nulls exclude_clause distinct has_ignore_nulls start_expr end_expr "
            "offset_expr default_expr filter_expr",
        )
        name = node["function_name"].lower()
        arguments = self.each((argument["expression"] for argument in node["arguments"]), scope)
        around = [combined("partition", (part,)) for part in self.each(node["partitions"], scope)]
        around += self._orders(node["orders"], scope)
        around += [combined("argument order", (part,)) for part in self._orders(node["arg_orders"], scope)]
        around += [combined(key, (self.meaning(node[key], scope),)) for key in single if node[key] is not None]
        if name in EXACT_SUMS and not (arguments and arguments[0].exact):
            self.adds_floats = True
        label = digest("window", node["type"], name, *(node[key] for key in frame))
        exact = name in ("row_number", "rank", "dense_rank", "count", "count_star", "ntile")
        return combined(label, (*arguments, *(part.as_influence() for part in around)), exact=exact)

    def _subquery(self, node: Node, scope: Scope) -> Meaning:
        only_known(node, "class type alias subquery_type subquery child comparison_type")
        relation = self.query(node["subquery"]["node"], scope.inside())
        outside = [] if node["child"] is None else [self.meaning(node["child"], scope)]
        inside: list[Meaning] = []
        if node["subquery_type"] not in ("EXISTS", "NOT_EXISTS"):
            inside = [column.meaning for column in relation.columns]
            inside += [] if relation.unlisted is None else [relation.unlisted]
        label = digest("subquery", node["subquery_type"], node["comparison_type"], relation.rows)
        made = combined(label, (*outside, *inside), exact=bool(inside) and all(part.exact for part in inside))
        # What the subquery aggregates or unnests is its own affair.
        return made._replace(
            influence=made.influence | relation.influence,
            aggregate=any(part.aggregate for part in outside),
            multiplies=any(part.multiplies for part in outside),
            spreads=any(part.spreads for part in outside),
        )

    def _case(self, node: Node, scope: Scope) -> Meaning:
        only_known(node, "class type alias case_checks else_expr")
        parts: list[Meaning] = []
        values: list[Meaning] = []
        for check in node["case_checks"]:
            parts.append(self.meaning(check["when_expr"], scope).as_influence())
            values.append(self.meaning(check["then_expr"], scope))
            parts.append(values[-1])
        values.append(self.meaning(node["else_expr"], scope))
        parts.append(values[-1])
        return combined("case", parts, exact=all(value.exact for value in values))

    def _cast(self, node: Node, scope: Scope) -> Meaning:
        only_known(node, "class type alias child try_cast type_expr")
        kind = node["type_expr"]
        name = str(kind["type_name"])
        label = digest("cast", node["try_cast"], name.upper(), literal_digest(kind["children"]), literal_digest(kind))
        return combined(label, (self.meaning(node["child"], scope),), exact=name.upper() in EXACT_NUMBERS)

    def _lambda(self, node: Node, scope: Scope) -> Meaning:
        only_known(node, "class type alias lhs expr syntax_type")
        names = [part["column_names"][0] for part in _lambda_parameters(node["lhs"])]
        depth = len(scope.parameters)
        own = {name.casefold(): digest("parameter", depth, index) for index, name in enumerate(names)}
        parts = [self.meaning(node["expr"], scope._replace(parameters={**scope.parameters, **own}))]
        if node["syntax_type"] == "SINGLE_ARROW":
            # `a -> 'x'` is JSON's arrow as well: then the left side is a column.
            columns = (scope.resolve(part["column_names"]) for part in _lambda_parameters(node["lhs"]))
            parts += [column for column in columns if column is not None]
        return combined(digest("lambda", len(names)), parts)

    def _star(self, node: Node, scope: Scope) -> Meaning:
        """A star inside an expression, or COLUMNS: it may be any of the columns, and the names matter."""
        replaced = self.each((entry["value"] for entry in node["replace_list"]), scope)
        named = [combined(f"column {column.name}", (column.meaning,)) for column in scope.source.star]
        unlisted = [entry.whole() for entry in scope.source.unlisted]
        made = combined(digest("star", literal_digest(node)), (*named, *unlisted, *replaced))
        return made._replace(spreads=True)

    def _positional(self, node: Node, scope: Scope) -> Meaning:
        index = node["index"] - 1
        if scope.source.unlisted or not 0 <= index < len(scope.source.star):
            raise Unanalysable("position beyond the columns")
        column: NamedMeaning = scope.source.star[index]
        return column.meaning


def _only_outer(arguments: Iterable[Node], scope: Scope) -> bool:
    """Whether an aggregate in a subquery takes columns of the outer query only: then it aggregates that query."""
    names = [found["column_names"] for argument in arguments for found in walk(argument) if "column_names" in found]
    reached = [each for each in names if scope.resolve(each) is not None]  # the others belong to a subquery inside
    return bool(reached) and not any(scope.knows(each) for each in reached)


def _lambda_parameters(node: Node) -> Iterator[Node]:
    if node["class"] == "COLUMN_REF":
        yield node
    elif node["class"] == "FUNCTION":
        for argument in node["arguments"]:
            yield from _lambda_parameters(argument["expression"])
    else:
        raise Unanalysable("parameters of a lambda")


def _label(argument: Node, function: str) -> str:
    """The name that an argument gives to a field: as written, or taken from the expression."""
    if argument["name"] or function not in NAMING_FUNCTIONS:
        return str(argument["name"])
    expression = argument["expression"]
    return str(expression["alias"] or (expression.get("column_names") or [""])[-1])


def _is_expression(value: Any) -> bool:
    if isinstance(value, dict):
        return "class" in value
    return isinstance(value, list) and any(_is_expression(part) for part in value)


def _children(node: Node) -> Iterator[Node]:
    for value in node.values():
        if isinstance(value, dict) and "class" in value:
            yield value
        elif isinstance(value, list):
            for part in value:
                if not (isinstance(part, dict) and "class" in part):
                    raise Unanalysable(f"operand of {node['type']}")
                yield part
