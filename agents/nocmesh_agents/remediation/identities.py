"""Fixes of identities that two devices have: the one that took another's gets its own again, and both begin anew."""

from collections.abc import Sequence

from nocmesh.diagnosis import resources
from nocmesh.diagnosis.facts import Sight
from nocmesh.diagnosis.signs import Scene
from nocmesh.messages.report import RootCause
from nocmesh.messages.state import ConfigLine
from nocmesh_agents.remediation import checks
from nocmesh_agents.remediation.concerns import adjacencies_at
from nocmesh_agents.remediation.edits import Edit, Fix, Refusal, afterwards
from nocmesh_agents.remediation.past import as_it_was

Answer = Fix | Refusal

_ANEW = "do clear ip ospf process"
_LINES = ("ospf router-id ", "router-id ")


def router_id(scene: Scene, cause: RootCause) -> list[Answer]:
    """The device's own router id, and OSPF begun anew there; and on whoever had the same.

    FRR takes another router id only when OSPF begins anew. That withdraws what was told under the old one, also of
    the device whose it is, and FRR 8.4 does not tell it again by itself (ospfd, seen on 8.4.4).
    """
    device = resources.device_of(cause.resource)
    sight = scene.facts.sights[device]
    answers = as_it_was(scene, cause) or _meant(sight)
    twins = [other for other in scene.facts.reachable if other is not sight and _same(other, sight)]
    if any(isinstance(answer, Fix) for answer in answers):
        answers += [_begun_anew(scene, cause, twin) for twin in twins if twin.device.platform == "frr"]
    return answers


def _same(one: Sight, other: Sight) -> bool:
    return one.ospf is not None and other.ospf is not None and one.ospf.router_id == other.ospf.router_id


def _begun_anew(scene: Scene, cause: RootCause, twin: Sight) -> Fix:
    """It goes last, so nothing is in the way of its neighbours any more."""
    ends = [own.end for each, own, _ in adjacencies_at(scene, cause, twin.name) if scene.carries(each.link)]
    return Fix(
        device=twin.name,
        edits=(Edit("", (_ANEW,), ()),),
        summary=f"{twin.name} begins OSPF anew, since another device withdrew what it had told.",
        checks=tuple(checks.ospf_adjacency(end.interface) for end in ends),
    )


def _meant(sight: Sight) -> list[Answer]:
    """By intent, else by the inventory's loopback."""
    own = sight.intent.bgp.router_id if sight.intent.bgp else ""
    own = own or _loopback(sight)
    header = next((x.text for x in sight.config or [] if not x.section and x.text.startswith("router ospf")), "")
    if not own or not header or (sight.ospf and sight.ospf.router_id == own):
        return []
    if sight.device.platform != "frr":
        return [Refusal(f"{sight.name}: its OSPF router id should be {own}; a person must set it and clear OSPF.")]
    old = [x.text for x in _in(sight.config or [], header) if x.text.startswith(_LINES)]
    line = f"ospf router-id {own}"
    first, last = afterwards(_ANEW)
    edit = Edit(header, (line,), (old[0] if old else f"no {line}",))
    return [
        Fix(
            device=sight.name,
            edits=(first, edit, last),
            summary=f"{sight.name} has the OSPF router id {own}.",
            checks=(checks.ospf_router_id(own),),
            configured=(checks.line(header, line),),
        )
    ]


def _in(lines: Sequence[ConfigLine], section: str) -> list[ConfigLine]:
    return [line for line in lines if line.section == section]


def _loopback(sight: Sight) -> str:
    hosts = [a for i in sight.device.interfaces for a in i.addresses if a.endswith("/32")]
    return hosts[0].split("/")[0] if len(hosts) == 1 else ""
