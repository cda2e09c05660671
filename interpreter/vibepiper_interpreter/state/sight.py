"""What an environment shows, as the rows that planning compares: the one question that every plan asks.

A SQLite file is asked here without SQLAlchemy, whose import takes longer than a plan in which nothing has changed.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from vibepiper_interpreter.state.network_disk import network_file_system
from vibepiper_interpreter.state.operator_result import OperatorResult
from vibepiper_interpreter.state.published import Proof, Published
from vibepiper_interpreter.state.revisions import REVISIONS
from vibepiper_interpreter.state.rows import parse_address
from vibepiper_spec.address import Address

if TYPE_CHECKING:
    from sqlalchemy import Connection

# The same text for both databases, whoever asks. In the order of `Published`, and of `Proof` behind the version's id.
_IDENTITY = "select id from identity"
_SERIAL = "select serial from environments where name = :environment"
_PUBLISHED = """
select p.address, p.version_id, v.fingerprint, v.build, v.key, p.inputs, v.parts, v.source_files, v.inputs, v.built
from pointers as p join versions as v on v.id = p.version_id
where p.environment = :environment
order by p.address
"""
_PROOFS = """
select a.version_id, a.checks_fingerprint, a.passed, a.inputs
from audits as a join pointers as p on p.version_id = a.version_id
where p.environment = :environment
"""
# In the order of `OperatorResult`.
_OPERATORS = """
select address, item, fingerprint, outcome, inputs, outputs, run_id
from operator_results
where environment = :environment
order by address, item
"""

DEFAULT_FILE = ".vp/state.sqlite"
_PATIENCE = 2.0  # seconds; who must wait longer takes the long road, which waits and explains


@dataclass(frozen=True, slots=True)
class Sight:
    """One consistent view of an environment. Nothing is decoded before it is asked for."""

    state_id: str
    environment: str
    serial: int  # 0 where it was never published
    published_rows: tuple[tuple[Any, ...], ...]
    proof_rows: tuple[tuple[Any, ...], ...]
    operator_rows: tuple[tuple[Any, ...], ...] = ()

    def published(self) -> dict[Address, Published]:
        return {(address := parse_address(name)): Published(address, *rest) for name, *rest in self.published_rows}

    def proofs(self) -> dict[str, tuple[Proof, ...]]:
        """By version id."""
        found: dict[str, tuple[Proof, ...]] = {}
        for version_id, checks_fingerprint, passed, inputs in self.proof_rows:
            found[version_id] = (*found.get(version_id, ()), Proof(checks_fingerprint, bool(passed), inputs))
        return found

    def operator_results(self) -> dict[tuple[Address, str], OperatorResult]:
        """What task operators have done, by address and item."""
        found = [OperatorResult.from_row(*row) for row in self.operator_rows]
        return {(result.address, result.item): result for result in found}

    def digest(self) -> str:
        """Of all that is seen: equal digests, equal sights."""
        told = (self.published_rows, self.proof_rows, self.operator_rows)
        seen = (self.state_id, self.environment, self.serial, *told)
        return sha256(repr(seen).encode("utf-8", "surrogatepass")).hexdigest()


def see(connection: Connection, environment: str) -> Sight:
    """What `environment` shows, of a state of today's schema."""
    from sqlalchemy import text

    def rows(statement: str) -> tuple[tuple[Any, ...], ...]:
        return tuple(map(tuple, connection.execute(text(statement), {"environment": environment}).all()))

    ((state_id,),) = connection.execute(text(_IDENTITY)).all()
    return Sight(state_id, environment, _first(rows(_SERIAL)), rows(_PUBLISHED), rows(_PROOFS), rows(_OPERATORS))


def glance_at(root: Path, url: str | None, environment: str) -> Sight | None:
    """The same of the state that `open_state_at` opens; None where it takes more than a look to see or to explain."""
    path = root / DEFAULT_FILE
    if url is not None:
        return None
    writable = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    if not writable or network_file_system(path.parent):
        return None
    try:
        # Not read-only: SQLite has to make, and to clear away, the files beside its own.
        database = f"file:{quote(str(path.resolve()))}?mode=rw"
        with closing(sqlite3.connect(database, uri=True, timeout=_PATIENCE, isolation_level=None)) as connection:
            connection.execute("begin")
            if connection.execute("select version_num from alembic_version").fetchall() != [(REVISIONS[-1],)]:
                return None
            named = {"environment": environment}
            ((state_id,),) = connection.execute(_IDENTITY).fetchall()
            serial = _first(connection.execute(_SERIAL, named).fetchall())
            published, proofs, operators = (
                tuple(connection.execute(statement, named).fetchall())
                for statement in (_PUBLISHED, _PROOFS, _OPERATORS)
            )
            return Sight(state_id, environment, serial, published, proofs, operators)
    except (sqlite3.Error, ValueError):
        return None


def _first(rows: Any) -> int:
    return rows[0][0] if rows else 0
