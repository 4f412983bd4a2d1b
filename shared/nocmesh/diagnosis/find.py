"""Which devices an alert is about: names, aliases, interfaces, addresses and prefixes in whatever it says.

An alert's text comes from outside and may hold anything: it is cut into words, and words are only looked up.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_interface, ip_network
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
    words: frozenset[str] = field(default=frozenset(), repr=False)
    """Every word, in lower case."""


def named_in(alert: Mapping[str, Any], network: Network) -> Named:
    """The devices of ``network`` that ``alert`` (an Alert as a dict) names, directly or by an address."""
    index = _Index(network)
    direct = [name for name in _direct(alert) if name]
    words = _words(alert)
    found: dict[str, None] = {}
    for word in [*direct, *words]:
        for device in index.devices(word):
            found[device] = None
    unknown = tuple(dict.fromkeys(name[:200] for name in direct if not index.devices(name)))
    prefixes = tuple(dict.fromkeys(p for p in map(_prefix, words) if p is not None))
    lowered = frozenset(part for word in words for part in _parts(word))
    missed = tuple(dict.fromkeys(p for word in words if "/" in word and (p := _prefix(word)) is not None))
    return Named(devices=tuple(found), unknown=unknown, prefixes=prefixes, missed=missed, words=lowered)


class _Index:
    """Lookups over the inventory, made once per alert."""

    def __init__(self, network: Network) -> None:
        self._names: dict[str, str] = {}
        self._interfaces: dict[str, set[str]] = {}
        self._addresses: dict[Address, dict[str, None]] = {}
        self._subnets: dict[Prefix, dict[str, None]] = {}
        for device in network.devices:
            for name in (device.name, device.address, *device.aliases):
                self._names.setdefault(name.lower(), device.name)
            for interface in device.interfaces:
                self._interfaces.setdefault(interface.name.lower(), set()).add(device.name)
                for own in map(ip_interface, interface.addresses):
                    self._addresses.setdefault(own.ip, {})[device.name] = None
                    self._subnets.setdefault(own.network, {})[device.name] = None

        self._lengths = sorted({net.prefixlen for net in self._subnets} - {0}, reverse=True)

    def devices(self, word: str) -> tuple[str, ...]:
        """What ``word`` names: a device, an interface that only one has, an address, a prefix, a subnet."""
        bare = word.strip().strip(".:/-").lower()
        for candidate in (bare, bare.rsplit(":", 1)[0], bare.split(".", 1)[0]):
            if candidate in self._names:
                return (self._names[candidate],)
        owners = self._interfaces.get(bare, set()) | self._interfaces.get(bare.rsplit(":", 1)[-1], set())
        if len(owners) == 1:
            return tuple(owners)
        prefix = _prefix(bare)
        return () if prefix is None else self._by_prefix(prefix)

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


def _words(alert: Mapping[str, Any]) -> list[str]:
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
def address_of(text: str) -> Address | None:
    """``text`` as an address, its prefix length left out; None when it is none."""
    try:
        return ip_address(text.split("/", 1)[0])
    except ValueError:
        return None
