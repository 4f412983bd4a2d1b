"""Checks of switches: spanning tree, VLANs on ports, members of aggregates."""

from collections.abc import Mapping

from nocmesh.diagnosis.checkkinds import Arguments, CheckResult, Decide, Kind, alike, kind, one_of, result
from nocmesh.messages.state import LagMember, Stp, StpBridge, StpPort, Switching, SwitchPort

_BRIDGE: Mapping[str, type] = {"enabled": bool, "priority": int, "root_id": str, "root_port": str}
_PORT: Mapping[str, type] = {"state": str, "cost": int, "role": str}
_SWITCHPORT: Mapping[str, type] = {"mode": str, "access_vlan": int, "native_vlan": int}


def _bridge(stp: Stp, arguments: Arguments) -> StpBridge | None:
    return next((b for b in stp.bridges if b.name == arguments["bridge"]), None)


def _port(stp: Stp, arguments: Arguments) -> StpPort | None:
    name, bridge = arguments["interface"], arguments.get("bridge", "")
    return next((p for p in stp.ports if p.name == name and bridge in ("", p.bridge)), None)


def _switchport(switching: Switching, arguments: Arguments) -> SwitchPort | None:
    return next((p for p in switching.ports if p.name == arguments["interface"]), None)


def _port_settings(port: SwitchPort, arguments: Arguments) -> CheckResult:
    """Its settings, and whether its trunk carries a VLAN."""
    settings = alike("name", _SWITCHPORT)(port, arguments)
    if "vlan" not in arguments:
        return settings
    carried = ", ".join(map(str, port.trunk_vlans)) or "none"
    return result(settings.passed and arguments["vlan"] in port.trunk_vlans, f"{settings.seen}, VLANs {carried}")


def _member(switching: Switching, arguments: Arguments) -> LagMember | None:
    members = [member for lag in switching.lags for member in lag.members]
    return next((m for m in members if m.interface == arguments["interface"]), None)


def _bundled(member: LagMember, arguments: Arguments) -> CheckResult:
    word = {True: "bundled", False: "not bundled", None: "of unknown state"}[member.bundled]
    return result(member.bundled is arguments.get("bundled", True), f"{member.interface} is {word}")


def _of_port(decide: Decide) -> Decide:
    return one_of(_switchport, "switch port {interface}", decide)


SWITCHING: Mapping[str, Kind] = {
    "stp_bridge": kind(
        "stp", one_of(_bridge, "spanning tree {bridge}", alike("name", _BRIDGE)), {"bridge": str}, _BRIDGE
    ),
    "stp_port": kind(
        "stp",
        one_of(_port, "such port {interface}", alike("name", _PORT)),
        {"interface": str},
        {"bridge": str, **_PORT},
    ),
    "switchport": kind("switching", _of_port(_port_settings), {"interface": str}, {"vlan": int, **_SWITCHPORT}),
    "lag_member": kind(
        "switching", one_of(_member, "member {interface}", _bundled), {"interface": str}, {"bundled": bool}
    ),
}
"""Kinds by name."""
