"""A Python function as a spec names it: `module:function`."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from vibepiper_spec.model.mistakes import mistake

_FUNCTION = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


def _is_function(value: str) -> str:
    if not _FUNCTION.fullmatch(value):
        raise mistake(
            "VP109",
            f"`{value}` names no function.",
            "Write `module:function`, for example `shop.churn:score`.",
        )
    return value


FunctionName = Annotated[str, AfterValidator(_is_function)]
