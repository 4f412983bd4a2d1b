"""As the far end has it: the remedy for ends of an adjacency that do not agree, where nobody knows what was before.

What the two must have alike is copied from the far end's own lines; an IS-IS NET comes from intent, or from the far
end's area. A reading of how the device should be is made of that, and the edits are those that lead there.
"""

import re
from collections.abc import Callable, Sequence

from nocmesh.diagnosis import resources
from nocmesh.diagnosis.facts import Sight
from nocmesh.diagnosis.igp import IgpEnd
from nocmesh.diagnosis.signs import Scene
from nocmesh.messages.report import RootCause
from nocmesh.messages.state import ConfigLine
from nocmesh_agents.remediation.concerns import INTERFACE, Concern, adjacencies_at, concern_of, suffering
from nocmesh_agents.remediation.edits import Fix, Refusal
from nocmesh_agents.remediation.past import fixes_of
from nocmesh_agents.remediation.restoring import Restoration, restored

Answer = Fix | Refusal
Lines = list[ConfigLine]

_PROCESSES = {"ospf": "router ospf", "isis": "router isis"}
_OWN_MATTER = ("ip ospf cost", "isis metric", "ip ospf priority", "isis priority", "ip ospf passive", "isis passive")
"""What an end decides for itself; a far end that is silent is no model."""


def as_the_far_end(scene: Scene, cause: RootCause) -> list[Answer]:
    """The lines that ``cause`` is about, as the far ends of the adjacencies that suffer have them."""
    device, concern = resources.device_of(cause.resource), concern_of(cause.fault_type)
    sight = scene.facts.sights[device]
    if concern is None:
        return []
    wish = _WISHES.get(cause.fault_type, _alike)(scene, cause, sight, concern)
    found = restored(wish, list(sight.config or []), concern.covers)
    friend = _of_one_mind(scene, cause, sight, concern) if _is_of_process(found) else ""
    if friend and not (cause.fault_type in _WISHES and sight.intent.isis and sight.intent.isis.net):
        asked = f"the neighbour that {device} has lost and {friend}, which it has, want it set differently"
        return [Refusal(f"{device}: {asked}, and nobody knows what it was; a person must say what is right.")]
    return fixes_of(scene, cause, sight, found, "as the far end") if found.edits else []


def _is_of_process(found: Restoration) -> bool:
    """It changes more than interfaces: every neighbour is concerned."""
    return any(not line.section.startswith(INTERFACE) for line in [*found.back, *found.away])


def _of_one_mind(scene: Scene, cause: RootCause, sight: Sight, concern: Concern) -> str:
    """A neighbour that the device still has, in an area that suffers, whose process says the same of the concern."""
    around = adjacencies_at(scene, cause, sight.name)
    lost = {own.values.get("area") for each, own, _ in around if not each.up}
    for each, own, far in around:
        there = scene.facts.sight(far.end.device)
        here = own.protocol == "isis" or own.values.get("area") in lost
        if each.up and here and there is not None and _told(sight, own, concern) == _told(there, far, concern):
            return there.name
    return ""


def _told(sight: Sight, end: IgpEnd, concern: Concern) -> set[str]:
    """The process's lines of the concern; of a NET its area alone."""
    header = _header(sight.config or [], _PROCESSES[end.protocol])
    lines = [x.text for x in sight.config or [] if header and x.section == header and concern.covers(x)]
    return {".".join(text.split(".")[:-4]) if text.startswith("net ") else text for text in lines}


def _alike(scene: Scene, cause: RootCause, sight: Sight, concern: Concern) -> Lines:
    """The device's lines, with those of the far ends in the places that suffer."""
    wish = list(sight.config or [])
    for adjacency, own, far in suffering(scene, cause, sight.name):
        there = scene.facts.sight(far.end.device)
        same = there is not None and there.device.platform == sight.device.platform and there.config is not None
        if same and there is not None and (not adjacency.up or concern.quiet):
            for here, beyond in _places(sight, own, there, far):
                wish = _copied(wish, here, there.config or [], beyond, concern)
    return wish


def _places(sight: Sight, own: IgpEnd, there: Sight, far: IgpEnd) -> list[tuple[str, str]]:
    """The sections of this end, each with the far end's: the interface, and the process."""
    headers = [_header(each.config or [], _PROCESSES[own.protocol]) for each in (sight, there)]
    processes = [(headers[0], headers[1])] if all(headers) else []
    return [(f"{INTERFACE}{own.end.interface}", f"{INTERFACE}{far.end.interface}"), *processes]


def _header(lines: Sequence[ConfigLine], begins: str) -> str:
    return next((x.text for x in lines if not x.section and x.text.startswith(begins)), "")


def _copied(wish: Lines, here: str, theirs: Sequence[ConfigLine], beyond: str, concern: Concern) -> Lines:
    """``wish``, whose section ``here`` says of the concern what ``beyond`` says among ``theirs``."""
    mine = [x for x in wish if x.section == here and concern.covers(x)]
    model = [x.text for x in theirs if x.section == beyond and concern.covers(x) and not x.text.startswith(_OWN_MATTER)]
    texts = [_named(text, _tag(wish, text)) for text in model]
    kept = [x for x in wish if x not in mine or x.text in texts]
    held = {x.text for x in mine}
    return [*kept, *(ConfigLine(section=here, text=text) for text in texts if text not in held)]


def _tag(lines: Sequence[ConfigLine], text: str) -> str:
    """What the device calls the process that ``text`` names."""
    begins = _PROCESSES["isis" if text.startswith("ip router isis") else "ospf"]
    return _header(lines, begins).removeprefix(begins).strip()


def _named(text: str, tag: str) -> str:
    """`ip router isis core`, `ip ospf 1 area 0`: with the device's own name of the process."""
    return re.sub(r"^(ip router isis|ip ospf(?= \S+ area)) \S+", rf"\1 {tag}", text) if tag else text


def _net(scene: Scene, cause: RootCause, sight: Sight, concern: Concern) -> Lines:
    """The NET of intent; else the own system id in the area that the far ends have."""
    lines = list(sight.config or [])
    old = next((x for x in lines if x.text.startswith("net ") and concern.covers(x)), None)
    meant = sight.intent.isis.net if sight.intent.isis else ""
    areas = {far.values.get("area", "") for each, _, far in suffering(scene, cause, sight.name) if not each.up} - {""}
    if old is None or (not meant and (len(areas) != 1 or cause.fault_type != "isis_area_mismatch")):
        return lines
    net = meant or ".".join([*areas, *old.text.split()[1].split(".")[-4:]])
    return [ConfigLine(section=x.section, text=f"net {net}") if x is old else x for x in lines]


_WISHES: dict[str, Callable[[Scene, RootCause, Sight, Concern], Lines]] = {
    "isis_area_mismatch": _net,
    "isis_duplicate_system_id": _net,
}
