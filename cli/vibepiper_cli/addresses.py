"""Finds the asset, or the task, a person means by `orders` or `shop.orders`."""

from __future__ import annotations

from collections.abc import Collection

from vibepiper_cli.failure import WrongUsage
from vibepiper_cli.views.words import listed
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import did_you_mean


def find_asset(text: str, known: Collection[Address], *, called: str = "asset") -> Address:
    """The address meant; a bare name must be the name of one asset only. `called`: what messages call what is known."""
    wanted = text.casefold()
    matches = sorted(address for address in known if wanted in (str(address), address.name))
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise WrongUsage(f"`{text}` may be {listed(matches)}. Write the one you mean.")
    names = [str(address) for address in known] if "." in wanted else [address.name for address in known]
    raise WrongUsage(f"there is no {called} `{text}`.{did_you_mean(text, names)}")
