"""What is known of one asset, from its spec and from what is published: what `vp show` shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vibepiper_interpreter.compile.compiled import CompiledAsset, CompiledProject, Input
from vibepiper_interpreter.plan.plan import Action, Plan
from vibepiper_interpreter.run.result import CheckResult
from vibepiper_interpreter.state import State
from vibepiper_interpreter.storage.version import Version
from vibepiper_spec.address import Address

# unknown: the specs have errors, so nobody can tell.
Status = Literal["up to date", "out of date", "perhaps out of date", "not published", "left the specs", "unknown"]


@dataclass(frozen=True, slots=True)
class AssetStatus:
    """`asset` is as the specs say; as it was published, where the specs cannot be compiled or have lost it."""

    asset: CompiledAsset
    status: Status
    reasons: tuple[str, ...]  # why it is out of date, in words
    inputs: tuple[Input, ...]
    readers: tuple[Input, ...]  # each with the columns of this asset it uses
    published: Version | None
    checks: tuple[CheckResult, ...]  # the last outcome of each, for the published version


def asset_status(
    address: Address, project: CompiledProject, plan: Plan | None, state: State, environment: str
) -> AssetStatus:
    pointer = state.pointers(environment).get(address)
    version = state.versions([pointer.version_id]).get(pointer.version_id) if pointer else None
    asset = project.assets.get(address) or (version.asset if version else None)
    if asset is None:
        raise ValueError(f"{address} is neither in the specs nor published")
    readers = tuple(
        Input(reader.address, read.columns)
        for reader in project.assets.values()
        for read in reader.inputs
        if read.address == address
    )
    action = next((action for action in plan.actions if action.address == address), None) if plan else None
    return AssetStatus(
        asset,
        "unknown" if plan is None else _status(action, published=version is not None),
        tuple(reason.words for reason in action.reasons) if action else (),
        asset.inputs,
        readers,
        version,
        tuple(state.latest_checks(version.id)) if version else (),
    )


def _status(action: Action | None, *, published: bool) -> Status:
    if action is None:
        return "up to date"
    if action.verb == "remove":
        return "left the specs"
    if not published:
        return "not published"
    return "perhaps out of date" if action.expected == "keep" else "out of date"
