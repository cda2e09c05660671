"""Reads the blocks below `[task.…]`: `[task.shell.NAME]`, `[task.wait.file.NAME]`."""

from __future__ import annotations

from typing import Any

from vibepiper_spec.diagnostics import did_you_mean, nearest
from vibepiper_spec.load.blocks import DeclaredBlock, read_blocks
from vibepiper_spec.load.origin import Origin
from vibepiper_spec.load.parse import ParsedFile
from vibepiper_spec.load.problem import Problem
from vibepiper_spec.load.validate import wrong_type
from vibepiper_spec.model.task import COMMON_KEYS
from vibepiper_spec.model.task_kinds import TASK_KINDS

_BY_HEADER = {kind.header: kind for kind in TASK_KINDS}


def read_tasks(
    path: str, parsed: ParsedFile, table: object, header: tuple[str, ...] = ("task",)
) -> tuple[list[DeclaredBlock], list[Problem]]:
    """All tasks whose headers begin with `header`, `table` being what stands below that."""
    if not isinstance(table, dict):
        return [], [wrong_type("a table", table, Origin(path, header), ())]
    blocks: list[DeclaredBlock] = []
    problems: list[Problem] = []
    for word, below in table.items():
        longer = (*header, word)
        if longer in _BY_HEADER:
            found, told = read_blocks(path, parsed, _BY_HEADER[longer], below, {})
        elif any(known[: len(longer)] == longer for known in _BY_HEADER):
            found, told = read_tasks(path, parsed, below, longer)
        else:
            found, told = [], [_unknown(path, header, word, below)]
        blocks += found
        problems += told
    return blocks, problems


def _unknown(path: str, header: tuple[str, ...], word: str, below: object) -> Problem:
    """VP105 where `word` behind `header` is no kind of task."""
    written = ".".join((*header, word))
    kinds = [kind.kind for kind in TASK_KINDS]
    depth = len(header)
    words = list(dict.fromkeys(known[depth] for known in _BY_HEADER if known[:depth] == header and len(known) > depth))
    origin = Origin(path, (*header, word))
    known = f"Known kinds: {', '.join(f'`[task.{kind}.NAME]`' for kind in kinds)}."
    if nearest(word, words) is None and _is_block(below):
        # A header without a kind: what the keys are tells which was meant.
        meant = _kind_of(below)
        return Problem(
            "VP105",
            f"The header of a task says what it does: `[{'.'.join(header)}.{meant}.{word}]`.",
            origin,
            part="header",
            fix=f"Write `[{'.'.join(header)}.{meant}.{word}]`. {known}" if meant != "KIND" else known,
        )
    return Problem(
        "VP105",
        f"There is no kind of task named `{written.removeprefix('task.')}`.{did_you_mean(word, words)}",
        origin,
        part="header",
        fix=known,
    )


def _is_block(below: object) -> bool:
    """Whether this is a task itself, and not a table of tasks."""
    return isinstance(below, dict) and any(
        not isinstance(value, dict) or key in COMMON_KEYS for key, value in below.items()
    )


def _kind_of(below: Any) -> str:
    """The kind whose keys these are; `KIND` where that cannot be told."""
    keys = set(below) - COMMON_KEYS
    fitting = []
    for kind in TASK_KINDS:
        own = {field.alias or name: field.is_required() for name, field in kind.model.model_fields.items()}
        needed = {key for key, required in own.items() if required}
        if keys and needed <= keys <= own.keys() - COMMON_KEYS:
            fitting.append(kind.kind)
    return fitting[0] if len(fitting) == 1 else "KIND"
