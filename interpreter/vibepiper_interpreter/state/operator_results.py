"""Writes what task operators have done."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, insert

from vibepiper_interpreter.compile.serial import value_to_json
from vibepiper_interpreter.state.database import database_time
from vibepiper_interpreter.state.operator_result import OperatorResult
from vibepiper_interpreter.state.rows import inputs_to_text, to_text
from vibepiper_interpreter.state.tables import operator_results


def write(connection: Connection, environment: str, result: OperatorResult) -> None:
    """Put `result` in the place of what was known of the operator, or of the item. The caller holds the lease's row."""
    same = (
        operator_results.c.environment == environment,
        operator_results.c.address == str(result.address),
        operator_results.c.item == result.item,
    )
    connection.execute(delete(operator_results).where(*same))
    connection.execute(
        insert(operator_results).values(
            environment=environment,
            address=str(result.address),
            item=result.item,
            fingerprint=result.fingerprint,
            outcome=result.outcome,
            inputs=inputs_to_text(result.after),
            outputs=to_text({name: output_to_json(value) for name, value in result.outputs.items()}),
            run_id=result.run_id,
            at=database_time(connection),
        )
    )


def output_to_json(value: Any) -> Any:
    """The inverse of `output_from_json`. A list or a table can only be of the type json."""
    return {"json": value} if isinstance(value, dict | list) else value_to_json(value)
