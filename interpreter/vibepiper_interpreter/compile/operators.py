"""Pass: every task as the planner sees it: what it comes after, which values it uses, and what it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from vibepiper_interpreter import graph
from vibepiper_interpreter.compile.compilation import Compilation, TouchesRecalled, Workshop
from vibepiper_interpreter.compile.compiled import CompiledAsset, PythonDefinition
from vibepiper_interpreter.compile.compiled_operator import CompiledOperator, ForEach, Hook
from vibepiper_interpreter.compile.conditions import Conditions
from vibepiper_interpreter.compile.fingerprints import complete_function, hash_json, retry_policy
from vibepiper_interpreter.compile.header_lines import HeaderLines
from vibepiper_interpreter.compile.operator_names import Edges, OperatorNames
from vibepiper_interpreter.compile.operator_order import cycles, needs_of_all, with_teardowns
from vibepiper_interpreter.compile.operator_values import (
    judge_names,
    names_in_scripts,
    names_used,
    types_of_values,
)
from vibepiper_interpreter.compile.resources import resources_of
from vibepiper_interpreter.compile.serial import definition_to_json, value_to_json
from vibepiper_interpreter.operators.call import OutputDefinition
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, Place, Range
from vibepiper_spec.load.loaded import DeclaredTask
from vibepiper_spec.model.duration import duration_seconds
from vibepiper_spec.model.for_each import ForEach as Each
from vibepiper_spec.model.task import COMMON_KEYS
from vibepiper_spec.model.task_kinds import TASK_KINDS

_MODELS = {kind.kind: kind.model for kind in TASK_KINDS}
Parameters = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Values:
    """What a task uses by name."""

    when_parameters: Parameters = ()
    function: PythonDefinition | None = None
    function_values: tuple[str, ...] = ()


def compile_operators(state: Compilation, workshop: Workshop) -> tuple[Compilation, list[Diagnostic]]:
    """Fills `operators`, each after what it waits for, with the hooks of `assets`, and `python_files`."""
    tasks = state.loaded.project.tasks
    known = {task.address for task in tasks} | state.loaded.broken_tasks
    # A hook that is gone must be told where it is named.
    if lost := [each.address for each in state.recalled.assets.values() if not known.issuperset(_hooks(each))]:
        raise TouchesRecalled(lost)
    names = OperatorNames(state)
    edges = names.edges()
    _recall_hooks(state, edges)
    diagnostics = names.diagnostics
    conditions = Conditions(state, workshop)
    lines = HeaderLines(state.root, state.loaded.locator)
    python_files = dict(state.python_files)
    operators: dict[Address, CompiledOperator] = {}
    declared = {task.address: task for task in tasks}
    for task in tasks:
        values, told = _values(state, workshop, task, declared, edges, conditions, python_files)
        diagnostics += told
        operators[task.address] = _assemble(state, task, edges, values, lines.line(task.origin))
    circles = cycles(state, edges, operators)
    if not circles:
        operators = with_teardowns(state, operators)
        order = graph.order(needs_of_all(state, operators)).order
        operators = {address: operators[address] for address in order if address in operators}
    state = replace(state, operators=operators, assets=_with_hooks(state, edges), python_files=python_files)
    return state, diagnostics + circles


def _hooks(asset: CompiledAsset) -> tuple[Address, ...]:
    return (*asset.on_failure, *asset.on_success)


def _recall_hooks(state: Compilation, edges: Edges) -> None:
    """What recalled assets name as hooks: their files are not read again."""
    for asset in state.recalled.assets.values():
        place = Place(asset.declared_in, Range.at(asset.declared_at_line, 1))
        for hook in asset.on_failure:
            edges.hooks.get(hook, {}).setdefault(Hook("failure", asset.address), place)
        for hook in asset.on_success:
            edges.hooks.get(hook, {}).setdefault(Hook("success", asset.address), place)


def _with_hooks(state: Compilation, edges: Edges) -> Mapping[Address, CompiledAsset]:
    """The assets, with the tasks that are done where they fail or succeed."""
    found: dict[Hook, list[Address]] = {}
    for hook, of in edges.hooks.items():
        for each in of:
            found.setdefault(each, []).append(hook)
    assets = dict(state.assets)
    for each in found:
        if isinstance(each.of, Address) and each.of in assets:
            on_failure = tuple(found.get(Hook("failure", each.of), ()))
            on_success = tuple(found.get(Hook("success", each.of), ()))
            assets[each.of] = replace(assets[each.of], on_failure=on_failure, on_success=on_success)
    return assets


def _values(
    state: Compilation,
    workshop: Workshop,
    task: DeclaredTask,
    declared: Mapping[Address, DeclaredTask],
    edges: Edges,
    conditions: Conditions,
    python_files: dict[Address, Mapping[str, str]],
) -> tuple[_Values, list[Diagnostic]]:
    """What `task` uses by name, and what is wrong with the names. Of inputs that are wrong themselves nothing is."""
    given = {read.name: (declared[read.address], read.output) for read in edges.inputs[task.address]}
    diagnostics: list[Diagnostic] = []
    parameters: Parameters = ()
    if len(given) == len(task.spec.inputs):
        types = types_of_values(state, task, given)
        parameters, diagnostics = conditions.judge(task, types)
        diagnostics += judge_names(state, task, types)
    found = state.task_functions.get(task.address)
    if found is None:
        return _Values(parameters), diagnostics
    definition, files = complete_function(state, workshop, found.definition, found.module, found.function)
    python_files[task.address] = files
    return _Values(parameters, definition, found.values), diagnostics


def _assemble(state: Compilation, task: DeclaredTask, edges: Edges, values: _Values, line: int) -> CompiledOperator:
    address, spec = task.address, task.spec
    settings = value_to_json(spec.model_dump(by_alias=True, exclude=set(COMMON_KEYS), exclude_defaults=True))
    if address in edges.awaited:
        settings["asset"] = str(edges.awaited[address])
    read = () if values.function is None else [each.address for each in values.function.parameters if each.address]
    outputs: dict[str, OutputDefinition] = {
        name: OutputDefinition(kind) for name, kind in _MODELS[task.kind].own_outputs.items()
    }
    outputs |= {name.lower(): OutputDefinition(each.type, each.source) for name, each in spec.outputs.items()}
    operator = CompiledOperator(
        address=address,
        kind=task.kind,
        settings=settings,
        fingerprint="",
        after=tuple(dict.fromkeys((*edges.after[address], *read))),
        before=tuple(edges.before[address]),
        inputs=tuple(edges.inputs[address]),
        outputs=tuple(outputs.items()),
        when=spec.when,
        when_parameters=values.when_parameters,
        run_if=spec.run_if,
        hooks=tuple(edges.hooks[address]),
        teardown_of=edges.teardown_of.get(address),
        function=values.function,
        function_values=values.function_values,
        for_each=_for_each(spec.for_each, edges.items.get(address)),
        run_always=spec.run == "always",
        retry=retry_policy(spec.retry),
        timeout=None if spec.timeout is None else duration_seconds(spec.timeout),
        executor=spec.executor,
        resources=resources_of(spec.resources),
        priority=spec.priority or 0,
        description=spec.description,
        owner=spec.owner,
        tags=spec.tags,
        declared_in=task.origin.path,
        declared_at_line=line,
    )
    if operator.for_each is not None:
        alone = replace(operator, for_each=replace(operator.for_each, items=()))
        each = replace(operator.for_each, fingerprint=_fingerprint(state, task, alone))
        operator = replace(operator, for_each=each)
    return replace(operator, fingerprint=_fingerprint(state, task, operator))


def _for_each(each: Each | None, asset: Address | None) -> ForEach | None:
    if each is None:
        return None
    key = each.key or (each.columns[0] if each.columns else "")
    return ForEach(each.items or (), asset, each.columns, key, each.limit, each.concurrency)


def _fingerprint(state: Compilation, task: DeclaredTask, operator: CompiledOperator) -> str:
    """Of what the task does, and of the variables that it names. When, how often and after what make no difference.

    Of `for_each`, what its items are made of: which there are, each of them says by itself.
    """
    named = {name for _, name, _, _ in names_used(state, task)} | {name for name, _ in operator.when_parameters}
    named |= {name.lower() for name in operator.function_values} | names_in_scripts(task)
    function: Any = None
    if operator.function is not None:
        function = [operator.function.code, definition_to_json(operator.function)["parameters"]]
        function += [operator.function.context, list(operator.function_values)]
    meaning = {
        "kind": operator.kind,
        "settings": operator.settings,
        "inputs": sorted([read.name, str(read.address), read.output] for read in operator.inputs),
        "outputs": sorted([name, each.type, each.source or ""] for name, each in operator.outputs),
        "when": operator.when,
        "variables": sorted([name, value_to_json(value)] for name, value in state.variables.items() if name in named),
        "function": function,
        "for_each": _meaning_of_items(operator.for_each),
    }
    return hash_json({name: value for name, value in meaning.items() if value})


def _meaning_of_items(each: ForEach | None) -> list[Any]:
    if each is None:
        return []
    # Another list has other items: the whole is due, and then only those that are new are done.
    return [value_to_json(list(each.items)), str(each.asset or ""), list(each.columns), each.key]
