"""Texts that may be a secret: `secret:NAME` is one as a whole, or not at all."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator

from vibepiper_spec.model.mistakes import mistake
from vibepiper_spec.secrets import is_secret

_INSIDE = re.compile(r"\bsecret:[A-Z_][A-Z0-9_]*")


def whole_secrets(value: Any) -> Any:
    """`value`, a text or JSON, if no secret stands inside a text of it; a mistake (VP109) else."""
    if isinstance(value, str):
        _whole(value)
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        whole_secrets(item)
    return value


def _whole(value: str) -> str:
    if is_secret(value):
        return value
    found = _INSIDE.search(value)
    if found:
        raise mistake(
            "VP109",
            f"`{found[0]}` stands inside a text, where it would be sent as it is written.",
            "Let the secret be the whole text, and hold all that is to be sent.",
        )
    return value


TextOrSecret = Annotated[str, AfterValidator(_whole)]
