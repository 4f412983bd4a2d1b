"""Resource ids: ``node/<device>``, ``interface/<device>/<interface>``, ``link/<a>:<if>--<b>:<if>``."""

from difflib import get_close_matches
from typing import Literal

from nocmesh.errors import InvalidInputError
from nocmesh.network import Network

ResourceKind = Literal["node", "interface", "link"]


def node(device: str) -> str:
    """The id of a device."""
    return f"node/{device}"


def interface(device: str, name: str) -> str:
    """The id of an interface."""
    return f"interface/{device}/{name}"


def kind_of(resource: str) -> str:
    """What ``resource`` is said to be; whether it exists is ``check_resource``'s question."""
    return resource.split("/", 1)[0]


def device_of(resource: str) -> str:
    """The device that ``resource`` is on; for a link the alphabetically first of its two."""
    kind, _, rest = resource.partition("/")
    return rest.split(":", 1)[0] if kind == "link" else rest.split("/", 1)[0]


def devices_of(resource: str) -> list[str]:
    """The devices that ``resource`` is on: both ends' for a link."""
    kind, _, rest = resource.partition("/")
    return [end.split(":", 1)[0] for end in rest.split("--", 1)] if kind == "link" else [device_of(resource)]


def known_resources(network: Network) -> set[str]:
    """Every id that the inventory knows, the ends of its links included."""
    ends = (end for link in network.links for end in (link.a, link.b))
    return {*network.resources(), *(interface(end.device, end.interface) for end in ends)}


def check_resource(resource: str, network: Network) -> str:
    """``resource`` itself when ``network`` knows it. Raises InvalidInputError that says what was expected."""
    known = known_resources(network)
    if resource in known:
        return resource
    near = get_close_matches(resource[:80], known, n=1, cutoff=0.4)
    hint = f"; the nearest known one is {near[0]!r}" if near else ""
    expected = "expected node/<device>, interface/<device>/<interface> or link/<a>:<if>--<b>:<if> of the inventory"
    raise InvalidInputError(
        f"unknown resource {resource[:80]!r}: {expected}{hint}", field="resource", reason="not in the inventory"
    )
