"""`vp codegen`: what it writes, what it leaves alone, and what it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Vp, edit


def stubs(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.glob("vp_stubs/**/*.py")}


def test_writes_a_file_for_each_asset(shop: Path, vp: Vp) -> None:
    seen = vp("codegen")
    assert (seen.status, seen.out) == (0, "")
    assert seen.err.splitlines() == [
        "Wrote `vp_stubs/__init__.py`",
        "Wrote `vp_stubs/context.py`",
        "Wrote `vp_stubs/shop/__init__.py`",
        "Wrote `vp_stubs/shop/orders.py`",
        "4 files of 4 changed.",
    ]
    text = (shop / "vp_stubs/shop/orders.py").read_text()
    assert 'OrdersStatus: TypeAlias = Literal["new", "paid"]' in text
    assert "    order_id: int\n" in text
    assert '    """Counts from 1"""\n' in text
    assert "    status: OrdersStatus\n" in text
    assert "    amount: float | None\n" in text


def test_writes_nothing_where_nothing_changed(shop: Path, vp: Vp) -> None:
    vp("codegen")
    before = {path: path.stat().st_mtime_ns for path in shop.glob("vp_stubs/**/*.py")}
    assert vp("codegen").err == "0 files of 4 changed.\n"
    # A comment makes another project file, and no other stubs.
    edit(shop / "shop.vp.toml", "[sql.orders]", "# all of them\n[sql.orders]")
    assert vp("codegen").err == "0 files of 4 changed.\n"
    assert {path: path.stat().st_mtime_ns for path in shop.glob("vp_stubs/**/*.py")} == before


def test_writes_only_what_changed(shop: Path, vp: Vp) -> None:
    (shop / "more.vp.toml").write_text('[pipeline]\nname = "shop"\n\n[sql.other]\nquery = "select 1 as x"\n')
    vp("codegen")
    edit(shop / "more.vp.toml", "as x", "as y")
    assert vp("codegen").err == "Wrote `vp_stubs/shop/other.py`\n1 file of 5 changed.\n"
    (shop / "more.vp.toml").unlink()
    assert vp("codegen").err == "Removed `vp_stubs/shop/other.py`\n1 file of 5 changed.\n"


def test_check_writes_nothing_and_lists_what_would_change(shop: Path, vp: Vp) -> None:
    vp("codegen")
    before = stubs(shop)
    assert vp("codegen", "--check").status == 0
    edit(shop / "shop.vp.toml", "as amount", "as total")
    for _ in range(2):
        seen = vp("codegen", "--check")
        assert seen.status == 1
        assert seen.err == "Would write `vp_stubs/shop/orders.py`\n1 file of 4 would change.\n"
    assert stubs(shop) == before
    seen = vp("codegen", "--check", "--json")
    assert json.loads(seen.out) == {
        **{"written": ["vp_stubs/shop/orders.py"], "removed": []},
        **{"unchanged": 3, "annotated": [], "diagnostics": []},
    }


def test_a_file_edited_by_hand_is_said_and_left(shop: Path, vp: Vp) -> None:
    vp("codegen")
    stub = shop / "vp_stubs/shop/orders.py"
    edit(stub, "amount: float | None", "amount: float")
    edited = stub.read_bytes()
    for arguments in ((), ("--check",)):
        seen = vp("codegen", *arguments)
        assert seen.status == 1
        assert "error[VP410]: Generated file was edited\n --> vp_stubs/shop/orders.py:1:1" in seen.err
        assert stub.read_bytes() == edited
    assert vp("codegen", "--force").err == "Wrote `vp_stubs/shop/orders.py`\n1 file of 4 changed.\n"
    assert vp("codegen", "--check").status == 0


def test_a_file_edited_by_hand_is_not_removed_with_its_asset(shop: Path, vp: Vp) -> None:
    (shop / "more.vp.toml").write_text('[pipeline]\nname = "more"\n\n[sql.other]\nquery = "select 1 as x"\n')
    vp("codegen")
    stub = shop / "vp_stubs/more/other.py"
    edit(stub, "x: int | None", "x: int")
    (shop / "more.vp.toml").unlink()
    assert "VP410" in vp("codegen").err
    assert stub.exists()
    assert vp("codegen", "--force").status == 0
    assert not stub.parent.exists()


def test_a_file_of_somebody_else_is_never_touched(shop: Path, vp: Vp) -> None:
    (shop / "vp_stubs/shop").mkdir(parents=True)
    (shop / "vp_stubs/shop/orders.py").write_text("mine = 1\n")
    (shop / "vp_stubs/shop/own.py").write_text("mine = 2\n")
    seen = vp("codegen")
    assert seen.status == 1
    assert seen.err.count("VP410") == 2  # its code, and where to read more
    assert (shop / "vp_stubs/shop/orders.py").read_text() == "mine = 1\n"
    assert (shop / "vp_stubs/shop/own.py").read_text() == "mine = 2\n"


def test_other_line_ends_are_no_edit(shop: Path, vp: Vp) -> None:
    vp("codegen")
    for path in shop.glob("vp_stubs/**/*.py"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert vp("codegen").err == "0 files of 4 changed.\n"


def test_what_has_mistakes_keeps_its_stubs(shop: Path, vp: Vp) -> None:
    (shop / "more.vp.toml").write_text('[pipeline]\nname = "shop"\n\n[sql.other]\nquery = "select 1 as x"\n')
    vp("codegen")
    edit(shop / "more.vp.toml", "select 1", "selct 1")
    edit(shop / "shop.vp.toml", "as amount", "as total")
    seen = vp("codegen")
    assert seen.status == 3
    assert "error[VP301]" in seen.err
    assert "total" in (shop / "vp_stubs/shop/orders.py").read_text()
    assert (shop / "vp_stubs/shop/other.py").exists()


def test_settings_say_what_and_where(shop: Path, vp: Vp) -> None:
    (shop / "vp.toml").write_text(
        '[project]\nname = "shop"\n\n[codegen]\npath = "src/typed/shop"\nflavours = ["dataclass"]\n'
    )
    assert vp("codegen").status == 0
    text = (shop / "src/typed/shop/shop/orders.py").read_text()
    assert "class OrdersRecord:" in text
    assert "Model" not in text
    assert "Pandas" not in text


@pytest.mark.parametrize("path", ["../up", "/tmp/x", "vp-stubs", "class", "a//b", ""])
def test_a_path_that_is_no_package(shop: Path, vp: Vp, path: str) -> None:
    (shop / "vp.toml").write_text(f'[project]\nname = "shop"\n\n[codegen]\npath = "{path}"\n')
    seen = vp("codegen")
    assert seen.status == 3
    assert "error[VP109]" in seen.err
    assert "vp.toml:5:8" in seen.err
