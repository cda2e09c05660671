"""The `when` of tasks: whether it is a condition, and over which values; what is wrong with it, in its own words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from vibepiper_interpreter.compile.compilation import Compilation, Workshop
from vibepiper_interpreter.compile.names import AssetNames
from vibepiper_interpreter.compile.operator_names import outputs_of
from vibepiper_interpreter.compile.operator_values import unknown_value
from vibepiper_interpreter.compile.placing import place_problem
from vibepiper_interpreter.compile.references import references_of
from vibepiper_interpreter.engines.duckdb.binder import Binder
from vibepiper_interpreter.engines.duckdb.errors import SqlProblem
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, nearest
from vibepiper_spec.load.loaded import DeclaredTask

_BEFORE, _AFTER = "SELECT (", "\n) AS condition"
# Without our bracket, for a mistake in what is written is then told as one in it.
_BARE = "SELECT "
_NOTHING = re.compile(r"(\s|--[^\n]*|/\*.*?\*/)*", re.DOTALL)
_OF_OWNER = re.compile(r"\s*\.\s*(\w+)")
_LET_LOOK = "Let a task before it look into the table and give an output; name that as `$name`."


class Conditions:
    """Judges the `when` of tasks."""

    def __init__(self, state: Compilation, workshop: Workshop) -> None:
        self._state, self._workshop = state, workshop
        self._tasks = {task.address: task for task in state.loaded.project.tasks}
        self._task_names = AssetNames(self._tasks)
        self._binder: Binder | None = None

    def judge(
        self, task: DeclaredTask, types: Mapping[str, str]
    ) -> tuple[tuple[tuple[str, str], ...], list[Diagnostic]]:
        """The values that it names, with their types; and what is wrong with it. `types` are those of all values."""
        when = task.spec.when
        if when is None:
            return (), []
        if _NOTHING.fullmatch(when):
            empty = SqlProblem(
                "VP301", "The condition is empty.", 0, len(when), fix="Write one, as `$rows > 0`, or remove the key."
            )
            return (), [self._placed(task, empty)]
        (refers,) = references_of(self._workshop, [f"{_BEFORE}{when}{_AFTER}"])
        problems = [self._as_written(problem, when) for problem in refers.problems]
        for schema, name, start, end in refers.tables:
            written = name if schema is None else f"{schema}.{name}"
            words = f"The condition reads the table `{written}`, but the condition of a task sees only values."
            problems.append(
                SqlProblem("VP803", words, start - len(_BEFORE), end - len(_BEFORE), fix=_LET_LOOK),
            )
        diagnostics = [self._placed(task, problem) for problem in problems]
        named = {name.lower() for name, _, _ in refers.parameters}
        for name, start, end in refers.parameters:
            if name.lower() not in types and not self._state.loaded.may_declare(name.lower()):
                diagnostics.append(
                    self._stands_for_nothing(task, name, start - len(_BEFORE), end - len(_BEFORE), types)
                )
        if diagnostics or not named <= types.keys():
            return (), diagnostics
        parameters = tuple((name, types[name]) for name in sorted(named))
        found = self._bind(when, dict(parameters))
        return parameters, [self._placed(task, self._with_values(task, each, types)) for each in found]

    def _as_written(self, problem: SqlProblem, when: str) -> SqlProblem:
        """`problem` as one of the text that the user wrote, who knows nothing of what we put around it."""
        if problem.code == "VP301":
            (bare,) = references_of(self._workshop, [f"{_BARE}{when}\n"])
            for other in bare.problems:
                if other.code == "VP301":
                    told = replace(other, message=other.message.replace("The query", "The condition"))
                    return _moved(told, len(when), len(_BARE))
        return _moved(problem, len(when), len(_BEFORE))

    def _stands_for_nothing(
        self, task: DeclaredTask, name: str, start: int, end: int, types: Mapping[str, str]
    ) -> Diagnostic:
        """`$name`, or `$task.output` where somebody meant that."""
        more = _OF_OWNER.match(task.spec.when or "", end)
        written = name if more is None else f"{name}.{more[1]}"
        given = None if name.lower() in types else self._output(task, written)
        if given is not None:
            words = f"`${written}` stands for nothing: an output of another task is a value only as an input."
            end = end if more is None else more.end()
            return self._placed(task, SqlProblem("VP308", words, start, end, fix=given))
        place = self._state.loaded.locator.inside(task.origin, "when", start=start, end=end)
        return unknown_value(name.lower(), types, place)

    def _with_values(self, task: DeclaredTask, problem: SqlProblem, types: Mapping[str, str]) -> SqlProblem:
        """A column that is none, with the value that was meant."""
        if problem.code != "VP302":
            return problem
        written = (task.spec.when or "")[problem.start : problem.end].replace('"', "").lower()
        told = replace(problem, message=f"`{written}` means nothing here: a condition sees no columns, only values.")
        if (meant := nearest(written, types)) is not None:  # itself, where there is one of that name
            return replace(told, suggestion=f"${meant}", fix=f"Write `${meant}`.")
        if (given := self._output(task, written)) is not None:
            return replace(told, fix=given)
        pipeline = task.address.pipeline
        owner = written.rpartition(".")[0]
        if any(each and self._state.names.resolve(each, pipeline) for each in (written, owner)):
            return replace(told, fix=_LET_LOOK)
        return replace(told, fix=f"Known are {_listed(types)}.")

    def _output(self, task: DeclaredTask, written: str) -> str | None:
        """How to come by the output that `written` means: `count.rows`, or `count`; None where no task is meant."""
        pipeline = task.address.pipeline
        owner, _, output = written.rpartition(".")
        for name, wanted in ((written, ""), (owner, output)):
            found = name and (self._task_names.resolve(name, pipeline) or self._near(name, pipeline))
            if not found:
                continue
            called = found.name if found.pipeline == pipeline else str(found)
            outputs = outputs_of(self._tasks[found])
            if not outputs:
                return f"The task `{called}` gives no output: declare one in its `outputs`, and name it in `inputs`."
            meant = nearest(wanted, outputs) or next(iter(outputs))
            return f'Add `inputs.{meant} = "{called}.{meant}"`, and write `${meant}`.'
        return None

    def _near(self, name: str, pipeline: str) -> Address | None:
        near = self._task_names.nearest(name, pipeline)
        return None if near is None else self._task_names.resolve(near, pipeline)

    def _bind(self, when: str, parameters: Mapping[str, str]) -> Iterator[SqlProblem]:
        if self._binder is None:
            self._binder = Binder(self._workshop.connection)
        # A pipeline's name has no meaning here, for no table is read.
        bound = self._binder.bind("main", f"{_BEFORE}{when}{_AFTER}", parameters)
        if bound.problems:
            yield from (_moved(problem, len(when), len(_BEFORE)) for problem in bound.problems)
        elif len(bound.columns) != 1 or bound.columns[0].type != "BOOLEAN":
            found = bound.columns[0].type if len(bound.columns) == 1 else "more than one value"
            yield SqlProblem(
                "VP304",
                f"The condition gives {found}, and a task needs true or false.",
                0,
                len(when),
                fix="Compare it with something, as in `$rows > 0`.",
            )

    def _placed(self, task: DeclaredTask, problem: SqlProblem) -> Diagnostic:
        return place_problem(self._state.loaded.locator, task.origin, ("when",), problem)


def _moved(problem: SqlProblem, length: int, by: int) -> SqlProblem:
    """The same, with its place counted from the start of the condition; what it says of things before that goes."""

    def inside(offset: int) -> int:
        return min(max(offset - by, 0), length)

    related = tuple(each for each in problem.related if each[0] >= by)
    return replace(
        problem,
        start=inside(problem.start),
        end=inside(problem.end),
        fix=problem.fix if len(related) == len(problem.related) else "",
        related=tuple((inside(start), inside(end), words) for start, end, words in related),
    )


def _listed(types: Iterable[str]) -> str:
    return ", ".join(f"`${each}`" for each in types)
