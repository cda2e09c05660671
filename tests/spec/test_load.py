"""Loading a project: what is read, from where, and with what filled in."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from vibepiper_spec import Address, CheckSpec, LoadedProject, find_project_root, load_project, scan_files
from vibepiper_spec.diagnostics import DiagnosticError

PROJECT = '[project]\nname = "case"\n'


def write(root: Path, files: dict[str, str]) -> Path:
    for path, text in {"vp.toml": PROJECT, **files}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def codes(loaded: LoadedProject) -> list[str]:
    return [diagnostic.code for diagnostic in loaded.diagnostics]


def pipeline(name: str, asset: str) -> str:
    return f'[pipeline]\nname = "{name}"\n[sql.{asset}]\nquery = "select 1 as x"\n'


def test_all_kinds_are_read_with_their_addresses(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "pipelines/shop.vp.toml": """
[pipeline]
name = "Shop"

[source.file.Orders]
path = "data/*.csv"
options = { delimiter = ";", null = ["", "NA"] }

[sql.daily]
query = "select * from orders"
build = "view"
columns.day = "date"

[python.churn]
function = "shop.churn:score"
inputs = { orders = ["id"], rates = "raw.rates", both = { asset = "raw.both", columns = ["x"] } }
"""
        },
    )
    loaded = load_project(tmp_path)
    assert loaded.diagnostics == ()
    orders, daily, churn = loaded.project.assets
    assert [str(asset.address) for asset in (orders, daily, churn)] == ["shop.orders", "shop.daily", "shop.churn"]
    assert (orders.kind, orders.connector, orders.spec.path) == ("source", "file", ("data/*.csv",))
    assert orders.spec.options.null == ("", "NA")
    assert (daily.spec.build.mode, daily.spec.columns["day"].type) == ("view", "date")
    inputs = {name: (given.asset, given.columns) for name, given in churn.spec.inputs.items()}
    assert inputs == {"orders": (None, ("id",)), "rates": ("raw.rates", None), "both": ("raw.both", ("x",))}


def test_checks_have_one_form_however_they_are_written(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.vp.toml": """
[pipeline]
name = "shop"
[sql.a]
query = "select 1 as x"
columns.x.checks = [
  "not_null", { not_null = true, severity = "warn" }, { between = [1, 2] }, { min = 0 }, { min = 0, max = 9 },
  { accepted_values = [1, 2] }, { references = "raw.orders.id", where = "x > 0", name = "known" },
]
checks = [{ row_count = { min = 1 } }, { unique = ["x"] }, { query = "select 1", description = "none" }]
"""
        },
    )
    (asset,) = load_project(tmp_path).project.assets
    assert asset.spec.columns["x"].checks == (
        CheckSpec("not_null"),
        CheckSpec("not_null", severity="warn"),
        CheckSpec("between", {"min": 1, "max": 2}),
        CheckSpec("between", {"min": 0}),
        CheckSpec("between", {"min": 0, "max": 9}),
        CheckSpec("accepted_values", {"values": (1, 2)}),
        CheckSpec("references", {"asset": "raw.orders", "column": "id"}, where="x > 0", name="known"),
    )
    assert asset.spec.checks == (
        CheckSpec("row_count", {"min": 1}),
        CheckSpec("unique", {"columns": ("x",)}),
        CheckSpec("query", {"query": "select 1"}, description="none"),
    )


def test_assets_inherit_from_their_pipeline_and_from_defaults(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "vp.toml": PROJECT + '[defaults]\nowner = "all"\ntags = ["t"]\nbuild = "view"\ncheck_severity = "warn"\n',
            "a.vp.toml": '[pipeline]\nname = "a"\nowner = "team"\ntags = ["p"]\n'
            + '[sql.x]\nquery = "select 1 as x"\ntags = ["own"]\nchecks = [{ row_count = { min = 1 } }]\n'
            + '[python.y]\nfunction = "m:f"\n',
            "b.vp.toml": pipeline("b", "x") + 'build = "table"\n',
        },
    )
    loaded = load_project(tmp_path)
    x, y, other = (asset.spec for asset in loaded.project.assets)
    assert (x.owner, x.tags, x.build.mode, x.checks[0].severity) == ("team", ("own", "p", "t"), "view", "warn")
    assert (y.build.mode, other.owner, other.build.mode) == ("table", "all", "table")


def test_several_files_make_one_pipeline(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"a.vp.toml": pipeline("shop", "x"), "deep/b.vp.toml": '[pipeline]\nname = "SHOP"\nowner = "me"\n'},
    )
    loaded = load_project(tmp_path)
    assert loaded.diagnostics == ()
    assert loaded.project.pipelines["shop"].owner == "me"
    assert loaded.project.assets[0].spec.owner == "me"


def test_broken_assets_are_left_out_and_named(tmp_path: Path) -> None:
    write(tmp_path, {"a.vp.toml": pipeline("shop", "good") + '[sql.bad]\nquery = "select\n[sql.worse]\nquery = 1\n'})
    loaded = load_project(tmp_path)
    assert [asset.address.name for asset in loaded.project.assets] == ["good"]
    assert loaded.broken == {Address("shop", "bad"), Address("shop", "worse")}


def test_unsaved_texts_stand_before_the_disk(tmp_path: Path) -> None:
    write(tmp_path, {"a.vp.toml": pipeline("shop", "old"), "q.sql": "select 1 as old"})
    unsaved = {
        "a.vp.toml": '[pipeline]\nname = "shop"\n[sql.new]\nfile = "q.sql"\n',
        "q.sql": "select 2 as new",
        "b.vp.toml": pipeline("other", "x"),
    }
    loaded = load_project(tmp_path, texts=unsaved)
    assert [str(asset.address) for asset in loaded.project.assets] == ["shop.new", "other.x"]
    assert loaded.project.assets[0].spec.query == "select 2 as new"
    assert loaded.locator.line("q.sql", 1) == "select 2 as new"


def test_every_file_that_was_read_is_listed_with_its_hash(tmp_path: Path) -> None:
    write(tmp_path, {"a.vp.toml": '[pipeline]\nname = "shop"\n[sql.x]\nfile = "q.sql"\n', "q.sql": "select 1 as x"})
    files = {file.path: file.sha256 for file in load_project(tmp_path).files}
    assert list(files) == ["a.vp.toml", "q.sql", "vp.toml"]
    assert files["q.sql"] == hashlib.sha256(b"select 1 as x").hexdigest()
    assert {file.path: file.sha256 for file in scan_files(tmp_path)}.items() <= files.items()


def test_what_is_scanned(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            ".gitignore": "build/\n/secret.vp.toml\n*.tmp.vp.toml\n!keep.tmp.vp.toml\n",
            "a.vp.toml": "",
            "deep/deeper/b.vp.toml": "",
            "deep/.gitignore": "c.vp.toml\n",
            "deep/c.vp.toml": "",
            "deep/secret.vp.toml": "",
            "build/d.vp.toml": "",
            "secret.vp.toml": "",
            "x.tmp.vp.toml": "",
            "keep.tmp.vp.toml": "",
            ".hidden/e.vp.toml": "",
            ".vp/f.vp.toml": "",
            ".g.vp.toml": "",
            "nested/vp.toml": PROJECT,
            "nested/h.vp.toml": "",
            "other.toml": "",
        },
    )
    assert [file.path for file in scan_files(tmp_path)] == [
        "vp.toml",
        "a.vp.toml",
        "deep/deeper/b.vp.toml",
        "deep/secret.vp.toml",
        "keep.tmp.vp.toml",
    ]


def test_the_root_is_the_nearest_folder_upward_with_a_project_file(tmp_path: Path) -> None:
    write(tmp_path, {"deep/deeper/x.txt": ""})
    assert find_project_root(tmp_path / "deep" / "deeper") == tmp_path.resolve()
    with pytest.raises(DiagnosticError) as raised:
        find_project_root(Path("/"))
    assert raised.value.diagnostics[0].code == "VP111"


def test_a_folder_without_project_file(tmp_path: Path) -> None:
    loaded = load_project(tmp_path)
    assert codes(loaded) == ["VP111"]
    assert loaded.project.assets == ()


def test_a_file_that_is_not_utf8_names_the_byte(tmp_path: Path) -> None:
    write(tmp_path, {"good.vp.toml": pipeline("shop", "x")})
    (tmp_path / "bad.vp.toml").write_bytes('[pipeline]\nname = "ü-'.encode() + b'\xfc"\n')
    loaded = load_project(tmp_path)
    (diagnostic,) = loaded.diagnostics
    assert (diagnostic.code, str(diagnostic.place)) == ("VP001", "bad.vp.toml:2:11")
    assert "0xfc" in diagnostic.detail
    assert loaded.locator.line("bad.vp.toml", 2) == 'name = "ü-�"'
    assert len(loaded.project.assets) == 1


def test_a_sql_file_that_is_not_utf8_breaks_its_readers_only(tmp_path: Path) -> None:
    asset = '[sql.{0}]\nfile = "q.sql"\n'
    write(tmp_path, {"a.vp.toml": pipeline("shop", "x") + asset.format("y") + asset.format("z")})
    (tmp_path / "q.sql").write_bytes(b"select '\xff'")
    loaded = load_project(tmp_path)
    assert codes(loaded) == ["VP001"]
    assert loaded.broken == {Address("shop", "y"), Address("shop", "z")}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path: Path) -> None:
    write(tmp_path, {"a.vp.toml": pipeline("shop", "x")})
    (tmp_path / "a.vp.toml").chmod(0)
    assert codes(load_project(tmp_path)) == ["VP006"]


def test_a_folder_or_a_dead_link_in_the_place_of_a_file(tmp_path: Path) -> None:
    write(tmp_path, {})
    (tmp_path / "dead.vp.toml").symlink_to(tmp_path / "nowhere")
    (tmp_path / "folder.vp.toml").mkdir()
    loaded = load_project(tmp_path)
    assert [(d.code, str(d.place)) for d in loaded.diagnostics] == [("VP006", "dead.vp.toml:1:1")]


def test_a_byte_order_mark_and_windows_lines_are_read(tmp_path: Path) -> None:
    write(tmp_path, {})
    (tmp_path / "a.vp.toml").write_bytes(b"\xef\xbb\xbf" + pipeline("shop", "x").replace("\n", "\r\n").encode())
    loaded = load_project(tmp_path)
    assert loaded.diagnostics == ()
    assert len(loaded.project.assets) == 1


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    write(tmp_path, {"a.vp.toml": pipeline("shop", "x")})
    with (tmp_path / "big.vp.toml").open("wb") as file:
        file.truncate(17 * 1024 * 1024)
    loaded = load_project(tmp_path)
    assert codes(loaded) == ["VP007"]
    assert len(loaded.project.assets) == 1


def test_a_spec_of_ten_megabytes_loads_and_its_mistake_is_found(tmp_path: Path) -> None:
    comment = "-- " + "x" * 997 + "\n"
    big = "".join(f"[sql.a_{i}]\nquery = '''\nselect 1 as x\n{comment * 20}'''\n" for i in range(500))
    write(tmp_path, {"a.vp.toml": '[pipeline]\nname = "shop"\n' + big + "[sql.last]\nquery = 'select 1\n"})
    assert (tmp_path / "a.vp.toml").stat().st_size > 10_000_000
    loaded = load_project(tmp_path)
    assert codes(loaded) == ["VP003"]
    assert len(loaded.project.assets) == 500


def test_deep_nesting_is_a_diagnostic(tmp_path: Path) -> None:
    write(tmp_path, {"a.vp.toml": pipeline("shop", "x") + "tags = " + "[" * 5000 + "]" * 5000})
    assert codes(load_project(tmp_path)) == ["VP002"]


def test_settings_of_the_project(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "vp.toml": PROJECT
            + """
[variables]
country = "DE"
since = 2024-01-31
rate = { type = "decimal(10,2)", default = 1, description = "x" }
[environment.prod]
variables.country = "FR"
protected = true
[connection.postgres.erp]
host = "db.example"
password = "secret:ERP_PASSWORD"
[executor]
workers = 2
memory = "4GB"
"""
        },
    )
    loaded = load_project(tmp_path)
    settings = loaded.project.settings
    assert loaded.diagnostics == ()
    assert settings.environment_names() == ("dev", "prod")
    assert {name: variable.type for name, variable in settings.variables.items()} == {
        "country": "varchar",
        "since": "date",
        "rate": "decimal(10,2)",
    }
    assert settings.variables_of("dev")["country"] == "DE"
    assert settings.variables_of("prod")["country"] == "FR"
    assert settings.connection.postgres["erp"].password == "secret:ERP_PASSWORD"
    assert (settings.executor.workers, settings.storage.path, settings.state.url) == (2, ".vp/storage", None)


def test_what_is_sound_of_a_broken_project_file_is_kept(tmp_path: Path) -> None:
    write(tmp_path, {"vp.toml": PROJECT + '[defaults]\nowner = "me"\n[executor]\nworkers = "two"\n'})
    loaded = load_project(tmp_path)
    assert codes(loaded) == ["VP103"]
    assert loaded.project.settings.defaults.owner == "me"
    assert loaded.project.settings.project.name == "case"
