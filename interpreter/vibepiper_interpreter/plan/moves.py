"""Before anything is compared: what is published is seen by the names that the specs have for it now.

An asset that has another name, or columns that have, is published under the old ones; so are those who read it. Here
all of that is told in the new names, meaning included, so that the steps that follow compare like with like: what
differs then is a change, and what does not only has to be recorded anew, without a row of it being read or written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from vibepiper_interpreter.compile.compiled import (
    Column,
    CompiledAsset,
    CompiledProject,
    FileDefinition,
    PythonDefinition,
    SqlDefinition,
)
from vibepiper_interpreter.compile.fingerprint_code import same_meaning
from vibepiper_interpreter.compile.renames import Renames
from vibepiper_interpreter.plan.plan import Reason
from vibepiper_interpreter.state import Published
from vibepiper_interpreter.state.rows import inputs_from_text, inputs_to_text
from vibepiper_interpreter.storage.recorded import ColumnNames, recorded_as
from vibepiper_interpreter.storage.version import InputVersion, Version
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix

if TYPE_CHECKING:
    import duckdb

    from vibepiper_interpreter.state import State


@dataclass(slots=True)
class Followed:
    """What is published, by the names of now. By address, also of now: what it was called, and why it is recorded."""

    published: Mapping[Address, Published]
    moved_from: dict[Address, Address] = field(default_factory=dict)
    renames: dict[Address, ColumnNames] = field(default_factory=dict)
    reasons: dict[Address, list[Reason]] = field(default_factory=dict)
    # By id: the versions as they would have been recorded.
    versions: dict[str, Version] = field(default_factory=dict)

    def carries_names(self, address: Address) -> bool:
        """Whether whoever reads this asset has to be told of another name."""
        return address in self.moved_from or address in self.renames


def follow_moves(project: CompiledProject, published: Mapping[Address, Published], state: State) -> Followed:
    """VP717 where two published assets would get one name."""
    names = _pending(project, published)
    wanted = _columns(project, names, published)
    if not names and not wanted:
        return Followed(published)
    from vibepiper_interpreter.engines.duckdb.session import SessionSettings, connect

    with connect(SessionSettings(threads=1)) as connection:
        return _Following(project, published, names, wanted, state, connection).follow()


def _pending(project: CompiledProject, published: Mapping[Address, Published]) -> dict[Address, Address]:
    """The moves that are to be made here: by the name of then."""
    names: dict[Address, Address] = {}
    for move in project.moves:
        if move.before not in published:
            continue
        also = next((other for other, after in names.items() if after == move.after), None)
        if move.after in published:
            also = move.after
        if also is not None:
            raise DiagnosticError(_both_published(project, move.before, also, move.after))
        names[move.before] = move.after
    return names


def _columns(
    project: CompiledProject, names: Mapping[Address, Address], published: Mapping[Address, Published]
) -> dict[Address, dict[str, str]]:
    """By the address of then: the columns that may have another name now, if they still have the old one there."""
    before = {after: then for then, after in names.items()}
    found: dict[Address, dict[str, str]] = {}
    for move in project.column_moves:
        then = before.get(move.asset, move.asset)
        asset = project.assets.get(move.asset)
        # Where the meaning is what is published, it has been done already.
        if asset is not None and then in published and published[then].fingerprint != asset.fingerprint:
            found.setdefault(then, {})[move.before.casefold()] = move.after
    return found


class _Following:
    def __init__(
        self,
        project: CompiledProject,
        published: Mapping[Address, Published],
        names: Mapping[Address, Address],
        columns: Mapping[Address, dict[str, str]],
        state: State,
        connection: duckdb.DuckDBPyConnection,
    ) -> None:
        self._project, self._published, self._names = project, published, names
        self._connection = connection
        self._renames: dict[Address, Mapping[str, str]] = {}  # proven so far
        self._wanted = columns
        reads = {address: {read.address for read in (*each.inputs, *each.shows)} for address, each in published.items()}
        touched = names.keys() | columns.keys()
        affected = {address for address in published if address in touched or not reads[address].isdisjoint(touched)}
        self._versions = state.versions(published[address].id for address in affected)
        self._inputs = state.versions(
            read.version_id
            for address in affected
            for read in (*self._versions[published[address].id].inputs, *published[address].inputs)
        )
        self._affected = affected
        self._result = Followed({})

    def follow(self) -> Followed:
        then = {after: before for before, after in self._names.items()}
        # Inputs first: what a column is called there is known when its readers are looked at.
        for address in self._project.assets:
            before = then.get(address, address)
            if before in self._affected:
                self._follow(before, address)
        done = {self._names.get(address, address): address for address in self._affected}
        self._result.published = {
            **{address: each for address, each in self._published.items() if address not in self._names},
            **{
                address: self._told_anew(self._published[before], address)
                for address, before in done.items()
                if address in self._project.assets
            },
        }
        return self._result

    def _follow(self, before: Address, after: Address) -> None:
        # They bring in the models and the engine, and most plans follow nothing.
        from vibepiper_interpreter.compile.fingerprints import same_but_for_settings
        from vibepiper_interpreter.compile.refingerprint import under_renames

        version, result = self._versions[self._published[before].id], self._result
        schemas = self._schemas(before, version)
        now = self._project.assets[after]
        reasons: list[Reason] = []
        if before != after:
            result.moved_from[after] = before
            reasons.append(Reason("moved", f"it was called `{before}`"))
        own = self._own_columns(before, version)
        if own:
            renames = Renames(self._names, {**self._renames, before: own})
            asset = under_renames(version.asset, schemas, renames, self._connection)
            # Another mode is a change by itself: what the columns are called is none of it.
            if same_meaning(asset.fingerprint, now.fingerprint) or same_but_for_settings(asset, now):
                self._renames[before] = own
                table = {column.name.casefold() for column in version.columns}
                result.renames[after] = tuple(each for each in own.items() if each[0] in table)
                words = ", ".join(f"`{name}` was called `{old}`" for old, name in own.items())
                reasons.append(Reason("moved", words))
            else:
                listed = ", ".join(f"`{name}`" for name in own.values())
                words = f"{listed} cannot be taken over under another name: {_why_not(version.asset, now)}"
                reasons.append(Reason("moved", words))
        asset = under_renames(version.asset, schemas, Renames(self._names, self._renames), self._connection)
        called = sorted(f"`{read.address}`" for read in now.inputs if result.carries_names(read.address))
        # Who uses nothing of what has another name means what it meant, by the very same hash.
        felt = (
            asset.fingerprint != version.asset.fingerprint
            or any(read.address in self._names for read in version.asset.inputs)
            # A view is read by its text, which may name columns that it does without: `* exclude (…)`.
            or (version.asset.build == "view" and version.asset.definition != now.definition)
        )
        if called and (felt or reasons):
            whose = "its new name" if len(called) == 1 else "their new names"
            reasons.append(Reason("moved", f"it reads {', '.join(called)} under {whose}"))
        result.reasons[after] = reasons
        told = recorded_as(version, asset, result.renames.get(after, ()))
        result.versions[version.id] = replace(told, inputs=self._called_now(version.inputs))

    def _own_columns(self, before: Address, version: Version) -> dict[str, str]:
        """The columns that have the old name there, and not the new one."""
        there = {column.name.casefold() for column in (*version.columns, *version.asset.given)}
        return {
            old: new
            for old, new in self._wanted.get(before, {}).items()
            if old in there and new.casefold() not in there
        }

    def _schemas(self, before: Address, version: Version) -> dict[Address, tuple[Column, ...]]:
        found: dict[Address, tuple[Column, ...]] = {}
        for read in (*version.inputs, *self._published[before].inputs):
            if read.version_id in self._inputs:
                found.setdefault(read.address, self._inputs[read.version_id].columns)
        return found

    def _told_anew(self, published: Published, address: Address) -> Published:
        told = self._result.versions[published.id]
        return replace(
            published,
            address=address,
            fingerprint=told.asset.fingerprint,
            confirmed_text=inputs_to_text(self._called_now(published.inputs)),
            made_from_text=inputs_to_text(self._called_now(inputs_from_text(published.made_from_text))),
        )

    def _called_now(self, reads: Iterable[InputVersion]) -> tuple[InputVersion, ...]:
        return tuple(replace(read, address=self._names.get(read.address, read.address)) for read in reads)


def _why_not(before: CompiledAsset, after: CompiledAsset) -> str:
    """Why it is not proven that only a name changed."""
    match after.definition:
        case FileDefinition():
            return "the columns of a source are called what its files call them, so these are read again"
        case PythonDefinition():
            return "what a function calls its columns cannot be told from its code, so it is called again"
        case SqlDefinition() if before.build != after.build:
            return "how it is built changed as well, and with it its rows or columns"
        case SqlDefinition():
            return "more of its meaning changed than the name"


def _both_published(project: CompiledProject, before: Address, also: Address, after: Address) -> Diagnostic:
    name = project.environment
    return Diagnostic(
        "VP717",
        f"`{before}` is to be called `{after}`, but `{name}` shows `{also}` as well, and only one of the two can be "
        f"`{after}`. Nothing was planned.",
        fix=Fix(
            f"If `{also}` is what is meant, remove the block: `{before}` then leaves `{name}`, where `vp undo` brings "
            f"it back from. If `{before}` is, remove `{also}` first, with its own apply."
        ),
    )
