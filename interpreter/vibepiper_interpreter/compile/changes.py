"""Pass: the blocks that tell a change to what is published agree with what is declared."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from vibepiper_interpreter.compile.compilation import Compilation, Workshop
from vibepiper_interpreter.compile.compiled import Adoption, ColumnMove, Move, Removal
from vibepiper_interpreter.compile.incremental_builds import mode_of
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, Fix, Related, Severity, did_you_mean
from vibepiper_spec.load.loaded import DeclaredChange
from vibepiper_spec.model.change import Adopt, Moved, Removed


def resolve_changes(state: Compilation, workshop: Workshop) -> tuple[Compilation, list[Diagnostic]]:
    """Fills `moves`, `column_moves` and `removals`. VP209 where a block contradicts the rest of the specs."""
    found = _Changes(state)
    for change in state.loaded.project.changes:
        match change.spec:
            case Removed() as spec:
                found.remove(change, spec)
            case Moved() as spec:
                found.move(change, spec)
            case Adopt() as spec:
                found.adopt(change, spec)
    found.follow_chains()
    moved = replace(
        state,
        moves=tuple(move for move, _ in found.moves.values()),
        column_moves=tuple(move for move, _ in found.column_moves.values()),
        adoptions={address: adoption for address, (adoption, _) in found.adoptions.items()},
        removals={address: removal for address, (removal, _) in found.removals.items()},
    )
    return moved, found.diagnostics


@dataclass
class _Changes:
    """What is found sound, each with its block, by the name of then."""

    state: Compilation
    diagnostics: list[Diagnostic] = field(default_factory=list)
    moves: dict[Address, tuple[Move, DeclaredChange]] = field(default_factory=dict)
    column_moves: dict[tuple[Address, str], tuple[ColumnMove, DeclaredChange]] = field(default_factory=dict)
    removals: dict[Address, tuple[Removal, DeclaredChange]] = field(default_factory=dict)
    adoptions: dict[Address, tuple[Adoption, DeclaredChange]] = field(default_factory=dict)
    # Moves to an asset that is not declared.
    nowhere: dict[Address, tuple[Move, DeclaredChange]] = field(default_factory=dict)

    def remove(self, change: DeclaredChange, spec: Removed) -> None:
        address = _asset(spec.asset.split("."), change.pipeline)
        if self._knows(address):
            detail = f"`{address}` is to be removed, but the specs still declare it."
            self._contradicts(change, "asset", detail, "Remove the asset's own block, or this one.", declares=address)
        elif not self._is_told_twice(change, "asset", address):
            self.removals[address] = Removal(address, spec.reason, change.origin.path), change

    def adopt(self, change: DeclaredChange, spec: Adopt) -> None:
        address = _asset(spec.asset.split("."), change.pipeline)
        if not self._knows(address):
            near = self.state.names.nearest(spec.asset, change.pipeline)
            guess = f" Did you mean `{near}`?" if near else ""
            detail = f"Files are to become the first version of `{address}`, and there is no such asset.{guess}"
            self._contradicts(change, "asset", detail, "Name an asset as it is declared, or remove the block.")
        elif why := self._cannot_adopt(address):
            fix = "Remove the block: the asset is made as it is declared."
            self._contradicts(change, "asset", f"`{address}` {why}.", fix, declares=address)
        elif (first := self.adoptions.get(address)) is not None:
            self._twice(change, "asset", str(address), first[1])
        else:
            place = self.state.loaded.locator.place(change.origin, change.index, "path")
            self.adoptions[address] = Adoption(address, spec.path, place, change.origin.path), change

    def _cannot_adopt(self, address: Address) -> str:
        """Why an asset takes no files over; empty where it does."""
        declared, recalled = self.state.declared.get(address), self.state.recalled.assets.get(address)
        kind = declared.kind if declared is not None else recalled.kind if recalled is not None else "sql"
        if kind == "source":
            return "is a source, which reads its files itself"
        build = mode_of(declared.spec) if declared is not None else recalled.build if recalled is not None else "table"
        if build != "table":
            return f"is built as `{build}`, and only a table can be taken over whole"
        return ""

    def move(self, change: DeclaredChange, spec: Moved) -> None:
        before, after = spec.before.split("."), spec.after.split(".")
        pipeline = change.pipeline
        names_asset = len(after) == 1 or (len(after) == 2 and self._knows(_asset(after, pipeline)))
        if names_asset or (len(after) == 2 and not self._knows(_asset(after[:1], pipeline))):
            if len(before) == 3:
                self._contradicts(change, "from", f"`{spec.before}` is a column, and `{spec.after}` an asset.", _ALIKE)
            else:
                self._move_asset(change, _asset(before, pipeline), _asset(after, pipeline))
            return
        asset = _asset(after[:-1], pipeline)
        if len(before) == 1:
            self._contradicts(change, "from", f"`{spec.before}` is an asset, and `{spec.after}` a column.", _ALIKE)
        elif _asset(before[:-1], pipeline) != asset:
            self._contradicts(
                change,
                "from",
                f"`{spec.before}` and `{spec.after}` are columns of two assets, and a column keeps its asset.",
                f"Write `{'.'.join((*after[:-1], before[-1]))}`, with the asset's name of today.",
            )
        else:
            self._move_column(change, asset, before[-1], after[-1])

    def follow_chains(self) -> None:
        """What moves to an asset that is not declared: it may be one that moves on, and then it is said where to."""
        for move, change in self.nowhere.values():
            last, steps = move.after, {move.before}
            while last not in steps and (further := self.nowhere.get(last) or self.moves.get(last)):
                steps.add(last)
                last = further[0].after
            if last in steps:
                detail = f"The blocks move `{move.before}` round in a circle, and none of these names is declared."
                fix = "Name the asset as it is declared now."
            elif last != move.after:
                detail = (
                    f"`{move.before}` moves to `{move.after}`, which moves on to `{last}` and is not declared any more."
                )
                fix = f'Write `to = "{last}"`: whatever an environment still shows goes straight there.'
            else:
                near = self.state.names.nearest(str(move.after), change.pipeline)
                guess = f" Did you mean `{near}`?" if near else ""
                detail = f"`{move.before}` is said to be called `{move.after}` now, and there is no such asset.{guess}"
                fix = "Name the asset as it is declared now, or remove the block."
            self._contradicts(change, "to", detail, fix)

    def _move_asset(self, change: DeclaredChange, before: Address, after: Address) -> None:
        if before == after:
            self._contradicts(change, "to", f"`{after}` is the same asset: case makes no difference.", _REMOVE)
        elif self._knows(before):
            detail = f"`{before}` is said to be called `{after}` now, but the specs still declare `{before}`."
            fix = "Remove the block of the old name, or this one where both are meant to be there."
            self._contradicts(change, "from", detail, fix, declares=before)
        elif not self._is_told_twice(change, "from", before):
            found = Move(before, after, change.origin.path), change
            (self.moves if self._knows(after) else self.nowhere)[before] = found

    def _move_column(self, change: DeclaredChange, asset: Address, before: str, after: str) -> None:
        columns = self.state.columns.get(asset)
        if asset in self.state.unknown:
            return  # its own mistakes come first
        if not columns:
            detail = (
                f"`{asset}` declares no columns, so only a run tells what they are called: whether `{before}` is "
                f"called `{after}` now is not known, and nothing is taken over."
            )
            fix = "Remove the block: the asset is made anew, under whatever names it gives."
            self._contradicts(change, "from", detail, fix, severity="warning")
            return
        # A flag of deletion is a column of the rows that come, though not of the table.
        names = {column.name.casefold(): column.name for column in (*self.state.given.get(asset, ()), *columns)}
        if before.casefold() == after.casefold():
            self._contradicts(change, "to", f"`{after}` is the same column: case makes no difference.", _REMOVE)
        elif after.casefold() not in names:
            guess = did_you_mean(after, names.values())
            detail = f"`{before}` is said to be called `{after}` now, and `{asset}` has no such column.{guess}"
            self._contradicts(change, "to", detail, "Name the column as it is called now, or remove the block.")
        elif before.casefold() in names:
            detail = f"`{before}` is said to be called `{after}` now, but `{asset}` has both columns."
            self._contradicts(change, "from", detail, "Remove one of the two columns, or this block.", declares=asset)
        elif (first := self.column_moves.get((asset, before.casefold()))) is not None:
            self._twice(change, "from", f"{asset}.{before}", first[1])
        else:
            after = names[after.casefold()]
            move = ColumnMove(asset, before, after, change.origin.path)
            self.column_moves[asset, before.casefold()] = move, change

    def _is_told_twice(self, change: DeclaredChange, key: str, address: Address) -> bool:
        told = self.moves.get(address) or self.nowhere.get(address) or self.removals.get(address)
        if told is not None:
            self._twice(change, key, str(address), told[1])
        return told is not None

    def _twice(self, change: DeclaredChange, key: str, what: str, first: DeclaredChange) -> None:
        place = self.state.loaded.locator.place
        self.diagnostics.append(
            Diagnostic(
                "VP209",
                f"Two blocks tell what became of `{what}`, and only one of them can be right.",
                place(change.origin, change.index, key),
                related=(Related(place(first.origin, first.index, _key_of(first)), "The first"),),
                fix=Fix("Remove one of the two."),
            )
        )

    def _contradicts(
        self,
        change: DeclaredChange,
        key: str,
        detail: str,
        fix: str,
        *,
        declares: Address | None = None,
        severity: Severity = "error",
    ) -> None:
        declared = None if declares is None else self.state.declared.get(declares)
        place = self.state.loaded.locator.place
        related = () if declared is None else (Related(place(declared.origin, part="header"), "Declared here"),)
        at = place(change.origin, change.index, key)
        self.diagnostics.append(Diagnostic("VP209", detail, at, severity, related=related, fix=Fix(fix)))

    def _knows(self, address: Address) -> bool:
        return self.state.names.resolve(str(address), address.pipeline) is not None


_ALIKE = "Name two assets, or two columns of one asset."
_REMOVE = "Remove the block."


def _asset(parts: list[str], pipeline: str) -> Address:
    """`asset` of `pipeline`, or `other.asset`; it need not be there."""
    names = [part.lower() for part in parts]
    return Address(pipeline, names[0]) if len(names) == 1 else Address(names[0], names[1])


def _key_of(change: DeclaredChange) -> str:
    return "from" if isinstance(change.spec, Moved) else "asset"
