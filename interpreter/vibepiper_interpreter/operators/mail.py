"""Sends a mail by the server of a connection `[connection.smtp.NAME]`."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import TYPE_CHECKING, Any

from vibepiper_interpreter.operators.call import Call, OperatorFailed
from vibepiper_interpreter.operators.certificates import trusting
from vibepiper_interpreter.operators.ending import seconds_left, stopped_by
from vibepiper_interpreter.operators.failing import whole_notes
from vibepiper_spec.diagnostics import Diagnostic, Fix

if TYPE_CHECKING:
    from vibepiper_spec.model.retry import FailureClass

_TIMEOUT = 30.0  # seconds in which the server must say something


def send_mail(call: Call, connection: str, recipients: Sequence[str], subject: str, text: str) -> None:
    """Raises OperatorFailed (VP819) where the server does not take it for everybody."""
    fields = call.connection(connection)
    sender = fields.get("sender") or fields.get("user") or ""
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, sender, ", ".join(recipients)
    message["Date"] = formatdate(call.now.timestamp())
    message["Message-ID"] = make_msgid(domain="vibepiper.invalid")
    message.set_content(text)
    left = seconds_left(call)
    timeout = _TIMEOUT if left is None else max(0.1, min(_TIMEOUT, left))
    server = _Server(fields, trusting(call.root, fields.get("certificates"), "VP819"), timeout)
    try:
        with stopped_by(call, server.wake):
            server.send(message)
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or (error.reason or "it failed").replace("_", " ").lower()
        raise _failed(connection, f"no secure connection (TLS) could be made: {reason}", "infrastructure") from error
    except smtplib.SMTPRecipientsRefused as error:
        said = [f"{name}: {_words(reply)}" for name, (_, reply) in error.recipients.items()]
        transient = all(400 <= status < 500 for status, _ in error.recipients.values())
        raise _failed(connection, "it refuses the recipients", "transient" if transient else "code", said) from error
    except smtplib.SMTPResponseException as error:
        transient = 400 <= error.smtp_code < 500
        raise _failed(
            connection, f"{error.smtp_code} {_words(error.smtp_error)}", "transient" if transient else "code"
        ) from error
    except smtplib.SMTPNotSupportedError as error:
        raise _failed(connection, _words(str(error)), "code") from error
    except UnicodeError as error:
        raise _failed(connection, "its host, or a letter of user and password, cannot be sent", "code") from error
    except (smtplib.SMTPException, OSError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "the connection broke"
        raise _failed(connection, why, "transient") from error
    finally:
        server.close()


class _Server:
    """A conversation with a mail server, which another thread may break off."""

    def __init__(self, fields: Mapping[str, Any], context: ssl.SSLContext, timeout: float) -> None:
        self._fields = fields
        self._context = context
        self._timeout = timeout
        self._smtp: smtplib.SMTP | None = None

    def send(self, message: EmailMessage) -> None:
        fields, context, security = self._fields, self._context, self._fields.get("security", "starttls")
        port = fields.get("port") or {"tls": 465, "starttls": 587, "none": 25}[security]
        smtp: smtplib.SMTP
        if security == "tls":
            smtp = _TlsClient(self._begun, fields["host"], port, timeout=self._timeout, context=context)
        else:
            smtp = _Client(self._begun, fields["host"], port, timeout=self._timeout)
        if security == "starttls":
            smtp.starttls(context=context)
        if fields.get("user") and fields.get("password"):
            smtp.login(fields["user"], fields["password"])
        refused = smtp.send_message(message)
        if refused:
            raise smtplib.SMTPRecipientsRefused(refused)
        smtp.quit()

    def wake(self) -> None:
        sock = getattr(self._smtp, "sock", None)
        if sock is not None:
            with contextlib.suppress(OSError):  # it is closed already, or not connected yet
                sock.shutdown(socket.SHUT_RDWR)

    def _begun(self, smtp: smtplib.SMTP) -> None:
        self._smtp = smtp

    def close(self) -> None:
        if self._smtp is not None:
            self._smtp.close()


class _Client(smtplib.SMTP):
    """Tells who it is before it connects. Only the constructor keeps the host's name, which is that of the certificate,
    and it returns no sooner than the server has greeted."""

    def __init__(self, begun: Callable[[smtplib.SMTP], None], *arguments: Any, **others: Any) -> None:
        begun(self)
        super().__init__(*arguments, **others)


class _TlsClient(_Client, smtplib.SMTP_SSL):
    """The same, encrypted from its beginning."""


def _failed(connection: str, why: str, failure: FailureClass, notes: Sequence[str] = ()) -> OperatorFailed:
    return OperatorFailed(
        Diagnostic(
            "VP819",
            f"The mail was not sent by connection `{connection}`: {why}.",
            fix=Fix("See whether host, port, security, user, password and sender are right for that server."),
            notes=whole_notes(notes),
        ),
        failure,
    )


def _words(said: bytes | str) -> str:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    return " ".join(text.split()).rstrip(".")
