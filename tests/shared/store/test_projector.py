"""Read models are a fold of the streams: each message once, and all of it again after a reset."""

import asyncio
import random
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from sqlmodel import select

from nocmesh.errors import InvalidInputError
from nocmesh.messages.agent import AgentCard
from nocmesh.messages.approval import ApprovalRequest, Decision, Vote
from nocmesh.messages.incident import IncidentEvent
from nocmesh.store.database import Database
from nocmesh.store.projector import Projector
from nocmesh.store.records import Records
from nocmesh.store.rows import Row
from nocmesh.store.tables import READ_MODELS, CursorRow, IncidentRow, SessionEventRow

pytestmark = pytest.mark.real


async def everything(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Every read model, parsed, in the order of its keys."""
    found = {}
    async with database.reading() as session:
        for table in READ_MODELS:
            query = select(table).order_by(*table.__table__.primary_key)  # type: ignore[attr-defined]
            rows: list[Row] = list((await session.exec(query)).all())
            found[table.__name__] = [row.model_dump() for row in rows]
    return found


async def test_every_kind_of_message_leaves_its_row(database: Database, story: Any) -> None:
    assert await Projector(database).apply_all(story.tell().messages) == len(story.messages)
    found = await everything(database)
    assert {name: len(rows) for name, rows in found.items()} == {
        "AlertRow": 1,
        "IncidentRow": 1,
        "TimelineRow": 8,
        "ApprovalRow": 1,
        "RunRow": 1,
        "SessionRow": 1,
        "SessionEventRow": 4,
        "AgentRow": 1,
        "CursorRow": 9,
    }


async def test_one_by_one_is_the_same_as_all_at_once(database: Database, story: Any) -> None:
    projector = Projector(database)
    assert [await projector.apply(message) for message in story.tell().messages] == [True] * len(story.messages)
    one_by_one = await everything(database)
    await projector.reset()
    await projector.apply_all(story.messages)
    assert await everything(database) == one_by_one


async def test_what_was_deleted_comes_back_by_replay(database: Database, story: Any) -> None:
    projector = Projector(database)
    await projector.apply_all(story.tell().messages)
    before = await everything(database)
    await projector.reset()
    assert not any((await everything(database)).values())
    await projector.apply_all(story.messages)
    assert await everything(database) == before


async def test_duplicates_and_late_starts_change_nothing(database: Database, story: Any) -> None:
    projector = Projector(database)
    await projector.apply_all(story.tell().messages)
    before = await everything(database)
    assert not await projector.apply(story.messages[3])
    assert await projector.apply_all(story.messages * 2) == 0
    assert await everything(database) == before


@pytest.mark.parametrize("seed", range(3))
async def test_kinds_may_be_read_in_any_order_of_each_other(database: Database, story: Any, seed: int) -> None:
    """Each kind has a reader of its own; only within a kind is the order that of the stream."""
    projector = Projector(database)
    await projector.apply_all(story.tell().messages)
    before = await everything(database)
    await projector.reset()
    kinds: dict[type, list[Any]] = {}
    for message in story.messages:
        kinds.setdefault(type(message.body), []).append(message)
    chance = random.Random(seed)
    mixed = []
    while kinds:
        kind = chance.choice(list(kinds))
        message = kinds[kind].pop(0)
        mixed += [message, message] if chance.random() < 0.3 else [message]
        kinds = {kind: left for kind, left in kinds.items() if left}
    assert await projector.apply_all(mixed) == len(story.messages)
    assert await everything(database) == before


async def test_several_processes_may_project_the_same_streams(database: Database, story: Any) -> None:
    messages = story.tell().messages

    async def project() -> int:
        return sum([await Projector(database).apply(message) for message in messages])

    assert sum(await asyncio.gather(*(project() for _ in range(3)))) == len(messages)
    async with database.reading() as session:
        assert len((await session.exec(select(SessionEventRow))).all()) == 4


async def test_the_cursor_of_a_stream_is_that_of_its_slowest_kind(database: Database, story: Any) -> None:
    projector = Projector(database)
    assert await projector.cursor("APPROVALS") == 0
    story.request(), story.vote("nina"), story.decision()
    await projector.apply_all(story.messages)
    assert await projector.cursor("APPROVALS", Decision) == 3
    assert await projector.cursor("APPROVALS", Vote) == 2
    assert await projector.cursor("APPROVALS") == await projector.cursor("APPROVALS", ApprovalRequest) == 1
    with pytest.raises(InvalidInputError, match="no read model is made of FEED"):
        await projector.cursor("FEED")
    with pytest.raises(InvalidInputError, match="APPROVALS"):
        await projector.cursor("APPROVALS", AgentCard)


async def test_tenants_do_not_see_each_other(database: Database, story: Any) -> None:
    ours, theirs = Projector(database), Projector(database, tenant="theirs")
    await ours.apply_all(story.tell().messages)
    assert await theirs.cursor("INCIDENTS") == 0
    await theirs.apply_all(story.messages)
    await ours.reset()
    async with database.reading() as session:
        assert [row.tenant for row in (await session.exec(select(IncidentRow))).all()] == ["theirs"]


async def test_a_message_that_cannot_be_applied_moves_no_cursor(database: Database, story: Any) -> None:
    projector = Projector(database)
    good = story.incident("open")
    with pytest.raises(InvalidInputError, match="no read model is made of str"):
        await projector.apply_all([good, type(good)(good.subject, "x", 2, good.at)])
    with pytest.raises(InvalidInputError, match="kept in no stream"):
        await projector.apply(type(good)("ai.heartbeat.x", good.body, 2, good.at))
    with pytest.raises(InvalidInputError, match="IncidentEvent of the stream FEED"):
        await projector.apply(type(good)("ai.feed.incidents.i1", good.body, 2, good.at))
    async with database.reading() as session:
        assert (await session.exec(select(CursorRow))).all() == []


async def test_text_that_postgresql_refuses_is_kept_readable(database: Database, story: Any) -> None:
    story.incident("open", note="a\x00b", deep=[{"k\x00": "\x00"}], big=2**80, small=1e-300)
    await Projector(database).apply_all(story.messages)
    rows = (await everything(database))["TimelineRow"]
    assert rows[0]["data"] == {"note": "a�b", "deep": [{"k�": "�"}], "big": 2**80, "small": 1e-300}


async def test_a_time_without_zone_is_taken_as_utc(database: Database, story: Any) -> None:
    message = story.incident("open")
    naive = IncidentEvent(
        event_id="e", incident_id="i1", kind="open", state="open", at=message.at.replace(tzinfo=None), text=""
    )
    await Projector(database).apply(type(message)(message.subject, naive, 1, message.at))
    assert (await everything(database))["IncidentRow"][0]["opened_at"] == message.at


async def test_a_body_may_not_speak_of_something_else_than_its_subject(database: Database, story: Any) -> None:
    """An agent may publish under its own type: that must not let it write into another's session."""
    mine = story.session(0, "thought", session_id="mine")
    theirs = story.session(1, "thought", session_id="theirs")
    projector = Projector(database)
    with pytest.raises(InvalidInputError, match="speaks of 'theirs'; expected 'mine'"):
        await projector.apply(replace(theirs, subject=mine.subject))
    other = mine.subject.replace(".bgp.", ".stp.")
    with pytest.raises(InvalidInputError, match="speaks of 'bgp'; expected 'stp'"):
        await projector.apply(replace(mine, subject=other))
    vote = story.vote("nina", "p1")
    with pytest.raises(InvalidInputError, match="speaks of 'p1'; expected 'p2'"):
        await projector.apply(replace(vote, subject=vote.subject.replace("p1", "p2")))


async def test_nobody_registers_or_leaves_for_another(database: Database, story: Any) -> None:
    projector = Projector(database)
    bgp, stp = SimpleNamespace(name="bgp-1"), SimpleNamespace(name="stp-1")
    assert await projector.apply(replace(story.card(), speaker=bgp))
    for message in (story.card("other"), story.farewell()):
        with pytest.raises(InvalidInputError, match="speaks of 'bgp-1'; expected 'stp-1'"):
            await projector.apply(replace(message, speaker=stp))
    assert await projector.apply(replace(story.farewell(), speaker=bgp))


async def test_what_no_column_holds_does_not_stop_the_reading(database: Database, story: Any) -> None:
    message = story.session(0, "thought")
    huge = msgspec.structs.replace(message.body, index=2**70, incident_id="i" * 5000 + "\x00", text="t" * 1_000_000)
    assert await Projector(database).apply(replace(message, body=huge))
    [row] = (await everything(database))["SessionEventRow"]
    assert (row["index"], row["incident_id"], len(row["text"])) == (2**63 - 1, "i" * 300, 1_000_000)


async def test_any_data_of_an_incident_is_kept_and_harms_nothing(database: Database, story: Any) -> None:
    names = ("alert", "severity", "verdict", "devices", "report", "changes", "result", "verification")
    values: list[Any] = [None, 7, "x", ["x"], {"x": "x"}, [{"x": 1}], {"outcome": {}, "verification": []}, True]
    for n, value in enumerate(values):
        story.incident("open", f"i{n}", **dict.fromkeys(names, value))
        member = {"device": value, "alert_id": value, "summary": value, "severity": value}
        story.incident("grew", f"i{n}", state="open", alert=member)
        story.incident("triaged", f"i{n}", verdict="uncertain")
    assert await Projector(database).apply_all(story.messages) == len(values) * 3
    found = await everything(database)
    kept = [row["data"]["alert"] for row in found["TimelineRow"] if row["kind"] == "open"]
    assert kept == values
    assert {(row["state"], row["verdict"]) for row in found["IncidentRow"]} == {("triaged", "uncertain")}
    assert all(isinstance(name, str) for row in found["IncidentRow"] for name in row["devices"] + row["alerts"])
    assert len((await Records(database).incidents()).items) == len(values)
