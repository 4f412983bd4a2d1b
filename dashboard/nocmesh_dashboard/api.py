"""The JSON API: what pages show and people do, for programs."""

from collections.abc import Sequence
from typing import Any, get_args

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from nocmesh.engine.state import RunStatus
from nocmesh.errors import DeniedError, InvalidInputError, NocmeshError, NotFoundError
from nocmesh.messages.report import Report
from nocmesh_dashboard import metrics
from nocmesh_dashboard.backend import Ballot, Page, Person, Row, SignedIn
from nocmesh_dashboard.looks import STATES
from nocmesh_dashboard.people import LOOPBACK_COOKIE, SESSION_COOKIE
from nocmesh_dashboard.web import Call, Web, answer, json_body, number, object_field, one_of, text_field, who

MOST_ITEMS = 200
STATUSES = ("pending", "approved", "rejected", "expired")
RUN_STATUSES = get_args(RunStatus)


async def health(call: Call) -> Response:
    """Liveness of this process."""
    return answer({"status": "ok"})


async def ready(call: Call) -> Response:
    """Whether the mesh can take work; 503 says what is missing."""
    is_ready, facts = await call.web.backend.ready()
    return answer(facts, 200 if is_ready else 503)


async def incidents(call: Call) -> Response:
    """Incidents, newest first."""
    state = call.query("state")
    for name in state.split(",") if state else ():
        if name not in STATES:
            raise InvalidInputError(f"there is no state {name!r}", field="state", expected=", ".join(STATES))
    return paged(await call.web.backend.records.incidents(state or None, *_window(call)))


async def incident(call: Call) -> Response:
    """The report of one incident, as far as it is known."""
    row = found(await call.web.backend.records.incident(call.path("id")), "incident", call.path("id"))
    report = await call.web.backend.records.report(call.path("id"))
    return answer((report or blank_report(row)).to_dict())


async def incident_timeline(call: Call) -> Response:
    """Events of one incident and of its agents' sessions, oldest first."""
    found(await call.web.backend.records.incident(call.path("id")), "incident", call.path("id"))
    return listed(await call.web.backend.records.timeline(call.path("id")))


async def output(call: Call) -> Response:
    """An answer of a device that the timeline names by its sha256."""
    sha256 = call.path("sha256")
    return answer({"sha256": sha256, "text": await call.web.backend.output(sha256)})


async def alerts(call: Call) -> Response:
    """Alerts, newest first."""
    return paged(await call.web.backend.records.alerts(*_window(call)))


async def approvals(call: Call) -> Response:
    """Approvals, newest first."""
    status = call.query("status")
    if status and status not in STATUSES:
        raise InvalidInputError(f"there is no status {status!r}", field="status", expected=", ".join(STATUSES))
    return paged(await call.web.backend.records.approvals(status or None, *_window(call)))


async def approval(call: Call) -> Response:
    """One approval with its change and votes."""
    return answer(found(await call.web.backend.records.approval(call.path("id")), "approval", call.path("id")))


async def decide(call: Call) -> Response:
    """Vote on a change, as the person who is signed in; the vote holds for exactly this change."""
    body = await json_body(call.request)
    decision = one_of(body, "decision", ("approve", "reject"))
    comment = text_field(body, "comment", most=2000, default="")
    change_hash = text_field(body, "change_hash", most=128, default="")
    conditions = object_field(body, "conditions") if body.get("conditions") else None
    ballot = Ballot(decision=decision, comment=comment, change_hash=change_hash, conditions=conditions)
    return answer(await vote(call, call.path("id"), ballot))


async def vote(call: Call, approval_id: str, ballot: Ballot) -> Row:
    """Record a vote; a request that names nobody cannot vote."""
    if call.proof.empty:
        raise DeniedError(
            "this request acts as a viewer, and a viewer does not vote",
            code="denied",
            expected="a person with the role approver",
            next="name the person in X-Nocmesh-User, or sign in",
        )
    return await call.web.backend.vote(call.proof, approval_id, ballot)


async def orders(call: Call) -> Response:
    """Freezes, and what agents may have done for them, with whether each order holds."""
    return listed(await call.web.backend.orders(call.proof))


async def order(call: Call) -> Response:
    """Freeze, lift a freeze, or say what a type of agent may have done for it."""
    body = await json_body(call.request)
    kind = one_of(body, "kind", ("freeze", "autonomy"))
    wish = {name: text_field(body, name, most=500, default="") for name in ("value", "until", "reason")}
    wish |= {"kind": kind, "name": text_field(body, "name", most=100)}
    return answer(await call.web.backend.order(call.proof, wish))


async def agents(call: Call) -> Response:
    """Who is there now."""
    return listed(call.web.backend.agents())


async def workflows(call: Call) -> Response:
    """Runs, newest first."""
    status = call.query("status")
    if status and status not in RUN_STATUSES:
        raise InvalidInputError(f"there is no status {status!r}", field="status", expected=", ".join(RUN_STATUSES))
    return paged(await call.web.backend.records.runs(status or None, *_window(call)))


async def workflow(call: Call) -> Response:
    """One run with its steps."""
    return answer(found(await call.web.backend.records.run(call.path("id")), "workflow run", call.path("id")))


async def start_workflow(call: Call) -> Response:
    """Start a run; asking twice with the same workflow_id starts one."""
    require_operator(call.person, "start a workflow")
    body = await json_body(call.request)
    started = await call.web.backend.request_workflow(
        call.person,
        text_field(body, "workflow_type"),
        object_field(body, "parameters"),
        text_field(body, "workflow_id", default=""),
    )
    return answer(started, 202)


async def cancel_workflow(call: Call) -> Response:
    """Stop a run; what it has done is compensated."""
    require_operator(call.person, "cancel a workflow")
    found(await call.web.backend.records.run(call.path("id")), "workflow run", call.path("id"))
    body = await json_body(call.request) if "content-type" in call.request.headers else {}
    reason = text_field(body, "reason", most=2000, default="")
    return answer(await call.web.backend.control_run(call.person, call.path("id"), "cancel", reason), 202)


async def tools(call: Call) -> Response:
    """Tools that agents and people can call."""
    return listed(await call.web.backend.tools())


async def call_tool(call: Call) -> Response:
    """Call a tool; what is more than reading starts a run that waits for approval."""
    require_operator(call.person, "call a tool")
    arguments = object_field(await json_body(call.request), "arguments")
    return answer(await call.web.backend.call_tool(call.person, call.path("name"), arguments))


async def metrics_json(call: Call) -> Response:
    """Counts."""
    return answer(await metrics.counts(call.web))


async def metrics_text(call: Call) -> Response:
    """The same counts for Prometheus."""
    content, kind = metrics.exposition(await metrics.counts(call.web))
    return Response(content, media_type=kind)


async def events(call: Call) -> Response:
    """Change notices as server-sent events: `incidents`, `incidents-<id>`, …; `refresh` means look at all again."""
    call.web.hub.admit()
    since = call.request.headers.get("last-event-id") or call.query("since")
    stream = call.web.hub.listen(since[:200], lambda: still_welcome(call.request, call.web))
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(stream, headers=headers, media_type="text/event-stream")


async def still_welcome(request: Request, web: Web) -> bool:
    """Whether the person of an open stream may go on listening."""
    try:
        await who(request, web)
    except DeniedError:
        return False
    except NocmeshError as error:
        web.log.warning("person_not_checked", error=error.message)
    return True


async def sign_in(call: Call) -> Response:
    """Trade a personal token for a session cookie."""
    body = await json_body(call.request)
    signed = await call.web.backend.sign_in(text_field(body, "token").strip())
    response = answer({"name": signed.person.name, "roles": list(signed.person.roles)})
    set_session(response, call.request, signed)
    return response


async def sign_out(call: Call) -> Response:
    """End the session."""
    await call.web.backend.sign_out(call.proof)
    response = answer({"status": "signed out"})
    clear_session(response)
    return response


async def whoami(call: Call) -> Response:
    """Who this request acts as."""
    return answer({"name": call.person.name, "roles": list(call.person.roles)})


async def webhook(call: Call) -> Response:
    """A monitoring system's own body, passed on to the alerts bridge."""
    return await call.web.proxy.forward(call.request)


def set_session(response: Response, request: Request, signed: SignedIn) -> None:
    """Put the session into a cookie that scripts cannot read and other sites cannot make use of."""
    response.set_cookie(
        SESSION_COOKIE,
        signed.session,
        max_age=signed.seconds,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


def clear_session(response: Response) -> None:
    """Take the cookies back."""
    response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="lax")
    response.delete_cookie(LOOPBACK_COOKIE, httponly=True, samesite="strict")


def listed(rows: Sequence[Row]) -> Response:
    """A whole list, as all lists answer."""
    return answer({"items": list(rows), "next": None})


def paged(page: Page) -> Response:
    """One page of a list."""
    return answer({"items": list(page.items), "next": page.next})


def found(row: Row | None, what: str, name: str) -> dict[str, Any]:
    """``row``; raises NotFoundError when there is none."""
    if row is None:
        raise NotFoundError(f"there is no {what} {name[:60]!r}", field="id", expected=f"the id of a known {what}")
    return dict(row)


def require_operator(person: Person, wish: str) -> None:
    """Raise DeniedError unless ``person`` may start and stop work."""
    if not person.is_operator():
        have = ", ".join(person.roles) or "no role"
        raise DeniedError(
            f"{person.name} may not {wish}: that needs the role operator, and {person.name} has {have}",
            code="denied",
            expected="operator",
        )


def blank_report(row: Row) -> Report:
    """The report of an incident of which nothing but its state is known yet."""
    return Report(
        incident_id=str(row.get("incident_id")),
        state=str(row.get("state")),
        verdict="uncertain",
        confidence=0.0,
        title=str(row.get("title") or ""),
    )


def _window(call: Call) -> tuple[int, str | None]:
    limit = number(call.query("limit"), "limit", default=50, most=MOST_ITEMS)
    return limit, call.query("after", most=1000) or None
