"""How an asset is built."""

from __future__ import annotations

from typing import ClassVar, Literal

from vibepiper_spec.model.spec_model import ShorthandModel

BuildMode = Literal["table", "view"]


class Build(ShorthandModel):
    """How the asset is built. A plain string is its mode."""

    shorthand: ClassVar = "mode"

    mode: BuildMode = "table"
    """`table` stores the rows; `view` computes them whenever they are read (a source reads its files in place)."""
