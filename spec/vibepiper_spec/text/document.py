"""A TOML text with positions, parsed with recovery."""

from __future__ import annotations

from typing import Any


def parse_document(text: str) -> Any:
    raise NotImplementedError
