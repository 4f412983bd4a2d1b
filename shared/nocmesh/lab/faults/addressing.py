"""Faults of addresses: wrong, missing, twice; a host's way out wrong or cut off."""

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


def _readdressed(here: Station, address: str, summary: str) -> Injection:
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


def _unreachable(plan: LabPlan, resource: str, params: Params) -> Alarm:
    here = host_of(plan, resource)
    summary = f"{here.node.name} does not answer at {here.address}"
    return Alarm(name="HostUnreachable", instance=here.node.name, labels={"target": here.address}, summary=summary)


def cut_off(plan: LabPlan, resource: str, params: Params) -> Alarm:
    """What monitoring says when a host does not get far."""
    here, target = host_of(plan, resource), target_of(plan, host_of(plan, resource))
    summary = f"{here.node.name} does not reach {target}"
    return Alarm(name="ReachabilityLost", instance=here.node.name, labels={"target": target}, summary=summary)


async def _silent(lab: Ground, plan: LabPlan, here: Station) -> bool:
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
    return _readdressed(here, address, f"{here.node.name} has {address} in place of {here.interface}")


def _wrong_symptom(plan: LabPlan, resource: str, params: Params) -> Check:
    here = station_of(plan, resource)

    async def check(lab: Ground) -> bool:
        there = await asking.addresses(lab, here.node.name, here.port.name)
        return bool(there) and not there & set(here.port.addresses) and await _silent(lab, plan, here)

    return check


def _missing_steps(plan: LabPlan, resource: str, params: Params) -> Injection:
    here = station_of(plan, resource)
    return _readdressed(here, "", f"{here.node.name} has lost {here.interface}")


def _missing_symptom(plan: LabPlan, resource: str, params: Params) -> Check:
    here = station_of(plan, resource)

    async def check(lab: Ground) -> bool:
        return not await asking.addresses(lab, here.node.name, here.port.name) and await _silent(lab, plan, here)

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
    return _readdressed(here, address, f"{here.node.name} has {address} in place of {here.interface}")


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


# host_ip_conflict, mac_address_conflict


def rival(plan: LabPlan, here: Station) -> Station | None:
    """Another station of its network, hosts first."""
    others = [one for one in segment(plan, here)[1:] if one.interface and one.node.kind != "switch"]
    return min(others, key=lambda one: one.node.kind != "host", default=None)


def rivalled_ports(plan: LabPlan) -> list[str]:
    """Hosts that share their network with another."""
    return [one.resource for one in homed(plan) if rival(plan, one)]


def _conflict_steps(plan: LabPlan, resource: str, params: Params) -> Injection:
    here = station_of(plan, resource)
    other = rival(plan, here) or here
    summary = f"{here.node.name} has the address of {other.node.name}, {other.interface}"
    return _readdressed(here, str(other.interface), summary)


def _conflict_symptom(plan: LabPlan, resource: str, params: Params) -> Check:
    here = station_of(plan, resource)
    other = rival(plan, here) or here

    async def check(lab: Ground) -> bool:
        """Both say that the address is theirs, and the host's own does not answer."""
        both = [await asking.addresses(lab, one.node.name, one.port.name) for one in (here, other)]
        return all(str(other.interface) in one for one in both) and await _silent(lab, plan, here)

    return check


def mac_pair(plan: LabPlan, here: Station) -> tuple[Station, Station] | None:
    """Whose MAC address a host can take so that it matters, and a third station that notices; both behind a switch."""
    others = [one for one in segment(plan, here)[1:] if one.interface and one.port.mac and one.node.kind != "switch"]
    others.sort(key=lambda one: one.node.kind != "host")
    return (others[0], others[-1]) if here.port.mac and len(others) > 1 else None


def mac_ports(plan: LabPlan) -> list[str]:
    """Hosts on a network of at least three."""
    return [one.resource for one in homed(plan) if mac_pair(plan, one)]


def _macs(plan: LabPlan, resource: str) -> tuple[Station, Station, Station]:
    here = station_of(plan, resource)
    other, third = mac_pair(plan, here) or (here, here)
    return here, other, third


def _mac_steps(plan: LabPlan, resource: str, params: Params) -> Injection:
    here, other, _ = _macs(plan, resource)
    setting = f"ip link set {here.port.name} address"
    announce = f"ip neigh flush dev {here.port.name}; ping -q -c 1 -W 1 {here.node.gateway} >/dev/null || true"
    return Injection(
        steps=[shell(here.node.name, f"{setting} {other.port.mac}", announce)],
        undo=[shell(here.node.name, f"{setting} {here.port.mac}", announce)],
        summary=f"{here.node.name} has the MAC address of {other.node.name}, {other.port.mac}",
    )


def _mac_symptom(plan: LabPlan, resource: str, params: Params) -> Check:
    here, other, third = _macs(plan, resource)

    async def check(lab: Ground) -> bool:
        """A third station has one MAC address for two of its neighbours."""
        for one in (here, other):
            await asking.reaches(lab, third.node.name, one.address)
        seen = [await asking.resolved(lab, third.node.name, one.address) for one in (here, other)]
        return bool(seen[0]) and seen[0] == seen[1]

    return check


KINDS: tuple[Kind, ...] = (
    Kind(
        fault_type="host_incorrect_ip",
        places=host_ports,
        steps=_wrong_steps,
        symptom=_wrong_symptom,
        alarm=_unreachable,
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
        alarm=_unreachable,
    ),
    Kind(
        fault_type="host_ip_conflict",
        places=rivalled_ports,
        steps=_conflict_steps,
        symptom=_conflict_symptom,
        alarm=_unreachable,
    ),
    Kind(
        fault_type="mac_address_conflict",
        places=mac_ports,
        steps=_mac_steps,
        symptom=_mac_symptom,
        alarm=_unreachable,
    ),
)
