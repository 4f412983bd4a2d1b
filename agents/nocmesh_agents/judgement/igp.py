"""Faults of OSPF and IS-IS: ends that do not agree, interfaces left out, identities given twice, costs that moved."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from nocmesh.diagnosis import resources
from nocmesh.diagnosis.facts import Sight
from nocmesh.diagnosis.igp import Adjacency, IgpEnd, Protocol
from nocmesh.diagnosis.signs import Scene
from nocmesh.messages.report import Evidence, RootCause
from nocmesh_agents.judgement.agreements import Agreement, agreements
from nocmesh_agents.judgement.blame import AGAINST_INTENT, MOVED, ODD, blamed
from nocmesh_agents.judgement.causes import at_node, cause

Rule = Callable[[Scene], Iterable[RootCause]]
_LABELS = {"ospf": "OSPF", "isis": "IS-IS"}


def disagreements(fault: str) -> Rule:
    """The rule that finds ``fault`` wherever the ends of an adjacency that suffers do not agree."""
    rows = agreements(fault)

    def rule(scene: Scene) -> Iterator[RootCause]:
        for adjacency in scene.adjacencies:
            for row in rows:
                if adjacency.protocol == row.protocol and _suffers(scene, adjacency, row):
                    yield from _disagreement(scene, adjacency, row)

    return rule


def _suffers(scene: Scene, adjacency: Adjacency, row: Agreement) -> bool:
    """The disagreement could be what breaks it: the adjacency is lost, or it stands and the routes have moved."""
    if not scene.carries(adjacency.link):
        return False
    if not adjacency.up:
        return True
    return row.against == "routes" and adjacency.both


def _disagreement(scene: Scene, adjacency: Adjacency, row: Agreement) -> Iterator[RootCause]:
    a, b = adjacency.ends
    values = [end.values.get(row.setting) if end.present else None for end in adjacency.ends]
    if row.must == "be_no":
        guilty = [(place, MOVED) for place in (0, 1) if values[place] == "yes"]
    elif adjacency.both and row.broken(values[0], values[1]) and _comparable(adjacency, row):
        guilty = blamed(adjacency, row.setting, scene.igp_ends(adjacency.protocol), scene.facts.network)
    else:
        guilty = []
    for place, sure in guilty:
        end, far = (a, b) if place == 0 else (b, a)
        yield _named(scene, row, end, far, sure)


def _comparable(adjacency: Adjacency, row: Agreement) -> bool:
    """What it presumes is given; and an IS-IS area must be common at level 1 alone."""
    a, b = (end.values.get(row.given) for end in adjacency.ends)
    if row.given and a != b:
        return False
    if (row.protocol, row.setting) != ("isis", "area"):
        return True
    return "1" in adjacency.wanted and not any("1" in end.up for end in adjacency.ends)


def _named(scene: Scene, row: Agreement, end: IgpEnd, far: IgpEnd, sure: float) -> RootCause:
    own = row.says.format(value=end.values.get(row.setting))
    theirs = "" if row.must == "be_no" else f"; {far.end} {row.says.format(value=far.values.get(row.setting))}"
    summary = f"{_LABELS[row.protocol]}: {end.end} {own}{theirs}."
    quotes = [(each.end.device, *each.quotes, *_lines(scene, each, row.setting)) for each in (end, far)]
    return at_node(scene, row.fault, end.end.device, summary, sure, *quotes)


_WORDS: Mapping[Protocol, Mapping[str, tuple[str, ...]]] = {
    "ospf": {
        "area": ("ip ospf area",),
        "hello_interval": ("ip ospf hello-interval",),
        "dead_interval": ("ip ospf dead-interval",),
        "network_type": ("ip ospf network",),
        "authentication": ("ip ospf authentication", "ip ospf message-digest-key"),
        "key": ("ip ospf message-digest-key", "ip ospf authentication-key"),
        "passive": ("ip ospf passive",),
        "cost": ("ip ospf cost",),
    },
    "isis": {
        "level": ("isis circuit-type",),
        "network_type": ("isis network",),
        "authentication": ("isis password",),
        "key": ("isis password",),
        "passive": ("isis passive",),
        "metric": ("isis metric",),
    },
}
"""How the lines of an interface begin that hold a setting."""

_PROCESS_WORDS: Mapping[Protocol, Mapping[str, tuple[str, ...]]] = {"isis": {"area": ("net ",), "level": ("is-type ",)}}
"""How the lines of the routing process begin that hold a setting: an IS-IS area is the router's own, and stands in its
network entity title (ISO/IEC 10589)."""


def _lines(scene: Scene, end: IgpEnd, setting: str) -> list[str]:
    """The lines about ``setting`` of the interface and of the routing process, as configured."""
    sight = scene.facts.sight(end.end.device)
    begins = _WORDS[end.protocol].get(setting, ())
    process, process_begins = f"router {end.protocol}", _PROCESS_WORDS.get(end.protocol, {}).get(setting, ())
    return [
        line.text
        for line in (sight.config or [] if sight else [])
        if (line.section == f"interface {end.end.interface}" and line.text.startswith(begins))
        or (line.section.startswith(process) and line.text.startswith(process_begins))
    ]


def left_out(protocol: Protocol, fault: str) -> Rule:
    """`ospf_neighbor_missing`, `isis_neighbor_missing`: an end that should take part and does not."""

    def rule(scene: Scene) -> Iterator[RootCause]:
        for adjacency in scene.adjacencies:
            if adjacency.protocol != protocol or adjacency.up or not scene.carries(adjacency.link):
                continue
            for place in (0, 1):
                if adjacency.seen[place] and not adjacency.ends[place].present:
                    yield _left_out(scene, adjacency, place, fault)

    return rule


def _left_out(scene: Scene, adjacency: Adjacency, place: int, fault: str) -> RootCause:
    end, far = adjacency.ends[place], adjacency.ends[1 - place]
    label = _LABELS[adjacency.protocol]
    past = adjacency.before[place]
    why = "it was" if past is not None and past.present else f"{far.end} waits for it"
    summary = f"{end.end} is not in {label}; {why}."
    sight = scene.facts.sight(end.end.device)
    was = sight.was(*_past_lines(sight, end)) if sight else []
    found = at_node(
        scene,
        fault,
        end.end.device,
        summary,
        MOVED if past is not None else AGAINST_INTENT,
        (end.end.device, f"interface {end.end.interface}", *end.quotes),
        (far.end.device, *far.quotes),
    )
    return cause(found.fault_type, found.resource, found.summary, found.confidence, [*found.evidence, *was])


def _past_lines(sight: Sight, end: IgpEnd) -> list[str]:
    section, begins = f"interface {end.end.interface}", ("ip ospf area", "ip router isis")
    return [line.text for line in sight.config_before if line.section == section and line.text.startswith(begins)]


def duplicate_ids(protocol: Protocol, fault: str) -> Rule:
    """`ospf_duplicate_router_id` (RFC 2328 §C.1), `isis_duplicate_system_id`: an identity that two devices have."""

    def rule(scene: Scene) -> Iterator[RootCause]:
        owners: dict[str, list[Sight]] = {}
        for sight in scene.facts.reachable:
            identity = _identity(sight, protocol)
            if identity:
                owners.setdefault(identity, []).append(sight)
        for identity, sights in owners.items():
            if len(sights) > 1:
                yield from _twins(scene, protocol, fault, identity, sights)
            elif (owner := _meant_for(scene, protocol, identity)) not in ("", sights[0].name):
                yield _stolen(scene, protocol, fault, identity, sights[0], owner)

    return rule


def _meant_for(scene: Scene, protocol: Protocol, identity: str) -> str:
    """The device that the inventory gives the identity to; empty: nobody."""
    for device in scene.facts.network.devices:
        if protocol == "isis" and device.intent.isis and identity in device.intent.isis.net:
            return device.name
    owner = scene.facts.network.owner_of(identity) if protocol == "ospf" else None
    return owner.device if owner else ""


def _stolen(scene: Scene, protocol: Protocol, fault: str, identity: str, sight: Sight, owner: str) -> RootCause:
    moved = _identity_before(sight, protocol) not in ("", identity)
    summary = f"{_LABELS[protocol]}: {sight.name} has the identity {identity}, which is that of {owner}."
    quotes = (sight.name, *_identity_quotes(sight, protocol, identity))
    return at_node(scene, fault, sight.name, summary, MOVED if moved else AGAINST_INTENT, quotes)


def _identity(sight: Sight, protocol: Protocol) -> str:
    if protocol == "ospf":
        return sight.ospf.router_id if sight.ospf else ""
    return sight.isis.system_id if sight.isis else ""


def _twins(scene: Scene, protocol: Protocol, fault: str, identity: str, sights: list[Sight]) -> Iterator[RootCause]:
    moved = [sight for sight in sights if _identity_before(sight, protocol) not in ("", identity)]
    strange = [sight for sight in sights if not _own_identity(sight, identity)]
    guilty, sure = (moved, MOVED) if moved else (strange, ODD) if len(strange) < len(sights) else (sights[:1], 0.5)
    for sight in guilty:
        others = ", ".join(other.name for other in sights if other is not sight)
        summary = f"{_LABELS[protocol]}: {sight.name} has the identity {identity}, which is that of {others}."
        quotes = [(each.name, *_identity_quotes(each, protocol, identity)) for each in (sight, *sights)]
        yield at_node(scene, fault, sight.name, summary, sure, *quotes)


def _identity_before(sight: Sight, protocol: Protocol) -> str:
    state = getattr(sight.before, protocol) if sight.before else None
    return "" if state is None else str(state.router_id if protocol == "ospf" else state.system_id)


def _own_identity(sight: Sight, identity: str) -> bool:
    """The identity is one of its own addresses, or is what its intent says."""
    addresses = [a.split("/")[0] for i in sight.interfaces or sight.device.interfaces for a in i.addresses]
    meant = sight.intent.isis.net if sight.intent.isis else ""
    return identity in addresses or bool(meant and identity in meant)


def _identity_quotes(sight: Sight, protocol: Protocol, identity: str) -> list[str]:
    """Where it stands: in the configuration, and in what the device says of itself."""
    begins = ("ospf router-id", "router-id") if protocol == "ospf" else ("net ",)
    lines = [line.text for line in sight.config or [] if line.text.startswith(begins) and identity in line.text]
    return [*lines, f'"routerId":"{identity}"']


def moved_costs(protocol: Protocol, fault: str) -> Rule:
    """`ospf_cost_misconfig`, `isis_metric_misconfig`: a cost is another than before, and traffic goes another way."""
    setting = {"ospf": "cost", "isis": "metric"}[protocol]

    def rule(scene: Scene) -> Iterator[RootCause]:
        if not scene.detours:
            return
        for adjacency in scene.adjacencies:
            if adjacency.protocol != protocol or not adjacency.up:
                continue
            for end, past in zip(adjacency.ends, adjacency.before, strict=True):
                if past is not None and past.present and end.present and _differs(past, end, setting):
                    yield _moved_cost(scene, fault, setting, end, past)

    return rule


def _differs(past: IgpEnd, now: IgpEnd, setting: str) -> bool:
    was, told = past.values.get(setting), now.values.get(setting)
    return was is not None and told is not None and was != told


def _moved_cost(scene: Scene, fault: str, setting: str, end: IgpEnd, past: IgpEnd) -> RootCause:
    paths = "; ".join(scene.detours[:2])
    summary = f"{end.end} has the {setting} {end.values[setting]}, before it was {past.values[setting]}: {paths}."
    quotes = (end.end.device, *_lines(scene, end, setting), *end.quotes)
    found = at_node(scene, fault, end.end.device, summary, MOVED, quotes)
    sight = scene.facts.sight(end.end.device)
    was: list[Evidence] = sight.was(*past.quotes) if sight else []
    return cause(fault, resources.node(end.end.device), found.summary, found.confidence, [*found.evidence, *was])
