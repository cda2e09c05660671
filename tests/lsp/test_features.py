"""What the server answers, without a transport: a snapshot in, protocol objects out."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types as lsp

from vibepiper_lsp.actions import quick_fixes
from vibepiper_lsp.diagnostics import diagnostics_of
from vibepiper_lsp.positions import Positions
from vibepiper_lsp.snapshot import Unsaved, check
from vibepiper_lsp.symbols import document_symbols
from vibepiper_spec.diagnostics import Range

SHOP = '[pipeline]\nname = "shop"\n[sql.orders]\nquery = "select 1 as id, \'😀\' as mood"\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "vp.toml").write_text('[project]\nname = "test"\n')
    (tmp_path / "shop.vp.toml").write_text(SHOP)
    return tmp_path


def at(path: str) -> str:
    return f"file:///{path}"


def test_what_is_not_saved_counts(root: Path) -> None:
    assert check(root, {}, "dev").by_path == {}
    text = SHOP + "[sql.more]\nquery = \"select '😀' as x, idd from orders\"\n"
    found = check(root, {"shop.vp.toml": Unsaved(text, 3)}, "dev")
    (told,) = diagnostics_of(found, "shop.vp.toml", at)
    assert (told.code, told.source, told.severity) == ("VP302", "vibepiper", lsp.DiagnosticSeverity.Error)
    # In UTF-16 the face before it is two.
    assert (told.range.start, told.range.end) == (lsp.Position(5, 27), lsp.Position(5, 30))
    (fix,) = quick_fixes(found, "shop.vp.toml", told.range, at)
    assert fix.edit is not None and fix.edit.changes == {at("shop.vp.toml"): [lsp.TextEdit(told.range, "id")]}
    assert quick_fixes(found, "shop.vp.toml", lsp.Range(lsp.Position(0, 0), lsp.Position(0, 1)), at) == []


def test_a_mistake_in_an_sql_file_is_told_there(root: Path) -> None:
    (root / "shop.vp.toml").write_text('[pipeline]\nname = "shop"\n[sql.a]\nfile = "a.sql"\n')
    (root / "a.sql").write_text("select 1 as x")
    assert check(root, {}, "dev").by_path == {}
    found = check(root, {"a.sql": Unsaved("select\n  nothing", 1)}, "dev")
    (told,) = diagnostics_of(found, "a.sql", at)
    assert told.range.start == lsp.Position(1, 2)


def test_readers_elsewhere_are_told(root: Path) -> None:
    (root / "other.vp.toml").write_text('[pipeline]\nname = "other"\n[sql.a]\nquery = "select id from shop.orders"\n')
    found = check(root, {"shop.vp.toml": Unsaved(SHOP.replace("as id", "as no"), 1)}, "dev")
    assert [each.code for each in found.by_path["other.vp.toml"]] == ["VP302"]


def test_what_python_declares_is_there(root: Path) -> None:
    (root / "vp.toml").write_text('[project]\nname = "test"\nmodules = ["assets"]\n')
    (root / "assets.py").write_text(
        "from vibepiper import Pipeline, sql_asset\npipeline = Pipeline('made')\n"
        "@sql_asset\ndef one():\n    return 'select 1 as id'\n"
    )
    found = check(
        root, {"shop.vp.toml": Unsaved(SHOP.replace("1 as id,", "(select id from made.one) as id,"), 1)}, "dev"
    )
    assert found.diagnostics == ()


# The ten ways in which a text is broken while it is typed: every other block is whole.
BROKEN = [
    'description = "open\n',
    'query = """\nselect 1\n',
    "description\n",
    "description = \n",
    'description "x"\n',
    "[sql.\n",
    "[[\n",
    'owner = "a"\nowner = "b"\n',
    'tags = ["a",\n',
    'build = { mode = "view"\n',
]


@pytest.mark.parametrize("broken", BROKEN)
def test_broken_text_leaves_the_other_blocks(root: Path, broken: str) -> None:
    text = f'{SHOP}{broken}[sql.last]\nquery = "select idd from shop.good"\n[sql.good]\nquery = "select 1 as id"\n'
    found = check(root, {"shop.vp.toml": Unsaved(text, 1)}, "dev")
    codes = [each.code for each in found.by_path["shop.vp.toml"]]
    assert codes and all(code.startswith("VP") for code in codes)
    if '"""' not in broken:  # an open text holds all that comes
        assert "VP302" in codes, found.by_path["shop.vp.toml"]
        assert {"last", "good"} <= {each.name for each in document_symbols(text)}


def test_the_outline() -> None:
    text = '[pipeline]\nname = "a"\n\n[source.file.orders]\npath = "x"\n[[moved]]\nfrom = "a"\n'
    found = [(each.name, each.detail, each.range.start.line, each.range.end.line) for each in document_symbols(text)]
    assert found == [("pipeline", None, 0, 1), ("orders", "source.file", 3, 4), ("moved", None, 5, 6)]
    assert document_symbols("") == [] and document_symbols("x = ") == []


@given(text=st.text(), spans=st.tuples(*[st.integers(1, 20)] * 4))
def test_places_are_always_inside_the_text(text: str, spans: tuple[int, int, int, int]) -> None:
    first, second = sorted([spans[:2], spans[2:]])
    found = Positions(text).to_protocol(Range(*first, *second))
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    for position in (found.start, found.end):
        assert 0 <= position.line < len(lines)
        assert 0 <= position.character <= len(lines[position.line].encode("utf-16-le", "surrogatepass")) // 2
    document_symbols(text)
