"""Checks as they are written, on a column or on an asset, and the one form they are normalised to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    Strict,
    ValidationInfo,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from vibepiper_spec.diagnostics.suggest import did_you_mean
from vibepiper_spec.model.mistakes import mistake
from vibepiper_spec.model.scalar import Scalar, describe_type
from vibepiper_spec.model.spec_model import SpecModel, Strings

CheckSeverity = Literal["error", "warn"]


_NAME_A_CHECK = 'Write `"not_null"` or `{ min = 0 }`, for example.'


@dataclass(frozen=True, slots=True)
class CheckSpec:
    """A check in its one normal form, however it was written. Its place in `checks` is its index for the locator.

    `arguments` by rule: between {min?, max?} (also from `min` and `max`) · accepted_values {values} ·
    pattern {pattern} · length {min?, max?} · references {asset, column} · expression {expression} ·
    row_count {min?, max?} · unique on an asset {columns} · query {query} · not_null and unique on a column {}.
    """

    rule: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    severity: CheckSeverity = "error"
    where: str | None = None
    name: str | None = None
    description: str = ""


class Bounds(SpecModel):
    """A least and a greatest whole number, both included."""

    min: Annotated[int, Field(ge=0)] | None = None
    """The least number that is allowed."""
    max: Annotated[int, Field(ge=0)] | None = None
    """The greatest number that is allowed."""

    @model_validator(mode="after")
    def _not_empty(self) -> Bounds:
        if self.min is None and self.max is None:
            raise mistake("VP104", "A range needs `min`, `max` or both.", "Write `{ min = 1 }`.")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise mistake("VP109", f"`min` ({self.min}) is greater than `max` ({self.max}).", "Swap them.")
        return self

    def arguments(self) -> dict[str, Any]:
        return {key: value for key, value in (("min", self.min), ("max", self.max)) if value is not None}


class _CheckTable(SpecModel):
    """A check written as a table: one rule, and what is common to all rules."""

    rules: ClassVar[tuple[str, ...]]
    words: ClassVar[tuple[str, ...]]  # rules that need no argument and may stand as a plain string

    severity: CheckSeverity | None = None
    """`error` holds back what would be published, `warn` only reports."""
    where: str | None = None
    """A SQL condition: only rows that fulfil it are checked."""
    name: str | None = None
    """The check's name in plans and reports."""
    description: str = ""
    """What the check protects, for people."""

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, value: Any) -> Any:
        if isinstance(value, str):
            if value in cls.words:
                return {value: True}
            raise _unknown_check(value, cls.rules, cls.words)
        if not isinstance(value, dict):
            raise mistake(
                "VP103", f"Expected the name of a check or a table, found {describe_type(value)}.", _NAME_A_CHECK
            )
        written = [key for key in value if key in cls.rules]
        if not written:
            unknown = [key for key in value if key not in cls.model_fields]
            if unknown:
                raise _unknown_check(unknown[0], cls.rules, cls.words, key=unknown[0])
            raise mistake("VP104", "This table names no check.", f"Add one of {_listed(cls.rules)}.")
        if len(written) > 1 and set(written) != {"min", "max"}:
            raise mistake(
                "VP110",
                f"`{written[0]}` and `{written[1]}` are two checks in one table.",
                "Write one table for each check.",
                key=written[1],
            )
        return value

    def rule_and_arguments(self) -> tuple[str, dict[str, Any]]:
        raise NotImplementedError

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        table = handler.resolve_ref_schema(super().__get_pydantic_json_schema__(core, handler))
        table["anyOf"] = [{"required": [rule]} for rule in cls.rules]
        if not cls.words:
            return table
        return {"anyOf": [{"type": "string", "enum": list(cls.words)}, table]}


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _unknown_check(name: str, rules: tuple[str, ...], words: tuple[str, ...], key: str = "") -> Exception:
    if name in rules and name not in words:
        return mistake(
            "VP107", f"The check `{name}` needs an argument.", f"Write it as a table: `{{ {name} = … }}`.", key=key
        )
    return mistake(
        "VP107",
        f"There is no check named `{name}`.{did_you_mean(name, rules)}",
        f"Known here: {_listed(rules)}.",
        key=key,
    )


def _pair(value: Any) -> Any:
    if isinstance(value, list | tuple) and len(value) != 2:
        raise mistake("VP109", f"Expected two values, found {len(value)}.", "Write `between = [least, greatest]`.")
    return value


class ColumnCheck(_CheckTable):
    """A rule on one column."""

    rules: ClassVar = (
        "not_null",
        "unique",
        "between",
        "min",
        "max",
        "accepted_values",
        "pattern",
        "length",
        "references",
        "expression",
    )
    words: ClassVar = ("not_null", "unique")

    not_null: Literal[True] | None = None
    """No value is missing."""
    unique: Literal[True] | None = None
    """No value occurs twice; missing values do not count."""
    between: Annotated[tuple[Scalar, Scalar], Strict(False), BeforeValidator(_pair)] | None = None
    """The least and the greatest value, both included."""
    min: Scalar | None = None
    """The least value."""
    max: Scalar | None = None
    """The greatest value."""
    accepted_values: Annotated[tuple[Scalar, ...], Strict(False)] | None = None
    """The only values that may occur."""
    pattern: str | None = None
    """A regular expression that the whole of every value matches."""
    length: Bounds | None = None
    """How many characters a value has."""
    references: str | None = None
    """Every value occurs in `asset.column` or `pipeline.asset.column`."""
    expression: str | None = None
    """A SQL condition that every row fulfils."""

    def rule_and_arguments(self) -> tuple[str, dict[str, Any]]:
        if self.not_null:
            return "not_null", {}
        if self.unique:
            return "unique", {}
        if self.between is not None:
            _judge_range(*self.between, key="between")
            return "between", {"min": self.between[0], "max": self.between[1]}
        if self.min is not None or self.max is not None:
            _judge_range(self.min, self.max, key="min")
            given = (("min", self.min), ("max", self.max))
            return "between", {key: value for key, value in given if value is not None}
        if self.accepted_values is not None:
            if not self.accepted_values:
                raise mistake(
                    "VP109",
                    "`accepted_values` lists no value, so every row would fail.",
                    'Write `accepted_values = ["a", "b"]`.',
                    key="accepted_values",
                )
            return "accepted_values", {"values": self.accepted_values}
        if self.pattern is not None:
            return "pattern", {"pattern": self.pattern}
        if self.length is not None:
            return "length", self.length.arguments()
        if self.references is not None:
            asset, dot, column = self.references.rpartition(".")
            if not (asset and dot and column):
                raise mistake(
                    "VP109",
                    f"`{self.references}` names no column of another asset.",
                    "Write `asset.column`, or `pipeline.asset.column` for another pipeline.",
                    key="references",
                )
            return "references", {"asset": asset, "column": column}
        return "expression", {"expression": self.expression}


class AssetCheck(_CheckTable):
    """A rule on a whole asset."""

    rules: ClassVar = ("row_count", "unique", "expression", "query")
    words: ClassVar = ()

    row_count: Bounds | None = None
    """How many rows the asset has."""
    unique: Strings | None = None
    """Columns that together occur only once."""
    expression: str | None = None
    """A SQL condition that every row fulfils."""
    query: str | None = None
    """A SELECT that returns the failing rows; none means the check passes."""

    def rule_and_arguments(self) -> tuple[str, dict[str, Any]]:
        if self.row_count is not None:
            return "row_count", self.row_count.arguments()
        if self.unique is not None:
            if not self.unique:
                raise mistake("VP109", "`unique` names no column.", 'Write `unique = ["a", "b"]`.', key="unique")
            names = [name.casefold() for name in self.unique]
            twice = next((name for name in self.unique if names.count(name.casefold()) > 1), None)
            if twice is not None:
                raise mistake("VP109", f"`unique` names `{twice}` twice.", "Name each column once.", key="unique")
            return "unique", {"columns": self.unique}
        if self.expression is not None:
            return "expression", {"expression": self.expression}
        return "query", {"query": self.query}


@dataclass(frozen=True)
class NormalisedFrom:
    """Marks a field of type CheckSpec as written in the form of `table`."""

    table: type[_CheckTable]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_after_validator_function(_normalise, handler.generate_schema(self.table))


def _judge_range(least: Scalar | None, greatest: Scalar | None, key: str) -> None:
    """Refuse a range in which no value lies. What a text is compared as, only the type of the column tells."""
    if least is None or greatest is None or isinstance(least, str) or isinstance(greatest, str):
        return
    try:
        empty = least > greatest
    except TypeError:
        return
    if empty:
        raise mistake(
            "VP109", f"The least value ({least}) is greater than the greatest ({greatest}).", "Swap them.", key=key
        )


_SQL_KEYS = {"expression": "`amount > 0`", "where": "`status = 'paid'`", "query": "`SELECT * FROM asset WHERE …`"}


def _judge_texts(table: _CheckTable) -> None:
    for key, example in _SQL_KEYS.items():
        text = getattr(table, key, None)
        if text is not None and not text.strip():
            more = ", or leave it out" if key == "where" else ""
            raise mistake("VP109", f"`{key}` is empty.", f"Write SQL, such as {example}{more}.", key=key)


def _normalise(table: _CheckTable, info: ValidationInfo) -> CheckSpec:
    _judge_texts(table)
    rule, arguments = table.rule_and_arguments()
    # The project's default severity travels in the validation context.
    default: CheckSeverity = (info.context or {}).get("check_severity", "error")
    return CheckSpec(rule, arguments, table.severity or default, table.where, table.name, table.description)


ColumnChecks = Annotated[tuple[Annotated[CheckSpec, NormalisedFrom(ColumnCheck)], ...], Strict(False)]
AssetChecks = Annotated[tuple[Annotated[CheckSpec, NormalisedFrom(AssetCheck)], ...], Strict(False)]
