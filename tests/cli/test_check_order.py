"""An asset whose checks read others is made after those, unless that closes a circle."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Vp

HEAD = '[pipeline]\nname = "shop"\n'
CHECKED = '[sql.a]\nquery = "select 1 as one"\nchecks = [{ query = "select * from c where id > 5" }]\n'


def write(root: Path, *blocks: str) -> None:
    (root / "vp.toml").write_text('[project]\nname = "test"\n')
    (root / "shop.vp.toml").write_text(HEAD + "".join(blocks))


def test_what_a_check_reads_is_made_before_however_deep_it_stands(tmp_path: Path, vp: Vp) -> None:
    deep = '[sql.b]\nquery = "select 1 as id"\n[sql.c]\nquery = "select id from b"\n'
    write(tmp_path, CHECKED, deep)
    seen = vp("apply", "--yes")
    assert seen.status == 0, seen.err


def test_a_check_of_what_is_made_from_it_reads_the_version_of_before(tmp_path: Path, vp: Vp) -> None:
    write(tmp_path, '[sql.a]\nquery = "select 1 as one"\n[sql.c]\nquery = "select one as id from a"\n')
    assert vp("apply", "--yes").status == 0
    write(tmp_path, CHECKED, '[sql.c]\nquery = "select one + 5 as id from a"\n')
    assert vp("apply", "--yes").status == 0
    assert "1 to recheck" in vp("plan").out  # what the check read has moved on, so it is asked again
    assert vp("apply", "--yes").status == 1


def test_two_whose_checks_read_each_other_are_made(tmp_path: Path, vp: Vp) -> None:
    other = '[sql.c]\nquery = "select 1 as id"\nchecks = [{ query = "select * from a where one > 5" }]\n'
    write(tmp_path, '[sql.a]\nquery = "select 1 as one"\n[sql.c]\nquery = "select 1 as id"\n')
    assert vp("apply", "--yes").status == 0
    write(tmp_path, CHECKED, other)
    assert vp("apply", "--yes").status == 0
