"""OSPF and IS-IS as a running configuration has them: what the daemons' own account leaves out.

FRR's dialect (ospfd/ospf_vty.c, isisd/isis_cli.c); the lines of IOS that read alike are understood too. Pure.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Literal

from nocmesh.messages.state import ConfigLine

AreaKind = Literal["normal", "stub", "totally_stub", "nssa", ""]


@dataclass(frozen=True, slots=True)
class Section:
    """The lines directly under one header."""

    header: str
    lines: Sequence[str]

    def value(self, start: str) -> str | None:
        """What follows ``start`` in the first line that begins with it; None without one."""
        return next((line.removeprefix(start).strip() for line in self.lines if _begins(line, start)), None)

    def line(self, start: str) -> str:
        """The first line that begins with ``start``, or an empty text."""
        return next((line for line in self.lines if _begins(line, start)), "")


def _begins(line: str, start: str) -> bool:
    return line == start or line.startswith(f"{start} ")


@dataclass(frozen=True, slots=True, kw_only=True)
class IgpConfig:
    """The parts that matter: interfaces by name, and the routers."""

    interfaces: dict[str, Section] = field(default_factory=dict)
    ospf: Section | None = None
    isis: Section | None = None


def igp_config(lines: Sequence[ConfigLine]) -> IgpConfig:
    """What ``lines`` say of the default instances."""
    return IgpConfig(
        interfaces={section.header.split()[1]: section for section in _under(lines, "interface ")},
        ospf=next((s for s in _under(lines, "router ospf") if " vrf " not in s.header), None),
        isis=next((s for s in _under(lines, "router isis") if " vrf " not in s.header), None),
    )


def _under(lines: Sequence[ConfigLine], start: str) -> Iterator[Section]:
    for header in [line.text for line in lines if not line.section and line.text.startswith(start)]:
        yield Section(header, [line.text for line in lines if line.section == header])


def dotted(area: str) -> str:
    """An area's id as RFC 2328 writes it: `1` is `0.0.0.1`; what is none stays as it is."""
    try:
        return str(IPv4Address(int(area))) if area.isdecimal() else str(IPv4Address(area))
    except ValueError:
        return area


def area_kind(router: Section | None, area: str) -> tuple[AreaKind, str]:
    """What kind ``area`` is configured to be, and the line that says so."""
    for line in router.lines if router else ():
        words = line.split()
        if len(words) > 2 and words[0] == "area" and dotted(words[1]) == area:
            if words[2] == "stub":
                return ("totally_stub" if "no-summary" in words else "stub"), line
            if words[2] == "nssa":
                return "nssa", line
    return "normal", ""


def ospf_areas(config: IgpConfig) -> list[str]:
    """Every area that the configuration names."""
    found = [area for section in config.interfaces.values() if (area := ospf_area(section))]
    for line in config.ospf.lines if config.ospf else ():
        words = line.split()
        if words[0] == "area" and len(words) > 1:
            found.append(dotted(words[1]))
        elif words[0] == "network" and words[-2:-1] == ["area"]:
            found.append(dotted(words[-1]))
    return sorted(set(found))


def ospf_area(interface: Section) -> str:
    """The area that the interface's own line puts it in; empty without one."""
    value = interface.value("ip ospf area")
    return dotted(value.split()[0]) if value else ""


def ospf_authentication(interface: Section | None, router: Section | None, area: str) -> str:
    """`none`, `simple` or `md5`: the interface's own line, else that of its area (RFC 2328 appendix D)."""
    own = interface.value("ip ospf authentication") if interface else None
    if own is None:
        lines = router.lines if router else ()
        of_area = [line.split() for line in lines if line.startswith("area ") and " authentication" in line]
        own = next((" ".join(words[3:]) for words in of_area if dotted(words[1]) == area), "null")
    return {"message-digest": "md5", "null": "none", "": "simple"}.get(own.split(" ")[0], own)


def ospf_network_type(interface: Section) -> str:
    """`point_to_point` and its like, where a line says so."""
    value = interface.value("ip ospf network")
    return value.split()[0].replace("-", "_").replace("non_broadcast", "nbma") if value else ""


def ospf_passive(config: IgpConfig, name: str) -> bool:
    """Say whether OSPF only announces the interface."""
    section = config.interfaces.get(name)
    own = section is not None and section.value("ip ospf passive") is not None
    router = config.ospf.lines if config.ospf else ()
    default = "passive-interface default" in router and f"no passive-interface {name}" not in router
    return own or default or f"passive-interface {name}" in router


def isis_level(router: Section | None) -> str:
    """The level of the whole router; both when no line says so (isisd's default for the first area)."""
    value = (router.value("is-type") if router else "") or "level-1-2"
    return "level-2" if value == "level-2-only" else value


def isis_authentication(interface: Section | None) -> str:
    """`none`, `clear` or `md5`: of the hellos on the interface."""
    value = interface.value("isis password") if interface else None
    return value.split(" ")[0] if value else "none"


def isis_circuit_level(interface: Section, router: Section | None) -> str:
    """The circuit's own level, else the router's."""
    value = interface.value("isis circuit-type")
    if not value:
        return isis_level(router)
    return "level-2" if value == "level-2-only" else value


def number(text: str | None) -> int | None:
    """The whole number that ``text`` begins with, if any."""
    first = (text or "").split(" ")[0]
    return int(first) if first.isdecimal() else None
