"""Promotion, comparison, going back and cleaning at the command line, with the state on each database."""

from __future__ import annotations

import contextlib
import io
import json
from typing import TYPE_CHECKING, Any

from vibepiper_cli.main import main

if TYPE_CHECKING:
    from tests.state.conftest import Place


def test_promote_diff_undo_and_clean(place: Place) -> None:
    root = place.root / "shop"

    def vp(*arguments: str) -> tuple[int, str]:
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            status = main([*arguments, "--project", str(root)])
        return status, out.getvalue()

    def json_of(*arguments: str) -> Any:
        status, out = vp(*arguments, "--json")
        assert status == 0
        return json.loads(out)

    with contextlib.redirect_stderr(io.StringIO()):
        assert main(["new", str(root)]) == 0
    url = "" if place.url is None else f'[state]\nurl = "{place.url}"\n'
    (root / "vp.toml").write_text((root / "vp.toml").read_text() + f"\n[environment.prod]\n{url}")
    spec = root / "pipelines" / "shop.vp.toml"
    assert vp("apply", "--yes")[0] == 0
    promoted = json_of("promote", "dev", "prod", "--yes")
    assert {task["outcome"] for task in promoted["tasks"]} == {"repointed"}
    assert vp("diff", "dev", "prod", "--detailed-exitcode")[0] == 0

    spec.write_text(spec.read_text().replace("cast(sum(amount) as", "cast(sum(amount) + 1 as"))
    assert vp("apply", "--yes")[0] == 0
    [different] = json_of("diff", "dev", "prod", "--data")["assets"]
    assert (different["address"], different["data"]["changed"]) == ("shop.daily_revenue", 4)
    assert vp("promote", "dev", "prod", "--yes")[0] == 0
    assert vp("diff", "dev", "prod", "--detailed-exitcode")[0] == 0

    # The old version is shown nowhere now; only going back needs it.
    cleaned = json_of("clean", "--grace", "0s")
    assert (cleaned["versions"], cleaned["kept_for_undo"]["versions"]) == ([], 1)
    assert vp("undo", promoted["run"], "--yes")[0] == 0
    assert {each["right"] for each in json_of("diff", "dev", "prod")["assets"]} == {None}
    assert vp("undo", "--env", "prod", "--yes")[0] == 0
    assert vp("diff", "dev", "prod", "--detailed-exitcode")[0] == 0
    assert vp("undo", "--yes")[0] == 0
    assert [each["address"] for each in json_of("diff", "dev", "prod")["assets"]] == ["shop.daily_revenue"]
    assert {run["status"] for run in json_of("runs")["runs"]} == {"succeeded"}
    assert vp("query", "select sum(revenue) as total from shop.daily_revenue", "--format", "csv")[1].startswith(
        "total\n"
    )
