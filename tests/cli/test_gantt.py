"""The chart of a run: who did what, when, and what waited; at the terminal and for a browser."""

from __future__ import annotations

import xml.etree.ElementTree as xml
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from vibepiper_cli.printer import Paint
from vibepiper_cli.views.gantt import Gantt, gantt, render_gantt
from vibepiper_cli.views.gantt_svg import gantt_html, gantt_svg
from vibepiper_interpreter.run.events import Event
from vibepiper_interpreter.state.records import RunRecord, RunSummary
from vibepiper_spec.address import Address

if TYPE_CHECKING:
    from tests.cli.conftest import Vp

BEGAN = datetime(2026, 3, 1, 8, tzinfo=UTC)
SVG = "{http://www.w3.org/2000/svg}"


def recorded(*told: tuple[float, str, str | None, dict[str, Any]]) -> RunRecord:
    """A run of ten seconds in which this was told: second, type, asset, data."""
    every = [(0.0, "run_started", None, {}), *told, (10.0, "run_finished", None, {})]
    events: list[Any] = [
        Event("r1", number, BEGAN + timedelta(seconds=at), type, name and Address("shop", name), data)  # type: ignore[arg-type]
        for number, (at, type, name, data) in enumerate(every, start=1)
    ]
    summary = RunSummary("r1", "dev", "p", "ann", (), 3, "failed", 10.0, BEGAN, BEGAN + timedelta(seconds=10))
    return RunRecord(summary, (), (), (), tuple(events))


def started(worker: str, attempt: int = 1, waited: float = 0.0) -> dict[str, Any]:
    return {"verb": "create", "worker": worker, "attempt": attempt, "waited": waited}


@pytest.fixture
def chart() -> Gantt:
    failure = {"code": "VP406", "detail": "it raised <Broken> & left"}
    return gantt(
        recorded(
            (0.0, "task_started", "orders", started("worker-1")),
            (0.0, "task_started", "rates", started("worker-2")),
            (2.5, "task_retried", "rates", {"attempt": 1, **failure}),
            (5.0, "task_finished", "orders", {"rows": 1200}),
            (5.0, "task_started", "rates", started("worker-1", attempt=2)),
            (7.5, "task_failed", "rates", failure),
            (7.5, "task_started", "days", started("worker-1", waited=2.5)),
        )
    )


def test_a_bar_for_each_attempt_by_worker(chart: Gantt) -> None:
    bars = [
        (bar.label, bar.worker, bar.ready, bar.start, bar.end, bar.ending) for lane in chart.lanes for bar in lane.bars
    ]
    assert bars == [
        ("shop.orders", "worker-1", 0.0, 0.0, 5.0, "done"),
        ("shop.rates #2", "worker-1", 5.0, 5.0, 7.5, "failed"),
        ("shop.days", "worker-1", 5.0, 7.5, 10.0, "unfinished"),
        ("shop.rates", "worker-2", 0.0, 0.0, 2.5, "retried"),
    ]
    assert [lane.busy(chart.length) for lane in chart.lanes] == [1.0, 0.25]


def test_shares_are_drawn_on_their_workers() -> None:
    chart = gantt(
        recorded(
            (0.0, "task_started", "daily", started("worker-1")),
            (1.0, "task_divided", "daily", {"shares": 2}),
            (1.0, "share_started", "daily[2024-01-01]", started("worker-1")),
            (1.0, "share_started", "daily[2024-02-01]", started("worker-2")),
            (4.0, "share_finished", "daily[2024-02-01]", {"outcome": "failed", "code": "VP406", "detail": "it raised"}),
            (5.0, "share_finished", "daily[2024-01-01]", {"outcome": "built"}),
            (5.0, "task_gathering", "daily", started("worker-2")),
            (6.0, "task_finished", "daily", {"rows": 12}),
        )
    )
    bars = {lane.worker: [(bar.address, bar.start, bar.end, bar.ending) for bar in lane.bars] for lane in chart.lanes}
    assert bars == {
        "worker-1": [("shop.daily", 0.0, 1.0, "done"), ("shop.daily[2024-01-01]", 1.0, 5.0, "done")],
        "worker-2": [("shop.daily[2024-02-01]", 1.0, 4.0, "failed"), ("shop.daily", 5.0, 6.0, "done")],
    }


def test_at_the_terminal(chart: Gantt) -> None:
    assert render_gantt(chart, Paint(enabled=False), 49).splitlines() == [
        "                 0         5.0 s 10 s",
        "worker-1         ██████████▓▓▓▓▓▒▒▒▒▒  100% busy",
        "  shop.orders    ██████████            5.0 s",
        "  shop.rates #2            ▓▓▓▓▓       2.5 s",
        "  shop.days                ░░░░░▒▒▒▒▒  2.5 s",
        "worker-2         ▓▓▓▓▓                 25% busy",
        "  shop.rates     ▓▓▓▓▓                 2.5 s",
        "",
        "█ ran  ░ waited for a worker  ▓ failed  ▒ not finished",
    ]


def test_of_very_many_the_longest_are_drawn() -> None:
    told: list[Any] = []
    for number in range(100):
        told.append((number / 100, "task_started", f"a{number}", started(f"worker-{number % 12}")))
        told.append((number / 50, "task_finished", f"a{number}", {}))
    lines = render_gantt(gantt(recorded(*told)), Paint(enabled=False), 100).splitlines()
    assert lines[-3] == "  and 40 shorter attempts"
    workers = [line.split()[0] for line in lines if line.startswith("worker")]
    assert workers == [f"worker-{number}" for number in range(12)]


def test_for_a_browser(chart: Gantt) -> None:
    root = xml.fromstring(gantt_svg(chart))
    drawn = {rect.get("class"): rect for group in root.iter(f"{SVG}g") for rect in group.iter(f"{SVG}rect")}
    assert set(drawn) == {"done", "failed", "retried", "unfinished", "waited"}
    left, whole = 260.0, 900.0
    for name, start, length in (("done", 0.0, 0.5), ("failed", 0.5, 0.25), ("waited", 0.5, 0.25)):
        assert float(drawn[name].get("x") or 0) == left + start * whole
        assert float(drawn[name].get("width") or 0) == length * whole
    titles = ["".join(title.itertext()) for title in root.iter(f"{SVG}title")]
    assert "shop.orders\nworker-1, 5.0 s from 0 ms on\n1,200 rows" in titles
    assert any("VP406: it raised <Broken> & left" in title for title in titles)
    page = gantt_html(chart)
    # Nothing is loaded from elsewhere.
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")


def test_of_a_real_run(vp: Vp, tmp_path: Path) -> None:
    (tmp_path / "vp.toml").write_text('[project]\nname = "trial"\n')
    (tmp_path / "shop.vp.toml").write_text(
        '[pipeline]\nname = "shop"\n[sql.one]\nquery = "select 1 as a"\n[sql.two]\nquery = "select a from one"\n'
    )
    vp("apply", "--yes")
    seen = vp("runs", "show", "20", "--gantt")
    assert seen.status == 0
    assert [line.split()[0] for line in seen.out.splitlines() if "  shop." in line] == ["shop.one", "shop.two"]
    for name in ("run.svg", "run.html"):
        assert vp("runs", "show", "20", "--gantt", "--out", name).status == 0
        assert "shop.two" in (tmp_path / name).read_text()
    assert vp("runs", "show", "20", "--gantt", "--out", "run.png").status == 4
    assert vp("runs", "show", "20", "--gantt", "--json").status == 4
