"""A pool of connections to SQLite or PostgreSQL, migrated when it is opened."""

import asyncio
import hashlib
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, Self

import msgspec
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from nocmesh.errors import InvalidInputError, NotFoundError, PreconditionError

MIGRATIONS = Path(__file__).parent / "migrations"

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
_LOCK = 0x6E6F636D657368
"""PostgreSQL's advisory lock for migrations: "nocmesh" in ASCII."""
LOCKED_SECONDS = 10.0
"""How long opening waits while another process has the file for itself."""
_PRAGMAS = ("busy_timeout=5000", "synchronous=NORMAL", "foreign_keys=ON")
_WRITES = "nocmesh_writes"


class Database:
    """One database; ``reading`` and ``writing`` give sessions. Close it when done."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._writing = engine.execution_options(**{_WRITES: True})

    @classmethod
    async def open(cls, url: str) -> Self:
        """Connect to ``url`` and bring its tables up to date; any number of processes may do so at once.

        Raises InvalidInputError for a URL that we do not speak, PreconditionError when the database cannot be
        reached or was made by a newer version.
        """
        target = parsed(url)
        engine = _engine(target)
        try:
            if target.get_backend_name() == "sqlite":
                await asyncio.to_thread(_prepare_file, Path(str(target.database)))
            async with engine.execution_options(**{_WRITES: True}).begin() as connection:
                await connection.run_sync(_migrate)
        except CommandError as error:
            await engine.dispose()
            raise PreconditionError(
                f"the database {_shown(target)} was made by a newer version ({error}); install that version"
            ) from error
        except (OSError, DBAPIError, sqlite3.Error) as error:
            await engine.dispose()
            raise PreconditionError(
                f"the database {_shown(target)} cannot be opened: {_reason(error)}; check NOCMESH_DATABASE_URL"
            ) from error
        except BaseException:
            await engine.dispose()
            raise
        return cls(engine)

    @property
    def url(self) -> str:
        """Where it is, password and all: not for logs."""
        return self._engine.url.render_as_string(hide_password=False)

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self._engine.dialect.name

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session that sees one state of the database and changes nothing."""
        async with AsyncSession(self._engine, expire_on_commit=False) as session:
            yield session

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """A transaction: committed at the end, rolled back by an error."""
        async with AsyncSession(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    async def one_at_a_time(self, session: AsyncSession, *names: str) -> None:
        """Let no two transactions with a common name run at once; SQLite has one writer anyway."""
        if self.dialect != "postgresql":
            return
        for name in sorted(set(names)):
            key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
            await (await session.connection()).execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})

    async def close(self) -> None:
        """Give all connections back."""
        await self._engine.dispose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def parsed(url: str) -> URL:
    """``url`` with the driver that we use. Raises InvalidInputError, without the password."""
    try:
        target = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise _bad_url("it is no URL") from error
    driver = _DRIVERS.get(target.drivername.split("+")[0])
    if driver is None:
        raise _bad_url(f"{target.drivername!r} is not supported")
    if driver.startswith("sqlite") and target.database in (None, "", ":memory:"):
        raise _bad_url("SQLite needs a file, because several processes share it")
    return target.set(drivername=driver)


def existing(url: str) -> str:
    """``url`` itself; raises NotFoundError where it names an SQLite file that is not there: looking makes none."""
    target = parsed(url)
    if target.get_backend_name() == "sqlite" and not Path(str(target.database)).is_file():
        raise NotFoundError(f"there is no database {target.database}; --data names the folder of a mesh that ran")
    return url


def _bad_url(reason: str) -> InvalidInputError:
    expected = "expected sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"
    return InvalidInputError(f"the database URL is wrong: {reason}; {expected}", field="database_url", reason=reason)


def _shown(url: URL) -> str:
    return url.render_as_string(hide_password=True)


def _reason(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    return str(cause).splitlines()[0] if str(cause) else type(cause).__name__


def _engine(url: URL) -> AsyncEngine:
    engine = create_async_engine(
        url, json_serializer=lambda value: msgspec.json.encode(value).decode(), json_deserializer=msgspec.json.decode
    )
    if url.get_backend_name() == "sqlite":
        _as_sqlite(engine.sync_engine)
    return engine


def _as_sqlite(engine: Engine) -> None:
    """Begin transactions ourselves: one that will write takes the lock at once, so that it waits instead of failing.

    https://docs.sqlalchemy.org/en/21/dialects/sqlite.html#pysqlite-serializable
    """

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _prepare_file(path: Path) -> None:
    """A file that only its owner reads, in WAL mode, which stays with the file."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    deadline = time.monotonic() + LOCKED_SECONDS
    with closing(sqlite3.connect(path)) as connection:
        while True:  # SQLite does not wait here while another process writes
            try:
                connection.execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
            time.sleep(0.05)


def _migrate(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    command.upgrade(alembic_config(connection), "head")


def alembic_config(connection: Connection) -> Config:
    """How Alembic finds our migrations, and the connection that they run on."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
