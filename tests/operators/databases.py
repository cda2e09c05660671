"""New databases of real servers, with the fields of a connection to them."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pymysql
import pytest

_POSTGRES = "postgresql://postgres@127.0.0.1:5432"
_MYSQL = "mysql://root@127.0.0.1:3306"


@contextmanager
def new_postgres() -> Iterator[dict[str, Any]]:
    url = _server("VIBEPIPER_TEST_POSTGRES", _POSTGRES, "PostgreSQL").replace("+psycopg", "")
    name = f"vibepiper_test_{secrets.token_hex(6)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"create database {name}".encode())
    try:
        parts = urlsplit(url)
        yield {
            "connector": "postgres",
            "host": parts.hostname,
            "port": parts.port or 5432,
            "database": name,
            "user": parts.username,
            **({"password": parts.password} if parts.password else {}),
        }
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"drop database {name} with (force)".encode())


@contextmanager
def new_mysql() -> Iterator[dict[str, Any]]:
    parts = urlsplit(_server("VIBEPIPER_TEST_MYSQL", _MYSQL, "MySQL or MariaDB"))
    server = {
        "host": parts.hostname or "127.0.0.1",
        "port": parts.port or 3306,
        "user": parts.username or "root",
        **({"password": parts.password} if parts.password else {}),
    }
    name = f"vibepiper_test_{secrets.token_hex(6)}"
    try:
        connection = pymysql.connect(**server)  # type: ignore[arg-type]
    except pymysql.OperationalError as error:
        pytest.skip(f"no MySQL to use: VIBEPIPER_TEST_MYSQL is not set, and 127.0.0.1:3306 says {error}")
    with connection, connection.cursor() as cursor:
        cursor.execute(f"create database {name}")
    try:
        yield {"connector": "mysql", "database": name, **server}
    finally:
        with pymysql.connect(**server) as connection, connection.cursor() as cursor:  # type: ignore[arg-type]
            cursor.execute(f"drop database {name}")


def _server(variable: str, default: str, name: str) -> str:
    """The URL in `variable`; else the server on its usual port of this machine, if it answers there."""
    url = os.environ.get(variable)
    if url is None:
        parts = urlsplit(default)
        with socket.socket() as connection:
            connection.settimeout(2)
            if connection.connect_ex((parts.hostname, parts.port)) != 0:
                pytest.skip(f"no {name}: {variable} is not set, and {parts.hostname}:{parts.port} does not answer")
        url = default
    return url
