"""Events as JSON lines: the same objects in a file, on stdout, and in what is shown of a past run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest

from vibepiper_interpreter.run.events import EventType

if TYPE_CHECKING:
    from tests.cli.conftest import Vp

SPECS = '[pipeline]\nname = "shop"\n[sql.one]\nquery = "select 1 as a"\n[sql.two]\nquery = "select a from one"\n'
REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "events.md"


@pytest.fixture(autouse=True)
def shop(tmp_path: Path) -> None:
    (tmp_path / "vp.toml").write_text('[project]\nname = "trial"\n')
    (tmp_path / "shop.vp.toml").write_text(SPECS)


def test_a_file_holds_what_the_state_keeps(vp: Vp, tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_text("of an earlier apply\n")
    run = json.loads(vp("apply", "--yes", "--json", "--events", "events.jsonl").out)["run"]
    written = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert written == json.loads(vp("runs", "show", run, "--json").out)["events"]
    assert [written[0]["type"], written[-1]["type"]] == ["run_started", "run_finished"]
    assert [event["number"] for event in written] == list(range(1, len(written) + 1))
    assert {event["run"] for event in written} == {run}
    started = [event["data"] for event in written if event["type"] == "task_started"]
    assert [data["waited"] >= 0 for data in started] == [True, True]


def test_stdout_holds_them_alone(vp: Vp) -> None:
    seen = vp("run", "--events", "-")
    assert {json.loads(line)["address"] for line in seen.out.splitlines()} == {None, "shop.one", "shop.two"}
    assert vp("apply", "--json", "--events", "-").status == 4
    assert vp("run", "--json", "--events", "-").status == 4


def test_where_nothing_can_be_written_nothing_is_done(vp: Vp) -> None:
    seen = vp("apply", "--yes", "--events", "nosuch/events.jsonl")
    assert seen.status == 4
    assert "events cannot be written to `nosuch/events.jsonl`" in seen.err
    assert vp("runs").err == "No run yet. `vp apply` makes the first.\n"


def test_the_reference_knows_every_type() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    assert [each for each in get_args(EventType) if f"| `{each}` |" not in text] == []
