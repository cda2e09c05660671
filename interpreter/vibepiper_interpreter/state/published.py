"""What planning knows of published versions. Lists stay the text they are stored as until somebody asks.

Where nothing has changed nobody does: comparing texts is enough, and a project has thousands of assets.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vibepiper_interpreter.compile.compiled import CompiledAsset
from vibepiper_interpreter.state.rows import (
    NOTHING,
    built_from_text,
    inputs_from_text,
    parts_from_text,
    reads_to_text,
    source_files_from_text,
    source_files_to_text,
)
from vibepiper_interpreter.storage.slices import Built
from vibepiper_interpreter.storage.version import InputVersion, Part, SourceFile
from vibepiper_spec.address import Address

if TYPE_CHECKING:
    # The models are slow to import, and who only plans does without.
    from vibepiper_spec.model.build import BuildMode


@dataclass(frozen=True, slots=True)
class Published:
    """A version, without the asset it was made by."""

    address: Address
    id: str
    fingerprint: str
    build: BuildMode
    key: str
    confirmed_text: str
    parts_text: str
    source_files_text: str
    made_from_text: str
    built_text: str = NOTHING

    @property
    def built(self) -> tuple[Built, ...]:
        """Which slices are built, of an asset that is built by interval or partition."""
        return built_from_text(self.built_text)

    @property
    def inputs(self) -> tuple[InputVersion, ...]:
        """The input versions it is known to be right for; see `Pointer`."""
        return inputs_from_text(self.confirmed_text)

    def is_right_for(self, reads: Iterable[tuple[Address, str | None]]) -> bool:
        """Whether `reads` are exactly `inputs`."""
        return self.confirmed_text == reads_to_text(reads)

    @property
    def parts(self) -> tuple[Part, ...]:
        """Without statistics: planning asks whether parts exist, not what they hold."""
        return parts_from_text(self.parts_text)

    @property
    def has_parts(self) -> bool:
        return self.parts_text != NOTHING

    @property
    def source_files(self) -> tuple[SourceFile, ...]:
        return source_files_from_text(self.source_files_text)

    def was_made_from(self, files: Sequence[SourceFile]) -> bool:
        """Whether these are the files, by path and content: one that was only touched is the same."""
        return self.source_files_text == source_files_to_text(files) or {
            (file.path, file.size, file.sha256) for file in self.source_files
        } == {(file.path, file.size, file.sha256) for file in files}

    @property
    def shows(self) -> tuple[InputVersion, ...]:
        """What a view reads whenever it is read; a table holds its rows itself."""
        return inputs_from_text(self.made_from_text) if self.build == "view" else ()


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A meaning, and the versions of its inputs: whatever version is right for both may be shown for them."""

    address: Address
    fingerprint: str
    build: BuildMode
    inputs_text: str

    @classmethod
    def of(cls, asset: CompiledAsset, inputs: Iterable[InputVersion]) -> Confirmed:
        reads = reads_to_text((read.address, read.version_id) for read in inputs)
        return cls(asset.address, asset.fingerprint, asset.build, reads)


@dataclass(frozen=True, slots=True)
class Proof:
    """That a version was put to all checks of an asset; see `Audit`."""

    checks_fingerprint: str
    passed: bool
    inputs_text: str

    @property
    def inputs(self) -> tuple[InputVersion, ...]:
        return inputs_from_text(self.inputs_text)
