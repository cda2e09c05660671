"""What moved behind our back since it was published: files of sources, and snapshots in the storage. Plans nothing.

What counts is what was published, not what the specs say today: a pattern that somebody edited is no file that moved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vibepiper_interpreter.compile.compiled import FileDefinition
from vibepiper_interpreter.connectors.file.listing import find_files, identify_files
from vibepiper_interpreter.storage.version import Part, SourceFile
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import DiagnosticError

if TYPE_CHECKING:
    from vibepiper_interpreter.state import Published, State

# How a part is not there in full, in words; None where it is.
Missing = Callable[[Part], str | None]


@dataclass(frozen=True, slots=True)
class MovedFile:
    """A file of a source that is not what it was. One that was only touched is no moved file."""

    path: str
    change: Literal["new", "changed", "gone"]
    before: SourceFile | None
    now: SourceFile | None


@dataclass(frozen=True, slots=True)
class MovedSource:
    """A source whose files have moved since its version was made."""

    address: Address
    files: tuple[MovedFile, ...]


@dataclass(frozen=True, slots=True)
class LostSnapshot:
    """A published version that cannot be read any more. `parts` are its own, or those of versions that it shows."""

    address: Address
    version_id: str
    parts: tuple[tuple[str, str], ...]  # path, and what is wrong with it


@dataclass(frozen=True, slots=True)
class Refresh:
    """What was found. `looked_at` counts the assets that are published."""

    environment: str
    looked_at: int
    sources: tuple[MovedSource, ...]
    lost: tuple[LostSnapshot, ...]

    @property
    def moved(self) -> bool:
        return bool(self.sources or self.lost)


def refresh(root: Path, state: State, environment: str, missing: Missing) -> Refresh:
    """Compare what `environment` shows with the files there are now."""
    published = state.sight(environment).published()
    return Refresh(
        environment,
        len(published),
        tuple(_moved_sources(root, state, published.values())),
        tuple(_lost_snapshots(state, published, missing)),
    )


def _moved_sources(root: Path, state: State, published: Iterable[Published]) -> Iterable[MovedSource]:
    with_files = {each.id: each for each in published if each.source_files}
    versions = state.versions(with_files)
    for version_id, shown in with_files.items():
        definition = versions[version_id].asset.definition
        if not isinstance(definition, FileDefinition):
            continue
        now = identify_files(root, _found(root, definition.paths))
        if files := moved_files(shown.source_files, now):
            yield MovedSource(shown.address, files)


def moved_files(before: Sequence[SourceFile], now: Sequence[SourceFile]) -> tuple[MovedFile, ...]:
    """By path and content; in the order of the paths."""
    old, new = {file.path: file for file in before}, {file.path: file for file in now}
    moved = []
    for path in sorted(old.keys() | new.keys()):
        was, is_now = old.get(path), new.get(path)
        if was is None:
            moved.append(MovedFile(path, "new", None, is_now))
        elif is_now is None:
            moved.append(MovedFile(path, "gone", was, None))
        elif (was.size, was.sha256) != (is_now.size, is_now.sha256):
            moved.append(MovedFile(path, "changed", was, is_now))
    return tuple(moved)


def _found(root: Path, patterns: Sequence[str]) -> tuple[str, ...]:
    """The files there are; a pattern without any is no mistake here."""
    found: dict[str, None] = {}
    for pattern in patterns:
        with suppress(DiagnosticError):
            found.update(dict.fromkeys(find_files(root, [pattern])))
    return tuple(found)


def _lost_snapshots(state: State, published: Mapping[Address, Published], missing: Missing) -> Iterable[LostSnapshot]:
    behind = _behind_views(state, published.values())
    for shown in published.values():
        parts = [*shown.parts, *(part for version_id in behind.reach(shown) for part in behind.parts[version_id])]
        wrong = tuple((part.path, words) for part in parts if (words := _trouble(part, missing)))
        if wrong:
            yield LostSnapshot(shown.address, shown.id, wrong)


def _trouble(part: Part, missing: Missing) -> str:
    return missing(part) or ("was found damaged" if part.damaged else "")


@dataclass(frozen=True, slots=True)
class _Behind:
    """What views read: the parts of versions by id, and what each version shows."""

    parts: Mapping[str, Sequence[Part]]
    shows: Mapping[str, Sequence[str]]

    def reach(self, shown: Published) -> list[str]:
        found: dict[str, None] = {}
        waiting = [read.version_id for read in shown.shows]
        while waiting:
            version_id = waiting.pop()
            if version_id not in found and version_id in self.parts:
                found[version_id] = None
                waiting += self.shows[version_id]
        return list(found)


def _behind_views(state: State, published: Iterable[Published]) -> _Behind:
    parts: dict[str, Sequence[Part]] = {}
    shows: dict[str, Sequence[str]] = {}
    waiting = {read.version_id for each in published for read in each.shows}
    while waiting:
        for version in state.versions(waiting).values():
            parts[version.id] = version.parts
            reads = version.inputs if version.asset.build == "view" else ()
            shows[version.id] = [read.version_id for read in reads]
        waiting = {version_id for some in shows.values() for version_id in some} - parts.keys()
        waiting &= state.versions(waiting).keys()
    return _Behind(parts, shows)
