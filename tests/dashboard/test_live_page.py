"""The pages without a browser: what they say, what they let nobody do, what they never let through."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from nocmesh.messages.approval import ApprovalRequest
from nocmesh.messages.order import Order
from nocmesh_dashboard.people import Trust

pytestmark = pytest.mark.real

if TYPE_CHECKING:
    from dashboard.conftest import Board, Story

INCIDENT = "0192f000-0000-7000-8000-000000000001"
APPROVAL = "0192f000-0000-7000-8000-0000000000a1"
PAGE = {"accept": "text/html"}
FORM = f"/approvals/{APPROVAL}/decisions"


async def test_an_empty_mesh_says_what_emptiness_means(board: Board) -> None:
    async with board.client() as client:
        page = (await client.get("/")).text
    assert "No open incident." in page
    assert "Nothing waits for you." in page
    assert "No alert has come in." in page
    assert "No agent has said anything yet." in page


async def test_the_filter_says_what_it_hides(board: Board, story: Story) -> None:
    await board.backend.tell(*story.all_until_decision(), *story.fixed())
    async with board.client() as client:
        only_open = (await client.get("/")).text
        everything = (await client.get("/?show=all")).text
    assert "1 resolved or closed one is hidden" in only_open
    assert story.incident not in only_open.split('id="agents"')[0].split('id="incidents"')[1]
    assert f"/incidents/{story.incident}" in everything


async def test_an_incident_shows_all_that_a_decision_needs(told: Board) -> None:
    async with told.client() as client:
        page = html.unescape((await client.get(f"/incidents/{INCIDENT}")).text)
    for shown in (
        "Decide on this change",
        "+ neighbor 10.0.12.2 remote-as 65002",
        "- neighbor 10.0.12.2 remote-as 65020",
        "Rollback, 2 lines",
        "BGP session to 10.0.12.2 is established",
        "0 of 2 approvals by different people",
        "remediation-1 asked and does not count",
        "it changes routing",
        "28:00",
        "bgp_asn_misconfig",
        "10.0.12.2       4      65020        12        14    never       Active",
        "Is the symptom still there, and what do both ends say?",
        "BGP router identifier 10.255.0.1",
        "both ends are up and answer",
    ):
        assert shown in page


async def test_the_five_answers_come_before_anything_else(told: Board) -> None:
    async with told.client() as client:
        page = html.unescape((await client.get(f"/incidents/{INCIDENT}")).text)
    places = [page.index(f"<dt>{label}</dt>") for label in ("What broke", "Where", "How bad", "Since", "Do now")]
    assert [*places, page.index("Decide on this change"), page.index("Timeline")] == sorted(
        [*places, page.index("Decide on this change"), page.index("Timeline")]
    )
    assert "r1 expects AS 65020 from 10.0.12.2, and r2 is AS 65002." in page
    assert "Approve or reject the change on r1: it takes 2 different people, until 09:58:00 UTC." in page


async def test_what_is_long_is_folded(told: Board) -> None:
    async with told.client() as client:
        page = (await client.get(f"/incidents/{INCIDENT}")).text
    for folded in ("quotes-proof", "more-ruled_out", "more-looked", "steps-4"):
        assert f'id="{folded}"><summary>' in page
    assert "Show the quote" in page


async def test_while_the_mesh_looks_what_agents_do_is_unfolded(board: Board, story: Story) -> None:
    await board.backend.tell(*story.opened(), *story.investigated())
    async with board.client() as client:
        page = (await client.get(f"/incidents/{INCIDENT}")).text
    assert 'id="steps-4" open>' in page
    assert "It is not known yet what broke; the mesh is looking." in page


async def test_how_bad_it_is_has_its_colour_until_it_is_over(board: Board, story: Story) -> None:
    impact = {"degree": "cut_off", "cut_off": ["r2", "h1"], "summary": "Two are cut off.", "counts": {"cut_off": 2}}
    report = {**story.report().to_dict(), "impact": impact}
    await board.backend.tell(*story.opened(), story.event(3, "diagnosed", "x", report=report))
    async with board.client() as client:
        page = (await client.get(f"/incidents/{INCIDENT}")).text
    assert '<dd class="degree-cut_off">r2 and h1 are cut off from the rest of the network.</dd>' in page
    assert "Cut off, 2" in page
    await board.backend.tell(story.event(9, "closed", "fixed"))
    async with board.client() as client:
        page = (await client.get(f"/incidents/{INCIDENT}")).text
    assert "degree-cut_off" not in page
    assert "While it lasted: r2 and h1 are cut off" in page


async def test_a_fixed_incident_shows_its_result_and_asks_nothing(told: Board, story: Story) -> None:
    for person in ("nina", "omar"):
        async with told.client(person) as client:
            await client.post(f"/api/approvals/{APPROVAL}/decisions", json={"decision": "approve"})
    await told.backend.tell(*story.fixed())
    async with told.client() as client:
        page = (await client.get(f"/incidents/{INCIDENT}")).text
    assert "Fixed and verified." in page
    assert "Change approved" in page
    assert 'class="decide"' not in page


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        ({"outcome": "rolled_back"}, "Rolled back."),
        ({"outcome": "confirmed"}, "Verification has not run yet."),
    ],
)
async def test_what_went_wrong_is_said_plainly(board: Board, story: Story, data: Any, shown: str) -> None:
    await board.backend.tell(*story.all_until_decision(), story.event(62, "applied", "x", "fixing", result=data))
    async with board.client() as client:
        assert shown in (await client.get(f"/incidents/{INCIDENT}")).text


async def test_a_false_alarm_an_escalation_and_a_recovery_are_said(board: Board, story: Story) -> None:
    report = {**story.report().to_dict(), "root_causes": [], "verdict": "false_positive"}
    quote = {"observation_id": "o1", "device": "r1", "command": "show logging", "quote": "changed state to <down>"}
    times = {"since": "2026-01-31T12:00:00Z", "until": "2026-01-31T12:00:07Z"}
    report |= {
        "needs_person": "reseat the cable",
        "recovered": {"what": "the link flapped", "how_we_know": "logs", "evidence": [quote], **times},
    }
    await board.backend.tell(*story.opened(), story.event(3, "escalated", "look", report=report))
    async with board.client() as client:
        page = (await client.get(f"/incidents/{INCIDENT}")).text
    for shown in ("false alarm", "Take over: reseat the cable.", "It healed by itself: the link flapped.", "escalated"):
        assert shown in page


async def test_an_approval_that_ran_out_cannot_be_decided_and_says_why(told: Board) -> None:
    told.clock.at = told.clock.at.replace(hour=11)
    async with told.client() as client:
        page = (await client.get(f"/incidents/{INCIDENT}")).text
        overview = (await client.get("/")).text
    assert "no answer means no" in page
    assert 'class="decide"' not in page
    assert "Nothing waits for you." in overview


async def test_the_button_votes_for_exactly_what_was_seen(told: Board, story: Story) -> None:
    seen = {"decision": "approve", "change_hash": story.change.hash(), "comment": "ok"}
    async with told.client() as client:
        page = await client.post(FORM, data=seen)
        other = await client.post(FORM, data={**seen, "change_hash": "f" * 64})
        nothing = await client.post(FORM, data={"comment": "x"})
    assert page.status_code == 200
    assert "Your approval of the change on r1 is recorded." in page.text
    assert "1 of 2 approvals" in page.text
    assert (other.status_code, nothing.status_code) == (409, 422)
    assert 'class="notice problem"' in other.text


async def test_a_rejection_ends_it(told: Board, story: Story) -> None:
    async with told.client() as client:
        page = await client.post(FORM, data={"decision": "reject", "change_hash": story.change.hash()})
    assert "Your rejection" in page.text
    assert "Change rejected" in page.text


async def test_a_form_from_elsewhere_is_refused(told: Board) -> None:
    async with told.client(headers={**PAGE, "origin": "https://evil.example"}) as client:
        page = await client.post(FORM, data={"decision": "approve"})
        odd = await client.post(FORM, content=b"{}", headers={"origin": "", "content-type": "application/json"})
    assert page.status_code == 403
    assert "another site" in page.text
    assert odd.status_code == 415


HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>\u202e\x1b[2J'


async def test_nothing_that_a_device_or_an_alert_says_becomes_markup(board: Board, story: Story) -> None:
    story.alert = replace(story.alert, summary=HOSTILE, name=HOSTILE, device=HOSTILE, source=HOSTILE)
    story.change = replace(story.change, diff=HOSTILE, commands=[HOSTILE], summary=HOSTILE, device=HOSTILE)
    cause = story.report().root_causes[0]
    quote = replace(cause.evidence[0], quote=HOSTILE, command=HOSTILE, device=HOSTILE)
    evil = replace(cause, summary=HOSTILE, resource=f"node/{HOSTILE}", evidence=[quote])
    report = replace(story.report(), root_causes=[evil], title=HOSTILE, needs_person=HOSTILE)
    entries = story.all_until_decision()
    entries.append(story.event(5, "diagnosed", HOSTILE, report=report.to_dict()))
    entries.append(story.session(9, "thought", HOSTILE))
    await board.backend.tell(*entries)
    board.backend.present = [
        {
            "agent_id": HOSTILE,
            "type": HOSTILE,
            "liveness": "live",
            "load": 9,
            "status": HOSTILE,
            "description": HOSTILE,
            "last_sign": None,
        }
    ]
    async with board.client() as client:
        for path in ("/", f"/incidents/{INCIDENT}", "/parts/agents", "/parts/overview"):
            page = (await client.get(path)).text
            assert "<script>alert" not in page
            assert "<img" not in page
            assert "\u202e" not in page
            assert "\x1b" not in page


@pytest.mark.parametrize("part", ["pending", "incidents", "agents", "overview", f"incidents/{INCIDENT}"])
async def test_a_part_is_no_whole_page(told: Board, part: str) -> None:
    async with told.client(headers={"HX-Current-URL": f"http://noc.example/incidents/{INCIDENT}"}) as client:
        answer = await client.get(f"/parts/{part}")
    assert answer.status_code == 200
    assert "<html" not in answer.text
    if part == "incidents":
        assert 'aria-current="true"' in answer.text


async def test_who_is_not_signed_in_is_sent_to_the_sign_in_page(board: Board) -> None:
    async with board.client("", headers=PAGE) as client:
        page = await client.get("/")
        part = await client.get("/parts/agents", headers={"hx-request": "true"})
        shown = await client.get("/sign-in")
    assert (page.status_code, page.headers["location"]) == (303, "/sign-in")
    assert (part.status_code, part.headers["hx-redirect"]) == (401, "/sign-in")
    assert "Personal token" in shown.text
    assert "Act as" not in shown.text


async def test_a_person_signs_in_and_out(board: Board) -> None:
    async with board.client("", headers=PAGE) as client:
        wrong = await client.post("/sign-in", data={"token": "nocm_mallory"})
        right = await client.post("/sign-in", data={"token": "nocm_nina"})
        page = await client.get("/")
        out = await client.post("/sign-out", data={})
        after = await client.get("/")
    assert wrong.status_code == 401
    assert "unknown, expired or revoked" in wrong.text
    assert right.headers["location"] == "/"
    assert ">nina<" in page.text
    assert out.headers["location"] == after.headers["location"] == "/sign-in"


async def test_where_this_machine_is_trusted_a_name_is_enough(board: Board) -> None:
    web = board.app.state.web
    fields = {name: getattr(web, name) for name in web.__slots__}
    board.app.state.web = type(web)(**{**fields, "trust": Trust(loopback=True)})
    here: dict[str, Any] = {"sender": ("127.0.0.1", 5), "base_url": "http://localhost:8080"}
    async with board.client("", headers=PAGE, **here) as client:
        before = (await client.get("/")).text
        shown = (await client.get("/sign-in")).text
        await client.post("/sign-in", data={"name": "omar"})
        after = (await client.get("/")).text
    assert ">viewer<" in before
    assert "Act as somebody of the inventory" in shown
    assert ">omar<" in after


async def test_a_page_that_is_not_there_says_where_to_go(board: Board) -> None:
    async with board.client(headers=PAGE) as client:
        for path in ("/incidents/none", "/nowhere"):
            answer = await client.get(path)
            assert answer.status_code == 404
            assert '<a href="/">Back to the live page</a>' in answer.text
            assert "/api/" not in answer.text, "a person with a browser calls no API"


async def test_no_page_carries_an_inline_script_or_style_or_anything_from_elsewhere(told: Board) -> None:
    async with told.client() as client:
        for path in ("/", f"/incidents/{INCIDENT}", "/sign-in", "/static/style.css", "/static/app.js"):
            text = (await client.get(path)).text
            assert "style=" not in text
            assert "<script>" not in text
            assert " onclick=" not in text
            assert "http://" not in text.replace("http://www.w3.org", "")
            assert "https://" not in text


async def test_a_condition_of_the_form_stands_beside_the_vote(told: Board, story: Story) -> None:
    seen = {"decision": "approve", "change_hash": story.change.hash(), "not_after": "2026-11-21T22:00"}
    async with told.client() as client:
        page = html.unescape((await client.post(FORM, data=seen)).text)
    assert "only before 2026-11-21 22:00:00 UTC" in page


async def test_what_needs_nobody_says_when_it_goes_and_who_may_stop_it(board: Board, story: Story) -> None:
    medium = {"quorum": 0, "risk": "medium", "delay_seconds": 300.0}
    told = story.all_until_decision()
    await board.backend.tell(*(replace(m, **medium) if isinstance(m, ApprovalRequest) else m for m in told))
    async with board.client() as client:
        page = html.unescape((await client.get(f"/incidents/{INCIDENT}")).text)
        overview = (await client.get("/")).text
    assert "goes, unless somebody rejects it, in" in page
    assert "needs nobody's approval; one ends the waiting, a rejection stops it" in page
    assert "Reject the change on r1 if it should not be: it goes at" in page
    assert "goes by itself unless stopped" in overview


async def test_a_freeze_stands_on_every_page(told: Board) -> None:
    told.backend.frozen.append(
        Order(kind="freeze", name="ams", value="on", reason="storm", person="nina", at=told.clock.now())
    )
    async with told.client() as client:
        for path in ("/", f"/incidents/{INCIDENT}", "/parts/pending"):
            page = (await client.get(path)).text
            assert "frozen at ams: no change goes out" in page
            assert "nina: storm" in page
