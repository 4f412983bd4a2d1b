"""A network out of a number: the same seed gives the same routers, cables, sessions and prefixes, everywhere."""

import re
from collections.abc import Sequence
from dataclasses import replace
from random import Random

from nocmesh.errors import InvalidInputError
from nocmesh.proving.simulated.model import DialectName
from nocmesh.proving.simulated.topology import CAMPUS, Peering, Router, Topology, Wire, topology_named

FEWEST, MOST = 2, 60
DIALECTS: tuple[DialectName, ...] = ("frr", "cisco_iosxe")
CITIES = (
    "ams", "ath", "ber", "bru", "bud", "cph", "dub", "fra", "gva", "ham", "hel", "lis", "lon", "mad", "mil", "mrs",
    "muc", "osl", "par", "prg", "rig", "rom", "sof", "sto", "tll", "vie", "vno", "war", "zag", "zrh",
)  # fmt: skip


def synthetic(seed: int, devices: int) -> Topology:
    """A network of ``devices`` routers, an AS each, joined by external BGP sessions over a random connected graph.

    Addresses are private (RFC 1918), AS numbers too (RFC 6996). Raises InvalidInputError for fewer than 2 or more than
    60 devices.
    """
    if not FEWEST <= devices <= MOST:
        raise InvalidInputError(f"{devices} devices; expected {FEWEST} to {MOST}", field="devices")
    chance = Random(f"nocmesh-{seed}-{devices}")  # noqa: S311 - nothing secret comes of it
    names = _names(chance, devices)
    cables = _cables(chance, names)
    return Topology(
        name=f"synthetic-{seed}-{devices}",
        routers=tuple(_router(chance, index, name, cables) for index, name in enumerate(names)),
        wires=tuple(Wire(a=a, b=b, subnet=f"10.0.{n}.0/30") for n, (a, b) in enumerate(cables)),
        peerings=tuple(Peering(a=a, b=b, password=_password(chance)) for a, b in cables),
    )


def _names(chance: Random, count: int) -> list[str]:
    """Of cities; a second router of a city has the next number."""
    sites = chance.sample(CITIES, min(count, len(CITIES)))
    return [f"{sites[n % len(sites)]}{1 + n // len(sites)}" for n in range(count)]


def _cables(chance: Random, names: Sequence[str]) -> list[tuple[str, str]]:
    """A random tree over all, and about half as many shortcuts."""
    found = [(chance.choice(names[:n]), names[n]) for n in range(1, len(names))]
    for _ in range(len(names) // 2):
        a, b = chance.sample(names, 2)
        if (a, b) not in found and (b, a) not in found:
            found.append((a, b))
    return found


def _router(chance: Random, index: int, name: str, cables: Sequence[tuple[str, str]]) -> Router:
    degree = sum(name in cable for cable in cables)
    return Router(
        name=name,
        dialect=chance.choice(DIALECTS),
        asn=64512 + index,
        loopback=f"10.255.0.{index + 1}",
        networks=(f"10.{index + 1}.0.0/16",),
        role="core" if degree > 2 else "edge",
        core=degree > 2,
    )


def _password(chance: Random) -> str:
    """Some sessions have one."""
    return f"synthetic-{chance.randrange(10_000)}" if chance.random() < 0.3 else ""


def topology_of(name: str) -> Topology:
    """The topology called ``name``: a kept one, `campus-SEED`, or `synthetic-SEED-DEVICES`.

    Raises NotFoundError for a name that is neither, InvalidInputError for a number of devices that cannot be.
    """
    campus = re.fullmatch(r"campus-(\d{1,9})", name)
    if campus is not None:
        return replace(CAMPUS, name=name, seed=int(campus[1]))
    match = re.fullmatch(r"synthetic-(\d{1,9})-(\d{1,9})", name)
    return synthetic(int(match[1]), int(match[2])) if match else topology_named(name)
