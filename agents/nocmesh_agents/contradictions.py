"""What an alert says and what inventory and devices contradict: then the monitoring is wrong, not the network. Pure.

Only what was read counts: an interface that nobody looked for is not one that does not exist.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from nocmesh.diagnosis.facts import Sight
from nocmesh.diagnosis.find import Named, address_of
from nocmesh.diagnosis.signs import Scene
from nocmesh.network import End

PORT_LABELS = ("ifname", "ifdescr", "interface", "interface_name", "if_name", "port", "port_name")
"""Labels by which monitoring systems name an interface, in lower case."""
PEER_LABELS = ("neighbor", "neighbour", "peer", "peer_address", "peer_ip", "bgp_peer", "neighbor_ip", "remote_address")
"""Labels by which they name a neighbour."""
EXPORTER = frozenset(
    {"exporter", "scrape", "scraping", "target", "targetdown", "snmp_exporter", "node_exporter", "probe"}
)
DOWN = frozenset({"instancedown", "devicedown", "hostdown", "nodedown", "unreachable", "offline", "reboot", "rebooted"})
"""Words for: the whole device is away."""
CPU = frozenset({"cpu", "processor", "load", "highload"})
MEMORY = frozenset({"memory", "ram", "oom"})
LOSS = frozenset({"loss", "packetloss", "latency", "jitter", "errors", "discards", "drops"})
CONFIG = frozenset({"configuration", "config", "configurationchanged", "drift"})
EXPORTERS = ("snmpd", "snmp_exporter", "node_exporter")


def contradiction(alert: Mapping[str, Any], named: Named, scene: Scene) -> str:
    """How the devices contradict the alert, in words; empty: they do not."""
    found = [
        *_no_such_port(alert, named, scene),
        *_port_is_up(alert, named, scene),
        *_no_such_peer(alert, named, scene),
        *_exporter(named, scene),
        *_device_runs(named, scene),
        *_resources(named, scene),
        *_config_stands(named, scene),
        *_counters_stand(named, scene),
    ]
    return "; ".join(dict.fromkeys(found[:4]))


def ports_named(alert: Mapping[str, Any], named: Named, scene: Scene) -> list[tuple[End, bool]]:
    """The interfaces of the named devices that labels of the alert name, and whether anybody knows each."""
    labels = alert.get("labels")
    values = [v for k, v in (labels.items() if isinstance(labels, Mapping) else ()) if str(k).lower() in PORT_LABELS]
    found: list[tuple[End, bool]] = []
    for value in dict.fromkeys(v.strip() for v in values if isinstance(v, str) and v.strip() and not v.isdigit()):
        owners = [name for name in named.devices if _knows(scene, name, value)]
        found += [(End(device=owner, interface=value), True) for owner in owners]
        if not owners and named.devices:
            found.append((End(device=named.devices[0], interface=value), False))
    return found


def _knows(scene: Scene, device: str, port: str) -> bool:
    known = scene.facts.network.device(device)
    sight = scene.facts.sight(device)
    listed = [i.name for i in (known.interfaces if known else ())] + [
        i.name for i in (sight.interfaces if sight else None) or ()
    ]
    return port in listed


def _no_such_port(alert: Mapping[str, Any], named: Named, scene: Scene) -> Iterator[str]:
    for end, known in ports_named(alert, named, scene):
        sight = scene.facts.sight(end.device)
        if not known and sight is not None and sight.interfaces:
            yield f"{end.device} has no interface {end.interface[:80]!r}, and the inventory knows none"


def _port_is_up(alert: Mapping[str, Any], named: Named, scene: Scene) -> Iterator[str]:
    if not {"down", "interfacedown", "linkdown"} & named.words:
        return
    for end, known in ports_named(alert, named, scene):
        interface = scene.facts.interface(end)
        if known and interface is not None and interface.oper_up:
            yield f"{end} is up"


def _no_such_peer(alert: Mapping[str, Any], named: Named, scene: Scene) -> Iterator[str]:
    labels = alert.get("labels")
    given = [v for k, v in (labels.items() if isinstance(labels, Mapping) else ()) if str(k).lower() in PEER_LABELS]
    for value in given:
        address = address_of(value) if isinstance(value, str) else None
        sight = scene.facts.sight(named.devices[0]) if named.devices else None
        if address is None or sight is None or not sight.understood("bgp") or scene.facts.owner(str(address)):
            continue
        before = sight.before.bgp.neighbors if sight.before and sight.before.bgp else []
        known = {n.address for n in (sight.bgp.neighbors if sight.bgp else [])} | {n.address for n in before}
        if str(address) not in known:
            yield f"{sight.name} has no BGP neighbour {address}, and had none when all was well"


def _exporter(named: Named, scene: Scene) -> Iterator[str]:
    if not EXPORTER & named.words:
        return
    for sight in _sights(named, scene):
        services = sight.system.services if sight.system else {}
        running = [name for name in EXPORTERS if services.get(name)]
        runs = f", and its {' and '.join(running)} runs" if running else ""
        yield f"{sight.name} answers{runs}: what did not answer is the exporter, or the way to it"


def _device_runs(named: Named, scene: Scene) -> Iterator[str]:
    if not DOWN & named.words or EXPORTER & named.words:
        return
    for sight in _sights(named, scene):
        uptime = sight.system.uptime_seconds if sight.system else None
        since = f" and has been running for {_period(uptime)}" if uptime else ""
        yield f"{sight.name} answers{since}"


def _resources(named: Named, scene: Scene) -> Iterator[str]:
    for sight in _sights(named, scene):
        system = sight.system
        if system is not None and MEMORY & named.words and system.memory_total_kb and system.memory_available_kb:
            share = 100 * system.memory_available_kb / system.memory_total_kb
            yield f"{share:.0f} % of the memory of {sight.name} is free"
        if CPU & named.words:
            yield from _processor(sight)


def _processor(sight: Sight) -> Iterator[str]:
    if sight.system is not None and sight.system.cpu_percent is not None:
        yield f"the processor of {sight.name} is {sight.system.cpu_percent:g} % busy"
        return
    busy = [p for p in sight.now.processes or () if p.cpu_percent is not None]
    if busy:
        most = max(busy, key=lambda process: process.cpu_percent or 0.0)
        yield f"no process of {sight.name} uses more than {most.cpu_percent:g} % of a processor ({most.name})"


def _config_stands(named: Named, scene: Scene) -> Iterator[str]:
    if not CONFIG & named.words:
        return
    for sight in _sights(named, scene):
        before = sight.before.config_sha256 if sight.before else ""
        if sight.config and sight.config_before and sight.config == sight.config_before:
            yield f"the configuration of {sight.name} is line for line that of its baseline"
        elif before and before == sight.config_sha256:
            yield f"the configuration of {sight.name} is that of its baseline"


def _counters_stand(named: Named, scene: Scene) -> Iterator[str]:
    """No error and no discard was counted since anybody looked first."""
    if not LOSS & named.words:
        return
    for sight in _sights(named, scene):
        history = sight.history
        if history is not None and not any(turn.kind == "counter" for turn in history.turns):
            since = f"{history.began:%Y-%m-%d %H:%M} UTC"
            yield f"no interface of {sight.name} has counted an error or a discard since {since}"


def _sights(named: Named, scene: Scene) -> Iterator[Sight]:
    for name in named.devices[:3]:
        sight = scene.facts.sight(name)
        if sight is not None and not sight.unreachable:
            yield sight


def _period(seconds: int) -> str:
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
