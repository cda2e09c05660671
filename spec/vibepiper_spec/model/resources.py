"""`resources`: what of the machine one asset or task takes while it is made or done."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from vibepiper_spec.model.memory import Memory
from vibepiper_spec.model.spec_model import SpecModel, Strings

# The higher one starts first.
Priority = Annotated[int, Field(ge=-100, le=100)]


class Resources(SpecModel):
    """What an asset or a task takes, so that what runs at once never takes more than there is."""

    memory: Memory | None = None
    """How much memory, such as `2GB`, or `50%` of this machine's; of a Python asset that of its function."""
    cpus: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """How many processors."""
    gpus: Annotated[float, Field(ge=0, le=1_000)] | None = None
    """How many graphics processors of a Ray cluster; `0.5` shares one."""
    custom: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    """Resources that a Ray cluster gives names to, such as `{ licence = 1 }`."""
    pools: Strings = ()
    """Pools of `[executor.pools]` in `vp.toml`: of each no more run at once than it holds."""
