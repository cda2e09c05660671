"""`--from`, `--to` and `--rebuild`, as typed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from vibepiper_cli.failure import WrongUsage
from vibepiper_interpreter.plan.asked import Asked


def parse_asked(begin: str | None, end: str | None, rebuild: Sequence[str]) -> Asked:
    asked = Asked(_time("--from", begin), _time("--to", end), tuple(rebuild))
    if asked.start is not None and asked.end is not None and asked.start >= asked.end:
        raise WrongUsage(f"`--from {begin}` does not come before `--to {end}`, so there is no time between them.")
    return asked


def _time(option: str, written: str | None) -> datetime | None:
    if written is None:
        return None
    try:
        time = datetime.fromisoformat(written)
    except ValueError:
        raise WrongUsage(f"`{option} {written}` is no time; write `2024-01-01` or `2024-01-01T08:00`.") from None
    if time.tzinfo is not None:
        raise WrongUsage(
            f"`{option}` is the wall time in the time zone of each asset, so it takes no offset; write "
            f"`{time.replace(tzinfo=None).isoformat()}`."
        )
    return time
