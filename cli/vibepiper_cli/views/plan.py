"""A plan for people: per asset what would happen and why, in words, what it reaches, and a last line that counts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

from vibepiper_cli.printer import Paint
from vibepiper_cli.views.operator import items_in_words, news_in_words, what_it_does
from vibepiper_cli.views.predicted import estimate_in_words, time_in_words, together
from vibepiper_cli.views.tables import aligned
from vibepiper_cli.views.words import assets_and_tasks, conjunction, count, listed, size
from vibepiper_interpreter import grains
from vibepiper_interpreter.compile.build_settings import Intervals, Partitions, most_at_once
from vibepiper_interpreter.compile.build_words import goes_on
from vibepiper_interpreter.compile.compiled import CompiledAsset
from vibepiper_interpreter.compile.compiled_operator import CompiledOperator
from vibepiper_interpreter.plan.plan import BUILDING, Action, Break, ColumnChange, Condition, Plan, Verb
from vibepiper_interpreter.storage.slices import Range, only_ranges, only_values

_SYMBOLS = {
    "create": ("+", "added"),
    "adopt": ("+", "added"),
    "rebuild": ("~", "changed"),
    "fill": ("~", "changed"),
    "extend": ("~", "changed"),
    "recheck": ("✓", "info"),
    "repoint": (">", "info"),
    "record": (">", "info"),
    "do": ("*", "added"),
}
_REMOVE = ("-", "removed")
_PERHAPS = ("?", "faint")
_COLUMN_SYMBOLS = {
    "added": ("+", "added"),
    "removed": ("-", "removed"),
    "type": ("~", "changed"),
    "expression": ("~", "changed"),
}


def render_plan(plan: Plan, paint: Paint) -> str:
    if plan.empty:
        return "\n\n".join([nothing_in_words(plan), *notes_in_words(plan)])
    blocks = [f"Plan for environment {paint('strong', plan.environment)}{_selected(plan)}{_purpose(plan)}"]
    # In plan order, so that inputs stand above what reads them.
    pipelines: dict[str, list[Action]] = {}
    for action in plan.actions:
        pipelines.setdefault(action.address.pipeline, []).append(action)
    for pipeline, actions in pipelines.items():
        lines = [paint("strong", pipeline)]
        for action in actions:
            lines += _action(action, plan, paint)
        blocks.append("\n".join(lines))
    blocks += notes_in_words(plan)
    blocks.append(count_actions(plan, paint))
    return "\n\n".join(blocks)


def count_actions(plan: Plan, paint: Paint) -> str:
    """The last line: `Plan: 2 to create, 1 to rebuild, 3 perhaps; 12 unchanged. About 4.0 s.`"""
    return f"{paint('strong', 'Plan')}: {actions_in_words(plan)}"


def actions_in_words(plan: Plan) -> str:
    """`2 to create, 1 to rebuild; 12 unchanged.`"""
    certain = [action for action in plan.actions if action.expected == "run"]
    counted = []
    tests = sum(_is_test(action, plan) for action in certain)
    for verb in get_args(Verb):
        number = sum(action.verb == verb for action in certain) - (tests if verb == "do" else 0)
        if number:
            counted.append(f"{number:,} to {verb}")
    if tests:
        counted.append(f"{tests:,} to test")
    rest = [action for action in plan.actions if action.expected == "keep"]
    if perhaps := sum(action.verb != "do" for action in rest):
        counted.append(f"{perhaps:,} perhaps to rebuild")
    if perhaps := sum(action.verb == "do" for action in rest):
        counted.append(f"{perhaps:,} perhaps to do")
    rest_of_all = plan.unchanged + plan.not_due
    unchanged = f"; {rest_of_all:,} unchanged" if rest_of_all else ""
    return f"{', '.join(counted)}{unchanged}.{_total_time(certain, plan)}"


def _is_test(action: Action, plan: Plan) -> bool:
    return action.verb == "do" and plan.operators[action.address].tests is not None


def nothing_in_words(plan: Plan) -> str:
    """That there is nothing to do, and for what."""
    if plan.purpose:
        return f"No changes. `{plan.environment}` is so already: the plan {plan.purpose}."
    scope = f"What {listed(plan.selection)} selects" if plan.selection else f"`{plan.environment}`"
    return f"No changes. {scope} is as the specs say ({assets_and_tasks(plan.unchanged, plan.not_due)})."


def notes_in_words(plan: Plan) -> list[str]:
    """What else is worth knowing, as one paragraph; none where there is nothing."""
    return ["\n".join(f"Note: {note}" for note in plan.notes)] if plan.notes else []


def _purpose(plan: Plan) -> str:
    return f": {plan.purpose}" if plan.purpose else ""


def _selected(plan: Plan) -> str:
    selected = f", for {listed(plan.selection)}" if plan.selection else ""
    return selected + (f", with `{' '.join(plan.asked)}`" if plan.asked else "")


def _action(action: Action, plan: Plan, paint: Paint) -> list[str]:
    if action.verb == "do":
        return _operator(action, plan.operators[action.address], paint)
    keep = action.expected == "keep"
    symbol, role = _PERHAPS if keep else _SYMBOLS.get(action.verb, _REMOVE)
    asset = plan.assets.get(action.address)
    what = f"  {paint('faint', _what(asset))}" if asset is not None and action.verb != "remove" else ""
    lines = [f"  {paint(role, symbol)} {action.verb:<8} {paint('strong', action.address.name)}{what}"]
    if asset is not None and action.verb == "extend" and (words := goes_on(asset.settings)):
        lines.append(f"      {words}")
    lines += [f"      {line}" for line in _body(action, asset, plan, paint)]
    return lines


def _operator(action: Action, operator: CompiledOperator, paint: Paint) -> list[str]:
    symbol, role = _PERHAPS if action.expected == "keep" else _SYMBOLS["do"]
    if operator.tests is not None:
        what = paint("faint", f"of {operator.tests.address}, before it is made")
        lines = [f"  {paint(role, symbol)} {'test':<8} {paint('strong', action.address.name)}  {what}"]
        return [*lines, *(f"      {reason.words}" for reason in action.reasons)]
    what = paint("faint", f"task {operator.kind}")
    lines = [f"  {paint(role, symbol)} {action.verb:<8} {paint('strong', action.address.name)}  {what}"]
    body = [paint("faint", what_it_does(operator)), *(reason.words for reason in action.reasons)]
    if action.conditions:
        body.append(f"only if {news_in_words(action.conditions)}")
    if operator.for_each is not None:
        body.append(items_in_words(operator.for_each))
    if operator.when is not None:
        body.append(f"only when {' '.join(operator.when.split())}")
    if action.estimate is not None:
        body.append(paint("faint", estimate_in_words(action.estimate)))
    return lines + [f"      {line}" for line in body if line]


def _what(asset: CompiledAsset) -> str:
    columns = count(len(asset.columns), "column") if asset.columns else "columns known after apply"
    return f"{asset.kind} {asset.build}, {columns}"


def _body(action: Action, asset: CompiledAsset | None, plan: Plan, paint: Paint) -> list[str]:
    split = any(reason.code == "columns" for reason in action.reasons)
    lines = [reason.words for reason in action.reasons if reason.code != "new"]
    if action.verb == "record":
        lines.append("no row is rewritten")
    # Where the query changed around its columns, all expressions changed, and a list of them says nothing.
    changes = [change for change in action.column_changes if split or change.change != "expression"]
    lines += _columns(changes, paint)
    lines += compatibility(action)
    if action.conditions:
        probably = ", and it probably will" if action.expected == "keep" else ""
        if asset is not None and action.verb == "fill":
            lines += [f"{line}{probably}" for line in _stale(action, asset)]
        else:
            lines.append(f"unless {in_words(action.conditions)}{probably}")
    if asset is not None and action.verb in BUILDING:
        lines += _slices(action, asset, plan)
    if action.adopts:
        total = sum(file.size for file in action.adopts)
        lines.append(f"takes over {count(len(action.adopts), 'file')}, {size(total)}: copied, no row is rewritten")
    if action.source_files:
        total = sum(file.size for file in action.source_files)
        lines.append(f"reads {count(len(action.source_files), 'file')}, {size(total)}")
    if action.reaches:
        lines.append(f"reaches {listed(action.reaches)}")
    if action.checks:
        lines.append(paint("faint", f"checks {listed(action.checks, most=6)}"))
    if action.estimate is not None and action.verb in BUILDING:
        lines.append(paint("faint", estimate_in_words(action.estimate)))
    return lines


def _stale(action: Action, asset: CompiledAsset) -> list[str]:
    """Which of the slices that are built the conditions may stale: all, where nobody knows which a row belongs to."""
    what = "partitions" if isinstance(asset.settings, Partitions) else "intervals"
    mapped = {read.address for read in asset.inputs if read.slice_column is not None}
    reached = [condition for condition in action.conditions if condition.input in mapped]
    unknown = [condition for condition in action.conditions if condition.input not in mapped]
    lines = []
    if reached:
        lines.append(f"the {what} that it reaches, unless {in_words(reached)}")
    if unknown:
        which = f"to which of them a row of {listed(condition.input for condition in unknown)} belongs"
        lines.append(f"all {what}, unless {in_words(unknown)}: nothing says {which}")
    if action.slices:
        lines = [f"and {line}" for line in lines]
    if reached and not unknown and isinstance(asset.settings, Intervals) and asset.settings.own_past:
        lines.append("and those that look back at one of them that comes out different")
    return lines


def _slices(action: Action, asset: CompiledAsset, plan: Plan) -> list[str]:
    """What is made of what is built slice by slice, as far as that is known before the run."""
    if asset.kind == "source":
        return []
    match asset.settings:
        case Intervals() as settings:
            return _intervals(action, settings, plan)
        case Partitions() as settings:
            return _partitions(action, settings)
    return []


def _intervals(action: Action, settings: Intervals, plan: Plan) -> list[str]:
    """`31 days to build: 2024-01-01 to 2024-02-01, in 1 batch`"""
    ranges = only_ranges(action.slices)
    if not ranges:
        return _none_yet(action, settings, plan)
    intervals = grains.in_words(grains.count(ranges, settings.grain), settings.grain)
    if settings.own_past:
        return [f"{intervals} to build, in order, each upon those before it: {grains.stretches(ranges)}"]
    batches = count(grains.batches(ranges, settings.grain, most_at_once(settings)), "batch", "batches")
    return [f"{intervals} to build: {grains.stretches(ranges)}, in {batches}"]


def _none_yet(action: Action, settings: Intervals, plan: Plan) -> list[str]:
    """Why a new table begins without an interval."""
    if action.verb != "create" or settings.start is None:
        return []
    first = Range(grains.floor(settings.start, settings.grain), grains.shift(settings.start, settings.grain, 1))
    if first.end <= grains.settled(plan.created_at, settings.time_zone):
        return ["no interval to build within the bounds"]
    return [f"no interval to build yet: the first one, {grains.stretches([first])}, is not over"]


def _partitions(action: Action, settings: Partitions) -> list[str]:
    """`` 2 partitions to build: `de`, `fr` ``"""
    if settings.values_of is not None:
        if action.verb not in ("create", "rebuild"):
            return []
        address, column = settings.values_of
        return [f"a partition for each value that `{address}` has in `{column}` then"]
    values = only_values(action.slices)
    return [f"{count(len(values), 'partition')} to build: {listed(values, most=6)}"] if values else []


def compatibility(action: Action) -> list[str]:
    """Whether those who rely on what is published can go on; nothing where its columns stay."""
    lines = []
    for each in action.breaks:
        used = f": used by {listed(each.used_by)}" if each.used_by else ""
        lines.append(f"breaking: `{each.column}` {each.words}{used}{_felt(each)}")
    changes = set() if lines or not action.keeps else {change.change for change in action.column_changes}
    if "added" in changes:
        lines.append("additive: columns are added, and none is taken away")
    if "type" in changes:
        lines.append("wider: types changed, and each holds every value that the one of before held")
    return lines


def _felt(found: Break) -> str:
    return f", in {listed(found.felt_in)}" if found.felt_in else ""


def in_words(conditions: Iterable[Condition]) -> str:
    """`` `orders` comes out equal in `id`, `amount` ``"""
    parts = []
    for condition in conditions:
        if condition.columns is None:
            columns = ""
        elif condition.columns:
            columns = f" in {listed(condition.columns)}"
        else:
            columns = " in its number of rows"
        parts.append(f"`{condition.input}` comes out equal{columns}")
    return conjunction(parts)


def _columns(changes: Iterable[ColumnChange], paint: Paint) -> list[str]:
    rows = [(_COLUMN_SYMBOLS[change.change][0], change.name, _types(change)) for change in changes]
    lines = aligned(rows)
    return [paint(_COLUMN_SYMBOLS[change.change][1], line) for change, line in zip(changes, lines, strict=True)]


def columns_in_words(changes: Iterable[ColumnChange]) -> list[str]:
    """`` `tax` added: DOUBLE ``, a line each."""
    said = {"added": "added", "removed": "removed", "type": "has another type", "expression": "is computed otherwise"}
    return [f"`{change.name}` {said[change.change]}: {_types(change)}" for change in changes]


def _types(change: ColumnChange) -> str:
    match change.change:
        case "added":
            return change.after or ""
        case "removed":
            return change.before or ""
        case "type":
            return f"{change.before} → {change.after}"
        case "expression":
            return f"{change.after or change.before or ''} (expression)".strip()


def _total_time(actions: Iterable[Action], plan: Plan) -> str:
    total = together(action.estimate for action in actions if _is_work(action, plan))
    return "" if total is None else f" About {time_in_words(*total)} of work."


def _is_work(action: Action, plan: Plan) -> bool:
    """Whether it takes time to do; a sensor only waits."""
    return action.verb in BUILDING or (action.verb == "do" and not plan.operators[action.address].waits)
