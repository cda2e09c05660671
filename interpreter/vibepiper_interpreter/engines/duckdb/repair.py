"""Takes the cause of an error out of a query's tree, so that binding it again shows the next error."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import replace as changed
from typing import Any

from vibepiper_interpreter.engines.duckdb.bind_errors import Sight, explain
from vibepiper_interpreter.engines.duckdb.errors import SqlProblem
from vibepiper_interpreter.engines.duckdb.failure import EngineFailure
from vibepiper_interpreter.engines.duckdb.syntax import NO_PLACE, Syntax, walk

_NULL: dict[str, Any] = {
    "class": "CONSTANT",
    "type": "VALUE_CONSTANT",
    "alias": "",
    "literal": {"kind": "NULL_LITERAL", "text": ""},
}
_TRUE: dict[str, Any] = {**_NULL, "literal": {"kind": "BOOLEAN", "text": "true"}}


_NAME = re.compile(r'(?:[\w.]|"(?:[^"]|"")*")*')


@dataclass(slots=True)
class Repair:
    """A query's tree that is mended mistake by mistake; its nodes keep the places they have in the text."""

    syntax: Syntax
    tree: dict[str, Any]

    def mend(self, failure: EngineFailure, sight: Sight) -> tuple[SqlProblem, bool] | None:
        """Explain one failure, say where it is, and take its cause out of the tree if it can be found there.

        None for a mere echo: a failure of the NULL that stands in the place of an earlier one.
        """
        query = self.syntax.query
        if failure.position is not None:
            place = self.syntax.span_of_bytes(failure.position, failure.length)
            try:
                span = self._replace_at(failure.position, failure.length)
            except _Echo:
                return None
            explanation = explain(failure.message, changed(sight, written=query[slice(*place)]))
            mended = span is not None
            if explanation.code == "VP305":  # the name alone, not the whole call
                name = _NAME.match(query, *place)
                span = name.span() if name else span
        else:
            explanation = explain(failure.message, sight)
            span = self._remove_named(explanation.name) if explanation.name is not None else None
            mended = span is not None
            place = self._near(explanation.near or rf"\b{re.escape(explanation.name or '')}\b")
        start, end = span or place
        problem = SqlProblem(explanation.code, explanation.message, start, end, explanation.suggestion, explanation.fix)
        return problem, mended

    def _near(self, pattern: str) -> tuple[int, int]:
        """The first match of `pattern`; else the first star, which may hold the name; else the whole query."""
        query = self.syntax.query
        found = re.search(pattern, query, re.IGNORECASE)
        if found and found.group():
            return found.span()
        for node in self.syntax.nodes:
            span = self.syntax.span(node) if node.get("class") == "STAR" else None
            if span:
                return span
        return 0, len(query.rstrip())

    def _replace_at(self, position: int, length: int) -> tuple[int, int] | None:
        """Replace the outermost expression at this very place, or the cast whose type stands there, by NULL."""
        for node, cast in _expressions(self.tree):
            if (node.get("query_location"), node.get("query_location_length")) != (position, length):
                continue
            span = whole_span(self.syntax, node)
            culprit = cast or node
            if culprit["class"] == "CONSTANT" and culprit["literal"]["kind"] == "NULL_LITERAL":
                raise _Echo
            name = culprit["column_names"][-1] if culprit["class"] == "COLUMN_REF" else ""
            replace(culprit, {**_NULL, "alias": culprit.get("alias") or name})
            return span
        return None

    def _remove_named(self, name: str) -> tuple[int, int] | None:
        """Take `name` out of the USING, EXCLUDE or REPLACE list or the struct access that has it; where it stood."""
        folded = name.casefold()
        for node in walk(self.tree):
            assert isinstance(node, dict)  # this tree was parsed for changing
            for key in ("using_columns", "exclude_list"):
                names = node.get(key) or []
                if folded in (other.casefold() for other in names):
                    node[key] = [other for other in names if other.casefold() != folded]
                    if key == "using_columns" and not node[key]:
                        node["condition"] = _TRUE
                    return self._word(node, name)
            replaced = node.get("replace_list") or []
            if folded in (entry["key"].casefold() for entry in replaced):
                node["replace_list"] = [entry for entry in replaced if entry["key"].casefold() != folded]
                return self._word(node, name)
            if _takes_field(node, folded):
                span = whole_span(self.syntax, node)
                replace(node, {**_NULL, "alias": node["alias"] or name})
                return span
        return None

    def _word(self, node: Mapping[str, Any], name: str) -> tuple[int, int]:
        start, end = self.syntax.span(node) or (0, len(self.syntax.query))
        found = re.compile(rf"\b{re.escape(name)}\b", re.IGNORECASE).search(self.syntax.query, start, end)
        return found.span() if found else (start, end)


class _Echo(Exception):
    """What fails stands in the place of something that was reported."""


def replace(node: Mapping[str, Any], other: Mapping[str, Any]) -> None:
    """Make `node` into `other` where it is, keeping its place and, unless `other` has one, its alias."""
    assert isinstance(node, dict)  # only trees that were parsed for changing come this way
    kept = {key: node[key] for key in ("query_location", "query_location_length", "alias") if key in node}
    node.clear()
    node.update({**other, **kept, **({"alias": other["alias"]} if other.get("alias") else {})})


def forget_place(node: Mapping[str, Any]) -> None:
    """Let `node`, made from another text, stand nowhere in this one."""
    assert isinstance(node, dict)
    if "query_location" in node:
        node.update(query_location=NO_PLACE, query_location_length=0)


def whole_span(syntax: Syntax, item: Mapping[str, Any]) -> tuple[int, int] | None:
    """The range of an expression with its operands: DuckDB places an operator at its sign."""
    spans = [span for node in walk(item) if "class" in node and (span := syntax.span(node)) is not None]
    return (min(span[0] for span in spans), max(span[1] for span in spans)) if spans else None


def _takes_field(node: Mapping[str, Any], field: str) -> bool:
    """Whether this is `x.field`, `x['field']` or `struct_extract(x, 'field')`."""
    if node.get("class") == "COLUMN_REF":
        return len(node["column_names"]) > 1 and bool(node["column_names"][-1].casefold() == field)
    if node.get("type") in ("STRUCT_EXTRACT", "ARRAY_EXTRACT"):
        operands = node["children"]
    elif node.get("class") == "FUNCTION" and node["function_name"] == "struct_extract":
        operands = [argument["expression"] for argument in node["arguments"]]
    else:
        return False
    return any(
        operand["class"] == "CONSTANT" and operand["literal"]["text"].casefold() == field for operand in operands
    )


def _expressions(item: Any, cast: Any = None, around: Any = None) -> Iterator[tuple[dict[str, Any], Any]]:
    """Every expression below `item`, outermost first, with the cast around it if it is part of a type's name."""
    if isinstance(item, list):
        for part in item:
            yield from _expressions(part, cast, around)
    elif isinstance(item, dict):
        if "class" in item:
            cast = cast or (around if item["class"] == "TYPE" else None)
            yield item, cast
            around = item
        for value in list(item.values()):
            yield from _expressions(value, cast, around)
