"""Everything wrong that a user can feed to `vp`: each case says what they then see, and nothing published is lost.

Cases are the Markdown files in `cases/`; a fenced block is one step:

- ```` ```toml shop.vp.toml ```` (any language, then a path) writes a file of the project;
- ```` ```python run ```` prepares what text cannot say: a file that is not UTF-8, a lease that somebody holds;
- ```` ```console ```` is a command, all it prints, and its exit status.

To rewrite what is expected, and then read the difference as you read code:

    VP_UPDATE_CASES=1 python -m pytest tests/bad_input
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import shlex
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vibepiper_cli.main import main

CASES = sorted((Path(__file__).parent / "cases").glob("*.md"))
BLOCK = re.compile(
    r"^(?P<fence>`{3,})(?P<language>\w+)(?: (?P<name>\S+))?\n(?P<text>.*?)^(?P=fence)$", re.DOTALL | re.MULTILINE
)
# What differs from run to run.
VARYING = (
    (re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}"), "RUN"),
    (re.compile(r"\b[0-9a-f]{24}\b"), "VERSION"),
    (re.compile(r"\b\d[\d.,]* (ms|s|min)\b"), "N s"),
    (re.compile(r" \((\d[\d.,]*|N s) to N s\)"), ""),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(\+00:00| UTC)?"), "TIME"),
    (re.compile(r"process \d+"), "process N"),
    (re.compile(r"(?<=held at most )[\d.]+ [kMG]B"), "N MB"),
)
# A diagnostic about specs, SQL or Python that is not followed by its place. (VP207 is about the command line.)
PLACED = re.compile(r"^(error|warning)\[VP(?:[0134]\d\d|20[1-68])\].*\n(?! *--> )", re.MULTILINE)

SUMMARY_LINE = re.compile(r"  (built|kept|repointed|rechecked|removed|failed|skipped|held back)  ")

Published = dict[tuple[str, str], tuple[str, dict[str, str]]]


@pytest.fixture(scope="session")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has something to lose: `kept.numbers` is published. Cases work on copies."""
    root = tmp_path_factory.mktemp("healthy") / "case"
    root.mkdir()
    (root / "vp.toml").write_text('[project]\nname = "case"\n')
    (root / "kept.vp.toml").write_text('[pipeline]\nname = "kept"\n\n[source.file.numbers]\npath = "numbers.csv"\n')
    (root / "numbers.csv").write_text("number\n1\n2\n")
    with contextlib.chdir(root), contextlib.redirect_stderr(io.StringIO()) as told:
        assert main(["apply", "--yes"]) == 0, told.getvalue()
    return root


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_case(case: Path, healthy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "case"
    shutil.copytree(healthy, root)
    (root / ".vp" / "warehouse.duckdb").unlink(missing_ok=True)  # holds the absolute paths of the original
    monkeypatch.chdir(root)
    monkeypatch.setenv("NO_COLOR", "1")
    text = case.read_text(encoding="utf-8")
    expected, seen = [], []
    for block, output in steps(text, root):
        expected.append(block["text"].partition("\n")[2].rstrip("\n"))
        seen.append(output)
    if os.environ.get("VP_UPDATE_CASES"):
        case.write_text(with_outputs(text, iter(seen)), encoding="utf-8")
    else:
        assert seen == expected


def steps(text: str, root: Path) -> Iterator[tuple[re.Match[str], str]]:
    """Does every step of a case; yields its commands with what they printed."""
    namespace: dict[str, Any] = {"root": root}
    for block in BLOCK.finditer(text):
        if block["language"] == "console":
            yield block, run(shlex.split(block["text"].partition("\n")[0].removeprefix("$ vp ")), root)
        elif (block["language"], block["name"]) == ("python", "run"):
            exec(block["text"], namespace)
        else:
            assert block["name"], f"a block of {block['language']} needs a path"
            path = root / block["name"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block["text"], encoding="utf-8")


def run(arguments: list[str], root: Path) -> str:
    before = published(root)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = int(main(arguments))
    printed = out.getvalue() + err.getvalue()
    assert "Traceback" not in printed, printed
    assert "defect in vp" not in printed, printed
    assert not PLACED.search(printed), f"a diagnostic about a spec must name its place:\n{printed}"
    after = published(root)
    assert {key: after.get(key) for key in before} == before or status == 0, "what was published has changed"
    return steady(f"{printed.rstrip()}\n[exit {status}]", root)


def published(root: Path) -> Published:
    """What readers see: every pointer, and the content of the files it leads to. Not read by the code under test."""
    try:
        with contextlib.closing(sqlite3.connect(root / ".vp" / "state.sqlite")) as connection:
            rows = connection.execute("select environment, address, version_id from pointers").fetchall()
    except sqlite3.DatabaseError:
        return {}  # a case may have damaged it on purpose
    found = {}
    for environment, address, version in rows:
        folder = root / ".vp" / "storage" / Path(*address.split(".")) / version
        files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*"))}
        found[environment, address] = (version, files)
    return found


def steady(text: str, root: Path) -> str:
    text = text.replace(str(root), "ROOT")
    for pattern, name in VARYING:
        text = pattern.sub(name, text)
    return "\n".join(_narrow(line.rstrip()) for line in text.splitlines())


def _narrow(line: str) -> str:
    """Lines of a run's summary without their alignment, which depends on how long things took."""
    return re.sub(r"(?<=\S) {3,}", "  ", line) if SUMMARY_LINE.match(line) else line


def with_outputs(text: str, outputs: Iterator[str]) -> str:
    def replace(block: re.Match[str]) -> str:
        if block["language"] != "console":
            return block.group()
        command = block["text"].partition("\n")[0]
        return f"{block['fence']}console\n{command}\n{next(outputs)}\n{block['fence']}"

    return BLOCK.sub(replace, text)
