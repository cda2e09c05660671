"""What of the machine a run may use, who of it claims how much, and what is left for the engines.

Memory has two parts that together are no more than the budget: one for user code, which nobody can hold to a limit and
which is admitted by what it claims; the rest for the engines, which keep to their limits by themselves and spill.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING

from vibepiper_interpreter.compile.compiled import NO_RESOURCES, CompiledAsset
from vibepiper_interpreter.compile.compiled_operator import CompiledOperator
from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.run.admission import Claim, claim_of
from vibepiper_interpreter.run.memory import whole_memory
from vibepiper_interpreter.run.session import EngineShare, memory_limit
from vibepiper_spec.address import Address

if TYPE_CHECKING:
    from vibepiper_spec.model.execution import ExecutorKind
    from vibepiper_spec.model.settings import Executor as ExecutorSettings

# What DuckDB itself takes where nobody says anything: the rest is the system's.
_USUAL_PART_OF_MEMORY = Fraction(4, 5)
# The engines have at least so much of the memory, whatever user code claims.
_LEAST_FOR_ENGINES = Fraction(1, 5)
_CODE, _ENGINE, _CPUS = "memory of user code", "memory of the engine", "cpus"

# For assets whose tasks run in processes of their own, the bytes that making them has taken; see `State.peaks`.
Peaks = Callable[[Collection[Address]], Mapping[Address, int]]


@dataclass(frozen=True, slots=True)
class Shares:
    """`told` is what to tell of tasks that claim more than there is, and so run alone."""

    budget: Mapping[str, Fraction]
    claims: Mapping[Address, Claim]
    told: Mapping[Address, str]
    engine: EngineShare  # of this process
    process_engine: EngineShare  # of each process that works beside it


def kind_for(asset: CompiledAsset, settings: ExecutorSettings) -> ExecutorKind:
    """Where tasks of `asset` run. Who asks for `inline` wants to debug, whatever the asset says."""
    return settings.kind if settings.kind == "inline" else asset.executor or settings.kind


def kind_for_operator(operator: CompiledOperator, settings: ExecutorSettings) -> ExecutorKind:
    """Where an operator is done. What is done outside is done from this machine, and mostly waited for; functions run
    where those of assets do."""
    if operator.function is None or settings.kind == "inline":
        return kind_here(settings)
    return operator.executor or settings.kind


def kind_here(settings: ExecutorSettings) -> ExecutorKind:
    """Where is done what cannot be done elsewhere."""
    return "inline" if settings.kind == "inline" else "threads"


def worker_count(settings: ExecutorSettings) -> int:
    return settings.workers or processors(settings)


def processors(settings: ExecutorSettings) -> int:
    return settings.cpus or os.cpu_count() or 1


def share_out(
    plan: Plan, settings: ExecutorSettings, peaks: Peaks, connections: Mapping[str, int] = MappingProxyType({})
) -> Shares:
    """Of the memory, processors and pools of `[executor]`, by what the plan's assets and tasks declare, or assets have
    taken before. (What a task takes is outside of the engines: user code.)

    `connections` are those that only so many tasks may use at once.
    """
    made = [plan.assets[action.address] for action in plan.actions if action.verb not in ("remove", "do")]
    # Most tasks declare nothing, and then claim nothing.
    done = [operator for operator in plan.operators.values() if operator.resources != NO_RESOURCES]
    claiming: list[CompiledAsset | CompiledOperator] = [*made, *done]
    kinds = {asset.address: kind_for(asset, settings) for asset in made}
    kinds |= {operator.address: kind_for_operator(operator, settings) for operator in done}
    declared = memory_limit(settings.memory)
    whole = declared or int(whole_memory() * _USUAL_PART_OF_MEMORY)
    wanted = _memory_wanted(made, kinds, peaks)
    wanted |= {each.address: size for each in done if (size := memory_limit(each.resources.memory or None)) is not None}
    code = {
        each.address: wanted[each.address]
        for each in claiming
        if _is_code(each) and each.address in wanted and kinds[each.address] != "ray"
    }
    engines = _for_engines(whole, sorted(code.values(), reverse=True)[: worker_count(settings)])
    both = "processes" in kinds.values() and bool(code)
    engine = engines // 2 if both else engines
    cpus, workers = processors(settings), worker_count(settings)
    budget = {_CODE: Fraction(whole - engines), _ENGINE: Fraction(engine), _CPUS: Fraction(cpus)}
    budget |= {_pool(name): Fraction(size) for name, size in settings.pools.items()}
    budget |= {_connection(name): Fraction(most) for name, most in connections.items()}
    # Whoever says nothing takes the part of one worker, where anybody says anything.
    usual = Fraction(cpus, workers) if any(each.resources.cpus for each in claiming) else Fraction(0)
    amounts = {
        each.address: {
            **(
                {
                    (_CODE if each.address in code else _ENGINE): Fraction(wanted.get(each.address, 0)),
                    _CPUS: Fraction(each.resources.cpus) or usual,
                }
                if kinds[each.address] != "ray"  # there Ray finds the room
                else {}
            ),
            **{_pool(name): Fraction(1) for name in each.resources.pools if name in settings.pools},
        }
        for each in claiming
    }
    for address, operator in plan.operators.items():
        if (name := str(operator.settings.get("connection", "")).lower()) in connections:
            amounts.setdefault(address, {})[_connection(name)] = Fraction(1)
    claims = {address: claim_of(each) for address, each in amounts.items()}
    return Shares(
        budget,
        claims,
        {address: told for address, each in amounts.items() if (told := _too_much(each, budget))},
        EngineShare(threads=cpus, memory=engine if code else declared),
        EngineShare(threads=max(1, cpus // workers), memory=(engine if both else whole) // workers),
    )


def _is_code(each: CompiledAsset | CompiledOperator) -> bool:
    return isinstance(each, CompiledOperator) or each.kind == "python"


def _memory_wanted(
    made: Collection[CompiledAsset], kinds: Mapping[Address, ExecutorKind], peaks: Peaks
) -> dict[Address, int]:
    """In bytes: what is declared, else what was taken before. That is known only of code in processes of its own:
    elsewhere one sees what all have taken together."""
    found = {asset.address: memory_limit(asset.resources.memory or None) for asset in made}
    unknown = [
        asset.address
        for asset in made
        if asset.kind == "python" and kinds[asset.address] == "processes" and found[asset.address] is None
    ]
    learned = {address: _rounded_up(taken) for address, taken in peaks(unknown).items()} if unknown else {}
    return {address: size for address, size in found.items() if size is not None} | learned


def _rounded_up(size: int) -> int:
    """To a quarter of a power of two, so that tasks that take about the same make the same claim."""
    step = max(1, 1 << max(0, size.bit_length() - 3))
    return -(-size // step) * step


def _for_engines(whole: int, claimed: Collection[int]) -> int:
    return max(int(whole * _LEAST_FOR_ENGINES), whole - sum(claimed))


def _too_much(amounts: Mapping[str, Fraction], budget: Mapping[str, Fraction]) -> str:
    for resource, unit in ((_CODE, 1_000_000), (_ENGINE, 1_000_000), (_CPUS, 1)):
        claimed, there = amounts[resource] if resource in amounts else Fraction(0), budget[resource]
        if claimed > there:
            words = "processors" if resource == _CPUS else f"MB {resource.removeprefix('memory ')}"
            return (
                f"it claims {float(claimed / unit):,.0f} {words}, and this run has {float(there / unit):,.0f}: it gets "
                "all of that, and nothing that claims any runs beside it"
            )
    return ""


def _connection(name: str) -> str:
    return f"connection {name}"


def _pool(name: str) -> str:
    return f"pool {name}"
