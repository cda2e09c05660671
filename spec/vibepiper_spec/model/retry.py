"""`retry`: what happens when an attempt fails."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, Strict

from vibepiper_spec.model.duration import Duration
from vibepiper_spec.model.spec_model import ShorthandModel

FailureClass = Literal["transient", "infrastructure", "data", "code"]


class Retry(ShorthandModel):
    """How often an asset is attempted, and what another attempt may mend. A plain number is short for `attempts`."""

    shorthand: ClassVar = "attempts"
    plain: ClassVar = int

    attempts: Annotated[int, Field(ge=1, le=100)] = 1
    """How often it is attempted in one run, the first time included."""
    delay: Duration = "1s"
    """How long to wait before the second attempt, such as `10s`."""
    backoff: Annotated[float, Field(ge=1, le=10)] = 2.0
    """How many times longer each wait is than the one before."""
    max_delay: Duration = "5m"
    """The longest wait between two attempts."""
    on: Annotated[tuple[FailureClass, ...], Strict(False)] = ("transient", "infrastructure")
    """What is attempted again. `transient`: a connection that broke, a time-out. `infrastructure`: no disk or memory
    left. `data`: a failed check. `code`: any other mistake of a query or a function."""
