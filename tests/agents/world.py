"""A small world of routers: configurations as text, what runs computed from them, observations as a bridge gives them.

What runs is computed here from the configurations' own lines, not by the code under test: a session is established
when both ends say what they must, and the path between them carries.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_interface as parsed_interface
from typing import Any

from nocmesh.agent.reasoner import Act, Case, Finish, Move
from nocmesh.diagnosis.configlines import JOINT
from nocmesh.diagnosis.configlines import sections as parsed_sections
from nocmesh.diagnosis.configmerge import merged
from nocmesh.ids import digest
from nocmesh.messages.session import Observation, ToolCall
from nocmesh.messages.state import Bgp, BgpNeighbor, ConfigLine, DeviceState, Interface, Output, Quote, ViewStatus
from nocmesh.messages.task import TaskAssignment
from nocmesh.network import (
    Device,
    End,
    IntendedBgp,
    IntendedInterface,
    IntendedNeighbor,
    Intent,
    Link,
    Network,
)

sections = cache(parsed_sections)
ip_interface = cache(parsed_interface)
"""Configurations are read again and again here."""

RUNNING, NEIGHBORS, INTERFACES = "show running-config", "show bgp neighbors json", "show interface json"
Where = tuple[str, str]


SECRETS = ("s3cret", "other")


def mask_of(secret: str) -> str:
    """What stands for it in what a bridge gives out."""
    return f"<redacted:{secret[:3]}>"


@dataclass
class Entry:
    """A neighbour as a configuration has it."""

    address: str
    settings: dict[str, str] = field(default_factory=dict)
    active: bool = True


@cache
def ports_in(config: str) -> dict[str, tuple[list[str], bool]]:
    """(addresses, enabled) by interface."""
    found: dict[str, tuple[list[str], bool]] = {}
    for line in sections(config):
        if line.text.startswith("interface "):
            found[line.text.split()[1]] = ([], True)
        elif line.section.startswith("interface "):
            name = line.section.split()[1]
            addresses, enabled = found[name]
            if line.text.startswith("ip address "):
                addresses = [*addresses, line.text.split()[2]]
            found[name] = (addresses, enabled and line.text != "shutdown")
    return found


@cache
def entries_in(config: str) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    default = "no bgp default ipv4-unicast" not in config
    for line in sections(config):
        words = line.text.split()
        if not line.section.startswith("router bgp") or "neighbor" not in words[:2]:
            continue
        no = words[0] == "no"
        address, setting, *value = words[1 + no :]
        entry = found.setdefault(address, Entry(address, active=default))
        if setting == "activate":
            entry.active = not no
        elif not no:
            entry.settings[setting] = " ".join(value) or "yes"
    groups = {name for name, entry in found.items() if entry.settings.get("peer-group") == "yes"}
    for entry in found.values():
        group = found.get(entry.settings.get("peer-group", ""))
        entry.settings = {**(group.settings if group else {}), **entry.settings}
    return {name: entry for name, entry in found.items() if name not in groups}


@cache
def networks_in(config: str) -> list[str]:
    lines = sections(config)
    return [x.text.split()[1] for x in lines if x.section.startswith("router bgp") and x.text.startswith("network ")]


@dataclass
class Router:
    name: str
    config: str
    lost: set[str] = field(default_factory=set)
    """Interfaces that are gone."""
    answers: bool = True
    daemon: bool = True

    @property
    def asn(self) -> int:
        line = next((x for x in self.config.splitlines() if x.startswith("router bgp ")), "router bgp 0")
        return int(line.split()[2])

    def ports(self) -> dict[str, tuple[list[str], bool]]:
        """(addresses, enabled) by interface."""
        return {name: port for name, port in ports_in(self.config).items() if name not in self.lost}

    def entries(self) -> dict[str, Entry]:
        return entries_in(self.config)

    def networks(self) -> list[str]:
        return networks_in(self.config)

    def apply(self, *commands: str) -> None:
        """What a device does with ``commands``; the bridge types the secrets behind its own masks."""
        for secret in SECRETS:
            commands = tuple(line.replace(mask_of(secret), secret) for line in commands)
        self.config = text_of(merged(self.config, commands)[0])


@dataclass
class World:
    routers: dict[str, Router]
    links: list[tuple[Where, Where]]
    network: Network
    dead: set[int] = field(default_factory=set)
    """Links without carrier, by place."""
    cipher: str = ""
    """`7 `: devices show a cipher of a password, so that its mask cannot be compared."""
    blocked: int = 0
    """For so many waits yet, something that no configuration shows keeps every session of the first router down."""
    past: dict[str, tuple[str, DeviceState]] = field(default_factory=dict)
    """Baselines: configuration and state of when all was well."""

    def remember(self) -> None:
        """Take a baseline of every router."""
        for name in self.routers:
            outputs, state = self.state(name)
            shown = outputs[-1].text.removeprefix("Building configuration...\n\n").removesuffix("end\n")
            self.past[name] = shown, state

    def carries(self, place: int) -> bool:
        return place not in self.dead and all(
            self.routers[r].ports().get(i, ([], False))[1] for r, i in self.links[place]
        )

    def link_of(self, a: str, b: str) -> int:
        return next(p for p, (x, y) in enumerate(self.links) if {x[0], y[0]} == {a, b})

    def resource(self, a: str, b: str) -> str:
        return self.network.links[self.link_of(a, b)].resource

    def port(self, a: str, b: str) -> str:
        """The interface of ``a`` towards ``b``."""
        return next(i for r, i in self.links[self.link_of(a, b)] if r == a)

    def address(self, a: str, b: str) -> str:
        """The address of ``a`` towards ``b``."""
        return str(ip_interface(self.routers[a].ports()[self.port(a, b)][0][0]).ip)

    def loopback(self, a: str) -> str:
        return str(ip_interface(self.routers[a].ports()["lo"][0][0]).ip)

    def bgp(self, a: str, *lines: str) -> None:
        """Configure ``lines`` in the BGP process of ``a``."""
        self.routers[a].apply(f"router bgp {self.routers[a].asn}", *lines)

    def owner(self, address: str) -> Router | None:
        for router in self.routers.values():
            if any(str(ip_interface(a).ip) == address for addresses, _ in router.ports().values() for a in addresses):
                return router
        return None

    def source(self, router: Router, entry: Entry) -> str:
        chosen = entry.settings.get("update-source", "")
        if chosen:
            return next((str(ip_interface(a).ip) for a in router.ports().get(chosen, ([], True))[0]), chosen)
        connected = [
            str(ip_interface(a).ip)
            for addresses, _ in router.ports().values()
            for a in addresses
            if ip_interface(entry.address) in ip_interface(a).network
        ]
        return connected[0] if connected else ""

    def path(self, a: str, b: str, source: str, target: str) -> bool:
        for place, ((x, i), (y, j)) in enumerate(self.links):
            mine = {
                str(ip_interface(q).ip) for r, p in ((x, i), (y, j)) for q in self.routers[r].ports().get(p, ([], 1))[0]
            }
            if {x, y} == {a, b} and {source, target} <= mine:
                return self.carries(place)
        reached, edge = {a}, [a]
        while edge:
            here = edge.pop()
            for place, ((x, _), (y, _)) in enumerate(self.links):
                if here in (x, y) and self.carries(place) and not {x, y} <= reached:
                    edge.append(y if here == x else x)
                    reached |= {x, y}
        return b in reached

    def back(self, router: Router, entry: Entry) -> tuple[Router, Entry] | None:
        far = self.owner(entry.address)
        there = far.entries().get(self.source(router, entry)) if far else None
        return (far, there) if far and there else None

    def complaint(self, router: Router, entry: Entry) -> str | None:
        """Why the session is not established; None when it is."""
        found = self.back(router, entry)
        if found is None or not router.daemon or not found[0].daemon:
            return "no answer"
        far, there = found
        if self.blocked and next(iter(self.routers)) in (router.name, far.name):
            return "no answer"
        source, target = self.source(router, entry), self.source(far, there)
        ends = ((router, entry, far), (far, there, router))
        if target != entry.address or not self.path(router.name, far.name, source, target):
            return "no answer"
        if any("shutdown" in e.settings or not e.active for _, e, _ in ends):
            return "Admin. shutdown"
        if entry.settings.get("password") != there.settings.get("password"):
            return "no answer"
        if any(e.settings["remote-as"] != str(other.asn) for _, e, other in ends):
            return "Bad Peer AS"
        inside = router.asn == far.asn
        return (None if inside else self._hops(entry, there, source, target)) or self._limit(ends)

    def _hops(self, entry: Entry, there: Entry, source: str, target: str) -> str | None:
        joined = any(
            {source, target}
            <= {str(ip_interface(q).ip) for r, p in link for q in self.routers[r].ports().get(p, ([], 1))[0]}
            for link in self.links
        )
        for one, other in ((entry, there), (there, entry)):
            if "ttl-security" in one.settings and not ({"ttl-security", "ebgp-multihop"} & set(other.settings)):
                return "no answer"
            if not joined and not ({"ttl-security", "ebgp-multihop"} & set(one.settings)):
                return "no answer"
        return None

    def _limit(self, ends: Any) -> str | None:
        for router, entry, _ in ends:
            total = sum(len(r.networks()) for r in self.routers.values()) - len(router.networks())
            if int(entry.settings.get("maximum-prefix", "99999").split()[0]) < total:
                return "Cease/Maximum Number of Prefixes Reached"
        return None

    def state(self, name: str) -> tuple[list[Output], DeviceState]:
        """What a bridge would answer to `device_state` with all views."""
        router = self.routers[name]
        ports = [self._interface(router, port) for port in router.ports()]
        neighbors = [self._neighbor(router, entry) for entry in router.entries().values()]
        shown = router.config
        for secret in SECRETS:
            shown = shown.replace(f"password {secret}", f"password {self.cipher}{mask_of(secret)}")
        if not router.daemon:
            shown = "".join(x for x in shown.split("router bgp")[0])
        asn_line = next((x for x in shown.splitlines() if x.startswith("router bgp ")), "")
        outputs = [
            Output(command=INTERFACES, text="\n".join(text for text, _ in ports)),
            Output(
                command=NEIGHBORS, text="\n".join(t for t, _ in neighbors) if router.daemon else "bgpd is not running"
            ),
            Output(command=RUNNING, text=f"Building configuration...\n\n{shown}end\n"),
        ]
        bgp = Bgp(
            asn=router.asn or None,
            neighbors=[n for _, n in neighbors],
            networks=router.networks(),
            quote=Quote(command=RUNNING, text=asn_line) if asn_line else None,
        )
        told: ViewStatus = "rejected" if not router.daemon else "parsed" if asn_line else "empty"
        state = DeviceState(
            device=name,
            platform="frr",
            interfaces=[i for _, i in ports],
            bgp=bgp if router.daemon else None,
            config=sections(shown),
            config_sha256=digest(shown),
            status={"interfaces": "parsed", "bgp": told, "config": "parsed"},
        )
        return outputs, state

    def _interface(self, router: Router, port: str) -> tuple[str, Interface]:
        addresses, enabled = router.ports()[port]
        places = [p for p, ends in enumerate(self.links) if (router.name, port) in ends]
        up = enabled and all(self.carries(p) for p in places)
        admin, oper = ("up" if enabled else "down"), ("up" if up else "down")
        text = f'"{port}":{{"administrativeStatus":"{admin}","operationalStatus":"{oper}"}}'
        quote = Quote(command=INTERFACES, text=text)
        return text, Interface(name=port, enabled=enabled, oper_up=up, addresses=addresses, mtu=1500, quote=quote)

    def _neighbor(self, router: Router, entry: Entry) -> tuple[str, BgpNeighbor]:
        why = self.complaint(router, entry)
        up, shut = why is None, "shutdown" in entry.settings
        shown = f'"bgpState":"{"Established" if up else "Active"}"'
        error = why if why and why != "no answer" else ""
        text = json.dumps({entry.address: {"remoteAs": entry.settings["remote-as"], "lastNotificationReason": error}})
        return f"{text} {shown}", BgpNeighbor(
            address=entry.address,
            remote_as=int(entry.settings["remote-as"]),
            session_state="established" if up else "active",
            enabled=not shut,
            has_password="password" in entry.settings,
            address_families=["ipv4-unicast"] if entry.active else [],
            last_error=error,
            quotes=[Quote(command=NEIGHBORS, text=shown), Quote(command=NEIGHBORS, text=text)],
        )

    def observe(self, call: ToolCall) -> Observation:
        """The answer to a tool call."""
        device = str(call.arguments.get("device", ""))
        base: dict[str, Any] = {"observation_id": call.call_id, "tool": call.tool, "arguments": call.arguments}
        if call.tool == "wait":
            self.blocked = max(self.blocked - 1, 0)
            return Observation(**base)
        if call.tool == "device_probe":
            return Observation(**base, device=device, status="error", error="no packets here")
        if call.tool == "device_baseline":
            return self._baseline(base, device)
        if call.tool == "device_history":
            return Observation(**base, device=device, status="error", error=f"{device} has no history")
        if not self.routers[device].answers:
            return Observation(**base, device=device, status="unreachable", error=f"{device}: no route to host")
        outputs, state = self.state(device)
        if call.tool == "device_backup":
            return Observation(**base, device=device, content={"sha256": state.config_sha256, "object": "x"})
        return Observation(**base, device=device, outputs=outputs, state=state)

    def _baseline(self, base: dict[str, Any], device: str) -> Observation:
        if device not in self.past:
            return Observation(**base, device=device, status="error", error=f"{device} has no baseline")
        text, state = self.past[device]
        shown = Output(command=f"device_baseline {device} good", text=text)
        return Observation(**base, device=device, outputs=[shown], state=state)


def text_of(lines: Sequence[ConfigLine]) -> str:
    """A configuration as FRR writes it: a section's own lines, then its address families, each of them closed."""
    text: list[str] = []
    for line in lines:
        if not line.section and line.text not in text:
            text.append(line.text)
            inner = [x for x in lines if x.section == line.text]
            text += [f" {x.text}" for x in inner if not x.text.startswith("address-family ")]
            for family in (x.text for x in inner if x.text.startswith("address-family ")):
                text.append(f" {family}")
                text += [f"  {x.text}" for x in lines if x.section == f"{line.text}{JOINT}{family}"]
                text.append(" exit-address-family")
    return "\n".join(text) + "\n"


def build(
    edges: Sequence[tuple[int, int]],
    *,
    intent: bool,
    names: Sequence[str] = (),
    base: int = 10,
    asns: Sequence[int] = (),
    multihop: bool = False,
    password: bool = False,
) -> World:
    """A healthy world: a router per number in ``edges``, an eBGP session per edge (between loopbacks: ``multihop``)."""
    count = max(max(edge) for edge in edges) + 1
    names = list(names) or [f"r{n + 1}" for n in range(count)]
    asns = list(asns) or [65001 + n for n in range(count)]
    ports: list[list[tuple[str, str]]] = [[("lo", f"{base}.255.0.{n + 1}/32")] for n in range(count)]
    peers: list[list[tuple[str, int]]] = [[] for _ in range(count)]
    links: list[tuple[Where, Where]] = []
    for place, (a, b) in enumerate(edges):
        ends: list[Where] = []
        for me, other, host in ((a, b, 1), (b, a, 2)):
            port = f"e{len(ports[me]) - 1}"
            ports[me].append((port, f"{base}.0.{place}.{host}/30"))
            far = f"{base}.255.0.{other + 1}" if multihop else f"{base}.0.{place}.{3 - host}"
            peers[me].append((far, asns[other]))
            ends.append((names[me], port))
        links.append((ends[0], ends[1]))
    routers, devices = {}, []
    for n, name in enumerate(names[:count]):
        routers[name] = Router(name, _config(name, asns[n], ports[n], peers[n], multihop, password))
        wanted = IntendedBgp(
            asn=asns[n],
            neighbors=[IntendedNeighbor(address=a, remote_asn=r) for a, r in peers[n]],
            networks=[ports[n][0][1]],
        )
        devices.append(
            Device(
                name=name,
                platform="frr",
                address=f"192.0.2.{n + 1}",
                interfaces=[IntendedInterface(name=p, addresses=[a]) for p, a in ports[n]],
                intent=Intent(bgp=wanted if intent else None),
            )
        )
    cables = [Link(a=End(device=a, interface=i), b=End(device=b, interface=j)) for (a, i), (b, j) in links]
    return World(routers, links, Network(devices=devices, links=cables))


def _config(
    name: str, asn: int, ports: list[tuple[str, str]], peers: list[tuple[str, int]], multihop: bool, password: bool
) -> str:
    lines = [f"hostname {name}"]
    for port, address in ports:
        lines += [f"interface {port}", f" ip address {address}"]
    lines += [f"router bgp {asn}", f" bgp router-id {ports[0][1].split('/')[0]}", " no bgp ebgp-requires-policy"]
    for address, remote in peers:
        lines.append(f" neighbor {address} remote-as {remote}")
        if multihop:
            lines += [f" neighbor {address} ebgp-multihop 4", f" neighbor {address} update-source lo"]
        if password:
            lines.append(f" neighbor {address} password s3cret")
    lines += [" address-family ipv4 unicast", f"  network {ports[0][1]}", " exit-address-family"]
    return text_of(sections("\n".join(lines)))


def alert(device: str = "", **more: Any) -> dict[str, Any]:
    """An alert as a task carries it."""
    return {
        "alert_id": "a1",
        "source": "alertmanager",
        "fingerprint": "f",
        "name": "BgpSessionDown",
        "status": "firing",
        "severity": "warning",
        "summary": f"BGP trouble on {device}" if device else "BGP trouble",
        "device": device,
        "labels": {},
        "annotations": {},
        "received_at": "2026-01-01T00:00:00Z",
        **more,
    }


def case(world: World, task_type: str, **parameters: Any) -> Case:
    """A task on the world."""
    task = TaskAssignment(
        task_id=f"t-{task_type}", task_type=task_type, assigned_to="x", parameters=parameters, incident_id="i1"
    )
    return Case(task=task, network=world.network)


Decide = Callable[[Case, Sequence[Observation]], Move]


def run(decide: Decide, world: World, work: Case) -> tuple[Finish, list[Observation]]:
    """The loop of an agent: moves until it finishes; every call of a session has an id of its own."""
    seen: list[Observation] = []
    for _ in range(25):
        move = decide(work, seen)
        if isinstance(move, Finish):
            assert decide(work, seen) == move
            return move, seen
        assert isinstance(move, Act)
        assert move.calls
        seen += [world.observe(call) for call in move.calls]
        assert len({o.observation_id for o in seen}) == len(seen)
    raise AssertionError("no result within 25 moves")
