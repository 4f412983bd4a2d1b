"""Platforms: which commands show a view, and what the answers mean as typed state.

protocol     what a platform is, and the verdict on an answer
frr          FRRouting; frr_* read its answers, igpconfig its configuration of OSPF and IS-IS
linux        a Linux system, and the second door of a router; linux_* and nftables read its answers
cisco_iosxe  Cisco IOS and IOS-XE; ios_* and iosroutes read its answers
cisco_nxos   Cisco NX-OS; nxos_* read its answers
cisco_iosxr  Cisco IOS-XR; xr_* read its answers
discovery    who speaks LLDP or CDP to these two; bgpnested reads their BGP configuration
arista_eos   Arista EOS; eos_* read its answers
juniper_junos  Juniper Junos; junos_* read its answers
probes       pings and traceroutes of all of them
pulse        what comes and goes, from few commands; logs: what the readers of logs share
tables       text tables of which every line must be understood
bgpconfig    BGP as configured; bgpmerge joins it with the sessions
running, neighbors  views that several platforms have in the same shape
spans        JSON that can be quoted; telling holds it against its shape; parsing is the door to TextFSM
"""

from collections.abc import Sequence
from typing import get_args

import msgspec

from nocmesh.errors import InvalidInputError
from nocmesh.messages.state import DeviceState, Output, View, ViewStatus
from nocmesh_bridges.platforms.arista_eos import ARISTA_EOS
from nocmesh_bridges.platforms.cisco_iosxe import CISCO_IOSXE
from nocmesh_bridges.platforms.cisco_iosxr import CISCO_IOSXR
from nocmesh_bridges.platforms.cisco_nxos import CISCO_NXOS
from nocmesh_bridges.platforms.frr import FRR
from nocmesh_bridges.platforms.juniper_junos import JUNIPER_JUNOS
from nocmesh_bridges.platforms.linux import LINUX
from nocmesh_bridges.platforms.protocol import Ask, Parsed, Platform

__all__ = [
    "Ask",
    "Parsed",
    "Platform",
    "asks",
    "commands",
    "has_config_of_parts",
    "judged",
    "leads",
    "platform",
    "state",
]

VIEWS: tuple[View, ...] = get_args(View)
PLATFORMS: tuple[Platform, ...] = (
    FRR,
    LINUX,
    CISCO_IOSXE,
    CISCO_NXOS,
    CISCO_IOSXR,
    ARISTA_EOS,
    JUNIPER_JUNOS,
)


def platform(name: str) -> Platform:
    """The platform called ``name``. Raises InvalidInputError that lists those that can be parsed."""
    for candidate in PLATFORMS:
        if candidate.name == name:
            return candidate
    known = ", ".join(candidate.name for candidate in PLATFORMS)
    raise InvalidInputError(f"no typed state for platform {name!r}; expected one of: {known}", field="platform")


def asks(name: str, views: Sequence[View], *, shell: bool = False) -> list[Ask]:
    """What ``views`` need on platform ``name``, each command once; nothing for a view that it does not have.

    ``shell``: whether the device has a Linux shell beside its command line. Raises InvalidInputError.
    """
    chosen = platform(name)
    found = (ask for view in _checked(views) for ask in chosen.asks(view, shell=shell))
    return list({(ask.command, ask.door): ask for ask in found}.values())


def leads(name: str, views: Sequence[View], outputs: Sequence[Output], *, shell: bool = False) -> list[Ask]:
    """What the answers to ``asks`` lead to, each command once. Raises InvalidInputError."""
    chosen = platform(name)
    found = (ask for view in _checked(views) for ask in chosen.leads(view, outputs, shell=shell))
    return list({(ask.command, ask.door): ask for ask in found}.values())


def commands(name: str, views: Sequence[View]) -> list[str]:
    """The commands that ``views`` need at the command line of platform ``name``. Raises InvalidInputError."""
    return [ask.command for ask in asks(name, views)]


def has_config_of_parts(name: str, command: str) -> bool:
    """Say whether the view `config` of platform ``name`` comes from other answers than the one to ``command``."""
    chosen = next((candidate for candidate in PLATFORMS if candidate.name == name), None)
    asked = [ask.command for ask in chosen.asks("config", shell=False)] if chosen else []
    return bool(asked) and asked != [command]


def state(device: str, platform_name: str, views: Sequence[View], outputs: Sequence[Output]) -> DeviceState:
    """What ``outputs`` say of ``device``: each view's value, or None with a status that says why.

    Takes the redacted outputs, so that every quote stands in what is recorded. Raises InvalidInputError for an unknown
    platform or view, never for what a device answered.
    """
    chosen = platform(platform_name)
    found = DeviceState(device=device, platform=platform_name)
    statuses: dict[str, ViewStatus] = {}
    for view in _checked(views):
        parsed = chosen.parse(view, outputs)
        statuses[view] = parsed.status
        hashed = {f"{view}_sha256": parsed.config_sha256} if parsed.config_sha256 else {}
        found = msgspec.structs.replace(found, **{view: parsed.value}, **hashed)
    return msgspec.structs.replace(found, status=statuses)


def judged(platform_name: str, outputs: Sequence[Output]) -> list[Output]:
    """``outputs`` with the status that each deserves. Raises InvalidInputError for an unknown platform."""
    chosen = platform(platform_name)
    return [msgspec.structs.replace(output, status=chosen.status(output)) for output in outputs]


def _checked(views: Sequence[View]) -> Sequence[View]:
    for view in views:
        if view not in VIEWS:
            raise InvalidInputError(f"no view {view!r}; expected some of: {', '.join(VIEWS)}", field="views")
    return views
