"""One task for people and for machines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from vibepiper_cli.printer import Paint
from vibepiper_cli.task_status import TaskStatus
from vibepiper_cli.views.operator import items_in_words, what_it_does, when_it_is_done
from vibepiper_cli.views.tables import aligned
from vibepiper_cli.views.words import count, moment, seconds
from vibepiper_interpreter.compile.compiled_operator import CompiledOperator
from vibepiper_interpreter.compile.serial import value_from_json
from vibepiper_interpreter.state.operator_result import output_to_json

_ITEMS = 10  # that are shown to people; the JSON has all
_ROLES = {"done": "good", "skipped": "good", "not due": "good"}
_NOTHING = "  nothing in this project"


def render_task(status: TaskStatus, environment: str, paint: Paint) -> str:
    operator = status.operator
    head = [f"{paint('strong', str(status.address))}  task{'' if operator is None else f' {operator.kind}'}"]
    if operator is not None and operator.description:
        head.append(operator.description)
    blocks = ["\n".join(head), "\n".join(_facts(status, environment, paint))]
    if operator is not None:
        if operator.tests is not None:
            blocks.append(_block("What it does", [f"  {what_it_does(operator)}"], paint))
        elif settings := list(_settings(value_from_json(operator.settings))):
            blocks.append(_block("What it does", aligned(settings, indent="  "), paint))
        if operator.inputs:
            rows = [(f"${read.name}", f"{read.address}.{read.output}") for read in operator.inputs]
            blocks.append(_block("Inputs", aligned(rows, indent="  "), paint))
        if operator.outputs and operator.for_each is None:
            blocks.append(_block("Outputs", aligned(_outputs(status, operator), indent="  "), paint))
        if operator.for_each is not None:
            blocks.append(_block("Items", _items(status), paint))
        after = [f"  {address}" for address in operator.after]
        blocks.append(_block("Comes after", after or [_NOTHING], paint))
    blocks.append(_block("Comes before", [f"  {address}" for address in status.readers] or [_NOTHING], paint))
    return "\n\n".join(blocks)


def task_json(status: TaskStatus) -> dict[str, Any]:
    operator, past = status.operator, status.past
    return {
        "address": str(status.address),
        "kind": "task" if operator is None else f"task.{operator.kind}",
        "status": status.status,
        "reasons": list(status.reasons),
        **({} if operator is None else _operator_json(operator)),
        "before": [str(address) for address in status.readers],
        "results": [
            {
                "item": result.item or None,
                "outcome": result.outcome,
                "at": at.isoformat(),
                "run": result.run_id,
                "after": {str(each.address): each.version_id for each in result.after},
                "outputs": {name: output_to_json(value) for name, value in result.outputs.items()},
            }
            for result, at in past.results
        ],
        "last_run": None
        if past.run is None or past.task is None
        else {
            "run": past.run.id,
            "status": past.run.status,
            "started_at": past.run.started_at.isoformat(),
            "outcome": past.task.outcome,
            "because": past.task.because,
            "seconds": past.task.seconds,
            "attempts": len(past.attempts),
            "diagnostics": list(past.task.diagnostics),
            "failed_items": [
                {"item": each.key, "code": each.code, "detail": each.detail} for each in past.failed_items
            ],
        },
    }


def _block(title: str, lines: list[str], paint: Paint) -> str:
    return "\n".join([paint("strong", title), *lines])


def _facts(status: TaskStatus, environment: str, paint: Paint) -> list[str]:
    operator, past = status.operator, status.past
    facts = []
    if operator is not None:
        facts.append(("declared in", f"{operator.declared_in}:{operator.declared_at_line}"))
        if operator.owner:
            facts.append(("owner", operator.owner))
        if operator.tags:
            facts.append(("tags", ", ".join(operator.tags)))
        facts += when_it_is_done(operator)
    words = paint(_ROLES.get(status.status, "warning"), status.status)
    why = f" ({'; '.join(status.reasons)})" if status.reasons else ""
    facts.append(("status", f"{words} in `{environment}`{why}"))
    for result, at in past.results:
        if not result.item:
            facts.append((result.outcome, f"{moment(at)} by run {result.run_id}"))
    if past.run is not None and past.task is not None:
        facts.append(("last run", _last_run(status, paint)))
        facts += [("", f"{found['code']} {found['detail']}") for found in past.task.diagnostics]
    else:
        facts.append(("last run", f"none in `{environment}`"))
    return aligned(facts)


def _last_run(status: TaskStatus, paint: Paint) -> str:
    run, task = status.past.run, status.past.task
    assert run is not None
    assert task is not None
    outcome = task.outcome or ("running" if run.status == "running" else "not done")
    told = [paint("error", outcome) if outcome == "failed" else outcome]
    if task.seconds:
        told.append(f"took {seconds(task.seconds)}")
    if len(status.past.attempts) > 1:
        told.append(f"in {len(status.past.attempts)} attempts")
    because = f" ({task.because})" if task.because else ""
    return f"{', '.join(told)}{because}; run {run.id} of {moment(run.started_at)}"


def _settings(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """`env.TOKEN`, `secret:TOKEN`: the keys of its kind as they are written."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _settings(each, f"{name}.{key}" if name else str(key))
    elif isinstance(value, tuple) and name == "statement":
        for number, each in enumerate(value):
            yield from _lines("" if number else name, str(each))
    else:
        text = " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
        yield from _lines(name, text)


def _lines(name: str, text: str) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(text.strip("\n").split("\n")):
        yield ("" if number else name), line


def _outputs(status: TaskStatus, operator: CompiledOperator) -> list[tuple[str, str, str]]:
    """Name, type, and the value that it gave last."""
    given = {} if status.result is None else status.result.outputs
    return [(name, output.type, "" if name not in given else _value(given[name])) for name, output in operator.outputs]


def _value(value: Any) -> str:
    return "NULL" if value is None else str(value)


def _items(status: TaskStatus) -> list[str]:
    assert status.operator is not None
    assert status.operator.for_each is not None
    done = [(result.item, at, result.run_id) for result, at in status.past.results if result.item]
    lines = [f"  {items_in_words(status.operator.for_each)}"]
    failed = [("failed", each.key, f"{each.code} {each.detail}") for each in status.past.failed_items]
    rows = [*failed, *(("done", key, f"{moment(at)} by run {run}") for key, at, run in done)]
    lines += aligned(rows[:_ITEMS], indent="  ")
    if len(rows) > _ITEMS:
        lines.append(f"  and {count(len(rows) - _ITEMS, 'item')} more")
    return lines


def _operator_json(operator: CompiledOperator) -> dict[str, Any]:
    each = operator.for_each
    return {
        "description": operator.description,
        "owner": operator.owner,
        "tags": list(operator.tags),
        "declared_in": {"path": operator.declared_in, "line": operator.declared_at_line},
        "settings": dict(operator.settings),
        "after": [str(address) for address in operator.after],
        "when": operator.when,
        "run_if": operator.run_if,
        "run": "always" if operator.run_always else "when_due",
        "hooks": [{"on": hook.on, "of": str(hook.of)} for hook in operator.hooks],
        "teardown_of": None if operator.teardown_of is None else str(operator.teardown_of),
        "timeout": operator.timeout,
        "retry": {"attempts": operator.retry.attempts, "on": list(operator.retry.on)},
        "executor": operator.executor,
        "resources": asdict(operator.resources),
        "priority": operator.priority,
        "inputs": {read.name: {"task": str(read.address), "output": read.output} for read in operator.inputs},
        "outputs": {name: output.type for name, output in operator.outputs},
        "for_each": None
        if each is None
        else {
            "items": list(each.items),
            "asset": None if each.asset is None else str(each.asset),
            "columns": list(each.columns),
            "key": each.key,
            "limit": each.limit,
            "concurrency": each.concurrency,
        },
    }
