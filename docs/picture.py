"""Draws docs/_static/plan.svg: a real plan of the example after one edit, as a terminal shows it.

python docs/picture.py
"""

from __future__ import annotations

import io
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
WIDTH = 110


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "flights"
        shutil.copytree(ROOT / "examples" / "flights", project, ignore=shutil.ignore_patterns(".vp", "__pycache__"))
        in_terminal(project, "vp", "apply", "--yes")
        spec = project / "pipelines" / "reporting.vp.toml"
        text = spec.read_text(encoding="utf-8")
        edited = text.replace("cast(avg(dep_delay) as", "cast(avg(greatest(dep_delay, 0)) as", 1)
        assert edited != text
        spec.write_text(edited, encoding="utf-8")
        shown = in_terminal(project, "vp", "plan")
    text = Text.from_ansi(shown.rstrip())
    width = max(len(line.plain) for line in text.split()) + 1
    console = Console(record=True, width=width, file=io.StringIO())
    console.print(Text.from_markup("[dim]# the mean delay of a day now counts early departures as on time[/dim]"))
    console.print(Text.from_markup("[bold]$ vp plan[/bold]"))
    console.print(text, soft_wrap=True)
    svg = console.export_svg(title="vp plan", unique_id="plan")
    # A picture must not ask another server for its font.
    svg = re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    (ROOT / "docs" / "_static" / "plan.svg").write_text(svg, encoding="utf-8")


def in_terminal(folder: Path, *command: str) -> str:
    """What the command prints when it believes that somebody is watching."""
    leader, follower = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    environment |= {"COLUMNS": str(WIDTH), "TERM": "xterm-256color"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=follower, stderr=follower
    )
    os.close(follower)
    shown = b""
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        shown += piece
    if process.wait():
        raise SystemExit(shown.decode(errors="replace"))
    return shown.decode().replace("\r\n", "\n")


if __name__ == "__main__":
    main()
