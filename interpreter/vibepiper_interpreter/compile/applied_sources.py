"""How sources were read for what is published: it says what columns are where their files hold no row to tell it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Protocol

from vibepiper_interpreter.compile.compiled import FileDefinition
from vibepiper_spec.address import Address


class AppliedSources(Protocol):
    """Asks the state, which the compiler does not know; `state.applied_sources` is the one that does."""

    def __call__(
        self, root: Path, state_url: str | None, environment: str, addresses: Collection[Address]
    ) -> Mapping[Address, FileDefinition]:
        """The definitions that the published versions of these sources were made by; those never published lack."""
        ...


def nothing_applied(
    root: Path, state_url: str | None, environment: str, addresses: Collection[Address]
) -> Mapping[Address, FileDefinition]:
    """For whoever compiles without a state."""
    return {}
