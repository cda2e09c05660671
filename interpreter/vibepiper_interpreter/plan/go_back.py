"""Going back: the plan that puts an environment's pointers where they stood at an earlier serial."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from vibepiper_interpreter.plan.draft import StorageHas
from vibepiper_interpreter.plan.plan import Action, Plan, Reason
from vibepiper_interpreter.plan.planner import engine_version
from vibepiper_interpreter.plan.readable import FilesUnchanged, unreadable
from vibepiper_interpreter.state import Pointer
from vibepiper_interpreter.storage.version import Version
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix

if TYPE_CHECKING:
    from vibepiper_interpreter.state import State
    from vibepiper_interpreter.state.records import PublishingRun

_NAMED = 5  # assets that a message names before it only counts
_KEEP_MORE = Fix(
    "Go back to a later time, or build it from the specs of then: check them out and apply. "
    'To keep more in the future, raise `undo_horizon` under `[state]` in vp.toml, such as "30d".'
)


def plan_undo(
    state: State,
    environment: str,
    run_id: str | None,
    *,
    now: datetime | None = None,
    storage_has: StorageHas,
    files_unchanged: FilesUnchanged,
) -> Plan:
    """Back to what was published before a run (None: the latest that published anything); later ones are undone too.

    VP713 where the run has published nothing here. VP712 where what was there before cannot be read any more.
    """
    moves = state.moves_since(environment, 0)
    undone = moves[0] if moves and run_id is None else next((move for move in moves if move.run_id == run_id), None)
    if undone is None:
        behind = run_id is not None and _lies_behind(state, environment, run_id, moves)
        raise DiagnosticError(_forgotten(environment) if behind else _nothing_to_undo(environment, run_id))
    later = [move.run_id for move in moves if move.serial > undone.serial]
    purpose = f"goes back to before run {undone.run_id}"
    if later:
        purpose += f", and so undoes {_counted(len(later), 'later run')} too ({', '.join(later[:_NAMED])})"
    return _plan(state, environment, undone.serial - 1, purpose, now, storage_has, files_unchanged)


def plan_as_of(
    state: State,
    environment: str,
    time: datetime,
    *,
    now: datetime | None = None,
    storage_has: StorageHas,
    files_unchanged: FilesUnchanged,
) -> Plan:
    """Back to what was published at `time`. VP713 where nothing was; VP712 as for `plan_undo`."""
    serial = state.serial_at(environment, time)
    if serial == 0 and not state.forgotten_serial(environment):
        raise DiagnosticError(_nothing_then(environment, time))
    purpose = f"goes back to {_clock(time)}"
    return _plan(state, environment, serial, purpose, now, storage_has, files_unchanged)


def require_readable(
    plan: Plan, state: State, storage_has: StorageHas, files_unchanged: FilesUnchanged
) -> dict[str, Version]:
    """The versions that `plan` goes back to. VP712 where they are not all there."""
    wanted = {action.version_id: action.address for action in plan.actions if action.version_id is not None}
    if gone := unreadable(wanted, state, storage_has, files_unchanged):
        raise DiagnosticError(_gone(sorted({wanted[version_id] for version_id in gone}), plan.environment))
    return state.versions(wanted)


def _lies_behind(state: State, environment: str, run_id: str, moves: Iterable[PublishingRun]) -> bool:
    """Whether a run began before everything that is known of the environment's past; whether it published is not."""
    forgotten = state.forgotten_serial(environment)
    if not forgotten:
        return False
    began = state.run(run_id).summary.started_at
    return all(began < move.at for move in moves if move.serial > forgotten)


def _plan(
    state: State,
    environment: str,
    serial: int,
    purpose: str,
    now: datetime | None,
    storage_has: StorageHas,
    files_unchanged: FilesUnchanged,
) -> Plan:
    if serial < state.forgotten_serial(environment):
        raise DiagnosticError(_forgotten(environment))
    created_at = (now or datetime.now(UTC)).astimezone(UTC)
    stands_at = state.serial(environment)
    before, today = state.pointers_at(environment, serial), state.pointers(environment)
    wanted = _differing(before, today)
    versions = state.versions(wanted | _differing(today, before))
    if missing := wanted - versions.keys():
        raise DiagnosticError(_gone(_shown_by(before, missing), environment))
    actions = tuple(_actions(before, today, versions))
    plan = Plan(
        id=sha256(f"{state.id} {environment} {stands_at} {serial} {created_at.isoformat()}".encode()).hexdigest()[:16],
        created_at=created_at,
        environment=environment,
        serial=stands_at,
        digest="",  # it does not follow from the specs
        engine_version=engine_version(),
        state_id=state.id,
        actions=actions,
        assets={action.address: versions[action.version_id or action.keeps or ""].asset for action in actions},
        pointers={},
        variables={},
        unchanged=len(before) - sum(action.verb != "remove" for action in actions),
        purpose=purpose,
        goes_back=True,
    )
    require_readable(plan, state, storage_has, files_unchanged)
    return plan


def _actions(
    before: Mapping[Address, Pointer], today: Mapping[Address, Pointer], versions: Mapping[str, Version]
) -> Iterable[Action]:
    for address in sorted(before.keys() | today.keys()):
        then, now = before.get(address), today.get(address)
        if then == now:
            continue
        keeps = None if now is None else now.version_id
        if then is None:
            reason = Reason("removed", "it was not published then")
            yield Action(address, "remove", (reason,), keeps=keeps)
            continue
        if then.version_id == keeps:
            words = "the same version, as made from the inputs of then"
        else:
            words = f"back to what was made on {_clock(versions[then.version_id].created_at)}"
        yield Action(
            address,
            "repoint",
            (Reason("returned", words),),
            keeps=keeps,
            version_id=then.version_id,
            restores=then.inputs,
        )


def _differing(pointers: Mapping[Address, Pointer], others: Mapping[Address, Pointer]) -> set[str]:
    """The versions of those pointers that are not the same in `others`."""
    return {pointer.version_id for address, pointer in pointers.items() if others.get(address) != pointer}


def _shown_by(pointers: Mapping[Address, Pointer], version_ids: set[str]) -> list[Address]:
    return [address for address, pointer in pointers.items() if pointer.version_id in version_ids]


def _gone(addresses: Sequence[Address], environment: str) -> Diagnostic:
    names = ", ".join(f"`{address}`" for address in addresses[:_NAMED])
    more = f" and {len(addresses) - _NAMED:,} more" if len(addresses) > _NAMED else ""
    return Diagnostic(
        "VP712",
        f"The versions of {names}{more} that `{environment}` showed then cannot be read any more: they were cleaned "
        "away, their files are lost, or the files they read in place have changed. Nothing was moved.",
        fix=_KEEP_MORE,
    )


def _forgotten(environment: str) -> Diagnostic:
    return Diagnostic(
        "VP712",
        f"What `{environment}` showed then lies behind the undo horizon, and `vp clean` has forgotten it. Nothing was "
        "moved.",
        fix=_KEEP_MORE,
    )


def _nothing_to_undo(environment: str, run_id: str | None) -> Diagnostic:
    if run_id is None:
        return Diagnostic("VP713", f"Nothing was ever published to `{environment}`, so there is nothing to undo.")
    return Diagnostic(
        "VP713",
        f"The run {run_id} has published nothing to `{environment}`, so there is nothing to undo.",
        fix=Fix("`vp runs` lists the runs; `vp runs show ID` tells what one has published."),
    )


def _nothing_then(environment: str, time: datetime) -> Diagnostic:
    return Diagnostic(
        "VP713",
        f"Nothing was published in `{environment}` yet on {_clock(time)}, so there is nothing to go back to.",
        fix=Fix("Name a later time; `vp runs` tells when things were published. A time without a zone is UTC."),
    )


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _clock(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
