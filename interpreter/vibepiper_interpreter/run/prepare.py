"""Makes a task of an action, once all that it reads has come to its end."""

from __future__ import annotations

from collections.abc import Mapping

from vibepiper_interpreter.compile.compiled import CompiledAsset
from vibepiper_interpreter.plan.plan import Action
from vibepiper_interpreter.run.run import Run
from vibepiper_interpreter.run.standing import Standing
from vibepiper_interpreter.run.tasks import Task
from vibepiper_interpreter.storage.recorded import ColumnNames, recorded_as, taken_by_slices, under_new_names
from vibepiper_interpreter.storage.version import InputVersion, Version
from vibepiper_interpreter.storage.version_key import version_key
from vibepiper_spec.address import Address


def prepare(
    run: Run,
    action: Action,
    asset: CompiledAsset,
    standing: Standing,
    renames: Mapping[Address, ColumnNames],
    resumes: Version | None = None,
) -> Task:
    """All that a worker is given to do `action`. `renames` are the columns of assets that get another name in the run:
    what was read of them is compared under the new one. `resumes` is what an earlier attempt has finished of it."""
    versions = standing.versions
    keeps = None if action.keeps is None else versions.get(action.keeps)
    if keeps is not None and action.records:
        keeps = taken_by_slices(recorded_as(keeps, asset, action.renames), action.takes)
    inputs = standing.inputs(asset)
    if action.verb == "recheck":
        existing = keeps
    elif action.version_id is not None:
        existing = versions[action.version_id]
    else:
        existing = None if standing.reads_what_was_made(asset) else _made_before(run, action, asset, inputs)
    return Task(
        action=action,
        asset=asset,
        inputs=inputs,
        confirmed={
            condition.input: under_new_names(versions[condition.confirmed], renames.get(condition.input, ()))
            for condition in action.conditions
            if condition.confirmed is not None and condition.confirmed in versions
        },
        keeps=keeps,
        existing=existing,
        base=_base(action, keeps, versions),
        resumes=resumes,
        reads=standing.read_by(asset),
    )


def _base(action: Action, keeps: Version | None, versions: Mapping[str, Version]) -> Version | None:
    """What the slices of `action` are made beside."""
    if action.base is not None:
        return versions[action.base]
    return keeps if action.verb in ("fill", "extend") else None


def _made_before(run: Run, action: Action, asset: CompiledAsset, inputs: Mapping[Address, Version]) -> Version | None:
    """The version that an earlier run made of the same.

    The planner looks for such versions too; only an input that it could not foresee is worth another look.
    """
    restated = any(reason.code == "restated" for reason in action.reasons)
    if asset.rebuild_always or restated or not action.after:
        return None
    if asset.settings is not None:
        return None  # what it goes on with is the plan's to say
    read = tuple(InputVersion(address, version.id) for address, version in inputs.items())
    key = version_key(asset, read, action.source_files)
    found = run.state.find_by_key([key]).get(key)
    if found is None or not run.storage.has(found):
        return None
    failed = any(not audit.passed for audit in run.state.audits([found.id]).get(found.id, ()))
    return None if failed else found
