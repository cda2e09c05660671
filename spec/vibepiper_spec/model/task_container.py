"""`[task.container.NAME]`: what a command in a container does."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, Strict

from vibepiper_spec.model.mistakes import mistake
from vibepiper_spec.model.spec_model import Strings
from vibepiper_spec.model.task import TaskModel
from vibepiper_spec.model.texts import TextOrSecret

_BYTES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([KMG]i?B|B)", re.IGNORECASE)


def amount_of_bytes(text: str) -> int | None:
    """`512MB` → 512000000; None where `text` is no amount of memory."""
    found = _AMOUNT.fullmatch(text.strip())
    return int(float(found[1]) * _BYTES[found[2].upper()]) if found else None


def _memory(value: str) -> str:
    if amount_of_bytes(value) is None:
        raise mistake("VP109", f"`{value}` is no amount of memory.", "Write `4GB` or `512MB`.")
    return value


def _volume(value: str) -> str:
    parts = value.split(":")
    if not (2 <= len(parts) <= 3 and all(parts) and parts[1].startswith("/")):
        raise mistake(
            "VP109",
            f"`{value}` is no volume.",
            "Write `FOLDER:/PATH` or `FOLDER:/PATH:ro`: a folder below `vp.toml`, and where the container finds it.",
        )
    return value


class ContainerTask(TaskModel):
    """What a command in a container does, by Docker or Podman. Its inputs are environment variables in it."""

    text_keys: ClassVar = ("command", "env")

    image: Annotated[str, Field(min_length=1)]
    """The image, such as `alpine:3.20`."""
    command: Strings = ()
    """A program in it and its arguments; the image's own if not set."""
    env: dict[str, TextOrSecret] = Field(default_factory=dict)
    """Further environment variables; `secret:NAME` as the value is the secret."""
    volumes: Annotated[tuple[Annotated[str, AfterValidator(_volume)], ...], Strict(False)] = ()
    """Folders that it sees: `FOLDER:/PATH`, or `FOLDER:/PATH:ro` to read only. A name without `/` is a volume's."""
    network: str | None = None
    """The network that it is in, such as `none` or `host`."""
    memory: Annotated[str, AfterValidator(_memory)] | None = None
    """How much memory it may use, such as `512MB`."""
    cpus: Annotated[float, Field(gt=0)] | None = None
    """How many processors it may use, such as `1.5`."""
    engine: Literal["docker", "podman"] | None = None
    """What runs it; the first of the two that answers if not set."""
