"""The planner's working state: what is known and decided so far, asset by asset. Lives only while one plan is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from vibepiper_interpreter.compile.build_settings import History, replays
from vibepiper_interpreter.compile.compiled import Column, CompiledAsset, CompiledProject
from vibepiper_interpreter.connectors.file.new_files import what_is_new
from vibepiper_interpreter.estimate import Estimate
from vibepiper_interpreter.plan.asked import Asked
from vibepiper_interpreter.plan.check_order import waits_of_checks
from vibepiper_interpreter.plan.flow import ALL, NOTHING, ColumnFlow, Columns
from vibepiper_interpreter.plan.plan import BUILDING, Break, ColumnChange, Condition, Reason, Verb
from vibepiper_interpreter.state import Confirmed, Proof, Published
from vibepiper_interpreter.storage.slices import Range, Ranges
from vibepiper_interpreter.storage.version import InputVersion, SourceFile, Stored, Version
from vibepiper_interpreter.storage.version_key import continues
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic

if TYPE_CHECKING:
    from vibepiper_interpreter.plan.operators import OperatorDraft
    from vibepiper_interpreter.state import State
    from vibepiper_interpreter.state.operator_result import OperatorResult

# Reasons to make more of what is built bit by bit, and not to make it anew.
_GOES_ON = frozenset({"slices", "source_files"})

# The columns of Parquet files, as a table of them has them.
DescribeFiles = Callable[[Sequence[SourceFile]], tuple[Column, ...]]
ListFiles = Callable[[CompiledAsset], tuple[SourceFile, ...]]
StorageHas = Callable[[Stored], bool]

_FEW_KEYS = 20


@dataclass(slots=True)
class Draft:
    """What is decided about one asset. `verb` None: nothing is to be done."""

    asset: CompiledAsset
    published: Published | None
    verb: Verb | None = None
    # Reasons of its own: its meaning, its files, its parts. Those that come from inputs are in `input_reasons`.
    own_reasons: list[Reason] = field(default_factory=list)
    input_reasons: list[Reason] = field(default_factory=list)
    # Of a source: the files that there are, and those that it has to read.
    listed_files: tuple[SourceFile, ...] = ()
    source_files: tuple[SourceFile, ...] = ()
    slices: tuple[Range | str, ...] = ()
    # `--rebuild` names it: it is made anew even where the same was made before.
    restated: bool = False
    # The version that `slices` are made beside, where it is not the published one.
    base: Version | None = None
    conditions: tuple[Condition, ...] = ()
    # A version that exists already and is just what is wanted.
    found: Version | None = None
    # What an observer may see change: at most `changed` by what the planner thinks, and `unchanged` for certain.
    own_changed: Columns = NOTHING
    changed: Columns = NOTHING
    # None: not even that the same rows are there.
    unchanged: Columns | None = ALL
    expected_to_run: bool = True
    # Though nothing about it changed: what it takes the new rows of is itself made from nothing.
    begins_anew: bool = False
    # Why what is published has to be recorded anew, even if its rows stay: the specs say something else about it.
    record_reasons: list[Reason] = field(default_factory=list)
    # Its mode changed, and what is published is what the new one would begin with.
    keeps_rows: bool = False
    # Of a table that is built by interval now: the time whose rows are taken from what it has.
    takes: Ranges = ()
    moved_from: Address | None = None
    adopts: tuple[SourceFile, ...] = ()
    renames: tuple[tuple[str, str], ...] = ()
    # Inputs that change in this plan, but provably not in what this asset uses.
    carried: tuple[Address, ...] = ()
    checks: tuple[str, ...] = ()
    checks_new_rows: bool = False
    checks_if_kept: tuple[str, ...] = ()
    column_changes: tuple[ColumnChange, ...] = ()
    breaks: tuple[Break, ...] = ()
    reaches: tuple[Address, ...] = ()
    estimate: Estimate | None = None
    component: int = 0
    # Why it must not be made unasked, and what a person should know though nothing is done about it.
    problems: list[Diagnostic] = field(default_factory=list)
    warnings: list[Diagnostic] = field(default_factory=list)

    @property
    def acts(self) -> bool:
        return self.verb is not None

    @property
    def makes(self) -> bool:
        """Whether the environment may point to another version afterwards."""
        return self.verb in BUILDING or self.verb in ("repoint", "record")

    @property
    def moves(self) -> bool:
        """Whether it, or a column of it, has another name than it is published under: readers must go along."""
        return self.moved_from is not None or bool(self.renames)

    @property
    def goes_on(self) -> bool:
        """Whether what is published stays, and only what is missing, stale or new of it is made."""
        return (
            self.asset.settings is not None
            and self.published is not None
            and not self.begins_anew
            and not (self.keeps_rows and self.replays)
            and all(reason.code in _GOES_ON for reason in self.own_reasons)
        )

    @property
    def continues(self) -> tuple[str, ...]:
        """What the key of a version of it says more: the one that it goes on with."""
        going_on = self.goes_on and self.replays
        return (continues(self.published.id),) if going_on and self.published is not None else ()

    @property
    def replays(self) -> bool:
        """Whether it is what came so far, one thing after the other: its inputs as they are do not tell all of it."""
        return replays(self.asset.settings)

    @property
    def reproducible(self) -> bool:
        """Whether making it again from the same inputs, or the same files, gives the same rows for certain."""
        if self.replays or (self.asset.kind == "source" and self.asset.settings is not None):
            return False  # of a source that reads on, files may be gone or others since
        return self.asset.kind == "source" or self.asset.deterministic

    @property
    def keeps(self) -> str | None:
        return None if self.published is None else self.published.id


@dataclass(frozen=True, slots=True)
class Promotes:
    """What another environment shows, and is to be shown here."""

    environment: str
    published: Mapping[Address, Published]

    def wanted(self, draft: Draft, inputs: Sequence[InputVersion]) -> str | None:
        """The version shown there, if it is right here too: of the same meaning, for the same inputs or files."""
        shown, asset = self.published.get(draft.asset.address), draft.asset
        if shown is None or (shown.fingerprint, shown.build) != (asset.fingerprint, asset.build):
            return None
        if asset.kind == "source":
            return shown.id if _has_read(draft, shown) else None
        return shown.id if shown.is_right_for((read.address, read.version_id) for read in inputs) else None


def _has_read(draft: Draft, shown: Published) -> bool:
    """Whether nothing is left to read for a version: of the files that are there, and of those read here before.

    Of a history only those that are there count: it is told from all files together, as they are.
    """
    if draft.asset.settings is None or isinstance(draft.asset.settings, History) or draft.published is None:
        return shown.was_made_from(draft.listed_files)
    news = what_is_new(draft.asset.cursor, shown.source_files, draft.listed_files)
    known = {(file.path, file.sha256) for file in shown.source_files}
    here = {(file.path, file.sha256) for file in draft.published.source_files}
    return not (news.new or news.changed or here - known)


@dataclass
class Planning:
    """One planning: what it was asked, what it reads, and the drafts, in the order of the compiled project."""

    project: CompiledProject
    state: State
    environment: str
    selection: tuple[str, ...]
    list_files: ListFiles
    storage_has: StorageHas
    serial: int
    published: Mapping[Address, Published]
    now: datetime  # UTC; the plan's
    proofs: Mapping[str, tuple[Proof, ...]]
    drafts: dict[Address, Draft]
    flow: ColumnFlow
    # The published versions of assets whose meaning changed, and of removed ones.
    previous: dict[Address, Version] = field(default_factory=dict)
    promotes: Promotes | None = None
    # What is published where the wanted intervals are told from; empty where the clock tells them.
    as_built: Mapping[Address, Published] = field(default_factory=dict)
    asked: Asked = field(default_factory=Asked)
    describe_files: DescribeFiles | None = None
    # What the environment shows, by the names it shows it under.
    shown: Mapping[Address, Published] = field(default_factory=dict)
    # Published versions by id, told in the names of now, where those are others.
    told_anew: Mapping[str, Version] = field(default_factory=dict)
    # Assets that were asked for; None: all.
    selected: frozenset[Address] | None = None
    # Of operators: what they have done, those that were asked for or are needed (None: all), those that are to be done
    # again on purpose, those that are in the plan, and the assets that wait for them.
    operator_results: Mapping[tuple[Address, str], OperatorResult] = field(default_factory=dict)
    wanted_operators: frozenset[Address] | None = None
    restated_operators: frozenset[Address] = frozenset()
    operators: dict[Address, OperatorDraft] = field(default_factory=dict)
    waits_for_operators: dict[Address, list[Address]] = field(default_factory=dict)
    _keys_asked: int = 0

    @cached_property
    def position(self) -> dict[Address, int]:
        return {address: number for number, address in enumerate(self.drafts)}

    @cached_property
    def readers(self) -> dict[Address, tuple[Address, ...]]:
        return self.project.readers()

    def id_by_key(self, key: str) -> str | None:
        """The newest version of a key. A few are asked for one by one; then all there are, once."""
        self._keys_asked += 1
        if self._keys_asked <= _FEW_KEYS:
            return self.state.ids_by_key([key]).get(key)
        return self._ids_by_key.get(key)

    @cached_property
    def _ids_by_key(self) -> dict[str, str]:
        return self.state.ids_by_key()

    @cached_property
    def right_elsewhere(self) -> dict[Confirmed, str]:
        """What other environments show, by what it is known to be right for; asked for only when no key is found."""
        return self.state.confirmed_elsewhere(self.environment)

    def wants_operator(self, address: Address) -> bool:
        return self.wanted_operators is None or address in self.wanted_operators

    def reads_of(self, draft: Draft) -> tuple[Address, ...]:
        """What has to be there before the asset is made."""
        reads = [read.address for read in draft.asset.inputs]
        reads += self._waits_of_checks.get(draft.asset.address, ())
        return tuple(dict.fromkeys(reads))

    @cached_property
    def _waits_of_checks(self) -> dict[Address, tuple[Address, ...]]:
        return waits_of_checks({address: draft.asset for address, draft in self.drafts.items()})

    def acting(self) -> list[Draft]:
        return [draft for draft in self.drafts.values() if draft.acts]

    def current(self, address: Address) -> str | None:
        """The version the environment will point to after this plan, where that is known now."""
        draft = self.drafts[address]
        if draft.renames and draft.found is None:
            return None  # what was made of the version with the old names was made of other ones
        if not draft.makes:
            return draft.keeps
        return None if draft.found is None else draft.found.id

    def current_inputs(self, draft: Draft) -> tuple[InputVersion, ...] | None:
        """The versions its inputs will stand at; None where one of them is not known now."""
        found = []
        for read in draft.asset.inputs:
            current = self.current(read.address)
            if current is None:
                return None
            found.append(InputVersion(read.address, current))
        return tuple(found)
