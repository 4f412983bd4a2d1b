"""Faults of a host's way out: a gateway that is none, a route that drops."""

from ipaddress import ip_network

from nocmesh.lab.faults import asking
from nocmesh.lab.faults.addressing import cut_off, homed, host_nodes, host_of, target_of
from nocmesh.lab.faults.kinds import Check, Ground, Injection, Kind, Params, by_shell
from nocmesh.lab.faults.segments import Station, hosts, used
from nocmesh.lab.plan import LabPlan


def wrong_gateway(plan: LabPlan, here: Station) -> str:
    """The highest address of the host's network that nobody has."""
    net = here.interface.network if here.interface else ip_network("192.0.2.0/24")
    low, high = int(net.network_address), int(net.broadcast_address)
    taken = used(plan)
    candidates = (str(ip_network(number).network_address) for number in range(high - 1, low, -1))
    return next((one for one in candidates if one not in taken), here.address)


def gateway_nodes(plan: LabPlan) -> list[str]:
    """Hosts on whose network an address is free."""
    return [f"node/{one.node.name}" for one in homed(plan) if wrong_gateway(plan, one) != one.address]


def _gateway_steps(plan: LabPlan, resource: str, params: Params) -> Injection:
    here = host_of(plan, resource)
    wrong, name = wrong_gateway(plan, here), here.node.name
    way, right = "ip route replace default via", here.node.gateway
    return by_shell(name, f"{way} {wrong}", f"{way} {right}", f"{name} sends all to {wrong} in place of {right}")


async def _stuck(lab: Ground, here: Station, target: str) -> bool:
    """The right gateway answers, and nobody beyond it does."""
    near = await asking.reaches(lab, here.node.name, here.node.gateway)
    return near and not await asking.reaches(lab, here.node.name, target)


def _gateway_symptom(plan: LabPlan, resource: str, params: Params) -> Check:
    here = host_of(plan, resource)
    target = target_of(plan, here)

    async def check(lab: Ground) -> bool:
        """Packets go to a neighbour who is not there."""
        if not await _stuck(lab, here, target):
            return False
        rows = await asking.listed(lab, here.node.name, "ip", "-j", "route", "get", target)
        return any(row.get("gateway") != here.node.gateway for row in rows)

    return check


def black_prefix(plan: LabPlan, here: Station) -> str:
    """The network of whoever is far away: a host's LAN, a router's loopback."""
    target = target_of(plan, here)
    for one in hosts(plan):
        if one.address == target and one.interface:
            return str(one.interface.network)
    return f"{target}/32"


def _blackhole_steps(plan: LabPlan, resource: str, params: Params) -> Injection:
    here = host_of(plan, resource)
    name, prefix = here.node.name, black_prefix(plan, here)
    undone = f"ip route del blackhole {prefix} 2>/dev/null || true"
    return by_shell(name, f"ip route replace blackhole {prefix}", undone, f"{name} drops all for {prefix}")


def _blackhole_symptom(plan: LabPlan, resource: str, params: Params) -> Check:
    here = host_of(plan, resource)
    target = target_of(plan, here)

    async def check(lab: Ground) -> bool:
        """The kernel has no way for the target: it does not even ask a neighbour."""
        if not await _stuck(lab, here, target):
            return False
        return (await lab.exec(here.node.name, "ip", "route", "get", target, check=False)).code != 0

    return check


KINDS: tuple[Kind, ...] = (
    Kind(
        fault_type="host_incorrect_gateway",
        places=gateway_nodes,
        steps=_gateway_steps,
        symptom=_gateway_symptom,
        alarm=cut_off,
    ),
    Kind(
        fault_type="host_static_blackhole",
        places=host_nodes,
        steps=_blackhole_steps,
        symptom=_blackhole_symptom,
        alarm=cut_off,
    ),
)
