"""What goes wrong on switches and with what runs on a device: typed lines or hands, how it is called, how it shows."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

from nocmesh.proving.simulated import places
from nocmesh.proving.simulated.cabling import member, phy
from nocmesh.proving.simulated.live import LiveNetwork
from nocmesh.proving.simulated.model import Interface, Node, Port
from nocmesh.proving.simulated.places import Place
from nocmesh.proving.simulated.switching import Switchport, text_of

NOISE = 240
"""Damaged frames a minute: a bad cable."""
DEAR = 200
"""A path cost that no detour exceeds."""
OLDER = {"cisco_iosxe": "17.6.1", "frr": "8.1"}
"""What somebody put back."""
STRANGER = "ntp server 192.0.2.123"


@dataclass(frozen=True, slots=True, kw_only=True)
class MishapKind:
    """One kind."""

    name: str
    on: Literal["node", "interface", "link"]
    where: Callable[[LiveNetwork], Iterable[Place]]
    """The places where it can happen, the default first."""
    shows: Callable[[LiveNetwork, Place], bool]
    alertname: str
    summary: str
    lines: Callable[[LiveNetwork, Place], list[str]] = lambda _live, _place: []
    """What is typed."""
    act: Callable[[LiveNetwork, Place], None] = lambda _live, _place: None
    """What hands do."""
    labels: Callable[[Place], dict[str, str]] = lambda place: {"interface": place.interface} if place.interface else {}


def _node(live: LiveNetwork, place: Place) -> Node:
    return live.model.node(place.device)


def _interface(live: LiveNetwork, place: Place) -> Interface:
    return _node(live, place).running.interfaces[place.interface]


def _at_port(*texts: str) -> Callable[[LiveNetwork, Place], list[str]]:
    return lambda _live, place: [f"interface {place.interface}", *texts]


def _switchport(live: LiveNetwork, place: Place) -> Switchport:
    port = _interface(live, place).switchport
    assert port is not None
    return port


def _vlans(live: LiveNetwork) -> list[int]:
    return [vlan for vlan, tree in live.bridging.trees.items() if tree.ports]


def _other_vlan(live: LiveNetwork, place: Place) -> list[str]:
    """A trunk loses its last VLAN, an access port moves to another one."""
    port = _switchport(live, place)
    if port.trunk:
        kept = text_of(vlan for vlan in _vlans(live)[:-1] if port.carries(vlan))
        return [f"interface {place.interface}", f"switchport trunk allowed vlan {kept or 'none'}"]
    wrong = next(vlan for vlan in _vlans(live) if vlan != port.access_vlan)
    return [f"interface {place.interface}", f"switchport access vlan {wrong}"]


def _vlans_differ(live: LiveNetwork, place: Place) -> bool:
    """From what the other end carries, or, before a station, from what was saved."""
    port, node = _switchport(live, place), _node(live, place)
    far = None if place.cable is None else place.cable.other(_own_end(place))
    there = None if far is None else live.model.node(far.device).running.interfaces[far.interface].switchport
    if there is not None:
        return any(port.carries(vlan) != there.carries(vlan) for vlan in _vlans(live))
    saved = node.startup.interfaces[place.interface].switchport if node.startup else None
    return saved is not None and saved.access_vlan != port.access_vlan


def _own_end(place: Place) -> Port:
    assert place.cable is not None
    return place.cable.a if place.cable.a.device == place.device else place.cable.b


def _other_duplex(live: LiveNetwork, place: Place) -> list[str]:
    """An end that is fixed to full becomes half; one that negotiates is fixed, so that the other falls back."""
    if _interface(live, place).speed == "auto":
        return [f"interface {place.interface}", "speed 100", "duplex full"]
    return [f"interface {place.interface}", "duplex half"]


def _clashes(live: LiveNetwork, place: Place) -> bool:
    return phy(live.model, _node(live, place), _interface(live, place)).clash


def _noise(live: LiveNetwork, place: Place) -> None:
    assert place.cable is not None
    place.cable.noise[place.port] = NOISE


def _noisy(live: LiveNetwork, place: Place) -> bool:
    return live.meters[place.port].rates.get("crc", 0) >= NOISE


def _out_of_step(live: LiveNetwork, place: Place) -> list[str]:
    """One member carries other VLANs than its bundle."""
    return [f"interface {place.interface}", f"switchport trunk allowed vlan {_vlans(live)[0]}"]


def _not_bundled(live: LiveNetwork, place: Place) -> bool:
    interface = _interface(live, place)
    return interface.channel is None or member(live.model, _node(live, place), interface).flag != "P"


def _flaps(live: LiveNetwork, place: Place) -> bool:
    return any(place.device == switch for switch, *_ in live.bridging.flapping()) and not live.bridging.round


def _goes_round(live: LiveNetwork, place: Place) -> bool:
    return (place.device, place.interface) in live.bridging.storming


def _everywhere(text: str) -> Callable[[LiveNetwork, Place], list[str]]:
    return lambda live, _place: [text.format(vlans=text_of(_vlans(live)))]


def _is_root(live: LiveNetwork, place: Place) -> bool:
    trees = [tree for tree in live.bridging.trees.values() if tree.ports]
    found = [tree.bridges.get(place.device) for tree in trees]
    return any(bridge is not None and not bridge.root_port for bridge in found)


def _no_tree(live: LiveNetwork, place: Place) -> bool:
    return any(tree.ports and place.device not in tree.bridges for tree in live.bridging.trees.values())


def _detour(live: LiveNetwork, place: Place) -> bool:
    standing = [tree.bridges.get(place.device) for tree in live.bridging.trees.values() if tree.ports]
    return any(bridge is not None and bridge.root_port != place.interface for bridge in standing)


def _guarded(live: LiveNetwork, place: Place) -> bool:
    key = (place.device, place.interface)
    return any(key in t.ports and t.ports[key].why_blocked == "ROOT_Inc" for t in live.bridging.trees.values())


def _hog(live: LiveNetwork, place: Place) -> None:
    _node(live, place).hog = "SNMP ENGINE"


def _downgrade(live: LiveNetwork, place: Place) -> None:
    node = _node(live, place)
    node.version = OLDER[node.dialect]


def _wrong_version(live: LiveNetwork, place: Place) -> bool:
    node = _node(live, place)
    return node.meant is not None and node.version != node.meant.version


def _packaged(live: LiveNetwork) -> Iterable[Place]:
    for place in places.nodes(live):
        for name in live.model.node(place.device).packages:
            yield Place(device=place.device, detail=name)


def _uninstall(live: LiveNetwork, place: Place) -> None:
    _node(live, place).packages.pop(place.detail, None)


def _kill(live: LiveNetwork, place: Place) -> None:
    _node(live, place).daemons[place.detail] = False


def _served(live: LiveNetwork) -> Iterable[Place]:
    for place in places.nodes(live):
        if any(line.startswith("ntp server") for line in live.model.node(place.device).running.services):
            yield place


def _other_clock(live: LiveNetwork, place: Place) -> list[str]:
    old = [line for line in _node(live, place).running.services if line.startswith("ntp server")]
    return [*(f"no {line}" for line in old), STRANGER]


def _drifted(live: LiveNetwork, place: Place) -> bool:
    node = _node(live, place)
    return node.startup is not None and node.startup.services != node.running.services


def _trunks_and_access(live: LiveNetwork) -> Iterable[Place]:
    yield from places.trunks(live)
    yield from places.access_ports(live)


def _bundle_label(place: Place) -> dict[str, str]:
    return {"interface": place.detail or place.interface}


MISHAPS: Mapping[str, MishapKind] = {
    kind.name: kind
    for kind in (
        MishapKind(
            name="vlan_mismatch",
            on="interface",
            where=_trunks_and_access,
            lines=_other_vlan,
            shows=_vlans_differ,
            alertname="HostUnreachable",
            summary="hosts of a VLAN behind the switch do not answer",
            labels=lambda _: {},
        ),
        MishapKind(
            name="duplex_mismatch",
            on="interface",
            where=places.negotiating,
            lines=_other_duplex,
            shows=_clashes,
            alertname="InterfaceErrors",
            summary="the interface counts errors",
        ),
        MishapKind(
            name="interface_errors",
            on="interface",
            where=places.cabled,
            act=_noise,
            shows=_noisy,
            alertname="InterfaceErrors",
            summary="the interface counts errors",
        ),
        MishapKind(
            name="lag_member_down",
            on="interface",
            where=partial(places.members_of, lacp=True),
            lines=_out_of_step,
            shows=_not_bundled,
            alertname="BundleDegraded",
            summary="a bundle has less bandwidth than it should",
            labels=lambda _: {},
        ),
        MishapKind(
            name="mac_flap",
            on="link",
            where=partial(places.members_of, lacp=False),
            lines=_at_port("no channel-group"),
            shows=_flaps,
            alertname="SyslogWarning",
            summary="%SW_MATM-4-MACFLAP_NOTIF again and again",
            labels=lambda _: {},
        ),
        MishapKind(
            name="l2_loop",
            on="link",
            where=places.single_trunks,
            lines=_at_port("spanning-tree bpdufilter enable"),
            shows=_goes_round,
            alertname="InterfaceUtilisation",
            summary="interfaces are loaded to 97 %",
            labels=lambda _: {},
        ),
        MishapKind(
            name="l2_port_missing",
            on="interface",
            where=places.bridge_ports,
            lines=_at_port("no switchport"),
            shows=lambda live, place: _interface(live, place).switchport is None,
            alertname="HostUnreachable",
            summary="a station behind the switch does not answer",
            labels=lambda _: {},
        ),
        MishapKind(
            name="stp_root_moved",
            on="node",
            where=places.not_root,
            lines=_everywhere("spanning-tree vlan {vlans} priority 0"),
            shows=_is_root,
            alertname="SpanningTreeChanged",
            summary="SNMP trap newRoot",
        ),
        MishapKind(
            name="stp_disabled",
            on="node",
            where=lambda live: (Place(device=node.name) for node in places.switches(live)),
            lines=_everywhere("no spanning-tree vlan {vlans}"),
            shows=_no_tree,
            alertname="SpanningTreeChanged",
            summary="SNMP trap topologyChange",
        ),
        MishapKind(
            name="stp_cost_misconfig",
            on="interface",
            where=places.detourable,
            lines=_at_port(f"spanning-tree cost {DEAR}"),
            shows=_detour,
            alertname="SpanningTreeChanged",
            summary="SNMP trap topologyChange",
            labels=lambda _: {},
        ),
        MishapKind(
            name="stp_port_blocked_unexpectedly",
            on="interface",
            where=places.root_ports,
            lines=_at_port("spanning-tree guard root"),
            shows=_guarded,
            alertname="HostUnreachable",
            summary="hosts behind the switch do not answer",
            labels=lambda _: {},
        ),
        MishapKind(
            name="device_resource_exhausted",
            on="node",
            where=partial(places.nodes, dialect="cisco_iosxe"),
            act=_hog,
            shows=lambda live, place: bool(_node(live, place).hog),
            alertname="CpuHigh",
            summary="CPU above 95 % for five minutes",
        ),
        MishapKind(
            name="version_mismatch",
            on="node",
            where=places.nodes,
            act=_downgrade,
            shows=_wrong_version,
            alertname="SoftwareAudit",
            summary="the software is not as it should be",
        ),
        MishapKind(
            name="missing_install",
            on="node",
            where=_packaged,
            act=_uninstall,
            shows=lambda live, place: place.detail not in _node(live, place).packages,
            alertname="SoftwareAudit",
            summary="the software is not as it should be",
        ),
        MishapKind(
            name="frr_service_down",
            on="node",
            where=partial(places.daemons, first="bgpd"),
            act=_kill,
            shows=lambda live, place: not _node(live, place).running_daemon(place.detail),
            alertname="BgpSessionDown",
            summary="session down",
        ),
        MishapKind(
            name="service_down",
            on="node",
            where=partial(places.daemons, first="bfdd"),
            act=_kill,
            shows=lambda live, place: not _node(live, place).running_daemon(place.detail),
            alertname="ProcessMissing",
            summary="a process that should run does not",
        ),
        MishapKind(
            name="configuration_drift",
            on="node",
            where=_served,
            lines=_other_clock,
            shows=_drifted,
            alertname="ConfigurationChanged",
            summary="the configuration changed outside a change",
        ),
    )
}
