"""Tests of pipelines with pytest: `run_asset` and `vp_project` come as fixtures, the rest is imported from here.

Needs `pip install 'vibepiper[testing]'`. pytest finds the fixtures by itself.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vibepiper.testing.comparing import assert_rows
    from vibepiper.testing.contracts import assert_contracts, assert_offers
    from vibepiper.testing.running import AssetFailed, RunAsset, Tried
    from vibepiper.testing.strategies import input_rows, table_rows
    from vibepiper.testing.working import assert_work

# pytest imports this for every test suite on the machine: what is slow waits until it is used.
_LATER = {
    "AssetFailed": "running",
    "RunAsset": "running",
    "Tried": "running",
    "assert_contracts": "contracts",
    "assert_offers": "contracts",
    "assert_rows": "comparing",
    "assert_work": "working",
    "input_rows": "strategies",
    "table_rows": "strategies",
}

__all__ = [
    "AssetFailed",
    "RunAsset",
    "Tried",
    "assert_contracts",
    "assert_offers",
    "assert_rows",
    "assert_work",
    "input_rows",
    "table_rows",
]


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"vibepiper.testing.{_LATER[name]}"), name)
