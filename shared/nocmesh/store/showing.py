"""What is stored, table by table, for a person who wants to look: row counts, and the newest rows. Nothing secret."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlmodel import col, select

from nocmesh.errors import InvalidInputError, NotFoundError
from nocmesh.store.database import Database
from nocmesh.store.pages import LIMIT, Item, whole
from nocmesh.store.rows import DEFAULT_TENANT, Row
from nocmesh.store.tables import READ_MODELS, PersonalToken, User, WebSession

_ALL: tuple[type[Row], ...] = (*READ_MODELS, User, PersonalToken, WebSession)
TABLES: Mapping[str, type[Row]] = {str(table.__tablename__): table for table in _ALL}
SECRET = frozenset({"hash", "token_hash"})
"""Columns that open a door to whoever has them and time to guess."""


class Shown:
    """Looks into one tenant's tables."""

    def __init__(self, database: Database, tenant: str = DEFAULT_TENANT) -> None:
        self._database = database
        self._tenant = tenant

    async def tables(self) -> list[Item]:
        """Every table with its number of rows."""
        return [{"table": name, "rows": await self._count(table)} for name, table in TABLES.items()]

    async def rows(self, name: str, limit: int) -> list[Item]:
        """The newest ``limit`` rows of the table called ``name``, secrets masked.

        Raises NotFoundError that lists the tables, InvalidInputError for a limit outside 1 to 500.
        """
        if name not in TABLES:
            raise NotFoundError(f"there is no table {name[:80]!r}; known: {', '.join(TABLES)}", table=name)
        if not 1 <= limit <= LIMIT:
            raise InvalidInputError(f"limit is {limit}; expected 1 to {LIMIT}", field="limit")
        table = TABLES[name]
        query = select(table).where(col(table.tenant) == self._tenant).order_by(*_newest_first(table)).limit(limit)
        async with self._database.reading() as session:
            return [_masked(whole(row)) for row in (await session.exec(query)).all()]

    async def _count(self, table: type[Row]) -> int:
        query = select(func.count()).select_from(table).where(col(table.tenant) == self._tenant)
        async with self._database.reading() as session:
            return int((await session.exec(query)).one())


def _newest_first(table: type[Row]) -> list[Any]:
    """By the first column that is a time, then by the key."""
    times = [name for name, field in table.model_fields.items() if field.annotation in (datetime, datetime | None)]
    keys = [key.name for key in table.__table__.primary_key if key.name != "tenant"]  # type: ignore[attr-defined]
    return [col(getattr(table, name)).desc() for name in [*times[:1], *keys]]


def _masked(item: Item) -> Item:
    return {name: "(masked)" if name in SECRET else value for name, value in item.items()}
