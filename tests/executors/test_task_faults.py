"""Python tasks that do what they should not harm nobody but themselves, wherever they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.executors.kinds import ISOLATED, ISOLATED_OR_THREADS

if TYPE_CHECKING:
    from tests.run.conftest import Project

    from vibepiper_spec.model.execution import ExecutorKind

OTHER = '[task.shell.other]\ncommand = "true"\n'


def pipeline(project: Project, code: str, keys: str = "") -> None:
    project.write("task_code.py", code)
    project.pipeline(f'[task.python.work]\nfunction = "task_code:work"\n{keys}\n{OTHER}')


@pytest.mark.parametrize("kind", ISOLATED_OR_THREADS)
def test_a_task_that_hangs_is_given_up(project: Project, kind: ExecutorKind) -> None:
    # On a thread nobody can end it: it is left alone, and ends by itself once nobody waits any more.
    pipeline(project, "import time\ndef work():\n    time.sleep(20)\n", 'timeout = "1s"')
    result = project.apply(executor=kind)
    assert project.outcomes(result) == {"work": "failed", "other": "done"}
    assert project.task(result, "work").diagnostics[0].code == "VP802"
    assert not project.plan().empty


@pytest.mark.parametrize("kind", ISOLATED)
@pytest.mark.parametrize(
    "deed",
    [
        "import os; os._exit(3)",
        "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    ],
    ids=["exits", "segfaults", "is killed"],
)
def test_a_task_that_ends_its_process_fails_alone(project: Project, kind: ExecutorKind, deed: str) -> None:
    pipeline(project, f"def work():\n    {deed}\n")
    result = project.apply(executor=kind)
    assert project.outcomes(result) == {"work": "failed", "other": "done"}
    (found,) = project.task(result, "work").diagnostics
    assert found.code == "VP801"
    assert ".." not in found.detail


@pytest.mark.parametrize("kind", ISOLATED_OR_THREADS)
def test_a_task_that_leaves_python_has_failed(project: Project, kind: ExecutorKind) -> None:
    pipeline(project, "import sys\ndef work():\n    sys.exit('enough')\n")
    result = project.apply(executor=kind)
    assert project.outcomes(result) == {"work": "failed", "other": "done"}
    assert "enough" in project.task(result, "work").diagnostics[0].detail


@pytest.mark.parametrize("kind", ISOLATED_OR_THREADS)
def test_a_task_that_prints_very_much_is_cut(project: Project, kind: ExecutorKind) -> None:
    pipeline(
        project,
        "def work():\n    line = 'x' * 999\n    for number in range(100_000):\n        print(number, line)\n"
        "    return {'lines': 100_000}\n",
        'outputs.lines = "bigint"',
    )
    result = project.apply(executor=kind)
    assert project.outcomes(result) == {"work": "done", "other": "done"}
    told = [str(event.data["message"]) for event in project.events if event.type == "log"]
    assert 10 < len(told) <= 1_001  # with the one that says that there was more
    assert sum(map(len, told)) < 2_000_000


@pytest.mark.parametrize("kind", ISOLATED_OR_THREADS)
@pytest.mark.parametrize("given", ["{'rows': lambda: 1}", "{'rows': [{1}]}", "{'rows': object()}", "lambda: 1"])
def test_a_task_that_gives_what_nobody_can_write_down_has_failed(
    project: Project, kind: ExecutorKind, given: str
) -> None:
    pipeline(project, f"def work():\n    return {given}\n", 'outputs.rows = "bigint"')
    result = project.apply(executor=kind)
    assert project.outcomes(result) == {"work": "failed", "other": "done"}
    (found,) = project.task(result, "work").diagnostics
    assert found.code in ("VP805", "VP806", "VP807", "VP809")


@pytest.mark.parametrize("kind", ISOLATED_OR_THREADS)
def test_what_a_task_does_to_its_input_nobody_sees(project: Project, kind: ExecutorKind) -> None:
    """Neither the table, nor the outputs of another task."""
    project.write(
        "task_code.py",
        "import pandas\n"
        "def first(rows: pandas.DataFrame, found):\n"
        "    rows['id'] = 0\n    found['names'].append('mine')\n"
        "def second(rows: pandas.DataFrame, found):\n"
        "    return {'ids': int(rows['id'].sum()), 'names': len(found['names'])}\n"
        "def give():\n    return {'found': {'names': ['a', 'b']}}\n",
    )
    project.pipeline(
        '[sql.rows]\nquery = "select unnest([1, 2, 3]) as id"\n'
        '[task.python.give]\nfunction = "task_code:give"\noutputs.found = "json"\n'
        '[task.python.first]\nfunction = "task_code:first"\ninputs.found = "give.found"\n'
        '[task.python.second]\nfunction = "task_code:second"\ninputs.found = "give.found"\nafter = ["first"]\n'
        'outputs.ids = "bigint"\noutputs.names = "bigint"\n'
    )
    result = project.apply(executor=kind)
    assert result.status == "succeeded", [task.diagnostics for task in result.tasks]
    results = project.state.sight("dev").operator_results()
    (given,) = [each.outputs for (address, _), each in results.items() if address.name == "second"]
    assert given == {"ids": 6, "names": 2}
    assert project.rows("shop.rows") == [(1,), (2,), (3,)]


@pytest.mark.parametrize("kind", ISOLATED)
def test_a_task_that_runs_out_of_memory_fails_alone(project: Project, kind: ExecutorKind) -> None:
    """A claim is no limit: who sets one in the function itself is told of it as of any failure."""
    pipeline(
        project,
        "import resource\n"
        "def work():\n"
        "    used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "    resource.setrlimit(resource.RLIMIT_AS, (used + 200_000_000, resource.RLIM_INFINITY))\n"
        "    return {'size': len(bytearray(2_000_000_000))}\n",
        'outputs.size = "bigint"\nresources = { memory = "100MB" }',
    )
    result = project.apply(executor=kind)
    assert project.outcomes(result) == {"work": "failed", "other": "done"}
    assert "MemoryError" in project.task(result, "work").diagnostics[0].detail


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_a_claim_is_what_is_asked_for_and_no_limit(project: Project, kind: ExecutorKind) -> None:
    pipeline(
        project,
        "def work():\n    return {'size': len(bytearray(60_000_000))}\n",
        'outputs.size = "bigint"\nresources = { memory = "1MB" }',
    )
    assert project.apply(executor=kind).status == "succeeded"
