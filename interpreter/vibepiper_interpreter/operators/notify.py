"""`[task.notify.NAME]`: a message to people, by a webhook or by mail."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Literal

from vibepiper_interpreter.operators.call import Call, Done
from vibepiper_interpreter.operators.http import HttpSettings, is_expected, request_of, unexpected
from vibepiper_interpreter.operators.http_requests import send
from vibepiper_interpreter.operators.mail import send_mail
from vibepiper_interpreter.operators.placing import place_in_text


@dataclass(frozen=True, slots=True)
class NotifySettings:
    """`$name` stands for a value in `message` and `title`."""

    to: Literal["webhook", "email"]
    message: str
    title: str = ""
    url: str = ""  # of the webhook; most often `secret:NAME`
    connection: str = ""  # to the mail server
    recipients: tuple[str, ...] = ()


def notify(call: Call, settings: NotifySettings) -> Done:
    """Send the message. Raises OperatorFailed (VP813, VP819, VP606)."""
    message = place_in_text(settings.message, call.values)
    title = " ".join(place_in_text(settings.title, call.values).split())
    if settings.to == "email":
        send_mail(call, settings.connection, settings.recipients, title or f"VibePiper: {call.address}", message)
        call.say("info", f"sent to {', '.join(settings.recipients)}")
        return Done()
    # What Slack, Mattermost, Rocket.Chat and Discord (under `/slack`) take.
    text = f"*{title}*\n{message}" if title else message
    content = json.dumps({"text": text}, ensure_ascii=False).encode()
    request = replace(
        request_of(call, HttpSettings(settings.url, "POST", {"Content-Type": "application/json"})), content=content
    )
    answer = send(call, request)
    if not is_expected(answer.status, ()):
        raise unexpected(request, answer, ())
    call.say("info", f"sent to {request.shown}")
    return Done()
