"""`vp state verify`: whatever is wrong with a part or a reference is found, said, and made anew by the next apply."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine, text
from tests.state.shop import Shop

if TYPE_CHECKING:
    from tests.state.conftest import Place


@pytest.fixture
def shop(place: Place) -> Shop:
    return Shop(place.root / "shop", place.url)


def verify(shop: Shop, *arguments: str, sound: bool) -> Any:
    status, out, err = shop.run("state", "verify", "--json", *arguments)
    assert status == (0 if sound else 1), err
    found = json.loads(out)
    assert found["sound"] is sound
    return found


def flip(path: Path, position: int) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 0xFF
    path.write_bytes(content)


def change_a_value(path: Path) -> None:
    """Another value of the same length: the file can be read as well as before."""
    content = path.read_bytes()
    assert content.count(b"Ada") > 1
    path.write_bytes(content.replace(b"Ada", b"Eva"))


def test_all_is_well(shop: Shop) -> None:
    first = verify(shop, sound=True)
    assert (first["versions"], first["parts"], first["read"], first["compared"]) == (3, 3, 3, 0)
    assert (first["recorded"], first["findings"]) == (True, [])
    again = verify(shop, sound=True)
    assert (again["read"], again["compared"], again["recorded"]) == (0, 3, False)
    assert verify(shop, "--quick", sound=True)["compared"] == 0
    assert shop.json("plan")["changes"] is False
    assert "Sound: 3 versions in 3 parts" in shop.vp("state", "verify")


@pytest.mark.parametrize("damage", ["gone", "folder", "short", "unreadable", "one value"])
def test_damage_is_found_said_and_made_anew(shop: Shop, damage: str) -> None:
    before = shop.vp("query", "from shop.customers order by all", "--format", "csv")
    verify(shop, sound=True)
    part = shop.part("customers")
    match damage:
        case "gone":
            part.unlink()
        case "folder":
            shutil.rmtree(part.parent)
        case "short":
            part.write_bytes(part.read_bytes()[:-1])
        case "unreadable":
            flip(part, part.stat().st_size - 5)
        case "one value":
            change_a_value(part)
    found = verify(shop, sound=False)
    (finding,) = found["findings"]
    kind = "damaged" if damage in ("unreadable", "one value") else "lost"
    assert (finding["kind"], finding["severity"], finding["address"]) == (kind, "error", "shop.customers")
    assert finding["environments"] == ["dev"]
    assert "vp apply" in finding["fix"]
    (action,) = shop.json("plan")["actions"]
    assert (action["address"], action["reasons"][0]["code"]) == ("shop.customers", "lost")
    shop.vp("apply", "--yes")
    assert shop.vp("query", "from shop.customers order by all", "--format", "csv") == before
    assert [each["severity"] for each in verify(shop, sound=True)["findings"]] == ["warning"]
    shop.vp("clean", "--grace", "0s", "--undo-horizon", "0s")
    assert verify(shop, sound=True)["findings"] == []


def test_what_nobody_knew_is_read_whole(shop: Shop) -> None:
    flip(shop.part("customers"), shop.part("customers").stat().st_size - 5)
    (finding,) = verify(shop, "--no-record", sound=False)["findings"]
    assert "cannot be read" in finding["words"]
    assert shop.json("plan")["changes"] is False  # it was asked to write nothing
    verify(shop, sound=False)
    assert shop.json("plan")["changes"] is True


def test_a_file_that_was_put_back_is_whole_again(shop: Shop) -> None:
    verify(shop, sound=True)
    part = shop.part("customers")
    content = part.read_bytes()
    change_a_value(part)
    verify(shop, sound=False)
    verify(shop, "--quick", sound=False)  # it is remembered
    part.write_bytes(content)
    verify(shop, sound=True)
    assert shop.json("plan")["changes"] is False


def test_damage_in_what_is_only_kept_to_go_back_is_a_warning(shop: Shop) -> None:
    part = shop.part("daily_revenue")
    shop.edit()
    shop.vp("apply", "--yes")
    part.unlink()
    (finding,) = verify(shop, sound=True)["findings"]
    assert (finding["severity"], finding["environments"]) == ("warning", [])
    status, _, err = shop.run("undo", "--yes")
    assert (status, "VP712" in err) == (1, True)


def test_an_apply_that_meets_a_damaged_file_says_so_and_the_next_makes_it_anew(shop: Shop) -> None:
    """Nobody has verified anything."""
    flip(shop.part("orders"), shop.part("orders").stat().st_size - 5)
    shop.edit()
    status, _, err = shop.run("apply", "--yes")
    assert status == 1
    assert "error[VP509]" in err
    assert "shop/orders/" in err
    assert {action["address"] for action in shop.json("plan")["actions"]} == {"shop.orders", "shop.daily_revenue"}
    shop.vp("apply", "--yes")
    assert verify(shop, sound=True)["sound"]
    assert shop.json("plan")["changes"] is False


TICKS = """
[pipeline]
name = "ticks"
[source.file.events]
path = "ticks/*.csv"
columns.happened = "timestamp"
columns.amount = "bigint"
[sql.daily]
query = "select happened, amount from events where happened >= $start and happened < $end"
build = { mode = "interval", column = "happened", grain = "day", start = 2024-01-01, end = 2024-01-10 }
"""


def test_a_part_that_several_versions_go_on_with_is_one_finding(shop: Shop) -> None:
    (shop.root / "ticks.vp.toml").write_text(TICKS)
    (shop.root / "ticks").mkdir()
    for day in (2, 5, 7):
        (shop.root / "ticks" / f"{day}.csv").write_text(f"happened,amount\n2024-01-0{day} 10:00:00,{day}\n")
        shop.vp("apply", "--yes")
    before = shop.vp("query", "from ticks.daily order by all", "--format", "csv")
    verify(shop, sound=True)
    oldest = min((shop.root / ".vp" / "storage" / "ticks" / "daily").glob("*/part-0.parquet"))
    flip(oldest, 40)
    (finding,) = verify(shop, sound=False)["findings"]
    assert (finding["kind"], finding["address"], finding["environments"]) == ("damaged", "ticks.daily", ["dev"])
    assert [action["address"] for action in shop.json("plan")["actions"]] == ["ticks.daily"]
    shop.vp("apply", "--yes")
    assert shop.vp("query", "from ticks.daily order by all", "--format", "csv") == before
    assert [each["severity"] for each in verify(shop, sound=True)["findings"]] == ["warning"]


def test_what_no_version_owns_is_told_and_is_no_error(shop: Shop) -> None:
    import os

    left = shop.root / ".vp" / "storage" / "shop" / "orders" / "0190000000000000abcdef" / "part-0.parquet"
    left.parent.mkdir()
    left.write_bytes(b"half a file")
    assert verify(shop, sound=True)["findings"] == []  # it may be of an apply that runs now
    for path in (left, left.parent):
        os.utime(path, (1, 1))
    (finding,) = verify(shop, sound=True)["findings"]
    assert (finding["kind"], finding["severity"]) == ("orphan", "note")
    shop.vp("clean")
    assert verify(shop, sound=True)["findings"] == []


CONTRADICTIONS = {
    "update environments set serial = 0": "stands at serial 0, and was published at 1",
    "delete from pointers where address = 'shop.orders'": "does not point to what was published to it",
    "update definitions set asset = '{}'": "is not what its hash says",
    "delete from publications": "does not point to what was published to it",
    "delete from versions where address = 'shop.orders'": "refer to `versions` that are not there",
}


@pytest.mark.parametrize("statement", CONTRADICTIONS)
def test_a_state_that_contradicts_itself_is_told(place: Place, shop: Shop, statement: str) -> None:
    engine = create_engine(place.url or f"sqlite:///{shop.root}/.vp/state.sqlite")
    with engine.begin() as connection:
        if place.url is not None:
            # A server sees to it that nothing dangles, unless it is told not to.
            connection.execute(text("set session_replication_role = replica"))
        connection.execute(text(statement))
    engine.dispose()
    findings = verify(shop, sound=False)["findings"]
    words = [finding["words"] for finding in findings if finding["kind"] == "state"]
    assert any(CONTRADICTIONS[statement] in each for each in words), findings
    assert "vp state restore" in findings[0]["fix"]


def test_what_is_published_without_its_checks_is_told(place: Place, shop: Shop) -> None:
    engine = create_engine(place.url or f"sqlite:///{shop.root}/.vp/state.sqlite")
    with engine.begin() as connection:
        connection.execute(text("update audits set passed = :no"), {"no": False})
    engine.dispose()
    findings = verify(shop, sound=False)["findings"]
    assert {finding["kind"] for finding in findings} == {"unchecked"}
    shop.vp("apply", "--yes")
    verify(shop, sound=True)
