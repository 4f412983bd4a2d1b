"""The checks that prove a fix, by the kinds that ``nocmesh.diagnosis.checks`` decides."""

from collections.abc import Sequence
from typing import Any

from nocmesh.messages.change import Check
from nocmesh.messages.state import StpBridge, StpPort, SwitchPort

CONVERGENCE = 60.0
"""Seconds that a session may take: FRR and IOS retry a connect within half a minute or so, then exchange routes. An
adjacency takes as long where a designated router is chosen first (RFC 2328 §9.1: a dead interval, 40 s by default)."""
SOON, AT_ONCE = 20.0, 10.0


def _check(kind: str, text: str, arguments: dict[str, Any], within: float = AT_ONCE) -> Check:
    return Check(kind=kind, arguments=arguments, text=text, within=within)


def established(neighbor: str) -> Check:
    """The session to ``neighbor`` is up."""
    arguments = {"neighbor": neighbor, "state": "established"}
    return _check("bgp_session", f"BGP session to {neighbor} is established", arguments, CONVERGENCE)


def active(neighbor: str, family: str) -> Check:
    """The address family is activated for ``neighbor``."""
    return _check("bgp_address_family", f"{family} is active for {neighbor}", {"neighbor": neighbor, "family": family})


def originated(prefix: str, *, present: bool = True) -> Check:
    """The device originates ``prefix``, or does so no more."""
    text = f"{prefix} is {'originated' if present else 'not originated'}"
    return _check("bgp_network", text, {"prefix": prefix, "present": present})


def sends_more(neighbor: str, than: int) -> Check:
    """The neighbour is told of more prefixes than ``than``."""
    text = f"{neighbor} is told of more than {than} prefixes"
    return _check("bgp_prefixes_sent", text, {"neighbor": neighbor, "min": than + 1}, CONVERGENCE)


def ospf_adjacency(interface: str) -> Check:
    """The device has its OSPF neighbour on the interface."""
    return _check("ospf_adjacency", f"OSPF is full on {interface}", {"interface": interface}, CONVERGENCE)


def ospf_router_id(router_id: str) -> Check:
    """OSPF calls the device so."""
    return _check("ospf_router_id", f"its OSPF router id is {router_id}", {"router_id": router_id}, SOON)


def isis_adjacency(interface: str, level: str) -> Check:
    """The device has its IS-IS neighbour on the interface, at that level."""
    arguments = {"interface": interface, "level": level}
    return _check("isis_adjacency", f"IS-IS is up on {interface} at {level}", arguments, CONVERGENCE)


def isis_system_id(system_id: str) -> Check:
    """IS-IS calls the device so."""
    return _check("isis_system_id", f"its system id is {system_id}", {"system_id": system_id}, SOON)


def igp_interface(protocol: str, interface: str, name: str, value: str) -> Check:
    """The interface has that setting in OSPF or IS-IS."""
    told: Any = int(value) if value.isdecimal() else value
    text = f"{interface} has the {name.replace('_', ' ')} {value}"
    return _check(f"{protocol}_interface", text, {"interface": interface, name: told})


def way(prefix: str, interface: str) -> Check:
    """Traffic to ``prefix`` goes through the interface."""
    arguments = {"prefix": prefix, "interface": interface}
    return _check("route", f"{prefix} is reached by {interface}", arguments, CONVERGENCE)


def forwards() -> Check:
    """The device forwards."""
    return _check("ip_forwarding", "the device forwards", {"enabled": True})


def unfiltered(name: str, text: str) -> Check:
    """The filter has that rule no more."""
    return _check("filter_rule", f"'{text}' is gone from {name}", {"name": name, "text": text, "present": False})


def interface_up(interface: str) -> list[Check]:
    """The interface is enabled, and carries."""
    return [enabled(interface), oper_up(interface)]


def enabled(interface: str, *, enabled: bool = True) -> Check:
    """The interface is not shut down; or it is."""
    arguments = {"interface": interface, "enabled": enabled}
    return _check("interface_enabled", f"{interface} is {'enabled' if enabled else 'shut down'}", arguments)


def oper_up(interface: str) -> Check:
    """The interface has carrier."""
    return _check("interface_oper", f"{interface} is up", {"interface": interface, "up": True}, SOON)


def addressed(interface: str, address: str, *, present: bool = True) -> Check:
    """The interface has the address, or has it no more."""
    arguments = {"interface": interface, "address": address, "present": present}
    return _check("interface_address", f"{interface} {'has' if present else 'no longer has'} {address}", arguments)


def duplex(interface: str, value: str) -> Check:
    """The interface has that duplex."""
    arguments = {"interface": interface, "duplex": value}
    return _check("interface_duplex", f"{interface} is {value} duplex", arguments, SOON)


def mtu(interface: str, value: int) -> Check:
    """The interface has that MTU."""
    return _check("interface_mtu", f"{interface} has MTU {value}", {"interface": interface, "mtu": value})


def stp_bridge(was: StpBridge) -> Check:
    """The tree has the device as it had it."""
    arguments: dict[str, Any] = {"bridge": was.name, "root_port": was.root_port}
    arguments |= {"enabled": was.enabled} if was.enabled is not None else {}
    arguments |= {"priority": was.priority} if was.priority is not None else {}
    return _check("stp_bridge", f"{was.name} is as it was", arguments, CONVERGENCE)


def stp_port(was: StpPort) -> Check:
    """The port is in the state in which it was."""
    arguments = {"interface": was.name, "bridge": was.bridge, "state": was.state}
    return _check("stp_port", f"{was.name} is {was.state} in {was.bridge}", arguments, CONVERGENCE)


def switchport(was: SwitchPort) -> Check:
    """The port has its mode and its VLANs."""
    arguments: dict[str, Any] = {"interface": was.name, "mode": was.mode}
    arguments |= {"access_vlan": was.access_vlan} if was.mode == "access" and was.access_vlan else {}
    arguments |= {"vlan": was.trunk_vlans[-1]} if was.mode == "trunk" and was.trunk_vlans else {}
    return _check("switchport", f"{was.name} is the {was.mode or 'switch'} port that it was", arguments, CONVERGENCE)


def bundled(interface: str) -> Check:
    """The interface carries traffic of its bundle."""
    return _check("lag_member", f"{interface} is bundled", {"interface": interface, "bundled": True}, CONVERGENCE)


def line(section: str, text: str, *, present: bool = True) -> Check:
    """The configuration has the line, or has it no more."""
    there = "stands in" if present else "is gone from"
    arguments = {"section": section, "text": text, "present": present}
    return _check("config_line", f"'{text}' {there} '{section}'", arguments)


def shell_line(section: str, text: str) -> Check:
    """The Linux system behind the router's shell is set so."""
    arguments = {"section": section, "text": text, "present": True}
    return _check("shell_config_line", f"'{text}' stands in '{section}'", arguments)


def mac(interface: str, address: str) -> Check:
    """The interface has the MAC address."""
    arguments = {"interface": interface, "mac": address}
    return _check("interface_mac", f"{interface} has the MAC address {address}", arguments)


def in_bridge(interface: str, bridge: str) -> Check:
    """The interface is a port of the bridge."""
    arguments = {"interface": interface, "bridge": bridge}
    return _check("interface_bridge", f"{interface} is a port of {bridge}", arguments)


def bridge_set(bridge: str, setting: str, value: int) -> Check:
    """The bridge takes part in spanning tree, or has the priority."""
    is_state = setting == "stp_state"
    wanted = {"enabled": value > 0} if is_state else {"priority": value}
    text = f"{bridge} takes part in spanning tree" if is_state else f"{bridge} has priority {value}"
    return _check("stp_bridge", text, {"bridge": bridge, **wanted})


def routed(routes: Sequence[str]) -> list[Check]:
    """Each of the routes, as `ip route` writes them, is there."""
    return [_routed(route.split()) for route in routes if route.split()[0][0].isdigit() or route.startswith("default ")]


def _routed(words: list[str]) -> Check:
    prefix = "0.0.0.0/0" if words[0] == "default" else words[0]
    via = {"via": words[words.index("via") + 1]} if "via" in words[:-1] else {}
    arguments = {"prefix": prefix, "present": True, **via}
    return _check("route", f"there is a route {' '.join(words)}", arguments)


def undropped(prefix: str) -> Check:
    """No route drops what goes to ``prefix``."""
    arguments = {"prefix": prefix, "present": False, "discards": True}
    return _check("route", f"no route drops what goes to {prefix}", arguments)


def running(service: str) -> Check:
    """The daemon or service runs."""
    return _check("service", f"{service} runs", {"name": service, "running": True})


def adjacent(protocol: str, interface: str) -> Check:
    """There is an adjacency on the interface."""
    text = f"{protocol.upper().replace('ISIS', 'IS-IS')} has an adjacency on {interface}"
    return _check(f"{protocol}_adjacency", text, {"interface": interface}, CONVERGENCE)
