"""New databases of real servers, with the fields of a connection to them."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pymysql
from tests.servers import cannot_be_used, server_url

_POSTGRES = "postgresql://postgres@127.0.0.1:5432"
_MYSQL = "mysql://root@127.0.0.1:3306"


@contextmanager
def new_postgres() -> Iterator[dict[str, Any]]:
    url = server_url("VIBEPIPER_TEST_POSTGRES", _POSTGRES, "PostgreSQL").replace("+psycopg", "")
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
    parts = urlsplit(server_url("VIBEPIPER_TEST_MYSQL", _MYSQL, "MySQL or MariaDB"))
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
        cannot_be_used("VIBEPIPER_TEST_MYSQL", "MySQL", error)
    with connection, connection.cursor() as cursor:
        cursor.execute(f"create database {name}")
    try:
        yield {"connector": "mysql", "database": name, **server}
    finally:
        with pymysql.connect(**server) as connection, connection.cursor() as cursor:  # type: ignore[arg-type]
            cursor.execute(f"drop database {name}")
