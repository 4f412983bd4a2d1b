"""What the dashboard and the API read."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nocmesh.errors import InvalidInputError
from nocmesh.messages.report import Outcome
from nocmesh.store.database import Database
from nocmesh.store.pages import Page, _read_mark
from nocmesh.store.projector import Projector
from nocmesh.store.records import Records

pytestmark = pytest.mark.real


@pytest.fixture
async def records(database: Database, story: Any) -> Records:
    await Projector(database).apply_all(story.tell().messages)
    return Records(database)


@pytest.fixture
async def many(database: Database, story: Any) -> Records:
    """Seven incidents, three of them of the same instant."""
    for n in range(7):
        message = story.incident("open" if n % 2 else "escalated", incident_id=f"i{n}")
        if n in (3, 4, 5):
            story.messages[-1] = type(message)(
                message.subject,
                type(message.body)(**{**dict(_fields(message.body)), "at": story.messages[2].at}),
                message.sequence,
                message.at,
            )
    await Projector(database).apply_all(story.messages)
    return Records(database)


def _fields(body: Any) -> Any:
    return ((name, getattr(body, name)) for name in body.__struct_fields__)


async def test_everything_is_ready_for_json(records: Records) -> None:
    found: list[Any] = [
        await records.incidents(),
        await records.incident("i1"),
        await records.timeline("i1"),
        await records.approvals(None),
        await records.approval("p1"),
        await records.alerts(),
        await records.runs(),
        await records.run("run1"),
        await records.sessions(),
        await records.session("s1"),
        await records.agents(),
        await records.counts(),
    ]
    for each in found:
        assert json.loads(json.dumps(each.to_dict() if isinstance(each, Page) else each))


async def test_an_incident_says_where_it_stands(records: Records) -> None:
    incident = await records.incident("i1")
    assert incident is not None
    assert {name: incident[name] for name in ("state", "title", "severity", "verdict", "devices", "alerts")} == {
        "state": "closed",
        "title": "session lost",
        "severity": "critical",
        "verdict": "true_positive",
        "devices": ["r1", "r2"],
        "alerts": ["a1"],
    }
    assert incident["root_causes"] == [{"resource": "node/r1", "fault_type": "bgp_shutdown", "summary": "It is shut."}]
    assert incident["report"]["state"] == "closed"
    assert "tenant" not in incident


async def test_the_report_tells_what_became_of_it(records: Records) -> None:
    report = await records.report("i1")
    assert report is not None
    assert (report.state, report.title) == ("closed", "session lost")
    assert [(each.change_id, each.approval_id, each.verify) for each in report.proposals] == [
        ("c1", "p1", ["The session is up"])
    ]
    assert report.proposal == report.proposals[0]
    assert report.outcome is not None
    assert (report.outcome.verification, report.outcome.rolled_back) == ("passed", False)
    assert report.outcome.applied is not None


async def test_a_change_that_rolled_back_is_told_as_such(database: Database, story: Any) -> None:
    story.incident("diagnosed", report=story.report())
    story.incident("applied", state="fixing", result={"outcome": "rolled_back"})
    await Projector(database).apply_all(story.messages)
    report = await Records(database).report("i1")
    assert report is not None
    assert report.outcome == Outcome(applied=None, verification="failed", rolled_back=True)
    assert report.proposals == []


async def test_there_is_no_report_before_the_diagnosis(database: Database, story: Any) -> None:
    story.incident("open")
    await Projector(database).apply_all(story.messages)
    records = Records(database)
    assert await records.report("i1") is None
    assert (await records.incident("i1") or {})["report"] is None


async def test_a_stored_report_that_is_none_says_so(database: Database, story: Any) -> None:
    story.incident("diagnosed", report={"verdict": "perhaps", "root_causes": "none"})
    await Projector(database).apply_all(story.messages)
    with pytest.raises(InvalidInputError, match="incident i1 is no Report"):
        await Records(database).report("i1")
    assert (await Records(database).incidents()).items[0]["root_causes"] == []


async def test_the_timeline_joins_incident_and_sessions_in_time(records: Records) -> None:
    timeline = await records.timeline("i1")
    assert [entry["at"] for entry in timeline] == sorted(entry["at"] for entry in timeline)
    assert [entry["kind"] for entry in timeline][:6] == [
        "open", "claimed", "triaged", "action", "observation", "report",
    ]  # fmt: skip
    assert all(set(entry) == {"at", "kind", "actor", "text", "data"} for entry in timeline)
    seen = timeline[4]["data"]["observations"][0]
    assert seen["outputs"][0]["text"] == "Idle � (Admin)"
    assert "state" not in seen
    assert await records.timeline("nope") == []


async def test_a_session_is_told_whole(records: Records) -> None:
    session = await records.session("s1")
    assert session is not None
    assert (session["status"], session["entries"], session["agent_id"]) == ("finished", 4, "bgp-1")
    assert [event["index"] for event in session["events"]] == [0, 1, 2, 3]
    assert "state" in session["events"][2]["data"]["observations"][0]
    assert [item["session_id"] for item in (await records.sessions(incident_id="i1")).items] == ["s1"]
    assert (await records.sessions(status="running")).items == []


async def test_approvals_are_the_pending_ones_unless_asked(records: Records) -> None:
    assert (await records.approvals()).items == []
    [approval] = (await records.approvals("approved,rejected", incident_id="i1")).items
    assert [vote["person"] for vote in approval["votes"]] == ["nina", "omar"]
    assert approval["change"]["commands"] == ["no shutdown"]
    assert approval == await records.approval("p1")


async def test_runs_are_short_in_lists_and_whole_alone(records: Records) -> None:
    [item] = (await records.runs("finished", type="incident")).items
    assert (item["run_id"], item["type"], item["status"], item["index"]) == ("run1", "incident", "finished", 1)
    assert "steps" not in item
    run = await records.run("run1")
    assert run is not None
    assert run["steps"]["triage"]["output"] == {"n": 1.5, "b": True}
    assert run["definition"]["steps"][0]["agent_type"] == "triage"


async def test_alerts_are_found_by_what_they_are_about(records: Records) -> None:
    [alert] = (await records.alerts(kind="resolved", device="r1", incident_id="i1")).items
    assert (alert["alert_id"], alert["episode"], alert["kind"]) == ("a1", 1, "resolved")
    assert (await records.alerts(device="r2")).items == []
    assert (await records.alerts(device="r1\x00")).items == []


async def test_an_agent_is_gone_when_its_own_instance_said_so(database: Database, story: Any) -> None:
    story.card("one"), story.farewell("one"), story.card("two"), story.farewell("one")
    story.card("three", agent_id="stp-1"), story.farewell("three", agent_id="stp-1")
    story.farewell("lost", agent_id="zzz")
    await Projector(database).apply_all(story.messages)
    agents = await Records(database).agents()
    assert [(agent["agent_id"], agent["gone"]) for agent in agents] == [
        ("bgp-1", False), ("stp-1", True), ("zzz", True),
    ]  # fmt: skip
    assert agents[1]["reason"] == "stopped"


async def test_what_is_not_there_is_none(records: Records) -> None:
    for name in ("nope", "", "\x00", "'; drop table runs"):
        assert await records.incident(name) is None
        assert await records.report(name) is None
        assert await records.approval(name) is None
        assert await records.run(name) is None
        assert await records.session(name) is None


async def test_counts_are_by_state(many: Records) -> None:
    assert await many.counts() == {"incidents": {"open": 3, "escalated": 4}, "approvals": {}, "runs": {}}


async def test_pages_hold_everything_once_newest_first(many: Records) -> None:
    for limit in (1, 2, 3, 7, 8):
        seen: list[str] = []
        page = await many.incidents(limit=limit)
        while True:
            assert len(page.items) <= limit
            seen += [item["incident_id"] for item in page.items]
            assert len(seen) <= 7, limit
            if page.next is None:
                break
            page = await many.incidents(limit=limit, after=page.next)
        assert seen == ["i6", "i5", "i4", "i3", "i2", "i1", "i0"], limit


async def test_a_row_without_time_is_on_a_page_too(database: Database, story: Any) -> None:
    story.vote("nina", "p1"), story.vote("nina", "p2"), story.vote("nina", "p3")
    await Projector(database).apply_all(story.messages)
    first = await Records(database).approvals(limit=2)
    second = await Records(database).approvals(limit=2, after=first.next)
    assert [item["approval_id"] for item in [*first.items, *second.items]] == ["p3", "p2", "p1"]


async def test_states_filter_and_unknown_ones_are_named(many: Records) -> None:
    assert [item["incident_id"] for item in (await many.incidents("open")).items] == ["i5", "i3", "i1"]
    assert len((await many.incidents("open, escalated")).items) == 7
    with pytest.raises(InvalidInputError, match="expected open, triaged") as caught:
        await many.incidents("opne")
    assert caught.value.field == "state"


async def test_a_limit_has_limits(many: Records) -> None:
    for limit in (0, -1, 501, 10**30):
        with pytest.raises(InvalidInputError, match="expected 1 to 500"):
            await many.incidents(limit=limit)


NO_MARKS: list[Any] = [{}, None, 7, "x", [], [1, "i"], ["2026-01-01T00:00:00", "i"], ["2026-01-01T00:00:00Z"]]
NO_MARKS += [["0001-01-01T00:00:00+14:00", "i"], ["9999-12-31T23:59:59-14:00", "i"], ["2026-01-01T00:00:00Z", 7]]
NO_MARKS += [["2026-01-01T00:00:00Z", "i", "j"], ["2026-01-01T00:00:00Z", "\x00"], ["2026-01-01T00:00:00Z", None]]


def as_mark(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


async def test_an_after_that_no_page_gave_is_refused(many: Records) -> None:
    for after in ["", "x", "=", "é", "W10", "\x00", "bnVsbA", *map(as_mark, NO_MARKS)]:
        with pytest.raises(InvalidInputError, match="earlier page") as caught:
            await many.incidents(after=after)
        assert caught.value.field == "after"
    assert (await many.incidents(after=as_mark(["2026-01-01T00:00:00Z", "i"]))).items == []


async def test_an_after_with_a_number_that_no_database_holds_is_refused(many: Records) -> None:
    with pytest.raises(InvalidInputError) as caught:
        await many.alerts(after=as_mark(["2026-01-01T00:00:00Z", "a", 2**64]))
    assert caught.value.reason == "the number is too large"


@settings(max_examples=60)
@given(after=st.text(max_size=60) | st.lists(st.text(max_size=5), max_size=3).map(as_mark))
def test_any_text_is_a_mark_or_an_error(after: str) -> None:
    try:
        parts = _read_mark(after, [str, str])
    except InvalidInputError:
        return
    assert [type(part) for part in parts] == [str, str]


async def test_seconds_do_not_get_lost(records: Records, story: Any) -> None:
    [item] = (await records.incidents()).items
    opened = next(message for message in story.messages if getattr(message.body, "kind", "") == "open").at
    assert item["opened_at"] == opened.isoformat().replace("+00:00", "Z")
