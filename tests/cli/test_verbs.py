"""What the verbs show of a project that was applied, for people and as JSON."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sys
from pathlib import Path
from typing import get_args

import pytest
from tests.cli.conftest import Vp, edit

from vibepiper_cli.main import main
from vibepiper_spec.model.execution import ExecutorKind


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("applied") / "shop"
    with contextlib.redirect_stderr(io.StringIO()):
        assert main(["new", str(root)]) == 0
        assert main(["apply", "--yes", "--quiet", "--project", str(root)]) == 0
    return root


def test_plan_says_what_changes_why_and_whom_it_reaches(vp: Vp, shop: Path) -> None:
    spec = shop / "pipelines" / "shop.vp.toml"
    spec.write_text(spec.read_text() + '\n[sql.best_day]\nquery = "select max(revenue) as best from daily_revenue"\n')
    assert vp("apply", "--yes").status == 0
    edit(spec, "count(*) as orders,\n    cast(sum(amount)", "count(*) as sales,\n    cast(sum(amount) + 1")
    shown = vp("plan")
    assert shown.status == 0
    assert "~ rebuild  daily_revenue" in shown.out
    assert "+  sales    BIGINT" in shown.out
    assert "-  orders   BIGINT" in shown.out
    assert "~  revenue  DECIMAL(14,2) (expression)" in shown.out
    assert "reaches `shop.best_day`" in shown.out
    assert "unless `shop.daily_revenue` comes out equal in `revenue`" in shown.out
    assert "customers" not in shown.out
    plan = json.loads(vp("plan", "--json").out)
    assert plan["changes"] is True
    assert [action["address"] for action in plan["actions"]] == ["shop.daily_revenue", "shop.best_day"]
    assert plan["actions"][1]["conditions"] == [{"input": "shop.daily_revenue", "columns": ["revenue"]}]


def test_a_plan_of_new_layout_only_is_one_line(vp: Vp, shop: Path) -> None:
    spec = shop / "pipelines" / "shop.vp.toml"
    edit(spec, "select\n    customer,", "SELECT customer   ,  -- who\n")
    assert vp("plan").out == "No changes. `dev` is as the specs say (3 assets).\n"


def test_selection_plans_only_what_is_meant(vp: Vp, shop: Path) -> None:
    shutil.rmtree(shop / ".vp")
    shown = json.loads(vp("plan", "customers", "--json").out)
    assert [action["address"] for action in shown["actions"]] == ["shop.orders", "shop.customers"]
    assert shown["selection"] == ["customers"]


def test_a_saved_plan_is_applied_as_it_is(vp: Vp, shop: Path) -> None:
    edit(shop / "pipelines" / "shop.vp.toml", "where status = 'paid'", "where status <> 'open'")
    assert "vp apply today.vpplan" in vp("plan", "--out", "today.vpplan").err
    assert vp("apply", "today.vpplan", "--yes").status == 0
    assert vp("plan").out.startswith("No changes.")


def test_apply_as_json_keeps_stdout_clean(vp: Vp, shop: Path) -> None:
    edit(shop / "data" / "orders.csv", "8,Margaret", "9,Margaret")
    result = json.loads(vp("apply", "--yes", "--json").out)
    assert result["status"] == "succeeded"
    assert {task["address"]: task["outcome"] for task in result["tasks"]}["shop.orders"] == "built"
    assert json.loads(vp("apply", "--yes", "--json").out)["tasks"] == []


def test_apply_asks_where_it_can(vp: Vp, shop: Path) -> None:
    edit(shop / "data" / "orders.csv", "8,Margaret", "9,Margaret")
    refused = vp("apply")
    assert refused.status == 1
    assert "vp apply --yes" in refused.err
    assert vp("plan", "--detailed-exitcode").status == 2


def test_show(vp: Vp, shop: Path) -> None:
    shown = vp("show", "daily_revenue", "--rows", "1")
    assert shown.status == 0
    for expected in (
        "shop.daily_revenue  sql table\nWhat was paid, per day\n",
        "status       up to date in `dev`\n",
        "holds        4 rows, ",
        "revenue  DECIMAL(14,2)\n",
        "  passed  unique(day)\n",
        "Reads\n  shop.orders  `amount`, `ordered_at` and `status`\n",
        "  2024-03-01       2   155.50",
    ):
        assert expected in shown.out
    found = json.loads(vp("show", "shop.orders", "--json").out)
    assert found["status"] == "up to date"
    assert found["published"]["rows"] == 8
    assert {reader["asset"] for reader in found["read_by"]} == {"shop.daily_revenue", "shop.customers"}
    assert found["sample"]["rows"][0] == ["1", "Ada", "2024-03-01", "120.00", "paid"]


def test_columns_that_only_the_run_tells(vp: Vp, tmp_path: Path) -> None:
    (tmp_path / "vp.toml").write_text('[project]\nname = "numbers"\n')
    (tmp_path / "a.vp.toml").write_text(
        '[pipeline]\nname = "a"\n[python.listed]\nfunction = "code_a:listed"\n'
        '[python.named]\nfunction = "code_a:listed"\ncolumns.oid.description = "The number."\n'
    )
    code = "import pyarrow\n\n\ndef listed():\n    return pyarrow.table({'oid': [1]})\n"
    (tmp_path / "code_a.py").write_text(code)
    assert "+ create   listed  python table, columns known after apply" in vp("plan").out
    assert "The columns are known after apply." in vp("show", "listed").out
    assert vp("apply", "--yes").status == 0
    assert "oid     BIGINT" in vp("show", "listed", "--rows", "0").out
    (tmp_path / "code_a.py").write_text(code.replace("[1]", "[2]"))
    edited = vp("plan", "--json").out
    assert [(action["reasons"][0]["words"], action["columns"]) for action in json.loads(edited)["actions"]] == [
        ("its code changed", []),
        ("its code changed", []),
    ]


def test_show_of_what_is_stale_removed_unpublished_or_unknown(vp: Vp, shop: Path) -> None:
    spec = shop / "pipelines" / "shop.vp.toml"
    head, customers = spec.read_text().split("[sql.customers]")
    spec.write_text(head + customers.partition("[sql")[0][:0] + '[sql.fresh]\nquery = "select 1 as id"\n')
    edit(spec, "where status = 'paid'", "where status <> 'open'")
    assert "status       out of date in `dev` (" in vp("show", "daily_revenue").out
    assert "status       left the specs in `dev`" in vp("show", "customers").out
    assert "status       not published in `dev`" in vp("show", "fresh").out
    unknown = vp("show", "custommers")
    assert (unknown.status, unknown.err) == (
        4,
        "error: there is no asset or task `custommers`. Did you mean `customers`?\n",
    )


def test_show_still_helps_where_specs_are_broken(vp: Vp, shop: Path) -> None:
    edit(shop / "pipelines" / "shop.vp.toml", "sum(amount) as decimal", "sum(amuont) as decimal")
    shown = vp("show", "daily_revenue")
    assert shown.status == 0
    assert "`vp validate` tells them" in shown.err
    assert "status       unknown in `dev`" in shown.out
    assert "2024-03-01" in shown.out


@pytest.mark.parametrize(
    ("format", "expected"),
    [
        ("table", "n  s    z\n─  ───  ────\n1  a,b  NULL\n2       NULL\n"),
        ("csv", 'n,s,z\n1,"a,b",\n2,"",\n'),
        ("json", '[\n  {"n":1,"s":"a,b","z":null},\n  {"n":2,"s":"","z":null}\n]\n'),
    ],
)
def test_query_formats(vp: Vp, shop: Path, format: str, expected: str) -> None:
    sql = "select * from (values (1, 'a,b', null), (2, '', null)) as t(n, s, z) order by n"
    assert vp("query", sql, "--format", format).out == expected


def test_query_reads_stdin_and_limits(vp: Vp, shop: Path) -> None:
    seen = vp("query", "-", "--limit", "2", stdin="from range(5)")
    assert seen.out == "range\n─────\n    0\n    1\n"
    assert "The first 2 rows" in seen.err


def test_query_cannot_change_what_is_published(vp: Vp, shop: Path) -> None:
    for sql in ("drop view shop.orders", "create table shop.x as select 1", "delete from shop.orders"):
        assert vp("query", sql).status == 1
    assert vp("query", "select count(*) from shop.orders", "--format", "csv").out == "count_star()\n8\n"


def test_runs(vp: Vp, shop: Path) -> None:
    listed = json.loads(vp("runs", "--json").out)["runs"]
    assert [run["status"] for run in listed] == ["succeeded"]
    run = listed[0]["id"]
    assert f"\n{run}  dev          succeeded        3  " in vp("runs").out
    shown = vp("runs", "show", run[:17], "--events")
    assert "built  shop.daily_revenue  4 rows" in shown.out
    assert "1 of 4 rows has no value in `spent`." in shown.out
    assert "run_finished" in shown.out
    record = json.loads(vp("runs", "show", run, "--json").out)
    assert {task["outcome"] for task in record["tasks"]} == {"built"}
    assert all(task["process_peak_memory"] > 10_000_000 for task in record["tasks"]) or sys.platform != "linux"
    assert record["events"][0]["type"] == "run_started"


def test_lineage_of_a_table_that_has_other_columns_than_its_query(vp: Vp, tmp_path: Path) -> None:
    (tmp_path / "vp.toml").write_text('[project]\nname = "shop"\n')
    (tmp_path / "orders.csv").write_text("id,amount,gone\n1,2,false\n")
    (tmp_path / "shop.vp.toml").write_text("""[pipeline]
name = "shop"
[source.file.orders]
path = "orders.csv"
[sql.merged]
query = "select gone, id, amount from orders"
build = { mode = "merge", key = ["id"], delete_flag = "gone" }
[sql.history]
query = "select id, amount from orders"
build = { mode = "scd2", key = ["id"] }
""")
    for column in ("merged.amount", "history.amount"):
        assert "comes from\n  └─ shop.orders.amount  orders.csv\n" in vp("lineage", column).out


def test_lineage(vp: Vp, shop: Path) -> None:
    assert vp("lineage", "daily_revenue.revenue").out == (
        "shop.daily_revenue.revenue  DECIMAL(14,2)\n"
        "\n"
        "comes from\n"
        "  ├─ shop.orders.amount  data/orders.csv\n"
        "  ├─ shop.orders.ordered_at  data/orders.csv  (filter, join, group or order)\n"
        "  └─ shop.orders.status  data/orders.csv  (filter, join, group or order)\n"
        "\n"
        "goes to\n"
        "  nothing in this project\n"
    )
    edges = json.loads(vp("lineage", "shop.orders", "--json").out)["downstream"]
    assert {edge["to"]["asset"] for edge in edges} == {"shop.daily_revenue", "shop.customers"}
    chart = vp("lineage", "orders", "--mermaid").out
    assert chart.startswith("flowchart LR\n")
    assert "n0 --> n1" in chart


def test_clean_frees_what_nothing_points_to(vp: Vp, shop: Path) -> None:
    edit(
        shop / "pipelines" / "shop.vp.toml", "from orders\nwhere status = 'paid'", "from orders\nwhere status <> 'open'"
    )
    assert vp("apply", "--yes").status == 0
    assert vp("clean").err == "Nothing to delete.\n"
    everything = ("clean", "--grace", "0s", "--undo-horizon", "0s")
    assert "Would delete 1 version, " in vp(*everything, "--dry-run").err
    before = vp("query", "from shop.daily_revenue").out
    assert "Deleted 1 version, " in vp(*everything).err
    assert vp(*everything).err == "Nothing to delete.\n"
    assert vp("query", "from shop.daily_revenue").out == before
    assert vp("plan").out.startswith("No changes.")


def test_doctor(vp: Vp, shop: Path) -> None:
    seen = vp("doctor")
    assert seen.status == 0
    assert "storage" in seen.out
    findings = {found["subject"]: found for found in json.loads(vp("doctor", "--json").out)["findings"]}
    assert findings["state"]["verdict"] == "ok"
    (shop / ".vp" / "storage" / ".id").write_text("another")
    sick = vp("doctor")
    assert sick.status == 1
    assert "BAD  storage" in sick.out
    assert "VP604" in sick.out


def test_doctor_outside_a_project_looks_at_the_machine(vp: Vp) -> None:
    seen = vp("doctor")
    assert seen.status == 0
    assert "look" in seen.out


def test_fmt(vp: Vp, shop: Path) -> None:
    spec = shop / "pipelines" / "shop.vp.toml"
    canonical = spec.read_text()
    edit(spec, "[sql.customers]\n", "[  sql . customers ]   # who buys\n")
    assert vp("fmt", "--check").status == 1
    assert "-[  sql . customers ]" in vp("fmt", "--diff").out
    assert vp("fmt", "pipelines").err == "Laid out `pipelines/shop.vp.toml`\n1 file of 1 changed.\n"
    assert spec.read_text() == canonical.replace("[sql.customers]", "[sql.customers]  # who buys")
    assert vp("fmt").err == "0 files of 2 changed.\n"
    assert vp("fmt", "data/orders.csv").status == 4
    spec.write_text("[pipeline\n")
    assert vp("fmt").status == 3
    assert spec.read_text() == "[pipeline\n"


def test_explain(vp: Vp) -> None:
    for code in ("VP606", "606", "vp606", "error[VP606]"):
        assert vp("explain", code).out.startswith("# VP606: Extra not installed\n")
    assert vp("explain", "column").err.startswith("error: `column` is no diagnostic code. Near: `VP108`")
    assert "VP302  Unknown column" in vp("explain").out


def test_schema(vp: Vp, shop: Path) -> None:
    shutil.rmtree(shop / ".vp" / "schemas")
    assert vp("schema").err.startswith("Wrote `.vp/schemas/pipeline.schema.json`\n")
    assert json.loads(vp("schema", "--print", "pipeline").out) == json.loads(
        (shop / ".vp" / "schemas" / "pipeline.schema.json").read_text()
    )


def test_diagnostics_as_json(vp: Vp, shop: Path) -> None:
    edit(shop / "pipelines" / "shop.vp.toml", "sum(amount) as decimal", "sum(amuont) as decimal")
    for verb in ("validate", "plan"):
        seen = vp(verb, "--json")
        assert seen.status == 3
        (found,) = json.loads(seen.out)["diagnostics"]
        assert found["code"] == "VP302"
        assert found["place"]["path"] == "pipelines/shop.vp.toml"


@pytest.mark.parametrize("damage", ["gone", "short", "changed"])
def test_stored_files_that_are_gone_or_damaged_are_told_by_every_reader(vp: Vp, shop: Path, damage: str) -> None:
    (part,) = (shop / ".vp" / "storage" / "shop" / "customers").glob("*/part-0.parquet")
    content = bytearray(part.read_bytes())
    match damage:
        case "gone":
            part.unlink()
        case "short":
            part.write_bytes(b"PAR1")
        case "changed":
            content[10:60] = b"\xff" * 50
            part.write_bytes(content)
    for command in (["show", "customers"], ["query", "select * from shop.customers"]):
        seen = vp(*command)
        assert seen.status == 1
        assert "error[VP509]" in seen.err
        assert "`vp apply`" in seen.err
        assert str(shop) not in seen.err
    assert vp("show", "customers", "--rows", "0").status == 0
    assert vp("query", "from shop.orders").status == 0


def test_the_message_in_the_documentation_is_the_real_one(vp: Vp, shop: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
    shown = page[page.index("error[VP302]") :].partition("\n```")[0]
    spec = shop / "pipelines" / "shop.vp.toml"
    spec.write_text(spec.read_text() + '\n[sql.amounts]\nquery = "select amout from orders"\n')
    assert vp("validate").err.startswith(shown + "\n")


def test_another_executor_for_once(vp: Vp, shop: Path) -> None:
    """What `vp.toml` says holds where nothing else is asked for; an unknown one is told with those there are."""
    for words, worker in ((("--executor", "inline"), "inline"), (("--workers", "1"), "worker-1")):
        run = json.loads(vp("apply", "--yes", "--json", "--rebuild", "daily_revenue", *words).out)["run"]
        attempts = json.loads(vp("runs", "show", run, "--json").out)["attempts"]
        assert {each["worker"] for each in attempts} == {worker}
    refused = vp("apply", "--executor", "clouds")
    assert refused.status == 4
    assert "'clouds'" in refused.err and ", ".join(map(repr, get_args(ExecutorKind))) in refused.err
