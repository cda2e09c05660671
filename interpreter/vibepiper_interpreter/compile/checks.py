"""Pass: every check is ready to run, and every mistake in one is found before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb

from vibepiper_interpreter.compile.check_conditions import condition_of, family_of_type, fits
from vibepiper_interpreter.compile.check_expressions import CheckBinder, Snippet
from vibepiper_interpreter.compile.compilation import Compilation, SqlReferences, Workshop
from vibepiper_interpreter.compile.compiled import Check, Column
from vibepiper_interpreter.compile.references import given_parameters
from vibepiper_interpreter.engines.duckdb.failure import engine_failure
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, Fix, Place, Related, did_you_mean
from vibepiper_spec.load.loaded import DeclaredAsset
from vibepiper_spec.model.check import CheckSpec

_Keys = tuple[str | int, ...]


@dataclass(slots=True)
class _Draft:
    """The checks of one asset on their way: what is ready, what must still be bound, what is wrong."""

    declared: DeclaredAsset
    # Empty where the columns are not known before the asset has run.
    columns: Mapping[str, Column]
    checks: list[Check] = field(default_factory=list)
    # Where those with a name of their own stand below the asset's block, by name.
    named: dict[str, _Keys] = field(default_factory=dict)
    snippets: list[Snippet] = field(default_factory=list)
    reads: dict[Address, None] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)


def compile_checks(state: Compilation, workshop: Workshop) -> tuple[Compilation, list[Diagnostic]]:
    """Fills `checks` and `check_inputs` of every asset whose columns are known."""
    drafts = [
        _draft(state, workshop, state.declared[address])
        for address in state.order
        if address not in state.unknown and address not in state.recalled.assets
    ]
    binder = CheckBinder(state, workshop)
    references = binder.references([snippet for draft in drafts for snippet in draft.snippets])
    checks: dict[Address, tuple[Check, ...]] = {}
    check_inputs: dict[Address, tuple[Address, ...]] = {}
    diagnostics: list[Diagnostic] = []
    for draft in drafts:
        address = draft.declared.address
        columns = tuple(draft.columns.values())
        reads, told = binder.judge(draft.declared, columns, draft.snippets, references)
        checks[address] = tuple(_with_parameters(state, draft, references))
        check_inputs[address] = tuple(sorted({*draft.reads, *reads}))
        diagnostics += draft.diagnostics + told
    return replace(state, checks=checks, check_inputs=check_inputs), diagnostics


def _draft(state: Compilation, workshop: Workshop, declared: DeclaredAsset) -> _Draft:
    spec = declared.spec
    known = state.columns.get(declared.address, ())
    typed = state.declared_types.get(declared.address, {})
    complete = declared.kind != "python" or (bool(typed) and len(typed) == len(spec.columns))
    draft = _Draft(declared, {column.name.casefold(): column for column in known} if complete else {})
    for name, column_spec in spec.columns.items():
        column = draft.columns.get(name.casefold()) or next((c for c in known if c.name == name), None)
        if column is None and draft.columns:
            continue  # a declared column that is not there, which is told already
        for index, check in enumerate(column_spec.checks):
            _add_column_check(
                state, workshop, draft, column or Column(name, ""), check, ("columns", name, "checks", index)
            )
    for index, check in enumerate(spec.checks):
        _add_asset_check(state, draft, check, ("checks", index))
    _judge_order(state, draft)
    _name_apart(draft)
    return draft


def _add_column_check(
    state: Compilation, workshop: Workshop, draft: _Draft, column: Column, check: CheckSpec, keys: _Keys
) -> None:
    arguments = dict(check.arguments)
    told = list(_misfits(state, workshop, draft, column, check, keys))
    if check.rule == "references":
        target = _target(state, draft, column, arguments, keys)
        if isinstance(target, Diagnostic):
            told.append(target)
        else:
            arguments = {"asset": str(target[0]), "column": target[1]}
            draft.reads[target[0]] = None
    draft.diagnostics += told
    condition = condition_of(check.rule, arguments, column)
    if check.rule == "expression":
        condition = arguments["expression"]
        draft.snippets.append(Snippet(condition, (*keys, "expression")))
    _add(state, draft, check, keys, column.name, arguments, condition, f"{check.rule}({column.name})")


def _add_asset_check(state: Compilation, draft: _Draft, check: CheckSpec, keys: _Keys) -> None:
    arguments = dict(check.arguments)
    condition = None
    label = check.rule
    match check.rule:
        case "unique":
            columns = tuple(
                _spelled(state, draft, name, (*keys, "unique", i)) for i, name in enumerate(arguments["columns"])
            )
            arguments = {"columns": columns}
            label = f"unique({', '.join(columns)})"
        case "expression":
            condition = str(arguments["expression"])
            label = _short(condition)
            draft.snippets.append(Snippet(condition, (*keys, "expression")))
        case "query":
            draft.snippets.append(Snippet(str(arguments["query"]), (*keys, "query"), whole=True))
    _add(state, draft, check, keys, None, arguments, condition, label)


def _add(
    state: Compilation,
    draft: _Draft,
    check: CheckSpec,
    keys: _Keys,
    column: str | None,
    arguments: Mapping[str, Any],
    condition: str | None,
    label: str,
) -> None:
    if check.where is not None:
        draft.snippets.append(Snippet(check.where, (*keys, "where")))
    if check.name is not None and check.name in draft.named:
        place = state.loaded.locator.place
        draft.diagnostics.append(
            Diagnostic(
                "VP109",
                f"Two checks of `{draft.declared.address}` are called `{check.name}`, so a report could mean either.",
                place(draft.declared.origin, *keys, "name"),
                related=(Related(place(draft.declared.origin, *draft.named[check.name], "name"), "the first one"),),
                fix=Fix("Give each a name of its own."),
            )
        )
    elif check.name is not None:
        draft.named[check.name] = keys
    draft.checks.append(
        Check(
            id=check.name or label,
            rule=check.rule,
            severity=check.severity,
            column=column,
            arguments=tuple(arguments.items()),
            condition=condition,
            where=check.where,
            description=check.description,
            keys=keys,
        )
    )


def _with_parameters(state: Compilation, draft: _Draft, references: Mapping[Snippet, SqlReferences]) -> Iterator[Check]:
    """The checks, each with the parameters that its own SQL names."""
    for check in draft.checks:
        refers = [references[snippet] for snippet in draft.snippets if snippet.keys[:-1] == check.keys]
        parameters, values = given_parameters(state, refers)
        yield replace(check, parameters=parameters, values=values) if parameters else check


def _values(check: CheckSpec) -> list[Any]:
    if check.rule == "accepted_values":
        return list(check.arguments["values"])
    return list(check.arguments.values()) if check.rule == "between" else []


def _misfits(
    state: Compilation, workshop: Workshop, draft: _Draft, column: Column, check: CheckSpec, keys: _Keys
) -> Iterator[Diagnostic]:
    """What can be told to be wrong with a rule's arguments from the column's type."""
    if not column.type:
        return

    def tell(code: str, detail: str, fix: str) -> Diagnostic:
        return Diagnostic(code, detail, state.loaded.locator.place(draft.declared.origin, *keys), fix=Fix(fix))

    wrong = [value for value in _values(check) if not fits(column, value)]
    if not wrong and column.type != "VARCHAR":
        wrong = [value for value in _values(check) if isinstance(value, str) and not _casts(workshop, value, column)]
    if wrong:
        yield tell(
            "VP304",
            f"Column `{column.name}` is {column.type}, and `{wrong[0]}` cannot be compared with it.",
            f"Write values of the type {column.type}.",
        )
    if check.rule == "pattern":
        if family_of_type(column.type) != "text":
            yield tell(
                "VP304",
                f"Column `{column.name}` is {column.type}, and a pattern is matched against text.",
                'Check the text it is written as: `expression = "regexp_full_match(…)"`.',
            )
        elif (problem := _bad_pattern(workshop, check.arguments["pattern"])) is not None:
            yield tell("VP109", f"The pattern cannot be read: {problem}.", "Correct the pattern.")
    if check.rule == "length" and family_of_type(column.type) != "text" and not column.type.endswith("[]"):
        yield tell(
            "VP304",
            f"Column `{column.name}` is {column.type}, and only text and lists have a length.",
            "Use `between` for numbers.",
        )


def _casts(workshop: Workshop, value: str, column: Column) -> bool:
    """Whether a value written as a string (a date, a UUID) is one of the column's type."""
    try:
        workshop.connection.execute(f"SELECT CAST($1 AS {column.type})", [value]).fetchone()
    except duckdb.Error:
        return False
    return True


def _bad_pattern(workshop: Workshop, pattern: str) -> str | None:
    """Why DuckDB cannot read a regular expression."""
    try:
        workshop.connection.execute("SELECT regexp_full_match('', $1)", [pattern]).fetchone()
    except duckdb.Error as error:
        return engine_failure(error).message.rstrip(".")
    return None


def _target(
    state: Compilation, draft: _Draft, column: Column, arguments: Mapping[str, Any], keys: _Keys
) -> tuple[Address, str] | Diagnostic:
    """The asset and column that a `references` check names."""
    pipeline = draft.declared.address.pipeline

    def place() -> Place:
        return state.loaded.locator.place(draft.declared.origin, *keys, "references")

    address = state.names.resolve(arguments["asset"], pipeline)
    if address is None:
        return state.names.unknown(arguments["asset"], pipeline, place())
    columns = state.columns.get(address, ())
    name = str(arguments["column"])
    found = next((item for item in columns if item.name.casefold() == name.casefold()), None)
    if found is None:
        if address in state.unknown or not columns:
            return address, name
        return Diagnostic(
            "VP208",
            f"`{address}` has no column `{name}`.{did_you_mean(name, [item.name for item in columns])}",
            place(),
            fix=Fix(f"It has {', '.join(f'`{item.name}`' for item in columns[:12])}."),
        )
    if column.type and family_of_type(column.type) != family_of_type(found.type):
        return Diagnostic(
            "VP304",
            f"Column `{column.name}` is {column.type}, and `{address}.{found.name}` is {found.type}: no value of the "
            "one equals a value of the other.",
            place(),
            fix=Fix("Cast one of them where it is made."),
        )
    return address, found.name


def _spelled(state: Compilation, draft: _Draft, name: str, keys: _Keys) -> str:
    """A column's own spelling, or VP208."""
    column = draft.columns.get(name.casefold())
    if column is not None:
        return column.name
    if draft.columns:
        known = [item.name for item in draft.columns.values()]
        draft.diagnostics.append(
            Diagnostic(
                "VP208",
                f"`{draft.declared.address}` has no column `{name}`.{did_you_mean(name, known)}",
                state.loaded.locator.place(draft.declared.origin, *keys),
                fix=Fix(f"It has {', '.join(f'`{item}`' for item in known[:12])}."),
            )
        )
    return name


def _judge_order(state: Compilation, draft: _Draft) -> None:
    """VP302 for columns of `order_by` that are not there."""
    for index, name in enumerate(draft.declared.spec.order_by):
        if draft.columns and name.casefold() not in draft.columns:
            known = [item.name for item in draft.columns.values()]
            draft.diagnostics.append(
                Diagnostic(
                    "VP302",
                    f"`{draft.declared.address}` has no column `{name}` to sort by.{did_you_mean(name, known)}",
                    state.loaded.locator.place(draft.declared.origin, "order_by", index),
                    fix=Fix(f"It has {', '.join(f'`{item}`' for item in known[:12])}."),
                )
            )


def _short(condition: str) -> str:
    """A condition as the name of its check."""
    text = " ".join(condition.split())
    return text if len(text) <= 60 else "expression"


def _name_apart(draft: _Draft) -> None:
    """Give checks that would be called the same a number: ids are unique in an asset."""
    seen: dict[str, int] = {}
    for index, check in enumerate(draft.checks):
        count = seen[check.id] = seen.get(check.id, 0) + 1
        if count > 1:
            draft.checks[index] = replace(check, id=f"{check.id} {count}")
