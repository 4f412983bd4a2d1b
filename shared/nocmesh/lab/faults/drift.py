"""Drift: a service that does not run, a configuration that is not its template's. Nothing breaks by it at once."""

from nocmesh.errors import InvalidInputError
from nocmesh.lab.faults import asking
from nocmesh.lab.faults.igp import adjacencies
from nocmesh.lab.faults.kinds import (
    Alarm,
    Check,
    Ground,
    Injection,
    Kind,
    Params,
    configure,
    node_id,
    node_of,
    routers,
    stopped,
)
from nocmesh.lab.plan import LabPlan

WEB = "httpd"
PORTS = {"snmpd": ("-u", 161), "sshd": ("-t", 22), WEB: ("-t", 80)}
"""Services by the names of their processes, with where they listen."""
DRIFT = "ip prefix-list UNUSED seq 5 permit 192.0.2.0/24"
"""Named by nothing, for addresses that nobody has (RFC 5737)."""


def all_routers(plan: LabPlan) -> list[str]:
    """Every router."""
    return [node_id(node) for node in routers(plan)]


# service_down


def all_nodes(plan: LabPlan) -> list[str]:
    """Every node, routers first."""
    return [node_id(node) for node in sorted(plan.nodes, key=lambda node: node.kind != "router")]


def _service(plan: LabPlan, resource: str, params: Params) -> tuple[str, str]:
    """The node and the service that parameter `service` names. Raises: InvalidInputError."""
    node, service = node_of(plan, resource), params["service"]
    known = [name for name in PORTS if name != WEB or "http" in node.services]
    if service not in known:
        raise InvalidInputError(f"service: expected one of {', '.join(known)}, got {service[:80]!r}", field="service")
    return node.name, service


def _service_steps(plan: LabPlan, resource: str, params: Params) -> Injection:
    return stopped(*_service(plan, resource, params))


def _service_symptom(plan: LabPlan, resource: str, params: Params) -> Check:
    name, service = _service(plan, resource, params)
    family, port = PORTS[service]

    async def check(lab: Ground) -> bool:
        """Nobody listens where the service should."""
        answer = await lab.exec(name, "ss", "-H", "-l", "-n", family, "sport", "=", f":{port}", check=False)
        return answer.code == 0 and not answer.stdout.strip()

    return check


def _service_silent(plan: LabPlan, resource: str, params: Params) -> Alarm:
    name, service = _service(plan, resource, params)
    names = {"snmpd": "SnmpTargetDown", "sshd": "SshProbeFailed", WEB: "HttpProbeFailed"}
    said = f"{name} does not answer on port {PORTS[service][1]}"
    return Alarm(name=names[service], instance=name, summary=said, severity="warning")


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
        alarm=_service_silent,
        params={"service": "snmpd"},
    ),
    Kind(
        fault_type="configuration_drift",
        places=all_routers,
        steps=_drift_steps,
        symptom=_drift_symptom,
        alarm=_changed,
    ),
)
