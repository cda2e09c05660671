"""What is in the repository says nothing about the machine it was written on, and the docs keep up with the code."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import duckdb
import pytest

from vibepiper_cli.app import VERBS
from vibepiper_cli.version import version_line

ROOT = Path(__file__).resolve().parents[2]

# The folders of whoever runs the tests, and of those who wrote them; joined from pieces, so that this file does not
# find itself.
MACHINE = [re.escape(f"{folder}/") for folder in (ROOT, Path.home())]
MACHINE += ["/" + "root/", "/" + r"work/(main|shared|venv)"]
MACHINES = re.compile("|".join(MACHINE))
REGISTRIES = re.compile("|".join(["pypi" + r"\.org", "python" + r"hosted", "registry" + r"\.npmjs", "index" + "-url"]))


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def tracked_texts() -> list[tuple[Path, str]]:
    texts = []
    for path in tracked_files():
        data = path.read_bytes()
        if b"\0" not in data:
            texts.append((path.relative_to(ROOT), data.decode("utf-8", errors="replace")))
    return texts


def test_no_file_names_a_machine_or_a_registry() -> None:
    found = [
        f"{path}:{number}: {line.strip()[:100]}"
        for path, text in tracked_texts()
        for number, line in enumerate(text.splitlines(), 1)
        if REGISTRIES.search(line) or MACHINES.search(line)
    ]
    assert not found, "\n".join(found)


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert version_line() == f"vp {project['version']}"


def test_the_engine_tells_the_version_it_is_taken_for() -> None:
    told = [sys.executable, "-c", "from vibepiper_interpreter.engine_version import *; print(duckdb_version())"]
    assert subprocess.run(told, capture_output=True, text=True, check=True).stdout.strip() == duckdb.__version__


def test_no_file_is_a_burden() -> None:
    assert not [path for path in tracked_files() if path.stat().st_size > 500_000]


def test_every_promise_names_a_test_that_exists() -> None:
    """`docs/promises.md` lists the eight promises, each with the tests that keep it."""
    text = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
    promises = re.findall(r"^## (\d)\. ", text, flags=re.MULTILINE)
    assert promises == [str(number) for number in range(1, 9)]
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", section)
        assert named or "Not kept yet" in section, section.splitlines()[0]
        for path, function in named:
            tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
            functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
            assert function in functions, f"{path} has no {function}"


def test_the_docs_have_a_section_for_every_verb() -> None:
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert [verb for verb in VERBS if f"## vp {verb}" not in text and f"## `vp {verb}" not in text] == []


def test_the_architecture_page_follows_the_road_through_every_folder_of_the_interpreter() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    folders = {path.parent.name for path in (ROOT / "interpreter" / "vibepiper_interpreter").glob("*/__init__.py")}
    assert sorted(folder for folder in folders if not re.search(rf"\b{folder}\b", text)) == []


def test_the_hooks_of_a_commit_fetch_nothing() -> None:
    text = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert re.findall(r"^ *- repo: *(.*)$", text, flags=re.MULTILINE) == ["local"]
    assert set(re.findall(r"^ *language: *(.*)$", text, flags=re.MULTILINE)) == {"system"}


def test_every_make_target_is_explained() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", text, flags=re.MULTILINE)
    explained = re.findall(r"^([a-z]+):.*## \S", text, flags=re.MULTILINE)
    assert sorted(phony.split()) == sorted(explained)
