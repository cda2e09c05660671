"""What compiling yields of a task operator. Frozen and serialisable, as `compiled` is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from vibepiper_interpreter.compile.compiled import (
    NO_RESOURCES,
    ONCE,
    CompiledAsset,
    PythonDefinition,
    Resources,
    RetryPolicy,
)
from vibepiper_interpreter.operators.call import OutputDefinition
from vibepiper_spec.address import Address

if TYPE_CHECKING:
    # The models are slow to import, and who only plans does without.
    from vibepiper_spec.model.execution import ExecutorKind
    from vibepiper_spec.model.task import RunIf


# The kind of those that are tests: `[test.NAME]`.
TEST = "test"
# What time it is where a test does not say: one that hangs on the day it runs is none.
USUAL_NOW = datetime(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class OperatorInput:
    """`$name` is the output `output` of the operator at `address`."""

    name: str
    address: Address
    output: str


@dataclass(frozen=True, slots=True)
class Hook:
    """That an operator is done where something fails, or succeeds: an asset, an operator, or a whole pipeline."""

    on: Literal["failure", "success"]
    of: Address | str  # a pipeline's name


@dataclass(frozen=True, slots=True)
class ForEach:
    """An operator is done once for each of `items`, or for each row of `asset`, whose `columns` are its values."""

    items: tuple[Any, ...] = ()
    asset: Address | None = None
    columns: tuple[str, ...] = ()
    key: str = ""  # the column that names an item
    limit: int = 1_000
    concurrency: int | None = None
    # Of what is done for an item, whichever others there are.
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class CompiledOperator:
    """Something to do that makes no table, as the planner and the run see it.

    All its edges are here: what it comes after, the assets that wait for it, what it is a hook of. (That an operator
    waits for another one is said by the one that waits.) `fingerprint` covers what it does, and with which variables;
    not when, and not after what.
    """

    address: Address
    kind: str  # "shell", "wait.file"
    # The keys of its kind as the spec has them, without those that have their default.
    settings: Mapping[str, Any]
    fingerprint: str
    # Assets and operators, without those that it is only a hook or the teardown of.
    after: tuple[Address, ...] = ()
    # Assets that wait for it.
    before: tuple[Address, ...] = ()
    inputs: tuple[OperatorInput, ...] = ()
    outputs: tuple[tuple[str, OutputDefinition], ...] = ()
    # A SQL condition over `when_parameters`, name and type.
    when: str | None = None
    when_parameters: tuple[tuple[str, str], ...] = ()
    run_if: RunIf = "all_success"
    hooks: tuple[Hook, ...] = ()
    teardown_of: Address | None = None
    # What a teardown waits for beside `after`: all that comes after what it takes away.
    waits_for: tuple[Address, ...] = ()
    # Of a Python task: its function with the assets that it reads; its other parameters get the values of their names.
    function: PythonDefinition | None = None
    function_values: tuple[str, ...] = ()
    for_each: ForEach | None = None
    # Of a test: the asset that it tests. Its `settings` are what `compile.asset_tests` makes of the spec.
    tests: CompiledAsset | None = None
    run_always: bool = False
    retry: RetryPolicy = ONCE
    timeout: float | None = None  # seconds
    # Of a Python task; None: where `[executor]` says.
    executor: ExecutorKind | None = None
    resources: Resources = NO_RESOURCES
    priority: int = 0
    description: str = ""
    owner: str = ""
    tags: tuple[str, ...] = ()
    declared_in: str = ""
    declared_at_line: int = 1

    @property
    def waits(self) -> bool:
        """Whether it is a sensor: it is asked again and again, and holds no worker in between."""
        return self.kind.startswith("wait.")

    @property
    def only_if_needed(self) -> bool:
        """Whether it is never due by itself: what it watches says whether it is done."""
        return bool(self.hooks) or self.teardown_of is not None or self.run_if == "any_failed"

    @property
    def runs_python(self) -> bool:
        """Whether it calls functions of the project."""
        return self.function is not None or (self.tests is not None and self.tests.kind == "python")

    def reads(self) -> tuple[Address, ...]:
        """The assets whose rows its function gets."""
        if self.function is None:
            return ()
        return tuple(each.address for each in self.function.parameters if each.address is not None)
