"""The folds, applied to the bus's messages: each once, in one transaction with the cursor that says so.

A message that was applied before changes nothing, so a reader may always begin earlier than it must.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from sqlalchemy import delete, text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from nocmesh.errors import InvalidInputError
from nocmesh.store.database import Database
from nocmesh.store.folds import FOLDS, Place, Write, writes
from nocmesh.store.incident import Values
from nocmesh.store.rows import DEFAULT_TENANT, Row
from nocmesh.store.tables import READ_MODELS, CursorRow
from nocmesh.subjects import row_of


class Stored(Protocol):
    """A message as a stream keeps it; ``nocmesh.bus`` gives such."""

    @property
    def subject(self) -> str:
        """Where it was published."""
        ...

    @property
    def body(self) -> Any:
        """The message itself."""
        ...

    @property
    def sequence(self) -> int:
        """Its number in its stream."""
        ...

    @property
    def at(self) -> datetime:
        """When the broker stored it."""
        ...


class Projector:
    """Makes the read models of one tenant. Any number of processes may project the same streams at once."""

    def __init__(self, database: Database, tenant: str = DEFAULT_TENANT) -> None:
        self._database = database
        self._tenant = tenant

    async def apply(self, received: Stored) -> bool:
        """Take one message in; say whether it was new.

        Messages of one kind must come in the order of their stream. Raises InvalidInputError for a message that no
        read model is made of.
        """
        return await self.apply_all([received]) == 1

    async def apply_all(self, messages: Sequence[Stored]) -> int:
        """Take many in, in one transaction, which is much faster; say how many were new."""
        placed = [(message, place_of(message)) for message in messages]
        planned = [(message, place, writes(message.body, place)) for message, place in placed]
        async with self._database.writing() as session:
            await self._lock(session, {place.stream for _, place in placed})
            batch = _Batch(session, self._tenant)
            return sum([await batch.take(*one) for one in planned])

    async def cursor(self, stream: str, body: type | None = None) -> int:
        """The last sequence that was applied, 0 for none: a reader goes on after it.

        Kinds of message are read each on its own: without ``body`` it is the lowest of the stream's kinds.
        Raises InvalidInputError for a stream that no read model is made of.
        """
        kinds = [kind.__name__ for kind, fold in FOLDS.items() if fold.stream == stream and body in (None, kind)]
        if not kinds:
            known = ", ".join(sorted({fold.stream for fold in FOLDS.values()}))
            raise InvalidInputError(f"no read model is made of {stream}; expected one of {known}", field="stream")
        async with self._database.reading() as session:
            query = select(CursorRow).where(CursorRow.tenant == self._tenant, CursorRow.stream == stream)
            found = {row.body: row.sequence for row in (await session.exec(query)).all()}
        return min(found.get(kind, 0) for kind in kinds)

    async def reset(self) -> None:
        """Delete all read models of this tenant; a replay from the beginning brings them back.

        Whoever projects at the time must start again from ``cursor``.
        """
        async with self._database.writing() as session:
            await self._lock(session, {fold.stream for fold in FOLDS.values()})
            for table in READ_MODELS:
                await (await session.connection()).execute(delete(table).where(_column(table) == self._tenant))

    async def _lock(self, session: AsyncSession, streams: Iterable[str]) -> None:
        """One writer per stream: SQLite has one writer anyway."""
        if self._database.dialect != "postgresql":
            return
        connection = await session.connection()
        for stream in sorted(streams):
            key = int.from_bytes(hashlib.sha256(f"{self._tenant}\x1f{stream}".encode()).digest()[:8], signed=True)
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


class _Batch:
    """The rows of one transaction, each loaded once."""

    def __init__(self, session: AsyncSession, tenant: str) -> None:
        self._session = session
        self._tenant = tenant
        self._rows: dict[tuple[Any, ...], Row] = {}

    async def take(self, message: Stored, place: Place, changes: list[Write]) -> bool:
        key = {"stream": place.stream, "body": type(message.body).__name__}
        cursor = await self._row(CursorRow, key)
        assert isinstance(cursor, CursorRow)
        if place.sequence <= cursor.sequence:
            return False
        for write in changes:
            row = await self._row(write.table, _clean(write.key))
            _set(row, write.change(row.model_dump()))
        _set(cursor, {"sequence": place.sequence, "at": message.at})
        return True

    async def _row(self, table: type[Row], key: Values) -> Row:
        whole = {"tenant": self._tenant, **key}
        identity = (table, *whole.values())
        if identity not in self._rows:
            row = await self._session.get(table, whole)
            if row is None:
                row = table(**whole)
                self._session.add(row)
            self._rows[identity] = row
        return self._rows[identity]


def place_of(message: Stored) -> Place:
    """The stream of a message's subject, and its sequence. Raises InvalidInputError for a subject without one."""
    row = row_of(message.subject)
    if row is None or row.stream is None:
        raise InvalidInputError(f"{message.subject!r} is kept in no stream", field="subject")
    return Place(stream=row.stream, sequence=message.sequence)


def _set(row: Row, values: Values) -> None:
    for name, value in values.items():
        setattr(row, name, _clean(value))


def _clean(value: Any) -> Any:
    """``value`` as both databases can keep it: PostgreSQL's text and JSONB know no NUL, and every time has a zone."""
    if isinstance(value, str):
        return value.replace("\x00", "�").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    return value


def _column(table: type[Row]) -> Any:
    return table.tenant
