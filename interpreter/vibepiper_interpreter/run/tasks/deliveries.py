"""What an asset that goes on is shown of its inputs, to which rows are only added: one delivery after the other.

A delivery is what one apply added to an input. Where rows with the same key came in several of them, it makes a
difference to what is merged which came last; what is appended to is shown all that is new at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vibepiper_interpreter.compile.build_settings import Append, Merge
from vibepiper_interpreter.run.new_rows import new_parts, new_rows, only_grows
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.deltas.append import of_several_deliveries
from vibepiper_interpreter.run.tasks.staging import EVERYTHING
from vibepiper_interpreter.run.tasks.task import Task
from vibepiper_interpreter.storage.table_query import rows_query
from vibepiper_interpreter.storage.version import Part, Version
from vibepiper_spec.address import Address


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is seen at once: relations for the inputs of which that is not everything."""

    shown: Mapping[Address, str]
    # Why nobody knows the order of what is seen at once, as a sentence, where there is more to say of it.
    at_once: str = ""


_WHOLE = (Delivery(EVERYTHING),)


def base_and_deliveries(session: RunSession, task: Task) -> tuple[Version | None, Sequence[Delivery]]:
    """What is gone on with, and what came since, in order. All that there is where there is nothing to go on with:
    so also where it cannot be told what is new."""
    settings = task.asset.settings
    if not isinstance(settings, Append | Merge):
        return task.base, _WHOLE
    grow = {address: version for address, version in task.inputs.items() if only_grows(version)}
    moved = {condition.input for condition in task.action.conditions}
    news = {}
    for address, current in grow.items() if task.base is not None else ():
        found = new_rows(session, current, task.confirmed.get(address) if address in moved else current)
        if found is None:
            message = f"made from nothing: what is new in `{address}` cannot be told, for it lost rows"
            session.say("log", task.asset.address, {"level": "warning", "message": message})
            return None, _in_order(session, task, settings, grow, {})
        news[address] = found
    came = {address: version for address, version in grow.items() if task.base is None or address in moved}
    return task.base, _in_order(session, task, settings, came, news)


def _in_order(
    session: RunSession,
    task: Task,
    settings: Append | Merge,
    came: Mapping[Address, Version],
    news: Mapping[Address, str],
) -> Sequence[Delivery]:
    """What is to be seen of the inputs `came`, and of the others that are in `news`, nothing."""
    if isinstance(settings, Append) or not came:
        return (Delivery(news),)
    if len(came) > 1:
        names = " and ".join(f"`{address}`" for address in sorted(came))
        return (Delivery(news, f"Rows of {names} came at once, and nobody knows which came last."),)
    [(address, current)] = came.items()
    parts: Sequence[Part] | None = current.parts
    if address in news:
        earlier = task.confirmed.get(address)
        parts = None if earlier is None else new_parts(current, earlier)
    if not parts:
        return (Delivery(news, _written_together(address)),)
    return [
        Delivery(
            {**news, address: f"({rows_query(current, session.storage, [part])})"},
            _written_together(address)
            if of_several_deliveries(part)
            else f"They came to `{address}` in one delivery, by one apply: none of its rows is later than another.",
        )
        for part in parts
    ]


def _written_together(address: Address) -> str:
    return f"They may have come to `{address}` one after the other, but many of its deliveries were written together."
