"""A call as a run makes it, with what it said."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from vibepiper_interpreter.operators.call import Call, OutputDefinition
from vibepiper_spec.address import Address
from vibepiper_spec.secrets import resolve_secret

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def said() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def make_call(tmp_path: Path, said: list[tuple[str, str]]) -> Callable[..., Call]:
    """A call with the values, outputs (name to type, or type and source) and connections that a test gives."""

    def make(
        values: Mapping[str, Any] | None = None,
        *,
        outputs: Mapping[str, str | tuple[str, str]] | None = None,
        connections: Mapping[str, Mapping[str, Any]] | None = None,
        seconds: float | None = None,
        cancelled: threading.Event | None = None,
        **others: Any,
    ) -> Call:
        declared = {
            name: OutputDefinition(given) if isinstance(given, str) else OutputDefinition(*given)
            for name, given in (outputs or {}).items()
        }
        return Call(
            address=Address("shop", "task"),
            root=tmp_path,
            environment="dev",
            run_id="r1",
            inputs=tuple(values or ()),
            values={"env": "dev", "now": NOW, "run_id": "r1", **(values or {})},
            outputs=declared,
            say=lambda level, message: said.append((level, message)),
            secret=lambda text: resolve_secret(tmp_path, text),
            connection=lambda name: (connections or {})[name],
            cancelled=cancelled or threading.Event(),
            deadline=None if seconds is None else time.monotonic() + seconds,
            **{"now": NOW, "published_at": lambda address, environment: None, "began": NOW, **others},
        )

    return make


def gone(pid: int) -> bool:
    """Whether a process ends; one that was killed takes a moment."""
    pause = threading.Event()
    return not all(is_alive(pid) and not pause.wait(0.01) for _ in range(3000))


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return not Path("/proc/self/stat").exists()
    return state != "Z"


@pytest.fixture
def free_port() -> Iterator[int]:
    """A port of this machine where nobody listens while the test runs."""
    with socket.socket() as held:
        # Bound and not listening: a connection is refused, and nobody else gets the port.
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]
