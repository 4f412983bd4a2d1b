"""Faults of hosts' addresses: another one, none, or a mask that cuts them off."""

from ipaddress import IPv4Address, IPv4Interface, ip_network

from nocmesh.lab.faults import asking
from nocmesh.lab.faults.kinds import Alarm, Check, Ground, Injection, Kind, Params, node_of, shell
from nocmesh.lab.faults.links_interfaces import dressed
from nocmesh.lab.faults.segments import Station, distant, gateway, hosts, segment, station_of, used
from nocmesh.lab.plan import LabPlan


def homed(plan: LabPlan) -> list[Station]:
    """Hosts with a gateway, and somebody beyond it."""
    return [one for one in hosts(plan) if gateway(plan, one) and distant(plan, one)]


def host_ports(plan: LabPlan) -> list[str]:
    """Their interfaces."""
    return [one.resource for one in homed(plan)]


def host_nodes(plan: LabPlan) -> list[str]:
    """The hosts themselves."""
    return [f"node/{one.node.name}" for one in homed(plan)]


def host_of(plan: LabPlan, resource: str) -> Station:
    """The interface of a host, by its node's or its own resource id."""
    node = node_of(plan, resource)
    return next(one for one in hosts(plan) if one.node.name == node.name)


def _gate(plan: LabPlan, here: Station) -> Station:
    return gateway(plan, here) or here


def target_of(plan: LabPlan, here: Station) -> str:
    """An address beyond a host's gateway; `homed` has seen that there is one."""
    found = distant(plan, here)
    return found[1] if found else here.address


def readdressed(here: Station, address: str, summary: str) -> Injection:
    """Another address in place of the planned one (empty: none), and the way out again where that still works."""
    name, gate = here.port.name, here.node.gateway
    lines = [f"ip -4 addr flush dev {name}"]
    if address:
        lines += [f"ip addr add {address} dev {name}", f"ip route replace default via {gate} 2>/dev/null || true"]
    return Injection(
        steps=[shell(here.node.name, *lines)],
        undo=[shell(here.node.name, f"ip -4 addr flush dev {name}", *dressed(here))],
        summary=summary,
    )


def unreachable(plan: LabPlan, resource: str, params: Params) -> Alarm:
    """What monitoring says of a host that does not answer."""
    here = host_of(plan, resource)
    summary = f"{here.node.name} does not answer at {here.address}"
    return Alarm(name="HostUnreachable", instance=here.node.name, labels={"target": here.address}, summary=summary)


def cut_off(plan: LabPlan, resource: str, params: Params) -> Alarm:
    """What monitoring says when a host does not get far."""
    here, target = host_of(plan, resource), target_of(plan, host_of(plan, resource))
    summary = f"{here.node.name} does not reach {target}"
    return Alarm(name="ReachabilityLost", instance=here.node.name, labels={"target": target}, summary=summary)


async def silent(lab: Ground, plan: LabPlan, here: Station) -> bool:
    """The gateway does not reach the host where the plan has it."""
    return not await asking.reaches(lab, _gate(plan, here).node.name, here.address)


# host_incorrect_ip, host_missing_ip


def wrong_address(plan: LabPlan, here: Station) -> str:
    """The same host in a network that the plan does not use, of the same size."""
    mine = here.interface or IPv4Interface("192.0.2.1/24")
    size, taken = mine.network.num_addresses, used(plan)
    for step in range(1, 256):
        moved = IPv4Interface((int(mine.ip) ^ (step * size), mine.network.prefixlen))
        if not any(str(one) in taken for one in _few(moved)):
            return str(moved)
    return f"198.51.100.7/{mine.network.prefixlen}"


def _few(moved: IPv4Interface) -> list[str]:
    """Addresses of a network that a plan would use first."""
    low = int(moved.network.network_address)
    return [str(ip_network(low + step).network_address) for step in range(min(16, moved.network.num_addresses))]


def _wrong_steps(plan: LabPlan, resource: str, params: Params) -> Injection:
    here = station_of(plan, resource)
    address = wrong_address(plan, here)
    return readdressed(here, address, f"{here.node.name} has {address} in place of {here.interface}")


def _wrong_symptom(plan: LabPlan, resource: str, params: Params) -> Check:
    here = station_of(plan, resource)

    async def check(lab: Ground) -> bool:
        there = await asking.addresses(lab, here.node.name, here.port.name)
        return bool(there) and not there & set(here.port.addresses) and await silent(lab, plan, here)

    return check


def _missing_steps(plan: LabPlan, resource: str, params: Params) -> Injection:
    here = station_of(plan, resource)
    return readdressed(here, "", f"{here.node.name} has lost {here.interface}")


def _missing_symptom(plan: LabPlan, resource: str, params: Params) -> Check:
    here = station_of(plan, resource)

    async def check(lab: Ground) -> bool:
        return not await asking.addresses(lab, here.node.name, here.port.name) and await silent(lab, plan, here)

    return check


# host_incorrect_netmask


def wrong_prefix(plan: LabPlan, here: Station) -> int | None:
    """A prefix length that cuts a host off; None: there is none.

    Too short, so that it takes the distant address for a neighbour's; or, where a neighbour answers for that address
    all the same (routers do, for all of theirs), so long that the gateway is outside.
    """
    mine, found, gate = here.interface, distant(plan, here), gateway(plan, here)
    if mine is None or found is None or gate is None:
        return None
    near = {one.node.name for one in segment(plan, here)}
    wide = shared_bits(str(mine.ip), found[1])
    if found[0] not in near and 0 < wide < mine.network.prefixlen:
        return wide
    narrow = shared_bits(str(mine.ip), gate.address) + 1
    return narrow if mine.network.prefixlen < narrow <= 30 else None


def shared_bits(one: str, other: str) -> int:
    """How many leading bits two addresses have in common."""
    return 32 - (int(IPv4Address(one)) ^ int(IPv4Address(other))).bit_length()


def masked_ports(plan: LabPlan) -> list[str]:
    """Hosts whose mask can be wrong in a way that matters."""
    return [one.resource for one in homed(plan) if wrong_prefix(plan, one)]


def _mask_steps(plan: LabPlan, resource: str, params: Params) -> Injection:
    here = station_of(plan, resource)
    address = f"{here.address}/{wrong_prefix(plan, here)}"
    return readdressed(here, address, f"{here.node.name} has {address} in place of {here.interface}")


def _mask_symptom(plan: LabPlan, resource: str, params: Params) -> Check:
    here = station_of(plan, resource)
    target = target_of(plan, here)

    async def check(lab: Ground) -> bool:
        """The address is the right one in another network, and whoever is far away is out of reach."""
        there = [IPv4Interface(one) for one in await asking.addresses(lab, here.node.name, here.port.name)]
        if not any(str(one.ip) == here.address and one != here.interface for one in there):
            return False
        return not await asking.reaches(lab, here.node.name, target)

    return check


KINDS: tuple[Kind, ...] = (
    Kind(
        fault_type="host_incorrect_ip",
        places=host_ports,
        steps=_wrong_steps,
        symptom=_wrong_symptom,
        alarm=unreachable,
    ),
    Kind(
        fault_type="host_incorrect_netmask",
        places=masked_ports,
        steps=_mask_steps,
        symptom=_mask_symptom,
        alarm=cut_off,
    ),
    Kind(
        fault_type="host_missing_ip",
        places=host_ports,
        steps=_missing_steps,
        symptom=_missing_symptom,
        alarm=unreachable,
    ),
)
