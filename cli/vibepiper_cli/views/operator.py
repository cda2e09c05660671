"""What a task does, in a line: the command, the request, what it waits for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vibepiper_cli.views.words import count, listed, seconds
from vibepiper_interpreter.compile.compiled import Resources
from vibepiper_interpreter.compile.compiled_operator import CompiledOperator, ForEach
from vibepiper_interpreter.plan.plan import Condition

_WIDEST = 100  # of a text that may be long
# Of the other kinds, the keys that say what is done or waited for.
_TOLD = ("function", "path", "query", "asset", "at", "delay", "statement")


def what_it_does(operator: CompiledOperator) -> str:
    """As it is written: `$name` stands for values that only the run knows, and secrets for their names."""
    keys = operator.settings
    match operator.kind:
        case "test":
            expected = keys["expect"]
            rows = [] if expected is None else [count(len(expected["rows"]), "row")]
            rows += [f"`{name}` with {count(len(cte['rows']), 'row')}" for name, cte in keys["expect_cte"].items()]
            return f"tries {keys['asset']}, expects {', '.join(rows)}"
        case "shell":
            command = keys["command"]
            return _short(command) if isinstance(command, str) else _short(" ".join(command))
        case "http" | "wait.http":
            return _short(f"{keys.get('method', 'GET')} {keys['url']}")
        case "notify":
            return _short(f"{keys['to']}: {keys['message']}")
        case "container":
            # It knows what the engine is called with; the other kinds need none of it.
            from vibepiper_interpreter.operators.container import command_line
            from vibepiper_interpreter.operators.kinds import container_settings

            names = sorted({read.name for read in operator.inputs})
            return " ".join(command_line(container_settings(keys), names))
    return next((_short(_text(keys[key])) for key in _TOLD if key in keys), "")


def items_in_words(each: ForEach) -> str:
    """`for each of 3 items that is not done`"""
    if each.asset is None:
        return f"for each of {count(len(each.items), 'item')} that is not done"
    return f"for each row of `{each.asset}` that is not done, at most {each.limit:,}"


def when_it_is_done(operator: CompiledOperator) -> list[tuple[str, str]]:
    """What the spec says of when it is done, and how: a key and its words each."""
    facts = [
        ("when", operator.when or ""),
        ("run_if", "" if operator.run_if == "all_success" else operator.run_if),
        ("run", "always" if operator.run_always else ""),
        ("teardown of", "" if operator.teardown_of is None else f"`{operator.teardown_of}`"),
    ]
    for on in ("failure", "success"):
        facts.append((f"on {on} of", listed(hook.of for hook in operator.hooks if hook.on == on)))
    if operator.retry.attempts > 1:
        facts.append(("retry", f"up to {operator.retry.attempts} attempts, on {listed(operator.retry.on)}"))
    if operator.timeout is not None:
        facts.append(("timeout", seconds(operator.timeout)))
    facts += [("executor", operator.executor or ""), ("resources", _claimed(operator.resources))]
    if operator.priority:
        facts.append(("priority", str(operator.priority)))
    return [fact for fact in facts if fact[1]]


def _claimed(wanted: Resources) -> str:
    """`2GB of memory, 2 processors, pool `erp``"""
    parts = [f"{wanted.memory} of memory"] if wanted.memory else []
    parts += [count(wanted.cpus, "processor")] if wanted.cpus else []
    parts += [f"{wanted.gpus:g} graphics processors"] if wanted.gpus else []
    parts += [f"{amount:g} of `{name}`" for name, amount in wanted.custom]
    return ", ".join((*parts, *(f"pool `{name}`" for name in wanted.pools)))


def news_in_words(conditions: Iterable[Condition]) -> str:
    """`shop.daily` or `shop.fetch` brings something new."""
    return f"{listed(condition.input for condition in conditions)} brings something new"


def _text(value: Any) -> str:
    return "; ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _WIDEST else f"{line[: _WIDEST - 1]}…"
