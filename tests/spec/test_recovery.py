"""A broken block leaves all others whole: text is read while it is being typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from vibepiper_spec import load_project

BEFORE = """\
[pipeline]
name = "shop"

[sql.before]
query = '''
select 1 as x
'''
columns.x = { type = "int", checks = ["not_null"] }
"""
AFTER = """
[source.file.after]
path = [
  "a.csv",
  "b.csv",
]

[sql.last]
query = \"\"\"
select x, [1] as list
from after
\"\"\"
"""
BROKEN = {
    "unterminated string": '[sql.new]\nquery = "select 1',
    "unterminated multi-line string": '[sql.new]\nquery = """\nselect 1\nfrom x',
    "unterminated literal multi-line string": "[sql.new]\nquery = '''\nselect 1\nfrom x",
    "missing equals sign": '[sql.new]\nquery "select 1"',
    "key only": "[sql.new]\nquery",
    "half a key": "[sql.new]\ncolumns.",
    "missing value": "[sql.new]\nquery =",
    "half a header": "[sql.",
    "half a header with a name": "[sql.new",
    "opening of a header": "[",
    "opening of a list of tables": "[[",
    "duplicate key": '[sql.new]\nquery = "select 1"\nquery = "select 2"',
    "unclosed list": '[sql.new]\nquery = "select 1"\ntags = ["a", "b"',
    "unclosed list with a comma": '[sql.new]\nquery = "select 1"\ntags = ["a",',
    "unclosed list of tables": "[sql.new]\nchecks = [{ row_count = { min = 1 }",
    "unclosed inline table": '[sql.new]\nquery = "select 1"\ncolumns.x = { type = "int"',
    "unclosed inline table after a comma": '[sql.new]\nquery = "select 1"\ncolumns.x = { type = "int",',
    "SQL without quotes": "[sql.new]\nquery = select a\nfrom b\nwhere c = 'x'",
    "a quote alone": "[sql.new]\n'",
    "a word alone": "[sql.new]\nselect",
    "three quotes alone": "[sql.new]\n'''",
    "an escape at the end": '[sql.new]\nquery = "select \\',
    "a control character": "[sql.new]\nquery = 'a\x00b'",
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=list(BROKEN))
@pytest.mark.parametrize("line_break", ["\n", "\r\n"], ids=["unix", "windows"])
def test_every_other_block_is_kept(broken: str, line_break: str, tmp_path: Path) -> None:
    text = (BEFORE + "\n" + broken + "\n" + AFTER).replace("\n", line_break)
    loaded = load_project(tmp_path, texts={"vp.toml": '[project]\nname = "case"\n', "a.vp.toml": text})
    assert loaded.diagnostics
    assert {asset.address.name for asset in loaded.project.assets} - {"new"} == {"before", "after", "last"}
    first, last = len(BEFORE.split("\n")), len((BEFORE + broken).split("\n"))
    for diagnostic in loaded.diagnostics:
        assert diagnostic.place is not None
        assert first <= diagnostic.place.range.start_line <= last + 1


@pytest.mark.parametrize("broken", BROKEN.values(), ids=list(BROKEN))
def test_the_end_of_the_file_is_an_end_too(broken: str, tmp_path: Path) -> None:
    loaded = load_project(tmp_path, texts={"vp.toml": '[project]\nname = "case"\n', "a.vp.toml": BEFORE + broken})
    assert loaded.diagnostics
    assert loaded.project.assets[0].address.name == "before"


@pytest.mark.parametrize("length", range(0, len(BEFORE + AFTER), 3))
def test_any_beginning_of_a_file_can_be_read(length: int, tmp_path: Path) -> None:
    text = (BEFORE + AFTER)[:length]
    loaded = load_project(tmp_path, texts={"vp.toml": '[project]\nname = "case"\n', "a.vp.toml": text})
    lines = text.split("\n")
    for diagnostic in loaded.diagnostics:
        assert diagnostic.place is not None
        span = diagnostic.place.range
        assert 1 <= span.start_line <= span.end_line <= len(lines)
        assert span.end_column <= len(lines[span.end_line - 1]) + 1
