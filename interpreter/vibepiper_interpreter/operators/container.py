"""`[task.container.NAME]`: a command in a container, by Docker or Podman."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vibepiper_interpreter.operators.call import Call, Done, OperatorCancelled, OperatorFailed
from vibepiper_interpreter.operators.ending import seconds_left
from vibepiper_interpreter.operators.failing import whole_notes
from vibepiper_interpreter.operators.output_file import output_file, read_outputs
from vibepiper_interpreter.operators.placing import place_in_text, written
from vibepiper_interpreter.operators.processes import Ended, run_program
from vibepiper_interpreter.operators.shell import resolved_env
from vibepiper_spec.diagnostics import Diagnostic, Fix

if TYPE_CHECKING:
    from vibepiper_spec.model.retry import FailureClass

ENGINES = ("docker", "podman")
# Seconds in which an engine that works says its version.
_ANSWERS_WITHIN = 20.0
_NO_NAME = re.compile(r"[^A-Za-z0-9_.-]")
_OUTPUTS = "/vp"  # where the container finds the folder of `$VP_OUTPUT`
# What a command line shows for what is known only when it is run.
_NAME_SHOWN = "vp-$run_id"
_FOLDER_SHOWN = "$VP_OUTPUT_FOLDER"
_MEANING: Mapping[int, tuple[FailureClass, str]] = {
    75: ("transient", "It says that trying again may help (75 is EX_TEMPFAIL): set `retry`, or apply again."),
    125: (
        "infrastructure",
        "The engine could not start it: see what it says of image, volumes and limits.",
    ),
    126: ("code", "The command may not be executed in that image."),
    127: ("code", "The image holds no such command; a list is run without a shell."),
    137: ("infrastructure", "It was killed: see whether it needs more `memory`."),
}


@dataclass(frozen=True, slots=True)
class ContainerSettings:
    image: str
    command: tuple[str, ...] = ()  # the image's own if empty; `$name` is placed in it as text
    env: Mapping[str, str] = field(default_factory=dict)  # values may be `secret:NAME`
    # `source:target` or `source:target:ro`; a source with a `/` or a dot is a folder below the project.
    volumes: tuple[str, ...] = ()
    network: str | None = None
    memory: int | None = None  # bytes
    cpus: float | None = None
    engine: str | None = None  # `docker` or `podman`; the first that answers if not set


def command_line(
    settings: ContainerSettings,
    inputs: Sequence[str],
    *,
    engine: str | None = None,
    name: str = _NAME_SHOWN,
    outputs: str = _FOLDER_SHOWN,
) -> tuple[str, ...]:
    """The exact command, to be run in the project's folder; as a plan shows it where nothing else is given.

    Of `inputs` and `env` only the names are in it: the engine takes their values from its own environment, so that no
    secret stands in a plan or in a list of processes.
    """
    line = [engine or settings.engine or ENGINES[0], "run", "--rm", "--name", name]
    for variable in sorted({*inputs, *settings.env}):
        line += ["--env", variable]
    line += ["--volume", f"{outputs}:{_OUTPUTS}", "--env", f"VP_OUTPUT={_OUTPUTS}/output"]
    for volume in settings.volumes:
        line += ["--volume", _as_path(volume)]
    if settings.network is not None:
        line += ["--network", settings.network]
    if settings.memory is not None:
        line += ["--memory", str(settings.memory)]
    if settings.cpus is not None:
        line += ["--cpus", f"{settings.cpus:g}"]
    # What follows is never an option: not even an image or a word that begins with `-`.
    return (*line, "--", settings.image, *settings.command)


def container(call: Call, settings: ContainerSettings) -> Done:
    """Run the command; its outputs are what it writes to `$VP_OUTPUT`. Raises OperatorFailed (VP812, VP817, VP818)."""
    engine = find_engine(call, settings.engine)
    name = _NO_NAME.sub("-", f"vp-{call.run_id}-{call.address}-{os.urandom(4).hex()}")
    with output_file() as outputs:
        # Whoever the container runs as is to be able to write there; the folder above is for this user alone.
        outputs.chmod(0o666)
        command = command_line(settings, call.inputs, engine=engine, name=name, outputs=str(outputs.parent))
        words = len(command) - len(settings.command)
        command = (*command[:words], *(place_in_text(word, call.values) for word in command[words:]))
        environment = {**os.environ, **_inputs(call), **resolved_env(call, settings.env)}
        with _gone_afterwards(engine, name):
            try:
                ended = run_program(call, command, environment=environment, folder=call.root)
            except (OSError, ValueError) as error:
                system = isinstance(error, OSError) and error.errno != errno.E2BIG
                why = error.strerror if isinstance(error, OSError) else "a value holds a NUL character"
                raise OperatorFailed(
                    Diagnostic("VP818", f"`{engine}` was not started: {why}."), "infrastructure" if system else "data"
                ) from error
        if ended.status != 0:
            raise _failed(settings, ended)
        return Done(read_outputs(outputs))


def find_engine(call: Call, wanted: str | None) -> str:
    """The engine that answers. Raises OperatorFailed (VP817) with what each of them said where none does."""
    silent = []
    for engine in (wanted,) if wanted else ENGINES:
        if shutil.which(engine) is None:
            continue
        left = seconds_left(call)
        try:
            asked = subprocess.run(
                [engine, "version"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_ANSWERS_WITHIN if left is None else min(_ANSWERS_WITHIN, left),
            )
        except subprocess.TimeoutExpired as error:
            if left is not None and left < _ANSWERS_WITHIN:
                raise OperatorCancelled from error
            silent.append(f"{engine}: it does not answer")
            continue
        except OSError as error:
            silent.append(f"{engine}: {error.strerror}")
            continue
        if asked.returncode == 0:
            return engine
        said = [line for line in asked.stderr.splitlines() if line.strip()]
        silent.append(f"{engine}: {said[0] if said else f'exit status {asked.returncode}'}")
    if silent:
        why = "none of the engines answers" if len(silent) > 1 else "the engine does not answer"
    else:
        programs = f"is no `{wanted}`" if wanted else "is neither `docker` nor `podman`"
        why = f"there {programs} on the `PATH`"
    raise OperatorFailed(
        Diagnostic(
            "VP817",
            f"No container was started: {why}.",
            fix=Fix("Start the engine, or install Docker or Podman; `vp plan` shows the exact command line."),
            notes=whole_notes(silent),
        ),
        "infrastructure",
    )


@contextmanager
def _gone_afterwards(engine: str, name: str) -> Iterator[None]:
    """An engine's client that is killed leaves its container running: that is taken away by its name."""
    try:
        yield
    except OperatorCancelled:
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):  # an engine that does not answer removes nothing
            subprocess.run(
                [engine, "rm", "--force", name],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_ANSWERS_WITHIN,
                check=False,
            )
        raise


def _inputs(call: Call) -> dict[str, str]:
    return {name: written(call.values[name]) for name in call.inputs}


def _as_path(volume: str) -> str:
    """Engines take a relative source for the name of a volume, unless it begins with a dot."""
    source, colon, rest = volume.partition(":")
    if source.startswith(("/", "./", "../", "~")) or source == "." or "/" not in source:
        return volume
    return f"./{source}{colon}{rest}"


def _failed(settings: ContainerSettings, ended: Ended) -> OperatorFailed:
    failure, fix = _MEANING.get(ended.status, ("code", "Correct the command; the next apply runs it again."))
    detail = f"The container of `{settings.image}` ended with exit status {ended.status}."
    if ended.status < 0:
        failure, detail = "infrastructure", "The engine's program was ended from outside."
    detail += " Its last lines:" if ended.last_lines else " It wrote nothing."
    return OperatorFailed(Diagnostic("VP818", detail, fix=Fix(fix), notes=whole_notes(ended.last_lines)), failure)
