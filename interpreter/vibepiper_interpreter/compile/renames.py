"""Other names for assets and columns, so that a definition of then can be told in the names of now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vibepiper_spec.address import Address


@dataclass(frozen=True, slots=True)
class Renames:
    """By the names of then: addresses, and the columns of an asset by folded name. What is not here keeps its name."""

    assets: Mapping[Address, Address] = field(default_factory=dict)
    columns: Mapping[Address, Mapping[str, str]] = field(default_factory=dict)

    def address(self, address: Address) -> Address:
        return self.assets.get(address, address)

    def column(self, address: Address, name: str) -> str:
        """What the column `name` of the asset that was called `address` is called now."""
        return self.columns.get(address, {}).get(name.casefold(), name)

    def touch(self, address: Address) -> bool:
        """Whether anything about the asset that was called `address` has another name now."""
        return address in self.assets or address in self.columns


NO_RENAMES = Renames()
