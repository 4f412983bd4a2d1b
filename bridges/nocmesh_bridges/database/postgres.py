"""PostgreSQL: every call a connection of its own, every statement one, every reading in a READ ONLY transaction.

What is read stands as a table inside a statement of ours: so it can be nothing but a query, each row comes as JSON of a
bounded size, and the cursor stops where enough is enough. Functions that may have effects (pg_proc.provolatile = 'v')
are refused, since a READ ONLY transaction does not stop them (SQL reference of PostgreSQL 17, SET TRANSACTION).
"""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
from asyncpg.exceptions import DataError, InterfaceError, InternalClientError, PostgresError

from nocmesh.errors import DeviceError, DeviceUnreachableError, GuardError, InvalidInputError, PreconditionError
from nocmesh.failpoint import reached
from nocmesh_bridges.connect.form import AccountEntry, DatabaseEntry
from nocmesh_bridges.connect.targets import Targets
from nocmesh_bridges.database.statement import Statement

CONNECT_SECONDS = 5.0
MAX_ROW = 32 * 1024
"""Characters of one row."""
MAX_BYTES = 256 * 1024
AT_A_TIME = 25
HARMLESS = ("random", "gen_random_uuid", "clock_timestamp", "timeofday", "statement_timestamp", "count", "nextval")
"""Functions of PostgreSQL itself that are volatile and that nobody minds; READ ONLY refuses the last."""

_VOLATILE = """
SELECT DISTINCT proname::text FROM pg_catalog.pg_proc WHERE proname = ANY($1::text[]) AND provolatile = 'v'
AND NOT (pronamespace = 'pg_catalog'::regnamespace AND proname = ANY($2::text[])) ORDER BY 1
"""
_MIGHT = """
SELECT 'it is a superuser' FROM pg_catalog.pg_roles WHERE rolname = current_user AND rolsuper
UNION ALL
SELECT 'it is in ' || rolname FROM pg_catalog.pg_roles
WHERE rolname IN ('pg_write_all_data', 'pg_execute_server_program', 'pg_write_server_files', 'pg_read_server_files',
  'pg_signal_backend') AND pg_catalog.pg_has_role(current_user, oid, 'USAGE')
UNION ALL
SELECT DISTINCT 'it may write to tables of ' || nspname FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace
WHERE relkind IN ('r', 'p', 'v', 'f') AND nspname !~ '^pg_' AND nspname <> 'information_schema'
AND pg_catalog.has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
LIMIT 10
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What was read: each row as JSON text; ``truncated`` says what is missing, empty: nothing."""

    rows: list[str]
    truncated: str = ""
    might_write: tuple[str, ...] = ()
    """Why the account could do more than read; empty: it could not."""


class StaleError(DeviceError):
    """What a write depends on is not as it was; nothing was written."""


class NotWrittenError(DeviceError):
    """The transaction was rolled back; nothing was written."""


class Postgres:
    """One database."""

    def __init__(self, entry: DatabaseEntry, targets: Targets) -> None:
        self.entry = entry
        self._targets = targets

    @property
    def secrets(self) -> list[str]:
        """What must never be told. Raises PreconditionError."""
        return [self._password(each) for each in (self.entry.reader, self.entry.writer) if each]

    async def read(self, query: Statement, parameters: Sequence[Any] = ()) -> Rows:
        """The rows of ``query``, so many as the target allows. Raises DeviceError, GuardError, InvalidInputError."""
        async with self._open(self.entry.reader, writes=False) as connection, self._told():
            might = [str(row[0]) for row in await connection.fetch(_MIGHT)]
            transaction = connection.transaction(isolation="repeatable_read", readonly=True)
            await transaction.start()
            try:
                found = await self._rows(connection, query, parameters)
            finally:
                await transaction.rollback()
        return Rows(rows=found.rows, truncated=found.truncated, might_write=tuple(might))

    async def write(
        self,
        change: Statement,
        parameters: Sequence[Any],
        *,
        fresh: Callable[[list[str]], bool],
        depends_on: Statement | None,
        rows: int | None,
        mark: Callable[[str], Awaitable[None]],
    ) -> str:
        """What the database said to ``change``, as `UPDATE 1`, once it is committed.

        In one serializable transaction: ``fresh`` judges what ``depends_on`` reads, ``rows`` is how many must change,
        ``mark`` is awaited with the transaction's id before it is committed. Raises StaleError, NotWrittenError,
        DeviceUnreachableError: nothing was written; any other DeviceError: it is not known.
        """
        account = self.entry.writer
        if account is None:
            raise PreconditionError(f"{self.entry.name} has no writer in the target file: nothing is written there")
        async with self._open(account, writes=True) as connection:
            transaction = connection.transaction(isolation="serializable")
            await transaction.start()
            try:
                async with self._told():
                    said = await self._done(connection, change, parameters, fresh, depends_on, rows)
                    xid = str(await connection.fetchval("SELECT pg_catalog.pg_current_xact_id()::text"))
            except StaleError:
                raise
            except (DeviceError, GuardError, InvalidInputError) as wrong:
                raise NotWrittenError(f"nothing was written: {wrong.message}", device=self.entry.name) from wrong
            await mark(xid)
            reached("connect.marked")
            async with self._told():
                await transaction.commit()
        return said

    async def fate(self, xid: str) -> str:
        """What became of a transaction: `committed`, `aborted`, `in progress`, or empty when nobody knows any more."""
        async with self._open(self.entry.writer or self.entry.reader, writes=False) as connection, self._told():
            return str(await connection.fetchval("SELECT pg_catalog.pg_xact_status($1::text::xid8)", xid) or "")

    async def _done(
        self,
        connection: Any,
        change: Statement,
        parameters: Sequence[Any],
        fresh: Callable[[list[str]], bool],
        depends_on: Statement | None,
        rows: int | None,
    ) -> str:
        seen = (await self._rows(connection, depends_on, ())).rows if depends_on else []
        if not fresh(seen):
            raise StaleError("what it depends on is not as it was", device=self.entry.name)
        await self._refuse_effects(connection, change)
        statement = await connection.prepare(change.sql)
        await statement.fetch(*parameters)
        said = str(statement.get_statusmsg())
        changed = int(said.rpartition(" ")[2]) if said.rpartition(" ")[2].isdigit() else 0
        if rows is not None and changed != rows:
            raise DeviceError(f"it would change {changed} rows, not {rows} as was approved", device=self.entry.name)
        return said

    async def _rows(self, connection: Any, query: Statement, parameters: Sequence[Any]) -> Rows:
        await self._refuse_effects(connection, query)
        table = f"SELECT pg_catalog.left(pg_catalog.to_json(q)::text, {MAX_ROW + 1}) FROM (\n{query.sql}\n) AS q"  # noqa: S608
        cursor = await (await connection.prepare(table)).cursor(*parameters)
        found: list[str] = []
        size, most = 0, self.entry.rows
        while batch := await cursor.fetch(AT_A_TIME):
            for (row,) in batch:
                size += len(row.encode())
                if len(row) > MAX_ROW:
                    raise InvalidInputError(f"a row has more than {MAX_ROW} characters", field="sql")
                if len(found) == most or size > MAX_BYTES:
                    bound = f"{most} rows" if len(found) == most else f"{MAX_BYTES} bytes"
                    return Rows(rows=found, truncated=f"there is more than {bound}; ask for less")
                found.append(row)
        return Rows(rows=found)

    async def _refuse_effects(self, connection: Any, statement: Statement) -> None:
        found = await connection.fetch(_VOLATILE, statement.calls, list(HARMLESS))
        if found:
            named = ", ".join(row[0] for row in found)
            reason = f"{named} may have effects (it is volatile)"
            raise GuardError(f"the statement is refused: {reason}; leave it out", reason=reason)

    @asynccontextmanager
    async def _open(self, account: AccountEntry, *, writes: bool) -> AsyncIterator[Any]:
        entry, millis = self.entry, str(int(self.entry.seconds * 1000))
        settings = {
            "application_name": "nocmesh",
            "default_transaction_read_only": "off" if writes else "on",
            "statement_timeout": millis,
            "lock_timeout": millis,
            "idle_in_transaction_session_timeout": "60000",
            "standard_conforming_strings": "on",
        }
        password = self._password(account)
        try:
            connection = await asyncpg.connect(  # type: ignore[no-untyped-call]
                host=entry.address,
                port=entry.port,
                user=account.user,
                password=password,
                database=entry.database,
                ssl=self._trust(),
                timeout=CONNECT_SECONDS,
                command_timeout=entry.seconds + CONNECT_SECONDS,
                statement_cache_size=0,
                server_settings=settings,
                target_session_attrs="any",
            )
        except (OSError, TimeoutError, PostgresError, InterfaceError) as wrong:
            said = f"{entry.name} at {entry.address}:{entry.port} cannot be reached: {_said(wrong)}"
            raise DeviceUnreachableError(said, device=entry.name) from wrong
        try:
            yield connection
        finally:
            connection.terminate()  # whatever it still held is rolled back

    def _trust(self) -> ssl.SSLContext | bool:
        if self.entry.tls == "off":
            return False
        ca_file = self.entry.ca_file
        return ssl.create_default_context(cafile=str(self._targets.path(ca_file)) if ca_file else None)

    def _password(self, account: AccountEntry) -> str:
        return self._targets.secret(f"{self.entry.name}: the password of {account.user}", account).reveal()

    @asynccontextmanager
    async def _told(self) -> AsyncIterator[None]:
        """What goes wrong, in our words."""
        name = self.entry.name
        try:
            yield
        except DataError as wrong:
            hint = "write $1::text::inet where a parameter is more than a text, number or truth"
            raise InvalidInputError(f"{name}: {wrong}; {hint}", field="parameters") from wrong
        except PostgresError as wrong:
            raise DeviceError(f"{name} answered: {wrong} ({getattr(wrong, 'sqlstate', '')})", device=name) from wrong
        except (OSError, TimeoutError, InterfaceError, InternalClientError) as wrong:
            raise DeviceError(f"{name}: not asked to the end: {_said(wrong)}", device=name) from wrong


def _said(wrong: BaseException) -> str:
    return str(wrong) or type(wrong).__name__
