"""The explanation of an incident for programs, tickets and terminals: one address, three forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from nocmesh.messages.explanation import Explanation
from nocmesh_dashboard.explained import KINDS, preferred

if TYPE_CHECKING:
    from dashboard.conftest import Board, Story

INCIDENT = "0192f000-0000-7000-8000-000000000001"
WHERE = f"/api/incidents/{INCIDENT}/explanation"


@pytest.mark.real
async def test_an_explanation_answers_as_its_schema_says(told: Board) -> None:
    async with told.client() as client:
        answer = await client.get(WHERE)
        document = (await client.get("/api/openapi.json")).json()
    found = msgspec.convert(answer.json(), Explanation)
    assert (found.incident_id, found.state, found.needs) == (INCIDENT, "awaiting_approval", "decision")
    assert found.severity == "critical"
    looked = found.section("looked")
    assert looked is not None
    assert looked.blocks[0].lines == ["show ip bgp summary"]
    schema = {"$ref": "#/components/schemas/Explanation", "components": document["components"]}
    Draft202012Validator(schema).validate(answer.json())


@pytest.mark.real
async def test_people_get_text_and_tickets_get_markdown(told: Board) -> None:
    async with told.client() as client:
        text = await client.get(WHERE, headers={"accept": "text/plain"})
        markdown = await client.get(WHERE, headers={"accept": "text/markdown, application/json;q=0.5"})
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    assert "Do now   Approve or reject the change on r1" in text.text
    assert markdown.headers["content-type"] == "text/markdown; charset=utf-8"
    assert markdown.text.startswith("# BGP session r1")


@pytest.mark.real
async def test_a_decision_and_its_end_are_told(told: Board, story: Story) -> None:
    async with told.client("omar") as client:
        approval = (await client.get("/api/approvals")).json()["items"][0]["approval_id"]
        await client.post(f"/api/approvals/{approval}/decisions", json={"decision": "reject"})
        await told.backend.tell(story.event(9, "escalated", "a person must go on: rejected"))
        found = (await client.get(WHERE)).json()
    assert found["do"].startswith("Take over: the change on r1 was rejected by omar")
    assert found["needs"] == "hands"


@pytest.mark.real
async def test_an_incident_that_nobody_knows_has_no_explanation(told: Board) -> None:
    async with told.client() as client:
        assert (await client.get("/api/incidents/none/explanation")).status_code == 404


@pytest.mark.real
async def test_an_incident_without_a_report_says_that_nothing_is_known_yet(board: Board, story: Story) -> None:
    await board.backend.tell(*story.opened())
    async with board.client() as client:
        found = (await client.get(WHERE)).json()
    assert (found["what"], found["needs"]) == ("It is not known yet what broke; the mesh is looking.", "patience")


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        ("text/markdown", "text/markdown"),
        ("TEXT/PLAIN ; charset=utf-8", "text/plain"),
        ("text/plain;q=0.4, text/markdown;q=0.9", "text/markdown"),
        ("text/plain;q=0", "application/json"),
        ("text/plain;q=much", "application/json"),
        ("text/markdown;q=0.5, application/json", "application/json"),
    ],
)
def test_the_form_is_the_one_that_is_wanted_most(accept: str, kind: str) -> None:
    assert preferred(accept, KINDS) == kind


@given(st.text())
def test_no_header_breaks_it(accept: str) -> None:
    assert preferred(accept, KINDS) in KINDS
