"""BGP as a running configuration has it where each neighbour is a section of its own: Cisco NX-OS and IOS-XR.

Pure. Of the default VRF only. What a neighbour inherits (`inherit peer`, `use neighbor-group`) is its own where it says
nothing itself.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from nocmesh.diagnosis.configlines import JOINT
from nocmesh.diagnosis.configtext import sections
from nocmesh.messages.state import BgpNeighbor, ConfigLine, Output, Quote
from nocmesh_bridges.platforms.bgpconfig import MULTIHOP_DEFAULT, ConfiguredBgp, asn_of, canonical
from nocmesh_bridges.platforms.bgpmerge import merged
from nocmesh_bridges.platforms.protocol import Parsed

_ROUTER = re.compile(r"^router bgp (?P<asn>[\d.]+)(?: instance \S+)?$")
_PEER = re.compile(
    r"^(?:neighbor (?P<address>[0-9a-fA-F:.]+(?:/\d+)?)"
    r"|template (?P<kind>peer|peer-session|peer-policy) (?P<template>\S+)|(?:neighbor|session|af)-group (?P<group>\S+))"
    r"(?: remote-as (?P<asn>[\d.]+))?$"
)
_INHERITS = re.compile(
    r"^(?:inherit (?:peer|peer-session|peer-policy)|use (?:neighbor|session|af)-group) (?P<name>\S+)"
)
_FAMILY = re.compile(r"^address-family (?P<afi>\S+) (?P<safi>\S+)$")
_NETWORK = re.compile(r"^network (?P<prefix>\S+/\d+)(?: route-(?:map|policy) \S+)?$")
_MOST_DEEP = 4
"""A template may inherit from another; a ring of them ends here."""


@dataclass(slots=True)
class _Peer:
    """What the lines say of one neighbour or template."""

    header: str
    asn: str = ""
    lines: list[str] = field(default_factory=list)
    families: list[str] = field(default_factory=list)
    inherits: list[str] = field(default_factory=list)


def nested_view(running: Output, found: Sequence[BgpNeighbor]) -> Parsed:
    """The view `bgp` from the configuration in ``running`` and the sessions ``found``.

    Unparsed: neighbours are configured, and the device says nothing of them.
    """
    configured = nested_bgp(sections(running.text), running.command)
    if configured.neighbors and not found:
        return Parsed(status="unparsed")
    nothing = not configured.line and not found
    return Parsed(status="empty" if nothing else "parsed", value=merged(configured, found, running.command))


def nested_bgp(lines: Sequence[ConfigLine], command: str) -> ConfiguredBgp:
    """The default VRF's BGP in ``lines``; ``command`` is what quotes name as their source."""
    router = next((line.text for line in lines if not line.section and _ROUTER.match(line.text)), "")
    if not router:
        return ConfiguredBgp()
    own = [(_path(line.section, router), line.text) for line in lines]
    plain = [text for path, text in own if path == ()]
    match = _ROUTER.match(router)
    neighbors, templates = _collected([(path, text) for path, text in own if path is not None])
    return ConfiguredBgp(
        line=router,
        asn=asn_of(match["asn"]) if match else None,
        router_id=next((text.split()[-1] for text in plain if re.match(r"(?:bgp )?router-id \S+$", text)), ""),
        neighbors=[_neighbor(address, peer, templates, command) for address, peer in neighbors.items()],
        networks=list(_networks(own)),
    )


def _path(section: str, router: str) -> tuple[str, ...] | None:
    """The headers below the router's; None for what is not in it, or in a VRF."""
    if section != router and not section.startswith(f"{router}{JOINT}"):
        return None
    path = tuple(section.split(JOINT)[1:])
    return None if path and path[0].startswith("vrf ") else path


def _collected(own: Sequence[tuple[tuple[str, ...], str]]) -> tuple[dict[str, _Peer], dict[str, _Peer]]:
    """Neighbours by address, and templates and groups by name."""
    neighbors: dict[str, _Peer] = {}
    templates: dict[str, _Peer] = {}
    for path, text in own:
        header = _PEER.match(path[0] if path else text)
        if header is None:
            continue
        kept, name = (neighbors, header["address"]) if header["address"] else (templates, _name(header))
        peer = kept.setdefault(name, _Peer(header[0], header["asn"] or ""))
        if path:
            _note(peer, path[1:], text)
    return {name: peer for name, peer in neighbors.items() if "/" not in name}, templates


def _name(header: re.Match[str]) -> str:
    return str(header["template"] or header["group"])


def _note(peer: _Peer, inside: Sequence[str], text: str) -> None:
    family = _FAMILY.match(inside[0] if inside else text)
    if family:
        peer.families.append(f"{family['afi']}-{family['safi']}")
    if inherited := _INHERITS.match(text):
        peer.inherits.append(inherited["name"])
    elif not family or inside:
        peer.lines.append(text)


def _all(peer: _Peer, templates: dict[str, _Peer], deep: int = 0) -> Iterator[_Peer]:
    """``peer``, and what it inherits from, the nearest first."""
    yield peer
    for name in peer.inherits if deep < _MOST_DEEP else []:
        if name in templates:
            yield from _all(templates[name], templates, deep + 1)


def _neighbor(address: str, peer: _Peer, templates: dict[str, _Peer], command: str) -> BgpNeighbor:
    peers = list(_all(peer, templates))
    lines = [line for each in peers for line in each.lines]
    asn = next((each.asn for each in peers if each.asn), "") or _value(lines, "remote-as") or ""
    hops = _value(lines, "ebgp-multihop")
    return BgpNeighbor(
        address=canonical(address),
        remote_as=asn_of(asn.split(" ")[0]),
        local_as=asn_of((_value(lines, "local-as") or "").split(" ")[0]),
        enabled=_value(lines, "shutdown") is None or "no shutdown" in peer.lines,
        description=_value(lines, "description") or "",
        update_source=_value(lines, "update-source") or "",
        has_password=_value(lines, "password") is not None,
        ebgp_multihop=None if hops is None else _first(hops, MULTIHOP_DEFAULT),
        maximum_prefix=_first(_value(lines, "maximum-prefix"), None),
        address_families=sorted({family for each in peers for family in each.families}),
        quotes=[Quote(command=command, text=text) for text in [peer.header, *map(_shown, peer.lines)] if text],
    )


def _value(lines: Sequence[str], key: str) -> str | None:
    return next((line.removeprefix(key).strip() for line in lines if line == key or line.startswith(f"{key} ")), None)


def _first(text: str | None, bare: int | None) -> int | None:
    word = (text or "").split(" ")[0]
    return int(word) if word.isdecimal() else bare


def _shown(line: str) -> str:
    """``line`` without a password, so that no quote carries one even from a text that nobody redacted."""
    head, word, _ = line.partition("password")
    return head + word


def _networks(own: Sequence[tuple[tuple[str, ...] | None, str]]) -> dict[str, None]:
    found: dict[str, None] = {}
    for path, text in own:
        match = _NETWORK.match(text)
        if (
            match
            and path
            and len(path) == 1
            and path[0] in ("address-family ipv4 unicast", "address-family ipv6 unicast")
        ):
            found[match["prefix"]] = None
    return found
