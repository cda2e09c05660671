"""The state as the other parts use it: a thin door to reading, writing and leases."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from vibepiper_interpreter.run.result import CheckResult
from vibepiper_interpreter.state import descent, forgetting, operator_results, past, reading, runs, schedules, writing
from vibepiper_interpreter.state.database import Database, database_time
from vibepiper_interpreter.state.lease import Lease, ask_to_stop, overtaken, take_lease
from vibepiper_interpreter.state.operator_past import OperatorPast, operator_past
from vibepiper_interpreter.state.operator_result import OperatorResult
from vibepiper_interpreter.state.published import Confirmed, Proof, Published
from vibepiper_interpreter.state.records import (
    Audit,
    Batch,
    Environment,
    Past,
    Pointer,
    PublishingRun,
    RunRecord,
    RunSummary,
)
from vibepiper_interpreter.state.sight import Sight, see
from vibepiper_interpreter.storage.version import InputVersion, Version
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import DiagnosticError

if TYPE_CHECKING:
    from vibepiper_interpreter.plan.plan import Plan
    from vibepiper_interpreter.state.backup import Backup, Note


class State:
    """What has been applied. Every method is one transaction; all may be called from several threads.

    `id` binds a storage root and saved plans to this state. `name` is how messages call it.
    """

    def __init__(self, database: Database, state_id: str) -> None:
        self.id = state_id
        self.name = database.name
        self._database = database

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> State:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def read_only(self) -> bool:
        """Whether this process may only read it; then whatever writes raises VP714."""
        return self._database.read_only

    def back_up(self, file: Path) -> Note:
        """Write all of it to `file`, as it is at one moment. VP715 where another file would be overwritten."""
        from vibepiper_interpreter.state.backup import write_backup  # seldom needed

        return write_backup(self._database, self.id, file)

    def put_back(self, backup: Backup, new_id: str) -> None:
        """Become what `backup` holds, under `new_id`. The caller holds the lease of every environment."""
        from vibepiper_interpreter.state.backup import put_back

        put_back(backup, self._database, new_id)
        self.id = new_id

    # Environments

    def environments(self) -> list[Environment]:
        with self._database.reading() as connection:
            return reading.all_environments(connection)

    def pointers_at(self, environment: str, serial: int) -> dict[Address, Pointer]:
        """Where the environment pointed when it stood at `serial`."""
        with self._database.reading() as connection:
            return past.pointers_at(connection, environment, serial)

    def published_at(self, environment: str, address: Address) -> datetime | None:
        """When the environment was last pointed to another version of an asset; None where it does not show it."""
        with self._database.reading() as connection:
            return past.published_at(connection, environment, address)

    def serial_at(self, environment: str, time: datetime) -> int:
        """The serial at which the environment stood at `time`; 0 before its first publish."""
        with self._database.reading() as connection:
            return past.serial_at(connection, environment, time)

    def forgotten_serial(self, environment: str) -> int:
        """Where the environment stood before this serial is not known any more; 0: all is."""
        with self._database.reading() as connection:
            return forgetting.forgotten_serial(connection, environment)

    def moves_since(self, environment: str, serial: int) -> tuple[PublishingRun, ...]:
        """The runs that published to the environment after `serial`, newest first."""
        with self._database.reading() as connection:
            return past.publishing_runs(connection, environment, serial)

    def create_environment(self, environment: str) -> None:
        """Make an environment, if it is not there; taking its lease does so too."""
        with self._database.writing() as connection:
            writing.add_environment(connection, environment, database_time(connection))

    def serial(self, environment: str) -> int:
        """How often the environment was published; 0 where it never was."""
        with self._database.reading() as connection:
            return reading.serial(connection, environment)

    def pointers(self, environment: str) -> dict[Address, Pointer]:
        with self._database.reading() as connection:
            return reading.environment_pointers(connection, environment)

    def published(self, environment: str) -> tuple[int, dict[Address, Published], dict[str, tuple[Proof, ...]]]:
        """Serial, published versions, and their proofs by version id: one consistent view, without definitions."""
        sight = self.sight(environment)
        return sight.serial, sight.published(), sight.proofs()

    def sight(self, environment: str) -> Sight:
        """The same, before it is decoded."""
        with self._database.reading() as connection:
            return see(connection, environment)

    # Versions

    def versions(self, ids: Iterable[str]) -> dict[str, Version]:
        """Whole versions by id; unknown ids are left out."""
        with self._database.reading() as connection:
            return reading.versions_of(connection, ids)

    def find_by_key(self, keys: Iterable[str]) -> dict[str, Version]:
        """The newest version of each of `keys` that has one."""
        with self._database.reading() as connection:
            return reading.versions_by_key(connection, keys)

    def ids_by_key(self, keys: Iterable[str] | None = None) -> dict[str, str]:
        """The id of the newest version of each of `keys` that has one; None: of every key there is."""
        with self._database.reading() as connection:
            return reading.ids_by_key(connection, keys)

    def confirmed_elsewhere(self, environment: str) -> dict[Confirmed, str]:
        """The ids of what all other environments show, by what it is known to be right for."""
        with self._database.reading() as connection:
            return reading.confirmed_elsewhere(connection, environment)

    def descends(self, version_id: str, ancestor: str | None) -> bool:
        """Whether a version is `ancestor`, or goes on with it, so that nothing is lost where it takes its place."""
        with self._database.reading() as connection:
            return ancestor is not None and descent.descends(connection, version_id, ancestor)

    def ids_of_other_code(self, code: str) -> list[str]:
        """The versions whose fingerprints another code than `code` computed."""
        with self._database.reading() as connection:
            return reading.ids_of_other_code(connection, code)

    def confirmed_inputs(self, version_ids: Iterable[str]) -> dict[str, tuple[InputVersion, ...]]:
        """What each version that some environment points to is known to be right for."""
        with self._database.reading() as connection:
            return reading.confirmed_inputs(connection, version_ids)

    def refresh(self, versions: Iterable[Version]) -> None:
        """Write anew what a hash of another code stands for: definition, fingerprint and key of these versions."""
        with self._database.writing() as connection:
            writing.refresh_meanings(connection, versions)

    def history(self, address: Address, limit: int = 20) -> list[Version]:
        """The versions ever made of an asset, in any environment, newest first."""
        with self._database.reading() as connection:
            return reading.history(connection, address, limit)

    def pasts(self, addresses: Iterable[Address], each: int = 5) -> dict[Address, tuple[Past, ...]]:
        """What the latest makings of each asset took, newest first."""
        with self._database.reading() as connection:
            return reading.pasts(connection, addresses, each)

    def seconds_of_operators(
        self, addresses: Collection[Address], run_ids: Collection[str], latest: int = 10
    ) -> dict[Address, tuple[float, ...]]:
        """How long each operator took where it was done in one of `run_ids`, or of the `latest` runs; newest first."""
        with self._database.reading() as connection:
            return reading.seconds_of_operators(connection, addresses, run_ids, latest)

    def peaks(self, addresses: Collection[Address], each: int = 5) -> dict[Address, int]:
        """The least memory that one of the latest makings of each asset is known to have taken, in bytes."""
        with self._database.reading() as connection:
            return reading.peaks(connection, addresses, each)

    def rows_of(self, version_ids: Iterable[str]) -> dict[str, int]:
        """The rows of each version that they were counted of."""
        with self._database.reading() as connection:
            return reading.rows_of(connection, version_ids)

    def audits(self, version_ids: Iterable[str]) -> dict[str, tuple[Audit, ...]]:
        """The audits of each version that has any."""
        with self._database.reading() as connection:
            return reading.audits_of(connection, version_ids)

    def proofs(self, version_ids: Iterable[str]) -> dict[str, tuple[Proof, ...]]:
        """The same, with no more than planning needs."""
        with self._database.reading() as connection:
            return reading.proofs_of(connection, version_ids)

    def latest_checks(self, version_id: str) -> list[CheckResult]:
        """How each check of a version ended last."""
        with self._database.reading() as connection:
            return runs.latest_checks(connection, version_id)

    def unreferenced_versions(self, grace: timedelta, horizon: timedelta = timedelta(0)) -> list[Published]:
        """Versions older than `grace` that no environment shows, or has shown within `horizon`, even through a view."""
        with self._database.reading() as connection:
            now = database_time(connection)
            shown = past.shown_since(connection, now - horizon) if horizon else ()
            return reading.unreferenced(connection, now - grace, shown)

    def forget(self, version_ids: Sequence[str]) -> list[str]:
        """Drop versions, except those that are shown by now; tells which were dropped. Delete their files after."""
        with self._database.writing() as connection:
            free = {version.id for version in reading.unreferenced(connection, datetime.max.replace(tzinfo=UTC))}
            dropped = [version_id for version_id in version_ids if version_id in free]
            if dropped:
                writing.delete_versions(connection, dropped)
            return dropped

    def old_runs(self, age: timedelta, gone: Collection[str] = ()) -> set[str]:
        """The runs that ended so long ago, and of which nothing is left, once the versions `gone` are."""
        with self._database.reading() as connection:
            return forgetting.old_runs(connection, database_time(connection) - age, gone)

    def forget_runs(self, age: timedelta) -> int:
        """Drop these, and what else is only known to go back further than `age`; the number of runs."""
        with self._database.writing() as connection:
            before = database_time(connection) - age
            forgetting.forget_moves(connection, before)
            forgetting.forget_runs(connection, old := forgetting.old_runs(connection, before))
        self._database.give_room_back()
        return len(old)

    # Soundness

    def all_stored(self) -> list[Published]:
        """Every version there is, without definitions, oldest first."""
        with self._database.reading() as connection:
            return reading.all_stored(connection)

    def record_checksums(self, checksums: Mapping[str, str]) -> None:
        """Note by path what parts are known by from now on; see `Part.checksum`."""
        with self._database.writing() as connection:
            writing.write_checksums(connection, checksums)

    def contradictions(self) -> list[str]:
        """In words, whatever the state says that cannot be; empty where it is sound."""
        from vibepiper_interpreter.state.soundness import contradictions  # seldom needed

        with self._database.reading() as connection:
            return contradictions(connection)

    # Schedules

    def served_ticks(self, environment: str) -> dict[str, datetime]:
        """By the name of a pipeline, or of an asset with a schedule of its own, its latest tick that was served."""
        with self._database.reading() as connection:
            return schedules.served_ticks(connection, environment)

    def note_served(self, environment: str, ticks: Mapping[str, datetime], run_id: str | None) -> None:
        """Note that schedules have been served until `ticks`, which took `run_id` last; never an earlier tick."""
        with self._database.writing() as connection:
            schedules.note_served(connection, environment, ticks, run_id, database_time(connection))

    # Runs

    def take_lease(self, environment: str, owner: str, wait: float = 0) -> Lease:
        """Become the one that may publish `environment`, within `wait` seconds; VP703 names who else is."""
        return take_lease(self._database, environment, owner, wait)

    def begin_run(self, plan: Plan, owner: str) -> str:
        """Write down what is going to be done, and why; gives the run's id."""
        with self._database.writing() as connection:
            now = database_time(connection)
            run_id = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
            writing.add_environment(connection, plan.environment, now)
            writing.begin_run(connection, run_id, plan, owner, now)
            return run_id

    def record(self, batch: Batch) -> None:
        """Write what a run has made and seen so far, whole or not at all."""
        with self._database.writing() as connection:
            writing.write_batch(connection, batch)

    def publish(
        self,
        lease: Lease,
        expected_serial: int,
        changes: Mapping[Address, Pointer | None],
        run_id: str,
        components: Mapping[Address, int] | None = None,
    ) -> int:
        """Move the pointers of the lease's environment, all or none; gives the new serial. None drops an asset.

        `components` notes which component of the plan each asset is of: several may be complete at the same time.

        VP704 where the lease is no longer ours, or somebody has moved the environment past `expected_serial`.
        """
        with self._database.writing() as connection:
            lease.guard(connection)
            serial = reading.serial(connection, lease.environment)
            if serial != expected_serial:
                raise DiagnosticError(overtaken(lease.environment, expected_serial, serial))
            now = database_time(connection)
            writing.move_pointers(connection, lease.environment, serial + 1, changes, run_id, components or {}, now)
            return serial + 1

    def record_operators(
        self, lease: Lease, results: Sequence[OperatorResult], begun: Collection[Address] = ()
    ) -> None:
        """Write down that task operators of the lease's environment, or items of them, have ended well; those that have
        `begun` another time count as not done from now on. All of it, or nothing.

        VP704 where the lease is no longer ours: then somebody else may have done it meanwhile.
        """
        with self._database.writing() as connection:
            lease.guard(connection)
            if begun:
                operator_results.forget(connection, lease.environment, begun)
            if results:
                operator_results.write(connection, lease.environment, results)

    def ask_to_cancel(self, run_id: str, by: str) -> RunSummary:
        """Ask a run to stop, wherever it goes on; `by` is who asks. What it gives is how the run stands now.

        `running`: it was asked, and stops within seconds. `interrupted`: its process is gone. Else it has ended by
        itself. VP707 where there is no such run.
        """
        with self._database.writing() as connection:
            found = runs.summary(connection, run_id, database_time(connection))
            if found.status == "running" and not ask_to_stop(connection, found.environment, by):
                return replace(found, status="interrupted")
            return found

    def forget_items(self, lease: Lease, address: Address, but: Collection[str]) -> None:
        """Drop what is known of items of a task operator, but for these and the whole. VP704 as above."""
        with self._database.writing() as connection:
            lease.guard(connection)
            operator_results.forget_items(connection, lease.environment, address, but)

    def operator_items(self, environment: str, address: Address) -> dict[str, OperatorResult]:
        """What one operator has done, by the key of its item; of the whole, by the empty text."""
        with self._database.reading() as connection:
            found = operator_results.results_of(connection, environment, address)
        return {result.item: result for result, _ in found}

    def untouched_operators(self, age: timedelta) -> set[Address]:
        """The operators that have done nothing for so long, in any environment, and of which something is known."""
        with self._database.reading() as connection:
            return operator_results.untouched_since(connection, database_time(connection) - age)

    def forget_operators(self, addresses: Collection[Address]) -> None:
        """Drop all that is known of these; nobody else may write it meanwhile: the caller holds all leases."""
        with self._database.writing() as connection:
            operator_results.forget_everywhere(connection, addresses)

    def finish_run(self, run_id: str, status: str, seconds: float) -> None:
        """Say how a run ended: succeeded, failed or cancelled."""
        with self._database.writing() as connection:
            writing.finish_run(connection, run_id, status, seconds, database_time(connection))

    def runs(self, limit: int = 20, environment: str | None = None) -> list[RunSummary]:
        """The latest runs, newest first."""
        with self._database.reading() as connection:
            return runs.latest_runs(connection, limit, environment, database_time(connection))

    def run(self, run_id: str) -> RunRecord:
        """The run whose id is `run_id`, or begins so where only one does. VP707 where there is none."""
        with self._database.reading() as connection:
            return runs.run(connection, run_id, database_time(connection))

    def operator_past(self, environment: str, address: Address) -> OperatorPast:
        """What a task operator has done in `environment`, and how its last run ended."""
        with self._database.reading() as connection:
            return operator_past(connection, environment, address, database_time(connection))

    def run_summary(self, run_id: str) -> RunSummary:
        """The same in a line, without all that happened in it."""
        with self._database.reading() as connection:
            return runs.summary(connection, run_id, database_time(connection))
