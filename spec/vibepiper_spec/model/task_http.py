"""`[task.http.NAME]`: a request to a service; also what is asked of one in other kinds of tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, Strict, WithJsonSchema, model_validator

from vibepiper_spec.model.mistakes import mistake
from vibepiper_spec.model.scalar import Scalar
from vibepiper_spec.model.spec_model import ShorthandModel, SpecModel
from vibepiper_spec.model.task import TaskModel
from vibepiper_spec.model.texts import TextOrSecret, whole_secrets

Statuses = Annotated[tuple[Annotated[int, Field(ge=100, le=599)], ...], Strict(False)]


def _web_address(value: str) -> str:
    if not value.startswith(("http://", "https://", "$", "secret:")):
        raise mistake(
            "VP109",
            f"`{value}` is no URL that can be asked.",
            "Begin with `https://` or `http://`, with a `$name` that does, or write `secret:NAME`.",
        )
    return value


Url = Annotated[TextOrSecret, AfterValidator(_web_address)]


class Auth(ShorthandModel):
    """Who asks: a token to bear, or a user and a password. Plain text is short for `token`."""

    shorthand: ClassVar = "token"

    token: TextOrSecret | None = None
    """A token, as `secret:NAME`."""
    user: TextOrSecret | None = None
    """A user, with `password`."""
    password: TextOrSecret | None = None
    """The user's password, as `secret:NAME`."""

    @model_validator(mode="after")
    def _one_way(self) -> Auth:
        if (self.token is None) == (self.user is None) or (self.password is not None and self.user is None):
            raise mistake("VP110", "`auth` is a token, or a user and a password.", 'Write `auth = "secret:NAME"`.')
        return self


class RequestKeys(SpecModel):
    """The keys of what is asked of a service."""

    url: Url
    """What is asked; `$name` stands for a value, and is quoted."""
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"] = "GET"
    """How it is asked."""
    headers: dict[str, TextOrSecret] = Field(default_factory=dict)
    """Headers of the request; `secret:NAME` as the value is the secret."""
    query: dict[str, Annotated[Scalar, AfterValidator(whole_secrets)]] = Field(default_factory=dict)
    """Parameters that are added to the URL."""
    auth: Auth | None = None
    """Who asks."""
    json_body: Annotated[Any, AfterValidator(whole_secrets), WithJsonSchema({})] = Field(default=None, alias="json")
    """The body as JSON. A text that is one `$name` becomes that value with its type."""
    body: TextOrSecret | None = None
    """The body as text."""
    expect: Statuses = ()
    """Statuses that are fine; 200 to 299 if not set."""
    certificates: str | None = None
    """A file (PEM) of authorities that are trusted beside those of the system, relative to `vp.toml`."""

    def request_texts(self) -> Mapping[str, Any]:
        """By key, what holds texts in which `$name` stands for a value."""
        return {
            "url": self.url,
            "headers": self.headers,
            "query": self.query,
            "auth": {} if self.auth is None else self.auth.model_dump(exclude_none=True),
            "json": self.json_body,
            "body": self.body,
        }

    @model_validator(mode="after")
    def _one_body(self) -> Any:
        if self.json_body is not None and self.body is not None:
            raise mistake("VP110", "`json` and `body` both say what is sent.", "Remove one of the two.", key="body")
        return self


class HttpTask(RequestKeys, TaskModel):
    """A request to a service (extra `http`). An output's place in the answer is a JSON pointer, such as `/job/id`,
    `header:NAME`, `text`, or `status`; it is `/NAME` if not set."""

    own_outputs: ClassVar = {"status": "bigint"}

    def texts(self) -> Mapping[str, Any]:
        return self.request_texts()
