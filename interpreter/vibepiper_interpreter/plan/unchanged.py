"""Remembers what a plan that found nothing to do was decided from: found the same, it need not be decided again.

Such a plan follows from four things: the compiled project, what the environment shows (with what operators have done in
it), the files of the sources, and the parts in the storage. The first two are compared by their hashes, the others are
looked at again.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from vibepiper_interpreter.compile.code_version import code_version
from vibepiper_interpreter.compile.compiled import Compiled, CompiledAsset
from vibepiper_interpreter.compile.serial import asset_from_json, asset_to_json
from vibepiper_interpreter.local_cache import LocalCache
from vibepiper_interpreter.plan.draft import ListFiles, StorageHas
from vibepiper_interpreter.plan.notes import notes
from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.plan.planner import engine_version, plan_id
from vibepiper_interpreter.state import Published, Sight

_CACHE_KIND = "unchanged"
# What becomes of these follows from those four things alone. What hangs on the clock, or on a system outside, does not.
_BUILDS = frozenset(("table", "view"))
_KINDS = frozenset(("source", "sql", "python"))


def remember_unchanged(plan: Plan, compiled: Compiled, sight: Sight, list_files: ListFiles, cache: LocalCache) -> None:
    """Note that `plan`, which was decided from just these, is empty; nothing is noted of another one."""
    if not plan.empty or plan.selection or plan.warnings or not compiled.identity:
        return
    assets, published = compiled.project.assets, sight.published()
    if plan.notes != notes(compiled.project, published):
        return  # it has more to say than what is known then
    if not all(_is_timeless(asset) and _is_shown(asset, published.get(address)) for address, asset in assets.items()):
        return
    sources = [asset for asset in assets.values() if asset.kind == "source"]
    seen = [[asset_to_json(asset), _content(asset, list_files)] for asset in sources]
    cache.put(_CACHE_KIND, _key(compiled, sight), json.dumps([sight.digest(), seen]).encode())


def recall_unchanged(
    compiled: Compiled, sight: Sight, list_files: ListFiles, storage_has: StorageHas, cache: LocalCache
) -> Plan | None:
    """The plan without actions, where it is known that making one would find nothing to do."""
    if not compiled.identity:
        return None
    known = cache.get(_CACHE_KIND, _key(compiled, sight))
    if known is None:
        return None
    digest, sources = json.loads(known)
    if digest != sight.digest():
        return None
    if any(_content(asset_from_json(source), list_files) != files for source, files in sources):
        return None
    published = sight.published().values()
    if not all(map(storage_has, published)) or _show_others(published):
        return None
    project, now, engine = compiled.project, datetime.now(UTC), engine_version()
    return Plan(
        id=plan_id(project.digest, sight.state_id, sight.environment, sight.serial, engine, now, ()),
        created_at=now,
        environment=sight.environment,
        serial=sight.serial,
        digest=project.digest,
        engine_version=engine,
        state_id=sight.state_id,
        actions=(),
        assets={},
        pointers={},
        variables=project.variables,
        unchanged=len(project.assets),
        not_due=len(project.operators),
        notes=notes(project, sight.published()),
    )


def _key(compiled: Compiled, sight: Sight) -> str:
    return sha256(json.dumps([code_version(), compiled.identity, sight.environment]).encode()).hexdigest()


def _is_timeless(asset: CompiledAsset) -> bool:
    return asset.kind == "source" or (asset.kind in _KINDS and asset.build in _BUILDS)


def _content(asset: CompiledAsset, list_files: ListFiles) -> list[list[Any]]:
    """What is looked at of the files of a source: their times only where these tell what is new."""
    timed = asset.cursor is not None and asset.cursor.by == "modified"
    return [[file.path, file.sha256, file.modified_ns if timed else 0] for file in list_files(asset)]


def _is_shown(asset: CompiledAsset, published: Published | None) -> bool:
    return published is not None and (published.fingerprint, published.build) == (asset.fingerprint, asset.build)


def _show_others(published: Collection[Published]) -> bool:
    """Whether a view shows a version that the environment has moved on from: whether that can be read is not seen."""
    ids = {version.id for version in published}
    return any(read.version_id not in ids for version in published for read in version.shows)
