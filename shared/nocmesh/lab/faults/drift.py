"""Drift: a service that does not run, a configuration that is not its template's. Nothing breaks by it at once."""

from nocmesh.lab.faults import asking
from nocmesh.lab.faults.igp import adjacencies
from nocmesh.lab.faults.kinds import (
    Alarm,
    Check,
    Ground,
    Injection,
    Kind,
    Params,
    Step,
    configure,
    node_id,
    node_of,
    routers,
)
from nocmesh.lab.plan import LabPlan

DRIFT = "ip prefix-list UNUSED seq 5 permit 192.0.2.0/24"
"""Named by nothing, for addresses that nobody has (RFC 5737)."""


def all_routers(plan: LabPlan) -> list[str]:
    """Every router."""
    return [node_id(node) for node in routers(plan)]


# service_down


def all_nodes(plan: LabPlan) -> list[str]:
    """Every node, routers first."""
    return [node_id(node) for node in sorted(plan.nodes, key=lambda node: node.kind != "router")]


def _service_steps(plan: LabPlan, resource: str, params: Params) -> Injection:
    name = node_of(plan, resource).name
    return Injection(
        steps=[Step(node=name, door="stop", lines=["snmpd"])],
        undo=[Step(node=name, door="start", lines=["snmpd"])],
        summary=f"snmpd of {name} does not run",
    )


def _service_symptom(plan: LabPlan, resource: str, params: Params) -> Check:
    name = node_of(plan, resource).name

    async def check(lab: Ground) -> bool:
        """Nobody listens where the agent should."""
        answer = await lab.exec(name, "ss", "-H", "-l", "-n", "-u", "sport", "=", ":161", check=False)
        return answer.code == 0 and not answer.stdout.strip()

    return check


def _agent_silent(plan: LabPlan, resource: str, params: Params) -> Alarm:
    name = node_of(plan, resource).name
    return Alarm(
        name="SnmpTargetDown",
        instance=name,
        summary=f"{name} answers no SNMP requests",
        severity="warning",
    )


# configuration_drift


def _drift_steps(plan: LabPlan, resource: str, params: Params) -> Injection:
    name = node_of(plan, resource).name
    undone = DRIFT.replace("ip prefix-list", "no ip prefix-list")
    return Injection(
        steps=[configure(name, DRIFT)], undo=[configure(name, undone)], summary=f"{name} has a line of its own: {DRIFT}"
    )


def _drift_symptom(plan: LabPlan, resource: str, params: Params) -> Check:
    node = node_of(plan, resource)

    async def check(lab: Ground) -> bool:
        """Its CLI shows a prefix list of that name, and it has all its adjacencies."""
        wanted = {one.port.name for one in adjacencies(plan, node)}
        there = DRIFT.split()[2] in await lab.vtysh(node.name, "show ip prefix-list")
        return there and wanted <= await asking.adjacencies(lab, node.name)

    return check


def _changed(plan: LabPlan, resource: str, params: Params) -> Alarm:
    name = node_of(plan, resource).name
    return Alarm(
        name="ConfigurationChanged",
        instance=name,
        summary=f"the configuration of {name} is not what it was",
        severity="warning",
    )


KINDS: tuple[Kind, ...] = (
    Kind(
        fault_type="service_down",
        places=all_nodes,
        steps=_service_steps,
        symptom=_service_symptom,
        alarm=_agent_silent,
    ),
    Kind(
        fault_type="configuration_drift",
        places=all_routers,
        steps=_drift_steps,
        symptom=_drift_symptom,
        alarm=_changed,
    ),
)
