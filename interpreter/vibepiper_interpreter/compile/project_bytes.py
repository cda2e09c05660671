"""A whole compiled project as bytes for the cache, and back: made to be read fast."""

from __future__ import annotations

import gc
import hashlib
import json
import marshal
from collections.abc import Callable, ItemsView, Iterable, Iterator, KeysView, Mapping, Sequence, ValuesView
from dataclasses import astuple, dataclass
from functools import cache, cached_property
from typing import Any

from vibepiper_interpreter.compile.compiled import (
    Adoption,
    Check,
    Column,
    ColumnMove,
    Compiled,
    CompiledAsset,
    CompiledProject,
    Move,
    Removal,
    Schedule,
)
from vibepiper_interpreter.compile.operator_serial import operator_from_json, operator_to_json
from vibepiper_interpreter.compile.serial import (
    assemble_asset,
    asset_to_json,
    check_from_json,
    value_from_json,
    value_to_json,
)
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, Fix, Place, Range, Related, TextEdit


@dataclass(frozen=True, slots=True)
class Remembered:
    """A compiled project in pieces: one for each spec file, so that an edit writes one anew, and a frame around them.

    Pieces are known by the hash of their content.
    """

    frame: bytes
    pieces: Mapping[str, bytes]  # those that are new


def compiled_to_bytes(compiled: Compiled, known: Mapping[str, str] | None = None) -> Remembered:
    """The project and its diagnostics. `known`: the pieces of files whose assets are as they were, by path."""
    project = compiled.project
    by_file: dict[str, list[CompiledAsset]] = {}
    order: list[tuple[str, int]] = []
    for asset in project.assets.values():
        assets = by_file.setdefault(asset.declared_in, [])
        order.append((asset.declared_in, len(assets)))
        assets.append(asset)
    names: dict[str, str] = {}
    pieces: dict[str, bytes] = {}
    for path, assets in by_file.items():
        if known is not None and path in known:
            names[path] = known[path]
            continue
        piece = _piece(assets)
        names[path] = hashlib.sha256(piece).hexdigest()
        pieces[names[path]] = piece
    first: dict[str, int] = {}
    number = 0
    for path, assets in by_file.items():
        first[path] = number
        number += len(assets)
    frame = {
        "name": project.name,
        "environment": project.environment,
        "variables": value_to_json(project.variables),
        "publish_each": sorted(project.publish_each),
        "moves": [[str(each.before), str(each.after), each.declared_in] for each in project.moves],
        "column_moves": [[str(each.asset), each.before, each.after, each.declared_in] for each in project.column_moves],
        "adoptions": [
            [str(each.address), list(each.paths), each.place.to_json(), each.declared_in]
            for each in project.adoptions.values()
        ],
        "removals": [[str(each.address), each.reason, each.declared_in] for each in project.removals.values()],
        "protected": project.protected,
        "schedules": {name: astuple(schedule) for name, schedule in project.schedules.items()},
        "operators": [operator_to_json(operator) for operator in project.operators.values()],
        "digest": project.digest,
        "storage_path": compiled.storage_path,
        "state_url": compiled.state_url,
        "diagnostics": [diagnostic.to_json() for diagnostic in compiled.diagnostics],
        "pieces": names,
        # Where each asset of the project, in its order, stands among those of all pieces together.
        "order": [first[path] + index for path, index in order],
    }
    return Remembered(_to_bytes(frame), pieces)


def _piece(assets: Iterable[CompiledAsset]) -> bytes:
    """The assets of one file. Equal columns and checks, of which a project is full, are written once."""
    columns, checks = _Table(), _Table()
    written = []
    for asset in assets:
        found = asset_to_json(asset)
        found["columns"] = [columns.number(column) for column in found["columns"]]
        found["checks"] = [checks.number(check) for check in found.get("checks", ())]
        written.append(found)
    # Plain values, which come back more than twice as fast as from JSON. Other versions of Python could not read them,
    # and never do.
    return marshal.dumps([columns.entries, checks.entries, written])


def _to_bytes(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


class _Table:
    """Numbers equal JSON values alike."""

    def __init__(self) -> None:
        self.entries: list[Any] = []
        self._numbers: dict[str, int] = {}

    def number(self, value: Any) -> int:
        key = json.dumps(value)
        if key not in self._numbers:
            self._numbers[key] = len(self.entries)
            self.entries.append(value)
        return self._numbers[key]


def names_of_pieces(frame: bytes) -> dict[str, str]:
    """By path, the names of the pieces that belong to a frame."""
    names: dict[str, str] = json.loads(frame)["pieces"]
    return names


def compiled_from_bytes(frame: bytes, get_pieces: Callable[[Iterable[str]], Mapping[str, bytes]]) -> Compiled:
    """The inverse of `compiled_to_bytes`; `get_pieces` gives those that are there, by name.

    Raises ValueError, KeyError, IndexError or TypeError for anything else.
    """
    whole = json.loads(frame)
    names = whole["pieces"].values()
    found = get_pieces(names)
    pieces = [found[name] for name in names]
    # Here, because whoever asks for an asset later cannot compile anew any more.
    if any(hashlib.sha256(piece).hexdigest() != name for name, piece in zip(names, pieces, strict=True)):
        raise ValueError("a piece is damaged")
    project = CompiledProject(
        whole["name"],
        whole["environment"],
        _RecalledAssets(pieces, whole["order"]),
        value_from_json(whole["variables"]),
        frozenset(whole["publish_each"]),
        whole["digest"],
        tuple(Move(Address.parse(before), Address.parse(after), path) for before, after, path in whole["moves"]),
        tuple(ColumnMove(Address.parse(asset), *names) for asset, *names in whole["column_moves"]),
        {adoption.address: adoption for adoption in map(_adoption, whole["adoptions"])},
        {removal.address: removal for removal in map(_removal, whole["removals"])},
        whole["protected"],
        {name: Schedule(*schedule) for name, schedule in whole["schedules"].items()},
        {operator.address: operator for operator in map(operator_from_json, whole["operators"])},
    )
    diagnostics = tuple(map(diagnostic_from_json, whole["diagnostics"]))
    return Compiled(project, diagnostics, whole["storage_path"], whole["state_url"])


def _adoption(written: Sequence[Any]) -> Adoption:
    address, paths, place, path = written
    return Adoption(Address.parse(address), tuple(paths), _place_from_json(place), path)


def _removal(written: Sequence[str]) -> Removal:
    address, *rest = written
    return Removal(Address.parse(address), *rest)


class _RecalledAssets(Mapping[Address, CompiledAsset]):
    """Decodes all assets when one is first asked for. Where nothing has changed, nobody does."""

    def __init__(self, pieces: Sequence[bytes], order: Sequence[int]) -> None:
        self._pieces, self._order = pieces, order

    @cached_property
    def _decoded(self) -> dict[Address, CompiledAsset]:
        # Tens of thousands of objects that all stay: the collector would look through them again and again.
        collecting = gc.isenabled()
        gc.disable()
        try:
            assets = _assets(map(marshal.loads, self._pieces))
            self._pieces = ()
            return {(asset := assets[number]).address: asset for number in self._order}
        finally:
            if collecting:
                gc.enable()

    def __getitem__(self, address: Address) -> CompiledAsset:
        return self._decoded[address]

    def __iter__(self) -> Iterator[Address]:
        return iter(self._decoded)

    def __len__(self) -> int:
        return len(self._order)

    def __contains__(self, address: object) -> bool:
        return address in self._decoded

    # The same as those of `Mapping`, which call back here for every single asset.

    def keys(self) -> KeysView[Address]:
        return self._decoded.keys()

    def values(self) -> ValuesView[CompiledAsset]:
        return self._decoded.values()

    def items(self) -> ItemsView[Address, CompiledAsset]:
        return self._decoded.items()

    def __repr__(self) -> str:
        return repr(self._decoded)


def _assets(pieces: Iterable[list[Any]]) -> list[CompiledAsset]:
    """Equal columns and checks become one object."""
    address_of: Callable[[str], Address] = cache(Address.parse)
    column_of: Callable[..., Column] = cache(Column)
    checks_of: dict[str, Check] = {}
    found = []
    for written_columns, written_checks, assets in pieces:
        columns = [column_of(*column) for column in written_columns]
        checks = []
        for written in written_checks:
            key = repr(written)
            if key not in checks_of:
                checks_of[key] = check_from_json(written)
            checks.append(checks_of[key])
        for asset in assets:
            found.append(
                assemble_asset(
                    asset,
                    tuple([columns[number] for number in asset["columns"]]),
                    tuple([checks[number] for number in asset["checks"]]),
                    address_of,
                )
            )
    return found


def diagnostic_from_json(found: Mapping[str, Any]) -> Diagnostic:
    """The inverse of `Diagnostic.to_json`."""
    fix = found["fix"]
    return Diagnostic(
        found["code"],
        found["detail"],
        None if found["place"] is None else _place_from_json(found["place"]),
        found["severity"],
        tuple(Related(_place_from_json(item["place"]), item["message"]) for item in found["related"]),
        None
        if fix is None
        else Fix(fix["title"], tuple(TextEdit(_place_from_json(e["place"]), e["new_text"]) for e in fix["edits"])),
        tuple(found["notes"]),
    )


def _place_from_json(found: Mapping[str, Any]) -> Place:
    start, end = found["start"], found["end"]
    return Place(found["path"], Range(start["line"], start["column"], end["line"], end["column"]))
