"""`[task.notify.NAME]`: a message to people."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Strict, model_validator

from vibepiper_spec.model.mistakes import mistake
from vibepiper_spec.model.task import TaskModel
from vibepiper_spec.model.task_http import Url

_NEEDED = {"webhook": ("url",), "email": ("connection", "recipients")}


def _mail_address(value: str) -> str:
    if not re.fullmatch(r"[^\s@<>,]+@[^\s@<>,]+", value):
        raise mistake("VP109", f"`{value}` is no mail address.", "Write one as `data@shop.example`.")
    return value


class NotifyTask(TaskModel):
    """A message to people: to a webhook (Slack, Mattermost and others; extra `http`), or by mail."""

    text_keys: ClassVar = ("message", "title", "url")
    connectors: ClassVar = ("smtp",)

    to: Literal["webhook", "email"]
    """By which way it goes."""
    message: str
    """What it says; `$name` stands for a value."""
    title: str = ""
    """What it says first: the subject of a mail."""
    url: Url | None = None
    """Of the webhook, most often `secret:NAME`."""
    connection: str | None = None
    """The name of a `smtp` connection, for mail."""
    recipients: Annotated[tuple[Annotated[str, AfterValidator(_mail_address)], ...], Strict(False)] = ()
    """Who gets the mail."""

    @model_validator(mode="after")
    def _complete(self) -> NotifyTask:
        for way, keys in _NEEDED.items():
            for key in keys:
                given = getattr(self, key) not in (None, ())
                if way == self.to and not given:
                    raise mistake("VP104", f'`{key}` is missing, which `to = "{way}"` needs.', f"Add `{key} = …`.")
                if way != self.to and given:
                    raise mistake(
                        "VP110", f'`{key}` belongs to `to = "{way}"`.', f'Remove it, or write `to = "{way}"`.', key=key
                    )
        return self
