"""HTML, rendered here: one live page and its parts. A part is what the browser fetches again after a notice."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import RedirectResponse, Response

from nocmesh.errors import InvalidInputError, NocmeshError
from nocmesh_dashboard import looks
from nocmesh_dashboard.api import blank_report, clear_session, found, set_session, vote
from nocmesh_dashboard.backend import Ballot, Row
from nocmesh_dashboard.explained import explained
from nocmesh_dashboard.people import LOOPBACK_COOKIE
from nocmesh_dashboard.problems import status_of
from nocmesh_dashboard.web import Call, form_body

MOST_LISTED = 100
LATEST_ALERTS = 12


async def live(call: Call) -> Response:
    """The live page with nothing selected."""
    return page(call, "live.html", {**await frame(call, ""), **await overview_facts(call)})


async def incident(call: Call) -> Response:
    """The live page with one incident selected: also its deep link."""
    return await shown_incident(call, call.path("id"))


async def decide(call: Call) -> Response:
    """The approve and reject buttons; the page comes back and says what became of the vote."""
    form = await form_body(call.request)
    approval = found(await call.web.backend.records.approval(call.path("id")), "approval", call.path("id"))
    try:
        if form.get("decision") not in ("approve", "reject"):
            raise InvalidInputError("the form has no decision", field="decision", expected="approve or reject")
        await vote(call, call.path("id"), ballot_of(form))
    except NocmeshError as error:
        notice = {"kind": "problem", "text": error.message, "next": str(error.facts.get("next") or "")}
        return await shown_incident(call, str(approval.get("incident_id")), notice, status_of(error))
    said = "approval" if form["decision"] == "approve" else "rejection"
    notice = {
        "kind": "done",
        "text": f"Your {said} of the change on {approval_device(approval)} is recorded.",
        "next": "",
    }
    return await shown_incident(call, str(approval.get("incident_id")), notice)


def ballot_of(form: Mapping[str, str]) -> Ballot:
    """The vote that the form holds; a yes may end at a time."""
    until = form.get("not_after", "").strip()
    return Ballot(
        decision=form["decision"],
        comment=form.get("comment", "")[:2000],
        change_hash=form.get("change_hash", ""),
        conditions={"not_after": f"{until}:00Z"} if until and form["decision"] == "approve" else None,
    )


async def sign_in_page(call: Call) -> Response:
    """Where a person signs in."""
    return page(call, "sign_in.html", {"loopback": call.web.trust.loopback, "problem": ""})


async def sign_in(call: Call) -> Response:
    """Sign in with a token; where this machine is trusted, a name is enough."""
    form = await form_body(call.request)
    name = form.get("name", "").strip()[:100]
    response = RedirectResponse("/", 303)
    if name and call.proof.loopback:
        response.set_cookie(LOOPBACK_COOKIE, name, httponly=True, samesite="strict")
        return response
    try:
        signed = await call.web.backend.sign_in(form.get("token", "").strip()[:200])
    except NocmeshError as error:
        facts = {"loopback": call.web.trust.loopback, "problem": error.message}
        return page(call, "sign_in.html", facts, status_of(error))
    set_session(response, call.request, signed)
    return response


async def sign_out(call: Call) -> Response:
    """End the session and go to the sign-in page."""
    await call.web.backend.sign_out(call.proof)
    response = RedirectResponse("/sign-in", 303)
    clear_session(response)
    return response


async def part_pending(call: Call) -> Response:
    """The count of what waits for people."""
    return page(call, "parts/pending.html", await pending_facts(call))


async def part_incidents(call: Call) -> Response:
    """The list of incidents."""
    return page(call, "parts/incidents.html", await list_facts(call, selected_of(call)))


async def part_agents(call: Call) -> Response:
    """Who is there."""
    return page(call, "parts/agents.html", agent_facts(call))


async def part_overview(call: Call) -> Response:
    """What the page shows while nothing is selected."""
    return page(call, "parts/overview.html", await overview_facts(call))


async def part_incident(call: Call) -> Response:
    """One incident."""
    return page(call, "parts/incident.html", await incident_facts(call, call.path("id")))


async def shown_incident(
    call: Call, incident_id: str, notice: Mapping[str, str] | None = None, status: int = 200
) -> Response:
    """The live page with ``incident_id`` selected."""
    facts = {**await frame(call, incident_id), **await incident_facts(call, incident_id), "notice": notice}
    return page(call, "live.html", facts, status)


async def frame(call: Call, selected: str) -> dict[str, Any]:
    """What surrounds the selected thing. The stream's position is taken first, so that nothing falls between."""
    position = call.web.hub.position
    return {
        "position": position,
        "selected": selected,
        **await pending_facts(call),
        **await list_facts(call, selected),
        **agent_facts(call),
    }


async def pending_facts(call: Call) -> dict[str, Any]:
    """Approvals that wait, the next to expire first."""
    listed = await call.web.backend.records.approvals("pending", MOST_LISTED)
    waiting = looks.pending(listed.items, call.web.clock.now())
    return {"waiting": waiting, "freezes": call.web.backend.freezes()}


async def list_facts(call: Call, selected: str) -> dict[str, Any]:
    """The list of incidents under the filter of the address."""
    only_open = call.query("show", "open") != "all"
    wanted = ",".join(s for s in looks.STATES if s not in looks.OVER) if only_open else None
    listed = await call.web.backend.records.incidents(wanted, MOST_LISTED)
    counts = (await call.web.backend.records.counts())["incidents"] if only_open else {}
    return {
        "incidents": listed.items,
        "hidden": sum(counts.get(state, 0) for state in looks.OVER),
        "more": listed.next is not None,
        "only_open": only_open,
        "selected": selected,
    }


def agent_facts(call: Call) -> dict[str, Any]:
    """Agents, those that need a look first."""
    order = {"gone": 0, "slow": 1, "live": 2, "left": 3}
    rows = sorted(
        call.web.backend.agents(),
        key=lambda a: (order.get(str(a.get("liveness")), 9), str(a.get("type")), str(a.get("agent_id"))),
    )
    return {"agents": rows, "alive": sum(a.get("liveness") == "live" for a in rows)}


async def overview_facts(call: Call) -> dict[str, Any]:
    """What waits, and the latest alerts."""
    alerts = await call.web.backend.records.alerts(LATEST_ALERTS)
    return {**await pending_facts(call), "alerts": alerts.items}


async def incident_facts(call: Call, incident_id: str) -> dict[str, Any]:
    """Everything about one incident."""
    records = call.web.backend.records
    row = found(await records.incident(incident_id), "incident", incident_id)
    report = await records.report(incident_id) or blank_report(row)
    timeline, approvals = await records.timeline(incident_id), await approvals_of(call, incident_id)
    return {
        "incident": row,
        "report": report,
        "told": explained(row, report, timeline, approvals, call.web.clock.now()),
        "stages": looks.stages(str(row.get("state"))),
        "approvals": approvals,
        "freezes": call.web.backend.freezes(),
        "strands": looks.strands(looks.timeline(timeline)),
    }


async def approvals_of(call: Call, incident_id: str) -> list[Row]:
    """The approvals of one incident, those that wait first."""
    now = call.web.clock.now()
    listed = await call.web.backend.records.approvals(None, MOST_LISTED, incident_id=incident_id)
    return sorted(listed.items, key=lambda a: looks.status_of(a, now) != "pending")


def approval_device(approval: Row) -> str:
    """The device that an approval is about."""
    return str((approval.get("change") or {}).get("device") or approval.get("device") or "")


def selected_of(call: Call) -> str:
    """The incident that the asking page shows, from the address that htmx names."""
    path = urlsplit(call.request.headers.get("hx-current-url", "")).path
    return path.removeprefix("/incidents/") if path.startswith("/incidents/") else ""


def page(call: Call, template: str, facts: Mapping[str, Any], status: int = 200) -> Response:
    """``template`` with ``facts``."""
    html = call.web.templates.get_template(template).render(
        **facts, person=call.person, trust=call.web.trust, now=call.web.clock.now(), show=call.query("show")
    )
    return Response(html, status, {"cache-control": "no-store"}, media_type="text/html")
