"""Each built-in agent: what it is, and that its rules are its reasoner."""

import pytest

from nocmesh.agent import Agent, RulesReasoner
from nocmesh.bus.plan import load_plan
from nocmesh.clock import SystemClock
from nocmesh.log import logger
from nocmesh.runtime import Context, load_role
from nocmesh.settings import Settings
from nocmesh_agents.bgp.agent import Bgp
from nocmesh_agents.isis.agent import Isis
from nocmesh_agents.layer2.agent import Layer2
from nocmesh_agents.ospf.agent import Ospf
from nocmesh_agents.remediation.agent import Remediation
from nocmesh_agents.stp.agent import Stp
from nocmesh_agents.triage.agent import Triage


class NoMesh:
    """An agent that is only asked what it is needs no bus."""


@pytest.mark.parametrize("kind", [Bgp, Ospf, Isis, Stp, Layer2, Remediation, Triage])
def test_a_specialist_reasons_by_its_rules_and_has_a_queue(kind: type[Agent]) -> None:
    context = Context(
        mesh=NoMesh(),  # type: ignore[arg-type]
        settings=Settings(),
        clock=SystemClock(),
        log=logger(role=kind.type),
        name=f"{kind.type}-1",
    )
    assert isinstance(kind(context).reasoner(), RulesReasoner)
    assert kind.type in load_plan().tasks.types
    assert kind.description
    role = load_role(kind.type)
    assert (role.type, role.bus_role) == (kind.type, kind.bus_role)
