"""Where work runs."""

from __future__ import annotations

from typing import Literal

ExecutorKind = Literal["threads", "processes", "ray", "inline"]
