"""Performs attempts on a Ray cluster: one of this machine's own, or one that others share.

Ray places tasks, watches nodes and scales; what is attempted again, and when, stays the scheduler's.
"""

from __future__ import annotations

import pickle
import secrets
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from vibepiper_interpreter.compile.compiled import PythonDefinition
from vibepiper_interpreter.compile.compiled_operator import CompiledOperator
from vibepiper_interpreter.executors.outbox import Ended, Item, Key
from vibepiper_interpreter.executors.ray_batches import Batch, Submitted, Waiting
from vibepiper_interpreter.executors.ray_connection import connect, require_ray
from vibepiper_interpreter.executors.ray_progress import read_progress
from vibepiper_interpreter.executors.ray_worker import (
    Letter,
    Outcome,
    Post,
    installed,
    perform_here,
    progress_file,
)
from vibepiper_interpreter.run.briefing import Briefing
from vibepiper_interpreter.run.failures import Cancelled, worker_lost
from vibepiper_interpreter.run.session import Say, memory_limit
from vibepiper_interpreter.run.tasks import Report
from vibepiper_interpreter.run.worker import Attempt
from vibepiper_interpreter.storage import Storage
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix

if TYPE_CHECKING:
    from vibepiper_spec.model.settings import RaySettings


class RayExecutor:
    """Used from the scheduler's thread; what it submits is sent from a thread, and Ray's answers come in others."""

    def __init__(self, workers: int | None, settings: RaySettings, briefing: Briefing, say: Say) -> None:
        """Raises DiagnosticError where Ray is not installed (VP830), or no cluster answers (VP831)."""
        self._ray = require_ray()
        self._say = say
        self._run_id = briefing.run_id
        self._progress = Storage(briefing.storage).scratch(briefing.run_id)
        # Where Ray shows its cluster, if it does.
        self.dashboard: str | None = None
        self._began_cluster = not self._ray.is_initialized()
        if self._began_cluster:
            self.dashboard = connect(self._ray, settings, briefing, workers)
        resources = self._ray.cluster_resources()
        self.workers = workers or max(1, int(resources.get("CPU", 1)))
        # Two runs of two projects may share a cluster, and a process may be connected to it already.
        self._post_name = f"vibepiper {briefing.run_id} {secrets.token_hex(4)}"
        post = self._ray.remote(Post).options(num_cpus=0, name=self._post_name)
        self._post = post.remote(installed(), pickle.dumps(briefing))
        # What performs attempts that claim the same; to make one takes as long as to send an attempt.
        self._perform: dict[tuple[Any, ...], Any] = {}
        # Holds for all below; notified where something may be sent, or the end has come.
        self._changed = threading.Condition()
        self._waiting = Waiting(self.workers)
        self._batches: dict[int, Batch] = {}
        self._begun = 0
        self._stopped = False
        self._lost: DiagnosticError | None = None
        for name, target in (("ray-sender", self._keep_sending), ("ray-letters", self._read_letters)):
            threading.Thread(target=target, name=name, daemon=True).start()

    def submit(self, attempt: Attempt) -> Future[Report]:
        submitted = Submitted(attempt, _claims(attempt))
        with self._changed:
            if self._lost is not None:
                submitted.future.set_exception(self._lost)
            else:
                self._waiting.add(submitted)
        return submitted.future

    def flush(self) -> None:
        with self._changed:
            self._changed.notify()

    def abandon(self, attempt: Attempt) -> None:
        key = attempt.address, attempt.number
        with self._changed:
            batch = next((each for each in self._batches.values() if key in each.open), None)
            if batch is None:
                return
            # It is alone: what may be given up shares its process with nobody.
            del self._batches[batch.number]
            self._changed.notify()
        self._cancel(batch)

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            batches = [*self._batches.values()]
            self._batches.clear()
            rest = self._waiting.drop_all()
            self._changed.notify()
        for batch in batches:
            self._cancel(batch)
        for submitted in (*rest, *(each for batch in batches for each in batch.open.values())):
            submitted.future.set_exception(Cancelled())

    def shutdown(self, patience: float | None = None) -> None:
        self.stop()
        if self._ray.is_initialized():
            self._ray.kill(self._post)
            if self._began_cluster:
                self._ray.shutdown()

    # Nobody asks Ray for anything while the lock is held. Through a client (`ray://`) whatever is asked is answered by
    # the one thread that also tells of what has ended, and that waits for the lock.

    def _keep_sending(self) -> None:
        try:
            while (batch := self._next()) is not None:
                self._send(batch)
        except Exception as error:  # of Ray's many kinds: nothing more is sent
            self._give_up(error)

    def _next(self) -> Batch | None:
        """What is to be sent next, once there is something; None at the end."""
        with self._changed:
            while not self._stopped:
                together = self._waiting.next(len(self._batches))
                if together:
                    self._begun += 1
                    batch = Batch(self._begun, {each.key: each for each in together})
                    self._batches[batch.number] = batch
                    return batch
                self._changed.wait()
        return None

    def _send(self, batch: Batch) -> None:
        together = [*batch.open.values()]
        claims = together[0].claims
        # Ray's own way to pickle knows of more than we send, and takes several times as long.
        try:
            attempts = pickle.dumps([each.attempt for each in together])
            processors = claims["num_cpus"] or 1
            task = self._performing(claims).remote(self._run_id, self._post_name, batch.number, attempts, processors)
        except Exception as error:  # the scheduler is to have it, in whose thread it would else have been raised
            with self._changed:
                failed = self._batches.pop(batch.number, None) is not None
            for each in together if failed else ():
                each.future.set_exception(error)
            return
        with self._changed:
            batch.task = task
            given_up = batch.number not in self._batches
        if given_up:
            self._cancel(batch)
        task.future().add_done_callback(lambda done: self._ended(batch, done))

    def _cancel(self, batch: Batch) -> None:
        """End what works on it; where it is just being sent, the sender does."""
        if batch.task is not None:
            self._ray.cancel(batch.task, force=True)

    def _performing(self, claims: Mapping[str, Any]) -> Any:
        key = *(claims.get(name) for name in ("num_cpus", "memory", "num_gpus")), *claims.get("resources", {}).items()
        if key not in self._perform:
            self._perform[key] = self._ray.remote(perform_here).options(max_retries=0, **claims)
        return self._perform[key]

    def _ended(self, batch: Batch, done: Future[Any]) -> None:
        """In a thread of Ray's. What came of it is known; what it told before may still be on its way."""
        error = done.exception()
        outcome = self._after_loss(batch, error) if error is not None else pickle.loads(done.result())
        with self._changed:
            batch.outcome = outcome
            self._close_if_complete(batch)

    def _read_letters(self) -> None:
        try:
            while True:
                for letter in self._ray.get(self._post.take.remote()):
                    with self._changed:
                        self._read(letter)
        except Exception as error:  # of Ray's many kinds: nothing that workers tell can come any more
            self._give_up(error)

    def _read(self, letter: Letter) -> None:
        batch = self._batches.get(letter.batch)
        for item in letter.items:
            self._take(batch, item)
        if batch is not None:
            batch.letters += 1
            self._again(batch, letter.back)
            self._close_if_complete(batch)

    def _close_if_complete(self, batch: Batch) -> None:
        if batch.outcome is None or batch.letters < batch.outcome.letters or batch.number not in self._batches:
            return
        for item in batch.outcome.items:
            self._take(batch, item)
        self._again(batch, [*batch.open])
        del self._batches[batch.number]
        if batch.wrote:
            progress_file(self._progress, batch.number).unlink(missing_ok=True)
        self._changed.notify()

    def _take(self, batch: Batch | None, item: Item) -> None:
        if not isinstance(item, Ended):
            self._say(*item)
            return
        submitted = None if batch is None else batch.open.pop(item.key, None)
        if submitted is None:
            return  # it was given up
        self._waiting.learn(item.seconds)
        if isinstance(item.end, BaseException):
            submitted.future.set_exception(item.end)
        else:
            submitted.future.set_result(item.end)

    def _again(self, batch: Batch, keys: Iterable[Key]) -> None:
        """Let another worker have what has not begun."""
        for key in reversed([*keys]):
            submitted = batch.open.pop(key, None)
            if submitted is not None:
                self._waiting.add_again(submitted)
        self._changed.notify()

    def _after_loss(self, batch: Batch, error: BaseException) -> Outcome:
        """The worker or its node is gone, or could not begin: Ray's own words say how.

        What it was at is lost; what had ended has, and the rest has not begun. Where nobody can tell, all is lost.
        """
        found = read_progress(progress_file(self._progress, batch.number)) if batch.wrote else None
        with self._changed:
            submitted = [*batch.open.values()]
        items: list[Item] = []
        for each in submitted:
            if found is not None and each.key in found.ended:
                items.append(found.ended[each.key])
            elif found is None or each.key in found.begun:
                items.append(Ended(each.key, self._loss(each.attempt, error), 0.0))
        return Outcome(items, 0)

    def _loss(self, attempt: Attempt, error: BaseException) -> Report:
        words = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        if isinstance(error, self._ray.exceptions.RaySystemError | self._ray.exceptions.RuntimeEnvSetupError):
            found = _cannot_begin(words)
        else:
            found = worker_lost(attempt.task.subject, f"Ray says {type(error).__name__}, {words}")
        return Report("failed", diagnostics=(found,), failure="infrastructure")

    def _give_up(self, error: BaseException) -> None:
        """Nobody could tell any more when attempts have ended, so the run has to."""
        with self._changed:
            if self._stopped:
                return
            lost = self._lost = DiagnosticError(_cluster_lost(error))
            rest = self._waiting.drop_all()
            rest += [each for batch in self._batches.values() for each in batch.open.values()]
            for each in rest:
                each.future.set_exception(lost)
            for batch in self._batches.values():
                batch.open.clear()


def _claims(attempt: Attempt) -> dict[str, Any]:
    """What the task declares to take, as Ray calls it. Where it says nothing, a processor; and none where it waits for
    other tasks of Ray's, which need those that there are."""
    subject = attempt.task.subject
    function = subject.function if isinstance(subject, CompiledOperator) else subject.definition
    waits = isinstance(function, PythonDefinition) and function.uses_datasets
    found: dict[str, Any] = {"num_cpus": 0 if waits else 1}
    wanted = subject.resources
    if wanted.cpus:
        found["num_cpus"] = wanted.cpus
    if (memory := memory_limit(wanted.memory or None)) is not None:
        found["memory"] = memory
    if wanted.gpus:
        found["num_gpus"] = wanted.gpus
    if wanted.custom:
        found["resources"] = dict(wanted.custom)
    return found


def _cannot_begin(words: str) -> Diagnostic:
    return Diagnostic(
        "VP832",
        f"A Ray worker could not begin: {words}",
        fix=Fix(
            "Install VibePiper and what the project needs on all nodes, or name what is missing in "
            "`[executor.ray] pip`."
        ),
    )


def _cluster_lost(error: BaseException) -> Diagnostic:
    words = str(error).strip().splitlines()[0] if str(error).strip() else ""
    return Diagnostic(
        "VP835",
        f"The Ray cluster does not tell any more what happens on it: {type(error).__name__}, {words}",
        fix=Fix("Look whether the cluster still runs (`ray status`), and apply again: what was made is kept."),
    )
