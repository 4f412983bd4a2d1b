"""BGP as a running configuration has it: the dialect that FRR and Cisco IOS share.

Pure. Of the default instance only: another VRF's or view's neighbours are not this table's.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, ip_address, ip_network

from nocmesh.diagnosis.configlines import JOINT
from nocmesh.messages.state import BgpNeighbor, ConfigLine, Quote

_ROUTER = re.compile(r"^router bgp (?P<asn>[\d.]+)$")
_FAMILY = re.compile(
    r"^address-family (?P<afi>\S+)(?: (?P<safi>unicast|multicast|labeled-unicast|vpn|evpn|flowspec))?$"
)
_NEIGHBOR = re.compile(r"^(?P<no>no )?neighbor (?P<name>\S+) (?P<rest>.+)$")
_NETWORK = re.compile(r"^network (?P<prefix>\S+?)(?: mask (?P<mask>\S+))?(?: (?:route-map|backdoor|label-index)\b.*)?$")
IPV4 = "ipv4-unicast"
MULTIHOP_DEFAULT = 255
"""What `ebgp-multihop` without a number means, on both."""


@dataclass(slots=True)
class _Settings:
    """What the lines say of one name, a neighbour's or a peer group's."""

    values: dict[str, str] = field(default_factory=dict)
    families: dict[str, bool] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredBgp:
    """The BGP part of a configuration; ``line`` is its `router bgp` line, empty when there is none."""

    line: str = ""
    asn: int | None = None
    router_id: str = ""
    neighbors: list[BgpNeighbor] = field(default_factory=list)
    networks: list[str] = field(default_factory=list)


def asn_of(text: str) -> int | None:
    """An AS number, also as `65000.1` (RFC 5396 asdot); None when ``text`` is none."""
    high, dot, low = text.partition(".")
    if not (high.isdecimal() and (low.isdecimal() if dot else True)):
        return None
    return int(high) * 65536 + int(low) if dot else int(high)


def canonical(name: str) -> str:
    """An address in its one spelling (RFC 5952); an unnumbered neighbour's interface as it is."""
    try:
        return str(ip_address(name))
    except ValueError:
        return name


def configured_bgp(lines: Sequence[ConfigLine], command: str) -> ConfiguredBgp:
    """The default instance's BGP in ``lines``; ``command`` is what quotes name as their source."""
    router = next((line.text for line in lines if not line.section and _ROUTER.match(line.text)), "")
    if not router:
        return ConfiguredBgp()
    asn = asn_of(router.split()[-1])
    families = [(_family(line.section, router), line.text) for line in lines]
    own = [(family, text) for family, text in families if family is not None]
    plain = [text for family, text in own if family == ""]
    names = _collected(own)
    groups = {name for name, found in names.items() if "peer-group" in found.values and not found.values["peer-group"]}
    reader = _Reader(asn, names, command, "no bgp default ipv4-unicast" not in plain, "bgp shutdown" in plain)
    return ConfiguredBgp(
        line=router,
        asn=asn,
        router_id=next((text.split()[-1] for text in plain if text.startswith("bgp router-id ")), ""),
        neighbors=[reader.neighbor(name) for name in names if name not in groups and reader.stands(name)],
        networks=_networks(own),
    )


def _family(section: str, router: str) -> str | None:
    """The address family that ``section`` is: empty for the router itself, None for what is not ours."""
    if section == router:
        return ""
    if not section.startswith(f"{router}{JOINT}"):
        return None
    match = _FAMILY.match(section.removeprefix(f"{router}{JOINT}"))
    if match is None:
        return None  # a VRF's family, or a template
    return f"{match['afi']}-{match['safi'] or 'unicast'}"


def _collected(own: Sequence[tuple[str, str]]) -> dict[str, _Settings]:
    found: dict[str, _Settings] = {}
    for family, text in own:
        match = _NEIGHBOR.match(text)
        if match is None:
            continue
        settings = found.setdefault(match["name"], _Settings())
        if match["rest"] == "activate":
            settings.families[family or IPV4] = not match["no"]
        elif not match["no"]:
            _note(settings, match["rest"])
            settings.lines.append(text)
    return found


def _note(settings: _Settings, rest: str) -> None:
    key, _, value = rest.partition(" ")
    if key == "interface":  # FRR's unnumbered: interface [v6only] [remote-as N | peer-group G]
        words = value.split()
        settings.values.setdefault("interface", "")
        for name in ("remote-as", "peer-group"):
            if name in words[:-1]:
                settings.values[name] = words[words.index(name) + 1]
    elif key == "shutdown" and value.startswith("rtt"):
        return  # FRR shuts down by itself when the round trip takes too long; that is no shutdown
    else:
        settings.values[key] = value


@dataclass(frozen=True, slots=True)
class _Reader:
    asn: int | None
    names: dict[str, _Settings]
    command: str
    default_ipv4: bool
    all_shut: bool

    def stands(self, name: str) -> bool:
        """Say whether ``name`` is a neighbour: something gives it a remote AS."""
        return self._value(name, "remote-as") is not None or "interface" in self.names[name].values

    def neighbor(self, name: str) -> BgpNeighbor:
        password = self._value(name, "password") is not None
        return BgpNeighbor(
            address=canonical(name),
            remote_as=self._remote_as(name),
            local_as=asn_of((self._value(name, "local-as") or "").split(" ")[0]),
            enabled=self._value(name, "shutdown") is None and not self.all_shut,
            description=self._value(name, "description") or "",
            update_source=self._value(name, "update-source") or "",
            has_password=password,
            ebgp_multihop=self._number(name, "ebgp-multihop", MULTIHOP_DEFAULT),
            maximum_prefix=self._number(name, "maximum-prefix", None),
            address_families=self._families(name),
            quotes=[Quote(command=self.command, text=_without_secret(text)) for text in self._lines(name)],
        )

    def _group(self, name: str) -> _Settings | None:
        return self.names.get(self.names[name].values.get("peer-group", "").split(" ")[0])

    def _value(self, name: str, key: str) -> str | None:
        own = self.names[name].values.get(key)
        group = self._group(name)
        return own if own is not None or group is None else group.values.get(key)

    def _number(self, name: str, key: str, bare: int | None) -> int | None:
        value = self._value(name, key)
        if value is None:
            return None
        first = value.split(" ")[0]
        return int(first) if first.isdecimal() else bare

    def _remote_as(self, name: str) -> int | None:
        value = self._value(name, "remote-as") or ""
        return self.asn if value == "internal" else asn_of(value)

    def _families(self, name: str) -> list[str]:
        group = self._group(name)
        active = {IPV4: self.default_ipv4, **(group.families if group else {}), **self.names[name].families}
        return sorted(family for family, on in active.items() if on)

    def _lines(self, name: str) -> list[str]:
        group = self._group(name)
        return [*self.names[name].lines, *(group.lines if group else [])]


def _without_secret(line: str) -> str:
    """``line`` up to its password, so that no quote carries one even from a text that nobody redacted."""
    head, word, _ = line.partition(" password")
    return head + word


def _networks(own: Sequence[tuple[str, str]]) -> list[str]:
    found: dict[str, None] = {}
    for family, text in own:
        match = _NETWORK.match(text)
        if match is not None and family in {"", IPV4, "ipv6-unicast"}:
            found[_prefix(match["prefix"], match["mask"])] = None
    return list(found)


def _prefix(address: str, mask: str | None) -> str:
    if "/" in address:
        return address
    if mask is not None:
        try:
            return str(ip_network(f"{address}/{mask}", strict=False))
        except ValueError:
            return f"{address} mask {mask}"
    return _classful(address)


def _classful(address: str) -> str:
    """IOS without a mask: the class of the first octet decides (RFC 791 §3.2)."""
    first = address.split(".")[0]
    if not first.isdecimal():
        return address
    length = 8 if int(first) < 128 else 16 if int(first) < 192 else 24
    try:
        return str(IPv4Network(f"{address}/{length}", strict=False))
    except ValueError:
        return address
