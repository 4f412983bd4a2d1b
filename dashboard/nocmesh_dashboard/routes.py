"""Every route, once: pages, API and the API's own description come from this table."""

from nocmesh_dashboard import api, devices, explained, pages
from nocmesh_dashboard.web import Endpoint

_TEXT = {"type": "string"}
_OBJECT = {"type": "object"}


def _body(*required: str, **properties: object) -> dict[str, object]:
    return {"type": "object", "required": list(required), "properties": properties}


_DECISION = _body(
    "decision",
    decision={"enum": ["approve", "reject"]},
    comment=_TEXT,
    change_hash={"type": "string", "description": "the change that was looked at; refused when it is another by now"},
    conditions={
        "type": "object",
        "description": "of a yes: devices (only these), not_before, not_after, first (so many changes of the run)",
    },
)
_ORDER = _body(
    "kind",
    "name",
    kind={"enum": ["freeze", "autonomy"]},
    name={"type": "string", "description": "a site or `all`; a type of agent"},
    value={"type": "string", "description": "`on`, or the level; empty lifts the order"},
    until={"type": "string", "description": "when it ends by itself, as 2026-01-31T22:00:00Z"},
    reason=_TEXT,
)
_WORKFLOW = _body("workflow_type", workflow_type=_TEXT, parameters=_OBJECT, workflow_id=_TEXT)
_PAGED = {"limit": "how many at most (200)", "after": "the `next` of the page before"}

API: tuple[Endpoint, ...] = (
    Endpoint("GET", "/api/health", api.health, "Liveness of this process", open=True),
    Endpoint("GET", "/api/ready", api.ready, "Whether the mesh can take work", open=True, answers=(200, 503)),
    Endpoint(
        "POST",
        "/api/sign-in",
        api.sign_in,
        "A session for a personal token",
        open=True,
        body=_body("token", token=_TEXT),
    ),
    Endpoint("POST", "/api/sign-out", api.sign_out, "End the session"),
    Endpoint("GET", "/api/me", api.whoami, "Who this request acts as"),
    Endpoint(
        "GET",
        "/api/incidents",
        api.incidents,
        "Incidents, newest first",
        query={"state": "only those in this state", **_PAGED},
        schema="List",
    ),
    Endpoint("GET", "/api/incidents/{id}", api.incident, "The report of one incident", schema="Report"),
    Endpoint(
        "GET",
        "/api/incidents/{id}/explanation",
        explained.explanation,
        "What broke, since when, how bad, what to do: JSON, or text/markdown or text/plain by Accept",
        schema="Explanation",
    ),
    Endpoint(
        "GET", "/api/incidents/{id}/timeline", api.incident_timeline, "What happened, oldest first", schema="List"
    ),
    Endpoint("GET", "/api/outputs/{sha256}", api.output, "An answer of a device that is too long for the timeline"),
    Endpoint("GET", "/api/alerts", api.alerts, "Alerts, newest first", schema="List"),
    Endpoint(
        "GET",
        "/api/approvals",
        api.approvals,
        "Approvals, newest first",
        query={"status": "pending, approved, rejected or expired"},
        schema="List",
    ),
    Endpoint("GET", "/api/approvals/{id}", api.approval, "One approval with its change and votes"),
    Endpoint("POST", "/api/approvals/{id}/decisions", api.decide, "Vote on a change", body=_DECISION),
    Endpoint("GET", "/api/orders", api.orders, "Freezes, and what agents may do", schema="List"),
    Endpoint("POST", "/api/orders", api.order, "Freeze, lift that, or set what agents may do", body=_ORDER),
    Endpoint("GET", "/api/agents", api.agents, "Who is there now", schema="List"),
    Endpoint("GET", "/api/workflows", api.workflows, "Runs, newest first", schema="List"),
    Endpoint("GET", "/api/workflows/{id}", api.workflow, "One run with its steps"),
    Endpoint("POST", "/api/workflows", api.start_workflow, "Start a run", body=_WORKFLOW, answers=(202,)),
    Endpoint(
        "POST",
        "/api/workflows/{id}/cancel",
        api.cancel_workflow,
        "Stop a run",
        body=_body(reason=_TEXT),
        answers=(202,),
    ),
    Endpoint("GET", "/api/tools", api.tools, "Tools that can be called", schema="List"),
    Endpoint(
        "POST", "/api/tools/{name}/call", api.call_tool, "Call a tool", body=_body("arguments", arguments=_OBJECT)
    ),
    Endpoint("GET", "/api/devices", devices.devices, "The inventory, and what is known of its past", schema="List"),
    Endpoint(
        "GET",
        "/api/devices/{name}/config/diff",
        devices.config_diff,
        "What moved on one device, and when",
        query={"from": "baseline (default), latest, or a version", "to": "running (default), latest, or a version"},
    ),
    Endpoint(
        "GET",
        "/api/devices/{name}/baseline",
        devices.baseline,
        "What one device was like",
        query={"version": "baseline (default), latest, or a version"},
    ),
    Endpoint("GET", "/api/metrics", api.metrics_json, "Counts"),
    Endpoint("GET", "/metrics", api.metrics_text, "Counts for Prometheus", kind="text"),
    Endpoint(
        "POST",
        "/api/webhooks/{source:path}",
        api.webhook,
        "A monitoring system's own body",
        open=True,
        foreign=True,
        answers=(202,),
    ),
    Endpoint(
        "GET",
        "/api/events",
        api.events,
        "Change notices as server-sent events",
        kind="sse",
        query={"since": "a position to go on from; the header Last-Event-ID wins"},
    ),
)

PAGES: tuple[Endpoint, ...] = (
    Endpoint("GET", "/", pages.live, "The live page", kind="html"),
    Endpoint("GET", "/incidents/{id}", pages.incident, "The live page with an incident", kind="html"),
    Endpoint("POST", "/approvals/{id}/decisions", pages.decide, "The vote of the buttons", kind="html"),
    Endpoint("GET", "/sign-in", pages.sign_in_page, "Where a person signs in", open=True, kind="html"),
    Endpoint("POST", "/sign-in", pages.sign_in, "Sign in", open=True, kind="html"),
    Endpoint("POST", "/sign-out", pages.sign_out, "Sign out", kind="html"),
    Endpoint("GET", "/parts/pending", pages.part_pending, "What waits", kind="html"),
    Endpoint("GET", "/parts/incidents", pages.part_incidents, "The list", kind="html"),
    Endpoint("GET", "/parts/agents", pages.part_agents, "Who is there", kind="html"),
    Endpoint("GET", "/parts/overview", pages.part_overview, "Nothing selected", kind="html"),
    Endpoint("GET", "/parts/incidents/{id}", pages.part_incident, "One incident", kind="html"),
)

ENDPOINTS = (*API, *PAGES)
