"""One asset whose slices several workers make: what is there by now, and who makes the rest."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from vibepiper_interpreter.compile.build_settings import Partitions
from vibepiper_interpreter.item_address import item_address
from vibepiper_interpreter.plan.plan import Action
from vibepiper_interpreter.run.fan import Fan
from vibepiper_interpreter.run.tasks import Task
from vibepiper_interpreter.run.tasks.held import Held, put_together
from vibepiper_interpreter.run.tasks.pace import Pace
from vibepiper_interpreter.run.tasks.shares import Gather, Made, Outline, Share
from vibepiper_interpreter.run.tasks.version_of import version_of
from vibepiper_interpreter.storage import Storage, new_version_id
from vibepiper_interpreter.storage.manifest import write_manifest
from vibepiper_interpreter.storage.slices import Built
from vibepiper_interpreter.storage.version import Part, Version
from vibepiper_interpreter.storage.version_key import UNFINISHED
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic


class Gathering:
    """Used from the scheduler's thread only.

    Shares are files in folders of nobody. From time to time those that have come are moved into the folder of a version
    of their own, which the state is told of, so that a kill loses no more than an apply by one worker would.
    """

    def __init__(self, action: Action, task: Task, outline: Outline, storage: Storage, run_id: str) -> None:
        self._task, self._outline, self._storage, self._run_id = task, outline, storage, run_id
        shares = {item_address(action.address, share.key): share for share in outline.shares}
        self.fan: Fan[Share] = Fan.of(action, None, len(shares), shares)
        self._order = (*shares,)
        self.began = time.monotonic()
        self._held = outline.stays
        self._loose: list[Made] = []
        self._pace = Pace()

    def task(self, share: Address) -> Task:
        """The next attempt at what is left of a share."""
        return replace(self._task, stage=self.fan.pieces[share])

    def last_task(self) -> Task:
        """What makes a version of all that is there."""
        return replace(self._task, stage=Gather(self._outline, self._held))

    def add(self, share: Address, made: Made) -> None:
        """Some slices of a share are made: nobody has to make them again."""
        self._loose.append(made)
        self.fan.pieces[share] = self.fan.pieces[share].rest(made.slices)

    def failure(self) -> Diagnostic | None:
        """The one that would have come first, had one worker made all; None where all went well."""
        failed = [self.fan.failed[share] for share in self._order if share in self.fan.failed]
        if len(failed) < 2:
            return failed[0] if failed else None
        others = f"{len(failed) - 1:,} more of its {self.fan.count:,} shares failed"
        return replace(failed[0], notes=(*failed[0].notes, f"{others}; what the others have made is kept."))

    def version(self, *, at_once: bool = False) -> Version | None:
        """What is there by now, where it is time to write it down: some of what is to be made, or all of it."""
        if not self._loose or not (at_once or self._pace.is_due()):
            return None
        version_id = new_version_id()
        directory = self._storage.directory(self._task.asset.address, version_id)
        directory.mkdir(parents=True)
        made = [self._settled(each, directory, number) for number, each in enumerate(self._loose)]
        self._loose.clear()
        self._held = put_together((self._held, *made), self._outline.base)
        parts = tuple(part for part in self._held.parts if part.rows)
        if not parts:
            with suppress(OSError):
                directory.rmdir()  # no version has no parts: nothing but empty slices so far
            return None
        more = (UNFINISHED,) if isinstance(self._task.asset.settings, Partitions) else ()
        self._held = replace(self._held, parts=parts)
        seconds = self._pace.since_recorded()
        version = version_of(self._task, self._run_id, self._held, *more, seconds=seconds, version_id=version_id)
        write_manifest(directory, version)
        self._pace.recorded()
        return version

    def _settled(self, made: Made, directory: Path, number: int) -> Held:
        """The same slices, their files in the folder of a version."""
        parts: list[Part] = []
        folders = set[Path]()
        for each, part in enumerate(made.parts):
            file = directory / f"part-{number}-{each}.parquet"
            before = self._storage.path(part)
            before.replace(file)
            folders.add(before.parent)
            parts.append(replace(part, path=file.relative_to(self._storage.root).as_posix()))
        for folder in folders:
            with suppress(OSError):
                folder.rmdir()
        return Held(
            (*parts, *made.before.parts),
            (*(Built(each, directory.name) for each in made.fresh), *made.before.built),
            made.rows,
        )
