"""What NetBox knows, in the form of an inventory file. Pure: its objects in, plain data out.

Takes the shapes of NetBox 3.0 to 4.x. What cannot be a device of ours (no platform that we know, no primary address)
is left out and said to be so; an object of another shape than NetBox's is an error that names it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from nocmesh.errors import InvalidInputError
from nocmesh.inventory_form import PlatformName

Object = Mapping[str, Any]

SLUGS: Mapping[str, str] = {
    **{name: name for name in get_args(PlatformName)},
    **dict.fromkeys(("ios", "ios-xe", "iosxe", "cisco-ios", "cisco-ios-xe", "cisco-iosxe", "cisco_ios"), "cisco_iosxe"),
    **dict.fromkeys(("ios-xr", "iosxr", "cisco-ios-xr", "cisco-iosxr", "cisco_xr"), "cisco_iosxr"),
    **dict.fromkeys(("nx-os", "nxos", "cisco-nx-os", "cisco-nxos"), "cisco_nxos"),
    **dict.fromkeys(("eos", "arista", "arista-eos"), "arista_eos"),
    **dict.fromkeys(("junos", "juniper", "juniper-junos", "junos-os"), "juniper_junos"),
    **dict.fromkeys(("frrouting", "free-range-routing"), "frr"),
    **dict.fromkeys(("debian", "ubuntu", "rocky", "rhel", "alpine"), "linux"),
}
"""Slugs of platforms that NetBox installations commonly use, beside our own names."""

OURS = "nocmesh"
"""The key of a device's config context, or the custom field, that holds what only we need of it."""
EXTRA = frozenset(
    {
        *("port", "host_key", "core", "legacy", "aliases", "snmp", "shell", "intent", "credential"),
        *("max_sessions", "logins_per_minute"),
    }
)
CHECKED = ("site", "role", "platform", "status", "tag")
"""Filters whose effect can be seen on the answer: NetBox ignores a filter that it does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """How objects of NetBox become devices of ours."""

    credential: str = ""
    """For devices that nothing else gives one."""
    by_platform: Mapping[str, str] = field(default_factory=dict)
    by_role: Mapping[str, str] = field(default_factory=dict)
    by_tag: Mapping[str, str] = field(default_factory=dict)
    platforms: Mapping[str, str] = field(default_factory=dict)
    """Slugs of this NetBox to our platforms, beside ``SLUGS``."""
    core_roles: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Objects:
    """What was read."""

    devices: Sequence[Object]
    interfaces: Sequence[Object] = ()
    addresses: Sequence[Object] = ()
    cables: Sequence[Object] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Devices and links in the form of an inventory file, and what was left out with the reason."""

    devices: list[dict[str, Any]]
    links: list[dict[str, str]]
    left_out: list[str]


def found_in(objects: Objects, mapped: Mapped) -> Found:
    """``objects`` as an inventory. Raises InvalidInputError that names an object which is not as NetBox gives them."""
    left_out: list[str] = []
    devices: dict[int, dict[str, Any]] = {}
    for device in objects.devices:
        entry, reason = _device(device, mapped)
        if entry is None:
            left_out.append(f"{_named(device)}: {reason}")
        else:
            devices[_id(device, "device")] = entry
    ports = _ports(objects.interfaces, devices)
    _address(objects.addresses, ports)
    for port in ports.values():
        port.device.setdefault("interfaces", []).append(port.entry)
    return Found(devices=list(devices.values()), links=_links(objects, ports), left_out=left_out)


def ignored_filters(devices: Iterable[Object], filters: Mapping[str, Sequence[str]]) -> list[str]:
    """The filters that the answer shows no effect of."""
    wanted = {key: set(values) for key, values in filters.items() if key in CHECKED}
    return sorted({key for device in devices for key, values in wanted.items() if not values & _tells(device, key)})


def _tells(device: Object, key: str) -> set[str]:
    if key == "tag":
        tags = device.get("tags")
        return {_slug(tag) for tag in tags} if isinstance(tags, list) else set()
    value = _role(device) if key == "role" else device.get(key)
    return {_slug(value)}


# --- devices


def _device(device: Object, mapped: Mapped) -> tuple[dict[str, Any] | None, str]:
    """One device, or why it is left out."""
    slug = _slug(device.get("platform"))
    platform = mapped.platforms.get(slug) or SLUGS.get(slug)
    primary = device.get("primary_ip") or device.get("primary_ip4") or device.get("primary_ip6")
    address = _text(_mapping(primary, device, "primary_ip").get("address")).partition("/")[0] if primary else ""
    reasons = {
        "it has no name": not _text(device.get("name")),
        f"its platform {slug!r} is none that we know; map it under netbox.platforms": bool(slug) and not platform,
        "it has no platform": not slug,
        "it has no primary address": not address,
    }
    reason = next((reason for reason, holds in reasons.items() if holds), "")
    if reason:
        return None, reason
    role, extra = _slug(_role(device)), _extra(device)
    entry: dict[str, Any] = {
        "name": _text(device.get("name")),
        "platform": platform,
        "address": address,
        "credential": _credential(device, str(platform), role, mapped),
        "role": role,
        "site": _slug(device.get("site")),
    }
    if role in mapped.core_roles:
        entry["core"] = True
    return {**entry, **extra}, ""


def _credential(device: Object, platform: str, role: str, mapped: Mapped) -> str:
    by_tag = (mapped.by_tag[tag] for tag in sorted(_tells(device, "tag")) if tag in mapped.by_tag)
    return next(by_tag, "") or mapped.by_role.get(role) or mapped.by_platform.get(platform) or mapped.credential


def _extra(device: Object) -> dict[str, Any]:
    """What the config context or the custom field `nocmesh` says of the device, in the inventory's own words."""
    found: dict[str, Any] = {}
    for source in ("config_context", "custom_fields"):
        holder = device.get(source)
        ours = holder.get(OURS) if isinstance(holder, Mapping) else None
        if ours is None:
            continue
        given = _mapping(ours, device, f"{source}.{OURS}")
        unknown = sorted(set(map(str, given)) - EXTRA)
        if unknown:
            known = ", ".join(sorted(EXTRA))
            _wrong(device, f"{source}.{OURS}", f"unknown key {unknown[0]!r}; expected some of: {known}")
        found |= given
    return found


def _role(device: Object) -> Any:
    return device.get("role") or device.get("device_role")  # until NetBox 3.5


# --- interfaces, addresses, cables


@dataclass(frozen=True, slots=True, kw_only=True)
class _Port:
    device: dict[str, Any]
    entry: dict[str, Any]

    @property
    def end(self) -> str:
        return f"{self.device['name']}:{self.entry['name']}"


def _ports(interfaces: Iterable[Object], devices: Mapping[int, dict[str, Any]]) -> dict[int, _Port]:
    """Interfaces of our devices by id."""
    found: dict[int, _Port] = {}
    for interface in interfaces:
        device = devices.get(_id(_mapping(interface.get("device"), interface, "device"), "interface's device"))
        name = _text(interface.get("name"))
        if device is None or not name:
            continue
        entry: dict[str, Any] = {"name": name, "enabled": interface.get("enabled") is not False}
        mtu = interface.get("mtu")
        if isinstance(mtu, int) and 64 <= mtu <= 65535:
            entry["mtu"] = mtu
        if _text(interface.get("description")):
            entry["description"] = _text(interface.get("description"))
        found[_id(interface, "interface")] = _Port(device=device, entry=entry)
    return found


def _address(addresses: Iterable[Object], ports: Mapping[int, _Port]) -> None:
    for address in addresses:
        kind = _text(address.get("assigned_object_type"))
        port = ports.get(address.get("assigned_object_id", 0)) if kind == "dcim.interface" else None
        if port is not None and _text(address.get("address")):
            port.entry.setdefault("addresses", []).append(_text(address.get("address")))


def _links(objects: Objects, ports: Mapping[int, _Port]) -> list[dict[str, str]]:
    """Cables between two interfaces of ours, and the paths that NetBox has traced through patch panels."""
    pairs: dict[tuple[int, int], None] = {}
    for cable in objects.cables:
        ends = _ends(cable, "a"), _ends(cable, "b")
        if all(len(end) == 1 for end in ends):
            pairs[_pair(ends[0][0], ends[1][0])] = None
    used = {end for pair in pairs for end in pair}
    for interface in objects.interfaces:
        mine, far = interface.get("id"), _traced(interface)
        if isinstance(mine, int) and far is not None and not {mine, far} & used:
            pairs[_pair(mine, far)] = None
    return [{"a": ports[a].end, "b": ports[b].end} for a, b in sorted(pairs) if a in ports and b in ports and a != b]


def _ends(cable: Object, side: str) -> list[int]:
    """The interfaces at one side: a list since NetBox 3.3, one object before."""
    listed = cable.get(f"{side}_terminations")
    if isinstance(listed, list):
        ends = [end for end in listed if isinstance(end, Mapping) and end.get("object_type") == "dcim.interface"]
        return [end["object_id"] for end in ends if isinstance(end.get("object_id"), int)]
    one = cable.get(f"termination_{side}_id")
    return [one] if isinstance(one, int) and cable.get(f"termination_{side}_type") == "dcim.interface" else []


def _traced(interface: Object) -> int | None:
    """The interface at the far end of the whole path, panels and all; None: none, or several."""
    kind = interface.get("connected_endpoints_type") or interface.get("connected_endpoint_type")
    listed = interface.get("connected_endpoints")
    ends = listed if isinstance(listed, list) else [interface.get("connected_endpoint")]
    if kind != "dcim.interface" or len(ends) != 1 or not isinstance(ends[0], Mapping):
        return None
    found = ends[0].get("id")
    return found if isinstance(found, int) else None


def _pair(a: int, b: int) -> tuple[int, int]:
    return (a, b) if a <= b else (b, a)


# --- reading what a server says


def _named(item: Object) -> str:
    return _text(item.get("name")) or _text(item.get("display")) or f"id {str(item.get('id'))[:40]}"


def _id(item: Object, what: str) -> int:
    found = item.get("id")
    if not isinstance(found, int) or isinstance(found, bool):
        raise InvalidInputError(f"NetBox gives a {what} without an id: {str(dict(item))[:120]}", field="id")
    return found


def _slug(value: Any) -> str:
    """The slug of a nested object; of a choice (`{value, label}`) its value."""
    if isinstance(value, Mapping):
        return _text(value.get("slug")) or _text(value.get("value"))
    return _text(value)


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _mapping(value: Any, item: Object, what: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        _wrong(item, what, f"expected an object; found {str(value)[:80]!r}")
    return dict(value)


def _wrong(item: Object, what: str, reason: str) -> None:
    raise InvalidInputError(f"NetBox, {_named(item)}: {what}: {reason}", field=what)
