"""Faults of spanning tree on kernel bridges: another root, a bridge that takes no part, a cost or guard that moves it.

Nothing here makes a loop: a bridge without spanning tree passes the others' messages on (`layer2` makes loops).
"""

from nocmesh.lab.faults import asking
from nocmesh.lab.faults.kinds import Alarm, Check, Ground, Injection, Kind, Params, by_shell, node_id, node_of
from nocmesh.lab.faults.segments import Station, station_of
from nocmesh.lab.faults.trees import COST, bridge_id, switches, tree
from nocmesh.lab.faults.values import whole
from nocmesh.lab.plan import LabPlan, Node

BRIDGE = "br0"


def leaves(plan: LabPlan) -> list[str]:
    """Switches that are not root."""
    whole = tree(plan)
    return [node_id(node) for node in switches(plan) if whole and node.name in whole.root_ports]


def bridges(plan: LabPlan) -> list[str]:
    """Switches of a spanning tree, those first that have the least to say in it."""
    whole = tree(plan)
    found = [node for node in switches(plan) if whole and (node == whole.root or node.name in whole.root_ports)]
    return [node_id(node) for node in sorted(found, key=bridge_id, reverse=True)] if len(found) > 1 else []


def root_ports(plan: LabPlan) -> list[str]:
    """Root ports with another way to the root; first those whose switch blocks a port, so that little else moves."""
    whole = tree(plan)
    if whole is None:
        return []
    here = [port for port in whole.root_ports.values() if _goes_round(plan, port)]
    blocking = {one.node.name for one in whole.blocked}
    return [port.resource for port in sorted(here, key=lambda port: port.node.name not in blocking)]


def _goes_round(plan: LabPlan, port: Station) -> bool:
    around = tree(plan, without=port.at)
    return around is not None and port.node.name in around.root_ports


async def state(lab: Ground, port: Station) -> str:
    """`forwarding`, `blocking`, …; empty: it is in no bridge."""
    rows = await asking.listed(lab, port.node.name, "bridge", "-j", "link", "show", "dev", port.port.name)
    return str(rows[0].get("state", "")) if rows else ""


async def root_of(lab: Ground, node: str) -> str:
    """The bridge that a switch takes for root, as the kernel writes it (`ip` shows the switch's own in its place)."""
    return (await lab.exec(node, "cat", f"/sys/class/net/{BRIDGE}/bridge/root_id", check=False)).stdout.strip()


async def _root_port(lab: Ground, node: str) -> int:
    """The number of its root port; 0: it takes itself for root."""
    return await asking.number(lab, node, f"/sys/class/net/{BRIDGE}/bridge/root_port")


def _tuned(node: Node, setting: str, broken: str, right: str, summary: str) -> Injection:
    command = f"ip link set {BRIDGE} type bridge {setting}"
    return by_shell(node.name, f"{command} {broken}", f"{command} {right}", summary)


def _changed(plan: LabPlan, resource: str, params: Params) -> Alarm:
    """Every switch counts the change; the root, or a neighbour of the one that has the fault, tells it."""
    node = node_of(plan, resource)
    whole = tree(plan)
    seen = whole.root if whole and whole.root != node else next(one for one in switches(plan) if one != node)
    return Alarm(
        name="StpTopologyChange",
        instance=seen.name,
        labels={"bridge": BRIDGE},
        summary=f"{seen.name}: spanning tree has changed",
        severity="warning",
    )


# stp_root_moved


def _moved_steps(plan: LabPlan, resource: str, params: Params) -> Injection:
    node = node_of(plan, resource)
    return _tuned(node, "priority", "0", f"{node.stp_priority}", f"{node.name} has become root: its priority is 0")


def _moved_symptom(plan: LabPlan, resource: str, params: Params) -> Check:
    node = node_of(plan, resource)

    async def check(lab: Ground) -> bool:
        """It is its own root, and everyone else's."""
        roots = {await root_of(lab, one.name) for one in switches(plan)}
        return len(roots) == 1 and await _root_port(lab, node.name) == 0

    return check


# stp_disabled


def _disabled_steps(plan: LabPlan, resource: str, params: Params) -> Injection:
    node = node_of(plan, resource)
    return _tuned(node, "stp_state", "0", "1", f"{node.name} takes no part in spanning tree")


def _disabled_symptom(plan: LabPlan, resource: str, params: Params) -> Check:
    node = node_of(plan, resource)
    whole = tree(plan)

    async def check(lab: Ground) -> bool:
        """All its ports forward, and the others agree on a root that it is not."""
        states = [await state(lab, Station(node, port)) for port in node.ports if port.bridge]
        own = await asking.number(lab, node.name, f"/sys/class/net/{BRIDGE}/bridge/stp_state")
        if own != 0 or set(states) != {"forwarding"}:
            return False
        others = [await root_of(lab, one.name) for one in switches(plan) if one != node]
        return len(set(others)) == 1 and (whole is None or whole.root != node or not _is(node, others[0]))

    return check


def _is(node: Node, root: str) -> bool:
    """The root id is the node's own (priority in four hexadecimal digits, then the address without colons)."""
    return root.partition(".")[2] == bridge_id(node)[1].replace(":", "")


# stp_cost_misconfig, stp_port_blocked_unexpectedly


def _port_tuned(port: Station, setting: str, broken: str, right: str, what: str) -> Injection:
    command, summary = f"bridge link set dev {port.port.name} {setting}", f"{port.port.name} of {port.node.name} {what}"
    return by_shell(port.node.name, f"{command} {broken}", f"{command} {right}", summary)


def _cost_steps(plan: LabPlan, resource: str, params: Params) -> Injection:
    port = station_of(plan, resource)
    cost = whole(params, "cost", 10, 65535)
    return _port_tuned(port, "cost", f"{cost}", f"{port.port.cost or COST}", f"costs {cost}")


def _blocked_steps(plan: LabPlan, resource: str, params: Params) -> Injection:
    """A root guard on the port that faces the root."""
    port = station_of(plan, resource)
    return _port_tuned(port, "root_block", "on", "off", "guards against its own root, and blocks")


def _blocks(plan: LabPlan, resource: str, params: Params) -> Check:
    port = station_of(plan, resource)

    async def check(lab: Ground) -> bool:
        """The port that should lead to the root blocks, and another leads there."""
        return await state(lab, port) == "blocking" and await _root_port(lab, port.node.name) > 0

    return check


KINDS: tuple[Kind, ...] = (
    Kind(fault_type="stp_root_moved", places=leaves, steps=_moved_steps, symptom=_moved_symptom, alarm=_changed),
    Kind(fault_type="stp_disabled", places=bridges, steps=_disabled_steps, symptom=_disabled_symptom, alarm=_changed),
    Kind(
        fault_type="stp_cost_misconfig",
        places=root_ports,
        steps=_cost_steps,
        symptom=_blocks,
        alarm=_changed,
        params={"cost": "200"},
    ),
    Kind(
        fault_type="stp_port_blocked_unexpectedly",
        places=root_ports,
        steps=_blocked_steps,
        symptom=_blocks,
        alarm=_changed,
    ),
)
