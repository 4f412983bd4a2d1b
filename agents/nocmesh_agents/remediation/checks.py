"""The checks that prove a fix, by the kinds that ``nocmesh.diagnosis.checks`` decides."""

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


def enabled(interface: str) -> Check:
    """The interface is not shut down."""
    return Check(
        kind="interface_enabled",
        arguments={"interface": interface, "enabled": True},
        text=f"{interface} is enabled",
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


def addressed(interface: str, address: str) -> Check:
    """The interface has the address."""
    return Check(
        kind="interface_address",
        arguments={"interface": interface, "address": address},
        text=f"{interface} has {address}",
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
