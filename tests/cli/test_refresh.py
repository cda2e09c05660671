"""`vp plan --refresh-only`: what moved behind our back, and nothing else."""

from __future__ import annotations

import contextlib
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Vp

from vibepiper_cli.main import main


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The new project, which reads a folder of files, with a view on it."""
    root = tmp_path_factory.mktemp("applied") / "shop"
    with contextlib.redirect_stderr(io.StringIO()):
        assert main(["new", str(root)]) == 0
        spec = root / "pipelines" / "shop.vp.toml"
        text = spec.read_text().replace('path = "data/orders.csv"', 'path = "data/orders*.csv"')
        assert "orders*" in text
        spec.write_text(text + '\n[sql.shown]\nquery = "select * from daily_revenue"\nbuild = "view"\n')
        assert main(["apply", "--yes", "--quiet", "--project", str(root)]) == 0
    return root


def moved(vp: Vp) -> Any:
    seen = vp("plan", "--refresh-only", "--json", "--detailed-exitcode")
    found = json.loads(seen.out)
    assert seen.status == (2 if found["moved"] else 0)
    assert vp("plan", "--refresh-only").status == 0
    return found


def test_nothing_moved(vp: Vp, shop: Path) -> None:
    os.utime(shop / "data" / "orders.csv")  # touched, and not changed
    found = moved(vp)
    assert (found["moved"], found["assets"], found["sources"], found["lost"]) == (False, 4, [], [])
    assert (
        vp("plan", "--refresh-only").out == "Nothing moved. All that `dev` shows is as it was published (4 assets).\n"
    )


def test_files_of_a_source_by_name_size_and_content(vp: Vp, shop: Path) -> None:
    orders, more = shop / "data" / "orders.csv", shop / "data" / "orders-2.csv"
    text = orders.read_text()
    orders.write_text(text.replace("Ada", "Eva", 1))
    more.write_text(text)
    (source,) = moved(vp)["sources"]
    assert source["address"] == "shop.orders"
    new, changed = source["files"]
    assert (new["path"], new["change"], new["before"]) == ("data/orders-2.csv", "new", None)
    assert (changed["path"], changed["change"]) == ("data/orders.csv", "changed")
    assert changed["before"]["size"] == changed["now"]["size"]
    assert changed["before"]["sha256"] == new["now"]["sha256"] != changed["now"]["sha256"]
    told = vp("plan", "--refresh-only").out
    assert (
        f"  ~  data/orders.csv    changed  {len(text.encode())} B  content {changed['before']['sha256'][:8]} → " in told
    )
    assert "files of 1 source, of 4 assets" in told
    orders.unlink()
    more.unlink()
    (source,) = moved(vp)["sources"]  # though there is nothing left that could be planned
    assert [(file["path"], file["change"]) for file in source["files"]] == [("data/orders.csv", "gone")]


def test_an_edit_is_nothing_that_moved(vp: Vp, shop: Path) -> None:
    spec = shop / "pipelines" / "shop.vp.toml"
    spec.write_text(spec.read_text().replace("orders*.csv", "ord*.csv").replace("sum(amount)", "sum(amuont)"))
    assert moved(vp)["moved"] is False


def test_snapshots_that_are_lost_even_behind_a_view(vp: Vp, shop: Path) -> None:
    (part,) = (shop / ".vp" / "storage" / "shop" / "daily_revenue").glob("*/part-0.parquet")
    content = part.read_bytes()
    part.write_bytes(content[:-3])
    found = moved(vp)["lost"]
    assert [snapshot["address"] for snapshot in found] == ["shop.daily_revenue", "shop.shown"]
    assert found[0]["parts"][0]["words"] == f"has {len(content) - 3:,} bytes, and had {len(content):,}"
    assert "! " in vp("plan", "--refresh-only").out
    part.unlink()
    assert moved(vp)["lost"][0]["parts"][0]["words"] == "is gone"


def test_damage_that_a_verification_has_found(vp: Vp, shop: Path) -> None:
    (part,) = (shop / ".vp" / "storage" / "shop" / "orders").glob("*/part-0.parquet")
    part.write_bytes(part.read_bytes()[:-4] + b"1RAP")
    assert moved(vp)["moved"] is False  # nobody has looked that close yet
    assert vp("state", "verify").status == 1
    (snapshot,) = moved(vp)["lost"]
    assert snapshot["parts"][0]["words"] == "was found damaged"


def test_before_anything_is_published(vp: Vp, tmp_path: Path) -> None:
    assert vp("new", "shop").status == 0
    assert json.loads(vp("plan", "--refresh-only", "--json", "--project", "shop").out)["assets"] == 0


@pytest.mark.parametrize("more", [["orders"], ["--as-of", "2h"], ["--out", "x.vpplan"], ["--env", "nope"]])
def test_what_does_not_go_with_it(vp: Vp, shop: Path, more: list[str]) -> None:
    assert vp("plan", "--refresh-only", *more).status == 4


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--rebuild", "orders"], "it takes no `--rebuild`."),
        (
            ["orders", "--from", "2024-01-01", "--to", "2024-02-01"],
            "it takes no selection and no `--from` and no `--to`.",
        ),
        (["--markdown"], "it takes no `--markdown`."),
        (["--as-of", "2h", "--out", "x"], "it takes no `--as-of` and no `--out`."),
    ],
)
def test_it_names_the_very_options_that_it_does_not_take(vp: Vp, shop: Path, more: list[str], words: str) -> None:
    seen = vp("plan", "--refresh-only", *more)
    assert seen.status not in (0, 2)
    assert seen.err.splitlines()[0] == f"error: `--refresh-only` plans nothing, and looks at all: {words}"
