"""Says how an asset is built, in the words of plans and of `vp show`."""

from __future__ import annotations

from collections.abc import Iterable

from vibepiper_interpreter.compile.build_settings import Append, BuildSettings, History, Intervals, Merge, Partitions
from vibepiper_interpreter.compile.compiled import CompiledAsset


def built_as(asset: CompiledAsset) -> str:
    """`a table`, or ``merged by `id` ``: what follows on "it is"."""
    match asset.settings:
        case None:
            return f"a {asset.build}"
        case Intervals(column=column, grain=grain):
            return f"built by {grain.replace('_', ' ')} of `{column}`"
        case Partitions(column=column):
            return f"built by the values of `{column}`"
        case Append():
            return "appended to"
        case Merge(key=key):
            return f"merged by {names(key)}"
        case History(key=key):
            return f"kept as a history by {names(key)}"


def goes_on(settings: BuildSettings | None) -> str:
    """What is done to go on with what is published; empty where there is nothing to go on with."""
    match settings:
        case Intervals(column=column, grain=grain):
            return f"replaces each {grain.replace('_', ' ')} of `{column}` that occurs in it"
        case Partitions(column=column):
            return f"replaces each value of `{column}` that occurs in it"
        case Append():
            return "appends what is new"
        case Merge(key=key):
            return f"merges what changed by {names(key)}"
        case History(key=key):
            return f"adds what changed by {names(key)} to the history"
        case _:
            return ""


def names(columns: Iterable[str]) -> str:
    """`` `a`, `b` and `c` ``."""
    *rest, last = [f"`{column}`" for column in columns]
    return f"{', '.join(rest)} and {last}" if rest else last
