"""One Ray cluster for all tests of a run, also where several processes run them: to start one takes many seconds."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

# Also on a machine that has much else to do.
_PATIENCE = 180  # seconds
_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}


_CHILDREN: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True)
class Node:
    """A Ray node of this machine: the process that keeps it, and that it ends with."""

    address: str  # of the cluster
    process: int
    folder: str
    # Where those ask who are on no node of the cluster; of a first node only.
    client_address: str = ""

    def stop(self) -> None:
        """As if the machine was switched off."""
        os.killpg(self.process, signal.SIGKILL)
        if self.process in _CHILDREN:
            _CHILDREN.pop(self.process).wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def start_node(cluster: str | None = None, processors: int = 2) -> Node:
    """The first node of a new cluster, or one more of `cluster`."""
    # Sockets lie in it, and their paths must be short.
    folder = tempfile.mkdtemp(prefix="vp-ray-", dir="/tmp")
    address = cluster or f"{_own_address()}:{_free_port()}"
    where, client_address = ["--address", address], ""
    if cluster is None:
        client_port = str(_free_port())
        where = ["--head", "--port", address.rpartition(":")[2], "--include-dashboard", "false", "--temp-dir", folder]
        where += ["--ray-client-server-port", client_port]
        client_address = f"ray://{_own_address()}:{client_port}"
    command = [sys.executable, "-c", "from ray.scripts.scripts import main; main()", "start", "--block", *where]
    command += ["--num-cpus", str(processors), "--object-store-memory", str(100_000_000)]
    with (Path(folder) / "start.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _CHILDREN[process.pid] = process
    node = Node(address, process.pid, folder, client_address)
    if cluster is None:
        wait_for_answer(node, address)
    return node


def agree_on_token(folder: Path) -> None:
    """All clusters of a run of tests ask for one token: nobody else on this network may run code here.

    Called before Ray is imported, which reads it then.
    """
    with _locked(folder / "ray-token") as told:
        token = told.get("token") or secrets.token_hex(32)
        (folder / "ray-token").write_text(json.dumps({"token": token}))
    os.environ.update({**_QUIET, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token})


@contextmanager
def shared_cluster(folder: Path) -> Iterator[str]:
    """The address of the cluster whose users meet in `folder`; this process is connected to it meanwhile."""
    book = folder / "ray-cluster"
    with _locked(book) as told:
        node = Node(**told["node"]) if told else start_node()
        _connect(node)
        users = told.get("users", 0) + 1
        book.write_text(json.dumps({"node": asdict(node), "users": users}))
    try:
        yield node.address
    finally:
        import ray

        ray.shutdown()
        with _locked(book) as told:
            if told["users"] == 1:
                node.stop()
                book.write_text("{}")
            else:
                book.write_text(json.dumps({**told, "users": told["users"] - 1}))


def wait_for_answer(node: Node, address: str) -> None:
    """Until the first node of a cluster answers at one of its addresses."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            socket.create_connection((host, int(port))).close()
            break
        except OSError as error:
            if time.monotonic() > until:
                raise RuntimeError((Path(node.folder) / "start.log").read_text()) from error
            time.sleep(0.1)


def _connect(node: Node) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Only now: it reads the token where it is imported.
        import ray

        ray.init(address=node.address, log_to_driver=False, logging_level="ERROR")


def _own_address() -> str:
    """As Ray finds it: the one that packets to elsewhere would come from. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 53))
            address: str = probe.getsockname()[0]
        except OSError:
            return "127.0.0.1"
    return address


@contextmanager
def _locked(book: Path) -> Iterator[dict[str, Any]]:
    with (book.with_suffix(".lock")).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield json.loads(book.read_text()) if book.exists() else {}


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port
