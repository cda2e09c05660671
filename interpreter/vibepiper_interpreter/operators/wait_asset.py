"""`[task.wait.asset.NAME]`: waits until an asset is published."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from vibepiper_interpreter.operators.call import Call, Done, NotYet
from vibepiper_spec.address import Address


@dataclass(frozen=True, slots=True)
class WaitAssetSettings:
    asset: str  # `asset` or `pipeline.asset`
    environment: str | None = None  # the run's own if not set
    newer_than: float | None = None  # seconds: how long ago it may have been published at most


def wait_asset(call: Call, settings: WaitAssetSettings) -> Done | NotYet:
    """Whether the asset is published, and lately enough. Output: `published_at`."""
    environment = settings.environment or call.environment
    asset = settings.asset.lower()
    address = Address.parse(asset) if "." in asset else Address(call.address.pipeline, asset)
    published_at = call.published_at(address, environment)
    if published_at is None:
        return NotYet(f"`{address}` is not published in `{environment}`")
    age = datetime.now(UTC) - published_at
    if settings.newer_than is not None and age > timedelta(seconds=settings.newer_than):
        return NotYet(f"`{address}` was published in `{environment}` {_words(age)} ago")
    return Done({"published_at": published_at})


def _words(age: timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"
