"""One item that an operator is done for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from vibepiper_spec.address import Address


@dataclass(frozen=True, slots=True)
class Item:
    """`key` names it among the items of its operator; `values` are what it adds to the `$name` values."""

    key: str
    values: Mapping[str, Any]

    def address(self, operator: Address) -> Address:
        """How messages call it: `shop.load[berlin]`; what may not stand in a name is written as in a URL."""
        return Address(operator.pipeline, f"{operator.name}[{quote(self.key, safe=' ').replace('.', '%2E')}]")
