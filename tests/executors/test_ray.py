"""What only Ray has: clusters that cannot be reached or do not fit, claims, code that is sent, nodes that go."""

from __future__ import annotations

import pickle
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.executors.cluster import start_node
from tests.proof_steps import PROOF_STEPS

from vibepiper_interpreter.executors.ray_worker import briefing_that_fits, folder_of_code, installed
from vibepiper_interpreter.run.briefing import Briefing
from vibepiper_interpreter.run.journal import Journal
from vibepiper_interpreter.run.run import Run
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError

if TYPE_CHECKING:
    from tests.run.conftest import Project

ONE = '[sql.one]\nquery = "select 1 as a"\n'


def two_clusters(test: Callable[..., None]) -> Callable[..., None]:
    """Nodes of several clusters at once are much for a small machine: in `make prove` in full, and not in short."""
    in_full = pytest.mark.skipif(PROOF_STEPS < 200, reason="in full only: make prove STEPS=400")
    return pytest.mark.slow(in_full(test))


def with_ray(project: Project, ray: str) -> None:
    project.write("vp.toml", f'[project]\nname = "trial"\n[executor]\nkind = "ray"\nray = {ray}\n')


def test_a_cluster_that_does_not_answer_is_told_before_anything_starts(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ray

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        with_ray(project, f"{{ address = '127.0.0.1:{nobody.getsockname()[1]}' }}")
        project.pipeline(ONE)
        result = project.apply(executor="ray")
    [found] = result.diagnostics
    assert (result.status, result.tasks, found.code) == ("failed", (), "VP831")
    assert "ray start" in found.fix.title if found.fix else False
    assert project.part_files() == set()


def test_who_has_no_ray_is_told_how_to_get_it(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    project.pipeline(ONE)
    [found] = project.apply(executor="ray").diagnostics
    assert found.code == "VP830"
    assert found.fix is not None and "pip install 'vibepiper[ray]'" in found.fix.title


def of_a_worker(project: Project, change: Callable[[Briefing], Briefing], expected: str) -> Diagnostic:
    """What a worker says to a briefing that does not fit."""
    project.pipeline(ONE)
    run = Run("run", project.plan(), project.root, project.settings, project.state, project.storage, Journal("", None))
    with pytest.raises(DiagnosticError) as told:
        briefing_that_fits(expected, pickle.dumps(change(Briefing.of(run, {}))))
    [found] = told.value.diagnostics
    return found


def test_a_worker_with_other_versions_does_nothing(project: Project) -> None:
    found = of_a_worker(project, lambda briefing: briefing, "vibepiper 0.0.1, DuckDB 1.0")
    assert found.code == "VP833"
    assert "vibepiper 0.0.1" in found.detail and installed() in found.detail


@pytest.mark.parametrize("where", ["nowhere", "another's"])
def test_a_worker_that_does_not_see_the_storage_does_nothing(project: Project, tmp_path: Path, where: str) -> None:
    if where == "another's":
        (tmp_path / where).mkdir()
        (tmp_path / where / ".id").write_text("another state")
    found = of_a_worker(project, lambda briefing: replace(briefing, storage=tmp_path / where), installed())
    assert found.code == "VP834"


def test_a_worker_without_the_projects_code_says_how_it_gets_it(project: Project, tmp_path: Path) -> None:
    project.write("shop_code.py", "def make():\n    return None\n")
    project.pipeline('[python.one]\nfunction = "shop_code:make"\ncolumns.a = "bigint"\n')
    run = Run("run", project.plan(), project.root, project.settings, project.state, project.storage, Journal("", None))
    briefing = Briefing.of(run, {})
    assert folder_of_code(briefing, tmp_path) == project.root
    elsewhere = replace(briefing, root=tmp_path / "elsewhere")
    assert folder_of_code(elsewhere, project.root) == project.root
    with pytest.raises(DiagnosticError) as told:
        folder_of_code(elsewhere, tmp_path)
    [found] = told.value.diagnostics
    assert found.code == "VP832" and str(tmp_path / "elsewhere") in found.detail
    assert found.fix is not None and "send_code = true" in found.fix.title
    # Queries alone need none.
    assert folder_of_code(replace(elsewhere, runs_python=False), tmp_path) == tmp_path / "elsewhere"


CLAIMS = """
import pyarrow as pa

def claims():
    import ray
    taken = ray.get_runtime_context().get_assigned_resources()
    return pa.table({"name": list(taken), "amount": [float(each) for each in taken.values()]})
"""


@pytest.mark.slow
def test_what_an_asset_claims_is_asked_of_the_cluster(ray_cluster: str, project: Project) -> None:
    project.write("shop_code.py", CLAIMS)
    project.pipeline(
        '[python.claims]\nfunction = "shop_code:claims"\ncolumns.name = "varchar"\ncolumns.amount = "double"\n'
        'resources = { cpus = 2, memory = "50MB" }\n'
    )
    assert project.apply(executor="ray").status == "succeeded"
    assert dict(project.rows("shop.claims")) == {"CPU": 2.0, "memory": 50_000_000.0}


WAITS = """
import os
import time
from pathlib import Path
import pyarrow as pa

HERE = Path(__file__).parent

def waits(before: pa.Table):
    with (HERE / "began").open("a") as began:
        began.write(f"{os.getpid()}\\n")
    end = time.monotonic() + 240
    while not (HERE / "go").exists():
        assert time.monotonic() < end
        time.sleep(0.05)
    return before
"""
TWO_STEPS = (
    '[sql.before]\nquery = "select range as id from range(5)"\n'
    '[python.waits]\nfunction = "shop_code:waits"\ncolumns.id = "bigint"\n{more}'
    '[sql.behind]\nquery = "select sum(id) as ids from waits"\n'
)


@pytest.fixture
def apart(project: Project) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts `vp apply` on a cluster in a process of its own."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*more: str) -> subprocess.Popen[bytes]:
        log = (project.root.parent / f"apply-{len(started)}.log").open("wb")
        with log:
            process = subprocess.Popen(
                [sys.executable, "-m", "vibepiper_cli.main", "apply", "--yes", "--executor", "ray", *more],
                cwd=project.root,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def wait_for(what: Callable[[], bool], seconds: float = 400) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until
        time.sleep(0.05)


def began(project: Project) -> list[str]:
    file = project.root / "began"
    return file.read_text().split() if file.exists() else []


@two_clusters
def test_a_node_that_goes_takes_nothing_with_it(
    project: Project, apart: Callable[..., subprocess.Popen[bytes]]
) -> None:
    """The first node only leads; the second one dies at work, and a third one does its tasks again."""
    head = start_node(processors=0)
    second = start_node(head.address, processors=2)
    nodes = [head, second]
    try:
        with_ray(project, f"{{ address = '{head.address}' }}")
        project.write("shop_code.py", WAITS)
        project.pipeline(TWO_STEPS.replace("{more}", 'retry = { attempts = 3, delay = "1s" }\n'))
        project.close()
        run = apart("--workers", "2")
        wait_for(lambda: len(began(project)) == 1 or run.poll() is not None)
        assert run.poll() is None, (project.root.parent / "apply-0.log").read_text()
        second.stop()
        nodes.remove(second)
        nodes.append(start_node(head.address, processors=2))
        wait_for(lambda: len(began(project)) == 2)
        (project.root / "go").touch()
        assert run.wait(400) == 0, (project.root.parent / "apply-0.log").read_text()
        assert project.rows("shop.behind") == [(10,)]
        assert project.plan().empty
    finally:
        for node in nodes:
            node.stop()


@two_clusters
def test_a_driver_that_is_killed_leaves_nobody_at_work(
    ray_cluster: str, project: Project, apart: Callable[..., subprocess.Popen[bytes]]
) -> None:
    """The next apply goes on with what was made, and makes nothing of it twice."""
    with_ray(project, f"{{ address = '{ray_cluster}' }}")
    project.write("shop_code.py", WAITS)
    project.pipeline(TWO_STEPS.replace("{more}", ""))
    project.close()
    run = apart()
    wait_for(lambda: len(began(project)) == 1)
    run.send_signal(signal.SIGKILL)
    run.wait()
    wait_for(lambda: not alive(int(began(project)[0])))
    (project.root / "go").touch()
    made = {each.name for each in project.storage.root.glob("shop/before/*")}
    assert apart("--wait", "120s").wait(400) == 0, (project.root.parent / "apply-1.log").read_text()
    assert {each.name for each in project.storage.root.glob("shop/before/*")} == made
    assert project.rows("shop.behind") == [(10,)]


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
