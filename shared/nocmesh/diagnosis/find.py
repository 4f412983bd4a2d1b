"""Which devices an alert is about: names, aliases, interfaces, addresses and prefixes in whatever it says.

An alert's text comes from outside and may hold anything: it is cut into words, and words are only looked up.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
    ip_address,
    ip_interface,
    ip_network,
)
from typing import Any

from nocmesh.network import Network

MAX_CHARACTERS = 20_000
MAX_WORDS = 1_000
"""An alert that says more than this says it in its beginning too; a flood must not cost minutes."""

CACHED = 8192
"""Addresses are read from text again and again while sessions are paired; so many are kept."""

_WORD = re.compile(r"[\w][\w.:/\-]*")
_NAMING = ("device", "instance", "host", "hostname", "node", "router", "exported_instance", "sysname", "target")
"""Labels by which monitoring systems name the device."""
_SCHEME = re.compile(r"^[a-z][a-z0-9+.\-]*://(?:[^/@]*@)?", re.IGNORECASE)
_MAC = re.compile(r"(?:[0-9a-f]{2}[:\-]){5}[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}", re.IGNORECASE)
_FEW = 2
"""Devices that one word of an interface's description may lead to: both ends of a link are described alike."""

Address = IPv4Address | IPv6Address
Prefix = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What an alert names."""

    devices: tuple[str, ...] = ()
    """Known devices, the one that the source itself names first."""
    unknown: tuple[str, ...] = ()
    """What the source calls the device, where the inventory knows no such thing."""
    prefixes: tuple[Prefix, ...] = ()
    """Prefixes and addresses that it speaks of."""
    missed: tuple[Prefix, ...] = ()
    """Those with their length written: routes. An address alone is whom it is about, not what is missing."""
    macs: tuple[str, ...] = ()
    """Hardware addresses, in lower case with colons: what was seen of the network knows whose they are."""
    words: frozenset[str] = field(default=frozenset(), repr=False)
    """Every word, in lower case."""


def named_in(alert: Mapping[str, Any], network: Network) -> Named:
    """The devices of ``network`` that ``alert`` (an Alert as a dict) names, directly or by an address."""
    index = Index(network)
    direct = [name for name in _direct(alert) if name]
    words = words_of(alert)
    found: dict[str, None] = {}
    for word in [*direct, *words]:
        for device in index.devices(word) or index.described(word, surely=word in direct):
            found[device] = None
    unknown = tuple(dict.fromkeys(name[:200] for name in direct if not _known(index, name)))
    prefixes = tuple(dict.fromkeys(p for p in map(_prefix, words) if p is not None))
    lowered = frozenset(part for word in words for part in _parts(word))
    missed = tuple(dict.fromkeys(p for word in words if "/" in word and (p := _prefix(word)) is not None))
    macs = tuple(dict.fromkeys(mac for word in words for mac in macs_in(word)))
    return Named(devices=tuple(found), unknown=unknown, prefixes=prefixes, missed=missed, macs=macs, words=lowered)


def _known(index: "Index", name: str) -> bool:
    return bool(index.devices(name) or index.described(name, surely=True) or macs_in(name))


def macs_in(text: str) -> list[str]:
    """The hardware addresses in ``text``, however they are written, in lower case with colons."""
    plain = [re.sub(r"[^0-9a-f]", "", match[0].lower()) for match in _MAC.finditer(text)]
    return [":".join(mac[place : place + 2] for place in range(0, 12, 2)) for mac in plain]


def spellings(word: str) -> list[str]:
    """What ``word`` may name, the most literal first: itself, without its scheme and path, its port, its domain."""
    bare = word.strip().strip(".:/-").lower()
    host = _SCHEME.sub("", bare).split("/", 1)[0].strip("[]")
    ported = [each.rsplit(":", 1)[0].strip("[]") for each in (bare, host)]
    return list(dict.fromkeys([bare, host, *ported, host.split(".", 1)[0]]))


class Index:
    """Lookups over the inventory, made once per alert."""

    def __init__(self, network: Network) -> None:
        self._names: dict[str, str] = {}
        self._interfaces: dict[str, set[str]] = {}
        self._described: dict[str, dict[str, None]] = {}
        self._addresses: dict[Address, dict[str, None]] = {}
        self._subnets: dict[Prefix, dict[str, None]] = {}
        for device in network.devices:
            for name in (device.name, device.address, *device.aliases):
                self._names.setdefault(name.lower(), device.name)
            for interface in device.interfaces:
                for said in set(_WORD.findall(interface.description.lower())):
                    self._described.setdefault(said, {})[device.name] = None
                self._interfaces.setdefault(interface.name.lower(), set()).add(device.name)
                for own in map(ip_interface, interface.addresses):
                    self._addresses.setdefault(own.ip, {})[device.name] = None
                    self._subnets.setdefault(own.network, {})[device.name] = None

        self._lengths = sorted({net.prefixlen for net in self._subnets} - {0}, reverse=True)

    def devices(self, word: str) -> tuple[str, ...]:
        """What ``word`` names: a device, an interface that only one has, an address, a prefix, a subnet."""
        candidates = spellings(word)
        for candidate in candidates:
            if candidate in self._names:
                return (self._names[candidate],)
        last = re.split(r"[:/]", candidates[0])[-1]
        owners = self._interfaces.get(candidates[0], set()) | self._interfaces.get(last, set())
        if len(owners) == 1:
            return tuple(owners)
        prefix = next((found for candidate in candidates[:3] if (found := _prefix(candidate)) is not None), None)
        return () if prefix is None else self._by_prefix(prefix)

    def described(self, word: str, *, surely: bool = False) -> tuple[str, ...]:
        """The devices with an interface whose description holds ``word``: a neighbour that the inventory does not list.

        Unless the source ``surely`` means a name by it, it must look like one: with a digit.
        """
        for candidate in spellings(word):
            found = tuple(self._described.get(candidate, ()))
            if 0 < len(found) <= _FEW and (surely or any(character.isdigit() for character in candidate)):
                return found
        return ()

    def owner(self, word: str) -> str:
        """The device that ``word`` names by its name, an alias or one of its addresses; empty: none does."""
        named = next((self._names[candidate] for candidate in spellings(word) if candidate in self._names), "")
        address = self.address(word)
        return named or next(iter(self._addresses.get(address, ())) if address is not None else iter(()), "")

    def address(self, word: str) -> Address | None:
        """The one address that ``word`` is or begins with, as in `10.0.0.1:9100`; None: it is none."""
        prefix = next((found for candidate in spellings(word)[:3] if (found := _prefix(candidate)) is not None), None)
        return prefix.network_address if prefix is not None and prefix.num_addresses == 1 else None

    def _by_prefix(self, prefix: Prefix) -> tuple[str, ...]:
        """The owner of an address, else who is in its subnet; of a prefix whoever has an address inside."""
        if prefix.prefixlen == 0:
            return ()
        if prefix in self._subnets and prefix.num_addresses > 1:
            return tuple(self._subnets[prefix])
        if prefix.num_addresses > 1:
            return tuple(dict.fromkeys(d for ip, names in self._addresses.items() if _holds(prefix, ip) for d in names))
        lengths = (n for n in self._lengths if n <= prefix.prefixlen)
        around = (self._subnets.get(prefix.supernet(new_prefix=n)) for n in lengths)
        return tuple(self._addresses.get(prefix.network_address) or next((names for names in around if names), ()))


def _holds(prefix: Prefix, address: Address) -> bool:
    return prefix.version == address.version and address in prefix


def _direct(alert: Mapping[str, Any]) -> Iterable[str]:
    """The device as the source names it."""
    yield _text(alert.get("device"))
    labels = alert.get("labels")
    if not _text(alert.get("device")) and isinstance(labels, Mapping):
        for key in _NAMING:
            yield _text(labels.get(key))


def words_of(alert: Mapping[str, Any]) -> list[str]:
    """Every word that ``alert`` says, each once: those of its texts, then those of its labels."""
    texts = [_text(alert.get(key)) for key in ("device", "name", "summary", "description")]
    for key in ("labels", "annotations"):
        values = alert.get(key)
        if isinstance(values, Mapping):
            texts += [_text(value) for value in values.values()]
    joined = " ".join(texts)[:MAX_CHARACTERS]
    return list(dict.fromkeys(_WORD.findall(joined)))[:MAX_WORDS]


def _text(value: Any) -> str:
    return value[:MAX_CHARACTERS].strip() if isinstance(value, str) else ""


def _parts(word: str) -> list[str]:
    """`BgpNeighborDown` says bgp, neighbor and down."""
    camel = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]+|[a-z]+", word)
    return [word.lower(), *(part.lower() for part in camel)]


def _prefix(word: str) -> Prefix | None:
    bare = word.strip(".:,") if "::" not in word else word.strip(".,")
    if not any(mark in bare for mark in ".:") or not any(character.isdigit() for character in bare):
        return None
    for candidate in (bare, bare.rsplit(":", 1)[0]):
        try:
            return ip_network(candidate, strict=False)
        except ValueError:
            continue
    return None


@lru_cache(maxsize=CACHED)
def as_interface(text: str) -> IPv4Interface | IPv6Interface | None:
    """``text`` as an address with its subnet; None when it is none."""
    try:
        return ip_interface(text)
    except ValueError:
        return None


@lru_cache(maxsize=CACHED)
def address_of(text: str) -> Address | None:
    """``text`` as an address, its prefix length left out; None when it is none."""
    try:
        return ip_address(text.split("/", 1)[0])
    except ValueError:
        return None
