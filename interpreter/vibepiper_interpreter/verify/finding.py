"""What a verification found: each thing that is not as it should be, and what was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vibepiper_spec.address import Address

# lost, damaged: a part · state: the state contradicts itself · unchecked: published without its checks · orphan: files
# of nobody.
FindingKind = Literal["lost", "damaged", "state", "unchecked", "orphan"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`severity`: an error is something that somebody sees, a warning what only going back would miss, a note is left
    over. `environments` are those that show it."""

    kind: FindingKind
    severity: Literal["error", "warning", "note"]
    words: str
    fix: str
    address: Address | None = None
    environments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verified:
    """`compared` parts had a checksum; `read` ones had none and were read whole, and have one now if `recorded`."""

    findings: tuple[Finding, ...]
    versions: int
    parts: int
    bytes: int
    compared: int
    read: int
    recorded: bool

    @property
    def sound(self) -> bool:
        """Whether everything that anybody sees is as it should be."""
        return not any(finding.severity == "error" for finding in self.findings)
