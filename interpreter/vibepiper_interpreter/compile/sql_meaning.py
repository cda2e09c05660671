"""What an expression or a table in a query means: where it comes from, and a digest that no alias changes.

All of it are tuples: a query makes a hundred, and each is made in a third of the time that a dataclass takes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, NamedTuple

from vibepiper_interpreter.engines.duckdb.syntax import Node
from vibepiper_spec.address import Address

Origin = tuple[Address, str]
Origins = frozenset[Origin]
NOTHING: Origins = frozenset()

_PLACES = frozenset({"query_location", "query_location_length"})


class Unanalysable(Exception):
    """Something in a query whose meaning is not known here: every column of every input may reach everything."""


def digest(*parts: object) -> str:
    """A hash of a sequence; equal sequences only (each part is told apart from its neighbours)."""
    return blake2b(repr(parts).encode(), digest_size=16).hexdigest()


def literal_digest(tree: Any) -> str:
    """A hash of a piece of syntax as it is written, without places."""
    return digest("written", json.dumps(_without_places(tree), sort_keys=True))


def _without_places(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _without_places(value) for key, value in tree.items() if key not in _PLACES}
    if isinstance(tree, list):
        return [_without_places(part) for part in tree]
    return tree


class Meaning(NamedTuple):
    """What an expression means. Equal digests in queries with the same rows give equal values."""

    digest: str
    # Columns that its value is made of, and columns that decide which value it is (conditions, windows, filters).
    projection: Origins = NOTHING
    influence: Origins = NOTHING
    # It holds an aggregate of this very query level, so the query has one row a group.
    aggregate: bool = False
    # It makes more or fewer rows (unnest).
    multiplies: bool = False
    # It stands for an unknown number of columns (COLUMNS, a star inside a function).
    spreads: bool = False
    # A number that adds up to the same whatever the order.
    exact: bool = False

    @property
    def origins(self) -> Origins:
        return self.projection | self.influence

    def as_influence(self) -> Meaning:
        return self._replace(projection=NOTHING, influence=self.origins)


def combined(label: str, meanings: Iterable[Meaning], *, exact: bool = False) -> Meaning:
    """One meaning made of several."""
    parts = tuple(meanings)
    if len(parts) == 1:  # most are
        (part,) = parts
        return Meaning(
            digest(label, part.digest),
            part.projection,
            part.influence,
            part.aggregate,
            part.multiplies,
            part.spreads,
            exact,
        )
    return Meaning(
        digest(label, *(part.digest for part in parts)),
        frozenset().union(*(part.projection for part in parts)),
        frozenset().union(*(part.influence for part in parts)),
        any(part.aggregate for part in parts),
        any(part.multiplies for part in parts),
        any(part.spreads for part in parts),
        exact,
    )


class NamedMeaning(NamedTuple):
    """A column of a table in a query. `name` is None where DuckDB makes one up; `table` is the alias it is under."""

    name: str | None
    meaning: Meaning
    table: str = ""


class Relation(NamedTuple):
    """A table in a query: an asset, a CTE, a subquery, the result."""

    columns: tuple[NamedMeaning, ...]
    # A digest of which rows there are and how they are matched, apart from the values of the columns.
    rows: str
    # The columns that decide which rows there are.
    influence: Origins = NOTHING
    # Set where there may be columns beyond `columns`: what any of them may mean.
    unlisted: Meaning | None = None

    def renamed(self, names: Iterable[str]) -> Relation:
        """With other names for the first columns, as in `t (a, b)`."""
        names = tuple(names)
        if names and self.unlisted is not None:
            return self._replace(unlisted=self.unlisted._replace(digest=digest(self.unlisted.digest, *names)))
        columns = tuple(column._replace(name=name) for column, name in zip(self.columns, names, strict=False))
        return self._replace(columns=columns + self.columns[len(names) :])


class Entry(NamedTuple):
    """A relation in a FROM clause under its alias. `schema` is set for assets only."""

    alias: str
    relation: Relation
    schema: str | None = None

    def column(self, name: str) -> Meaning | None:
        """The column of this name, or what an unlisted one may mean."""
        found = [column.meaning for column in self.relation.columns if _same(column.name, name)]
        if found:
            return found[0]
        if self.relation.unlisted is not None:
            return self.relation.unlisted._replace(digest=digest("unlisted", self.relation.unlisted.digest, name))
        return None

    def whole(self) -> Meaning:
        """The row as a struct, whose fields are named as the columns are."""
        if self.relation.unlisted is not None:
            return self.relation.unlisted
        named = (combined(f"field {column.name}", (column.meaning,)) for column in self.relation.columns)
        return combined("row", named)


class Source(NamedTuple):
    """A FROM clause: its relations, what a star in it stands for, and the columns that USING made one of two."""

    entries: tuple[Entry, ...] = ()
    star: tuple[NamedMeaning, ...] = ()
    merged: Mapping[str, Meaning] = MappingProxyType({})
    rows: str = "one row"
    influence: Origins = NOTHING

    @property
    def unlisted(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.relation.unlisted is not None)

    def listed_column(self, name: str) -> Meaning | None:
        """What an unqualified name means, if a relation lists a column of that name."""
        if name.casefold() in self.merged:
            return self.merged[name.casefold()]
        found = [
            column.meaning for entry in self.entries for column in entry.relation.columns if _same(column.name, name)
        ]
        return found[0] if len(found) == 1 else combined("either", found) if found else None


class Scope(NamedTuple):
    """What names mean at one place of a query."""

    source: Source = Source()
    ctes: Mapping[str, Relation] = MappingProxyType({})
    outer: Scope | None = None
    # Names that the select list gives, folded.
    aliases: Mapping[str, Meaning] = MappingProxyType({})
    # Parameters of the lambda functions around this place, folded.
    parameters: Mapping[str, str] = MappingProxyType({})
    # In ORDER BY, HAVING and QUALIFY DuckDB may prefer a name of the select list to a column.
    alias_may_win: bool = False

    def inside(self) -> Scope:
        """The scope in which a subquery at this place begins."""
        return Scope(ctes=self.ctes, outer=self)

    def resolve(self, names: list[str]) -> Meaning | None:
        """What a reference such as `a`, `t.a` or `t.a.field` means, looking outward until some scope knows it.

        Where a reference can be read in several ways, it means all of them: more than DuckDB makes of it, never less.
        """
        for level, scope in enumerate(self._outward()):
            readings = tuple(scope._readings(names))
            if readings:
                meaning = readings[0] if len(readings) == 1 else combined("either", readings)
                return meaning if level == 0 else meaning._replace(digest=digest("outer", level, meaning.digest))
        return None

    def knows(self, names: list[str]) -> bool:
        """Whether a reference means something here, without looking outward."""
        return any(True for _ in self._readings(names))

    def _outward(self) -> Iterator[Scope]:
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.outer

    def _readings(self, names: list[str]) -> Iterator[Meaning]:
        first = names[0].casefold()
        if first in self.parameters:
            yield Meaning(digest("lambda parameter", self.parameters[first], *names[1:]))
            return
        listed = tuple(self._column_readings(names))
        yield from listed
        alias = self.aliases.get(first)
        if alias is not None and (self.alias_may_win or not listed):
            yield _field(alias, names[1:])
        if not listed:
            if len(names) == 1:
                yield from (entry.whole() for entry in self.source.entries if _same(entry.alias, names[0]))
            for entry in self.source.unlisted:
                column = entry.column(names[0])
                if column is not None:
                    yield _field(column, names[1:])

    def _column_readings(self, names: list[str]) -> Iterator[Meaning]:
        column = self.source.listed_column(names[0])
        if column is not None:
            yield _field(column, names[1:])
        for entry in self.source.entries:
            if len(names) > 1 and _same(entry.alias, names[0]):
                column = entry.column(names[1])
                if column is not None:
                    yield _field(column, names[2:])
            if len(names) > 2 and _same(entry.schema, names[0]) and _same(entry.alias, names[1]):
                column = entry.column(names[2])
                if column is not None:
                    yield _field(column, names[3:])


def _field(meaning: Meaning, path: list[str]) -> Meaning:
    if not path:
        return meaning
    return meaning._replace(digest=digest("field", meaning.digest, *map(str.casefold, path)), exact=False)


def _same(left: str | None, right: str) -> bool:
    return left is not None and left.casefold() == right.casefold()


@cache
def _known(text: str) -> frozenset[str]:
    return _PLACES.union(text.split())


def only_known(node: Node, known: str) -> None:
    """Refuse a node that says more than the `known` keys (a list of words): a later DuckDB may add meanings."""
    unknown = node.keys() - _known(known)
    if unknown and any(node[key] not in (None, "", [], {}, False) for key in unknown):
        raise Unanalysable(f"{node.get('type')} with {sorted(unknown)}")
