"""How sources were read for what is published: it tells what their files alone do not, and what of them is no news."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vibepiper_interpreter.compile.compiled import FileDefinition
from vibepiper_interpreter.storage.version import SourceFile
from vibepiper_spec.address import Address


@dataclass(frozen=True, slots=True)
class AppliedSource:
    """How the published version of a source was read, and the files that it has read so far."""

    definition: FileDefinition
    files: tuple[SourceFile, ...]


class AppliedSources(Protocol):
    """Asks the state, which the compiler does not know; `state.applied_sources` is the one that does."""

    def __call__(
        self, root: Path, state_url: str | None, environment: str, addresses: Collection[Address]
    ) -> Mapping[Address, AppliedSource]:
        """What the published versions of these sources were made by; those never published lack."""
        ...


def nothing_applied(
    root: Path, state_url: str | None, environment: str, addresses: Collection[Address]
) -> Mapping[Address, AppliedSource]:
    """For whoever compiles without a state."""
    return {}
