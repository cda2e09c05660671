"""How an asset that is not made at once is built: which part of it a run makes, and what that does to the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from vibepiper_spec.address import Address

if TYPE_CHECKING:
    # The models are slow to import, and who only plans does without.
    from vibepiper_spec.model.build import Grain


@dataclass(frozen=True, slots=True)
class Intervals:
    """Each stretch of time is built once: `column` says to which one a row belongs.

    `separable`: it is proven, or promised by a `batch_size`, that a query over several intervals gives what it gives
    for each of them; `batch_size` None is then no limit.

    `own_past`: each is made upon the rows of those before it, one after the other, so none of this holds. `own_reach`
    is how many of them it can look at; None where that is not known: all.
    """

    column: str
    grain: Grain
    start: datetime | None  # wall time in `time_zone`; None for a source, whose rows say when it begins
    end: datetime | None = None  # the same; None where the data go on
    lookback: int = 0  # intervals
    batch_size: int | None = None  # intervals
    time_zone: str = "UTC"
    separable: bool = False
    own_past: bool = False
    own_reach: int | None = None


@dataclass(frozen=True, slots=True)
class Partitions:
    """Each value of `column` is built once. The values are listed, or those of a column of another asset.

    For a source both are None: the values are those that its new rows have.
    """

    column: str
    values: tuple[str, ...] | None = None
    values_of: tuple[Address, str] | None = None


@dataclass(frozen=True, slots=True)
class Append:
    """What is new is added to what is there."""


@dataclass(frozen=True, slots=True)
class Merge:
    """What is new takes the place of the row with the same `key`; where `delete_flag` is true that row goes."""

    key: tuple[str, ...]
    delete_flag: str | None = None
    update_columns: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class History:
    """Every state that the row of a `key` was in is kept, with the time since when and until when (scd2)."""

    key: tuple[str, ...]
    updated_at: str | None = None
    valid_from: str = "valid_from"
    valid_to: str = "valid_to"


BuildSettings = Intervals | Partitions | Append | Merge | History


@dataclass(frozen=True, slots=True)
class CursorSettings:
    """How a source tells what is new: by files' `name` or time of change, or by the values of `column`."""

    by: Literal["name", "modified"] | None = None
    column: str | None = None
    start: Any = None
    lag: float = 0.0  # seconds


def replays(settings: BuildSettings | None) -> bool:
    """Whether the table is what came so far, one after the other: its inputs as they are do not tell all of it."""
    return isinstance(settings, Append | Merge | History)


def most_at_once(settings: Intervals) -> int | None:
    """How many intervals one batch may hold; None: any number, where all at once is proven to give the same."""
    if settings.own_past:
        return 1
    return settings.batch_size if settings.separable else settings.batch_size or 1


def settings_to_json(settings: BuildSettings) -> dict[str, Any]:
    match settings:
        case Intervals():
            own_past = {"own_past": True, "own_reach": settings.own_reach} if settings.own_past else {}
            return {
                "mode": "interval",
                "column": settings.column,
                "grain": settings.grain,
                "start": None if settings.start is None else settings.start.isoformat(),
                "end": None if settings.end is None else settings.end.isoformat(),
                "lookback": settings.lookback,
                "batch_size": settings.batch_size,
                "time_zone": settings.time_zone,
                "separable": settings.separable,
                **own_past,
            }
        case Partitions():
            source = settings.values_of
            return {
                "mode": "partition",
                "column": settings.column,
                "values": None if settings.values is None else list(settings.values),
                "values_of": None if source is None else [str(source[0]), source[1]],
            }
        case Append():
            return {"mode": "append"}
        case Merge():
            updated = settings.update_columns
            return {
                "mode": "merge",
                "key": list(settings.key),
                "delete_flag": settings.delete_flag,
                "update_columns": None if updated is None else list(updated),
            }
        case History():
            return {
                "mode": "scd2",
                "key": list(settings.key),
                "updated_at": settings.updated_at,
                "valid_from": settings.valid_from,
                "valid_to": settings.valid_to,
            }


def settings_from_json(found: Mapping[str, Any]) -> BuildSettings:
    """The inverse of `settings_to_json`."""
    values = {name: value for name, value in found.items() if name != "mode"}
    match found["mode"]:
        case "interval":
            for name in ("start", "end"):
                if values[name] is not None:
                    values[name] = datetime.fromisoformat(values[name])
            return Intervals(**values)
        case "partition":
            listed, source = values["values"], values["values_of"]
            return Partitions(
                values["column"],
                None if listed is None else tuple(listed),
                None if source is None else (Address.parse(source[0]), source[1]),
            )
        case "append":
            return Append()
        case "merge":
            updated = values["update_columns"]
            return Merge(tuple(values["key"]), values["delete_flag"], None if updated is None else tuple(updated))
        case _:
            return History(tuple(values.pop("key")), **values)


def settings_under(
    settings: BuildSettings, names: Mapping[str, str], values_of: tuple[Address, str] | None = None
) -> BuildSettings:
    """`settings` where the asset's columns are called otherwise: the new names by the folded old ones.

    `values_of` is what the asset and the column that hold the values of partitions are called.
    """

    def called(name: str) -> str:
        return names.get(name.casefold(), name)

    def all_called(listed: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(called(name) for name in listed)

    match settings:
        case Intervals():
            return replace(settings, column=called(settings.column))
        case Partitions():
            return replace(settings, column=called(settings.column), values_of=values_of or settings.values_of)
        case Append():
            return settings
        case Merge(key=key, delete_flag=flag, update_columns=updated):
            return Merge(
                all_called(key),
                None if flag is None else called(flag),
                None if updated is None else all_called(updated),
            )
        case History(key=key, updated_at=updated_at):
            updated_at = None if updated_at is None else called(updated_at)
            return History(all_called(key), updated_at, called(settings.valid_from), called(settings.valid_to))


def meaning_of_settings(settings: BuildSettings) -> list[Any]:
    """What of the settings says what a row of the table is; the rest says how it is come by.

    When intervals begin, how far they look back and how many are built at once is not part of it: these change which
    intervals there are, and are compared one by one. But where each is made upon those before it, all of them hang on
    which one is the first.
    """
    written = settings_to_json(settings)
    for name in ("end", "lookback", "batch_size", "separable", "own_reach", "values"):
        written.pop(name, None)
    if "own_past" not in written:
        written.pop("start", None)
    return sorted(written.items())
