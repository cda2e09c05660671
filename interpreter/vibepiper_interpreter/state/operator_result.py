"""What a task operator has done: the proof that it need not be done again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from vibepiper_interpreter.compile.serial import value_from_json, value_to_json
from vibepiper_interpreter.state.rows import inputs_from_text, inputs_to_text, to_text
from vibepiper_interpreter.storage.version import InputVersion
from vibepiper_spec.address import Address


@dataclass(frozen=True, slots=True)
class OperatorResult:
    """That an operator was done, or skipped by a condition, as it meant then.

    `after` are the versions that the assets it comes after stood at, and of operators the run that had done them last.
    `outputs` are typed values.
    """

    address: Address
    item: str  # of a `for_each`; empty for the whole
    fingerprint: str
    outcome: Literal["done", "skipped"]
    after: tuple[InputVersion, ...]
    outputs: Mapping[str, Any]
    run_id: str

    @classmethod
    def from_row(
        cls,
        address: str,
        item: str,
        fingerprint: str,
        outcome: Literal["done", "skipped"],
        after: str,
        outputs: str,
        run_id: str,
    ) -> OperatorResult:
        """From the columns as the state keeps them."""
        values = {name: output_from_json(value) for name, value in json.loads(outputs).items()}
        return cls(Address.parse(address), item, fingerprint, outcome, inputs_from_text(after), values, run_id)

    def to_row(self) -> dict[str, str]:
        """The columns as the state keeps them, in the order of `from_row`."""
        return {
            "address": str(self.address),
            "item": self.item,
            "fingerprint": self.fingerprint,
            "outcome": self.outcome,
            "inputs": inputs_to_text(self.after),
            "outputs": to_text({name: output_to_json(value) for name, value in self.outputs.items()}),
            "run_id": self.run_id,
        }


def output_to_json(value: Any) -> Any:
    """The inverse of `output_from_json`. A list or a table can only be of the type json."""
    return {"json": value} if isinstance(value, dict | list) else value_to_json(value)


def output_from_json(value: Any) -> Any:
    """An output as it was: `{"json": …}` is a value of the type json, which is left as it is."""
    return value["json"] if isinstance(value, dict) and value.keys() == {"json"} else value_from_json(value)
