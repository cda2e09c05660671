"""Questions that planning, applying and cleaning ask: pointers, versions, audits, history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from vibepiper_interpreter.compile.compiled import CompiledAsset
from vibepiper_interpreter.state.published import Confirmed, Proof, Published
from vibepiper_interpreter.state.records import Audit, Environment, Past, Pointer
from vibepiper_interpreter.state.rows import (
    NOTHING,
    definition_from_text,
    inputs_from_text,
    parse_address,
    parts_from_text,
    source_files_from_text,
    version_from_row,
)
from vibepiper_interpreter.state.tables import audits, definitions, environments, pointers, runs, tasks, versions
from vibepiper_interpreter.storage.version import InputVersion, Version, address_of_part, version_of_part
from vibepiper_spec.address import Address

# Values in one `IN (…)`: below every limit on bound parameters that we have met.
_AT_ONCE = 5_000

_OF_A_PAST = ("id", "address", "run_id", "rows", "bytes", "seconds", "inputs", "source_files", "parts")
_PROOF = (audits.c.version_id, audits.c.checks_fingerprint, audits.c.passed, audits.c.inputs)


def serial(connection: Connection, environment: str) -> int:
    """How often this environment was published; 0 where it never was."""
    found = connection.execute(select(environments.c.serial).where(environments.c.name == environment)).scalar()
    return found or 0


def all_environments(connection: Connection) -> list[Environment]:
    counted = select(pointers.c.environment, func.count().label("assets")).group_by(pointers.c.environment).subquery()
    rows = connection.execute(
        select(environments, func.coalesce(counted.c.assets, 0).label("assets"))
        .outerjoin(counted, counted.c.environment == environments.c.name)
        .order_by(environments.c.name)
    )
    return [Environment(row.name, row.serial, row.assets, row.created_at) for row in rows]


def environment_pointers(connection: Connection, environment: str) -> dict[Address, Pointer]:
    rows = connection.execute(
        select(pointers.c.address, pointers.c.version_id, pointers.c.inputs)
        .where(pointers.c.environment == environment)
        .order_by(pointers.c.address)
    )
    return {
        parse_address(address): Pointer(version_id, inputs_from_text(inputs)) for address, version_id, inputs in rows
    }


def versions_of(connection: Connection, ids: Iterable[str]) -> dict[str, Version]:
    """Whole versions by id; unknown ids are left out."""
    rows = [row for some in _chunks(ids) for row in connection.execute(select(versions).where(versions.c.id.in_(some)))]
    return {version.id: version for version in _decoded(connection, rows)}


def history(connection: Connection, address: Address, limit: int) -> list[Version]:
    """The versions ever made of an asset, in any environment and under names it had before, newest first."""
    names, waiting = set[str](), {str(address)}
    while waiting:
        names |= waiting
        listed = connection.execute(select(versions.c.parts).where(versions.c.address.in_(waiting))).scalars()
        # What was recorded under a new name lists files in the folder of the old one.
        waiting = {str(address_of_part(part)) for text in listed for part in parts_from_text(text)} - names
    rows = connection.execute(
        select(versions)
        .where(versions.c.address.in_(names))
        .order_by(versions.c.created_at.desc(), versions.c.id)
        .limit(limit)
    ).all()
    return _decoded(connection, rows)


def ids_of_other_code(connection: Connection, code: str) -> list[str]:
    """The versions whose fingerprints say that another code than `code` computed them."""
    says = versions.c.fingerprint.like("_" * len(code) + "-%")
    other = versions.c.fingerprint.not_like(f"{code}-%")
    return list(connection.execute(select(versions.c.id).where(says, other).order_by(versions.c.id)).scalars())


def confirmed_inputs(connection: Connection, ids: Iterable[str]) -> dict[str, tuple[InputVersion, ...]]:
    """What each version that an environment points to is known to be right for; see `Pointer`."""
    rows = (
        row
        for some in _chunks(ids)
        for row in connection.execute(
            select(pointers.c.version_id, pointers.c.inputs).where(pointers.c.version_id.in_(some))
        )
    )
    return {version_id: inputs_from_text(inputs) for version_id, inputs in rows}


def ids_by_key(connection: Connection, keys: Iterable[str] | None = None) -> dict[str, str]:
    """The newest version of every key, or of each of `keys`: nothing but two short columns."""
    newest_last = select(versions.c.key, versions.c.id).order_by(versions.c.created_at, versions.c.id)
    if keys is None:
        return {row.key: row.id for row in connection.execute(newest_last)}
    some_at_once = _chunks(keys)
    return {
        key: version_id
        for some in some_at_once
        for key, version_id in connection.execute(newest_last.where(versions.c.key.in_(some)))
    }


def confirmed_elsewhere(connection: Connection, environment: str) -> dict[Confirmed, str]:
    """What all other environments show, by what it is known to be right for."""
    rows = connection.execute(
        select(pointers.c.address, versions.c.fingerprint, versions.c.build, pointers.c.inputs, pointers.c.version_id)
        .join(versions, versions.c.id == pointers.c.version_id)
        .where(pointers.c.environment != environment)
        .order_by(pointers.c.environment, pointers.c.address)
    )
    return {Confirmed(parse_address(address), *meaning): version_id for address, *meaning, version_id in rows.all()}


def versions_by_key(connection: Connection, keys: Iterable[str]) -> dict[str, Version]:
    """The newest version of each of `keys` that has one."""
    found: dict[str, Version] = {}
    for some in _chunks(keys):
        rows = connection.execute(
            select(versions).where(versions.c.key.in_(some)).order_by(versions.c.created_at, versions.c.id)
        ).all()
        found.update((version.key, version) for version in _decoded(connection, rows))
    return found


def audits_of(connection: Connection, ids: Iterable[str]) -> dict[str, tuple[Audit, ...]]:
    """The audits of each version that has any."""
    rows = (
        row for some in _chunks(ids) for row in connection.execute(select(audits).where(audits.c.version_id.in_(some)))
    )
    found: dict[str, list[Audit]] = defaultdict(list)
    for row in rows:
        audit = Audit(
            row.version_id, row.checks_fingerprint, row.passed, row.run_id, row.at, inputs_from_text(row.inputs)
        )
        found[row.version_id].append(audit)
    return {version_id: tuple(some) for version_id, some in found.items()}


def proofs_of(connection: Connection, ids: Iterable[str]) -> dict[str, tuple[Proof, ...]]:
    """The same, with no more than planning needs."""
    return _proofs(
        row for some in _chunks(ids) for row in connection.execute(select(*_PROOF).where(audits.c.version_id.in_(some)))
    )


def peaks(connection: Connection, addresses: Iterable[Address], each: int) -> dict[Address, int]:
    """Of the `each` latest makings of every asset, the least memory that is known to have been enough.

    What else ran in the process counts in it, so the least of several says most.
    """
    rank = func.row_number().over(partition_by=versions.c.address, order_by=versions.c.created_at.desc()).label("rank")
    found: dict[Address, int] = {}
    for some in _chunks(str(address) for address in addresses):
        made = (
            select(versions.c.address, versions.c.peak_memory, rank)
            .where(versions.c.address.in_(some), versions.c.peak_memory.is_not(None))
            .subquery()
        )
        least = func.min(made.c.peak_memory)
        question = select(made.c.address, least).where(made.c.rank <= each).group_by(made.c.address)
        found |= {parse_address(address): peak for address, peak in connection.execute(question)}
    return found


def pasts(connection: Connection, addresses: Iterable[Address], each: int) -> dict[Address, tuple[Past, ...]]:
    """What is known of the `each` latest makings of every asset, newest first.

    Views took nothing and are left out; so are those that wrote nothing, but only say something else of the same parts.
    """
    rank = func.row_number().over(partition_by=versions.c.address, order_by=versions.c.created_at.desc()).label("rank")
    its_task = (
        (tasks.c.run_id == versions.c.run_id)
        & (tasks.c.address == versions.c.address)
        & (tasks.c.version_id == versions.c.id)
    )
    took = func.coalesce(tasks.c.seconds, versions.c.seconds).label("took")
    rows: list[Row[Any]] = []
    for some in _chunks(str(address) for address in addresses):
        # Ranked by id alone: the texts of all versions ever made are long.
        made = select(versions.c.id, rank).where(versions.c.address.in_(some), versions.c.build != "view").subquery()
        latest = (
            select(*(versions.c[name] for name in _OF_A_PAST), took, tasks.c.verb)
            .join(made, made.c.id == versions.c.id)
            .outerjoin(tasks, its_task)
            .where(made.c.rank <= each)
            .order_by(made.c.rank)
        )
        rows += connection.execute(latest)
    counted = rows_of(connection, (read.version_id for row in rows for read in inputs_from_text(row.inputs)))
    found: dict[Address, list[Past]] = defaultdict(list)
    before = _version_before(rows)
    for row in rows:
        parts = parts_from_text(row.parts)
        written = [part for part in parts if version_of_part(part) == row.id]
        # What came may have been written together with all that was there.
        if len(written) == len(parts) and row.verb != "extend":
            past = Past(row.rows, row.bytes, row.took, _was_read(row, counted))
        elif written:
            size = sum(part.bytes for part in written)
            past = Past(sum(part.rows for part in written), size, row.took, _was_new(row, before.get(row.id)), True)
        else:
            continue
        found[parse_address(row.address)].append(past)
    return {address: tuple(some) for address, some in found.items()}


def seconds_of_operators(
    connection: Connection, addresses: Collection[Address], run_ids: Collection[str], latest: int
) -> dict[Address, tuple[float, ...]]:
    """How long each operator took where it was done in one of `run_ids`, or of the `latest` runs; newest first.

    What was done is found by its runs: of each, the state is asked once, however many operators there are.
    """
    newest = connection.execute(select(runs.c.id).order_by(runs.c.started_at.desc()).limit(latest)).scalars()
    wanted = {str(address): address for address in addresses}
    found: dict[Address, list[float]] = defaultdict(list)
    for some in _chunks(sorted({*run_ids, *newest}, reverse=True)):
        done = (
            select(tasks.c.address, tasks.c.seconds)
            .where(tasks.c.run_id.in_(some), tasks.c.verb == "do", tasks.c.outcome == "done")
            .order_by(tasks.c.run_id.desc())
        )
        for written, seconds in connection.execute(done):
            if (address := wanted.get(written)) is not None:
                found[address].append(seconds)
    return {address: tuple(seconds) for address, seconds in found.items()}


def _version_before(rows: Iterable[Row[Any]]) -> dict[str, Row[Any]]:
    """For each of these rows, newest first, the one of the same asset that was made before it."""
    before: dict[str, Row[Any]] = {}
    newer: dict[str, str] = {}
    for row in rows:
        if row.address in newer:
            before[newer[row.address]] = row
        newer[row.address] = row.id
    return before


def _was_new(row: Row[Any], before: Row[Any] | None) -> int | None:
    """The bytes of the files that a version read and the one before it had not; None where that cannot be told."""
    if before is None or row.source_files == NOTHING:
        return None
    known = {(file.path, file.sha256) for file in source_files_from_text(before.source_files)}
    files = source_files_from_text(row.source_files)
    return sum(file.size for file in files if (file.path, file.sha256) not in known)


def rows_of(connection: Connection, ids: Iterable[str]) -> dict[str, int]:
    """The rows of each version that they were counted of."""
    return {
        row.id: row.rows
        for some in _chunks(ids)
        for row in connection.execute(
            select(versions.c.id, versions.c.rows).where(versions.c.id.in_(some), versions.c.rows.is_not(None))
        )
    }


def _was_read(row: Row[Any], counted: Mapping[str, int]) -> int | None:
    """The rows that a version was made from, or the bytes of its files; None where an input's are not known."""
    if row.source_files != NOTHING:
        return sum(file.size for file in source_files_from_text(row.source_files))
    rows = [counted.get(read.version_id) for read in inputs_from_text(row.inputs)]
    return None if None in rows else sum(number for number in rows if number is not None)


def unreferenced(connection: Connection, before: datetime, kept: Iterable[str] = ()) -> list[Published]:
    """Versions made before `before` that nothing shows: no environment, none of `kept`, and no view among these."""
    rows = connection.execute(
        select(
            versions.c.id,
            versions.c.address,
            versions.c.fingerprint,
            versions.c.build,
            versions.c.key,
            versions.c.inputs,
            versions.c.parts,
            versions.c.source_files,
            versions.c.created_at,
        ).order_by(versions.c.created_at, versions.c.id)
    ).all()
    by_id = {row.id: row for row in rows}
    used: set[str] = set()
    waiting = [*connection.execute(select(pointers.c.version_id)).scalars(), *kept]
    while waiting:
        version_id = waiting.pop()
        if version_id in used or version_id not in by_id:
            continue
        used.add(version_id)
        # A table holds its rows itself; a view reads those of its inputs whenever it is read.
        if by_id[version_id].build == "view":
            waiting += [read.version_id for read in inputs_from_text(by_id[version_id].inputs)]
        # What is built bit by bit goes on with the parts of earlier versions, which lie in those versions' folders.
        waiting += [version_of_part(part) for part in parts_from_text(by_id[version_id].parts)]
    return [
        Published(
            parse_address(row.address),
            row.id,
            row.fingerprint,
            row.build,
            row.key,
            row.inputs,
            row.parts,
            row.source_files,
            row.inputs,
        )
        for row in rows
        if row.id not in used and row.created_at < before
    ]


def all_stored(connection: Connection) -> list[Published]:
    """Every version there is, oldest first."""
    columns = ("address", "id", "fingerprint", "build", "key", "inputs", "parts", "source_files", "inputs")
    rows = connection.execute(select(versions).order_by(versions.c.created_at, versions.c.id)).mappings()
    return [Published(parse_address(row["address"]), *(row[name] for name in columns[1:])) for row in rows]


def _decoded(connection: Connection, rows: Sequence[Row[Any]]) -> list[Version]:
    assets: dict[str, CompiledAsset] = {}
    for some in _chunks({row.definition_id for row in rows}):
        found = connection.execute(select(definitions).where(definitions.c.id.in_(some)))
        assets.update((row.id, definition_from_text(row.asset)) for row in found)
    return [version_from_row(row, assets) for row in rows]


def _proofs(rows: Iterable[Row[*tuple[Any, ...]]]) -> dict[str, tuple[Proof, ...]]:
    found: dict[str, tuple[Proof, ...]] = {}
    for version_id, checks_fingerprint, passed, inputs in rows:
        found[version_id] = (*found.get(version_id, ()), Proof(checks_fingerprint, passed, inputs))
    return found


def _chunks(values: Iterable[str]) -> Iterator[list[str]]:
    distinct = list(dict.fromkeys(values))
    for start in range(0, len(distinct), _AT_ONCE):
        yield distinct[start : start + _AT_ONCE]
