"""What must hold across the entries of an inventory file.

Reads the raw document, so that these mistakes are reported together with those of form. Pure.
"""

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from ipaddress import ip_address, ip_interface
from typing import Any

from nocmesh.yamlfile import Document, Mistake, Place, nearest


def mistakes_across(document: Document, stored: Collection[str] | None = None) -> list[Mistake]:
    """Names given twice, credentials that are not defined, links that lead nowhere, windows over nothing.

    ``stored``: the names in the credential store; None: it is not at hand, and every name may be in it.
    """
    if not isinstance(document.data, dict):
        return []
    return [
        *_names_given_twice(document),
        *_addresses_given_twice(document),
        *_interfaces_given_twice(document),
        *_networks_given_twice(document),
        *_users_given_twice(document),
        *_snmp_users_at_odds(document),
        *(_unknown_credentials(document, stored) if stored is not None else ()),
        *_bad_links(document),
        *_bad_windows(document),
    ]


def _entries(document: Document, key: str) -> list[tuple[Place, dict[str, Any]]]:
    items = document.data.get(key)
    if not isinstance(items, list):
        return []
    return [((key, index), item) for index, item in enumerate(items) if isinstance(item, dict)]


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _repeats(document: Document, claims: Iterator[tuple[Place, str]], what: Callable[[str], str]) -> Iterator[Mistake]:
    first: dict[str, Place] = {}
    for place, claim in claims:
        if claim in first:
            yield document.mistake(
                place, f"{what(claim)} is already taken, {document.where(first[claim])}; choose another"
            )
        first.setdefault(claim, place)


def _names_given_twice(document: Document) -> Iterator[Mistake]:
    def claims() -> Iterator[tuple[Place, str]]:
        for place, device in _entries(document, "devices"):
            if isinstance(device.get("name"), str):
                yield (*place, "name"), device["name"].lower()
            for index, alias in enumerate(_texts(device.get("aliases"))):
                yield (*place, "aliases", index), alias.lower()

    return _repeats(document, claims(), lambda name: f"the name {name!r}")


def _addresses_given_twice(document: Document) -> Iterator[Mistake]:
    """Two doors to one address and port; a device's shell may be behind the same port as its command line."""

    def claims() -> Iterator[tuple[Place, str]]:
        for place, device in _entries(document, "devices"):
            if isinstance(device.get("address"), str):
                own = device.get("port", 22)
                yield (*place, "address"), f"{_spelled_alike(device['address'])} port {own}"
                shell = device.get("shell")
                port = shell.get("port", 22) if isinstance(shell, dict) else own
                if port != own:
                    yield (*place, "shell", "port"), f"{_spelled_alike(device['address'])} port {port}"

    return _repeats(document, claims(), lambda address: f"the address {address}")


def _snmp_users_at_odds(document: Document) -> Iterator[Mistake]:
    """One SNMPv3 user has one pair of keys: a trap names its user before it can be told which device it is from."""
    first: dict[str, tuple[Place, dict[str, Any]]] = {}
    for place, device in _entries(document, "devices"):
        snmp = device.get("snmp")
        if not isinstance(snmp, dict) or not isinstance(snmp.get("user"), str):
            continue
        keys = {key: value for key, value in snmp.items() if key.startswith(("auth", "privacy"))}
        where, known = first.setdefault(snmp["user"], ((*place, "snmp"), keys))
        if known != keys:
            told = f"the SNMPv3 user {snmp['user']!r} has other passwords {document.where(where)}; use another name"
            yield document.mistake((*place, "snmp"), told)


def _spelled_alike(address: str) -> str:
    """An address as everybody would write it: IPv6 has many spellings, and names have no case."""
    try:
        return str(ip_address(address))
    except ValueError:
        return address.lower()


def _networks_given_twice(document: Document) -> Iterator[Mistake]:
    """An address that two interfaces claim; one alone (/32, /128) may be anywhere, as anycast is, and so link-local."""

    def claims() -> Iterator[tuple[Place, str]]:
        for place, device in _entries(document, "devices"):
            for index, interface in enumerate(_items(device.get("interfaces"))):
                given = interface.get("addresses") if isinstance(interface, dict) else None
                for number, text in enumerate(_items(given)):
                    address = _owned(text)
                    if address:
                        yield (*place, "interfaces", index, "addresses", number), address

    return _repeats(document, claims(), lambda address: f"the interface address {address}")


def _owned(text: Any) -> str:
    """The address, where only one interface may have it."""
    try:
        address = ip_interface(text) if isinstance(text, str) else None
    except ValueError:
        return ""
    if address is None or address.ip.is_link_local or address.network.prefixlen == address.max_prefixlen:
        return ""
    return str(address.ip)


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _interfaces_given_twice(document: Document) -> Iterator[Mistake]:
    for place, device in _entries(document, "devices"):
        claims = (((*place, "interfaces", i), name) for i, name in enumerate(_interfaces(device)) if name)
        yield from _repeats(document, claims, lambda name: f"the interface {name!r}")


def _users_given_twice(document: Document) -> Iterator[Mistake]:
    claims = (((*place, "name"), user["name"]) for place, user in _entries(document, "users") if _named(user))
    return _repeats(document, claims, lambda name: f"the user {name!r}")


def _named(entry: dict[str, Any]) -> bool:
    return isinstance(entry.get("name"), str)


def _interfaces(device: dict[str, Any]) -> list[str]:
    """The names of its interfaces in order; empty text for one that has none."""
    items = device.get("interfaces")
    if not isinstance(items, list):
        return []
    return [item["name"] if isinstance(item, dict) and _named(item) else "" for item in items]


def _unknown_credentials(document: Document, stored: Collection[str]) -> Iterator[Mistake]:
    defined = document.data.get("credentials")
    entries = defined if isinstance(defined, dict) else {}
    known = {*entries, *stored}
    for where, name in _used_credentials(document):
        if isinstance(name, str) and name not in known:
            told = f"no credential {name!r} under credentials, nor in the credential store; {nearest(name, known)}"
            yield document.mistake(where, told)
    for where, name in _used_of_store(document, entries):
        if isinstance(name, str) and name not in stored:
            yield document.mistake(where, f"no credential {name!r} in the credential store; {nearest(name, stored)}")


def _used_credentials(document: Document) -> Iterator[tuple[Place, Any]]:
    for place, device in _entries(document, "devices"):
        yield (*place, "credential"), device.get("credential")
        if isinstance(device.get("shell"), dict):
            yield (*place, "shell", "credential"), device["shell"].get("credential")


def _used_of_store(document: Document, entries: dict[str, Any]) -> Iterator[tuple[Place, Any]]:
    """What says itself that it is in the store."""
    for name, entry in entries.items():
        if isinstance(entry, dict):
            yield ("credentials", name, "store"), entry.get("store")
    for place, device in _entries(document, "devices"):
        snmp = device.get("snmp")
        if isinstance(snmp, dict):
            yield from (((*place, "snmp", key), snmp[key]) for key in snmp if key.endswith("_store"))


def _bad_links(document: Document) -> Iterator[Mistake]:
    devices = {device["name"]: _interfaces(device) for _, device in _entries(document, "devices") if _named(device)}
    for place, link in _entries(document, "links"):
        for side in ("a", "b"):
            if isinstance(link.get(side), str):
                reason = _wrong_end(link[side], devices)
                if reason:
                    yield document.mistake((*place, side), reason)
        yield from _whole_link(document, place, link, devices)


def _whole_link(
    document: Document, place: Place, link: dict[str, Any], devices: dict[str, list[str]]
) -> Iterator[Mistake]:
    ends = [link[side] for side in ("a", "b") if isinstance(link.get(side), str)]
    if len(ends) == 2 and ends[0] == ends[1]:
        yield document.mistake((*place, "b"), "both ends are the same; expected two interfaces")
    elif len(ends) == 2 and not any(end.partition(":")[0] in devices for end in ends):
        yield document.mistake(place, "neither end is a device of this file; remove the link or add the devices")


def _wrong_end(end: str, devices: dict[str, list[str]]) -> str:
    device, _, interface = end.partition(":")
    if not device or not interface:
        return f"{end!r} is no link end; expected device:interface, such as r1:r1-e0"
    if device not in devices:
        if len(devices) == 1:
            return ""  # the excerpt of one device: its links can only lead out of the file
        return f"no device {device!r}; {nearest(device, devices)}"
    known = [name for name in devices[device] if name]
    if known and interface not in known:
        return f"{device} has no interface {interface!r}; {nearest(interface, known)}"
    return ""


WINDOW_SCOPES = ("device", "interface", "link")


def _bad_windows(document: Document) -> Iterator[Mistake]:
    devices = {device["name"]: _interfaces(device) for _, device in _entries(document, "devices") if _named(device)}
    links = {_ends(f"{link.get('a')}--{link.get('b')}") for _, link in _entries(document, "links")}
    for place, window in _entries(document, "maintenance"):
        given = [scope for scope in WINDOW_SCOPES if isinstance(window.get(scope), str) and window[scope]]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            yield document.mistake(place, f"expected one of {', '.join(WINDOW_SCOPES)}; found {found}")
        for scope in given:
            reason = _wrong_scope(scope, window[scope], devices, links)
            if reason:
                yield document.mistake((*place, scope), reason)
        if _ends_before_it_begins(window):
            yield document.mistake((*place, "until"), "is not after from; a window that never opens is a mistake")


def _wrong_scope(scope: str, value: str, devices: dict[str, list[str]], links: set[frozenset[str]]) -> str:
    if scope == "link":
        known = (("--".join(sorted(ends))) for ends in links)
        return "" if _ends(value) in links else f"no link {value!r}; {nearest(value, known)}"
    device, _, interface = value.partition(":")
    if device not in devices:
        return f"no device {device!r}; {nearest(device, devices)}"
    if scope == "device":
        return f"{value!r} is no device; write it as interface" if interface else ""
    known_here = [name for name in devices[device] if name]
    if not interface:
        return f"{value!r} is no interface; expected device:interface, such as r1:r1-e0"
    if known_here and interface not in known_here:
        return f"{device} has no interface {interface!r}; {nearest(interface, known_here)}"
    return ""


def _ends(text: str) -> frozenset[str]:
    return frozenset(text.split("--"))


def _ends_before_it_begins(window: dict[str, Any]) -> bool:
    try:
        start, until = (datetime.fromisoformat(str(window.get(key))) for key in ("from", "until"))
        return start >= until
    except (ValueError, TypeError):
        return False  # of form: told by the form
