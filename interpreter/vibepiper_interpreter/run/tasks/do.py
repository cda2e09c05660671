"""How an action is done: by its verb, and what is built, by what the asset is and how it is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from vibepiper_interpreter.compile.build_settings import Append, History, Intervals, Merge, Partitions
from vibepiper_interpreter.compile.compiled import Kind
from vibepiper_interpreter.run.conditions import Conditions
from vibepiper_interpreter.run.failures import changed_while_read
from vibepiper_interpreter.run.relations import changed_file
from vibepiper_interpreter.run.session import RunSession
from vibepiper_interpreter.run.tasks.adopt import adopt
from vibepiper_interpreter.run.tasks.build_delta import build_delta
from vibepiper_interpreter.run.tasks.build_partitions import build_partitions
from vibepiper_interpreter.run.tasks.build_python import build_python
from vibepiper_interpreter.run.tasks.build_slices import build_slices
from vibepiper_interpreter.run.tasks.build_source import build_source
from vibepiper_interpreter.run.tasks.build_sql import build_sql
from vibepiper_interpreter.run.tasks.record import record
from vibepiper_interpreter.run.tasks.task import Report, Task
from vibepiper_interpreter.storage.version import Version
from vibepiper_spec.diagnostics import DiagnosticError

BUILDERS: Mapping[Kind, Callable[[RunSession, Task], Version]] = {
    "source": build_source,
    "sql": build_sql,
    "python": build_python,
}


def do(session: RunSession, conditions: Conditions, task: Task) -> Report:
    """What `task` comes to, before any check: a version that is made, found, recorded anew, or kept."""
    verb = task.action.verb
    if verb == "adopt":
        return Report("built", adopt(session, task), made=True)
    if verb == "record" and task.keeps is not None:
        return Report("recorded", record(session, task, task.keeps), made=True)
    report = _build(session, conditions, task)
    if report.outline is not None:
        return report
    if report.outcome in ("built", "kept"):
        _require_unchanged_sources(session, task)
    if report.outcome == "kept" and report.version is not None and task.action.records:
        # The rows stay; the specs say something else about them, which makes a version of its own.
        version = record(session, task, report.version)
        if task.action.takes:
            # Not all of them stay: it is another table, which its checks are to see.
            return Report("recorded", version, made=True)
        report = replace(report, version=version, made=True)
    return report


def _build(session: RunSession, conditions: Conditions, task: Task) -> Report:
    """Something anew, unless what there is will do."""
    settings, source = task.asset.settings, task.asset.kind == "source"
    if task.existing is None and not source:
        # Slice by slice the conditions say what is stale, and not whether anything is done at all.
        if isinstance(settings, Intervals):
            return build_slices(session, conditions, task, settings)
        if isinstance(settings, Partitions):
            return build_partitions(session, conditions, task, settings)
    action, keeps = task.action, task.keeps
    if (
        keeps is not None
        and action.conditions
        and conditions.hold(session, action.conditions, task.confirmed, task.inputs)
    ):
        return Report("kept", keeps, because="its inputs came out equal in the columns it uses")
    if task.existing is not None:
        return Report("rechecked" if action.verb == "recheck" else "repointed", task.existing)
    if isinstance(settings, Append | Merge | History) and not source:
        made = build_delta(session, task)
    else:
        made = BUILDERS[task.asset.kind](session, task)
    if made is None:
        assert keeps is not None
        return Report("kept", keeps, because="nothing in it changed")
    return Report("built", made, made=True, diagnostics=tuple(task.warnings))


def _require_unchanged_sources(session: RunSession, task: Task) -> None:
    """Files that were read in place must still be what their version says, or nobody knows what was read."""
    for version in task.inputs.values():
        changed = changed_file(session.root, session.relations.files_read_in_place(version))
        if changed is not None:
            raise DiagnosticError(changed_while_read(version.asset, changed.path, "changed while it was read"))
