"""A plan and a run, as a notebook shows them."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from vibepiper_interpreter.plan.plan import Action, Plan
    from vibepiper_interpreter.run.result import RunResult, TaskResult
    from vibepiper_spec.diagnostics import Diagnostic


@dataclass(frozen=True, slots=True)
class MadePlan:
    """What an apply would do, action by action, each with its reasons in words."""

    plan: Plan

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return self.plan.empty

    def __iter__(self) -> Iterator[Action]:
        return iter(self.plan.actions)

    def __len__(self) -> int:
        return len(self.plan.actions)

    def __str__(self) -> str:
        if self.empty:
            return f"No changes. `{self.plan.environment}` is as the specs say."
        return "\n".join(" ".join(row).rstrip() for row in self._rows())

    def _repr_html_(self) -> str:
        if self.empty:
            return f"<p>{html.escape(str(self))}</p>"
        return html_table(("action", "asset", "because"), list(self._rows()))

    def _rows(self) -> Iterator[tuple[str, str, str]]:
        for action in self.plan.actions:
            yield action.verb, str(action.address), "; ".join(reason.words for reason in action.reasons)


@dataclass(frozen=True, slots=True)
class RunReport:
    """How a run ended, task by task. `run_id` is empty where there was nothing to do."""

    run_id: str
    environment: str
    status: str
    seconds: float
    tasks: tuple[TaskResult, ...]
    diagnostics: tuple[Diagnostic, ...] = ()

    @classmethod
    def of(cls, result: RunResult) -> RunReport:
        """The report of a run."""
        return cls(result.run_id, result.environment, result.status, result.seconds, result.tasks, result.diagnostics)

    @classmethod
    def of_nothing(cls, plan: Plan) -> RunReport:
        """The report of a plan that is empty."""
        return cls("", plan.environment, "succeeded", 0.0, ())

    def __str__(self) -> str:
        if not self.tasks:
            return f"No changes. `{self.environment}` is as the specs say."
        return "\n".join(" ".join(row).rstrip() for row in self._rows())

    def _repr_html_(self) -> str:
        if not self.tasks:
            return f"<p>{html.escape(str(self))}</p>"
        return html_table(("outcome", "asset", "rows", "seconds"), list(self._rows()))

    def _rows(self) -> Iterator[tuple[str, str, str, str]]:
        for task in self.tasks:
            rows = "" if task.rows is None else f"{task.rows:,}"
            yield task.outcome, str(task.address), rows, f"{task.seconds:.2f}"


T = TypeVar("T")


class Listed(list[T]):
    """A list that a notebook shows as a table: a row for each item, a column for each of its fields."""

    def _repr_html_(self) -> str:
        if not self:
            return "<p>nothing</p>"
        names = [field.name for field in fields(cast(Any, self[0]))]
        return html_table(names, [[_cell(getattr(each, name)) for name in names] for each in self])


def _cell(value: Any) -> str | None:
    match value:
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case tuple():
            return ", ".join(map(str, value))
    return None if value is None else str(value)


def html_table(head: Sequence[str], rows: Iterable[Sequence[str | None]]) -> str:
    """A table for a notebook; every text is escaped, and None is an empty place that says NULL."""
    heads = "".join(f"<th>{html.escape(each)}</th>" for each in head)
    cells = (("".join(f"<td>{_escaped(each)}</td>" for each in row)) for row in rows)
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def _escaped(text: str | None) -> str:
    return "<i>NULL</i>" if text is None else html.escape(text)
