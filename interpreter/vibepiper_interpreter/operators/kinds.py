"""The kinds of operators: what each does, and how its keys in a spec become its settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from vibepiper_interpreter.operators.call import Call, Done, NotYet
from vibepiper_interpreter.operators.container import ContainerSettings, container
from vibepiper_interpreter.operators.http import HttpSettings, http
from vibepiper_interpreter.operators.notify import NotifySettings, notify
from vibepiper_interpreter.operators.shell import ShellSettings, shell
from vibepiper_interpreter.operators.sql import SqlSettings, sql
from vibepiper_interpreter.operators.wait_asset import WaitAssetSettings, wait_asset
from vibepiper_interpreter.operators.wait_file import WaitFileSettings, wait_file
from vibepiper_interpreter.operators.wait_http import wait_http
from vibepiper_interpreter.operators.wait_sql import WaitSqlSettings, wait_sql
from vibepiper_interpreter.operators.wait_time import WaitTimeSettings, wait_time

# The keys of a task's kind as a spec has them; those that have their default may be missing.
Keys = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OperatorKind:
    """`perform` does what `settings` make of a spec's keys. Settings can be pickled."""

    settings: Callable[[Keys], Any]
    perform: Callable[[Call, Any], Done | NotYet]


def _shell(keys: Keys) -> ShellSettings:
    command = keys["command"]
    return ShellSettings(
        command if isinstance(command, str) else tuple(command), keys.get("env", {}), keys.get("directory", ".")
    )


def _sql(keys: Keys) -> SqlSettings:
    return SqlSettings(keys["connection"], tuple(keys["statement"]), keys.get("transaction", True))


def _http(keys: Keys) -> HttpSettings:
    auth = keys.get("auth") or {}
    return HttpSettings(
        keys["url"],
        keys.get("method", "GET"),
        keys.get("headers", {}),
        keys.get("query", {}),
        keys.get("json"),
        keys.get("body"),
        tuple(keys.get("expect", ())),
        auth.get("token"),
        auth.get("user"),
        auth.get("password"),
        keys.get("certificates"),
    )


def container_settings(keys: Keys) -> ContainerSettings:
    from vibepiper_spec.model.task_container import amount_of_bytes

    memory = keys.get("memory")
    return ContainerSettings(
        keys["image"],
        tuple(keys.get("command", ())),
        keys.get("env", {}),
        tuple(keys.get("volumes", ())),
        keys.get("network"),
        None if memory is None else amount_of_bytes(memory),
        keys.get("cpus"),
        keys.get("engine"),
    )


def _notify(keys: Keys) -> NotifySettings:
    return NotifySettings(
        keys["to"],
        keys["message"],
        keys.get("title", ""),
        keys.get("url") or "",
        keys.get("connection") or "",
        tuple(keys.get("recipients", ())),
    )


def _wait_file(keys: Keys) -> WaitFileSettings:
    return WaitFileSettings(keys["path"], keys.get("min_size", 0), _seconds(keys.get("unchanged_for")) or 0.0)


def _wait_sql(keys: Keys) -> WaitSqlSettings:
    return WaitSqlSettings(keys["connection"], keys["query"])


def _wait_asset(keys: Keys) -> WaitAssetSettings:
    return WaitAssetSettings(keys["asset"], keys.get("environment"), _seconds(keys.get("newer_than")))


def _wait_time(keys: Keys) -> WaitTimeSettings:
    zone, at = keys.get("time_zone", "UTC"), keys.get("at")
    if at is None:
        return WaitTimeSettings(delay=_seconds(keys["delay"]))
    if ":" in at[:3]:
        return WaitTimeSettings(time_of_day=time.fromisoformat(at), time_zone=zone)
    moment = datetime.fromisoformat(at)
    return WaitTimeSettings(moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC))


def _seconds(duration: str | None) -> float | None:
    # The module of the models is slow to import, and the planner does without.
    from vibepiper_spec.model.duration import duration_seconds

    return None if duration is None else duration_seconds(duration)


# All but `python`, whose functions are given assets too.
KINDS: Mapping[str, OperatorKind] = {
    "shell": OperatorKind(_shell, shell),
    "sql": OperatorKind(_sql, sql),
    "http": OperatorKind(_http, http),
    "container": OperatorKind(container_settings, container),
    "notify": OperatorKind(_notify, notify),
    "wait.file": OperatorKind(_wait_file, wait_file),
    "wait.sql": OperatorKind(_wait_sql, wait_sql),
    "wait.http": OperatorKind(_http, wait_http),
    "wait.asset": OperatorKind(_wait_asset, wait_asset),
    "wait.time": OperatorKind(_wait_time, wait_time),
}
