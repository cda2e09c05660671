"""Where a query bounds an expression by `$start`, `$end` or `$partition`, in conjuncts that every row has to pass."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from vibepiper_interpreter.compile.build_settings import BuildSettings, Intervals
from vibepiper_interpreter.engines.duckdb.syntax import Node, walk
from vibepiper_interpreter.grains import fits

_AT_LEAST, _BELOW, _EQUAL = "COMPARE_GREATERTHANOREQUALTO", "COMPARE_LESSTHAN", "COMPARE_EQUAL"
# The same comparison seen from the other side.
_TURNED = {"COMPARE_LESSTHANOREQUALTO": _AT_LEAST, "COMPARE_GREATERTHAN": _BELOW, _EQUAL: _EQUAL}
_UNITS = {
    "to_weeks": timedelta(weeks=1),
    "to_days": timedelta(days=1),
    "to_hours": timedelta(hours=1),
    "to_minutes": timedelta(minutes=1),
    "to_seconds": timedelta(seconds=1),
}
_MONTHS = {"to_months": 1, "to_quarters": 3, "to_years": 12}
_TEXT = re.compile(r"\s*(\d+)\s*(week|day|hour|minute|second|month|quarter|year)s?\s*", re.IGNORECASE)
_WITHIN_A_DAY = ("minute", "five_minutes", "quarter_hour", "half_hour", "hour")
SLICE_PARAMETERS = frozenset({"start", "end", "partition"})


@dataclass(frozen=True, slots=True)
class Bound:
    """`expression >= $start` (`looks_back`: minus no more than the declared lookback), `< $end` or `= $partition`."""

    expression: Node
    by: Literal["start", "end", "partition"]
    looks_back: bool = False


def bounds(where: Node | None, settings: BuildSettings) -> Iterator[Bound]:
    """Those among the conjuncts of a WHERE clause."""
    for conjunct in conjuncts(where):
        found = _bound(conjunct, settings)
        if found is not None:
            yield found


def conjuncts(where: Node | None) -> Iterator[Node]:
    """What stands between the ANDs."""
    if where is None:
        return
    if where["type"] == "CONJUNCTION_AND":
        for child in where["children"]:
            yield from conjuncts(child)
    else:
        yield where


def names_slice(tree: Any) -> bool:
    """Whether one of the parameters stands anywhere in it."""
    return any(
        node.get("class") == "PARAMETER" and node["identifier"].casefold() in SLICE_PARAMETERS for node in walk(tree)
    )


def _bound(conjunct: Node, settings: BuildSettings) -> Bound | None:
    if conjunct["class"] != "COMPARISON":
        return None
    kind, expression, value = conjunct["type"], conjunct["left"], conjunct["right"]
    if names_slice(expression):
        kind, expression, value = _TURNED.get(kind, ""), value, expression
    if names_slice(expression):
        return None
    parameter, back = _parameter(value, settings)
    if kind == _AT_LEAST and parameter == "start":
        return Bound(expression, "start", looks_back=back)
    if kind == _BELOW and parameter == "end" and not back:
        return Bound(expression, "end")
    if kind == _EQUAL and parameter == "partition" and not back:
        return Bound(expression, "partition")
    return None


def _parameter(value: Node, settings: BuildSettings) -> tuple[str, bool]:
    """The parameter that `value` is, and whether something is taken off it; empty where it is something else."""
    if value["class"] == "PARAMETER":
        return value["identifier"].casefold(), False
    if value["class"] == "CAST" and not value.get("try_cast"):
        kind = value["type_expr"].get("type_name", "").upper()
        inside, back = _parameter(value["child"], settings)
        # Midnight stays what it is.
        whole = isinstance(settings, Intervals) and settings.grain not in _WITHIN_A_DAY
        if inside in ("start", "end") and not back and (kind == "TIMESTAMP" or (kind == "DATE" and whole)):
            return inside, False
    if value.get("function_name") == "-" and len(value["arguments"]) == 2:
        left, right = (argument["expression"] for argument in value["arguments"])
        if left["class"] == "PARAMETER" and isinstance(settings, Intervals) and _within_lookback(right, settings):
            return left["identifier"].casefold(), True
    return "", False


def _within_lookback(written: Node, settings: Intervals) -> bool:
    """Whether an INTERVAL reaches no further back than so many intervals of the grain as are declared."""
    found = length(written)
    return found is not None and fits(*found, settings.grain, settings.lookback)


def length(written: Node) -> tuple[int, timedelta] | None:
    """How long an INTERVAL is: months, and the rest; None where it is no constant."""
    constant = constant_argument(written)
    if written.get("function_name") in _UNITS and constant is not None:
        return 0, constant * _UNITS[written["function_name"]]
    if written.get("function_name") in _MONTHS and constant is not None:
        return constant * _MONTHS[written["function_name"]], timedelta(0)
    if written["class"] != "CAST" or written["child"]["class"] != "CONSTANT":
        return None
    words = _TEXT.fullmatch(str(written["child"]["literal"].get("text", "")))
    if words is None or written["type_expr"].get("type_name", "").upper() != "INTERVAL":
        return None
    unit = f"to_{words[2].lower()}s"
    if unit in _UNITS:
        return 0, int(words[1]) * _UNITS[unit]
    return int(words[1]) * _MONTHS[unit], timedelta(0)


def constant_argument(call: Node) -> int | None:
    """The whole number that `to_days(…)` was given, through the casts that INTERVAL is made with."""
    if not call.get("arguments") or len(call["arguments"]) != 1:
        return None
    value = call["arguments"][0]["expression"]
    while value["class"] == "CAST" or value.get("function_name") == "trunc":
        value = value["child"] if value["class"] == "CAST" else value["arguments"][0]["expression"]
    if value["class"] != "CONSTANT" or not str(value["literal"].get("text", "")).isdigit():
        return None
    return int(value["literal"]["text"])
