"""Where a key that stands in the wrong table belongs: in TOML, a header swallows every line below it."""

from __future__ import annotations

from vibepiper_spec.load.origin import Origin
from vibepiper_spec.model.document import BLOCK_KINDS, NAMED_KINDS
from vibepiper_spec.model.pipeline import PipelineHeader
from vibepiper_spec.model.settings import ProjectSettings
from vibepiper_spec.model.shape import keys_of, model_at
from vibepiper_spec.model.task import COMMON_KEYS


def home_of(key: str, origin: Origin, at: tuple[str | int, ...]) -> str | None:
    """The header of the table that has `key`, which was found unknown at the keys `at` below `origin`."""
    if not origin.path.endswith(".vp.toml"):
        return _in_project_file(key)
    if origin.keys[:1] == ("pipeline",):
        return _in_a_block(key)
    if len(at) > 1 and any(
        origin.keys[: len(kind.header)] == kind.header and key in keys_of(kind.model) for kind in NAMED_KINDS
    ):
        return ".".join(origin.keys)
    return "pipeline" if key in keys_of(PipelineHeader) else None


def _in_project_file(key: str) -> str | None:
    for table in keys_of(ProjectSettings):
        if key in keys_of(model_at(ProjectSettings, (table,))):
            return table
    return None


def _in_a_block(key: str) -> str | None:
    for block in BLOCK_KINDS:
        if key in keys_of(block.model):
            return ".".join((*block.header, "NAME"))
    if key in COMMON_KEYS:
        return "task.KIND.NAME"
    for kind in NAMED_KINDS:
        if key in keys_of(kind.model):
            return ".".join((*kind.header, "NAME"))
    return None
