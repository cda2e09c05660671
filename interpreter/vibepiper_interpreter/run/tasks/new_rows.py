"""Puts only the new rows of a version to the rules on single rows: the others have passed them already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vibepiper_interpreter.checks import Checked, is_row_rule, run_checks
from vibepiper_interpreter.compile.compiled import Check
from vibepiper_interpreter.run.relations import qualified
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.task import Task
from vibepiper_interpreter.storage.table_query import table_query
from vibepiper_interpreter.storage.version import Version


def check_new_rows(session: RunSession, task: Task, version: Version, checks: Sequence[Check]) -> Checked:
    """All checks of a version that goes on with `task.keeps`; rules on the whole table see the whole table."""
    cursor = session.cursor()
    before = set() if task.keeps is None else {part.path for part in task.keeps.parts}
    new = tuple(part for part in version.parts if part.path not in before)
    fresh = replace(version, parts=new, rows=sum(part.rows for part in new))
    relation = f"({table_query(fresh, session.storage)}) AS new_rows" if new else qualified(version.address)
    of_rows = [check for check in checks if is_row_rule(check)]
    of_table = [check for check in checks if not is_row_rule(check)]
    results = {
        result.check: result
        for checked in (
            run_checks(cursor, relation, fresh, of_rows),
            run_checks(cursor, qualified(version.address), version, of_table),
        )
        for result in checked.results
    }
    return Checked(tuple(results[check.id] for check in checks))
