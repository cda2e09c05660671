"""`vp retry` does again what failed, and nothing else; `vp runs logs` prints what was told meanwhile."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Vp

SPECS = """
[pipeline]
name = "shop"
[python.rates]
function = "shop_code:rates"
columns.rate = "bigint"
retry = { attempts = 2, delay = "0s" }
[sql.double]
query = "select rate * 2 as rate from rates"
[sql.other]
query = "select 1 as a"
"""
CODE = """
import logging
from pathlib import Path
import pyarrow as pa

def rates(context):
    context.logger.warning("asking for the rates")
    print("of today")
    if not Path("line").exists():
        raise ConnectionError("the line broke")
    return pa.table({"rate": [1]})
"""


@pytest.fixture
def failed(vp: Vp, tmp_path: Path) -> str:
    """A run in which one asset failed twice, one waited for it, and one was published. Its id."""
    (tmp_path / "vp.toml").write_text('[project]\nname = "trial"\n')
    (tmp_path / "shop.vp.toml").write_text(SPECS)
    (tmp_path / "shop_code.py").write_text(CODE)
    seen = vp("apply", "--yes", "--json")
    assert seen.status == 1
    assert "shop.rates: attempt 1 failed (transient). The next one follows in 0 ms. VP406: " in seen.err
    assert "2 attempts" in seen.err
    result = json.loads(seen.out)
    assert {task["address"]: task["attempts"] for task in result["tasks"]}["shop.rates"] == 2
    return str(result["run"])


def test_only_what_failed(vp: Vp, tmp_path: Path, failed: str) -> None:
    (tmp_path / "shop.vp.toml").write_text(SPECS.replace("select 1 as a", "select 2 as a"))
    (tmp_path / "line").touch()
    seen = vp("retry", "--yes", "--json")
    assert seen.status == 0
    assert f"Left to do of run {failed} in `dev`: 2 assets." in seen.err
    assert {task["address"] for task in json.loads(seen.out)["tasks"]} == {"shop.rates", "shop.double"}
    # What has changed beside it is left for the next apply.
    assert [action["address"] for action in json.loads(vp("plan", "--json").out)["actions"]] == ["shop.other"]
    assert "Nothing is left to do of run" in vp("retry").err


def test_an_earlier_run(vp: Vp, failed: str) -> None:
    vp("apply", "--yes")
    assert f"Left to do of run {failed} in `dev`: 2 assets." in vp("retry", failed, "--yes").err
    assert vp("retry", failed, "--env", "prod").status == 4
    assert vp("retry", "1999").err.startswith("error[VP707]")


def test_what_is_gone_is_left_out(vp: Vp, tmp_path: Path, failed: str) -> None:
    (tmp_path / "shop.vp.toml").write_text('[pipeline]\nname = "shop"\n[sql.double]\nquery = "select 4 as rate"\n')
    seen = vp("retry", failed, "--yes")
    assert seen.status == 0
    assert "Not in the specs any more, and left out: `shop.rates`." in seen.err
    (tmp_path / "shop.vp.toml").write_text('[pipeline]\nname = "shop"\n')
    (tmp_path / "line").touch()
    vp("apply", "--yes")
    assert f"Nothing is left to do of run {failed}: what failed is not there any more." in vp("retry", failed).err


def test_no_run_yet(vp: Vp, tmp_path: Path) -> None:
    (tmp_path / "vp.toml").write_text('[project]\nname = "trial"\n')
    for words in (("retry",), ("runs", "logs")):
        seen = vp(*words)
        assert (seen.status, seen.err) == (0, "No run yet. `vp apply` makes the first.\n")
    assert json.loads(vp("retry", "--json").out)["tasks"] == []


def test_logs(vp: Vp, failed: str) -> None:
    lines = [line.split(maxsplit=2)[1:] for line in vp("runs", "logs", failed).out.splitlines()]
    once = [
        ["shop.rates", "warning  asking for the rates"],
        ["shop.rates", "stdout   of today"],
    ]
    failure = "VP406: `shop.rates` raised ConnectionError: the line broke"
    attempts = [["shop.rates", f"warning  attempt 1 failed: {failure}"], ["shop.rates", f"error    failed: {failure}"]]
    assert lines == [*once, attempts[0], *once, attempts[1]]
    assert json.loads(vp("runs", "logs", failed, "rates", "--json").out)["logs"][1]["message"] == "of today"
    assert vp("runs", "logs", failed, "other").err == f"Nothing was logged in run {failed}.\n"
    assert vp("runs", "logs", failed, "nosuch").status == 4
    assert vp("runs", "logs").out.count("of today") == 2
    shown = json.loads(vp("runs", "show", failed, "--json").out)["attempts"]
    assert [(each["number"], each["outcome"]) for each in shown if each["address"] == "shop.rates"] == [
        (1, "failed"),
        (2, "failed"),
    ]
    assert "2 attempts" in vp("runs", "show", failed).out
