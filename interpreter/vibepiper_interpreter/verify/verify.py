"""Verifies a state and its storage, and writes down what it learned of the parts."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from vibepiper_interpreter.state import Published
from vibepiper_interpreter.state.store import State
from vibepiper_interpreter.storage import Storage
from vibepiper_interpreter.storage.version import Part, version_of_part
from vibepiper_interpreter.verify.finding import Finding, FindingKind, Verified
from vibepiper_interpreter.verify.parts import Condition, changed_checksums, examine_parts
from vibepiper_spec.address import Address
from vibepiper_spec.model.settings import DEFAULT_ENVIRONMENT

# A folder younger than this may belong to an apply that runs now.
_GRACE = 3_600.0  # seconds
_RESTORE = "Restore a backup: `vp state restore FILE`. Without one, delete the state and the storage, and apply."

# By version id, the environments that show it.
Shown = Mapping[str, Collection[str]]


def verify_state(state: State, storage: Storage, *, content: bool = True, record: bool = True) -> Verified:
    """Look at every reference in `state` and every part in `storage`.

    With `record` the state keeps the checksums of parts that had none, and that a part is damaged: from then on it
    counts as lost, until a later verification finds it whole again.
    """
    known = state.all_stored()
    shown = _shown(state, known)
    # Several versions may be made of the same part.
    parts = {part.path: part for version in known for part in version.parts}
    conditions = {each.part.path: each for each in examine_parts(parts.values(), storage, content=content)}
    if any(each.state != "whole" for each in conditions.values()):
        # What was cleaned away meanwhile is no loss.
        still = {version.id for version in state.all_stored()}
        known = [version for version in known if version.id in still]
    findings = [Finding("state", "error", words, _RESTORE) for words in state.contradictions()]
    if not findings:
        findings += _unchecked(state)  # it reads definitions, which must be sound for that
    findings += _about_parts(known, conditions, shown)
    findings += _orphans(known, parts.values(), storage)
    changed = changed_checksums(conditions.values())
    if record and changed:
        state.record_checksums(changed)
    return Verified(
        tuple(findings),
        versions=len(known),
        parts=len(parts),
        bytes=sum(part.bytes for part in parts.values()),
        compared=sum(each.how == "compared" for each in conditions.values()),
        read=sum(each.how == "read" for each in conditions.values()),
        recorded=bool(record and changed),
    )


def _shown(state: State, known: Iterable[Published]) -> Shown:
    """The versions that environments show, and those that views among them read whenever they are read."""
    views = {version.id: version.shows for version in known}
    shown: dict[str, set[str]] = defaultdict(set)
    for environment in state.environments():
        waiting = [pointer.version_id for pointer in state.pointers(environment.name).values()]
        while waiting:
            version_id = waiting.pop()
            if environment.name not in shown[version_id]:
                shown[version_id].add(environment.name)
                waiting += [read.version_id for read in views.get(version_id, ())]
    return shown


def _about_parts(known: Iterable[Published], conditions: Mapping[str, Condition], shown: Shown) -> Iterable[Finding]:
    """One finding a part, however many versions go on with it."""
    wrong: dict[str, Address] = {}
    environments: dict[str, set[str]] = defaultdict(set)
    for version in known:
        for part in version.parts:
            if conditions[part.path].state != "whole":
                wrong[part.path] = version.address
                environments[part.path] |= set(shown.get(version.id, ()))
    for path, address in wrong.items():
        found = conditions[path]
        kind: FindingKind = "lost" if found.state == "lost" else "damaged"
        words, names = f"`{path}` {found.words}", tuple(sorted(environments[path]))
        if names:
            others = "".join(f"; in `{name}` with `--env {name}`" for name in names if name != DEFAULT_ENVIRONMENT)
            yield Finding(kind, "error", words, f"`vp apply` makes it anew{others}.", address, names)
        else:
            fix = "No environment shows it; only going back to it is no longer possible. `vp clean` forgets it."
            yield Finding(kind, "warning", words, fix, address)


def _unchecked(state: State) -> Iterable[Finding]:
    """What is published though no audit of its checks has passed."""
    for environment in state.environments():
        sight = state.sight(environment.name)
        published, proofs = sight.published(), sight.proofs()
        missing = [each.id for each in published.values() if not any(proof.passed for proof in proofs.get(each.id, ()))]
        for version in state.versions(missing).values():
            if any(check.severity == "error" for check in version.asset.checks):
                words = "it is published, and nothing says that it has passed its checks"
                fix = f"`vp apply --env {environment.name}` checks it."
                yield Finding("unchecked", "error", words, fix, version.address, (environment.name,))


def _orphans(known: Iterable[Published], parts: Iterable[Part], storage: Storage) -> Iterable[Finding]:
    """Folders that no version and no part of one is in."""
    used = {version.id for version in known} | {version_of_part(part) for part in parts}
    unknown = storage.unknown(used, time.time() - _GRACE)
    if unknown:
        held = sum(each.bytes for each in unknown)
        folders = "1 folder" if len(unknown) == 1 else f"{len(unknown):,} folders"
        words = f"{folders} in the storage, {held:,} bytes, left by interrupted runs"
        yield Finding("orphan", "note", words, "`vp clean` deletes what nothing needs.")
