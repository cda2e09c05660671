"""Blocks that tell a change to what is published, as reviewed code: what leaves on purpose."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

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


class Removed(SpecModel):
    """An asset that leaves on purpose: what is published of it is removed, even where that is prevented."""

    asset: AssetName
    """The asset as it was called: `asset`, or `pipeline.asset` for another pipeline."""
    reason: str = ""
    """Why, for people: the plan shows it."""
