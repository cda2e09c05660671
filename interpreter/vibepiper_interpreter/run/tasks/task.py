"""A task and its report: all that a worker is given, and all that it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vibepiper_interpreter.checks import Checked
from vibepiper_interpreter.compile.compiled import CompiledAsset
from vibepiper_interpreter.item_address import item_address
from vibepiper_interpreter.plan.plan import Action
from vibepiper_interpreter.run.result import Outcome
from vibepiper_interpreter.run.small_tables import is_small
from vibepiper_interpreter.run.tasks.item import Item
from vibepiper_interpreter.run.tasks.shares import Made, Outline, Share, Stage
from vibepiper_interpreter.storage.version import InputVersion, Version
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic

if TYPE_CHECKING:
    from vibepiper_spec.model.retry import FailureClass


@dataclass(frozen=True, slots=True)
class Task:
    """One action whose inputs have all come to their end."""

    action: Action
    asset: CompiledAsset
    # The versions that the asset's inputs stand at in this run.
    inputs: Mapping[Address, Version]
    # For each condition's input, the version that it must be equal to; missing where it is gone.
    confirmed: Mapping[Address, Version]
    # The version to keep if every condition finds its input equal.
    keeps: Version | None
    # The version to use without making one: the action names it, or one of the same key was found.
    existing: Version | None
    # Of what is built bit by bit: the version that what is missing or new is made beside. None: there is none yet.
    base: Version | None = None
    # Of what is built slice by slice: what an earlier attempt of this run has finished of it.
    resumes: Version | None = None
    # Of what is built slice by slice, where several may make its slices: which step of that this is.
    stage: Stage | None = None
    # What the names in its queries mean, views after what they read.
    reads: tuple[Version, ...] = ()
    # What is to be told though the task succeeds; filled while it runs.
    warnings: list[Diagnostic] = field(default_factory=list, compare=False)

    @property
    def small(self) -> bool:
        """Whether this takes milliseconds. Nobody can tell of a user's Python, or of SQL that reads nothing."""
        read = [version for version in (*self.inputs.values(), self.keeps, self.existing) if version is not None]
        files = self.action.source_files
        return self.asset.kind != "python" and bool(read or files) and is_small(read, files)

    @property
    def subject(self) -> CompiledAsset:
        """What the attempt is at."""
        return self.asset

    @property
    def address(self) -> Address:
        """A share of the asset's slices has one of its own."""
        if isinstance(self.stage, Share):
            return item_address(self.asset.address, self.stage.key)
        return self.asset.address

    @property
    def time_limit(self) -> float | None:
        """Seconds after which the attempt is given up."""
        return self.asset.timeout

    def input_versions(self) -> tuple[InputVersion, ...]:
        return tuple(InputVersion(address, version.id) for address, version in self.inputs.items())


@dataclass(frozen=True, slots=True)
class Report:
    """How a task ended. A failed one may still have made a version: the one whose checks failed."""

    outcome: Outcome
    # What the asset stands at now in this run; None where nothing could be made.
    version: Version | None = None
    made: bool = False
    checked: Checked | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    because: str = ""
    # What kind of failure it was.
    failure: FailureClass | None = None
    seconds: float = 0.0
    # Of an operator that is done: its outputs, typed.
    outputs: Mapping[str, Any] = field(default_factory=dict)
    # Of what is built slice by slice. `outline`: it has not ended, several are to make its slices. `slices`: what came
    # of a share of them.
    outline: Outline | None = None
    slices: Made | None = None
    # Of an operator that was to tell what it is done for.
    items: tuple[Item, ...] = ()
    # Of an operator, in seconds. Done: what it waits for is not there yet, so it has not ended, and is asked again.
    # Failed: it must not be attempted again any sooner.
    again_in: float | None = None
