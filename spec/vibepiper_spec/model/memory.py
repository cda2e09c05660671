"""Amounts of memory as people write them."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from vibepiper_spec.model.mistakes import mistake

_AMOUNT = re.compile(r"\d+(\.\d+)?\s*([KMGT]i?)?B|\d+(\.\d+)?\s*%", re.IGNORECASE)


def _judge(value: str) -> str:
    if not _AMOUNT.fullmatch(value):
        raise mistake("VP109", f"`{value}` is no amount of memory.", "Write `4GB`, `512MB` or `50%`.")
    return value


Memory = Annotated[str, AfterValidator(_judge)]
