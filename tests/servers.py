"""Finds the servers that tests talk to: the one a variable names, else the one on its usual port of this machine."""

from __future__ import annotations

import os
import socket
from typing import NoReturn
from urllib.parse import urlsplit

import pytest


def server_url(variable: str, usual: str, name: str) -> str:
    """The URL in `variable`, or `usual` if it answers there; else the test is skipped."""
    url = os.environ.get(variable)
    if url is not None:
        return url
    parts = urlsplit(usual)
    with socket.socket() as connection:
        connection.settimeout(2)
        if connection.connect_ex((parts.hostname, parts.port)) != 0:
            pytest.skip(f"no {name}: {variable} is not set, and {parts.hostname}:{parts.port} does not answer")
    return usual


def cannot_be_used(variable: str, name: str, error: Exception) -> NoReturn:
    """For a server that answers and lets nobody in: skipped, but where it was named and in CI it is a failure."""
    if variable in os.environ or os.environ.get("CI") == "true":
        raise error
    pytest.skip(f"no {name} to use: {variable} is not set, and the one of this machine says {error}")
