"""Turns the name of an asset as it is written into its address, or into a message with the nearest right name."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, Fix, Place, TextEdit, nearest


class AssetNames:
    """All addresses of a project, those of broken assets included: they exist, they only cannot be read."""

    def __init__(self, addresses: Iterable[Address]) -> None:
        self._known = frozenset(addresses)

    @cached_property
    def _by_pipeline(self) -> dict[str, list[str]]:
        """Sorted, which takes a while, and is needed only where a name means nothing."""
        found: dict[str, list[str]] = {}
        for address in sorted(self._known):
            found.setdefault(address.pipeline, []).append(address.name)
        return found

    def resolve(self, written: str, pipeline: str) -> Address | None:
        """`asset` of `pipeline`, or `other.asset`; without case. None if there is no such asset."""
        first, dot, second = written.lower().partition(".")
        address = Address(first, second) if dot else Address(pipeline, first)
        return address if address in self._known else None

    def nearest(self, written: str, pipeline: str) -> str | None:
        """What was probably meant, as it would have to be written in `pipeline`."""
        first, dot, second = written.lower().partition(".")
        name = second if dot else first
        # The same name in another pipeline is a likelier slip than another name in this one.
        elsewhere = [other for other, names in self._by_pipeline.items() if name in names]
        if elsewhere:
            return self._written(Address(nearest(first, elsewhere) or elsewhere[0], name), pipeline)
        if dot:
            meant = nearest(first, self._by_pipeline)
            match = nearest(name, self._by_pipeline[meant]) if meant else None
            return self._written(Address(meant, match), pipeline) if meant and match else None
        match = nearest(name, self._by_pipeline.get(pipeline, ()))
        if match:
            return match
        full = nearest(name, {name for names in self._by_pipeline.values() for name in names})
        return self.nearest(full, pipeline) if full else None

    def unknown(self, written: str, pipeline: str, place: Place) -> Diagnostic:
        """VP205 where the pipeline is wrong, else VP202."""
        first, dot, second = written.partition(".")
        near = self.nearest(written, pipeline)
        guess = f" Did you mean `{near}`?" if near else ""
        edits = (TextEdit(place, near),) if near else ()
        if dot and first.lower() not in self._by_pipeline:
            known = ", ".join(f"`{name}`" for name in list(self._by_pipeline)[:8])
            fix = Fix(f"Replace it by `{near}`." if near else f"The project's pipelines are {known}.", edits)
            return Diagnostic("VP205", f"There is no pipeline `{first}` in the project.{guess}", place, fix=fix)
        owner = first.lower() if dot else pipeline
        name = second if dot else first
        names = self._by_pipeline.get(owner, [])
        has = f"It has {', '.join(f'`{item}`' for item in names[:8])}." if names else "It has no assets."
        return Diagnostic(
            "VP202",
            f"The pipeline `{owner}` has no asset `{name}`.{guess}",
            place,
            fix=Fix(f"Replace it by `{near}`.", edits)
            if near
            else Fix(f"{has} An asset of another pipeline is written `pipeline.asset`."),
        )

    def _written(self, address: Address, pipeline: str) -> str:
        return address.name if address.pipeline == pipeline else str(address)
