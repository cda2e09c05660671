"""A plan and a run, as a notebook shows them."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

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


def html_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table for a notebook; every text is escaped."""
    heads = "".join(f"<th>{html.escape(each)}</th>" for each in head)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(each)}</td>" for each in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
