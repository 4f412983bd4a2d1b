"""The checks that prove a fix, by the kinds that ``nocmesh.diagnosis.checks`` decides."""

from collections.abc import Sequence

from nocmesh.messages.change import Check

CONVERGENCE = 60.0
"""Seconds that a session may take: FRR and IOS retry a connect within half a minute or so, then exchange routes."""


def established(neighbor: str) -> Check:
    """The session to ``neighbor`` is up."""
    return Check(
        kind="bgp_session",
        arguments={"neighbor": neighbor, "state": "established"},
        text=f"BGP session to {neighbor} is established",
        within=CONVERGENCE,
    )


def active(neighbor: str, family: str) -> Check:
    """The address family is activated for ``neighbor``."""
    return Check(
        kind="bgp_address_family",
        arguments={"neighbor": neighbor, "family": family},
        text=f"{family} is active for {neighbor}",
        within=10.0,
    )


def originated(prefix: str) -> Check:
    """The device originates ``prefix``."""
    return Check(
        kind="bgp_network",
        arguments={"prefix": prefix, "present": True},
        text=f"{prefix} is originated",
        within=10.0,
    )


def interface_up(interface: str) -> list[Check]:
    """The interface is enabled, and carries."""
    return [enabled(interface), oper_up(interface)]


def enabled(interface: str, *, enabled: bool = True) -> Check:
    """The interface is not shut down; or it is."""
    return Check(
        kind="interface_enabled",
        arguments={"interface": interface, "enabled": enabled},
        text=f"{interface} is {'enabled' if enabled else 'shut down'}",
        within=10.0,
    )


def oper_up(interface: str) -> Check:
    """The interface has carrier."""
    return Check(
        kind="interface_oper",
        arguments={"interface": interface, "up": True},
        text=f"{interface} is up",
        within=20.0,
    )


def addressed(interface: str, address: str, *, present: bool = True) -> Check:
    """The interface has the address, or has it no more."""
    return Check(
        kind="interface_address",
        arguments={"interface": interface, "address": address, "present": present},
        text=f"{interface} {'has' if present else 'no longer has'} {address}",
        within=10.0,
    )


def line(section: str, text: str, *, present: bool = True) -> Check:
    """The configuration has the line, or has it no more."""
    there = "stands in" if present else "is gone from"
    return Check(
        kind="config_line",
        arguments={"section": section, "text": text, "present": present},
        text=f"'{text}' {there} '{section}'",
        within=10.0,
    )


def shell_line(section: str, text: str) -> Check:
    """The Linux system behind the router's shell is set so."""
    return Check(
        kind="shell_config_line",
        arguments={"section": section, "text": text, "present": True},
        text=f"'{text}' stands in '{section}'",
        within=10.0,
    )


def mtu(interface: str, size: int) -> Check:
    """The interface has the MTU."""
    return Check(
        kind="interface_mtu",
        arguments={"interface": interface, "mtu": size},
        text=f"{interface} has MTU {size}",
        within=10.0,
    )


def mac(interface: str, address: str) -> Check:
    """The interface has the MAC address."""
    return Check(
        kind="interface_mac",
        arguments={"interface": interface, "mac": address},
        text=f"{interface} has the MAC address {address}",
        within=10.0,
    )


def in_bridge(interface: str, bridge: str) -> Check:
    """The interface is a port of the bridge."""
    return Check(
        kind="interface_bridge",
        arguments={"interface": interface, "bridge": bridge},
        text=f"{interface} is a port of {bridge}",
        within=10.0,
    )


def stp_bridge(bridge: str, setting: str, value: int) -> Check:
    """The bridge takes part in spanning tree, or has the priority."""
    is_state = setting == "stp_state"
    wanted = {"enabled": value > 0} if is_state else {"priority": value}
    return Check(
        kind="stp_bridge",
        arguments={"bridge": bridge, **wanted},
        text=f"{bridge} takes part in spanning tree" if is_state else f"{bridge} has priority {value}",
        within=10.0,
    )


def routed(routes: Sequence[str]) -> list[Check]:
    """Each of the routes, as `ip route` writes them, is there."""
    return [_routed(route.split()) for route in routes if route.split()[0][0].isdigit() or route.startswith("default ")]


def _routed(words: list[str]) -> Check:
    prefix = "0.0.0.0/0" if words[0] == "default" else words[0]
    via = {"via": words[words.index("via") + 1]} if "via" in words[:-1] else {}
    return Check(
        kind="route",
        arguments={"prefix": prefix, "present": True, **via},
        text=f"there is a route {' '.join(words)}",
        within=10.0,
    )


def undropped(prefix: str) -> Check:
    """No route drops what goes to ``prefix``."""
    return Check(
        kind="route",
        arguments={"prefix": prefix, "present": False, "discards": True},
        text=f"no route drops what goes to {prefix}",
        within=10.0,
    )


def unfiltered(chain: str, rule: str) -> Check:
    """The chain has the rule no more."""
    return Check(
        kind="filter_rule",
        arguments={"name": chain, "text": rule, "present": False},
        text=f"'{rule}' is gone from {chain}",
        within=10.0,
    )


def running(service: str) -> Check:
    """The daemon or service runs."""
    return Check(
        kind="service",
        arguments={"name": service, "running": True},
        text=f"{service} runs",
        within=10.0,
    )


def forwarding() -> Check:
    """The device forwards packets between its interfaces."""
    return Check(kind="ip_forwarding", arguments={"enabled": True}, text="IP forwarding is on", within=10.0)


def adjacent(protocol: str, interface: str) -> Check:
    """There is an adjacency on the interface."""
    return Check(
        kind=f"{protocol}_adjacency",
        arguments={"interface": interface},
        text=f"{protocol.upper().replace('ISIS', 'IS-IS')} has an adjacency on {interface}",
        within=CONVERGENCE,
    )
