"""Tells when something changed that stubs may hang on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from watchfiles import watch

from vibepiper_spec.load.scan import PYTHON_SUFFIX

_SUFFIXES = (".toml", ".sql", PYTHON_SUFFIX)
# What is not the user's text: caches, and what others install.
_NOT_HIS = frozenset({"__pycache__", "node_modules", "site-packages"})


def changes(root: Path, own: str) -> Iterator[bool]:
    """True whenever a spec, a query or a module below `root` has changed, and at the very beginning.

    What comes in between is False. `own` is the folder of the stubs, relative to `root`. Nothing that happens from the
    first answer on is missed. Ends with Ctrl-C.
    """
    folder = (root / own).resolve()
    begun = False
    for found in watch(root, rust_timeout=500, yield_on_timeout=True, raise_interrupt=False, watch_filter=None):
        yield not begun or any(counts(Path(path), root, folder) for _, path in found)
        begun = True


def counts(path: Path, root: Path, own: Path) -> bool:
    """Whether a change of the file `path` may be one of the stubs, which lie in `own`. All absolute."""
    if path.suffix not in _SUFFIXES or path.is_relative_to(own) or not path.is_relative_to(root):
        return False
    parts = path.relative_to(root).parts
    return not any(part.startswith(".") or part in _NOT_HIS for part in parts)
