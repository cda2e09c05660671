"""What `vp validate` hands over to the tools around a repository: GitHub's annotations and SARIF."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Vp

SHOP = """
[pipeline]
name = "shop"

[source.file.orders]
path = "orders.csv"

[sql.a]
query = "select idd, 100% 7 as rest from orders"

[sql.b]
query = "select * from c"

[sql.c]
query = "select id from b limit 1"

[sql.d]
query = "select id from orders limit 1"
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a project in a folder of it."""
    root = tmp_path / "data pipelines"
    root.mkdir()
    (tmp_path / ".git").mkdir()
    (root / "vp.toml").write_text('[project]\nname = "shop"\n')
    (root / "shop.vp.toml").write_text(SHOP)
    (root / "orders.csv").write_text("id\n1\n")
    return root


def test_annotations_stand_at_the_lines_of_a_pull_request(vp: Vp, repository: Path) -> None:
    seen = vp("validate", "--format", "github", "--project", str(repository))
    assert seen.status == 3
    assert "error[VP302]: Unknown column" in seen.err  # for who reads the log
    assert seen.out.splitlines() == [
        "::error title=VP302%3A Unknown column,file=data pipelines/shop.vp.toml,line=9,endLine=9,col=17,endColumn=19::"
        "There is no column `idd` here.%0AFix: Did you mean `id`?",
        "::error title=VP203%3A Cycle,file=data pipelines/shop.vp.toml,line=12,endLine=12,col=24,endColumn=24::"
        "These assets read each other in a circle, so none of them could be built first: shop.b → shop.c → shop.b.%0A"
        "shop.b → shop.c → shop.b%0A"
        "Fix: Take one of these reads out, for example by moving what both need into an asset of its own.",
        "::warning title=VP313%3A Result depends on row order,file=data pipelines/shop.vp.toml,line=18,endLine=18,"
        "col=38,endColumn=38::LIMIT and OFFSET choose rows by their order, and there is no ORDER BY. A table has no "
        "order of its own, so the result may vary.%0AFix: Add an ORDER BY.",
    ]


def test_what_has_no_place_and_what_stands_in_no_repository(vp: Vp, tmp_path: Path) -> None:
    seen = vp("validate", "--format", "github", "--project", str(tmp_path))
    assert seen.status == 4
    assert seen.out.startswith("::error title=VP111%3A Not a project::")
    found = json.loads(vp("validate", "--format", "sarif", "--project", str(tmp_path)).out)
    assert found["runs"][0]["results"][0]["locations"] == []


def test_sarif_has_what_its_schema_requires(vp: Vp, repository: Path) -> None:
    seen = vp("validate", "--format", "sarif", "--project", str(repository))
    assert seen.status == 3
    document = json.loads(seen.out)
    require(document, {"version": "2.1.0", "runs": list})
    (run,) = document["runs"]
    require(run, {"tool": dict, "results": list, "columnKind": "unicodeCodePoints"})
    driver = run["tool"]["driver"]
    require(driver, {"name": "VibePiper", "rules": list})
    assert [rule["id"] for rule in driver["rules"]] == ["VP203", "VP302", "VP313"]
    for rule in driver["rules"]:
        require(rule, {"id": str, "shortDescription": {"text": str}, "help": {"text": str}})
    assert {result["ruleId"]: result["level"] for result in run["results"]} == {
        "VP302": "error",
        "VP203": "error",
        "VP313": "warning",
    }
    for result in run["results"]:
        require(result, {"message": {"text": str}, "locations": list})
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        for location in [*result["locations"], *result.get("relatedLocations", ())]:
            require(location["physicalLocation"], {"artifactLocation": {"uri": "data%20pipelines/shop.vp.toml"}})
            region = location["physicalLocation"]["region"]
            assert region["startLine"] >= 1
            assert region["endColumn"] >= region["startColumn"] >= 1
        for fix in result.get("fixes", ()):
            require(fix, {"artifactChanges": list})
            for change in fix["artifactChanges"]:
                require(change, {"artifactLocation": dict, "replacements": list})
                for replacement in change["replacements"]:
                    require(replacement, {"deletedRegion": dict, "insertedContent": {"text": str}})


def test_a_valid_project_gives_an_empty_list(vp: Vp, repository: Path) -> None:
    (repository / "shop.vp.toml").write_text(SHOP[: SHOP.index("[sql.a]")])
    assert vp("validate", "--format", "github", "--project", str(repository)).out == ""
    found = vp("validate", "-f", "sarif", "--project", str(repository))
    assert found.status == 0
    assert json.loads(found.out)["runs"][0]["results"] == []


def require(found: Any, shape: dict[str, Any]) -> None:
    """Every key is there; a type in `shape` is that of the value, anything else the value itself."""
    for key, wanted in shape.items():
        assert key in found, key
        if isinstance(wanted, type):
            assert isinstance(found[key], wanted), key
        elif isinstance(wanted, dict):
            require(found[key], wanted)
        else:
            assert found[key] == wanted, key
