"""Every kind that the language knows can be performed, with all that its keys say."""

from __future__ import annotations

import dataclasses
import pickle
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import pytest

from vibepiper_interpreter.operators.connections import connection_fields
from vibepiper_interpreter.operators.container import ContainerSettings
from vibepiper_interpreter.operators.http import HttpSettings
from vibepiper_interpreter.operators.kinds import KINDS
from vibepiper_interpreter.operators.notify import NotifySettings
from vibepiper_interpreter.operators.shell import ShellSettings
from vibepiper_interpreter.operators.sql import SqlSettings
from vibepiper_interpreter.operators.wait_asset import WaitAssetSettings
from vibepiper_interpreter.operators.wait_file import WaitFileSettings
from vibepiper_interpreter.operators.wait_sql import WaitSqlSettings
from vibepiper_interpreter.operators.wait_time import WaitTimeSettings
from vibepiper_spec.diagnostics import DiagnosticError
from vibepiper_spec.model.settings import ProjectSettings
from vibepiper_spec.model.task import COMMON_KEYS
from vibepiper_spec.model.task_kinds import TASK_KINDS

# Keys that the run itself reads.
OF_THE_RUN = {*COMMON_KEYS, "every", "on_timeout"}

# Every key of a kind, and the settings that are meant.
FULL: dict[str, tuple[dict[str, Any], Any]] = {
    "shell": (
        {"command": ["make", "x"], "env": {"A": "b"}, "directory": "sub"},
        ShellSettings(("make", "x"), {"A": "b"}, "sub"),
    ),
    "sql": (
        {"connection": "erp", "statement": "vacuum", "transaction": False},
        SqlSettings("erp", ("vacuum",), False),
    ),
    "http": (
        {
            "url": "https://x.example/",
            "method": "PUT",
            "headers": {"A": "b"},
            "query": {"q": 1},
            "json": {"a": "$b"},
            "expect": [200, 404],
            "auth": "secret:KEY",
            "certificates": "company.pem",
        },
        HttpSettings(
            "https://x.example/", "PUT", {"A": "b"}, {"q": 1}, {"a": "$b"}, None, (200, 404), "secret:KEY",
            certificates="company.pem",
        ),
    ),
    "container": (
        {
            "image": "alpine",
            "command": ["true"],
            "env": {"A": "b"},
            "volumes": ["a:/a"],
            "network": "none",
            "memory": "1.5GiB",
            "cpus": 0.5,
            "engine": "podman",
        },
        ContainerSettings("alpine", ("true",), {"A": "b"}, ("a:/a",), "none", 1_610_612_736, 0.5, "podman"),
    ),
    "notify": (
        {"to": "email", "connection": "office", "recipients": ["a@x.example"], "title": "t", "message": "m"},
        NotifySettings("email", "m", "t", "", "office", ("a@x.example",)),
    ),
    "wait.file": (
        {"path": "in/*.csv", "min_size": 1, "unchanged_for": "2m"},
        WaitFileSettings("in/*.csv", 1, 120.0),
    ),
    "wait.sql": ({"connection": "erp", "query": "select 1"}, WaitSqlSettings("erp", "select 1")),
    "wait.http": (
        {"url": "https://x.example/", "body": "b", "auth": {"user": "ann", "password": "secret:KEY"}},
        HttpSettings("https://x.example/", body="b", user="ann", password="secret:KEY"),
    ),
    "wait.asset": (
        {"asset": "shop.orders", "environment": "prod", "newer_than": "1h"},
        WaitAssetSettings("shop.orders", "prod", 3600.0),
    ),
    "wait.time": (
        {"at": time(6, 30), "time_zone": "Europe/Berlin"},
        WaitTimeSettings(time_of_day=time(6, 30), time_zone="Europe/Berlin"),
    ),
}  # fmt: skip
MODELS = {kind.kind: kind.model for kind in TASK_KINDS}


def keys_of_kind(kind: str, given: dict[str, Any]) -> dict[str, Any]:
    """As a compiled operator holds them: by the names in the spec, without those that have their default."""
    spec = MODELS[kind].model_validate(given)
    return spec.model_dump(by_alias=True, exclude_defaults=True, exclude=set(COMMON_KEYS))


def test_every_kind_of_the_language_is_here() -> None:
    assert KINDS.keys() == MODELS.keys() - {"python"} == FULL.keys()


@pytest.mark.parametrize("kind", FULL)
def test_the_keys_of_a_spec_become_settings(kind: str) -> None:
    given, meant = FULL[kind]
    assert KINDS[kind].settings(keys_of_kind(kind, given)) == meant
    assert pickle.loads(pickle.dumps(meant)) == meant


@pytest.mark.parametrize("kind", FULL)
def test_no_key_of_the_language_is_left_out(kind: str) -> None:
    known = {field.alias or name for name, field in MODELS[kind].model_fields.items()} - OF_THE_RUN
    tried = set(FULL[kind][0])
    if kind in ("http", "wait.http"):
        tried |= set(FULL["http"][0]) | set(FULL["wait.http"][0])
    if kind == "notify":
        tried |= {"url"}
    if kind == "wait.time":
        tried |= {"delay"}
    assert tried == known


@pytest.mark.parametrize("kind", FULL)
def test_what_is_not_set_has_one_default_in_both(kind: str) -> None:
    """The defaults of the model are those of the settings."""
    given, meant = FULL[kind]
    required = {key: given[key] for key, field in MODELS[kind].model_fields.items() if field.is_required()}
    if kind == "notify":
        required |= {"connection": "office", "recipients": ["a@x.example"]}
    if kind == "wait.time":
        required |= {"at": "06:30"}
    spec = MODELS[kind].model_validate(required)
    short = KINDS[kind].settings(keys_of_kind(kind, required))
    long = KINDS[kind].settings(spec.model_dump(by_alias=True, exclude=set(COMMON_KEYS)))
    assert dataclasses.asdict(short) == dataclasses.asdict(long)
    assert type(short) is type(meant)


@pytest.mark.parametrize(
    ("keys", "settings"),
    [
        ({"delay": "90s"}, WaitTimeSettings(delay=90.0)),
        ({"at": "2026-03-01T06:30:00+01:00"}, WaitTimeSettings(datetime(2026, 3, 1, 5, 30, tzinfo=UTC))),
        (
            {"at": datetime(2026, 3, 1, 6, 30), "time_zone": "Europe/Berlin"},
            WaitTimeSettings(datetime(2026, 3, 1, 5, 30, tzinfo=UTC)),
        ),
        ({"at": "2026-03-01"}, WaitTimeSettings(datetime(2026, 3, 1, tzinfo=UTC))),
    ],
)
def test_times_as_people_write_them(keys: dict[str, Any], settings: WaitTimeSettings) -> None:
    assert KINDS["wait.time"].settings(keys_of_kind("wait.time", keys)) == settings


def test_a_connection_comes_with_its_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = ProjectSettings.model_validate(
        {
            "project": {"name": "x"},
            "connection": {
                "postgres": {"erp": {"host": "db.example", "port": 5433, "password": "secret:PW_OF_TEST"}},
                "sqlite": {"Local": {"path": "x.db", "description": "for tests"}},
            },
        }
    )
    fields = connection_fields(tmp_path, settings)
    with pytest.raises(DiagnosticError, match="VP602"):
        fields("erp")
    monkeypatch.setenv("PW_OF_TEST", "hush")
    assert fields("ERP") == {"connector": "postgres", "host": "db.example", "port": 5433, "password": "hush"}
    assert fields("local") == {"connector": "sqlite", "path": "x.db"}
