"""Environments at the command line: compare, promote, go back; protected ones take saved plans only."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.cli.conftest import Vp, edit

from vibepiper_cli.failure import WrongUsage
from vibepiper_cli.main import main
from vibepiper_cli.returning import parse_moment

ENVIRONMENTS = """
[variables]
least = 0

[environment.prod]

[environment.large]
variables = { least = 100 }
"""
LARGE = '\n[sql.large]\nquery = "select order_id, customer, amount from orders where amount >= $least"\n'


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("applied") / "shop"
    with contextlib.redirect_stderr(io.StringIO()):
        assert main(["new", str(root)]) == 0
        for file, text in (("vp.toml", ENVIRONMENTS), ("pipelines/shop.vp.toml", LARGE)):
            (root / file).write_text((root / file).read_text() + text)
        assert main(["apply", "--yes", "--quiet", "--project", str(root)]) == 0
    return root


def add_one(shop: Path) -> None:
    edit(shop / "pipelines" / "shop.vp.toml", "cast(sum(amount) as", "cast(sum(amount) + 1 as")


def protect(shop: Path) -> None:
    edit(shop / "vp.toml", "[environment.prod]\n", "[environment.prod]\nprotected = true\n")


def test_promote_shows_the_plan_and_asks(vp: Vp, shop: Path) -> None:
    seen = vp("promote", "dev", "prod")
    assert seen.status == 1
    assert "Plan for environment prod: promotes what `dev` shows" in seen.err
    assert "> repoint  orders" in seen.err
    assert "vp promote dev prod --yes" in seen.err
    done = vp("promote", "dev", "prod", "--yes", "--json")
    assert done.status == 0
    assert {task["outcome"] for task in json.loads(done.out)["tasks"]} == {"repointed"}
    assert "No changes. `prod` is so already: the plan promotes what `dev` shows." in vp("promote", "dev", "prod").err
    assert vp("query", "from shop.large", "--env", "prod").out == vp("query", "from shop.large").out


def test_promote_and_undo_can_be_quiet(vp: Vp, shop: Path) -> None:
    for verb in (("promote", "dev", "prod"), ("undo", "--env", "prod")):
        done = vp(*verb, "--yes", "-q")
        assert done.status == 0
        assert "Plan for environment" not in done.err
        assert "Applied to `prod`" in done.err


def test_promote_builds_what_reads_another_value(vp: Vp, shop: Path) -> None:
    done = vp("promote", "dev", "large", "--yes", "--json")
    outcomes = {task["address"]: task["outcome"] for task in json.loads(done.out)["tasks"]}
    assert {name for name, outcome in outcomes.items() if outcome == "built"} == {"shop.large"}
    assert vp("query", "select count(*) as n from shop.large", "--env", "large", "-f", "csv").out == "n\n2\n"


def test_promote_refuses_to_guess(vp: Vp, shop: Path) -> None:
    add_one(shop)
    seen = vp("promote", "dev", "prod", "--yes")
    assert seen.status == 1
    assert "error[VP710]: Not clear what to promote" in seen.err
    assert "`shop.daily_revenue`: `revenue` changed: expression" in seen.err
    assert vp("promote", "dev", "dev").status == 4
    assert vp("promote", "dev", "prd").err.startswith("error[VP601]")
    assert vp("promote", "dev", "prod", "nothing").err.startswith("error[VP207]")


def test_a_protected_environment_takes_only_a_saved_plan(vp: Vp, shop: Path) -> None:
    protect(shop)
    for refused, save in (
        (["apply", "--env", "prod"], "vp plan --env prod --out prod.vpplan"),
        (["promote", "dev", "prod", "orders"], "vp promote dev prod orders --out prod.vpplan"),
    ):
        seen = vp(*refused, "--yes")
        assert seen.status == 1
        assert "error[VP607]: Environment is protected" in seen.err
        assert f"`{save}`" in seen.err
        assert "`vp apply prod.vpplan`" in seen.err
    assert json.loads(vp("runs", "--env", "prod", "--json").out)["runs"] == []
    assert "vp apply prod.vpplan" in vp("promote", "dev", "prod", "--out", "prod.vpplan").err
    assert vp("apply", "prod.vpplan", "--yes").status == 0
    assert vp("diff", "dev", "prod").out == "No differences. `dev` and `prod` show the same (4 assets).\n"
    refused = vp("undo", "--env", "prod", "--yes")
    assert "`vp undo --env prod --out prod.vpplan`" in refused.err
    assert vp("undo", "--env", "prod", "--out", "back.vpplan").status == 0
    assert vp("apply", "back.vpplan", "--yes").status == 0
    assert "4 assets different" in vp("diff", "dev", "prod").out


def test_diff_tells_what_is_known(vp: Vp, shop: Path) -> None:
    vp("promote", "dev", "prod", "--yes")
    assert vp("diff", "dev", "prod", "--detailed-exitcode").status == 0
    add_one(shop)
    edit(
        shop / "pipelines" / "shop.vp.toml",
        "    count(*) as orders,\n    cast(sum(amount) + 1",
        "    cast(sum(amount) + 1",
    )
    (shop / "pipelines" / "shop.vp.toml").write_text(
        (shop / "pipelines" / "shop.vp.toml").read_text() + '\n[sql.fresh]\nquery = "select 1 as id"\n'
    )
    assert vp("apply", "--yes").status == 0
    seen = vp("diff", "dev", "prod", "--detailed-exitcode")
    assert seen.status == 2
    assert "  ~ daily_revenue\n      it is defined otherwise, or reads variables with other values\n" in seen.out
    assert "        revenue  another expression\n" in seen.out
    assert "        orders   BIGINT, only in `prod`\n" in seen.out
    assert "4 rows, made 20" in seen.out
    assert "  < fresh  only in `dev`\n" in seen.out
    assert seen.out.endswith("2 assets different, 3 the same.\n")
    found = json.loads(vp("diff", "dev", "prod", "--json").out)
    assert (found["same"], [asset["address"] for asset in found["assets"]]) == (3, ["shop.daily_revenue", "shop.fresh"])
    assert found["assets"][0]["causes"] == ["meaning"]
    assert found["assets"][0]["left"]["rows"] == 4
    assert found["assets"][1]["right"] is None
    assert vp("diff", "dev", "prod", "customers").out.startswith("No differences.")


def test_diff_of_rows_matches_by_what_is_unique(vp: Vp, shop: Path) -> None:
    vp("promote", "dev", "prod", "--yes")
    orders = shop / "data" / "orders.csv"
    edit(orders, "120.00", "121.00")
    orders.write_text(orders.read_text() + "9,Ada,2024-03-09,7.00,paid\n")
    assert vp("apply", "--yes").status == 0
    seen = vp("diff", "dev", "prod", "orders", "large", "--data")
    assert "1 row only in `dev` and 1 row changed, matched by `order_id`" in seen.out
    assert "amount  differs in 1 row\n" in seen.out
    assert "121.00 → 120.00" in seen.out
    # `large` has no unique columns: a changed row stands on both sides.
    assert "2 rows only in `dev` and 1 row only in `prod`\n" in seen.out
    found = {
        asset["address"]: asset for asset in json.loads(vp("diff", "dev", "prod", "--data", "--json").out)["assets"]
    }
    data = found["shop.orders"]["data"]
    assert (data["only_left"], data["only_right"], data["changed"]) == (1, 0, 1)
    assert data["changed_columns"] == {"amount": 1}
    assert data["sample_changed"] == [{"key": ["1"], "values": {"amount": {"left": "121.00", "right": "120.00"}}}]
    assert data["sample_left"] == [["9", "Ada", "2024-03-09", "7.00", "paid"]]
    shutil.rmtree(shop / ".vp" / "storage" / "shop" / "large")
    assert "its rows cannot be compared" in vp("diff", "dev", "prod", "large", "--data").out


def test_undo_and_as_of(vp: Vp, shop: Path) -> None:
    before = vp("query", "from shop.daily_revenue").out
    first = json.loads(vp("runs", "--json").out)["runs"][0]
    add_one(shop)
    assert vp("apply", "--yes").status == 0
    after = vp("query", "from shop.daily_revenue").out
    # Going back does not need the specs to be right.
    edit(shop / "pipelines" / "shop.vp.toml", "[sql.large]", "[sql.large")
    undone = vp("undo", "--yes")
    assert undone.status == 0
    assert "the next apply does again what was undone" in undone.err
    assert vp("query", "from shop.daily_revenue").out == before
    assert vp("undo", "--yes").status == 0
    assert vp("query", "from shop.daily_revenue").out == after
    shown = vp("plan", "--as-of", first["finished_at"], "--out", "back.vpplan", "--detailed-exitcode")
    assert shown.status == 2
    assert "Plan for environment dev: goes back to 20" in shown.out
    assert vp("apply", "back.vpplan", "--yes").status == 0
    assert vp("query", "from shop.daily_revenue").out == before
    assert "error[VP713]" in vp("plan", "--as-of", "2020-01-01").err
    assert vp("plan", "--as-of", "soon").status == 4
    assert vp("plan", "orders", "--as-of", "1h").status == 4
    assert vp("undo", "2020").err.startswith("error[VP707]")
    assert vp("undo", first["id"], "--env", "prod").status == 4
    runs = json.loads(vp("runs", "--json").out)["runs"]
    assert [run["status"] for run in runs] == ["succeeded"] * 5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-02-01", "2026-02-01T00:00:00+00:00"),
        ("2026-02-01T08:00+01:00", "2026-02-01T07:00:00+00:00"),
        ("3d", "2026-02-26T12:00:00+00:00"),
    ],
)
def test_moments(text: str, expected: str) -> None:
    assert parse_moment(text, datetime(2026, 3, 1, 12, tzinfo=UTC)).isoformat() == expected


@pytest.mark.parametrize("text", ["", "yesterday", "99999999999999d"])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(WrongUsage):
        parse_moment(text, datetime(2026, 3, 1, 12, tzinfo=UTC))


def test_clean_keeps_what_going_back_needs_and_says_how_much(vp: Vp, shop: Path) -> None:
    before = vp("query", "from shop.daily_revenue").out
    add_one(shop)
    assert vp("apply", "--yes").status == 0
    told = vp("clean", "--grace", "0s").err
    assert told.startswith("Kept to be able to go back for 7d: 1 version, ")
    assert told.endswith("Nothing to delete.\n")
    assert vp("undo", "--yes").status == 0
    assert vp("query", "from shop.daily_revenue").out == before
    assert vp("undo", "--yes").status == 0
    edit(shop / "vp.toml", "[variables]", '[state]\nundo_horizon = "0s"\n\n[variables]')
    told = json.loads(vp("clean", "--grace", "0s", "--json").out)
    assert [version["address"] for version in told["versions"]] == ["shop.daily_revenue"]
    assert told["kept_for_undo"] == {"versions": 0, "bytes": 0, "horizon": "0s"}
    assert (told["runs"], len(json.loads(vp("runs", "--json").out)["runs"])) == (1, 3)
    refused = vp("undo", "--yes")
    assert refused.status == 1
    assert "error[VP712]: Earlier version is gone" in refused.err
    assert vp("plan").status == 0
    edit(shop / "vp.toml", '"0s"', '"soon"')
    assert "`soon` is no duration" in vp("clean").err
