"""What every asset stands at while a run goes on: what is published, until the run has made something else of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from vibepiper_interpreter.compile.compiled import CompiledAsset
from vibepiper_interpreter.run.inventory import Inventory
from vibepiper_interpreter.storage.version import InputVersion, Version
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic


class Standing:
    """Changed by the scheduler alone, in its own thread, as one action after the other ends."""

    def __init__(self, inventory: Inventory, unreadable: Mapping[Address, Diagnostic]) -> None:
        """`unreadable`: the assets whose files are damaged, which no task can read before they are made anew."""
        # Every version that the plan speaks of, by id. What the run makes is not among them.
        self.versions = inventory.versions
        self._current = dict(inventory.current)
        self._unreadable = dict(unreadable)
        self._made: set[Address] = set()

    def inputs(self, asset: CompiledAsset) -> dict[Address, Version]:
        """What `asset` reads. All actions on it have come to their end."""
        return {read.address: self._current[read.address] for read in asset.inputs}

    def read_by(self, asset: CompiledAsset) -> tuple[Version, ...]:
        """What the names in `asset`'s queries and checks mean, views after what they read."""
        found: dict[Address, Version] = {}
        for address in (*(read.address for read in asset.inputs), *asset.check_inputs):
            self._add(address, found)
        return tuple(found.values())

    def _add(self, address: Address, found: dict[Address, Version]) -> None:
        version = self._current.get(address)
        if version is None or address in found or address in self._unreadable:
            return
        if not version.parts:
            for read in version.asset.inputs:
                self._add(read.address, found)
        found[address] = version

    def version(self, address: Address) -> Version | None:
        """What the asset stands at, as far as that matters in the run."""
        return self._current.get(address)

    def names(self, addresses: Iterable[Address]) -> tuple[Version, ...]:
        """What these names mean, views after what they read."""
        found: dict[Address, Version] = {}
        for address in addresses:
            self._add(address, found)
        return tuple(found.values())

    def unreadable(self, addresses: Iterable[Address]) -> Diagnostic | None:
        """Why one of these cannot be read."""
        return next((self._unreadable[address] for address in addresses if address in self._unreadable), None)

    def pointers(self, addresses: Iterable[Address]) -> tuple[InputVersion, ...]:
        """What these stand at, as far as they have ever been made."""
        return tuple(
            InputVersion(address, self._current[address].id) for address in addresses if address in self._current
        )

    def broken_input(self, asset: CompiledAsset) -> Diagnostic | None:
        """Why an input of `asset` cannot be read."""
        return self.unreadable(read.address for read in asset.inputs)

    def reads_what_was_made(self, asset: CompiledAsset) -> bool:
        """Whether this run has made an input of `asset`: nothing can have been made of that before."""
        return any(read.address in self._made for read in asset.inputs)

    def advance(self, address: Address, version: Version, made: bool) -> None:
        """Let the asset stand at `version` from now on."""
        self._current[address] = version
        self._unreadable.pop(address, None)
        if made:
            self._made.add(address)
