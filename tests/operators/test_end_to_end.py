"""Every kind of task in a project, planned and applied by the real command against real services."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.operators.conftest import gone, is_alive
from tests.operators.databases import new_mysql, new_postgres
from tests.operators.services import Service, running_service
from tests.operators.test_container import ENGINE
from tests.operators.test_notify import Mailbox, running_mail_server
from tests.operators.test_shell import wait_for

from vibepiper_interpreter.operators.databases import database_of

Vp = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def service() -> Iterator[Service]:
    with running_service() as found:
        yield found


@pytest.fixture
def vp(tmp_path: Path) -> Vp:
    """`vp` in the project, as a user starts it; `fails`: the exit status that is meant is 1."""
    (tmp_path / "bin").mkdir()

    def run(*arguments: str, fails: bool = False, **env: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "vibepiper_cli.main", *arguments],
            cwd=tmp_path,
            env={**os.environ, "NO_COLOR": "1", "PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert "defect" not in done.stderr, done.stderr
        assert done.returncode == (1 if fails else 0), done.stdout + done.stderr
        return done

    return run


def write(root: Path, settings: str, pipeline: str, **values: Any) -> None:
    """The two files of a project; `{name}` in them stands for a value."""
    for name, text in (
        ("vp.toml", '[project]\nname = "shop"\n' + settings),
        ("shop.vp.toml", '[pipeline]\nname = "shop"\n' + pipeline),
    ):
        for key, value in values.items():
            text = text.replace("{" + key + "}", str(value))
        (root / name).write_text(text, encoding="utf-8")


SETTINGS = """
[variables]
service = "{service}"

[connection.sqlite.ledger]
path = "ledger.db"

[connection.smtp.office]
host = "127.0.0.1"
port = {mail_port}
security = "none"
sender = "etl@x.example"
"""
ALL_KINDS = """
[task.shell.count]
command = 'echo "counting for $env"; echo "rows=3" >> "$VP_OUTPUT"'
outputs.rows = "bigint"

[task.sql.note]
connection = "ledger"
statement = [
  "create table runs (env text, rows integer)",
  "insert into runs values ($env, $rows)",
  "select rows + 1 as more from runs",
]
inputs.rows = "count.rows"
outputs.more = "bigint"

[task.http.start]
url = "$service/jobs/$rows"
method = "POST"
query = { since = 2024-01-31 }
json = { rows = "$rows", day = 2024-01-31 }
inputs.rows = "note.more"
outputs.job = { type = "bigint", from = "/job/id" }

[task.container.load]
image = "outputs"
command = ["load", "$job"]
env = { ROWS = "$job" }
inputs.job = "start.job"
outputs.rows = "bigint"

[task.notify.chat]
to = "webhook"
url = "$service/chat"
message = "job $job, status $status, loaded $rows"
inputs = { job = "start.job", status = "start.status", rows = "load.rows" }

[task.notify.mail]
to = "email"
connection = "office"
recipients = ["data@x.example"]
message = "loaded $rows"
inputs.rows = "load.rows"

[task.wait.file.landed]
path = "*.csv"
every = "1s"

[task.wait.sql.noted]
connection = "ledger"
query = "select count(*) from runs where env = $env"
every = "1s"
after = ["note"]

[task.wait.http.up]
url = "$service/health"
every = "1s"

[source.file.orders]
path = "orders.csv"

[task.wait.asset.there]
asset = "orders"
every = "1s"

[task.wait.time.soon]
delay = "1s"

[task.shell.last]
command = 'echo "$path $there $at" > last'
inputs = { path = "landed.path", there = "there.published_at", at = "soon.at" }
after = ["up", "noted"]
"""


@pytest.mark.parametrize("executor", ["threads", "inline", "processes"])
def test_every_kind_is_planned_done_and_not_done_again(vp: Vp, service: Service, tmp_path: Path, executor: str) -> None:
    engine = tmp_path / "bin" / "docker"
    engine.write_text(ENGINE)
    engine.chmod(engine.stat().st_mode | stat.S_IXUSR)
    (tmp_path / "orders.csv").write_text("id\n1\n")
    with running_mail_server() as (mailbox, port):
        write(tmp_path, SETTINGS, ALL_KINDS, service=service.url, mail_port=port)
        records = {"RECORDS": str(tmp_path / "bin")}
        planned = vp("plan").stdout
        for name in re.findall(r"^\[task\.\w+(?:\.\w+)?\.(\w+)\]", ALL_KINDS, re.MULTILINE):
            assert re.search(rf"\b{name}\b", planned), (name, planned)
        vp("apply", "--yes", "--executor", executor, **records)
        assert_done(tmp_path, service, mailbox)
        again = vp("apply", "--yes", **records)
    assert len(mailbox.mails) == 1, again.stdout


def assert_done(root: Path, service: Service, mailbox: Mailbox) -> None:
    assert sqlite3.connect(root / "ledger.db").execute("select env, rows from runs").fetchall() == [("dev", 3)]
    asked = {came["path"]: came for came in service.requests}
    assert json.loads(asked["/jobs/4"]["body"]) == {"rows": 4, "day": "2024-01-31"}
    assert asked["/jobs/4"]["query"] == {"since": "2024-01-31"}
    assert json.loads(asked["/chat"]["body"]) == {"text": "job 7, status 200, loaded 7"}
    assert [mail.get_content().strip() for mail in mailbox.mails] == ["loaded 7"]
    assert (root / "bin" / "run").read_text().splitlines()[-3:-1] == ["load", "7"]
    path, *times = (root / "last").read_text().split()
    assert path == "orders.csv"
    assert len(times) == 2


@pytest.mark.parametrize("server", [new_postgres, new_mysql])
def test_statements_on_a_server(vp: Vp, tmp_path: Path, server: Any) -> None:
    with server() as fields:
        given = "\n".join(f"{key} = {json.dumps(value)}" for key, value in fields.items() if key != "connector")
        write(
            tmp_path,
            f"[connection.{fields['connector']}.base]\n{given}\n",
            """
[task.sql.note]
connection = "base"
statement = ["create table runs (env varchar(20))", "insert into runs values ($env)", "select env from runs"]
outputs.env_of_run = "varchar"
""".replace("select env from", "select env as env_of_run from"),
        )
        vp("apply", "--yes")
        session = database_of(fields, tmp_path).connect(None)
        try:
            assert session.execute("select env from runs", None)[1] == ("dev",)
        finally:
            session.close()


def test_what_may_pass_is_tried_again(vp: Vp, service: Service, tmp_path: Path) -> None:
    write(
        tmp_path, "", '[task.http.ask]\nurl = "{url}/flaky"\nretry = { attempts = 3, delay = "0s" }\n', url=service.url
    )
    vp("apply", "--yes")
    assert len(service.requests) == 3


def test_a_container_without_an_engine(vp: Vp, tmp_path: Path) -> None:
    write(tmp_path, "", '[task.container.load]\nimage = "alpine:3.20"\ncommand = ["echo", "x"]\nengine = "podman"\n')
    assert "-- alpine:3.20 echo x" in vp("plan").stdout
    failed = vp("apply", "--yes", fails=True)
    assert "VP817" in failed.stderr + failed.stdout
    assert "there is no `podman` on the `PATH`" in failed.stderr + failed.stdout


@pytest.mark.parametrize("on_timeout", ["fail", "skip"])
def test_what_does_not_come(vp: Vp, tmp_path: Path, on_timeout: str) -> None:
    write(
        tmp_path,
        "",
        f"""
[task.wait.file.landed]
path = "inbox/*.csv"
every = "1s"
timeout = "1s"
on_timeout = "{on_timeout}"

[task.shell.take]
command = "touch taken"
after = ["landed"]
""",
    )
    done = vp("apply", "--yes", fails=on_timeout == "fail")
    assert "no file matches `inbox/*.csv`" in done.stdout + done.stderr
    assert not (tmp_path / "taken").exists()


def test_no_secret_is_told_by_any_kind(vp: Vp, service: Service, tmp_path: Path) -> None:
    """Each task does what spills a secret: prints it, fails with it, gives it on."""
    secret = "planted-5f1c-in-a-task"
    engine = tmp_path / "bin" / "docker"
    engine.write_text(ENGINE)
    engine.chmod(engine.stat().st_mode | stat.S_IXUSR)
    write(
        tmp_path,
        '[connection.postgres.away]\nhost = "127.0.0.1"\nport = 1\nuser = "ann"\npassword = "secret:PLANTED"\n'
        '[connection.postgres.lost]\nhost = "secret:PLANTED"\n',
        """
[task.wait.sql.lost]
connection = "lost"
query = "select 1"
every = "1s"
timeout = "2s"

[task.shell.prints]
command = 'echo "it is $TOKEN"; printf %s "$TOKEN" | cut -c1-10 >/dev/null; echo "seen=$TOKEN" >> "$VP_OUTPUT"; '
env.TOKEN = "secret:PLANTED"
outputs.seen = "varchar"

[task.shell.fails]
command = 'echo "bad $TOKEN" >&2; exit 3'
env.TOKEN = "secret:PLANTED"

[task.container.tells]
image = "says"
env.SECRET_OF_TASK = "secret:PLANTED"

[task.http.echoes]
url = "{url}/status/500"
headers.X-Key = "secret:PLANTED"
auth = "secret:PLANTED"

[task.http.hidden]
url = "secret:HOOK"

[task.notify.chat]
to = "webhook"
url = "secret:HOOK"
message = "x"

[task.sql.away]
connection = "away"
statement = "select 1"
""",
        url=service.url,
    )
    env = {"PLANTED": secret, "HOOK": f"{service.url}/status/404?key={secret}", "RECORDS": str(tmp_path / "bin")}
    said = ""
    for arguments, fails in (
        (["plan", "-o", "saved.plan"], False),
        (["apply", "--yes"], True),
        (["apply", "--yes", "--json"], True),
        (["runs", "--json"], False),
        (["runs", "logs"], False),
        (["plan", "--json"], False),
    ):
        done = vp(*arguments, fails=fails, **env)
        said += done.stdout + done.stderr
    assert "it is •••" in said
    assert "bad •••" in said
    assert "host '•••'" in said, "a sensor says why it waits"
    assert secret not in said
    made = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path for path in made if secret.encode() in path.read_bytes()] == []


def test_an_interrupted_apply_leaves_nothing_running(tmp_path: Path) -> None:
    write(
        tmp_path,
        "",
        """
[task.shell.long]
command = 'sleep 1000 & echo "$! $$" > pids; wait'

[task.wait.file.never]
path = "never"
""",
    )
    with subprocess.Popen(
        [sys.executable, "-m", "vibepiper_cli.main", "apply", "--yes"],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as applying:
        pids = [int(pid) for pid in wait_for(tmp_path / "pids").split()]
        assert all(map(is_alive, pids))
        applying.send_signal(signal.SIGINT)
        _, said = applying.communicate(timeout=60)
    assert applying.returncode == 130, said
    assert all(map(gone, pids))


def test_a_command_that_takes_too_long_ends_with_all_it_has_started(vp: Vp, tmp_path: Path) -> None:
    write(
        tmp_path,
        "",
        """
[task.shell.long]
command = 'sleep 1000 & echo "$! $$" > pids; wait'
timeout = "2s"

[task.shell.other]
command = "touch other"
""",
    )
    failed = vp("apply", "--yes", fails=True)
    assert "error[VP802]" in failed.stderr
    assert "`shop.long`" in failed.stderr
    assert all(map(gone, map(int, wait_for(tmp_path / "pids").split())))
    assert (tmp_path / "other").exists()


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM])
def test_a_command_that_somebody_else_ends_says_by_which_signal(tmp_path: Path, sent: signal.Signals) -> None:
    write(tmp_path, "", '[task.shell.long]\ncommand = "echo $$ > pid; exec sleep 1000"\n')
    with subprocess.Popen(
        [sys.executable, "-m", "vibepiper_cli.main", "apply", "--yes"],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as applying:
        os.kill(int(wait_for(tmp_path / "pid")), sent)
        _, said = applying.communicate(timeout=60)
    assert applying.returncode == 1, said
    assert "error[VP811]" in said
    assert sent.name in said
