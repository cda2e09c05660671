"""What every asset has, whatever its kind."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from vibepiper_spec.model.build import Build
from vibepiper_spec.model.check import AssetChecks
from vibepiper_spec.model.column import ColumnSpec
from vibepiper_spec.model.contract import Contract
from vibepiper_spec.model.duration import Duration
from vibepiper_spec.model.execution import ExecutorKind
from vibepiper_spec.model.resources import Priority, Resources
from vibepiper_spec.model.retry import Retry
from vibepiper_spec.model.schedule import Schedule
from vibepiper_spec.model.spec_model import SpecModel, Strings


class AssetSpec(SpecModel):
    """The keys common to all kinds of assets."""

    description: str = ""
    """What the asset is, for people."""
    owner: str = ""
    """Who answers for it; inherited from the pipeline."""
    tags: Strings = ()
    """Words to select assets by; the pipeline's tags are added."""
    columns: dict[str, ColumnSpec] = Field(default_factory=dict)
    """Declared columns: name to type, or to a table with type, description and checks."""
    checks: AssetChecks = ()
    """Rules on the whole asset."""
    build: Build = Build()
    """How the asset is built: `table` (the default), `view`, or one of the incremental modes."""
    order_by: Strings = ()
    """Columns that the stored files are sorted by."""
    contract: Contract | None = None
    """What those who read it may rely on: `freeze` lets no published column or type change, `evolve` lets columns be
    added and types get wider; as a table, each for `columns` and `types`."""
    prevent_destroy: bool = False
    """What is published of it is never removed unless a `[[removed]]` block names it, even once its block is gone."""
    retry: Retry | None = None
    """How often it is attempted, and what another attempt may mend; the default of `vp.toml` if not set."""
    on_failure: Strings = ()
    """Tasks that are done where it fails."""
    on_success: Strings = ()
    """Tasks that are done where it succeeds."""
    schedule: Schedule | None = None
    """When `vp run` makes it, where that is not when its pipeline is due."""
    timeout: Duration | None = None
    """How long one attempt may take, such as `10m`; the default of `vp.toml` if not set."""
    executor: ExecutorKind | None = None
    """Where it runs, if not where `[executor]` says: `processes` keeps code that may crash or hang apart."""
    resources: Resources | None = None
    """What of the machine it takes while it is made."""
    priority: Priority | None = None
    """What is ready and has the highest starts first, and all that it waits for; the pipeline's if not set."""
    rebuild: Literal["on_change", "always"] = "on_change"
    """`always` rebuilds in every plan, for queries that read the clock or chance."""
