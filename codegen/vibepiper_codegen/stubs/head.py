"""The head of a generated file: whose it is, a seal over what follows, and what checkers need to know."""

from __future__ import annotations

import hashlib
from typing import Literal

from vibepiper_interpreter.compile.stub_names import GENERATED

_OURS = f"{GENERATED}from the project's specs: change those, and run it again.\n"
_SEAL = "# sha256: "
# The frames say less than what they stand below, on purpose. Layout is ours.
_FOR_CHECKERS = (
    "# fmt: off\n# ruff: noqa\n"
    '# mypy: disable-error-code="override"\n'
    "# pyright: basic, reportIncompatibleMethodOverride=false\n"
)

# What is in the place of a file of ours: nothing; a file as we wrote it; one of ours that somebody edited; another's.
Standing = Literal["missing", "ours", "edited", "foreign"]


def sealed(text: str) -> str:
    """`text` with its head."""
    body = _FOR_CHECKERS + text
    return f"{_OURS}{_SEAL}{_hash(body)}\n{body}"


def standing(content: bytes | None) -> Standing:
    if content is None:
        return "missing"
    # A checkout may have changed the line ends, which no one did by hand.
    text = content.decode("utf-8", "replace").replace("\r\n", "\n")
    if not text.startswith(_OURS + _SEAL):
        return "foreign"
    seal, _, body = text.removeprefix(_OURS + _SEAL).partition("\n")
    return "ours" if seal == _hash(body) else "edited"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
