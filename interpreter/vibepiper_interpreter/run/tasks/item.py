"""One item that an operator is done for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vibepiper_interpreter.item_address import item_address
from vibepiper_spec.address import Address


@dataclass(frozen=True, slots=True)
class Item:
    """`key` names it among the items of its operator; `values` are what it adds to the `$name` values."""

    key: str
    values: Mapping[str, Any]

    def address(self, operator: Address) -> Address:
        """How messages call it: `shop.load[berlin]`."""
        return item_address(operator, self.key)
