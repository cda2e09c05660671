"""Cases kept as data: blocks of SQL, each followed by `--> ` lines that say what is expected of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Case:
    name: str
    query: str
    expected: tuple[str, ...]

    def __str__(self) -> str:
        return self.name


def cases(file_name: str) -> list[Case]:
    """Blocks are parted by blank lines; a block's first `-- ` line may name it."""
    found = []
    for block in Path(__file__).with_name(file_name).read_text(encoding="utf-8").strip().split("\n\n"):
        lines = block.splitlines()
        name = lines.pop(0).removeprefix("-- ") if lines[0].startswith("-- ") else lines[0][:60]
        expected = tuple(line.removeprefix("--> ") for line in lines if line.startswith("--> "))
        found.append(Case(name, "\n".join(line for line in lines if not line.startswith("--> ")), expected))
    return found
