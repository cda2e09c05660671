"""The plan: the frozen list of all that an apply will do, each with its reason. What is shown is what is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from vibepiper_interpreter.compile.compiled import CompiledAsset
from vibepiper_interpreter.compile.compiled_operator import CompiledOperator
from vibepiper_interpreter.estimate import Estimate
from vibepiper_interpreter.state.operator_result import OperatorResult
from vibepiper_interpreter.storage.slices import Range
from vibepiper_interpreter.storage.version import InputVersion, SourceFile
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic

PLAN_FORMAT = 6  # raised whenever the saved form changes; an older file is refused with VP702

# create: never published here · rebuild: published, and its meaning or its inputs changed · fill: what is published
# stays, and slices of it are made that are missing or stale · extend: it stays, and what is new is brought into it ·
# recheck: only its checks changed · repoint: the wanted version exists already, or it is a view · record: what is
# published stays, row by row, and is only recorded anew, by what the specs say of it now · adopt: files
# that are there already become its first version · remove: it left the specs · do: a task operator does what it is for.
Verb = Literal["create", "rebuild", "fill", "extend", "recheck", "repoint", "record", "adopt", "remove", "do"]
# Those that make a version.
BUILDING: frozenset[Verb] = frozenset({"create", "rebuild", "fill", "extend", "adopt"})


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an action is in the plan. `code` is for machines, `words` for people."""

    code: Literal[
        "new",
        "definition",
        "python",
        "columns",
        "build",
        "source_files",
        "input_rebuilt",
        "input_moved",
        "checks",
        "checks_unproven",
        "exists",
        "always",
        "removed",
        "lost",
        "asked",
        "promoted",
        "returned",
        "slices",
        "restated",
        "recorded",
        "moved",
        "adopted",
        "past",
        "came_after",
        "consequence",
        "teardown",
        "taken_down",
        "unpublished",
    ]
    words: str


@dataclass(frozen=True, slots=True)
class Condition:
    """Do the action unless `input` comes out equal, as a multiset of rows, in `columns` (None: in all).

    Equal to what `confirmed` holds: the input's version that the kept one was last known to be right for. It may be
    older than what the environment points to. Where it cannot be read any more, nothing is equal.

    Of an operator: do it unless every input, asset or operator, has nothing new to come after: an asset that stands at
    `confirmed` still, an operator that was not done.
    """

    input: Address
    columns: tuple[str, ...] | None
    confirmed: str | None = None


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """A column of the asset that differs from what is published."""

    name: str
    change: Literal["added", "removed", "type", "expression"]
    before: str | None = None  # type
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Break:
    """A published column that is not there any more as it was. `used_by` are the readers that use it as they are
    published, `felt_in` the columns (`shop.daily.amount`) of today's readers that are made of it."""

    column: str
    words: str  # "removed, BIGINT", "BIGINT → VARCHAR", "renamed to `id`"
    used_by: tuple[Address, ...] = ()
    felt_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that the apply will do.

    With `conditions` the action is done unless every one of them finds its input equal; `expected` tells what the
    planner thinks will happen. `keeps` is the published version that stays in that case.
    """

    address: Address
    verb: Verb
    reasons: tuple[Reason, ...]
    # Inputs of this asset that have an action of their own in this plan, and so come first.
    after: tuple[Address, ...] = ()
    conditions: tuple[Condition, ...] = ()
    expected: Literal["run", "keep"] = "run"
    # The version this environment points to now.
    keeps: str | None = None
    # The version to point to, where it is known to exist already (verb repoint).
    version_id: str | None = None
    column_changes: tuple[ColumnChange, ...] = ()
    # Those of them, and renames, that break who relies on what is published.
    breaks: tuple[Break, ...] = ()
    # Assets that this change reaches, transitively, in plan order.
    reaches: tuple[Address, ...] = ()
    # Readers that are not made anew: proven to stay right whatever this action makes. When it publishes, their pointers
    # confirm the new version, and point where they did.
    carries: tuple[Address, ...] = ()
    # Checks to run on what is made, or on what is repointed to; for `recheck`, on what is published.
    checks: tuple[str, ...] = ()
    # What stays of what is published has passed these very checks: rules on single rows need to see only what is new.
    checks_new_rows: bool = False
    # Checks to run on `keeps` where the conditions keep it: they changed too.
    checks_if_kept: tuple[str, ...] = ()
    estimate: Estimate | None = None
    # Component of changed assets that publishes together.
    component: int = 0
    # For a source: the files it will read, as listed at planning time.
    source_files: tuple[SourceFile, ...] = ()
    # Of what is built by interval or partition: the slices to make, as far as that is known now. Which of those that
    # are built come out stale, its conditions decide: `create` and `rebuild` make these slices and no other.
    slices: tuple[Range | str, ...] = ()
    # The version that `slices` are made beside, where it is not `keeps`: one of the same meaning, made from the same
    # inputs, by a run that did not come to its end or in another environment.
    base: str | None = None
    # Parquet files that become the version, as they are (verb adopt).
    adopts: tuple[SourceFile, ...] = ()
    # In a plan that goes back: the input versions that `version_id` was known to be right for then.
    restores: tuple[InputVersion, ...] = ()
    # What is kept is recorded anew, as the asset is declared now (verb record, or where the conditions keep it).
    records: bool = False
    # Of what was a table and is built by interval now: the time whose rows, as they are kept, count as built.
    takes: tuple[Range, ...] = ()
    # What the asset was called: the environment lets go of that name when this publishes.
    moved_from: Address | None = None
    # Columns of what is kept that had another name: before, and now.
    renames: tuple[tuple[str, str], ...] = ()
    # Of an operator: those of `after` that it waits to see published, not only made.
    published: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done to one environment, and what it was decided from.

    Bound to `digest` (all specs, SQL and Python), `serial` (of the environment's pointers), the listed source files
    and `engine_version`; if any has moved, apply refuses. Holds no absolute path and no secret.
    """

    id: str
    created_at: datetime  # UTC; also `$now` and `now()` in every query of the run
    environment: str
    serial: int
    digest: str
    engine_version: str
    state_id: str
    actions: tuple[Action, ...]
    # The compiled assets the actions need: every asset with an action, and removed ones as they were published.
    assets: Mapping[Address, CompiledAsset]
    # The operators of the actions whose verb is `do`; and what is known of these, and of those that they come after.
    operators: Mapping[Address, CompiledOperator] = field(default_factory=dict, kw_only=True)
    results: Mapping[Address, OperatorResult] = field(default_factory=dict, kw_only=True)
    # Pointers as they stand: address → version id, for inputs that have no action.
    pointers: Mapping[Address, str]
    variables: Mapping[str, Any]
    # What was selected on the command line, as written; empty for everything.
    selection: tuple[str, ...] = ()
    # What else was asked for, as it would be typed: `--rebuild daily --from 2024-01-01`.
    asked: tuple[str, ...] = ()
    unchanged: int = 0  # assets
    not_due: int = 0  # operators
    # In words, where it is not simply to do what the specs say: "shows what `dev` shows".
    purpose: str = ""
    # What else is worth knowing, in sentences.
    notes: tuple[str, ...] = ()
    # Nothing is made: pointers move to where they stood before, whatever the specs say now. All at once.
    goes_back: bool = False
    # It came out of a file, so that somebody could look at it before: a protected environment takes no other.
    saved: bool = field(default=False, compare=False)
    # What planning saw that a person should know, though the plan does nothing about it. Not part of a saved plan.
    warnings: tuple[Diagnostic, ...] = field(default=(), compare=False)

    @property
    def empty(self) -> bool:
        return not self.actions
