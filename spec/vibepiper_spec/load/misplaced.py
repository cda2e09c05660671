"""Where a key that stands in the wrong table belongs: in TOML, a header swallows every line below it."""

from __future__ import annotations

from dataclasses import dataclass

from vibepiper_spec.load.origin import Origin
from vibepiper_spec.model.document import BLOCK_KINDS
from vibepiper_spec.model.pipeline import PipelineHeader
from vibepiper_spec.model.shape import keys_of


@dataclass(frozen=True, slots=True)
class Home:
    """A table that has the key: the header to write, and all its keys."""

    header: str
    keys: tuple[str, ...]


def home_of(key: str, value: object, origin: Origin, at: tuple[str | int, ...]) -> Home | None:
    """The table that `key` belongs to, if it is known in an enclosing table or in `[pipeline]`."""
    if not origin.path.endswith(".vp.toml"):
        return None
    if origin.keys[:1] != ("pipeline",):
        for kind in BLOCK_KINDS:
            if origin.keys[: len(kind.header)] == kind.header and len(at) > 1 and key in keys_of(kind.model):
                return Home(".".join(origin.keys), keys_of(kind.model))
        if key in keys_of(PipelineHeader):
            return Home("pipeline", keys_of(PipelineHeader))
        return None
    for kind in BLOCK_KINDS:
        # `description` and the like are keys of [pipeline] too, so only what makes an asset is left here.
        if key in keys_of(kind.model):
            return Home(".".join((*kind.header, "NAME")), keys_of(kind.model))
    return None
