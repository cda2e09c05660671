"""Blocks that tell a change to what is published, as reviewed code: other names, files taken over, what leaves."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from vibepiper_spec.model.file_source import OneOrMany
from vibepiper_spec.model.mistakes import mistake
from vibepiper_spec.model.names import NAME_PATTERN
from vibepiper_spec.model.spec_model import SpecModel

_NAME = NAME_PATTERN.removeprefix("^").removesuffix("$")
ASSET_PATTERN = rf"^({_NAME}\.)?{_NAME}$"


def _names_asset(value: str) -> str:
    if not re.fullmatch(ASSET_PATTERN, value):
        raise mistake("VP109", f"`{value}` names no asset.", "Write `asset`, or `pipeline.asset` for another pipeline.")
    return value


AssetName = Annotated[str, Field(json_schema_extra={"pattern": ASSET_PATTERN}), AfterValidator(_names_asset)]


def _names_something(value: str) -> str:
    parts = value.split(".")
    if len(parts) > 3 or not all(parts):
        raise mistake(
            "VP109",
            f"`{value}` names neither an asset nor a column.",
            "Write `asset`, `pipeline.asset`, `asset.column` or `pipeline.asset.column`.",
        )
    return value


Movable = Annotated[str, AfterValidator(_names_something)]


class Moved(SpecModel):
    """An asset, or a column of one, that has another name now: what is published goes along, unwritten."""

    before: Movable = Field(alias="from")
    """How it was called: `asset`, `pipeline.asset`, or a column as `asset.column`, with the asset's name of today."""
    after: Movable = Field(alias="to")
    """How it is called now, in the same spelling."""


class Adopt(SpecModel):
    """Parquet files that are there already become the first version of an asset, as they are: no row is rewritten."""

    asset: AssetName
    """The asset, as it is declared: `asset`, or `pipeline.asset` for another pipeline."""
    path: OneOrMany
    """A Parquet file, or a pattern with `*`, `?` or `**`, relative to `vp.toml`; or a list of them."""


class Removed(SpecModel):
    """An asset that leaves on purpose: what is published of it is removed, even where that is prevented."""

    asset: AssetName
    """The asset as it was called: `asset`, or `pipeline.asset` for another pipeline."""
    reason: str = ""
    """Why, for people: the plan shows it."""
