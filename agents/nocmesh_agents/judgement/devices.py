"""Faults of a device as a whole: daemons and services that do not run, forwarding, resources, software, drift."""

import re
from collections.abc import Iterator, Sequence

from nocmesh.diagnosis import resources
from nocmesh.diagnosis.facts import Sight
from nocmesh.diagnosis.signs import Scene, signs_of
from nocmesh.messages.report import Evidence, RootCause
from nocmesh_agents.judgement.causes import at_node, cause

ROUTING = ("bgpd", "ospfd", "isisd")
_VIEWS = {"bgpd": "bgp", "ospfd": "ospf", "isisd": "isis"}
_BUSY_CPU = 95.0
_SPARE_MEMORY = 0.03
"""Less than this of the memory available: whatever is started next is killed."""


def silent_daemons(scene: Scene) -> Iterator[RootCause]:
    """`frr_service_down`: a routing daemon should run, by the configuration, intent or baseline, and does not."""
    for sight in scene.facts.reachable:
        for daemon in ROUTING:
            evidence = _silence(sight, daemon)
            if evidence and _should_run(scene, sight, daemon):
                summary = f"The routing daemon {daemon} of {sight.name} is not running."
                yield cause("frr_service_down", resources.node(sight.name), summary, 0.97, evidence)


def _silence(sight: Sight, daemon: str) -> list[Evidence]:
    """What the device says of a daemon that is not there: vtysh by name, the system by its list."""
    said = re.compile(rf"^.*\b{daemon}\b.*\bnot running\b.*$", re.MULTILINE | re.IGNORECASE)
    texts = [output.text for observation in sight.observations for output in observation.outputs]
    if sight.view_status(_VIEWS[daemon]) == "rejected":
        return sight.quote(*(match[0] for match in map(said.search, texts) if match))
    if sight.system is not None and sight.system.services.get(daemon) is False:
        return sight.quote(*sight.system.quotes[:3])
    return []


def _should_run(scene: Scene, sight: Sight, daemon: str) -> bool:
    if sight.before is not None and sight.before.system is not None:
        return sight.before.system.services.get(daemon, True)
    view = _VIEWS[daemon]
    spoken_to = {scene.facts.owner(peer.address) for peer in scene.peering.all} if view == "bgp" else set()
    return getattr(sight.intent, view) is not None or sight.name in spoken_to


def dead_services(scene: Scene) -> Iterator[RootCause]:
    """`service_down`: a service that intent lists, or that ran before, does not run; routing daemons are another's."""
    for sight in scene.facts.reachable:
        if sight.system is None:
            continue
        before = sight.before.system.services if sight.before and sight.before.system else {}
        meant = set(sight.intent.software.services if sight.intent.software else ()) | {
            n for n, on in before.items() if on
        }
        for name, runs in sight.system.services.items():
            if not runs and name in meant and name not in (*ROUTING, "zebra", "staticd"):
                yield _dead(sight, name)


def _dead(sight: Sight, name: str) -> RootCause:
    summary = f"The service {name} of {sight.name} does not run."
    now = sight.quote(*(sight.system.quotes[:1] if sight.system else ()))
    was = sight.was(*(q for q in _past_quotes(sight) if name in q))
    return cause("service_down", resources.node(sight.name), summary, 0.96, [*was, *now])


def _past_quotes(sight: Sight) -> list[str]:
    system = sight.before.system if sight.before else None
    return [quote.text for quote in system.quotes] if system else []


def still_routers(scene: Scene) -> Iterator[RootCause]:
    """`ip_forwarding_disabled`: a router that does not forward (RFC 1812 §5.2)."""
    for sight in scene.facts.reachable:
        if sight.system is None or sight.system.ip_forwarding is not False:
            continue
        before = sight.before.system.ip_forwarding if sight.before and sight.before.system else None
        if before or (before is None and sight.device.platform != "linux"):
            summary = f"{sight.name} does not forward packets between its interfaces: IP forwarding is off."
            quotes = [q for q in sight.system.quotes if "Forwarding" in q.text or "forward" in q.command]
            yield at_node(scene, "ip_forwarding_disabled", sight.name, summary, 0.98, (sight.name, *quotes[:2]))


def exhausted(scene: Scene) -> Iterator[RootCause]:
    """`device_resource_exhausted`: no processor time or no memory left."""
    for sight in scene.facts.reachable:
        system = sight.system
        if system is None:
            continue
        total, spare = system.memory_total_kb, system.memory_available_kb
        short = bool(total) and spare is not None and spare < (total or 0) * _SPARE_MEMORY
        if short or (system.cpu_percent or 0) >= _BUSY_CPU:
            what = (
                f"{spare} of {total} kB of memory left" if short else f"the processor is {system.cpu_percent:g} % busy"
            )
            quotes = (sight.name, *system.quotes[:3])
            yield at_node(scene, "device_resource_exhausted", sight.name, f"{sight.name}: {what}.", 0.95, quotes)


def wrong_versions(scene: Scene) -> Iterator[RootCause]:
    """`version_mismatch`: the software is not the version that intent asks for."""
    for sight in scene.facts.reachable:
        meant = sight.intent.software.version if sight.intent.software else ""
        if meant and sight.system and sight.system.version and sight.system.version != meant:
            summary = f"{sight.name} runs {sight.system.version}; meant is {meant}."
            quotes = [quote for quote in sight.system.quotes if sight.system.version in quote.text]
            yield at_node(scene, "version_mismatch", sight.name, summary, 0.97, (sight.name, *quotes[:1]))


def missing_packages(scene: Scene) -> Iterator[RootCause]:
    """`missing_install`: a package that intent asks for is not installed."""
    for sight in scene.facts.reachable:
        meant = sight.intent.software.packages if sight.intent.software else {}
        have = sight.system.packages if sight.system else {}
        lacking = sorted(set(meant) - set(have)) if have else []
        if lacking and sight.system:
            summary = f"{sight.name} has not installed {', '.join(lacking)}."
            yield at_node(scene, "missing_install", sight.name, summary, 0.95, (sight.name, *sight.system.quotes[:2]))


def drifted(sight: Sight) -> list[tuple[str, str]]:
    """(+ or -, line) of a configuration that is not what it was when it was well; empty where nobody knows."""
    moved = sight.moves
    if moved is None:
        return []
    return [("+", line.text) for line in moved.new] + [("-", line.text) for line in moved.gone]


def drift(scene: Scene, others: Sequence[RootCause]) -> Iterator[RootCause]:
    """`configuration_drift`: the configuration moved, and nothing else that is wrong with the device explains it.

    Only where the alert is about the configuration, or where a journey that it speaks of does not go on.
    """
    named = {cause.resource.split("/")[1].split(":")[0] for cause in others}
    stuck = {sign.devices[0] for sign in signs_of(scene) if sign.kind == "path"} if not others else set()
    for sight in scene.facts.reachable:
        moved = drifted(sight)
        if moved and sight.name not in named and (scene.asks_about_configuration or sight.name in stuck):
            yield _drift(sight, moved)


def _drift(sight: Sight, moved: list[tuple[str, str]]) -> RootCause:
    said = "; ".join(f"{sign}{text}" for sign, text in moved[:5])
    summary = f"The configuration of {sight.name} is not what it was when it was well: {said}."
    evidence = [
        *sight.quote(*(text for sign, text in moved if sign == "+")),
        *sight.was(*(text for sign, text in moved if sign == "-")),
    ]
    return cause("configuration_drift", resources.node(sight.name), summary, 0.9, evidence)
