"""Takes the tour of docs/quickstart.md: types its commands, makes its edits, and compares what it says one will see."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

QUICKSTART = Path(__file__).resolve().parents[2] / "docs" / "quickstart.md"

FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
CAPTION = re.compile(r"^:caption: (?P<path>\S+)\n\n?", re.MULTILINE)
EXIT_STATUS = re.compile(r"\s+# exits with (\d)$")


@dataclass(frozen=True, slots=True)
class Typed:
    """A command, the exit status the page names, and the lines it shows (those with `…` are left out)."""

    command: str
    status: int
    shown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of a file, as a diff without line numbers; without any `-` or context it is a new file."""

    path: str
    before: str
    after: str


def tour(text: str) -> list[Typed | Edit]:
    steps: list[Typed | Edit] = []
    for fence in FENCE.finditer(text):
        info, body = fence["info"].strip(), fence["body"]
        if info == "console":
            steps += typed_commands(body)
        elif info.startswith("{code-block}"):
            caption = CAPTION.search(body)
            assert caption is not None, f"a code block without a file: {body}"
            lines = body[caption.end() :].splitlines()
            if info.endswith("diff"):
                before = [line[1:] for line in lines if not line.startswith("+")]
                after = [line[1:] for line in lines if not line.startswith("-")]
                steps.append(Edit(caption["path"], "\n".join(before), "\n".join(after)))
            else:
                steps.append(Edit(caption["path"], "", "\n".join(lines) + "\n"))
    return steps


def typed_commands(session: str) -> list[Typed]:
    found = []
    for part in re.split(r"^\$ ", session, flags=re.MULTILINE)[1:]:
        command, *output = part.splitlines()
        status = EXIT_STATUS.search(command)
        shown = tuple(normal(line) for line in output if line.strip() and "…" not in line)
        found.append(Typed(EXIT_STATUS.sub("", command), int(status[1]) if status else 0, shown))
    return found


def normal(line: str) -> str:
    """A line without what depends on the width of the terminal."""
    return " ".join(re.sub(r"[─━]+", "─", line).split())


def test_the_tour_can_be_taken_as_written(tmp_path: Path) -> None:
    folder = tmp_path
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "NO_COLOR": "1",
        "COLUMNS": "120",
    }
    for step in tour(QUICKSTART.read_text(encoding="utf-8")):
        if isinstance(step, Edit):
            path = folder / step.path
            text = path.read_text(encoding="utf-8") if path.exists() else ""
            assert step.before in text, f"{step.path} does not hold:\n{step.before}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace(step.before, step.after, 1) if step.before else step.after, encoding="utf-8")
            continue
        done = subprocess.run(
            ["bash", "-c", f"{step.command}\nstatus=$?\npwd >{tmp_path}/folder\nexit $status"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        assert done.returncode == step.status, f"$ {step.command}\n{done.stdout}"
        folder = Path((tmp_path / "folder").read_text().strip())
        seen = [normal(line) for line in done.stdout.splitlines()]
        for line in step.shown:
            assert line in seen, f"$ {step.command}\nshould show: {line}\nbut shows:\n{done.stdout}"
            seen = seen[seen.index(line) + 1 :]
