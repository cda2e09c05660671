"""The table of rules: for each, the SQL that counts what breaks it, the SQL that shows some of it, and the words.

NULL passes every rule but `not_null`. A check's `where` leaves only rows for which it is true.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from vibepiper_interpreter.compile.compiled import Check
from vibepiper_interpreter.engines.duckdb.session import quote
from vibepiper_spec.address import Address


@dataclass(frozen=True, slots=True)
class Rule:
    """How one rule is run.

    `count` is an aggregate over the checked table, so that all checks of an asset share one scan; where a rule needs
    more than that table, `count` is None and `alone` a whole query. `sample` selects what breaks the rule.
    """

    sample: Callable[[Check, str], str]
    words: Callable[[Check, int, int], str]
    count: Callable[[Check], str] | None = None
    alone: Callable[[Check, str], str] | None = None
    # Whether what the aggregate gives breaks the rule; by default any row counted does.
    failing: Callable[[Check, int], int] = lambda check, counted: counted


def is_row_rule(check: Check) -> bool:
    """Whether it judges each row by itself, so that rows which passed it need not be seen again."""
    return check.rule == "not_null" or check.rule not in RULES


def rule_of(check: Check) -> Rule:
    """Row rules differ only in their condition, so all that have one share an entry."""
    return RULES.get(check.rule, _ROW_RULE)


def _arguments(check: Check) -> Mapping[str, Any]:
    return dict(check.arguments)


def _filter(*conditions: str | None) -> str:
    """The conditions, each in lines of its own so that a comment at its end cannot swallow what follows."""
    return " AND ".join(f"({condition}\n)" for condition in conditions if condition) or "true"


def _broken(check: Check) -> str:
    condition = f"{quote(check.column or '')} IS NOT NULL" if check.rule == "not_null" else check.condition
    return _filter(check.where, f"NOT ({condition}\n)")


def _null_count(check: Check) -> str:
    if check.where is None:
        return f"count(*) - count({quote(check.column or '')})"
    return f"count(*) FILTER (WHERE {_broken(check)})"


def _row_sample(check: Check, relation: str) -> str:
    return f"SELECT * FROM {relation} WHERE {_broken(check)}"


def _row_words(check: Check, failing: int, rows: int) -> str:
    return f"{_rows(failing, rows)} {'breaks' if failing == 1 else 'break'} the rule `{check.id}`."


def _not_null_words(check: Check, failing: int, rows: int) -> str:
    return f"{_rows(failing, rows)} {'has' if failing == 1 else 'have'} no value in `{check.column}`."


def unique_columns(check: Check) -> tuple[str, ...]:
    return (check.column,) if check.column is not None else tuple(_arguments(check)["columns"])


def _present(check: Check) -> str:
    """Rows that have a whole key: a key with a NULL in it equals no other."""
    return _filter(check.where, *(f"{quote(column)} IS NOT NULL" for column in unique_columns(check)))


def _unique_count(check: Check) -> str:
    columns = [quote(column) for column in unique_columns(check)]
    if len(columns) == 1 and check.where is None:
        return f"count({columns[0]}) - count(DISTINCT {columns[0]})"  # both pass over NULL
    key = columns[0] if len(columns) == 1 else f"row({', '.join(columns)})"
    present = _present(check)
    return f"count(*) FILTER (WHERE {present}) - count(DISTINCT {key}) FILTER (WHERE {present})"


def _unique_sample(check: Check, relation: str) -> str:
    key = ", ".join(quote(column) for column in unique_columns(check))
    return (
        f"SELECT {key}, count(*) AS rows FROM {relation} WHERE {_present(check)} "
        f"GROUP BY {key} HAVING count(*) > 1 ORDER BY count(*) DESC, {key}"
    )


def _unique_words(check: Check, failing: int, rows: int) -> str:
    key = ", ".join(f"`{column}`" for column in unique_columns(check))
    verb = "repeats" if failing == 1 else "repeat"
    return f"{_rows(failing, rows)} {verb} a value of {key} that stands in an earlier row."


def _row_count(check: Check) -> str:
    return f"count(*) FILTER (WHERE {_filter(check.where)})"


def _row_count_failing(check: Check, counted: int) -> int:
    arguments = _arguments(check)
    least, most = arguments.get("min"), arguments.get("max")
    return int((least is not None and counted < least) or (most is not None and counted > most))


def _row_count_words(check: Check, failing: int, rows: int) -> str:
    arguments = _arguments(check)
    least, most = arguments.get("min"), arguments.get("max")
    if least is not None and most is not None:
        wanted = f"between {least:,} and {most:,}"
    else:
        wanted = f"at least {least:,}" if least is not None else f"at most {most:,}"
    selected = " that the check's `where` selects" if check.where else ""
    return f"The number of rows{selected} is {rows:,}, and must be {wanted}."


def referenced(check: Check) -> tuple[Address, str]:
    arguments = _arguments(check)
    return Address.parse(str(arguments["asset"])), str(arguments["column"])


def _dangling(check: Check, relation: str) -> str:
    address, column = referenced(check)
    target = f"{quote(address.pipeline)}.{quote(address.name)}"
    own = quote(check.column or "")
    return (
        f"FROM (SELECT * FROM {relation} WHERE {_filter(check.where, f'{own} IS NOT NULL')}) AS checked "
        f"ANTI JOIN {target} AS target ON checked.{own} = target.{quote(column)}"
    )


def _references_sample(check: Check, relation: str) -> str:
    own = f"checked.{quote(check.column or '')}"
    return f"SELECT {own}, count(*) AS rows {_dangling(check, relation)} GROUP BY {own} ORDER BY count(*) DESC, {own}"


def _references_words(check: Check, failing: int, rows: int) -> str:
    address, column = referenced(check)
    verb = "has" if failing == 1 else "have"
    return f"{_rows(failing, rows)} {verb} a `{check.column}` that is in no row of `{address}` as `{column}`."


def _query(check: Check) -> str:
    return f"({_arguments(check)['query']}\n)"


def _query_words(check: Check, failing: int, rows: int) -> str:
    return f"The query of `{check.id}` returns {failing:,} {'row' if failing == 1 else 'rows'}, and must return none."


def _rows(failing: int, rows: int) -> str:
    return f"{failing:,} of {rows:,} {'row' if rows == 1 else 'rows'}"


_ROW_RULE = Rule(count=lambda check: f"count(*) FILTER (WHERE {_broken(check)})", sample=_row_sample, words=_row_words)

RULES: Mapping[str, Rule] = {
    "not_null": Rule(count=_null_count, sample=_row_sample, words=_not_null_words),
    "unique": Rule(count=_unique_count, sample=_unique_sample, words=_unique_words),
    "row_count": Rule(
        count=_row_count,
        failing=_row_count_failing,
        # How many rows there are is the whole story: no row of them is to blame.
        sample=lambda check, relation: f"SELECT * FROM {relation} WHERE false",
        words=_row_count_words,
    ),
    "references": Rule(
        alone=lambda check, relation: f"SELECT count(*) {_dangling(check, relation)}",
        sample=_references_sample,
        words=_references_words,
    ),
    "query": Rule(
        alone=lambda check, relation: f"SELECT count(*) FROM {_query(check)} AS failing",
        sample=lambda check, relation: f"SELECT * FROM {_query(check)} AS failing",
        words=_query_words,
    ),
}
