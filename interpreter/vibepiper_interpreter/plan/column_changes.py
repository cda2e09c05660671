"""How the columns of two definitions of one asset differ."""

from __future__ import annotations

from collections.abc import Sequence

from vibepiper_interpreter.compile.compiled import CompiledAsset
from vibepiper_interpreter.plan.flow import ALL, Columns
from vibepiper_interpreter.plan.plan import ColumnChange
from vibepiper_interpreter.storage.version import Version

_NAMED = 4  # changes that a reason names before it only counts
# Stands for the order of the columns; no column has this name. Only a reader that is given them all can feel it.
_ORDER = ""


def column_changes(before: Version, after: CompiledAsset) -> tuple[ColumnChange, ...]:
    """Columns that were added, changed and removed, in the order of the new definition, removed ones last.

    Of columns and types that only the run will tell nothing is claimed.
    """
    if not after.columns:
        return ()
    old = {column.name.casefold(): column for column in before.columns}
    new = {column.name.casefold(): column for column in after.columns}
    old_expressions = dict(before.asset.column_fingerprints)
    new_expressions = dict(after.column_fingerprints)
    found = []
    for name, column in new.items():
        if name not in old:
            found.append(ColumnChange(column.name, "added", None, column.type))
        elif column.type and old[name].type != column.type:
            found.append(ColumnChange(column.name, "type", old[name].type, column.type))
        else:
            expressions = old_expressions.get(old[name].name), new_expressions.get(column.name)
            if None not in expressions and expressions[0] != expressions[1]:
                found.append(ColumnChange(column.name, "expression", column.type, column.type))
    found += [
        ColumnChange(column.name, "removed", column.type, None) for name, column in old.items() if name not in new
    ]
    return tuple(found)


def columns_changed(before: CompiledAsset, after: CompiledAsset) -> Columns:
    """The columns whose content can differ between two definitions, given the same inputs.

    All, unless both can be split and agree in everything but single columns. Only named columns count then: a reader
    of the others sees no difference. A name that is spelled differently is another name to a Python function.

    Another mode, or other settings of it, decide which rows there are: that is no matter of columns.
    """
    if not before.shape or before.shape != after.shape or before.settings != after.settings:
        return ALL
    old, new = _meanings(before), _meanings(after)
    if old is None or new is None:
        return ALL
    different = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    if [name for name in old if name in new] != [name for name in new if name in old]:
        different.add(_ORDER)
    return Columns.of(different)


def in_words(changes: Sequence[ColumnChange]) -> str:
    """`` `revenue` changed: expression; `tax` added ``, or a count where there are many; empty where there is none."""
    if len(changes) > _NAMED:
        return f"{len(changes):,} columns changed"
    words = {"added": "added", "removed": "removed", "type": "changed: type", "expression": "changed: expression"}
    return "; ".join(f"`{change.name}` {words[change.change]}" for change in changes)


def _meanings(asset: CompiledAsset) -> dict[str, tuple[str, str, str]] | None:
    """Spelling, type and expression of every column; None where a column's expression is not known."""
    expressions = dict(asset.column_fingerprints)
    if any(column.name not in expressions for column in asset.columns):
        return None
    return {column.name.casefold(): (column.name, column.type, expressions[column.name]) for column in asset.columns}
