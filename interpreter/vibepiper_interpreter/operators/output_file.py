"""The file `$VP_OUTPUT`, in which a program writes its outputs: `name=value`, or several lines between two marks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from vibepiper_interpreter.operators.call import OperatorFailed
from vibepiper_spec.diagnostics import Diagnostic, Fix

_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_LARGEST = 1_000_000  # bytes


@contextmanager
def output_file() -> Iterator[Path]:
    """An empty file in a folder of its own, which nobody else may read; gone afterwards."""
    with TemporaryDirectory(prefix="vibepiper-output-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "output"
        path.touch()
        yield path


def read_outputs(path: Path) -> dict[str, str]:
    """What was written, the last of each name. Raises OperatorFailed (VP812) where a line is no output.

    A value of several lines is written as `name<<MARK`, its lines, and a line `MARK`.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
        text = content.decode()
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError:
        raise _unreadable("It is not UTF-8.") from None
    except OSError as error:
        raise _unreadable(f"It cannot be read: {error.strerror}.") from error
    if len(content) > _LARGEST:
        raise _unreadable(f"It is larger than {_LARGEST:,} bytes. Outputs are small values; rows belong into an asset.")
    return _parse(text)


def _parse(text: str) -> dict[str, str]:
    outputs = {}
    lines = iter(enumerate(text.split("\n"), 1))
    for number, line in lines:
        line = line.removesuffix("\r")
        if not line.strip():
            continue
        name, equals, value = line.partition("=")
        heading, heredoc, mark = line.partition("<<")
        if heredoc and _NAME.fullmatch(heading.strip()) and mark:
            outputs[heading.strip().lower()] = _several_lines(lines, number, mark)
        elif equals and _NAME.fullmatch(name.strip()):
            outputs[name.strip().lower()] = value
        else:
            raise _unreadable(f"Its line {number} is not `name=value`.")
    return outputs


def _several_lines(lines: Iterator[tuple[int, str]], begun: int, mark: str) -> str:
    found: list[str] = []
    for _, line in lines:
        if line.removesuffix("\r") == mark:
            return "\n".join(found)
        found.append(line)
    raise _unreadable(f"The value that begins in line {begun} does not end: there is no line `{mark}` below it.")


def _unreadable(why: str) -> OperatorFailed:
    return OperatorFailed(
        Diagnostic(
            "VP812",
            f"The command ended well, but the file `$VP_OUTPUT` holds no outputs. {why}",
            fix=Fix('Write each output as one line: `echo "name=value" >> "$VP_OUTPUT"`.'),
        ),
        "data",
    )
