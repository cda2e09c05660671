"""The restore drill: back up, lose the state, put it back, and there is nothing to do. On every pair of databases."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text
from tests.state.shop import Shop

if TYPE_CHECKING:
    from tests.state.conftest import Place


@pytest.fixture
def shop(place: Place) -> Shop:
    return Shop(place.root / "shop", place.url)


def lose_the_state(place: Place, shop: Shop) -> None:
    if place.url is None:
        for file in (shop.root / ".vp").glob("state.sqlite*"):
            file.unlink()
        return
    engine = create_engine(place.url)
    with engine.begin() as connection:
        connection.execute(text("drop schema public cascade"))
        connection.execute(text("create schema public"))
    engine.dispose()


@pytest.mark.parametrize("to", ["sqlite", "postgresql"])
def test_back_up_lose_the_state_restore_and_there_is_nothing_to_do(
    place: Place, shop: Shop, to: str, request: pytest.FixtureRequest
) -> None:
    before = shop.revenue()
    file = shop.backup()
    lose_the_state(place, shop)
    shop.use(None if to == "sqlite" else request.getfixturevalue("second_postgresql"))
    status, _, err = shop.run("plan")
    assert (status, "VP604" in err) == (1, True)  # nobody knows what is in the storage
    told = shop.json("state", "restore", file, "--yes")
    assert (told["environments"], told["lost"], told["kept"]) == ({"dev": 1}, {}, None)
    assert shop.json("plan")["changes"] is False
    assert "No changes" in shop.vp("apply", "--yes")
    assert shop.revenue() == before
    assert [run["status"] for run in shop.json("runs")["runs"]] == ["succeeded"]
    # It lives on: it can be changed, and gone back in, to before the backup.
    shop.edit()
    shop.vp("apply", "--yes")
    assert shop.revenue() != before
    shop.vp("undo", "--yes")
    assert shop.revenue() == before


def test_a_newer_state_is_replaced_only_if_one_agrees_and_is_kept(place: Place, shop: Shop) -> None:
    old = shop.revenue()
    file = shop.backup()
    shop.edit()
    saved = str(shop.root / "before.vpplan")
    shop.vp("plan", "--out", saved)
    shop.vp("apply", "--yes")
    new = shop.revenue()
    status, out, err = shop.run("state", "restore", file)
    assert (status, out) == (1, "")
    assert "serial 2 → 1  1 publish since then would be forgotten" in err
    assert "--yes" in err
    assert shop.revenue() == new
    told = shop.json("state", "restore", file, "--yes")
    assert shop.revenue() == old
    # A plan of before the restore is stale, whatever the serial says.
    status, _, err = shop.run("apply", saved, "--yes")
    assert (status, "VP701" in err) == (1, True)
    # And back again.
    shop.vp("state", "restore", str(shop.root / told["kept"]), "--yes")
    assert shop.revenue() == new
    assert shop.json("plan")["changes"] is False


def test_what_the_storage_has_lost_is_said_and_made_anew(shop: Shop) -> None:
    before = shop.revenue()
    file = shop.backup()
    shutil.rmtree(shop.root / ".vp" / "storage" / "shop" / "daily_revenue")
    told = shop.json("state", "restore", file, "--yes")
    assert told["lost"] == {"dev": ["shop.daily_revenue"]}
    (action,) = shop.json("plan")["actions"]
    assert [reason["code"] for reason in action["reasons"]] == ["lost"]
    shop.vp("apply", "--yes")
    assert shop.revenue() == before


def test_all_of_vp_is_lost_but_the_backup(place: Place, shop: Shop) -> None:
    before = shop.revenue()
    file = shop.backup()
    lose_the_state(place, shop)
    shutil.rmtree(shop.root / ".vp")
    assert shop.json("state", "restore", file, "--yes")["lost"]["dev"]
    shop.vp("apply", "--yes")
    assert shop.revenue() == before


def test_nothing_is_restored_while_something_is_applied(place: Place, shop: Shop) -> None:
    file = shop.backup()
    place_of_shop = type(place)(shop.root, place.url)
    with place_of_shop.open() as state, state.take_lease("dev", "ann"):
        status, _, err = shop.run("state", "restore", file, "--yes")
    assert (status, "VP703" in err) == (1, True)
    assert shop.json("plan")["changes"] is False


@pytest.mark.parametrize("damage", ["damaged", "newer"])
def test_a_state_that_cannot_be_used_is_set_aside(place: Place, shop: Shop, damage: str) -> None:
    if place.url is not None:
        pytest.skip("a server keeps no file that could be set aside")
    file = shop.backup()
    own = shop.root / ".vp" / "state.sqlite"
    if damage == "damaged":
        own.write_bytes(b"SQLite format 3\0" * 99)
    else:
        with sqlite3.connect(own) as connection:
            connection.execute("update alembic_version set version_num = '9999'")
        connection.close()
    status, _, err = shop.run("plan")
    assert (status, "VP706" in err or "VP705" in err) == (1, True)
    status, _, err = shop.run("state", "restore", file)
    assert (status, "cannot be used" in err) == (1, True)
    assert own.exists()
    told = shop.json("state", "restore", file, "--yes")
    assert (shop.root / told["kept"]).exists()
    assert shop.json("plan")["changes"] is False


def test_a_storage_of_a_third_state_is_left_alone(shop: Shop) -> None:
    file = shop.backup()
    id_file = shop.root / ".vp" / "storage" / ".id"
    id_file.write_text("of somebody else\n")
    status, _, err = shop.run("state", "restore", file, "--yes")
    assert (status, "VP604" in err) == (1, True)
    assert id_file.read_text() == "of somebody else\n"


def test_a_backup_holds_no_secret(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VP_TEST_STATE", "sqlite:///hush-a-secret.sqlite")
    (shop.root / ".env").write_text("TOKEN=hush-another\n")
    shop.use("secret:VP_TEST_STATE")
    shutil.rmtree(shop.root / ".vp" / "storage")
    shop.vp("apply", "--yes")
    assert b"hush" not in Path(shop.backup()).read_bytes()


def test_the_state_in_a_line(place: Place, shop: Shop) -> None:
    told = shop.json("state")
    assert told["environments"] == [{"name": "dev", "serial": 1, "assets": 3}]
    assert "dev  serial 1  3 assets" in shop.vp("state")
