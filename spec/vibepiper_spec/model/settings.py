"""`vp.toml`: what is common to all pipelines of a project."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, Strict

from vibepiper_spec.model.build import Build, is_incremental
from vibepiper_spec.model.check import CheckSeverity
from vibepiper_spec.model.codegen import Codegen
from vibepiper_spec.model.connection import Connections
from vibepiper_spec.model.duration import Duration
from vibepiper_spec.model.execution import ExecutorKind
from vibepiper_spec.model.memory import Memory
from vibepiper_spec.model.mistakes import mistake
from vibepiper_spec.model.retry import Retry
from vibepiper_spec.model.scalar import Scalar
from vibepiper_spec.model.spec_model import SpecModel, Strings
from vibepiper_spec.model.sql_asset import QueryWarning
from vibepiper_spec.model.variable import Variable

DEFAULT_ENVIRONMENT = "dev"


def _plain(value: Build | None) -> Build | None:
    if value is not None and is_incremental(value):
        raise mistake(
            "VP109", f"`{value.mode}` cannot hold for every asset.", 'Write `"table"` or `"view"`.', key="mode"
        )
    return value


class ProjectHeader(SpecModel):
    """What the project is."""

    name: str
    """The project's name."""
    modules: Strings = ()
    """Python modules that declare assets by decorators."""
    description: str = ""
    """What the project is for."""


class Environment(SpecModel):
    """A named set of pointers to versions, with its own values of the variables."""

    variables: dict[str, Scalar] = Field(default_factory=dict)
    """Values of declared variables in this environment."""
    protected: bool = False
    """A protected environment only takes a saved, reviewed plan."""
    description: str = ""
    """What the environment is for."""


class Defaults(SpecModel):
    """What holds for every asset that says nothing else."""

    owner: str = ""
    """Who answers for assets, unless they or their pipeline say otherwise."""
    tags: Strings = ()
    """Tags that all assets carry."""
    build: Annotated[Build | None, AfterValidator(_plain)] = None
    """How SQL assets and sources are built: `table` or `view`."""
    check_severity: CheckSeverity = "error"
    """The severity of checks that name none."""
    retry: Retry = Retry()
    """How often an asset is attempted that says nothing else: once."""
    timeout: Duration | None = None
    """How long one attempt may take of an asset that says nothing else; as long as it takes if not set."""
    ignore: Annotated[tuple[QueryWarning, ...], Strict(False)] = ()
    """Warnings that are told of no query, by their codes."""


class RaySettings(SpecModel):
    """Which Ray cluster, and what its workers need."""

    address: str | None = None
    """Where the cluster is: `host:6379` from one of its nodes, `ray://host:10001` from outside, or `auto` for the one
    of this machine. If not set, Ray is started on this machine for the run."""
    send_code: bool = True
    """Whether the project's folder is sent to the workers of a cluster at an address."""
    pip: Strings = ()
    """Packages that workers install, such as `scikit-learn==1.5`."""


class Executor(SpecModel):
    """Where tasks run, and what of the machine they may use."""

    kind: ExecutorKind = "threads"
    """`threads` runs tasks in parallel in one process; `processes` each in a process of its own, so that code that
    crashes or hangs harms nobody else; `ray` on a Ray cluster; `inline` one after the other, for debugging."""
    workers: Annotated[int, Field(ge=1)] | None = None
    """How many tasks run at once; the number of processors, or those of the Ray cluster, if not set."""
    memory: Memory | None = None
    """How much memory the run may use, such as `4GB`; four fifths of the machine's if not set."""
    cpus: Annotated[int, Field(ge=1)] | None = None
    """How many processors the run may use; all if not set."""
    pools: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    """Names, and how many tasks that name them in `resources` run at once: `erp = 2`."""
    ray: RaySettings = RaySettings()
    """Which Ray cluster, and what its workers need."""
    clusters: dict[str, str] = Field(default_factory=dict)
    """Names of Ray clusters, and the address of each, for `pipeline.run(cluster="…")` in Python."""

    def at_cluster(self, cluster: str) -> Executor:
        """The same, on the Ray cluster of that name, or at that address."""
        address = self.clusters.get(cluster, cluster)
        return self.model_copy(update={"ray": self.ray.model_copy(update={"address": address})})


class Storage(SpecModel):
    """Where the tables' files are kept."""

    path: str = ".vp/storage"
    """A folder, relative to `vp.toml`."""


class StateSettings(SpecModel):
    """Where it is kept what has been applied."""

    url: str | None = None
    """A PostgreSQL URL, or `secret:NAME` that holds one; a file below `.vp` if not set."""
    undo_horizon: Duration = "7d"
    """How far back one can go: `vp clean` keeps all that any environment has shown since, such as `30d`."""


class ProjectSettings(SpecModel):
    """`vp.toml`: what is common to all pipelines of a project."""

    project: ProjectHeader
    """What the project is."""
    connection: Connections = Connections()
    """Named systems outside, by connector and name; secrets as `secret:NAME`."""
    environment: dict[str, Environment] = Field(default_factory=dict)
    """Named sets of pointers, each with its own values of the variables. `dev` always exists."""
    variables: dict[str, Variable] = Field(default_factory=dict)
    """Typed parameters that SQL reads as `$name`."""
    defaults: Defaults = Defaults()
    """What holds for every asset that says nothing else."""
    executor: Executor = Executor()
    """Where tasks run, and what of the machine they may use."""
    storage: Storage = Storage()
    """Where the tables' files are kept."""
    state: StateSettings = StateSettings()
    """Where it is kept what has been applied."""
    codegen: Codegen = Codegen()
    """The typed Python package that `vp codegen` writes."""

    def environment_names(self) -> tuple[str, ...]:
        """All environments, the default one first."""
        return (DEFAULT_ENVIRONMENT, *(name for name in self.environment if name != DEFAULT_ENVIRONMENT))

    def running_on(self, kind: ExecutorKind | None, workers: int | None) -> ProjectSettings:
        """The same, with another executor or another number of workers where one is given."""
        chosen = {key: value for key, value in (("kind", kind), ("workers", workers)) if value is not None}
        return self.model_copy(update={"executor": self.executor.model_copy(update=chosen)})

    def is_protected(self, environment: str) -> bool:
        """Whether `environment` takes saved plans only."""
        declared = self.environment.get(environment)
        return declared is not None and declared.protected

    def variables_of(self, environment: str) -> dict[str, Any]:
        """The value of every variable that has one in `environment`."""
        values = {name: variable.default for name, variable in self.variables.items() if variable.default is not None}
        overlay = self.environment.get(environment)
        return {**values, **overlay.variables} if overlay else values
