"""The canonical order of blocks in a file, and of keys in a block."""

from __future__ import annotations

from vibepiper_spec.model.asset_test import TEST_KIND
from vibepiper_spec.model.document import BLOCK_KINDS, PipelineDocument
from vibepiper_spec.model.settings import ProjectSettings
from vibepiper_spec.model.shape import keys_of, model_at
from vibepiper_spec.model.task import COMMON_KEYS
from vibepiper_spec.model.task_kinds import TASK_KINDS

# As one would explain an asset: what it is, where its rows come from, how it is built, what it promises.
_ASSET_KEYS = (
    "description",
    "owner",
    "tags",
    "path",
    "format",
    "options",
    "dialect",
    "file",
    "query",
    "function",
    "inputs",
    "build",
    "rebuild",
    "retry",
    "timeout",
    "executor",
    "contract",
    "prevent_destroy",
    "on_failure",
    "on_success",
    "order_by",
    "ignore",
    "columns",
    "checks",
)
# What a task does and with what, its own kind's keys in front; then when it is done, and what if it fails.
_TASK_KEYS_BEFORE = ("description", "owner", "tags")
_TASK_KEYS = (
    "inputs",
    "outputs",
    "for_each",
    "after",
    "before",
    "when",
    "run_if",
    "teardown_of",
    "run",
    "retry",
    "every",
    "timeout",
    "on_timeout",
    "on_failure",
    "on_success",
)
_FIRST_BLOCK = {"vp.toml": "project"}


def block_rank(path: str, header: tuple[str, ...]) -> int:
    """The block that names the whole comes first; all others stay as the user has them."""
    first = _FIRST_BLOCK.get(path.rpartition("/")[2], "pipeline")
    return 0 if header[:1] == (first,) else 1


def key_order(path: str, header: tuple[str, ...]) -> tuple[str, ...]:
    """The keys of the table of `header` in their order; empty where they are free, as in a table of columns."""
    for kind in BLOCK_KINDS:
        depth = len(kind.header)
        if header[:depth] == kind.header and len(header) == depth + 1:
            return _ASSET_KEYS
    for task in TASK_KINDS:
        if header[:-1] == task.header:
            own = (key for key in keys_of(task.model) if key not in COMMON_KEYS and key not in _TASK_KEYS)
            return (*_TASK_KEYS_BEFORE, *own, *_TASK_KEYS)
    if header[:-1] == TEST_KIND.header:
        return keys_of(TEST_KIND.model)
    root = ProjectSettings if path.rpartition("/")[2] == "vp.toml" else PipelineDocument
    # `[[removed]]` opens an item of a list.
    return keys_of(model_at(root, header) or model_at(root, (*header, 0)))
