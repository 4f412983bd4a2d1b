"""Who people are: users, their personal tokens, their sessions. Only hashes are stored.

A token has 256 random bits, so that one round of sha256 is enough: nobody can try them all.
"""

import hashlib
import hmac
import secrets
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from sqlalchemy import delete, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from nocmesh.clock import Clock
from nocmesh.errors import DeniedError, InvalidInputError, NotFoundError
from nocmesh.messages.base import Message
from nocmesh.store.database import Database
from nocmesh.store.pages import Item, whole
from nocmesh.store.rows import DEFAULT_TENANT
from nocmesh.store.tables import PersonalToken, User, WebSession

PREFIX = "nocm_"
"""So that scanners for leaked secrets find a token."""
IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
_NOTED = timedelta(minutes=1)
"""How exactly the last use is kept: not every request writes."""

H = TypeVar("H", PersonalToken, WebSession)


class Named(Protocol):
    """A user as the inventory lists it."""

    @property
    def name(self) -> str:
        """The name."""
        ...

    @property
    def roles(self) -> Collection[str]:
        """The roles."""
        ...


class Person(Message, frozen=True, kw_only=True):
    """Somebody whom we know, with their roles, and what this way in allows."""

    name: str
    roles: list[str]
    scopes: list[str]


class People:
    """The users of one tenant, and their ways in."""

    def __init__(self, database: Database, clock: Clock, tenant: str = DEFAULT_TENANT) -> None:
        self._database = database
        self._clock = clock
        self._tenant = tenant

    async def ensure_users(self, users: Iterable[Named]) -> None:
        """Make the inventory's users as it lists them; one that it no longer lists can come in no more."""
        listed = {user.name: sorted(user.roles) for user in users}
        async with self._database.writing() as session:
            await self._database.one_at_a_time(session, f"{self._tenant}/users")
            known = {row.name: row for row in (await session.exec(self._users())).all()}
            for name, roles in listed.items():
                row = known.get(name) or User(tenant=self._tenant, name=name, created_at=self._clock.now())
                row.roles, row.active, row.source = roles, True, "inventory"
                session.add(row)
            for name in known.keys() - listed.keys():
                known[name].active = known[name].active and known[name].source != "inventory"

    async def users(self) -> list[Person]:
        """Everybody who may come in, by name, without scopes."""
        async with self._database.reading() as session:
            rows = (await session.exec(self._users().where(col(User.active)))).all()
        return [Person(name=row.name, roles=row.roles, scopes=[]) for row in sorted(rows, key=lambda row: row.name)]

    async def create_token(
        self, user: str, scopes: Sequence[str], expires: datetime | None = None, *, label: str = ""
    ) -> str:
        """A new token of ``user``. This is the only time that it is shown.

        Raises NotFoundError when nobody has that name, InvalidInputError when it would have expired already.
        """
        now = self._clock.now()
        if expires is not None and expires <= now:
            raise InvalidInputError(f"expires is {expires}; expected a time after {now}", field="expires")
        token = PREFIX + secrets.token_urlsafe(32)
        async with self._database.writing() as session:
            await self._require(session, user)
            row = PersonalToken(tenant=self._tenant, hash=_hash(token), token_id=secrets.token_hex(8), user=user)
            row.label, row.scopes, row.created_at, row.expires_at = label, sorted(set(scopes)), now, expires
            session.add(row)
        return token

    async def tokens(self, user: str) -> list[Item]:
        """The tokens of ``user``, without anything that opens a door."""
        query = select(PersonalToken).where(PersonalToken.tenant == self._tenant, PersonalToken.user == user)
        async with self._database.reading() as session:
            rows = (await session.exec(query.order_by(col(PersonalToken.created_at)))).all()
        return [{name: value for name, value in whole(row).items() if name != "hash"} for row in rows]

    async def sign_in(self, token: str) -> str:
        """A session for whoever holds ``token``; its id is shown once. Raises DeniedError for a token of nobody."""
        now = self._clock.now()
        session_id = secrets.token_urlsafe(32)
        async with self._database.writing() as session:
            row = await self._valid_token(session, _hash(token), now)
            if row is None or await self._active(session, row.user) is None:
                raise DeniedError("this token is not valid; ask for a new one with `nocmesh token create`")
            await (await session.connection()).execute(delete(WebSession).where(*self._outdated(now)))
            new = WebSession(tenant=self._tenant, hash=_hash(session_id), token_hash=row.hash, user=row.user)
            new.created_at = new.seen_at = row.last_used = now
            session.add(new)
        return session_id

    async def who(self, *, session: str = "", token: str = "") -> Person | None:
        """The person behind a session or a token; None when it is unknown, expired, revoked or signed out."""
        if bool(session) == bool(token):
            return None
        now = self._clock.now()
        async with self._database.reading() as reading:
            way = await self._way_in(reading, session, token, now)
            found = way and await self._person(reading, way, now)
        if not way or not found:
            return None
        if _stale(way, now):
            await self._note(way, now)
        return found

    async def sign_out(self, session: str) -> None:
        """End a session; one that is over already stays so."""
        async with self._database.writing() as writing:
            row = await writing.get(WebSession, self._key(_hash(session)))
            if row is not None:
                await writing.delete(row)

    async def revoke(self, token_id: str, *, user: str | None = None) -> None:
        """End a token, and every session that it opened; with ``user`` only if it is theirs.

        Raises NotFoundError when there is no such token.
        """
        async with self._database.writing() as session:
            query = select(PersonalToken).where(
                PersonalToken.tenant == self._tenant, PersonalToken.token_id == token_id
            )
            row = (await session.exec(query)).one_or_none()
            if row is None or user not in (None, row.user):
                raise NotFoundError(f"there is no token {token_id[:80]!r}; expected the `token_id` of a token")
            row.revoked_at = row.revoked_at or self._clock.now()

    def _users(self) -> Any:
        return select(User).where(User.tenant == self._tenant)

    def _key(self, digest: str) -> dict[str, str]:
        return {"tenant": self._tenant, "hash": digest}

    async def _active(self, session: AsyncSession, name: str) -> User | None:
        row = await session.get(User, {"tenant": self._tenant, "name": name})
        return row if row is not None and row.active else None

    async def _require(self, session: AsyncSession, name: str) -> None:
        if await self._active(session, name) is None:
            known = [row.name for row in (await session.exec(self._users().where(col(User.active)))).all()]
            raise NotFoundError(f"there is no user {name!r}; known: {', '.join(sorted(known)) or 'none'}")

    async def _hashed(self, session: AsyncSession, table: type[H], digest: str) -> H | None:
        row = await session.get(table, self._key(digest))
        return row if row is not None and hmac.compare_digest(row.hash, digest) else None

    async def _valid_token(self, session: AsyncSession, digest: str, now: datetime) -> PersonalToken | None:
        row = await self._hashed(session, PersonalToken, digest)
        over = row is None or row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now)
        return None if over else row

    async def _way_in(
        self, reading: AsyncSession, session: str, token: str, now: datetime
    ) -> PersonalToken | WebSession | None:
        if token:
            return await self._valid_token(reading, _hash(token), now)
        row = await self._hashed(reading, WebSession, _hash(session))
        return row if row is not None and alive(row, now) else None

    async def _person(self, reading: AsyncSession, way: PersonalToken | WebSession, now: datetime) -> Person | None:
        token = way if isinstance(way, PersonalToken) else await self._valid_token(reading, way.token_hash, now)
        user = await self._active(reading, way.user)
        return Person(name=user.name, roles=user.roles, scopes=token.scopes) if token and user else None

    async def _note(self, way: PersonalToken | WebSession, now: datetime) -> None:
        async with self._database.writing() as session:
            row = await session.get(type(way), self._key(way.hash))
            if isinstance(row, WebSession):
                row.seen_at = now
            if isinstance(row, PersonalToken):
                row.last_used = now

    def _outdated(self, now: datetime) -> list[Any]:
        over = or_(col(WebSession.seen_at) <= now - IDLE, col(WebSession.created_at) <= now - ABSOLUTE)
        return [col(WebSession.tenant) == self._tenant, over]


def alive(session: WebSession, now: datetime) -> bool:
    """Whether ``session`` is neither idle for half an hour nor twelve hours old."""
    if session.seen_at is None or session.created_at is None:
        return False
    return now - session.seen_at < IDLE and now - session.created_at < ABSOLUTE


def _stale(way: PersonalToken | WebSession, now: datetime) -> bool:
    used = way.seen_at if isinstance(way, WebSession) else way.last_used
    return used is None or now - used >= _NOTED


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
