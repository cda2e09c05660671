"""What runs at once takes no more of the machine than there is, and what is urgent begins first."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.run.conftest import Project

from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.run.shares import share_out
from vibepiper_spec.address import Address
from vibepiper_spec.model.settings import Executor

MB = 1_000_000
CODE = """
import threading, time
import pyarrow as pa

lock = threading.Lock()
now, most = set(), 0

def work():
    global most
    with lock:
        now.add(threading.get_ident())
        most = max(most, len(now))
    time.sleep(0.05)
    with lock:
        now.remove(threading.get_ident())
    return pa.table({"most": [most]})
"""


def workers(project: Project, count: int, keys: str, executor: str = "") -> None:
    project.write("vp.toml", f'[project]\nname = "trial"\n[executor]\nworkers = {count}\n{executor}')
    project.write("code_shares.py", CODE)
    names = [f"a{number}" for number in range(2 * count)]
    project.pipeline(
        "".join(f'[python.{name}]\nfunction = "code_shares:work"\ncolumns.most = "bigint"\n{keys}\n' for name in names)
    )


def most_at_once(project: Project) -> int:
    result = project.apply()
    assert result.status == "succeeded"
    return max(project.rows(str(task.address))[0][0] for task in result.tasks)


def test_of_a_pool_no_more_run_at_once_than_it_holds(project: Project) -> None:
    workers(project, 4, 'resources = { pools = ["erp"] }', "[executor.pools]\nerp = 1\n")
    assert most_at_once(project) == 1


def test_a_connection_may_have_a_limit(project: Project) -> None:
    connection = '[connection.sqlite.Till]\npath = "till.db"\nmax_concurrency = 1\n'
    project.write("vp.toml", f'[project]\nname = "trial"\n[executor]\nworkers = 4\n{connection}')
    (project.root / "till.db").touch()
    project.pipeline(
        "".join(f'[task.sql.t{number}]\nconnection = "till"\nstatement = "select 1"\n' for number in range(5))
    )
    assert project.apply().status == "succeeded"
    told = [event.type for event in project.events if event.type in ("task_started", "task_finished")]
    assert told == ["task_started", "task_finished"] * 5


def test_tasks_claim_as_assets_do(project: Project) -> None:
    """Four commands that each see how many others are at work: one place in the pool, or memory for one."""
    for claim in ('pools = ["erp"]', 'memory = "600MB"', "cpus = 3"):
        project.write(
            "vp.toml",
            '[project]\nname = "trial"\n[executor]\nworkers = 4\ncpus = 4\nmemory = "1GB"\n[executor.pools]\nerp = 1\n',
        )
        command = "mkdir -p now; touch now/$$; sleep 0.1; ls now | wc -l >> most.txt; rm now/$$"
        project.pipeline(
            "".join(
                f"[task.shell.t{number}]\ncommand = '{command}'\nresources = {{ {claim} }}\nrun = \"always\"\n"
                for number in range(4)
            )
        )
        assert project.apply().status == "succeeded"
        assert (project.root / "most.txt").read_text().split() == ["1"] * 4, claim
        (project.root / "most.txt").unlink()


def test_the_urgent_task_is_done_first_and_what_it_waits_for(project: Project) -> None:
    project.write("vp.toml", '[project]\nname = "trial"\n[executor]\nworkers = 1\n')
    note = 'command = "echo {0} >> log.txt"\n'
    project.pipeline(
        "".join(f"[task.shell.{name}]\n{note.format(name)}" for name in ("a", "b", "c"))
        + f'[task.shell.urgent]\n{note.format("urgent")}after = ["c"]\npriority = 10\n'
    )
    assert project.apply().status == "succeeded"
    # `a` was handed to the worker while `c` ran, so that the worker need not wait for us.
    assert (project.root / "log.txt").read_text().split() == ["c", "a", "urgent", "b"]


def test_memory_that_is_claimed_is_there(project: Project) -> None:
    workers(project, 4, 'resources = { memory = "400MB" }', 'memory = "1GB"\n')
    assert most_at_once(project) <= 2
    assert not [event for event in project.events if event.type == "log"]


def test_who_claims_more_than_there_is_runs_alone_and_is_told(project: Project) -> None:
    workers(project, 2, 'resources = { memory = "3GB" }', 'memory = "1GB"\n')
    assert most_at_once(project) == 1
    told = [event.data["message"] for event in project.events if event.type == "log"]
    assert len(told) == 4
    assert told[0].startswith("it claims 3,000 MB of user code, and this run has 800: it gets all of that")


def test_processors_that_are_claimed_are_there(project: Project) -> None:
    workers(project, 4, "resources = { cpus = 2 }", "cpus = 4\n")
    assert most_at_once(project) <= 2


def test_what_is_urgent_begins_first_with_all_that_it_waits_for(project: Project) -> None:
    project.write("vp.toml", '[project]\nname = "trial"\n[executor]\nkind = "inline"\n')
    project.write("other.vp.toml", '[pipeline]\nname = "other"\npriority = -1\n[sql.late]\nquery = "select 1 as a"\n')
    usual = "".join(f'[sql.{name}]\nquery = "select 1 as a"\n' for name in ("one", "two", "three"))
    urgent = '[sql.urgent]\nquery = "select a from needed"\npriority = 5\n'
    project.pipeline(f'{usual}[sql.needed]\nquery = "select 2 as a"\n{urgent}')
    project.apply()
    started = [str(event.address) for event in project.events if event.type == "task_started"]
    # One is at hand while the first is made.
    assert started == ["shop.needed", "shop.one", "shop.urgent", "shop.two", "shop.three", "other.late"]


def test_what_code_in_a_process_of_its_own_has_taken_is_claimed_the_next_time(project: Project) -> None:
    workers(project, 1, 'executor = "processes"')
    first = project.plan()
    assert not share_out(first, project.settings.executor, project.state.peaks).claims[Address("shop", "a0")]
    project.apply(first)
    project.write(
        "code_shares.py",
        CODE + "\n# another version\nother = 1\ndef work():\n    return pa.table({'most': [0]})\n",
    )
    claims = share_out(project.plan(), project.settings.executor, project.state.peaks).claims
    ((resource, amount),) = claims[Address("shop", "a0")]
    assert resource == "memory of user code"
    # An interpreter with Arrow and DuckDB takes more than the one and less than the other.
    assert 20 * MB < amount < 2000 * MB


def test_pools_that_nobody_knows_are_told(project: Project) -> None:
    project.write("vp.toml", '[project]\nname = "trial"\n[executor.pools]\nerp = 2\n')
    project.pipeline('[sql.a]\nquery = "select 1 as a"\nresources = { pools = ["erp", "epr"] }\n')
    (found,) = project.compiled("dev").diagnostics
    assert (found.code, str(found.place)) == ("VP609", "shop.vp.toml:5:31")
    assert "Did you mean `erp`?" in found.detail


@pytest.fixture(scope="module")
def claiming(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    project = Project(tmp_path_factory.mktemp("shares"))
    project.write("code_shares.py", CODE)
    project.pipeline(
        "".join(
            f'[{kind}.{kind}{size}]\n{what}\nresources = {{ memory = "{size}MB" }}\n'
            for kind, what in (
                ("sql", 'query = "select 1 as a"'),
                ("python", 'function = "code_shares:work"\ncolumns.most = "bigint"'),
            )
            for size in (100, 700, 5000)
        )
    )
    plan = project.plan()
    project.close()
    return plan


@given(st.integers(1, 8), st.integers(200, 8000), st.sampled_from(["threads", "processes"]))
def test_engines_and_user_code_together_never_have_more_than_the_budget(
    claiming: Plan, count: int, memory: int, kind: str
) -> None:
    settings = Executor.model_validate({"kind": kind, "workers": count, "memory": f"{memory}MB"})
    shares = share_out(claiming, settings, lambda addresses: {})
    code = shares.budget["memory of user code"]
    engines = Fraction(shares.engine.memory or 0)
    if kind == "processes":
        engines += Fraction((shares.process_engine.memory or 0) * count)
    assert 0 < code + engines <= memory * MB
    assert engines >= Fraction(memory * MB, 5) - 2 * count  # what is left over by whole numbers
    assert shares.budget["memory of the engine"] == shares.engine.memory
