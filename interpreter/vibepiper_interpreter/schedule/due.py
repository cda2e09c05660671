"""Who is due in an environment: pipelines, and assets with a schedule of their own."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from vibepiper_interpreter.compile.compiled import CompiledProject, Schedule
from vibepiper_interpreter.schedule.ticks import last_tick, next_tick
from vibepiper_spec.address import Address


@dataclass(frozen=True, slots=True)
class Subject:
    """What a schedule is about. `name` is a pipeline, `shop`, or an asset, `shop.orders`.

    `assets` are those that follow the schedule, and tasks; published ones that no spec declares any more among them.
    `whole`: they are all that the pipeline has.
    """

    name: str
    schedule: Schedule | None  # None: due whenever something changed
    assets: frozenset[Address]
    whole: bool = True

    def words(self, without: Collection[Address] = ()) -> list[str]:
        """The selection that names its assets, but for some of them."""
        left = self.assets.difference(without)
        if self.whole and left == self.assets:
            return [f"pipeline:{self.name}"]
        return sorted(map(str, left))


@dataclass(frozen=True, slots=True)
class Due:
    """Somebody who is due, since `tick` (the latest one; with it all that were missed before), or for want of a
    schedule. `next` is when it will be due again, or for the first time."""

    subject: Subject
    tick: datetime | None
    next: datetime | None
    is_due: bool


def subjects(project: CompiledProject, published: Iterable[Address]) -> tuple[Subject, ...]:
    """Everybody who may be due, in the order of their names."""
    members: dict[str, set[Address]] = {}
    alone: dict[Address, Schedule] = {}
    for address in (*project.assets, *project.operators, *published):
        asset = project.assets.get(address)
        if asset is not None and asset.schedule is not None:
            alone[address] = asset.schedule
        else:
            members.setdefault(address.pipeline, set()).add(address)
    with_own = {address.pipeline for address in alone}
    found = [
        Subject(pipeline, project.schedules.get(pipeline), frozenset(addresses), whole=pipeline not in with_own)
        for pipeline, addresses in members.items()
    ]
    found += [
        Subject(str(address), schedule, frozenset((address,)), whole=False) for address, schedule in alone.items()
    ]
    return tuple(sorted(found, key=lambda subject: subject.name))


def who_is_due(everybody: Iterable[Subject], served: Mapping[str, datetime], now: datetime) -> tuple[Due, ...]:
    """Each of `everybody`, and whether it is due at `now`: whoever was never served is, and else since a later tick."""
    found = []
    for subject in everybody:
        if subject.schedule is None:
            found.append(Due(subject, None, None, is_due=True))
            continue
        tick, until = last_tick(subject.schedule, now), served.get(subject.name)
        is_due = tick is not None and (until is None or until < tick)
        found.append(Due(subject, tick, next_tick(subject.schedule, now), is_due))
    return tuple(found)
