"""`vp show` tells how much of a merged table is still a delta beside its base; the plan says what will be merged."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Vp

PIPELINE = """
[pipeline]
name = "shop"

[source.file.orders]
path = "orders.csv"
columns.id = "bigint"
columns.gone = "boolean"

[sql.current]
query = "select id, gone from orders"
build = { mode = "merge", key = ["id"], delete_flag = "gone" }
"""


def test_show_tells_of_base_and_delta(vp: Vp, tmp_path: Path) -> None:
    (tmp_path / "vp.toml").write_text('[project]\nname = "a"\n')
    (tmp_path / "shop.vp.toml").write_text(PIPELINE)
    orders = tmp_path / "orders.csv"
    orders.write_text("id,gone\n" + "".join(f"{number},false\n" for number in range(100)))
    assert vp("apply", "--yes").status == 0
    assert "delta" not in vp("show", "current").out
    orders.write_text("id,gone\n7,true\n200,false\n201,false\n")
    assert "merges what changed by `id`" in vp("plan").out
    assert vp("apply", "--yes").status == 0
    shown = vp("show", "current").out
    assert "holds        101 rows" in shown
    assert "delta        2 rows and 1 deleted key, " in shown
    assert " beside a base of 100 rows, " in shown
    found = json.loads(vp("show", "current", "--json").out)
    parts = found["published"]["parts"]
    assert [(part["role"], part["rows"]) for part in parts] == [("rows", 100), ("upserts", 2), ("deletes", 1)]
