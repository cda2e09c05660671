"""What compiling yields: every asset with its inputs, columns, checks and fingerprint. Frozen and serialisable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from vibepiper_interpreter.compile.build_settings import BuildSettings, CursorSettings
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, Place

if TYPE_CHECKING:
    from vibepiper_interpreter.compile.compiled_operator import CompiledOperator

    # The models are slow to import, and who only plans does without.
    from vibepiper_spec.model.build import BuildMode
    from vibepiper_spec.model.execution import ExecutorKind
    from vibepiper_spec.model.retry import FailureClass

Kind = Literal["source", "sql", "python"]
CheckSeverity = Literal["error", "warn"]
ValidatedRows = Literal["sample", "all"]
# How a Python asset's parameter wants its table; `context` is the run's context object.
Flavour = Literal["pyarrow", "pandas", "polars", "polars_lazy", "duckdb", "ray", "context"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an asset. `type` is DuckDB's canonical spelling of the type that comes back from Parquet."""

    name: str
    type: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Input:
    """An asset that another one reads.

    `columns` are the columns whose content can reach the reader's result, by projection or by influence (filter,
    join, grouping, order), in the input's spelling, sorted; None where that cannot be told, which means all of them.

    `slice_column` is the column that says to which interval or partition of the reader a row of the input belongs:
    rows of others cannot reach it. None: any row may reach any of them.
    """

    address: Address
    columns: tuple[str, ...] | None = None
    slice_column: str | None = None


@dataclass(frozen=True, slots=True)
class SqlDefinition:
    """One SELECT in DuckDB's dialect. Bare names are assets of the same pipeline, `other.asset` is another's."""

    query: str
    # Parameters the query names, without `$` and in lower case, each with its SQL type; sorted. The run puts
    # `CAST(value AS type)` in their place, so that a query means what it was checked with.
    parameters: tuple[tuple[str, str], ...] = ()
    # Their values in the environment the query was compiled for; `$now` has none, it is the run's own.
    values: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a Python asset's function: its name, the asset it gets (None for `context`), and as what."""

    name: str
    address: Address | None
    flavour: Flavour
    # Columns the function may see; None: all.
    columns: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class PythonDefinition:
    """`module:function`, called with its parameters by name."""

    module: str
    function: str
    parameters: tuple[Parameter, ...]
    # Hashes of what the function reaches in the project's own code, by meaning, and of all that code as it is written;
    # if it has a context, the environment and the variables in that, as JSON.
    code: str = ""
    sources: str = ""
    context: str = ""
    # Whether its return annotation says that it returns a Ray dataset.
    returns_dataset: bool = False

    @property
    def uses_datasets(self) -> bool:
        """Whether it only says what Ray's own tasks do with Ray datasets, as far as its annotations tell."""
        return self.returns_dataset or any(parameter.flavour == "ray" for parameter in self.parameters)


@dataclass(frozen=True, slots=True)
class FileDefinition:
    """A source that reads files below the project root (or an absolute path the user wrote)."""

    # As in the spec: relative to the root with `/`, or absolute; each may be a glob pattern.
    paths: tuple[str, ...]
    format: str  # csv, parquet, json
    # Reader options by DuckDB's own option names, e.g. {"delim": ";", "header": True}; sorted by name.
    options: tuple[tuple[str, Any], ...] = ()
    # The type each column is read as, in the files' order: declared in the spec, else inferred. All columns are
    # named, so that reading never guesses.
    types: tuple[tuple[str, str], ...] = ()


Definition = SqlDefinition | PythonDefinition | FileDefinition


@dataclass(frozen=True, slots=True)
class Check:
    """A rule on an asset's data, ready to run.

    `condition` is a SQL boolean over the asset's columns that a row must fulfil (NULL passes) for row rules; the
    table rules say what they need in `arguments`.
    """

    id: str  # unique in the asset: `not_null(order_id)`, `row_count`, or the name the user gave
    rule: str  # not_null, unique, between, accepted_values, pattern, length, expression, row_count, references, query
    severity: CheckSeverity
    column: str | None = None
    arguments: tuple[tuple[str, Any], ...] = ()
    condition: str | None = None
    where: str | None = None
    # As in `SqlDefinition`, for all SQL in the check.
    parameters: tuple[tuple[str, str], ...] = ()
    values: tuple[tuple[str, Any], ...] = ()
    description: str = ""
    # Where it stands below the asset's block, for messages: ("columns", "day", "checks", 0).
    keys: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class Contract:
    """How what is published of an asset may change: `freeze`, `evolve`, or empty: as it likes."""

    columns: str = ""
    types: str = ""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often an asset is attempted in one run. Times in seconds; `on` are the classes of failures that are."""

    attempts: int = 1
    delay: float = 1.0
    backoff: float = 2.0
    max_delay: float = 300.0
    on: tuple[FailureClass, ...] = ("transient", "infrastructure")


ONCE = RetryPolicy()


@dataclass(frozen=True, slots=True)
class Resources:
    """What an asset takes while it is made. `memory` is as it was written: a share of it hangs on the machine."""

    memory: str = ""
    cpus: int = 0  # 0: nothing is said
    pools: tuple[str, ...] = ()
    # Of a Ray cluster.
    gpus: float = 0.0
    custom: tuple[tuple[str, float], ...] = ()


NO_RESOURCES = Resources()


@dataclass(frozen=True, slots=True)
class Schedule:
    """When something is due: by five cron fields in a time zone, or, where `cron` is empty, every so many seconds."""

    cron: str = ""
    timezone: str = "UTC"
    every: int = 0


@dataclass(frozen=True, slots=True)
class CompiledAsset:
    """An asset as the planner and the run see it.

    `fingerprint` covers its own meaning only, never its inputs'; it begins with the code that computed it (see
    `fingerprint_code`). `shape` and `column_fingerprints` split it: where
    two definitions have equal shapes, exactly the columns whose fingerprints differ can have changed. They are
    empty where meaning cannot be split (then any change reaches all columns).
    """

    address: Address
    kind: Kind
    build: BuildMode
    definition: Definition
    inputs: tuple[Input, ...]
    # Empty where only the run will tell (a Python asset that declares none); a type is empty where it is not declared.
    columns: tuple[Column, ...]
    checks: tuple[Check, ...]
    fingerprint: str
    checks_fingerprint: str
    shape: str = ""
    column_fingerprints: tuple[tuple[str, str], ...] = ()
    # The same inputs always give the same rows: no volatile function, nothing that depends on row order or on the
    # order in which floats are added.
    deterministic: bool = False
    # Assets that only its checks read (`references`).
    check_inputs: tuple[Address, ...] = ()
    order_by: tuple[str, ...] = ()
    rebuild_always: bool = False
    retry: RetryPolicy = ONCE
    timeout: float | None = None  # seconds that one attempt may take
    # Where its tasks run, where that is not the project's to say.
    executor: ExecutorKind | None = None
    contract: Contract | None = None
    # What is published of it is only removed where a `[[removed]]` block names it.
    prevent_destroy: bool = False
    resources: Resources = NO_RESOURCES
    priority: int = 0
    # Of a Python asset: which rows of its inputs and its result are held to what is declared while it runs.
    validate: ValidatedRows | None = None
    # When it is due, where that is not when its pipeline is.
    schedule: Schedule | None = None
    # Operators that are done where it fails, or succeeds.
    on_failure: tuple[Address, ...] = ()
    on_success: tuple[Address, ...] = ()
    # Of an asset that is not made at once; None for tables and views.
    settings: BuildSettings | None = None
    # What it reads of its own earlier intervals; none of `inputs`, for it is neither made before nor waited for.
    own: Input | None = None
    # The columns that the query, the function or the files give, where the table has others (no flag of deletion, times
    # of a history).
    given: tuple[Column, ...] = ()
    # Of a source that reads only what is new.
    cursor: CursorSettings | None = None
    description: str = ""
    owner: str = ""
    tags: tuple[str, ...] = ()
    # Where it is declared, for messages: file and header line.
    declared_in: str = ""
    declared_at_line: int = 1

    @property
    def given_columns(self) -> tuple[Column, ...]:
        """The columns of the rows that are made, before they come into the table."""
        return self.given or self.columns


@dataclass(frozen=True, slots=True)
class Move:
    """That an asset has another name now. `declared_in` is the file that says so."""

    before: Address
    after: Address
    declared_in: str = ""


@dataclass(frozen=True, slots=True)
class ColumnMove:
    """That a column of `asset`, as that is called now, has another name now."""

    asset: Address
    before: str
    after: str
    declared_in: str = ""


@dataclass(frozen=True, slots=True)
class Adoption:
    """That Parquet files become the first version of an asset. `paths` are as in `FileDefinition`."""

    address: Address
    paths: tuple[str, ...]
    place: Place
    declared_in: str = ""


@dataclass(frozen=True, slots=True)
class Removal:
    """That an asset left the specs on purpose. `declared_in` is the file that says so."""

    address: Address
    reason: str = ""
    declared_in: str = ""


@dataclass(frozen=True, slots=True)
class CompiledProject:
    """The whole project, in an order in which every asset comes after its inputs."""

    name: str
    environment: str
    assets: Mapping[Address, CompiledAsset]
    # Values of the declared variables in this environment.
    variables: Mapping[str, Any]
    # Pipelines that publish each asset alone (`publish = "each"`).
    publish_each: frozenset[str] = frozenset()
    # A hash over the content of everything that was read: specs, SQL files, first-party Python, variables.
    digest: str = ""
    # What has another name than it may still be published under.
    moves: tuple[Move, ...] = ()
    column_moves: tuple[ColumnMove, ...] = ()
    # Files that become the first version of an asset, where it has none.
    adoptions: Mapping[Address, Adoption] = field(default_factory=dict)
    # Assets that left the specs on purpose.
    removals: Mapping[Address, Removal] = field(default_factory=dict)
    # In a protected environment nothing is removed that no block names.
    protected: bool = False
    # When each pipeline is due; one that has no schedule is whenever something changed.
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    # Things to do that make no table, each after what it waits for.
    operators: Mapping[Address, CompiledOperator] = field(default_factory=dict)

    def files_of_changes(self) -> set[str]:
        """The files that tell what has another name, and what left."""
        changes: list[Move | ColumnMove | Adoption | Removal] = [*self.moves, *self.column_moves]
        changes += [*self.adoptions.values(), *self.removals.values()]
        return {change.declared_in for change in changes}

    def readers(self) -> dict[Address, tuple[Address, ...]]:
        """For every asset, the assets that read it directly."""
        found: dict[Address, list[Address]] = {address: [] for address in self.assets}
        for asset in self.assets.values():
            for read in asset.inputs:
                found[read.address].append(asset.address)
        return {address: tuple(readers) for address, readers in found.items()}


@dataclass(frozen=True, slots=True)
class Compiled:
    """The result of compiling: what could be built, and everything there is to say about it."""

    project: CompiledProject
    diagnostics: tuple[Diagnostic, ...] = field(default=())
    # Where the project keeps its tables and its state: all that planning needs of `vp.toml` beside the project.
    storage_path: str = ".vp/storage"
    state_url: str | None = None
    # A hash of all of the above; empty where nobody has written it down.
    identity: str = field(default="", compare=False)
