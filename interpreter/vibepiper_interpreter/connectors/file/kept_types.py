"""A file with a header and no row: its columns stay what they were when there were rows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from vibepiper_interpreter.compile.compiled import FileDefinition
from vibepiper_interpreter.connectors.file.inference import Inferred

# What DuckDB can see of a CSV file only where it has rows.
_SEEN_IN_ROWS = ("quote", "escape", "comment", "dateformat", "timestampformat")


def keep_types(
    inferred: Inferred, before: FileDefinition | None, declared: Collection[str], given: Collection[str]
) -> tuple[Inferred, tuple[str, ...]]:
    """`inferred` with what `before` knew of its columns, by name, and the columns of which nobody knows the type.

    What is `declared` (columns) or `given` (DuckDB's options) stays. Types that are all VARCHAR were assumed
    themselves, or might have been, so they tell nothing.
    """
    spoken = {name.casefold() for name in declared}
    known = {} if before is None else {name.casefold(): kind for name, kind in before.types}
    open_columns = [name for name, _ in inferred.types if name.casefold() not in spoken]
    if before is None or all(known.get(name.casefold(), "VARCHAR") == "VARCHAR" for name in open_columns):
        return inferred, tuple(open_columns)
    types = tuple(
        (name, kind if name.casefold() in spoken else known.get(name.casefold(), kind)) for name, kind in inferred.types
    )
    options = dict(inferred.options)
    if before.format == "csv":
        seen = dict(before.options)
        for name in _SEEN_IN_ROWS:
            if name in given:
                continue
            options.pop(name, None)
            if name in seen:
                options[name] = seen[name]
    kept = replace(inferred, types=types, options=tuple(sorted(options.items())))
    return kept, tuple(name for name in open_columns if name.casefold() not in known)
