"""The stage is a plain module beside these tests, `scenarios.stage`."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest_asyncio

from nocmesh.messages.approval import ApprovalRequest

if TYPE_CHECKING:
    from scenarios.stage import Stage

sys.path.append(str(Path(__file__).parents[1]))


@pytest_asyncio.fixture(loop_scope="module")
async def approved(stage: "Stage") -> AsyncIterator[ApprovalRequest]:
    """A change that both people approved, while its orchestrator is dead: only an attacker speaks for it."""
    incident = await stage.alert(await stage.break_it("bgp_asn_misconfig"))
    [waiting] = await stage.waiting(incident)
    await stage.processes["orchestrator"].kill()
    for person in stage.tokens:
        assert not (await stage.vote(waiting.approval_id, person)).error
    yield waiting
    if not stage.processes["orchestrator"].alive:
        await stage.processes["orchestrator"].start()
    await stage.reaches(incident, "closed", "escalated")
