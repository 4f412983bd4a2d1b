"""Users, tokens, sessions."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from nocmesh.clock import FixedClock
from nocmesh.errors import DeniedError, InvalidInputError, NotFoundError
from nocmesh.store.database import Database
from nocmesh.store.people import People, Person
from nocmesh.store.tables import PersonalToken, WebSession

pytestmark = pytest.mark.real

T0 = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass
class Listed:
    name: str
    roles: list[str] = field(default_factory=lambda: ["operator", "approver"])


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(T0)


@pytest.fixture
async def people(database: Database, clock: FixedClock) -> People:
    found = People(database, clock)
    await found.ensure_users([Listed("nina"), Listed("omar", ["viewer"])])
    return found


async def test_a_token_is_its_person_with_the_tokens_scopes(people: People) -> None:
    token = await people.create_token("nina", ["read", "approve", "read"])
    assert token.startswith("nocm_")
    assert len(token) == 48
    assert await people.who(token=token) == Person(
        name="nina", roles=["approver", "operator"], scopes=["approve", "read"]
    )


async def test_a_session_has_no_more_scopes_than_the_token_that_opened_it(people: People) -> None:
    session = await people.sign_in(await people.create_token("nina", ["read"]))
    found = await people.who(session=session)
    assert found is not None
    assert (found.name, found.scopes) == ("nina", ["read"])


async def test_nothing_that_opens_a_door_is_stored(people: People, database: Database) -> None:
    token = await people.create_token("nina", ["read"])
    session = await people.sign_in(token)
    async with database.reading() as reading:
        rows = [*(await reading.exec(select(PersonalToken))).all(), *(await reading.exec(select(WebSession))).all()]
    stored = repr([row.model_dump() for row in rows])
    assert token not in stored
    assert token.removeprefix("nocm_") not in stored
    assert session not in stored
    assert "hash" not in (await people.tokens("nina"))[0]


async def test_an_invented_secret_is_nobody(people: People) -> None:
    for said in ("", "nocm_", "nocm_" + "A" * 43, "' OR 1=1 --", "\x00", "\ud800", "x" * 100_000):
        assert await people.who(token=said) is None
        assert await people.who(session=said) is None
        with pytest.raises(DeniedError, match="not valid"):
            await people.sign_in(said)


async def test_neither_a_hash_nor_a_token_id_opens_anything(people: People, database: Database) -> None:
    session = await people.sign_in(await people.create_token("nina", ["read"]))
    async with database.reading() as reading:
        token_row = (await reading.exec(select(PersonalToken))).one()
        session_row = (await reading.exec(select(WebSession))).one()
    assert await people.who(token=token_row.hash) is None
    assert await people.who(token=token_row.token_id) is None
    assert await people.who(session=session_row.hash) is None
    assert await people.who(token=session) is None


async def test_who_needs_exactly_one_way_in(people: People) -> None:
    token = await people.create_token("nina", ["read"])
    session = await people.sign_in(token)
    assert await people.who() is None
    assert await people.who(session=session, token=token) is None


async def test_a_token_ends_when_it_expires_and_so_does_its_session(people: People, clock: FixedClock) -> None:
    token = await people.create_token("nina", ["read"], T0 + timedelta(minutes=10))
    session = await people.sign_in(token)
    clock.at = T0 + timedelta(minutes=9, seconds=59)
    assert await people.who(token=token)
    assert await people.who(session=session)
    clock.at = T0 + timedelta(minutes=10)
    assert await people.who(token=token) is None
    assert await people.who(session=session) is None
    with pytest.raises(DeniedError):
        await people.sign_in(token)


async def test_a_session_ends_after_half_an_hour_of_silence(people: People, clock: FixedClock) -> None:
    session = await people.sign_in(await people.create_token("nina", ["read"]))
    for _ in range(3):
        clock.at += timedelta(minutes=29)
        assert await people.who(session=session)
    clock.at += timedelta(minutes=30)
    assert await people.who(session=session) is None


async def test_a_session_ends_after_twelve_hours_whatever_it_does(people: People, clock: FixedClock) -> None:
    session = await people.sign_in(await people.create_token("nina", ["read"]))
    while clock.at < T0 + timedelta(hours=11, minutes=40):
        clock.at += timedelta(minutes=20)
        assert await people.who(session=session)
    clock.at = T0 + timedelta(hours=12)
    assert await people.who(session=session) is None


async def test_signing_out_ends_one_session_only(people: People) -> None:
    token = await people.create_token("nina", ["read"])
    first, second = await people.sign_in(token), await people.sign_in(token)
    await people.sign_out(first)
    await people.sign_out(first)
    assert await people.who(session=first) is None
    assert await people.who(session=second)


async def test_revoking_a_token_ends_its_sessions_too(people: People) -> None:
    token = await people.create_token("nina", ["read"], label="laptop")
    other = await people.create_token("nina", ["read"])
    session = await people.sign_in(token)
    [mine] = [item for item in await people.tokens("nina") if item["label"] == "laptop"]
    with pytest.raises(NotFoundError):
        await people.revoke(mine["token_id"], user="omar")
    await people.revoke(mine["token_id"], user="nina")
    assert await people.who(token=token) is None
    assert await people.who(session=session) is None
    assert await people.who(token=other)
    with pytest.raises(NotFoundError, match="no token 'nope'"):
        await people.revoke("nope")


async def test_a_user_whom_the_inventory_drops_is_out_at_once(people: People) -> None:
    token = await people.create_token("nina", ["read"])
    session = await people.sign_in(token)
    await people.ensure_users([Listed("omar")])
    assert await people.who(token=token) is None
    assert await people.who(session=session) is None
    assert [person.name for person in await people.users()] == ["omar"]
    with pytest.raises(NotFoundError, match="known: omar"):
        await people.create_token("nina", [])
    await people.ensure_users([Listed("nina")])
    assert await people.who(token=token)


async def test_roles_are_those_of_now(people: People) -> None:
    token = await people.create_token("nina", ["read"])
    await people.ensure_users([Listed("nina", ["viewer"]), Listed("omar")])
    found = await people.who(token=token)
    assert found is not None
    assert found.roles == ["viewer"]


async def test_a_token_for_nobody_or_for_yesterday_is_refused(people: People) -> None:
    with pytest.raises(NotFoundError, match="known: nina, omar"):
        await people.create_token("mallory", ["approve"])
    with pytest.raises(InvalidInputError, match="expires"):
        await people.create_token("nina", ["approve"], T0)


async def test_last_use_is_noted_once_a_minute(people: People, clock: FixedClock) -> None:
    token = await people.create_token("nina", ["read"])
    for seconds, noted in ((0, T0), (59, T0), (61, T0 + timedelta(seconds=61))):
        clock.at = T0 + timedelta(seconds=seconds)
        await people.who(token=token)
        [item] = await people.tokens("nina")
        assert item["last_used"] == noted.isoformat().replace("+00:00", "Z")


async def test_old_sessions_are_cleared_away(people: People, clock: FixedClock, database: Database) -> None:
    token = await people.create_token("nina", ["read"])
    await people.sign_in(token)
    clock.at += timedelta(hours=1)
    await people.sign_in(token)
    async with database.reading() as reading:
        assert len((await reading.exec(select(WebSession))).all()) == 1


async def test_another_tenants_token_is_nobody_here(people: People, database: Database, clock: FixedClock) -> None:
    token = await people.create_token("nina", ["read"])
    elsewhere = People(database, clock, tenant="elsewhere")
    await elsewhere.ensure_users([Listed("nina")])
    assert await elsewhere.who(token=token) is None


async def test_two_processes_may_bring_the_same_users_at_once(database: Database, clock: FixedClock) -> None:
    listed = [Listed(f"user{n}") for n in range(5)]
    await asyncio.gather(*(People(database, clock).ensure_users(listed) for _ in range(4)))
    assert len(await People(database, clock).users()) == 5
