"""What user code prints and logs: told as events, bounded, without secrets, and never on our stdout."""

from __future__ import annotations

import json

import pytest
from tests.run.conftest import Project

from vibepiper_interpreter.run.python.output import TaskLog
from vibepiper_interpreter.run.redaction import Redactor

SECRET = "hunter2!hunter2!"
KEY = "-----BEGIN KEY-----\nMIIEvQIBADANBg\n-----END KEY-----"
SPECS = '[python.told]\nfunction = "shop_code:told"\ncolumns.id = "bigint"\n'
CODE = """
import logging
import os
import sys
import threading
import pyarrow as pa

logging.getLogger("mine").handlers[:] = [logging.StreamHandler()]
logging.getLogger("mine").propagate = False
print("imported", os.environ["SHOP_PASSWORD"])

def told():
    secret = os.environ["SHOP_PASSWORD"]
    print("printed", secret[:5], end="")
    print(secret[5:])
    print("to stderr", secret, file=sys.stderr)
    sys.stdout.buffer.write(f"bytes {secret}\\n".encode())
    logging.getLogger("mine").warning("logged %s", secret)
    print(os.environ["SHOP_KEY"])
    thread = threading.Thread(target=lambda: print("stray", secret))
    thread.start()
    thread.join()
    for number in range(3):
        print("batch", number)
        yield pa.record_batch({"id": [number]})
    print("unfinished", end="")
"""


@pytest.fixture
def shop(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("SHOP_PASSWORD", SECRET)
    monkeypatch.setenv("SHOP_KEY", KEY)
    project.write(
        "vp.toml",
        '[project]\nname = "trial"\n[connection.postgres.erp]\n'
        'password = "secret:SHOP_PASSWORD"\n'
        '[connection.smtp.office]\nhost = "mail.example"\npassword = "secret:SHOP_KEY"\n',
    )
    project.pipeline(SPECS)
    return project


@pytest.mark.parametrize("executor", ["threads", "inline"])
def test_what_is_printed_and_logged_is_told_without_secrets(
    shop: Project, capfd: pytest.CaptureFixture[str], executor: str
) -> None:
    shop.write("vp.toml", (shop.root / "vp.toml").read_text() + f'[executor]\nkind = "{executor}"\n')
    shop.write("shop_code.py", CODE)
    plan = shop.plan()
    capfd.readouterr()
    result = shop.apply(plan)
    assert result.status == "succeeded", result
    told = [(event.data["level"], event.data["message"]) for event in shop.events if event.type == "log"]
    assert told == [
        ("stdout", "imported •••"),
        ("stdout", "printed •••"),
        ("stderr", "to stderr •••"),
        ("stdout", "bytes •••"),
        ("stderr", "logged •••"),
        ("stdout", "•••"),
        ("stdout", "•••"),
        ("stdout", "•••"),
        ("stdout", "batch 0"),
        ("stdout", "batch 1"),
        ("stdout", "batch 2"),
        ("stdout", "unfinished"),
    ]
    # A thread that user code starts has no task that we know of.
    out, err = capfd.readouterr()
    assert out == ""
    assert err == "stray •••\n"
    kept = shop.state.run(result.run_id).events
    assert [event.data["message"] for event in kept if event.type == "log"] == [message for _, message in told]
    state = (shop.root / ".vp" / "state.sqlite").read_bytes()
    assert SECRET.encode() not in state and b"MIIEvQIBADANBg" not in state


def test_what_is_printed_before_a_failure_is_told(shop: Project) -> None:
    shop.write("shop_code.py", "def told():\n    print('almost', end='')\n    raise ValueError\n")
    assert shop.apply().status == "failed"
    assert [event.data["message"] for event in shop.events if event.type == "log"] == ["almost"]


def test_a_flood_is_counted_not_kept() -> None:
    told: list[tuple[str, str]] = []
    log = TaskLog(lambda level, message: told.append((level, message)), Redactor([SECRET]))
    for number in range(1_500):
        log.write("stdout", f"{number}\n")
    log.close()
    assert [message for _, message in told[:-1]] == [str(number) for number in range(1_000)]
    assert told[-1] == ("warning", "… and 500 more lines, which were not kept")


def test_the_password_of_a_secret_url_is_a_secret_too() -> None:
    redact = Redactor(["postgresql://ann:s%40fe@db/shop"])
    assert redact("s@fe and s%40fe of postgresql://ann:s%40fe@db/shop") == "••• and ••• of •••"
    assert Redactor(["http://[no-url:x@y"])("x of http://[no-url:x@y") == "x of •••"


def test_a_line_without_end_is_cut_after_it_was_redacted() -> None:
    told: list[str] = []
    log = TaskLog(lambda level, message: told.append(message), Redactor([SECRET]))
    log.write("stdout", "x" * 9_990 + SECRET)
    for _ in range(5):
        log.write("stdout", "y" * 500_000)
    log.close()
    [line] = told
    assert len(line) == 10_000
    assert line.endswith("•••yyyyyy…")


def test_events_are_json(shop: Project) -> None:
    shop.write("shop_code.py", CODE)
    shop.apply()
    json.dumps([dict(event.data) for event in shop.events])
