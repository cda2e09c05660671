"""The executors that the conformance suite is run on."""

from __future__ import annotations

from typing import Any

import pytest

# A cluster takes long to start, and each worker of it too.
RAY: Any = pytest.param("ray", marks=pytest.mark.slow)
# Each in processes of its own, so that code can be ended from outside.
ISOLATED: list[Any] = ["processes", RAY]
ISOLATED_OR_THREADS: list[Any] = ["threads", *ISOLATED]
EVERY: list[Any] = ["inline", *ISOLATED_OR_THREADS]
