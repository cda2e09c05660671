"""Brings rows into a table again and again, as a run does, without the files and plans around it.

Values are SQL literals, and rows are compared as the texts that DuckDB prints: -0.0, NaN and NULL look as they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from tests.run.conftest import Project

from vibepiper_interpreter.compile.build_settings import BuildSettings
from vibepiper_interpreter.compile.compiled import Column, CompiledAsset
from vibepiper_interpreter.compile.table_columns import table_columns
from vibepiper_interpreter.plan.plan import Action
from vibepiper_interpreter.run.briefing import Briefing
from vibepiper_interpreter.run.journal import Journal
from vibepiper_interpreter.run.python.planned_code import PlannedCode
from vibepiper_interpreter.run.run import Run
from vibepiper_interpreter.run.session import EngineShare, RunSession, open_session
from vibepiper_interpreter.run.small_tables import SmallTables
from vibepiper_interpreter.run.tasks.deltas import Incoming, bring_in
from vibepiper_interpreter.run.tasks.staging import Folder
from vibepiper_interpreter.run.tasks.task import Task
from vibepiper_interpreter.storage import new_version_id
from vibepiper_interpreter.storage.table_query import table_query
from vibepiper_interpreter.storage.version import Version

Row = tuple[str, ...]
NULL = "∅"  # there are texts that read NULL


@contextmanager
def session_in(project: Project) -> Iterator[RunSession]:
    project.pipeline('[sql.made]\nquery = "select 1 as a"\n')
    run = Run(
        "run", project.plan(), project.root, project.settings, project.state, project.storage, Journal("run", None)
    )
    briefing = Briefing.of(run, {})
    session = open_session(briefing, run.say, PlannedCode(project.root), SmallTables(), EngineShare())
    try:
        yield session
    finally:
        session.close()


@dataclass
class Table:
    """What one asset shows, and what came to it so far."""

    session: RunSession
    asset: CompiledAsset
    given: tuple[Column, ...]
    version: Version | None = None
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    _made: list[Version] = field(default_factory=list)

    @classmethod
    def of(
        cls, project: Project, session: RunSession, columns: Sequence[tuple[str, str]], settings: BuildSettings
    ) -> Table:
        given = tuple(Column(*column) for column in columns)
        made = next(iter(project.plan().assets.values()))
        asset = replace(made, settings=settings, columns=table_columns(given, settings), given=given)
        return cls(session, asset, given)

    def bring(self, rows: Sequence[Row]) -> bool:
        """Bring rows of literals in; whether anything changed."""
        cursor = self.session.cursor()
        columns = ", ".join(f'CAST(NULL AS {column.type}) AS "{column.name}"' for column in self.given)
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE came AS SELECT {columns} WHERE false")
        for row in rows:
            values = ", ".join(f"CAST({value} AS {column.type})" for value, column in zip(row, self.given, strict=True))
            cursor.execute(f"INSERT INTO came SELECT {values}")
        return self.bring_relation()

    def bring_relation(self) -> bool:
        """Bring in the rows of the table `came` in the session."""
        self.session.now = self.now
        action = Action(self.asset.address, "create" if self.version is None else "extend", ())
        task = Task(action, self.asset, {}, {}, self.version, None)
        version_id = new_version_id()
        directory = self.session.storage.directory(self.asset.address, version_id)
        directory.mkdir(parents=True)
        folder = Folder(directory, f"{self.asset.address.pipeline}/{self.asset.address.name}/{version_id}")
        brought = bring_in(self.session, task, folder, self.version, Incoming("came", self.given))
        left = {path.name for path in directory.iterdir()}
        if brought is None:
            assert left == set()
            return False
        assert left == {Path(part.path).name for part in brought.parts if version_id in part.path}
        self.version = Version(
            id=version_id,
            asset=self.asset,
            key=version_id,
            inputs=(),
            columns=self.asset.columns,
            parts=brought.parts,
            source_files=(),
            rows=brought.rows,
            bytes=0,
            seconds=0,
            peak_memory=None,
            run_id="run",
            created_at=self.now,
        )
        self._made.append(self.version)
        assert brought.rows == sum(self.rows().values())
        return True

    def rows(self, version: Version | None = None) -> Counter[Row]:
        """What the table holds, or held in an earlier version, as text."""
        shown = version or self.version
        assert shown is not None
        query = table_query(shown, self.session.storage)
        return self.as_text(f"({query})")

    def as_text(self, relation: str) -> Counter[Row]:
        found = self.session.cursor().execute(f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM {relation} AS shown").fetchall()
        return Counter(tuple(NULL if value is None else value for value in row) for row in found)

    def texts(self, rows: Sequence[Row], columns: Sequence[Column] | None = None) -> list[Row]:
        """Rows of literals as their texts, in order."""
        kinds = [column.type for column in columns or self.given]
        found = []
        for row in rows:
            values = ", ".join(
                f"CAST(CAST({value} AS {kind}) AS VARCHAR)" for value, kind in zip(row, kinds, strict=True)
            )
            [texts] = self.session.cursor().execute(f"SELECT {values}").fetchall()
            found.append(tuple(NULL if text is None else text for text in texts))
        return found
