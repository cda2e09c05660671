"""What went wrong in a task of Ray's own that user code has started, told from the text that Ray makes of it."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass

_FRAME = re.compile(r'  File "(?P<file>.*)", line (?P<line>\d+), in (?P<function>.*)')
_AND_THEN = re.compile(r"\n\n(?:The above exception|During handling)")


@dataclass(frozen=True, slots=True)
class RemoteFrame:
    file: str
    line: int
    function: str
    text: str  # that line of code; empty where it is not known


@dataclass(frozen=True, slots=True)
class RemoteError:
    """The first exception of all, as Python names it, and the frames in which it was raised, outermost first."""

    named: str
    frames: tuple[RemoteFrame, ...]


def remote_error(error: BaseException) -> RemoteError | None:
    """None where `error` did not come from a task of Ray's, or Ray tells it in another way."""
    kind = getattr(sys.modules.get("ray.exceptions"), "RayTaskError", ())
    if not isinstance(error, kind):
        return None
    lines = _AND_THEN.split(str(error))[0].splitlines()
    frames: list[RemoteFrame] = []
    named = 0
    for index, line in enumerate(lines):
        found = _FRAME.fullmatch(line)
        if found is not None:
            following = lines[index + 1] if index + 1 < len(lines) else ""
            text = following.strip() if following.startswith("    ") else ""
            frames.append(RemoteFrame(found["file"], int(found["line"]), found["function"], text))
        if line.startswith(" "):
            named = index + 1
    if not frames or named >= len(lines):
        return None
    return RemoteError("\n".join(lines[named:]).strip(), tuple(frames))
