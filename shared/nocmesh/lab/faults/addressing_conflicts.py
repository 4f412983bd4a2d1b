"""Two stations with one address: of the network, or of the link."""

from nocmesh.lab.faults import asking
from nocmesh.lab.faults.addressing import homed, readdressed, silent, unreachable
from nocmesh.lab.faults.kinds import Check, Ground, Injection, Kind, Params, shell
from nocmesh.lab.faults.segments import Station, segment, station_of
from nocmesh.lab.plan import LabPlan


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
    return readdressed(here, str(other.interface), summary)


def _conflict_symptom(plan: LabPlan, resource: str, params: Params) -> Check:
    here = station_of(plan, resource)
    other = rival(plan, here) or here

    async def check(lab: Ground) -> bool:
        """Both say that the address is theirs, and the host's own does not answer."""
        both = [await asking.addresses(lab, one.node.name, one.port.name) for one in (here, other)]
        return all(str(other.interface) in one for one in both) and await silent(lab, plan, here)

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
        fault_type="host_ip_conflict",
        places=rivalled_ports,
        steps=_conflict_steps,
        symptom=_conflict_symptom,
        alarm=unreachable,
    ),
    Kind(
        fault_type="mac_address_conflict",
        places=mac_ports,
        steps=_mac_steps,
        symptom=_mac_symptom,
        alarm=unreachable,
    ),
)
