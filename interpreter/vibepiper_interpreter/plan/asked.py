"""After comparing: what is to be made anew on purpose, though nothing of it has changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from vibepiper_interpreter.compile.build_settings import Intervals
from vibepiper_interpreter.plan.flow import ALL
from vibepiper_interpreter.plan.plan import Reason
from vibepiper_interpreter.plan.selection import select
from vibepiper_interpreter.storage.slices import Range
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix

if TYPE_CHECKING:
    from vibepiper_interpreter.plan.draft import Draft, Planning


@dataclass(frozen=True, slots=True)
class Asked:
    """What a plan was asked for beside a selection.

    `start` and `end` bound the intervals that are made, in the wall time of each asset; `rebuild` are words of a
    selection.
    """

    start: datetime | None = None
    end: datetime | None = None
    rebuild: tuple[str, ...] = ()

    @property
    def bounds(self) -> Range | None:
        """None: no bounds."""
        if self.start is None and self.end is None:
            return None
        return Range(self.start or datetime.min, self.end or datetime.max)

    def words(self) -> tuple[str, ...]:
        """As it would be typed."""
        found = [word for asked in self.rebuild for word in ("--rebuild", asked)]
        found += [] if self.start is None else ["--from", _typed(self.start)]
        found += [] if self.end is None else ["--to", _typed(self.end)]
        return tuple(found)


def restate(planning: Planning) -> None:
    """Note what `--rebuild` names. VP207 where it, or the bounds, are about nothing."""
    asked = planning.asked
    named = set(select(planning.project, (), asked.rebuild)) if asked.rebuild else set()
    planning.restated_operators = frozenset(named & planning.project.operators.keys())
    named -= planning.restated_operators
    for address in named:
        draft = planning.drafts[address]
        draft.restated = True
        if draft.published is None or is_sliced(draft):
            continue  # it is made anyway, or interval by interval
        draft.own_reasons.append(Reason("restated", "`--rebuild` asks for it"))
        if not draft.reproducible:
            draft.own_changed = ALL
    meant = [planning.drafts[address] for address in named] if asked.rebuild else list(planning.drafts.values())
    if asked.bounds is not None and not any(map(is_sliced, meant)):
        raise DiagnosticError([_no_intervals(meant)])


def is_sliced(draft: Draft) -> bool:
    """Whether it is built interval by interval."""
    return isinstance(draft.asset.settings, Intervals) and draft.asset.kind != "source"


def _no_intervals(meant: Iterable[Draft]) -> Diagnostic:
    names = ", ".join(f"`{draft.asset.address}`" for draft in list(meant)[:5])
    return Diagnostic(
        "VP207",
        f"`--from` and `--to` bound intervals, and nothing here is built by interval: {names}.",
        fix=Fix('Leave them out, or give an asset `build = { mode = "interval", … }`.'),
    )


def _typed(time: datetime) -> str:
    return str(time.date()) if time.time() == datetime.min.time() else f"{time:%Y-%m-%dT%H:%M:%S}"
