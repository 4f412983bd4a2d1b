"""The mistakes that a person can make in a simulated network: what is typed, what it is called, how it shows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

from nocmesh.proving.simulated.live import LiveNetwork
from nocmesh.proving.simulated.model import Bgp, Cable, Interface, Neighbor, Port

HEALTHY = "none"
"""An alert without a fault: the mesh must say so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Where a fault strikes: the device, and the neighbour, interface or network on it."""

    device: str
    bgp: Bgp
    neighbor: Neighbor
    interface: Interface
    cable: Cable
    network: str
    waits: bool = False
    """The far end only listens: the session depends on what this end opens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of fault."""

    name: str
    summary: str
    lines: Callable[[Plan], list[str]]
    shows: Callable[[LiveNetwork, Plan], bool]
    alertname: str = "BgpSessionDown"
    resource: Callable[[Plan], str] = lambda plan: f"node/{plan.device}"
    fits: Callable[[Plan], bool] = lambda _: True
    """Whether it breaks anything at that place; what it takes away must matter there."""
    at: tuple[str, str] = ("", "")
    """In the demo's network: the device, and which neighbour's description it strikes."""


def _bgp(*texts: str) -> Callable[[Plan], list[str]]:
    """Lines under `router bgp`; `{n}` is the neighbour's address."""
    return lambda plan: [f"router bgp {plan.bgp.asn}", *(t.format(n=plan.neighbor.address) for t in texts), "end"]


def _family(*texts: str) -> Callable[[Plan], list[str]]:
    return _bgp("address-family ipv4 unicast", *texts)


def _wrong_as(plan: Plan) -> list[str]:
    return _bgp(f"neighbor {{n}} remote-as {_wrong_number(plan.neighbor.remote_as)}")(plan)


def _wrong_number(asn: int) -> int:
    """Two digits swapped by a hasty hand: 65001 becomes 65010."""
    digits = str(asn)
    swapped = int(digits[:-2] + digits[:-3:-1])
    return swapped if swapped != asn else asn + 10


def _wrong_address(plan: Plan) -> list[str]:
    """The statement is there, for an address one subnet further."""
    neighbor = plan.neighbor
    wrong = str(IPv4Address(neighbor.address) + 4)
    lines = [f"no neighbor {neighbor.address}", f"neighbor {wrong} remote-as {neighbor.remote_as}"]
    lines += [f"neighbor {wrong} description {neighbor.description}"] if neighbor.description else []
    return [*_bgp(*lines)(plan)[:-1], "address-family ipv4 unicast", f"neighbor {wrong} activate", "end"]


def _password(plan: Plan) -> list[str]:
    wrong = f"{plan.neighbor.password}-old" if plan.neighbor.password else "forgotten"
    return _bgp(f"neighbor {{n}} password {wrong}")(plan)


def _withdrawal(plan: Plan) -> list[str]:
    address, length = plan.network.split("/")
    mask = str(IPv4Address((0xFFFFFFFF << (32 - int(length))) & 0xFFFFFFFF))
    return [*_family(f"no network {plan.network}", f"no network {address} mask {mask}")(plan)]


def _filter(plan: Plan) -> list[str]:
    """A list that somebody bound to the wrong interface, or wrote for another protocol."""
    return [
        "ip access-list extended EDGE-IN",
        "10 deny tcp any any eq bgp",
        "20 permit ip any any",
        f"interface {plan.interface.name}",
        "ip access-group EDGE-IN in",
        "end",
    ]


def _down(live: LiveNetwork, plan: Plan) -> bool:
    session = live.sessions.get((plan.device, plan.neighbor.address))
    return session is None or not session.established


def _withdrawn(live: LiveNetwork, plan: Plan) -> bool:
    others = [best for name, best in live.tables.best.items() if name != plan.device]
    return all(plan.network not in best for best in others)


def _interface_down(live: LiveNetwork, plan: Plan) -> bool:
    return not live.interfaces[Port(device=plan.device, interface=plan.interface.name)].up


def _shut(plan: Plan) -> list[str]:
    return [f"interface {plan.interface.name}", "shutdown", "end"]


def _interface_resource(plan: Plan) -> str:
    return f"interface/{plan.device}/{plan.interface.name}"


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            name="bgp_asn_misconfig",
            summary="session down, OPEN rejected",
            lines=_wrong_as,
            shows=_down,
            at=("core1", "edge1"),
        ),
        Kind(
            name="bgp_neighbor_shutdown",
            summary="session down",
            lines=_bgp("neighbor {n} shutdown"),
            shows=_down,
            at=("edge1", "isp1"),
        ),
        Kind(
            name="bgp_neighbor_missing",
            summary="session gone",
            lines=_bgp("no neighbor {n}"),
            shows=_down,
            at=("core2", "edge2"),
        ),
        Kind(
            name="bgp_peer_address_misconfig",
            summary="session down",
            lines=_wrong_address,
            shows=_down,
            at=("edge2", "core2"),
        ),
        Kind(
            name="bgp_auth_mismatch",
            summary="session down, peer does not answer",
            lines=_password,
            shows=_down,
            at=("edge1", "isp1"),
        ),
        Kind(
            name="bgp_missing_route_advertisement",
            summary="prefix no longer announced",
            lines=_withdrawal,
            shows=_withdrawn,
            alertname="BgpPrefixMissing",
            at=("core1", "edge1"),
        ),
        Kind(
            name="bgp_acl_block",
            summary="session down, hold timer expired",
            lines=_filter,
            shows=_down,
            fits=lambda plan: plan.interface.name.startswith("GigabitEthernet"),
            at=("edge1", "core1"),
        ),
        Kind(
            name="bgp_update_source_misconfig",
            summary="session down",
            lines=_bgp("no neighbor {n} update-source"),
            shows=_down,
            # Where the far end opens connections as well, its own still find this end.
            fits=lambda plan: bool(plan.neighbor.update_source) and plan.waits,
            at=("core1", "core2"),
        ),
        Kind(
            name="bgp_ttl_misconfig",
            summary="session down",
            lines=_bgp("no neighbor {n} ebgp-multihop"),
            shows=_down,
            fits=lambda plan: plan.neighbor.ebgp_multihop is not None,
            at=("edge2", "isp2"),
        ),
        Kind(
            name="bgp_address_family_missing",
            summary="no prefixes from peer",
            lines=_family("no neighbor {n} activate"),
            shows=_down,
            at=("core1", "edge1"),
        ),
        Kind(
            name="bgp_max_prefix_exceeded",
            summary="session down, prefix limit",
            lines=_family("neighbor {n} maximum-prefix 1"),
            shows=_down,
            at=("edge1", "isp1"),
        ),
        Kind(
            name="interface_admin_down",
            summary="interface down",
            lines=_shut,
            shows=_interface_down,
            alertname="InterfaceDown",
            resource=_interface_resource,
            at=("core2", "edge2"),
        ),
        Kind(
            name="link_down",
            summary="interface down",
            lines=lambda _: [],
            shows=_interface_down,
            alertname="InterfaceDown",
            resource=lambda plan: plan.cable.resource,
            at=("edge1", "core1"),
        ),
        Kind(name=HEALTHY, summary="session down", lines=lambda _: [], shows=_down, at=("core1", "edge1")),
    )
}
