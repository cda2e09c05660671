"""Messages that a real webhook and a real mail server on this machine take, or refuse."""

from __future__ import annotations

import json
import pickle
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from tests.operators.services import running_service

from vibepiper_interpreter.operators.call import OperatorCancelled, OperatorFailed
from vibepiper_interpreter.operators.mail import send_mail
from vibepiper_interpreter.operators.notify import NotifySettings, notify


class Mailbox:
    """Takes mail for everybody but `nobody@…`; to `later@…` not now; and none that is larger than it likes."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address.startswith("nobody@"):
            return "550 no such user"
        if address.startswith("later@"):
            return "451 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        mail = message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"


def _authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"etl", b"hush")
    return AuthResult(success=good, handled=good)


@contextmanager
def running_mail_server(**options: Any) -> Iterator[tuple[Mailbox, int]]:
    """A mail server on a port of this machine."""
    mailbox = Mailbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield mailbox, port
    finally:
        controller.stop()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls(authority: trustme.CA, tmp_path: Path) -> ssl.SSLContext:
    """For a server; `company.pem` beside `vp.toml` holds whom to trust."""
    authority.cert_pem.write_to_path(str(tmp_path / "company.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


MAIL = NotifySettings("email", "$rows rows\nin $env", "Loaded\n$name", connection="office", recipients=("a@x.example",))


def send(make_call: Any, port: int, settings: NotifySettings = MAIL, values: Any = None, **fields: Any) -> None:
    given = {"connector": "smtp", "host": "127.0.0.1", "port": port, "sender": "etl@x.example", "security": "none"}
    call = make_call({"rows": 3, "name": "orders", **(values or {})}, connections={"office": {**given, **fields}})
    notify(call, settings)


def failure(*given: Any, **named: Any) -> OperatorFailed:
    with pytest.raises(OperatorFailed) as failed:
        send(*given, **named)
    return failed.value


def test_a_mail_arrives(make_call: Any, said: list[Any]) -> None:
    with running_mail_server() as (mailbox, port):
        send(make_call, port, values={"name": "ord\r\nBcc: evil@x.example"})
    (mail,) = mailbox.mails
    assert mail["Subject"] == "Loaded ord Bcc: evil@x.example"
    assert mail["Bcc"] is None
    assert (mail["From"], mail["To"]) == ("etl@x.example", "a@x.example")
    assert mail.get_content().splitlines()[:2] == ["3 rows", "in dev"]
    assert said == [("info", "sent to a@x.example")]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_mail_over_tls_and_with_a_password(make_call: Any, tls: ssl.SSLContext, security: str) -> None:
    given = {"ssl_context": tls} if security == "tls" else {"tls_context": tls, "require_starttls": True}
    options = {"authenticator": _authenticate, "auth_require_tls": security != "tls", **given}
    with running_mail_server(**options) as (mailbox, port):
        fields = {"security": security, "user": "etl", "password": "hush", "certificates": "company.pem"}
        send(make_call, port, **fields)
        assert len(mailbox.mails) == 1
        wrong = failure(make_call, port, **{**fields, "password": "planted-5f1c"})
        untrusted = failure(make_call, port, **{**fields, "certificates": None})
    assert (wrong.diagnostic.code, wrong.failure) == ("VP819", "code")
    assert "535" in wrong.diagnostic.detail
    assert "planted-5f1c" not in repr(wrong.diagnostic)
    assert "(TLS)" in untrusted.diagnostic.detail
    assert untrusted.failure == "infrastructure"


def test_refused_recipients_are_told(make_call: Any) -> None:
    with running_mail_server() as (_, port):
        refused = failure(make_call, port, replace(MAIL, recipients=("a@x.example", "nobody@x.example")))
        later = failure(make_call, port, replace(MAIL, recipients=("later@x.example",)))
    assert refused.diagnostic.notes == ("nobody@x.example: no such user",)
    assert refused.failure == "code"
    assert later.failure == "transient"


def test_a_mail_server_that_is_not_there(make_call: Any, free_port: int) -> None:
    failed = failure(make_call, free_port)
    assert (failed.diagnostic.code, failed.failure) == ("VP819", "transient")
    assert "Connection refused" in failed.diagnostic.detail


def test_a_mail_host_that_cannot_be_is_told(make_call: Any) -> None:
    call = make_call(connections={"post": {"connector": "smtp", "host": "mail..example", "sender": "a@x.example"}})
    with pytest.raises(OperatorFailed) as failed:
        send_mail(call, "post", ["b@x.example"], "subject", "text")
    assert (failed.value.diagnostic.code, failed.value.failure) == ("VP819", "code")


def test_a_mail_server_without_tls(make_call: Any) -> None:
    with running_mail_server() as (_, port):
        failed = failure(make_call, port, security="starttls")
    assert failed.failure == "code"
    assert "STARTTLS" in failed.diagnostic.detail


def test_a_mail_server_that_says_nothing_is_left(make_call: Any) -> None:
    """It takes the connection, and that is all."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        cancelled = threading.Event()
        outcome: list[BaseException] = []

        def work() -> None:
            fields = {"connector": "smtp", "host": "127.0.0.1", "port": silent.getsockname()[1], "security": "none"}
            try:
                notify(make_call({"rows": 1, "name": "x"}, connections={"office": fields}, cancelled=cancelled), MAIL)
            except BaseException as error:
                outcome.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        connection, _ = silent.accept()
        with connection:
            cancelled.set()
            thread.join(60)
    assert [type(error) for error in outcome] == [OperatorCancelled]


def test_a_webhook_gets_the_text(make_call: Any, said: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    with running_service() as service:
        monkeypatch.setenv("HOOK_OF_TEST", f"{service.url}/hook/planted-5f1c")
        settings = NotifySettings("webhook", "$error", "$rows rows", url="secret:HOOK_OF_TEST")
        notify(make_call({"rows": 3, "error": 'secret:HOOK_OF_TEST "$rows" $$ ü'}), settings)
        notify(make_call({"error": "secret:HOOK_OF_TEST"}), NotifySettings("webhook", "$error", url=service.url))
    first, second = service.requests
    assert json.loads(first["body"]) == {"text": '*3 rows*\nsecret:HOOK_OF_TEST "$rows" $$ ü'}
    assert json.loads(second["body"]) == {"text": "secret:HOOK_OF_TEST"}
    assert first["headers"]["content-type"] == "application/json"
    assert "planted" not in repr(said)


def test_a_webhook_that_refuses(make_call: Any) -> None:
    with running_service() as service, pytest.raises(OperatorFailed) as failed:
        notify(make_call(), NotifySettings("webhook", "x", url=f"{service.url}/status/503?after=7"))
    assert (failed.value.diagnostic.code, failed.value.failure) == ("VP813", "transient")
    assert failed.value.retry_after == 7


def test_settings_travel_to_other_processes() -> None:
    assert pickle.loads(pickle.dumps(MAIL)) == MAIL
