"""What a plan says of tasks that come after more than when they were done: an order alone is nothing to do."""

from __future__ import annotations

from collections.abc import Iterator

from vibepiper_interpreter.plan.draft import Planning
from vibepiper_spec.address import Address

_TOLD = 8  # tasks, before the others are only counted


def new_edges(planning: Planning) -> tuple[str, ...]:
    """A sentence for each task that stays as it was done, though it is to come after something else as well by now."""
    told = list(_sentences(planning))
    more = len(told) - _TOLD
    return (*told[:_TOLD], f"So it is with {more:,} more tasks.") if more > 0 else tuple(told)


def _sentences(planning: Planning) -> Iterator[str]:
    for address, operator in planning.project.operators.items():
        result = planning.operator_results.get((address, ""))
        if result is None or address in planning.operators or not planning.wants_operator(address):
            continue
        seen = {read.address for read in result.after}
        if added := [other for other in operator.after if other not in seen and _is_there(planning, other)]:
            names = " and ".join(f"`{other}`" for other in added)
            yield (
                f"`{address}` comes after {names} by now, and did not when it was done. An order alone is nothing to "
                f"do: it counts from when `{address}` is done next (`--rebuild {address}` does it now)."
            )


def _is_there(planning: Planning, address: Address) -> bool:
    """Whether it would have been seen, had it been among those before."""
    return address in planning.published or (address, "") in planning.operator_results
