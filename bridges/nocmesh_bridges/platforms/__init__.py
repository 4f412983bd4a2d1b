"""Platforms: which commands show a view, and what the answers mean as typed state.

protocol     what a platform is, and the verdict on an answer
frr          FRRouting: JSON and running configuration
cisco_iosxe  Cisco IOS and IOS-XE: TextFSM and running configuration; iosroutes is its routing table
bgpconfig    BGP as configured; bgpmerge joins it with the sessions
spans        JSON that can be quoted; parsing is the door to TextFSM
"""

from collections.abc import Sequence

import msgspec

from nocmesh.errors import InvalidInputError
from nocmesh.messages.state import DeviceState, Output, View, ViewStatus
from nocmesh_bridges.platforms.cisco_iosxe import CiscoIosXe
from nocmesh_bridges.platforms.frr import Frr
from nocmesh_bridges.platforms.protocol import Parsed, Platform

__all__ = ["Parsed", "Platform", "commands", "judged", "platform", "state"]

VIEWS: tuple[View, ...] = ("interfaces", "bgp", "routes", "config")
PLATFORMS: tuple[Platform, ...] = (Frr(), CiscoIosXe())


def platform(name: str) -> Platform:
    """The platform called ``name``. Raises InvalidInputError that lists those that can be parsed."""
    for candidate in PLATFORMS:
        if candidate.name == name:
            return candidate
    known = ", ".join(candidate.name for candidate in PLATFORMS)
    raise InvalidInputError(f"no typed state for platform {name!r}; expected one of: {known}", field="platform")


def commands(name: str, views: Sequence[View]) -> list[str]:
    """The commands that ``views`` need on platform ``name``, each once. Raises InvalidInputError."""
    chosen = platform(name)
    return list(dict.fromkeys(command for view in _checked(views) for command in chosen.commands(view)))


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
        if view == "config":
            found = msgspec.structs.replace(found, config=parsed.config, config_sha256=parsed.config_sha256)
        else:
            found = msgspec.structs.replace(found, **{view: getattr(parsed, view)})
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
