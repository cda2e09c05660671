"""Performs attempts on a Ray cluster: one of this machine's own, or one that others share.

Ray places tasks, watches nodes and scales; what is attempted again, and when, stays the scheduler's.
"""

from __future__ import annotations

import pickle
import secrets
import socket
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from types import ModuleType
from typing import TYPE_CHECKING, Any

from vibepiper_interpreter.compile.compiled import PythonDefinition
from vibepiper_interpreter.compile.compiled_operator import CompiledOperator
from vibepiper_interpreter.executors.ray_worker import Ended, Key, Post, installed, perform_here
from vibepiper_interpreter.run.briefing import Briefing
from vibepiper_interpreter.run.failures import Cancelled, worker_lost
from vibepiper_interpreter.run.ray_here import QUIETLY, import_ray, no_cluster, start_ray
from vibepiper_interpreter.run.session import Say, memory_limit
from vibepiper_interpreter.run.tasks import Report
from vibepiper_interpreter.run.worker import Attempt
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix

if TYPE_CHECKING:
    from vibepiper_spec.model.settings import RaySettings

# How long a cluster may take to answer at its address.
_PATIENCE = 10.0  # seconds
# What is never sent to other nodes.
_EXCLUDED = [".vp/", ".git/", ".venv/", "node_modules/", "__pycache__/"]


class RayExecutor:
    """Used from the scheduler's thread; Ray's answers come in threads of its own."""

    def __init__(self, workers: int | None, settings: RaySettings, briefing: Briefing, say: Say) -> None:
        """Raises DiagnosticError where Ray is not installed (VP830), or no cluster answers (VP831)."""
        self._ray = _require_ray()
        self._say = say
        self._lock = threading.Lock()
        self._running: dict[Key, tuple[Any, Future[Report]]] = {}
        # Letters of attempts that have not ended, and ends whose letters have not all come.
        self._letters: dict[Key, int] = {}
        self._ends: dict[Key, Ended] = {}
        # Where Ray shows its cluster, if it does.
        self.dashboard: str | None = None
        self._began_cluster = not self._ray.is_initialized()
        if self._began_cluster:
            self.dashboard = _connect(self._ray, settings, briefing, workers)
        resources = self._ray.cluster_resources()
        self.workers = workers or max(1, int(resources.get("CPU", 1)))
        self._run_id = briefing.run_id
        # Two runs of two projects may share a cluster, and a process may be connected to it already.
        self._post_name = f"vibepiper {briefing.run_id} {secrets.token_hex(4)}"
        post = self._ray.remote(Post).options(num_cpus=0, name=self._post_name)
        self._post = post.remote(installed(), pickle.dumps(briefing))
        # What performs attempts that claim the same; to make one takes as long as to send an attempt.
        self._perform: dict[tuple[Any, ...], Any] = {}
        threading.Thread(target=self._read_letters, name="ray-letters", daemon=True).start()

    def submit(self, attempt: Attempt) -> Future[Report]:
        key = attempt.address, attempt.number
        future: Future[Report] = Future()
        claims = _claims(attempt)
        # Ray's own way to pickle knows of more than we send, and takes several times as long.
        processors = claims["num_cpus"] or 1
        task = self._performing(claims).remote(self._run_id, self._post_name, pickle.dumps(attempt), processors)
        with self._lock:
            self._running[key] = task, future
            self._letters[key] = 0
        task.future().add_done_callback(lambda done: self._ended(attempt, done))
        return future

    def _performing(self, claims: Mapping[str, Any]) -> Any:
        key = *(claims.get(name) for name in ("num_cpus", "memory", "num_gpus")), *claims.get("resources", {}).items()
        if key not in self._perform:
            self._perform[key] = self._ray.remote(perform_here).options(max_retries=0, **claims)
        return self._perform[key]

    def abandon(self, attempt: Attempt) -> None:
        with self._lock:
            running = self._running.pop((attempt.address, attempt.number), None)
        if running is not None:
            self._ray.cancel(running[0], force=True)

    def stop(self) -> None:
        with self._lock:
            running = [*self._running.values()]
            self._running.clear()
        for task, future in running:
            self._ray.cancel(task, force=True)
            future.set_exception(Cancelled())

    def shutdown(self, patience: float | None = None) -> None:
        self.stop()
        if self._ray.is_initialized():
            self._ray.kill(self._post)
            if self._began_cluster:
                self._ray.shutdown()

    def _ended(self, attempt: Attempt, done: Future[Any]) -> None:
        """In a thread of Ray's. What came of it is known; what it told before may still be on its way."""
        key = attempt.address, attempt.number
        error = done.exception()
        if error is not None:
            self._finish(key, self._lost(attempt, error))
            return
        ended: Ended = pickle.loads(done.result())
        with self._lock:
            if self._letters.get(key, 0) < ended.letters:
                self._ends[key] = ended
                return
        self._finish(key, ended)

    def _read_letters(self) -> None:
        while True:
            try:
                letters = self._ray.get(self._post.take.remote())
            except Exception:
                return  # the executor was shut down, and the actor with it
            for key, told in letters:
                for each in told:
                    self._say(*each)
                with self._lock:
                    if key not in self._letters:
                        continue
                    self._letters[key] += 1
                    ended = self._ends.get(key)
                    if ended is None or self._letters[key] < ended.letters:
                        continue
                    del self._ends[key]
                self._finish(key, ended)

    def _finish(self, key: Key, ended: Ended) -> None:
        with self._lock:
            running = self._running.pop(key, None)
            self._letters.pop(key, None)
        if running is None:
            return  # it was given up
        for each in ended.told:
            self._say(*each)
        if isinstance(ended.end, BaseException):
            running[1].set_exception(ended.end)
        else:
            running[1].set_result(ended.end)

    def _lost(self, attempt: Attempt, error: BaseException) -> Ended:
        """The worker or its node is gone, or could not begin: Ray's own words say how."""
        words = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        if isinstance(error, self._ray.exceptions.RaySystemError | self._ray.exceptions.RuntimeEnvSetupError):
            found = _cannot_begin(words)
        else:
            found = worker_lost(attempt.task.subject, f"Ray says {type(error).__name__}, {words}")
        return Ended(Report("failed", diagnostics=(found,), failure="infrastructure"), [], 0)


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


def _require_ray() -> ModuleType:
    try:
        return import_ray()
    except ImportError as error:
        raise DiagnosticError(
            Diagnostic(
                "VP830",
                "The executor `ray` needs the package `ray`, which is not installed here.",
                fix=Fix("Install it: `pip install 'vibepiper[ray]'`, or run without: `--executor threads`."),
            )
        ) from error


def _connect(ray: ModuleType, settings: RaySettings, briefing: Briefing, workers: int | None) -> str | None:
    """The address of its dashboard, where it has one."""
    if settings.address is None:
        context = start_ray(ray, workers)
    else:
        context = _join(ray, settings.address, _runtime_env(settings, briefing))
    return f"http://{context.dashboard_url}" if context.dashboard_url else None


def _join(ray: ModuleType, address: str, runtime_env: Mapping[str, Any]) -> Any:
    try:
        _knock(address)
        return ray.init(address=address, runtime_env=dict(runtime_env), **QUIETLY)
    except Exception as error:  # of many kinds, and none of them documented
        raise DiagnosticError(no_cluster(ray, address, error)) from error


def _runtime_env(settings: RaySettings, briefing: Briefing) -> dict[str, Any]:
    """What workers on other machines may not have: the project's own code, and packages."""
    sends = settings.send_code and briefing.runs_python
    found: dict[str, Any] = {"working_dir": str(briefing.root), "excludes": _EXCLUDED} if sends else {}
    return {**found, "pip": [*settings.pip]} if settings.pip else found


def _knock(address: str) -> None:
    """Ray itself would try for minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE).close()


def _cannot_begin(words: str) -> Diagnostic:
    return Diagnostic(
        "VP832",
        f"A Ray worker could not begin: {words}",
        fix=Fix(
            "Install VibePiper and what the project needs on all nodes, or name what is missing in "
            "`[executor.ray] pip`."
        ),
    )
