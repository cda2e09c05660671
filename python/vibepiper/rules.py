"""Rules on data, as Python objects: each is one of the checks that TOML writes as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Literal

Value = str | int | float | bool | date | datetime
Severity = Literal["error", "warn"]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What every rule may say beside what it demands."""

    severity: Severity | None = None
    """`error` holds back what fails, `warn` only tells; the project's default if not set."""
    where: str | None = None
    """A SQL condition: only the rows that fulfil it are looked at."""
    name: str | None = None
    """What the check is called, if not what it demands."""
    description: str | None = None
    """What the check is for."""

    def check(self) -> str | dict[str, Any]:
        """The check as TOML writes it, without the column that it is on: a word where that says it all."""
        common = {each.name: getattr(self, each.name) for each in fields(Rule)}
        table = {**self._demand(), **{key: value for key, value in common.items() if value is not None}}
        return next(iter(table)) if list(table.values()) == [True] else table

    def _demand(self) -> dict[str, Any]:
        raise NotImplementedError


@dataclass(frozen=True)
class ColumnRule(Rule):
    """A rule on one column."""

    column: str


@dataclass(frozen=True)
class NotNull(ColumnRule):
    """No value is missing."""

    def _demand(self) -> dict[str, Any]:
        return {"not_null": True}


@dataclass(frozen=True)
class Between(ColumnRule):
    """No value is less than `least` or greater than `greatest`; missing values pass."""

    least: Value | None = None
    greatest: Value | None = None

    def _demand(self) -> dict[str, Any]:
        given = {"min": self.least, "max": self.greatest}
        return {key: value for key, value in given.items() if value is not None}


@dataclass(frozen=True)
class AcceptedValues(ColumnRule):
    """No other values occur."""

    values: Sequence[Value]

    def _demand(self) -> dict[str, Any]:
        return {"accepted_values": list(self.values)}


@dataclass(frozen=True)
class Pattern(ColumnRule):
    """The regular expression matches the whole of every value."""

    pattern: str

    def _demand(self) -> dict[str, Any]:
        return {"pattern": self.pattern}


@dataclass(frozen=True)
class Length(ColumnRule):
    """Every value has at least `least` and at most `greatest` characters."""

    least: int | None = None
    greatest: int | None = None

    def _demand(self) -> dict[str, Any]:
        return {"length": _bounds(self.least, self.greatest)}


@dataclass(frozen=True)
class References(ColumnRule):
    """Every value occurs in `asset.column`, or `pipeline.asset.column`."""

    target: str

    def _demand(self) -> dict[str, Any]:
        return {"references": self.target}


class Unique(Rule):
    """The columns together never have the same values twice; missing values do not count."""

    columns: tuple[str, ...]

    def __init__(
        self,
        *columns: str,
        severity: Severity | None = None,
        where: str | None = None,
        name: str | None = None,
        description: str | None = None,
    ) -> None:
        super().__init__(severity=severity, where=where, name=name, description=description)
        object.__setattr__(self, "columns", columns)

    def _demand(self) -> dict[str, Any]:
        return {"unique": True} if len(self.columns) == 1 else {"unique": list(self.columns)}


@dataclass(frozen=True)
class Expression(Rule):
    """Every row fulfils the SQL condition."""

    condition: str

    def _demand(self) -> dict[str, Any]:
        return {"expression": self.condition}


@dataclass(frozen=True)
class RowCount(Rule):
    """The asset has at least `least` and at most `greatest` rows."""

    least: int | None = None
    greatest: int | None = None

    def _demand(self) -> dict[str, Any]:
        return {"row_count": _bounds(self.least, self.greatest)}


@dataclass(frozen=True)
class Query(Rule):
    """The SELECT returns the rows that are wrong: none."""

    query: str

    def _demand(self) -> dict[str, Any]:
        return {"query": self.query}


def _bounds(least: int | None, greatest: int | None) -> dict[str, int]:
    return {key: value for key, value in (("min", least), ("max", greatest)) if value is not None}


def add_rules(keys: dict[str, Any], rules: Sequence[Rule]) -> None:
    """Puts `rules` among the checks in an asset's keys: those on one column below it, the others on the asset."""
    for rule in rules:
        if isinstance(rule, ColumnRule):
            _add_to_column(keys, rule.column, rule)
        elif isinstance(rule, Unique) and len(rule.columns) == 1:
            _add_to_column(keys, rule.columns[0], rule)
        else:
            keys["checks"] = [*keys.get("checks", ()), rule.check()]


def _add_to_column(keys: dict[str, Any], name: str, rule: Rule) -> None:
    columns = dict(keys.get("columns", {}))
    column = columns.get(name, {})
    table = dict(column) if isinstance(column, Mapping) else {"type": column}
    columns[name] = {**table, "checks": [*table.get("checks", ()), rule.check()]}
    keys["columns"] = columns


def written(keys: Mapping[str, Any]) -> dict[str, Any]:
    """`keys` as TOML gives them: rules are tables, those in the lists of checks too."""
    plain: dict[str, Any] = _written(keys)
    return plain


def _written(value: Any) -> Any:
    if isinstance(value, Rule):
        return value.check()
    if isinstance(value, Mapping):
        return {str(key): _written(each) for key, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [_written(each) for each in value]
    return value
