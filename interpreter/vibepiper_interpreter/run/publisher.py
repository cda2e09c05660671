"""Writes what a run has made to the state, in batches, and publishes every component that is complete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from vibepiper_interpreter.plan.plan import Action
from vibepiper_interpreter.run.operator_records import OperatorRecords
from vibepiper_interpreter.run.result import CheckResult, TaskResult
from vibepiper_interpreter.run.run import Run
from vibepiper_interpreter.state.lease import Lease
from vibepiper_interpreter.state.records import AttemptRecord, Audit, Batch, Pointer
from vibepiper_interpreter.storage.version import InputVersion, Version
from vibepiper_spec.address import Address


@dataclass(slots=True)
class _Component:
    """What publishes together. `because` is the asset that failed first, if one did."""

    open: int = 0
    because: Address | None = None
    addresses: list[Address] = field(default_factory=list)
    changes: dict[Address, Pointer | None] = field(default_factory=dict)
    carries: list[tuple[Address, InputVersion]] = field(default_factory=list)


class Publisher:
    """Used from the scheduler's thread only. Nothing is in the state, and nothing published, before `flush`."""

    def __init__(
        self,
        run: Run,
        lease: Lease,
        pointers: Mapping[Address, Pointer],
    ) -> None:
        self._run = run
        self._lease = lease
        self._serial = run.plan.serial
        # As this run moves them.
        self._pointers = dict(pointers)
        self._components: dict[int, _Component] = {}
        for action in run.plan.actions:
            if action.verb == "do":
                continue
            component = self._components.setdefault(action.component, _Component())
            component.open += 1
            component.addresses.append(action.address)
        self._complete: list[int] = []
        self._versions: list[Version] = []
        self._audits: list[Audit] = []
        self._attempts: list[AttemptRecord] = []
        self._checks: list[CheckResult] = []
        self._settled: list[TaskResult] = []
        self.operators = OperatorRecords(run, lease)
        self.results: dict[Address, TaskResult] = {}
        self.versions: dict[str, Version] = {}
        self.published_anything = False

    def made(self, version: Version) -> None:
        self._versions.append(version)
        self.versions[version.id] = version

    def attempted(self, attempt: AttemptRecord) -> None:
        self._attempts.append(attempt)

    def audited(self, audit: Audit, checks: tuple[CheckResult, ...]) -> None:
        self._audits.append(audit)
        self._checks += checks

    def succeeded(self, action: Action, result: TaskResult, pointer: Pointer | None) -> None:
        """`action` is done; when its component is, the asset points to `pointer` (None: nowhere any more)."""
        component = self._components[action.component]
        if action.verb == "remove" or pointer != self._pointers.get(action.address):
            component.changes[action.address] = pointer
        if action.moved_from is not None:
            component.changes[action.moved_from] = None
        if pointer is not None:
            confirmed = InputVersion(action.address, pointer.version_id)
            component.carries += [(reader, confirmed) for reader in action.carries]
        self._close_one(action, result)

    def failed(self, action: Action, result: TaskResult, because: Address) -> None:
        """`action` failed, or was skipped because `because` did: its component will not publish."""
        component = self._components[action.component]
        if component.because is None:
            component.because = because
        self._close_one(action, result)

    def settled(self, result: TaskResult) -> None:
        """An operator has come to its end: it publishes nothing, and holds nothing back."""
        self.operators.ended(result.address)
        self.results[result.address] = result
        self._settled.append(result)

    def pointer(self, address: Address) -> Pointer | None:
        """Where the environment points for an asset by now."""
        return self._pointers.get(address)

    def pending(self) -> int:
        """How much `flush` would write."""
        return len(self._versions) + len(self._settled) + len(self._complete)

    def flush(self, *, publish: bool = True) -> None:
        """Write all that was made; then publish the complete components, unless told not to.

        Raises VP704, before anything is published, where the right to publish is gone.
        """
        if publish:
            self.operators.write()
        self._run.storage.sync(self._versions)
        self._write()
        if publish and self._complete:
            self._publish()
        if self._settled:
            self._write()

    def publish_complete(self) -> None:
        """The same, where a component is complete: what comes next is to see it published."""
        if self._complete:
            self.flush()

    def close(self) -> None:
        """Settle what was never published, and write the last events."""
        for number in self._complete:
            self._settle(number, published=False)
        self._complete.clear()
        self._write()

    def _close_one(self, action: Action, result: TaskResult) -> None:
        self.results[action.address] = result
        component = self._components[action.component]
        component.open -= 1
        if component.open:
            return
        if component.because is None:
            self._complete.append(action.component)
            return
        self._run.journal.tell(
            "held_back",
            component=action.component,
            addresses=[str(address) for address in component.addresses],
            because=str(component.because),
        )
        self._settle(action.component, published=False)

    def _settle(self, number: int, *, published: bool) -> None:
        component = self._components[number]
        for address in component.addresses:
            result = self.results[address]
            because = result.because
            if not published and component.because is not None and result.outcome not in ("failed", "skipped"):
                because = f"held back: `{component.because}` failed"
            self.results[address] = replace(result, published=published, because=because)
            self._settled.append(self.results[address])

    def _publish(self) -> None:
        """All complete components in one transaction: each is whole, so together they are."""
        changes: dict[Address, Pointer | None] = {}
        numbers: dict[Address, int] = {}
        for number in self._complete:
            component = self._components[number]
            for address, pointer in component.changes.items():
                changes[address], numbers[address] = pointer, number
            for reader, confirmed in component.carries:
                carried = changes.get(reader) or self._pointers.get(reader)
                if carried is not None:
                    changes[reader] = _confirming(carried, confirmed)
                    numbers.setdefault(reader, number)
        if changes:
            self._serial = self._run.state.publish(self._lease, self._serial, changes, self._run.id, numbers)
            self.published_anything = True
        for address, pointer in changes.items():
            if pointer is None:
                self._pointers.pop(address, None)
            else:
                self._pointers[address] = pointer
        for number in self._complete:
            addresses = [str(address) for address in self._components[number].addresses]
            self._run.journal.tell("published", component=number, addresses=addresses)
            self._settle(number, published=True)
        self._complete.clear()

    def _write(self) -> None:
        self._run.state.record(
            Batch(
                run_id=self._run.id,
                versions=tuple(self._versions),
                audits=tuple(self._audits),
                tasks=tuple(self._settled),
                attempts=tuple(self._attempts),
                checks=tuple(self._checks),
                events=self._run.journal.take(),
            )
        )
        for written in (self._versions, self._audits, self._settled, self._attempts, self._checks):
            written.clear()


def _confirming(pointer: Pointer, confirmed: InputVersion) -> Pointer:
    """The same pointer, known to be right for a newer version of one input."""
    return Pointer(
        pointer.version_id,
        tuple(confirmed if read.address == confirmed.address else read for read in pointer.inputs),
    )
