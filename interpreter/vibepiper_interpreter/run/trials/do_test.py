"""Does a test: makes its asset of the rows that it gives, and compares what comes with what it expects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from vibepiper_interpreter.compile.compiled_operator import CompiledOperator
from vibepiper_interpreter.compile.serial import value_from_json
from vibepiper_interpreter.engines.duckdb.given_rows import GivenRows
from vibepiper_interpreter.run.failures import declared_at
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.trials.judging import judge
from vibepiper_interpreter.run.trials.trial import Trial, trial_session, try_asset, try_cte
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix


def do_test(session: RunSession, operator: CompiledOperator) -> None:
    """Raises DiagnosticError: VP820 where other rows come, or what the asset itself fails with."""
    trial = trial_of(operator)
    with trial_session(session, trial) as inner:
        try:
            told = tuple(_judge(inner, trial, operator))
        except DiagnosticError as error:
            note = f"while the test `{operator.address}` ran"
            raise DiagnosticError([replace(each, notes=(*each.notes, note)) for each in error.diagnostics]) from error
    if told:
        raise DiagnosticError(told)


def trial_of(operator: CompiledOperator) -> Trial:
    """What the settings of a test stand for, see `compile.asset_tests`."""
    settings = operator.settings
    assert operator.tests is not None
    return Trial(
        operator.tests,
        {Address.parse(address): _rows(rows).query() for address, rows in settings["given"].items()},
        value_from_json(settings["now"]),
        value_from_json(settings["variables"]),
        value_from_json(settings["slice"]),
    )


def _judge(session: RunSession, trial: Trial, operator: CompiledOperator) -> Iterator[Diagnostic]:
    """Common table expressions first: where one is wrong, it says why the rest is."""
    wrong = False
    for name, rows in operator.settings["expect_cte"].items():
        told = judge(session.cursor(), _rows(rows), try_cte(session, trial, name))
        if told:
            wrong = True
            yield _failed(operator, f"The common table expression `{name}` gives other rows than expected.", told)
    if wrong or operator.settings["expect"] is None:
        return
    told = judge(session.cursor(), _rows(operator.settings["expect"]), try_asset(session, trial))
    if told:
        yield _failed(operator, f"`{trial.asset.address}` gives other rows than expected.", told)


def _rows(written: Mapping[str, Any]) -> GivenRows:
    columns = tuple((name, kind) for name, kind in written["columns"])
    return GivenRows(columns, tuple(value_from_json(row) for row in written["rows"]))


def _failed(operator: CompiledOperator, detail: str, told: Sequence[str]) -> Diagnostic:
    sentence, *drawing = told
    return Diagnostic(
        "VP820",
        f"`{operator.address}`: {detail} {sentence}",
        declared_at(operator),
        fix=Fix(f"Mend `{operator.settings['asset']}`, or what the test expects."),
        notes=tuple(drawing),
    )
