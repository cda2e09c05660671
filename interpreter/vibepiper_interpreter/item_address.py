"""How messages, events and logs call one item of a task that is done for each, or one share of an asset's slices:
`shop.load[berlin]`, `shop.daily[2024-01-01]`."""

from __future__ import annotations

from urllib.parse import quote, unquote

from vibepiper_spec.address import Address


def item_address(operator: Address, key: str) -> Address:
    """`shop.load`, `berlin` → `shop.load[berlin]`; what may not stand in a name is written as in a URL."""
    return Address(operator.pipeline, f"{operator.name}[{quote(key, safe=' :').replace('.', '%2E')}]")


def owner(address: Address) -> Address:
    """`shop.load[berlin]` → `shop.load`; the address itself where it is no item's."""
    return Address(address.pipeline, address.name.partition("[")[0])


def key_of(address: Address) -> str:
    """`shop.load[berlin]` → `berlin`; empty where it is no item's."""
    return unquote(address.name.partition("[")[2].removesuffix("]"))
