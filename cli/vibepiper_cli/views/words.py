"""Numbers, sizes, times and lists as people write them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime


def count(number: int, singular: str, plural: str | None = None) -> str:
    """`1 row`, `1,234 rows`."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def assets_and_tasks(assets: int, tasks: int) -> str:
    """`3 assets, 1 task`; those are left out of which there is none, but not both."""
    return ", ".join(
        [*([count(assets, "asset")] if assets or not tasks else []), *([count(tasks, "task")] if tasks else [])]
    )


def size(number: int) -> str:
    """Bytes, in powers of 1,000 as disks and networks are sold: `412 B`, `1.2 MB`."""
    if number < 1000:
        return f"{number} B"
    amount = float(number)
    for unit in ("kB", "MB", "GB", "TB"):
        amount /= 1000
        if amount < 999.5 or unit == "TB":
            break
    return f"{amount:.1f} {unit}" if amount < 9.95 else f"{amount:,.0f} {unit}"


def seconds(number: float) -> str:
    """`40 ms`, `4.2 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if number < 0.9995:
        return f"{round(number * 1000)} ms"
    if number < 9.95:
        return f"{number:.1f} s"
    whole = round(number)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def moment(time: datetime) -> str:
    """A time in UTC, to the second."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def listed(names: Iterable[object], *, most: int = 8) -> str:
    """Names in backticks, the rest counted: `a`, `b` and 3 more."""
    shown = [f"`{name}`" for name in names]
    if len(shown) > most + 1:
        return f"{', '.join(shown[:most])} and {len(shown) - most} more"
    return conjunction(shown)


def conjunction(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join((", ".join(parts[:-1]), parts[-1])) if len(parts) > 1 else "".join(parts)
