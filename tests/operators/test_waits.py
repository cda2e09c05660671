"""Sensors: each looks once, and says what is there or why it waits on."""

from __future__ import annotations

import os
import pickle
import sqlite3
import sys
import time as clock
from datetime import UTC, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from tests.operators.databases import new_mysql, new_postgres
from tests.operators.services import running_service

from vibepiper_interpreter.operators.call import Done, NotYet, OperatorFailed
from vibepiper_interpreter.operators.http import HttpSettings
from vibepiper_interpreter.operators.wait_asset import WaitAssetSettings, wait_asset
from vibepiper_interpreter.operators.wait_file import WaitFileSettings, wait_file
from vibepiper_interpreter.operators.wait_http import wait_http
from vibepiper_interpreter.operators.wait_sql import WaitSqlSettings, wait_sql
from vibepiper_interpreter.operators.wait_time import WaitTimeSettings, moment_of, wait_time
from vibepiper_spec.address import Address

# --- files


def test_a_file(make_call: Any, tmp_path: Path) -> None:
    settings = WaitFileSettings("inbox/$name.csv")
    call = make_call({"name": "orders"})
    assert wait_file(call, settings) == NotYet("no file matches `inbox/orders.csv`")
    (tmp_path / "inbox" / "orders.csv").mkdir(parents=True)
    assert isinstance(wait_file(call, settings), NotYet), "a folder is no file"
    (tmp_path / "inbox" / "orders.csv").rmdir()
    (tmp_path / "inbox" / "orders.csv").write_text("id\n")
    assert wait_file(call, settings) == Done({"path": "inbox/orders.csv", "files": 1})


def test_a_pattern(make_call: Any, tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "deep/c.csv"):
        (tmp_path / "inbox" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "inbox" / name).write_text("id\n1\n")
    assert wait_file(make_call(), WaitFileSettings("inbox/*.csv")) == Done({"path": "inbox/a.csv", "files": 2})
    assert wait_file(make_call(), WaitFileSettings("inbox/**/*.csv")) == Done({"path": "inbox/a.csv", "files": 3})
    elsewhere = WaitFileSettings(f"{tmp_path}/inbox/d*/?.csv")
    assert wait_file(make_call(), elsewhere) == Done({"path": "inbox/deep/c.csv", "files": 1})


def test_all_files_must_be_large_enough(make_call: Any, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"12345")
    (tmp_path / "b.csv").write_bytes(b"1")
    assert wait_file(make_call(), WaitFileSettings("*.csv", min_size=5)) == NotYet("`b.csv` has 1 of 5 bytes")
    assert isinstance(wait_file(make_call(), WaitFileSettings("a.csv", min_size=5)), Done)


def test_a_file_that_somebody_still_writes_to(make_call: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("x")
    settings = WaitFileSettings("a.csv", unchanged_for=3600)
    for age in (-1000, 0, 1800):
        os.utime(path, (clock.time() - age,) * 2)
        assert isinstance(wait_file(make_call(), settings), NotYet)
    os.utime(path, (clock.time() - 7200,) * 2)
    assert isinstance(wait_file(make_call(), settings), Done)


def test_what_is_no_pattern_is_told(make_call: Any) -> None:
    """Later versions of Python take it for a plain `*`."""
    if sys.version_info >= (3, 13):
        assert isinstance(wait_file(make_call(), WaitFileSettings("a**/x")), NotYet)
        return
    with pytest.raises(OperatorFailed) as failed:
        wait_file(make_call(), WaitFileSettings("a**/x"))
    assert failed.value.diagnostic.code == "VP109"


# --- databases


@pytest.mark.parametrize(
    ("query", "true"),
    [
        ("select 1 where 1 = 0", False),
        ("select null", False),
        ("select count(*) from t", False),
        ("select count(*) > 0 from t", False),
        ("select 1 = 1", True),
        ("select 'any text'", True),
        ("select 0 as a, null as b", True),
        ("select $wanted", True),
    ],
)
def test_a_query_is_true_or_gives_rows(make_call: Any, tmp_path: Path, query: str, true: bool) -> None:
    sqlite3.connect(tmp_path / "shop.db").execute("create table t (id int)").connection.close()
    call = make_call({"wanted": 5}, connections={"db": {"connector": "sqlite", "path": "shop.db"}})
    assert isinstance(wait_sql(call, WaitSqlSettings("db", query)), Done if true else NotYet)


@pytest.mark.parametrize("server", [new_postgres, new_mysql])
def test_the_row_is_the_outputs(make_call: Any, server: Any) -> None:
    with server() as fields:
        call = make_call(connections={"db": fields})
        assert wait_sql(call, WaitSqlSettings("db", "select 7 as batch, 'x' as name")) == Done(
            {"batch": 7, "name": "x"}
        )
        assert isinstance(wait_sql(call, WaitSqlSettings("db", "select false")), NotYet)
        with pytest.raises(OperatorFailed) as failed:
            wait_sql(call, WaitSqlSettings("db", "create table t (id int)"))
        assert failed.value.diagnostic.code == "VP816"


def test_a_database_that_is_not_there_yet(make_call: Any, free_port: int) -> None:
    call = make_call(connections={"db": {"connector": "postgres", "host": "127.0.0.1", "port": free_port}})
    found = wait_sql(call, WaitSqlSettings("db", "select 1"))
    assert isinstance(found, NotYet) and "`db` cannot be used" in found.reason
    assert not found.reason.endswith("."), "it stands within a sentence of the run's"


def test_a_query_that_is_wrong_will_not_come_right(make_call: Any, tmp_path: Path) -> None:
    (tmp_path / "shop.db").touch()
    call = make_call(connections={"db": {"connector": "sqlite", "path": "shop.db"}})
    with pytest.raises(OperatorFailed, match="no such table"):
        wait_sql(call, WaitSqlSettings("db", "select * from missing"))


# --- services


def test_a_service(make_call: Any, free_port: int) -> None:
    with running_service() as service:
        url = service.url
        ready = wait_http(make_call(outputs={"id": ("bigint", "/job/id")}), HttpSettings(f"{url}/jobs"))
        assert ready == Done({"status": 200, "id": 7})
        assert wait_http(make_call(), HttpSettings(f"{url}/status/503")) == NotYet(
            f"GET `{url}/status/503` was answered with 503"
        )
        assert isinstance(wait_http(make_call(), HttpSettings(f"{url}/status/404")), NotYet)
        assert isinstance(wait_http(make_call(), HttpSettings(f"{url}/status/404", expect=(404,))), Done)
        with pytest.raises(OperatorFailed, match="401"):
            wait_http(make_call(), HttpSettings(f"{url}/status/401"))
    nobody = wait_http(make_call(), HttpSettings(f"http://127.0.0.1:{free_port}/"))
    assert isinstance(nobody, NotYet) and "Connection refused" in nobody.reason
    with pytest.raises(OperatorFailed, match="no URL"):
        wait_http(make_call(), HttpSettings("ftp://x.example"))


# --- assets


def test_an_asset(make_call: Any) -> None:
    published = {("dev", "shop.orders"): datetime.now(UTC) - timedelta(hours=3)}

    def published_at(address: Address, environment: str) -> datetime | None:
        return published.get((environment, str(address)))

    call = make_call(published_at=published_at)
    for name in ("shop.orders", "Orders"):
        found = wait_asset(call, WaitAssetSettings(name))
        assert found == Done({"published_at": published["dev", "shop.orders"]})
    assert wait_asset(call, WaitAssetSettings("shop.orders", "prod")) == NotYet(
        "`shop.orders` is not published in `prod`"
    )
    assert isinstance(wait_asset(call, WaitAssetSettings("shop.orders", newer_than=4 * 3600)), Done)
    assert wait_asset(call, WaitAssetSettings("shop.orders", newer_than=3600)) == NotYet(
        "`shop.orders` was published in `dev` 3 h ago"
    )


# --- times


def test_a_moment(make_call: Any) -> None:
    past = datetime(2020, 1, 2, 3, tzinfo=timezone(timedelta(hours=2)))
    assert wait_time(make_call(), WaitTimeSettings(past)) == Done({"at": datetime(2020, 1, 2, 1, tzinfo=UTC)})
    later = datetime.now(UTC) + timedelta(days=2)
    found = wait_time(make_call(), WaitTimeSettings(later))
    assert isinstance(found, NotYet) and found.again_in is not None
    assert 86_400 < found.again_in <= 2 * 86_400
    assert later.isoformat(timespec="seconds") in found.reason


def test_a_delay_begins_when_the_task_was_first_asked(make_call: Any) -> None:
    began = datetime(2026, 3, 1, 13, tzinfo=UTC)
    assert moment_of(make_call(began=began), WaitTimeSettings(delay=90)) == datetime(2026, 3, 1, 13, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "at", "zone", "moment"),
    [
        ("2026-03-01T12:00", "06:30", "UTC", "2026-03-01T06:30"),
        ("2026-03-01T23:30", "06:30", "Europe/Berlin", "2026-03-02T05:30"),
        # Clocks go from 2 to 3 o'clock: half past two is as late as if they had not.
        ("2026-03-29T00:30", "02:30", "Europe/Berlin", "2026-03-29T01:30"),
        # Clocks go from 3 to 2 o'clock: the first of the two.
        ("2026-10-25T00:10", "02:30", "Europe/Berlin", "2026-10-25T00:30"),
    ],
)
def test_a_time_of_day(make_call: Any, now: str, at: str, zone: str, moment: str) -> None:
    call = make_call(now=datetime.fromisoformat(now).replace(tzinfo=UTC))
    settings = WaitTimeSettings(time_of_day=time.fromisoformat(at), time_zone=zone)
    assert moment_of(call, settings) == datetime.fromisoformat(moment).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "settings",
    [WaitFileSettings("a"), WaitSqlSettings("db", "select 1"), WaitAssetSettings("a.b"), WaitTimeSettings(delay=1)],
)
def test_settings_travel_to_other_processes(settings: object) -> None:
    assert pickle.loads(pickle.dumps(settings)) == settings
