"""`[connection.CONNECTOR.NAME]`: systems outside, named once and used by name."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from vibepiper_spec.model.mistakes import mistake
from vibepiper_spec.model.names import NAME_PATTERN
from vibepiper_spec.model.spec_model import SpecModel
from vibepiper_spec.secrets import is_secret

Port = Annotated[int, Field(ge=1, le=65535)]

_NAMES: Any = Field(json_schema_extra={"propertyNames": {"pattern": NAME_PATTERN}})


def _below_the_project(value: str) -> str:
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts or value.startswith("~") or not path.name:
        raise mistake("VP109", f"`{value}` is no file below `vp.toml`.", "Write a path such as `data/shop.db`.")
    return value


class Connection(SpecModel):
    """What every connection has."""

    description: str = ""
    """What the system is, for people."""
    max_concurrency: Annotated[int, Field(ge=1)] | None = None
    """How many tasks of a run use it at once; as many as there are workers if not set."""


class ServerConnection(Connection):
    """A database server. All texts may be `secret:NAME`."""

    schemes: ClassVar[tuple[str, ...]] = ()

    host: str | None = None
    """Name or address of the server; this machine if not set."""
    port: Port | None = None
    """Its port; the usual one if not set."""
    database: str | None = None
    """The database."""
    user: str | None = None
    """Who logs in."""
    password: str | None = None
    """With what, as `secret:NAME`."""
    url: str | None = None
    """All of it as one URL, most often `secret:NAME`, instead of the other keys."""

    @model_validator(mode="after")
    def _one_way(self) -> ServerConnection:
        parts = ("host", "port", "database", "user", "password")
        given = next((key for key in parts if getattr(self, key) is not None), None)
        if self.url is not None and given is not None:
            raise mistake("VP110", f"`url` says already what `{given}` says.", "Remove one of the two.", key=given)
        if self.url is not None and not is_secret(self.url) and self.url.partition("://")[0] not in self.schemes:
            raise mistake(
                "VP109",
                "This is no URL of such a database.",
                f"Write it as `{self.schemes[0]}://user:password@host:port/database`, or as `secret:NAME`.",
                key="url",
            )
        return self


class PostgresConnection(ServerConnection):
    """A PostgreSQL database (extra `postgres`)."""

    schemes: ClassVar = ("postgresql", "postgres")

    ssl: Literal["disable", "prefer", "require", "verify-ca", "verify-full"] | None = None
    """Whether the connection is encrypted, and whether the server must prove who it is; `prefer` if not set."""
    certificates: str | None = None
    """A file (PEM) of the authorities that are trusted, relative to `vp.toml`; those of the system if not set."""


class MysqlConnection(ServerConnection):
    """A MySQL or MariaDB database (extra `mysql`)."""

    schemes: ClassVar = ("mysql", "mariadb")

    ssl: Literal["disable", "require", "verify-full"] | None = None
    """Whether the connection is encrypted, and whether the server must prove who it is; as it offers if not set."""
    certificates: str | None = None
    """A file (PEM) of the authorities that are trusted, relative to `vp.toml`; those of the system if not set."""


class SqliteConnection(Connection):
    """A SQLite file."""

    path: Annotated[str, AfterValidator(_below_the_project)]
    """The file, relative to `vp.toml`. A task that writes makes it."""


class SmtpConnection(Connection):
    """A server that takes mail."""

    host: str
    """Name or address of the server; may be `secret:NAME`."""
    port: Port | None = None
    """Its port; 587 for `starttls`, 465 for `tls` and 25 for `none` if not set."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """How the conversation is encrypted: after its beginning, from its beginning, or not at all."""
    user: str | None = None
    """Who logs in; nobody does if not set."""
    password: str | None = None
    """With what, as `secret:NAME`."""
    sender: str | None = None
    """The address that mails come from; the user if not set."""
    certificates: str | None = None
    """A file (PEM) of authorities that are trusted beside those of the system, relative to `vp.toml`."""


class Connections(SpecModel):
    """Systems outside, by connector and name. A name is used once, whatever the connector."""

    postgres: Annotated[dict[str, PostgresConnection], _NAMES] = Field(default_factory=dict)
    """PostgreSQL databases."""
    mysql: Annotated[dict[str, MysqlConnection], _NAMES] = Field(default_factory=dict)
    """MySQL and MariaDB databases."""
    sqlite: Annotated[dict[str, SqliteConnection], _NAMES] = Field(default_factory=dict)
    """SQLite files."""
    smtp: Annotated[dict[str, SmtpConnection], _NAMES] = Field(default_factory=dict)
    """Servers that take mail."""

    def by_connector(self) -> dict[str, dict[str, Connection]]:
        """Every connection: connector, name, and what it is."""
        return {connector: dict(getattr(self, connector)) for connector in type(self).model_fields}

    def limits(self) -> dict[str, int]:
        """By name, in lower case, how many tasks may use it at once, where that is limited."""
        return {
            name.lower(): connection.max_concurrency
            for connections in self.by_connector().values()
            for name, connection in connections.items()
            if connection.max_concurrency is not None
        }

    def named(self, name: str) -> tuple[str, Connection] | None:
        """The connector and the connection of that name, compared without case; None where there is none."""
        for connector, connections in self.by_connector().items():
            for known, connection in connections.items():
                if known.lower() == name.lower():
                    return connector, connection
        return None


# Databases that statements can be sent to.
DATABASES = ("postgres", "mysql", "sqlite")
