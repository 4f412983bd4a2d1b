"""What goes wrong on switches and with what runs on a device: one row for each kind."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

from nocmesh.proving.simulated import mishap_acts as acts
from nocmesh.proving.simulated import places
from nocmesh.proving.simulated.live import LiveNetwork
from nocmesh.proving.simulated.places import Place

DEAR = 200
"""A path cost that no detour exceeds."""


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
    lines: acts.Lines = lambda _live, _place: []
    """What is typed."""
    act: Callable[[LiveNetwork, Place], None] = lambda _live, _place: None
    """What hands do."""
    labels: Callable[[LiveNetwork, Place], dict[str, str]] = acts.no_labels
    """What monitoring tells beside the device."""


_LAYER_2 = (
    MishapKind(
        name="vlan_mismatch",
        on="interface",
        where=acts.trunks_and_access,
        lines=acts.other_vlan,
        shows=acts.vlans_differ,
        alertname="HostUnreachable",
        summary="hosts of a VLAN behind the switch do not answer",
    ),
    MishapKind(
        name="duplex_mismatch",
        on="interface",
        where=places.negotiating,
        lines=acts.other_duplex,
        shows=acts.duplex_clashes,
        alertname="InterfaceErrors",
        summary="the interface counts errors",
        labels=acts.port_label,
    ),
    MishapKind(
        name="interface_errors",
        on="interface",
        where=places.cabled,
        act=acts.spoil,
        shows=acts.errors_rise,
        alertname="InterfaceErrors",
        summary="the interface counts errors",
        labels=acts.port_label,
    ),
    MishapKind(
        name="lag_member_down",
        on="interface",
        where=partial(places.members_of, lacp=True),
        lines=acts.out_of_step,
        shows=acts.not_bundled,
        alertname="BundleDegraded",
        summary="a bundle has less bandwidth than it should",
        labels=acts.bundle_label,
    ),
    MishapKind(
        name="mac_flap",
        on="link",
        where=partial(places.members_of, lacp=False),
        lines=acts.at_port("no channel-group"),
        shows=acts.addresses_flap,
        alertname="SyslogWarning",
        summary="%SW_MATM-4-MACFLAP_NOTIF again and again",
    ),
    MishapKind(
        name="l2_loop",
        on="link",
        where=places.single_trunks,
        lines=acts.at_port("spanning-tree bpdufilter enable"),
        shows=acts.frames_go_round,
        alertname="InterfaceUtilisation",
        summary="interfaces are loaded to 97 %",
    ),
    MishapKind(
        name="l2_port_missing",
        on="interface",
        where=places.bridge_ports,
        lines=acts.at_port("no switchport"),
        shows=acts.not_bridged,
        alertname="HostUnreachable",
        summary="a station behind the switch does not answer",
    ),
)
_TREE = (
    MishapKind(
        name="stp_root_moved",
        on="node",
        where=places.not_root,
        lines=acts.everywhere("spanning-tree vlan {vlans} priority 0"),
        shows=acts.is_root,
        alertname="SpanningTreeChanged",
        summary="SNMP trap newRoot",
    ),
    MishapKind(
        name="stp_disabled",
        on="node",
        where=places.bridges,
        lines=acts.everywhere("no spanning-tree vlan {vlans}"),
        shows=acts.takes_no_part,
        alertname="SpanningTreeChanged",
        summary="SNMP trap topologyChange",
    ),
    MishapKind(
        name="stp_cost_misconfig",
        on="interface",
        where=places.detourable,
        lines=acts.at_port(f"spanning-tree cost {DEAR}"),
        shows=acts.goes_elsewhere,
        alertname="SpanningTreeChanged",
        summary="SNMP trap topologyChange",
    ),
    MishapKind(
        name="stp_port_blocked_unexpectedly",
        on="interface",
        where=places.root_ports,
        lines=acts.at_port("spanning-tree guard root"),
        shows=acts.guarded,
        alertname="HostUnreachable",
        summary="hosts behind the switch do not answer",
    ),
)
_DEVICE = (
    MishapKind(
        name="device_resource_exhausted",
        on="node",
        where=partial(places.nodes, dialect="cisco_iosxe"),
        act=acts.hog,
        shows=acts.hogged,
        alertname="CpuHigh",
        summary="CPU above 95 % for five minutes",
    ),
    MishapKind(
        name="version_mismatch",
        on="node",
        where=places.nodes,
        act=acts.downgrade,
        shows=acts.wrong_version,
        alertname="SoftwareAudit",
        summary="the software is not as it should be",
    ),
    MishapKind(
        name="missing_install",
        on="node",
        where=acts.packaged,
        act=acts.uninstall,
        shows=acts.not_installed,
        alertname="SoftwareAudit",
        summary="the software is not as it should be",
    ),
    MishapKind(
        name="frr_service_down",
        on="node",
        where=partial(places.daemons, first="bgpd"),
        act=acts.kill,
        shows=acts.not_running,
        alertname="BgpSessionDown",
        summary="session down",
        labels=acts.session_label,
    ),
    MishapKind(
        name="service_down",
        on="node",
        where=partial(places.daemons, first="bfdd"),
        act=acts.kill,
        shows=acts.not_running,
        alertname="ProcessMissing",
        summary="a process that should run does not",
    ),
    MishapKind(
        name="configuration_drift",
        on="node",
        where=acts.with_clocks,
        lines=acts.other_clock,
        shows=acts.drifted,
        alertname="ConfigurationChanged",
        summary="the configuration changed outside a change",
    ),
)

_CABLES = (
    MishapKind(
        name="link_down",
        on="link",
        where=places.cabled,
        act=acts.pull,
        shows=acts.no_carrier,
        alertname="InterfaceDown",
        summary="interface down",
        labels=acts.port_label,
    ),
    MishapKind(
        name="interface_admin_down",
        on="interface",
        where=places.cabled,
        lines=acts.at_port("shutdown"),
        shows=acts.no_carrier,
        alertname="InterfaceDown",
        summary="interface down",
        labels=acts.port_label,
    ),
)

MISHAPS: Mapping[str, MishapKind] = {kind.name: kind for kind in (*_LAYER_2, *_TREE, *_DEVICE)}
CABLES: Mapping[str, MishapKind] = {kind.name: kind for kind in _CABLES}
"""What happens on routers' cables too: there the routing faults of that name know which session it costs."""
