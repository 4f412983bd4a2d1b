"""The JSON API: shapes, who may do what, and what a refusal says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from nocmesh_dashboard.people import Trust
from nocmesh_dashboard.routes import API, ENDPOINTS

pytestmark = pytest.mark.real

if TYPE_CHECKING:
    from dashboard.conftest import Board, Story

INCIDENT = "0192f000-0000-7000-8000-000000000001"
APPROVAL = "0192f000-0000-7000-8000-0000000000a1"
VOTE = f"/api/approvals/{APPROVAL}/decisions"


def trust_loopback(board: Board) -> None:
    """What ``--no-auth-for-loopback`` does."""
    web = board.app.state.web
    board.app.state.web = type(web)(**{**{n: getattr(web, n) for n in web.__slots__}, "trust": Trust(loopback=True)})


async def test_health_answers_anybody(board: Board) -> None:
    async with board.client("") as client:
        answer = await client.get("/api/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("is_ready", [True, False])
async def test_ready_says_what_there_is_or_what_is_missing(board: Board, is_ready: bool) -> None:
    board.backend.is_ready = (is_ready, {"agents": 9, "devices": 3, "baseline": "complete"})
    async with board.client("") as client:
        answer = await client.get("/api/ready")
    assert answer.status_code == (200 if is_ready else 503)
    assert answer.json()["devices"] == 3


async def test_nobody_gets_past_a_route_that_is_not_open(board: Board) -> None:
    async with board.client("") as client:
        for endpoint in (e for e in ENDPOINTS if not e.open):
            path = endpoint.path.replace("{id}", "x").replace("{name}", "x")
            answer = await client.request(endpoint.method, path, json={})
            assert answer.status_code == 401, path
            assert set(answer.json()) == {"error", "field", "expected", "next"}
            assert "/sign-in" in answer.json()["next"]


async def test_an_unknown_token_is_nobody(board: Board) -> None:
    async with board.client("mallory") as client:
        assert (await client.get("/api/incidents")).status_code == 401


async def test_the_list_of_incidents_is_paged(board: Board, story: Story) -> None:
    for n in range(3):
        story.incident = f"i-{n}"
        await board.backend.tell(*story.opened())
    async with board.client() as client:
        first = (await client.get("/api/incidents", params={"limit": 2})).json()
        second = (await client.get("/api/incidents", params={"limit": 2, "after": first["next"]})).json()
    names = [row["incident_id"] for row in first["items"] + second["items"]]
    assert sorted(names) == ["i-0", "i-1", "i-2"]
    assert second["next"] is None


async def test_incidents_are_filtered_by_state(told: Board) -> None:
    async with told.client() as client:
        waiting = (await client.get("/api/incidents", params={"state": "awaiting_approval"})).json()["items"]
        closed = (await client.get("/api/incidents?state=closed,resolved")).json()["items"]
    assert [row["incident_id"] for row in waiting] == [INCIDENT]
    assert closed == []


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/api/incidents?state=sad", "state"),
        ("/api/incidents?limit=0", "limit"),
        ("/api/incidents?limit=1000", "limit"),
        ("/api/incidents?limit=٣", "limit"),
        ("/api/incidents?after=%%%", "after"),
        ("/api/approvals?status=maybe", "status"),
        ("/api/workflows?status=maybe", "status"),
    ],
)
async def test_a_wrong_parameter_is_named(board: Board, path: str, field: str) -> None:
    async with board.client() as client:
        answer = await client.get(path)
    assert answer.status_code == 422
    assert answer.json()["field"] == field


async def test_a_long_answer_of_a_device_is_had_by_its_hash(board: Board) -> None:
    board.backend.outputs["a" * 64] = "long\n" * 9999
    async with board.client() as client:
        found, missing = await client.get(f"/api/outputs/{'a' * 64}"), await client.get(f"/api/outputs/{'b' * 64}")
    assert found.json() == {"sha256": "a" * 64, "text": "long\n" * 9999}
    assert missing.status_code == 404


async def test_the_report_has_the_public_shape(told: Board) -> None:
    async with told.client() as client:
        report = (await client.get(f"/api/incidents/{INCIDENT}")).json()
    assert report["incident_id"] == INCIDENT
    assert report["state"] == "awaiting_approval"
    assert report["root_causes"][0]["fault_type"] == "bgp_asn_misconfig"
    assert set(report["root_causes"][0]["evidence"][0]) == {"observation_id", "device", "command", "quote"}
    assert report["proposals"][0]["approval_id"] == APPROVAL
    assert report["proposal"] == report["proposals"][0]
    assert report["timing"]["device_commands"] == 14
    assert report["recovered"] is None


async def test_an_incident_without_diagnosis_has_a_report_all_the_same(board: Board, story: Story) -> None:
    await board.backend.tell(*story.opened())
    async with board.client() as client:
        report = (await client.get(f"/api/incidents/{INCIDENT}")).json()
    assert (report["state"], report["verdict"], report["root_causes"]) == ("open", "uncertain", [])


async def test_the_timeline_runs_from_alert_to_approval(told: Board) -> None:
    async with told.client() as client:
        items = (await client.get(f"/api/incidents/{INCIDENT}/timeline")).json()["items"]
    kinds = [item["kind"] for item in items]
    assert kinds[0] == "open"
    assert kinds[-1] == "awaiting_approval"
    assert {"thought", "action", "observation"} <= set(kinds)


@pytest.mark.parametrize(
    "path",
    [
        "/api/incidents/none",
        "/api/incidents/none/timeline",
        "/api/approvals/none",
        "/api/workflows/none",
        "/api/incidents/%00",
        "/nowhere",
    ],
)
async def test_what_is_not_there_is_said(board: Board, path: str) -> None:
    async with board.client() as client:
        answer = await client.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]


async def test_alerts_agents_tools_and_approvals_are_lists(told: Board) -> None:
    told.backend.present = [{"agent_id": "bgp-1", "liveness": "live"}]
    told.backend.catalogue = [{"name": "device_state", "served_by": ["ssh-1"]}]
    async with told.client("vera") as client:
        for path, key, value in (
            ("/api/alerts", "name", "BgpSessionDown"),
            ("/api/agents", "agent_id", "bgp-1"),
            ("/api/tools", "name", "device_state"),
            ("/api/approvals?status=pending", "approval_id", APPROVAL),
        ):
            body = (await client.get(path)).json()
            assert body["items"][0][key] == value
            assert body["next"] is None


async def test_two_people_approve_and_the_third_vote_is_too_late(told: Board) -> None:
    for person in ("nina", "omar"):
        async with told.client(person) as client:
            answer = await client.post(VOTE, json={"decision": "approve", "comment": "checked"})
            assert answer.status_code == 200, answer.text
    async with told.client("nina") as client:
        late = await client.post(VOTE, json={"decision": "reject"})
        approval = (await client.get(f"/api/approvals/{APPROVAL}")).json()
    assert late.status_code == 409
    assert approval["status"] == "approved"
    assert {vote["person"] for vote in approval["votes"]} == {"nina", "omar"}


async def test_a_vote_on_another_change_is_refused(told: Board) -> None:
    async with told.client() as client:
        answer = await client.post(VOTE, json={"decision": "approve", "change_hash": "f" * 64})
    assert answer.status_code == 409


async def test_who_is_no_approver_does_not_vote(told: Board) -> None:
    async with told.client("vera") as client:
        answer = await client.post(VOTE, json={"decision": "approve"})
    assert answer.status_code == 403
    assert "approver" in answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "decision"),
        ({"decision": "maybe"}, "decision"),
        ({"decision": ["approve"]}, "decision"),
        ({"decision": "approve", "comment": 7}, "comment"),
        ({"decision": "approve", "comment": "x" * 2001}, "comment"),
    ],
)
async def test_a_vote_that_cannot_be_read_names_the_field(told: Board, body: Any, field: str) -> None:
    async with told.client() as client:
        answer = await client.post(VOTE, json=body)
    assert answer.status_code == 422
    assert answer.json()["field"] == field


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b'{"decision":"approve"}', "text/plain", 415),
        (b'{"decision":"approve"}', "", 415),
        (b"decision=approve", "application/x-www-form-urlencoded", 415),
        (b"{", "application/json", 422),
        (b'["approve"]', "application/json", 422),
        (b"[" * 100_000, "application/json", 422),
        (b'{"a":' * 20_000, "application/json", 422),
        (b"\xff\xfe", "application/json", 422),
        (b'{"decision":"approve","x":"' + b"y" * 300_000 + b'"}', "application/json", 413),
    ],
    ids=["text", "untyped", "form", "cut-off", "list", "deep-list", "deep-object", "not-utf8", "too-long"],
)
async def test_a_body_that_is_no_json_object_is_refused(told: Board, content: bytes, kind: str, status: int) -> None:
    async with told.client() as client:
        answer = await client.post(VOTE, content=content, headers={"content-type": kind} if kind else {})
    assert answer.status_code == status
    assert answer.json()["next"]


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://noc.example:81"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://noc.example", "sec-fetch-site": "cross-site"},
    ],
    ids=str,
)
async def test_another_sites_page_cannot_vote(told: Board, headers: dict[str, str]) -> None:
    async with told.client("", cookies={"nocmesh_session": "s-nina"}) as client:
        answer = await client.post(VOTE, json={"decision": "approve"}, headers=headers)
    assert answer.status_code == 403
    assert (await told.backend.records.approval(APPROVAL) or {})["votes"] == []


async def test_the_dashboards_own_page_can_vote(told: Board) -> None:
    own = {"origin": "http://noc.example", "sec-fetch-site": "same-origin"}
    async with told.client("", cookies={"nocmesh_session": "s-nina"}) as client:
        answer = await client.post(VOTE, json={"decision": "approve"}, headers=own)
    assert answer.status_code == 200


class TestLoopback:
    """``--no-auth-for-loopback``."""

    HERE: dict[str, Any] = {"sender": ("127.0.0.1", 5), "base_url": "http://127.0.0.1:8080"}

    async def test_without_a_name_it_only_looks(self, told: Board) -> None:
        trust_loopback(told)
        async with told.client("", **self.HERE) as client:
            assert (await client.get("/api/me")).json() == {"name": "viewer", "roles": ["viewer"]}
            vote = await client.post(VOTE, json={"decision": "approve"})
            start = await client.post("/api/workflows", json={"workflow_type": "health_check"})
        assert (vote.status_code, start.status_code) == (403, 403)
        assert "X-Nocmesh-User" in vote.json()["next"]

    async def test_it_acts_as_the_named_user(self, told: Board) -> None:
        trust_loopback(told)
        async with told.client("", headers={"X-Nocmesh-User": "omar"}, **self.HERE) as client:
            answer = await client.post(VOTE, json={"decision": "approve"})
        assert answer.json()["person"] == "omar"

    async def test_an_unknown_name_is_nobody(self, told: Board) -> None:
        trust_loopback(told)
        async with told.client("", headers={"X-Nocmesh-User": "mallory"}, **self.HERE) as client:
            assert (await client.get("/api/me")).status_code == 401

    @pytest.mark.parametrize(
        "changed",
        [
            {"sender": ("192.0.2.7", 5)},
            {"base_url": "http://rebound.example"},
            {"headers": {"X-Nocmesh-User": "nina", "X-Forwarded-For": "192.0.2.7"}},
            {"headers": {"X-Nocmesh-User": "nina", "Forwarded": "for=192.0.2.7"}},
        ],
        ids=["from-elsewhere", "another-host-name", "forwarded", "forwarded-rfc7239"],
    )
    async def test_it_is_only_for_this_machine(self, told: Board, changed: dict[str, Any]) -> None:
        trust_loopback(told)
        given = {"headers": {"X-Nocmesh-User": "nina"}, **self.HERE, **changed}
        async with told.client("", **given) as client:
            assert (await client.get("/api/me")).status_code == 401

    async def test_the_name_means_nothing_where_it_is_off(self, told: Board) -> None:
        async with told.client("", headers={"X-Nocmesh-User": "nina"}, **self.HERE) as client:
            assert (await client.get("/api/me")).status_code == 401


async def test_a_token_becomes_a_session_that_scripts_cannot_read(board: Board) -> None:
    async with board.client("") as client:
        answer = await client.post("/api/sign-in", json={"token": "nocm_nina"})
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert answer.json()["name"] == "nina"
        assert (await client.get("/api/me")).json()["name"] == "nina"
        signed_out = await client.post("/api/sign-out")
        assert signed_out.status_code == 200
        assert (await client.get("/api/me")).status_code == 401
    assert board.backend.asked == [("sign_out", "s-nina")]


async def test_over_https_the_cookie_is_only_for_https(board: Board) -> None:
    async with board.client("", base_url="https://noc.example") as client:
        answer = await client.post("/api/sign-in", json={"token": "nocm_nina"})
    assert "Secure" in answer.headers["set-cookie"]


async def test_a_wrong_token_opens_nothing(board: Board) -> None:
    async with board.client("") as client:
        answer = await client.post("/api/sign-in", json={"token": "nocm_mallory"})
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


async def test_an_operator_starts_a_workflow(board: Board) -> None:
    body = {"workflow_type": "health_check", "parameters": {"devices": ["r1"]}, "workflow_id": "w1"}
    async with board.client() as client:
        answer = await client.post("/api/workflows", json=body)
    assert (answer.status_code, answer.json()["workflow_id"]) == (202, "w1")
    assert board.backend.asked == [("workflow", ("nina", "health_check", {"devices": ["r1"]}))]


async def test_a_workflow_that_is_not_known_is_refused_with_those_that_are(board: Board) -> None:
    async with board.client() as client:
        answer = await client.post("/api/workflows", json={"workflow_type": "unknown"})
    assert answer.status_code == 422
    assert answer.json()["expected"] == "health_check"


async def test_parameters_must_be_an_object(board: Board) -> None:
    async with board.client() as client:
        answer = await client.post("/api/workflows", json={"workflow_type": "x", "parameters": [1]})
    assert answer.json()["field"] == "parameters"


async def test_an_operator_cancels_a_run(board: Board, run: Any) -> None:
    await board.backend.tell(run)
    async with board.client() as client:
        bare = await client.post("/api/workflows/run-1/cancel")
        told = await client.post("/api/workflows/run-1/cancel", json={"reason": "enough"})
        listed = (await client.get("/api/workflows?status=running")).json()["items"]
        one = (await client.get("/api/workflows/run-1")).json()
        gone = await client.post("/api/workflows/run-2/cancel")
    assert (bare.status_code, told.status_code, gone.status_code) == (202, 202, 404)
    assert board.backend.asked[-1] == ("cancel", ("nina", "run-1", "enough"))
    assert [row["run_id"] for row in listed] == ["run-1"]
    assert one["definition"]["type"] == "health_check"


async def test_an_operator_calls_a_tool(board: Board) -> None:
    board.backend.catalogue = [{"name": "device_show", "served_by": ["ssh-1"]}]
    async with board.client() as client:
        answer = await client.post("/api/tools/device_show/call", json={"arguments": {"device": "r1"}})
        unknown = await client.post("/api/tools/rm/call", json={"arguments": {}})
    assert answer.json()["status"] == "ok"
    assert unknown.status_code == 404
    assert unknown.json()["expected"] == ["device_show"]


@pytest.mark.parametrize("path", ["/api/workflows", "/api/workflows/x/cancel", "/api/tools/x/call"])
async def test_a_viewer_starts_and_stops_nothing(board: Board, path: str) -> None:
    async with board.client("vera") as client:
        answer = await client.post(path, json={})
    assert answer.status_code == 403
    assert answer.json()["expected"] == "operator"
    assert board.backend.asked == []


async def test_the_numbers_are_the_same_in_json_and_for_prometheus(told: Board) -> None:
    told.backend.present = [{"agent_id": "a", "liveness": "live"}, {"agent_id": "b", "liveness": "gone"}]
    async with told.client("vera") as client:
        numbers = (await client.get("/api/metrics")).json()
        text = (await client.get("/metrics")).text
    assert numbers["incidents"]["awaiting_approval"] == numbers["incidents_open"] == 1
    assert numbers["approvals"]["pending"] == 1
    assert 'nocmesh_incidents{state="awaiting_approval"} 1.0' in text
    assert 'nocmesh_agents{liveness="gone"} 1.0' in text


async def test_the_api_describes_every_route_of_itself(board: Board) -> None:
    async with board.client("") as client:
        document = (await client.get("/api/openapi.json")).json()
    described = {(m.upper(), p) for p, methods in document["paths"].items() for m in methods}
    assert described == {(e.method, e.path.replace(":path}", "}")) for e in API}
    schemas = document["components"]["schemas"]
    Draft202012Validator.check_schema({"$defs": schemas})
    assert schemas["Report"]["properties"]["root_causes"]


async def test_a_live_report_fits_the_described_schema(told: Board) -> None:
    async with told.client() as client:
        document = (await client.get("/api/openapi.json")).json()
        report = (await client.get(f"/api/incidents/{INCIDENT}")).json()
    Draft202012Validator({"$ref": "#/components/schemas/Report", **document}).validate(report)


async def test_every_answer_carries_the_policy(board: Board) -> None:
    async with board.client("") as client:
        for path in ("/api/health", "/api/incidents", "/sign-in", "/static/app.js", "/nowhere"):
            policy = (await client.get(path)).headers["content-security-policy"]
            assert "script-src 'self'" in policy
            assert "unsafe" not in policy


async def test_a_wrong_method_is_refused(board: Board) -> None:
    async with board.client() as client:
        answer = await client.delete("/api/incidents")
    assert answer.status_code == 405
    assert "openapi" in answer.json()["next"]


async def test_what_breaks_inside_is_not_shown(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(board.backend, "agents", broken)
    transport_raises_too = pytest.raises(RuntimeError)
    async with board.client() as client:
        with transport_raises_too:
            await client.get("/api/agents")
        client._transport.raise_app_exceptions = False  # type: ignore[attr-defined]
        answer = await client.get("/api/agents")
    assert answer.status_code == 500
    assert "hunter2" not in answer.text


def test_no_two_routes_share_method_and_path() -> None:
    rows = [(e.method, e.path) for e in ENDPOINTS]
    assert len(rows) == len(set(rows))


async def test_a_vote_carries_its_conditions(told: Board) -> None:
    async with told.client() as client:
        answer = await client.post(VOTE, json={"decision": "approve", "conditions": {"first": 2}})
        approval = (await client.get(f"/api/approvals/{APPROVAL}")).json()
    assert answer.status_code == 200, answer.text
    assert approval["votes"][0]["conditions"]["first"] == 2


async def test_orders_are_given_and_listed(told: Board) -> None:
    async with told.client() as client:
        given = await client.post("/api/orders", json={"kind": "freeze", "name": "all", "value": "on", "reason": "x"})
        listed = await client.get("/api/orders")
        wrong = await client.post("/api/orders", json={"kind": "party", "name": "all"})
        nameless = await client.post("/api/orders", json={"kind": "freeze"})
    assert given.json()["person"] == "nina"
    assert [order["name"] for order in listed.json()["items"]] == ["all"]
    assert (wrong.status_code, wrong.json()["field"]) == (422, "kind")
    assert (nameless.status_code, nameless.json()["field"]) == (422, "name")
