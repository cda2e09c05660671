"""The key of what is remembered: everything that it depends on, as a hash."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from vibepiper_interpreter.compile.code_version import code_version


def memo_key(*depends_on: Any) -> str:
    """A hash over JSON values, and over the code that computes with them."""
    text = json.dumps([code_version(), *depends_on], ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
