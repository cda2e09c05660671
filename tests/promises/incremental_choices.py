"""What a user has chosen in a project whose assets are built bit by bit, as plain values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from random import Random

from tests.promises.incremental_slices import START, Slices

# The columns of what is sold, as they lie in files.
SALE = (("id", "integer"), ("placed", "timestamp"), ("kind", "varchar"), ("amount", "integer"))
Sale = tuple[int, datetime, str, int]

Event = tuple[int, str, int]

SOURCES = ("sales", "kinds", "events", "orders", "days", "shares", "known")
# In an order in which each reads only what stands before it.
QUERIES = (
    *("daily", "of_daily", "parts", "moved_days", "per_kind", "flex", "flex_days"),
    *("merged", "merged_days", "latest", "log", "snaps", "history"),
    *("by_kind", "peaks", "tops", "shown", "of_merged", "second", "open", "of_orders", "of_known", "of_flex"),
    "taken",
)
FUNCTIONS = ("py_days", "py_parts", "py_merged", "py_log", "py_history")
ASSETS = (*QUERIES, *FUNCTIONS)
# Those that come and go. A source goes with who reads it, and comes with the first that does.
OPTIONAL = (
    *("orders", "days", "shares", "known"),
    *("of_daily", "parts", "moved_days", "per_kind", "flex_days", "tops", "shown", "of_merged"),
    *("of_orders", "of_known", "of_flex", "py_days", "py_parts", "taken"),
)
NEEDS = {"moved_days": "orders", "of_orders": "orders", "per_kind": "shares", "of_known": "known"}
FACTORS = (
    *("merged", "merged_days", "latest", "log", "snaps", "history", "flex", "peaks", "of_orders", "taken"),
    *FUNCTIONS,
)
RENAMED_COLUMNS = {
    "by_kind": ("kind", "n", "s"),
    "tops": ("n",),
    "of_merged": ("kind", "n", "amount"),
    "of_flex": ("kind", "n"),
    # These have a past of their own, or are built slice by slice.
    "merged": ("amount",),
    "flex": ("amount",),
}
SHAPES = ("rows", "sums", "labels", "back", "back unsaid")  # of what is made by the day
FLEX = ("table", "view", "merge", "append", "scd2", "interval", "partition")


@dataclass
class Choices:
    """What a user can change."""

    chance: Random
    rows: list[tuple[int, datetime, str, int, bool]] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=lambda: {"a": "first", "b": "second"})
    files: list[list[Event]] = field(default_factory=lambda: [[(1, "a", 1)]])
    landed: list[list[Sale]] = field(default_factory=lambda: [[(1, START, "a", 1)]])
    # The numbers of those that were cleared away.
    files_cleared: set[int] = field(default_factory=set)
    landed_cleared: set[int] = field(default_factory=set)
    now: datetime = START + timedelta(days=3, hours=5)
    names: dict[str, str] = field(default_factory=dict)
    # By asset and the name that is written below: how a column is called, and which one it is for those who read it.
    columns: dict[tuple[str, str], str] = field(default_factory=dict)
    identities: dict[tuple[str, str], str] = field(default_factory=dict)
    present: set[str] = field(default_factory=set)
    # Those whose removal is prevented, and those of which an environment may still know that it was.
    guarded: set[str] = field(default_factory=set)
    ever_guarded: set[str] = field(default_factory=set)
    # The rows that `taken` takes over where it begins, while there is a block that says so; and how often there was.
    legacy: list[tuple[str, int, int]] | None = None
    adoptions: int = 0
    blocks: list[str] = field(default_factory=list)
    fresh: Iterator[int] = field(default_factory=count)
    daily: Slices = field(default_factory=Slices)
    of_daily: Slices = field(default_factory=Slices)
    py_days: Slices = field(default_factory=Slices)
    shape: str = "sums"
    as_table: bool = False
    filtered: bool = False
    more: bool = False
    values: list[str] | None = None
    parts_joined: bool = False
    flag: bool = True
    updates: bool = False
    merged_as_table: bool = False
    timed: bool = False
    looking_back: bool = False
    flex: str = "table"
    factor: dict[str, int] = field(default_factory=dict)
    # Whether a file that was read has changed or is gone: from then on, who reads when makes a difference.
    landed_changed: bool = False

    def __post_init__(self) -> None:
        self.names = {name: name for name in (*SOURCES, *ASSETS)}
        self.factor = dict.fromkeys(FACTORS, 1)
        self.columns = {(name, column): column for name, columns in RENAMED_COLUMNS.items() for column in columns}
        self.identities = dict(self.columns)
        self.flex, self.shape = self.chance.choice(FLEX), self.chance.choice(SHAPES)
        self.looking_back, self.timed, self.flag = (self.chance.random() < 0.5 for _ in range(3))
        self.present = {name for name in OPTIONAL if self.chance.random() < 0.6}
        self.present |= {NEEDS[name] for name in self.present if name in NEEDS}

    def there(self) -> list[str]:
        """The assets that there are now, in order."""
        return [name for name in (*SOURCES, *ASSETS) if name not in OPTIONAL or name in self.present]

    def follow(self) -> None:
        """Every environment has followed: what the blocks say can go."""
        self.blocks, self.legacy = [], None

    def files_there(self) -> dict[int, list[Event]]:
        return {number: rows for number, rows in enumerate(self.files) if number not in self.files_cleared}

    def landed_there(self) -> dict[int, list[Sale]]:
        return {number: rows for number, rows in enumerate(self.landed) if number not in self.landed_cleared}

    @property
    def looks_back(self) -> bool:
        return self.shape.startswith("back") and not self.as_table
