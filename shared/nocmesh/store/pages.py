"""Rows of one tenant: one, all, or a page of them, newest first, that goes on exactly where the last one ended."""

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from sqlalchemy import BigInteger, and_, func, inspect, or_
from sqlmodel import col, select

from nocmesh.errors import InvalidInputError
from nocmesh.messages.base import Message
from nocmesh.store.database import Database
from nocmesh.store.rows import Row

R = TypeVar("R", bound=Row)
Item = dict[str, Any]
Conditions = list[Any]

LIMIT = 500
"""The most items that one page holds."""
NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""Where a row stands whose time is not known yet."""


class Page(Message, frozen=True, kw_only=True):
    """Some items, and what to pass as ``after`` for those that follow (None: there are no more)."""

    items: list[Item] = []
    next: str | None = None


class Reader:
    """Reads the rows of one tenant."""

    def __init__(self, database: Database, tenant: str) -> None:
        self._database = database
        self._tenant = tenant

    async def one(self, table: type[R], **key: str) -> R | None:
        """The row with that key, or None."""
        if any("\x00" in value for value in key.values()):
            return None  # PostgreSQL refuses the question
        async with self._database.reading() as session:
            return await session.get(table, {"tenant": self._tenant, **key})

    async def all(self, table: type[R], where: Conditions, *order: Any) -> Sequence[R]:
        """All rows for which ``where`` holds."""
        query = select(table).where(col(table.tenant) == self._tenant, *where).order_by(*order)
        async with self._database.reading() as session:
            return (await session.exec(query)).all()

    async def count(self, table: type[R], column: Any) -> dict[str, int]:
        """How many rows have each value of ``column``."""
        query = select(column, func.count()).where(col(table.tenant) == self._tenant).group_by(column)
        async with self._database.reading() as session:
            return {str(name): int(count) for name, count in (await session.exec(query)).all()}

    async def page(
        self, table: type[R], time: Any, where: Conditions, limit: int, after: str | None
    ) -> tuple[Sequence[R], str | None]:
        """Rows by ``time``, newest first, and where the next page begins.

        Raises InvalidInputError for a limit outside 1 to 500, or an ``after`` that no page gave.
        """
        if not 1 <= limit <= LIMIT:
            raise InvalidInputError(f"limit is {limit}; expected 1 to {LIMIT}", field="limit")
        when = func.coalesce(time, NO_TIME, type_=time.type)
        keys = [key for key in inspect(table).primary_key if key.name != "tenant"]
        if after is not None:
            types = [int if isinstance(key.type, BigInteger) else str for key in keys]
            where = [*where, _beyond([when, *keys], _read_mark(after, [datetime, *types]))]
        rows = await self._first(table, where, [when, *keys], limit + 1)
        shown = rows[:limit]
        return shown, _mark(shown[-1], time.key, [key.name for key in keys]) if len(rows) > limit else None

    async def _first(self, table: type[R], where: Conditions, columns: Sequence[Any], limit: int) -> Sequence[R]:
        query = select(table).where(col(table.tenant) == self._tenant, *where)
        async with self._database.reading() as session:
            return (await session.exec(query.order_by(*(column.desc() for column in columns)).limit(limit))).all()


def one_of(column: Any, value: str | None, allowed: Sequence[str], field: str) -> Conditions:
    """``column`` is one of the names in ``value``, separated by commas. Raises InvalidInputError for others."""
    if value is None:
        return []
    names = [name.strip() for name in value.split(",")]
    for name in names:
        if name not in allowed:
            raise InvalidInputError(f"{field} is {name[:80]!r}; expected {', '.join(allowed)}", field=field)
    return [col(column).in_(names)]


def equal(column: Any, value: str | None) -> Conditions:
    """``column`` is ``value``, unless that is None."""
    return [] if value is None else [col(column) == value.replace("\x00", "�")]


def whole(row: Row) -> Item:
    """All columns of ``row`` for JSON, without the tenant."""
    item: Item = msgspec.to_builtins({name: value for name, value in row.values().items() if name != "tenant"})
    return item


def _beyond(columns: Sequence[Any], mark: Sequence[Any]) -> Any:
    """What stands after ``mark`` in descending order of ``columns``."""
    options = []
    for n, column in enumerate(columns):
        same = [before == value for before, value in zip(columns[:n], mark, strict=False)]
        options.append(and_(*same, column < mark[n]))
    return or_(*options)


def _mark(row: Row, time: str, keys: Sequence[str]) -> str:
    values = [getattr(row, time) or NO_TIME, *(getattr(row, key) for key in keys)]
    return base64.urlsafe_b64encode(msgspec.json.encode(values)).decode().rstrip("=")


def _read_mark(after: str, types: Sequence[type]) -> list[Any]:
    try:
        raw = base64.b64decode(after + "=" * (-len(after) % 4), altchars="-_", validate=True)
        values = msgspec.json.decode(raw, type=list[Any])
        parts: list[Any] = [msgspec.convert(value, kind) for value, kind in zip(values, types, strict=True)]
        _check_range(parts)
    except (ValueError, OverflowError, binascii.Error, msgspec.MsgspecError) as error:
        raise InvalidInputError(
            f"after is {after[:80]!r}; expected what an earlier page gave as `next`", field="after", reason=str(error)
        ) from error
    return parts


def _check_range(parts: Sequence[Any]) -> None:
    for part in parts:
        if isinstance(part, datetime) and part.tzinfo is None:
            raise ValueError("the time has no zone")
        if isinstance(part, datetime):
            part.astimezone(UTC)
        if isinstance(part, int) and not -(2**63) <= part < 2**63:
            raise ValueError("the number is too large")
        if isinstance(part, str) and "\x00" in part:
            raise ValueError("a name has no NUL")
