"""The folds, applied to the bus's messages: each once, in one transaction with the cursor that says so.

A message that was applied before changes nothing, so a reader may always begin earlier than it must.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from nocmesh.errors import InvalidInputError
from nocmesh.messages.agent import AgentCard, Farewell
from nocmesh.store.database import Database
from nocmesh.store.folds import FOLDS, Place, Write, writes
from nocmesh.store.incident import Values
from nocmesh.store.rows import DEFAULT_TENANT, Row
from nocmesh.store.tables import READ_MODELS, CursorRow
from nocmesh.subjects import places, row_of

ID_LENGTH = 300
"""Longer ids are cut: PostgreSQL's indexes hold 2704 bytes, and no id of ours has more than 200 letters."""


class Stored(Protocol):
    """A message as a stream keeps it; ``nocmesh.bus`` gives such, with the ``speaker`` who signed it."""

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
                await (await session.connection()).execute(delete(table).where(col(table.tenant) == self._tenant))

    async def _lock(self, session: AsyncSession, streams: Iterable[str]) -> None:
        await self._database.one_at_a_time(session, *(f"{self._tenant}/{stream}" for stream in streams))


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
            row = await self._row(
                write.table, {name: _column(name, value) for name, value in write.key.items()}, write.new
            )
            _set(row, write.change(row.values()))
        _set(cursor, {"sequence": place.sequence, "at": message.at})
        return True

    async def _row(self, table: type[Row], key: Values, new: bool = False) -> Row:
        whole = {"tenant": self._tenant, **key}
        identity = (table, *whole.values())
        if identity not in self._rows:
            row = None if new else await self._session.get(table, whole)
            if row is None:
                row = table(**whole)
                self._session.add(row)
            self._rows[identity] = row
        return self._rows[identity]


def place_of(message: Stored) -> Place:
    """The stream of a message's subject, and its sequence.

    Raises InvalidInputError for a subject that no stream keeps, and for a body that speaks of something else than its
    subject: the permission to publish was given for the subject.
    """
    row = row_of(message.subject)
    if row is None or row.stream is None:
        raise InvalidInputError(f"{message.subject[:200]!r} is kept in no stream", field="subject")
    for name, value in _given(message, places(row, message.subject)):
        said = getattr(message.body, name, value)
        if said != value:
            raise InvalidInputError(
                f"the body of {message.subject[:200]!r} speaks of {str(said)[:80]!r}; expected {value!r}", field=name
            )
    return Place(stream=row.stream, sequence=message.sequence)


def _given(message: Stored, named: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What the body's fields must be: as the subject says, and a card or farewell only about its own speaker."""
    for name, value in named.items():
        yield _FIELDS.get(name, name), value
    speaker = getattr(message, "speaker", None)
    if speaker is not None and isinstance(message.body, AgentCard | Farewell):
        yield "agent_id", speaker.name


_FIELDS = {"id": "approval_id", "type": "agent_type"}
"""Fields that are named otherwise than their place in the subject."""


def _set(row: Row, values: Values) -> None:
    for name, value in values.items():
        setattr(row, name, _column(name, value))


def _column(name: str, value: Any) -> Any:
    """``value`` as a column bears it: numbers of 64 bits, ids that an index can hold."""
    if isinstance(value, int):
        return max(-(2**63), min(value, 2**63 - 1))
    clean = _clean(value)
    return clean[:ID_LENGTH] if name.endswith("_id") else clean


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
