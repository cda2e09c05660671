"""A project as Python sees it: look into what is published, plan, and run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from vibepiper.declared import IMPORTING
from vibepiper.errors import RunFailed, SpecError
from vibepiper.results import MadePlan, RunReport, html_table
from vibepiper.table import Table
from vibepiper_interpreter.compile import compile_root
from vibepiper_interpreter.compile.compiled import Compiled
from vibepiper_interpreter.plan.on_disk import plan_on_disk
from vibepiper_interpreter.state import State, applied_sources, open_state_at
from vibepiper_interpreter.state.owner import owner
from vibepiper_spec import find_project_root, load_settings
from vibepiper_spec.diagnostics import DiagnosticError, did_you_mean, has_errors
from vibepiper_spec.model.execution import ExecutorKind
from vibepiper_spec.model.settings import DEFAULT_ENVIRONMENT

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from vibepiper_interpreter.plan.plan import Plan
    from vibepiper_spec.model.settings import ProjectSettings

# What others call our executors.
_OTHER_NAMES = {"sequential": "inline", "parallel": "threads"}


def open_project(path: str | Path = ".", *, env: str = DEFAULT_ENVIRONMENT) -> Project:
    """The project that `path` lies in: the nearest folder, upward, with a `vp.toml`. Reads nothing yet.

    Raises vibepiper.SpecError where there is none, RuntimeError while a module of the project is imported to see what
    it declares.
    """
    if IMPORTING in os.environ:
        raise RuntimeError(
            "the project cannot be opened while its modules are imported to see what they declare; put this below "
            '`if __name__ == "__main__":`'
        )
    try:
        return Project(find_project_root(Path(path).absolute()), env)
    except DiagnosticError as error:
        raise SpecError(error.diagnostics) from None


open = open_project  # as `vibepiper.open`


class Project:
    """A project, seen through one environment. `project["shop.orders"]` is a table of it."""

    def __init__(self, root: Path, env: str = DEFAULT_ENVIRONMENT) -> None:
        self.root = root
        self.env = env

    def __repr__(self) -> str:
        return f"Project({str(self.root)!r}, env={self.env!r})"

    def _repr_html_(self) -> str:
        assets = self.compiled().project.assets.values()
        rows = [(str(each.address), each.kind, str(len(each.columns)), each.description) for each in assets]
        return html_table(("asset", "kind", "columns", "description"), rows)

    def __getitem__(self, name: str) -> Table:
        """The asset `pipeline.asset`, or `asset` where only one pipeline has it. Raises KeyError."""
        compiled = self.compiled()
        known = {str(address): address for address in compiled.project.assets}
        found = [address for text, address in known.items() if name.lower() in (text, address.name)]
        if len(found) == 1:
            return Table(self, found[0], compiled.project)
        if found:
            raise KeyError(f"`{name}` is in several pipelines: {', '.join(map(str, found))}")
        raise KeyError(f"the project has no asset `{name}`.{did_you_mean(name, known)}")

    def __iter__(self) -> Iterator[str]:
        """The addresses of all assets, inputs before their readers."""
        return iter([str(address) for address in self.compiled().project.assets])

    def __len__(self) -> int:
        return len(self.compiled().project.assets)

    def __contains__(self, name: object) -> bool:
        return any(name in (str(address), address.name) for address in self.compiled().project.assets)

    def compiled(self, env: str | None = None) -> Compiled:
        """The compiled project, recalled where nothing has changed. Raises vibepiper.SpecError for its mistakes."""
        found = compile_root(self.root, env or self.env, applied_sources)
        if has_errors(found.diagnostics):
            raise SpecError(found.diagnostics)
        return found

    def plan(self, *selection: str, env: str | None = None) -> MadePlan:
        """What an apply would do, `selection` as in `vp plan`. Touches nothing. Raises vibepiper.SpecError."""
        compiled = self.compiled(env)
        with self.state(compiled) as state:
            return MadePlan(self._plan(compiled, state, selection))

    def run(
        self,
        *selection: str,
        executor: str | None = None,
        max_workers: int | None = None,
        cluster: str | None = None,
        env: str | None = None,
    ) -> RunReport:
        """Plans, and does it; `selection` as in `vp apply`, the rest as in `Pipeline.run`.

        Raises vibepiper.SpecError where the project has mistakes or the plan cannot be done, vibepiper.RunFailed where
        something failed.
        """
        from vibepiper_interpreter.run import apply_plan  # brings the engine, which a look does without

        settings = self._settings(executor, max_workers, cluster)
        compiled = self.compiled(env)
        with self.state(compiled) as state:
            plan = self._plan(compiled, state, selection)
            if plan.empty:
                return RunReport.of_nothing(plan)
            try:
                result = apply_plan(plan, root=self.root, settings=settings, state=state, owner=owner())
            except DiagnosticError as error:
                raise SpecError(error.diagnostics) from None
        report = RunReport.of(result)
        if result.status != "succeeded":
            raise RunFailed(report)
        return report

    def sql(self, query: str) -> pa.Table:
        """The rows of a SELECT over what is published, `pipeline.asset` being the names of the tables.

        Raises ValueError where the engine cannot run it, with the engine's reason.
        """
        import duckdb  # slow to import, and not everybody looks into tables

        from vibepiper_interpreter.engines.duckdb.failure import engine_failure

        with self.warehouse() as connection:
            try:
                found: pa.Table = connection.sql(query).to_arrow_table()
            except duckdb.Error as error:
                raise ValueError(f"the query cannot be run: {engine_failure(error).message}") from None
            return found

    @contextmanager
    def state(self, compiled: Compiled | None = None) -> Iterator[State]:
        """What has been applied."""
        with open_state_at(self.root, (compiled or self.compiled()).state_url) as state:
            yield state

    @contextmanager
    def warehouse(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection that can read what is published, and nothing else."""
        from vibepiper_interpreter.run import ensure_warehouse
        from vibepiper_interpreter.run.reading import open_warehouse
        from vibepiper_interpreter.run.warehouse import files_in_reach

        settings = load_settings(self.root)
        with self.state() as state:
            file = ensure_warehouse(self.root, settings, state, self.env)
            reach = files_in_reach(self.root, settings, state, self.env)
        with open_warehouse(file, reach) as connection:
            yield connection

    def _plan(self, compiled: Compiled, state: State, selection: tuple[str, ...]) -> Plan:
        try:
            return plan_on_disk(compiled, self.root, state, selection)
        except DiagnosticError as error:
            raise SpecError(error.diagnostics) from None

    def _settings(self, executor: str | None, max_workers: int | None, cluster: str | None) -> ProjectSettings:
        settings = load_settings(self.root)
        name = None if executor is None else _OTHER_NAMES.get(executor, executor)
        kinds: tuple[ExecutorKind, ...] = get_args(ExecutorKind)
        kind = next((each for each in kinds if each == name), None)
        if name is not None and kind is None:
            known = (*kinds, *_OTHER_NAMES)
            raise ValueError(f"there is no executor `{executor}`.{did_you_mean(name, known)} Known: {', '.join(known)}")
        settings = settings.running_on(kind, max_workers)
        if cluster is None:
            return settings
        return settings.model_copy(update={"executor": settings.executor.at_cluster(cluster)})
