"""Mistakes that a model finds itself: they carry their diagnostic code through pydantic to the loader."""

from __future__ import annotations

from typing import LiteralString

from pydantic_core import PydanticCustomError


def mistake(code: LiteralString, detail: str, fix: str = "", *, key: str = "") -> PydanticCustomError:
    """An error for a validator to raise; `key` names the key below the validated value that is to be underlined."""
    return PydanticCustomError(code, "{detail}", {"detail": detail, "fix": fix, "key": key})
