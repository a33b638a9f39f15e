"""``[database]`` in ``kptm.toml``: where the tables of a workspace are."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from kptm.errors import ConfigError

ADVICE = "give it by PGPASSWORD, ~/.pgpass, or a variable that password_variable names"


@dataclass(frozen=True, kw_only=True)
class DatabaseConfig:
    """The database of a workspace.

    Attributes:
        url: The URL of a PostgreSQL database, without a password; "" for SQLite's file in the
            folder.
        password_variable: The environment variable with the password; "" leaves it to
            PostgreSQL's client: PGPASSWORD, ~/.pgpass.
        replica: The URL of a streaming replica of that database, without a password, from which a
            server (``kptm serve``) reads; "" for none.

    Raises:
        ConfigError: The URL is malformed, is not one of PostgreSQL, or has a password.
    """

    url: str = ""
    password_variable: str = ""
    replica: str = ""

    def __post_init__(self) -> None:
        for name, url in (("url", self.url), ("replica", self.replica)):
            if url and split_password(url)[1] is not None:
                raise ConfigError(
                    f"{name}: must not have a password, since others read it; {ADVICE}"
                )
        if self.replica and not self.url:
            raise ConfigError("replica: needs a url, and there is none")
        if self.password_variable and not self.url:
            raise ConfigError("password_variable: needs a url, and there is none")

    def replica_with_password(self) -> str:
        """The URL of the replica with the password, if the settings name its variable.

        Raises:
            ConfigError: The variable is not set.
        """
        return replace(self, url=self.replica, replica="").with_password()

    def with_password(self, password: str | None = None) -> str:
        """The URL with the password, if one is given or if the settings name its variable.

        Raises:
            ConfigError: The variable is not set.
        """
        from sqlalchemy import make_url

        if password is None and self.password_variable:
            password = os.environ.get(self.password_variable)
            if password is None:
                raise ConfigError(
                    f"the environment variable {self.password_variable} is not set; kptm.toml says"
                    " that it has the password of the database"
                )
        url = make_url(self.url)
        if password is not None:
            url = url.set(password=password)
        return url.render_as_string(hide_password=False)


def split_password(url: str) -> tuple[str, str | None]:
    """A PostgreSQL database's URL without its password, and the password.

    Raises:
        ConfigError: The text is no URL of PostgreSQL. The message has no password.
    """
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise ConfigError("url: is malformed; write postgresql://user@host/name") from error
    if parsed.drivername.partition("+")[0] not in ("postgresql", "postgres"):
        raise ConfigError(
            f"url: {parsed.drivername} is not supported; write postgresql://user@host/name"
        )
    if not parsed.database:
        raise ConfigError("url: names no database; write postgresql://user@host/name")
    query = dict(parsed.query)
    password = parsed.password or query.pop("password", None)
    if password is not None and not isinstance(password, str):
        raise ConfigError("url: has several passwords")
    if password is None:
        return url, None
    without = parsed._replace(password=None).set(query=query)
    return without.render_as_string(hide_password=False), password
