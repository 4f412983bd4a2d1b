"""Which prefixes a device brings into BGP, against what it should bring."""

from collections.abc import Iterable

from nocmesh.diagnosis.origin import Lacking
from nocmesh.diagnosis.peer import process_header, process_lines
from nocmesh.diagnosis.signs import Scene
from nocmesh.messages.report import RootCause
from nocmesh_agents.judgement.causes import at_node


def missing_routes(scene: Scene) -> Iterable[RootCause]:
    """`bgp_missing_route_advertisement`: intent, or the alert, asks for a prefix that the device does not originate."""
    return [_lacks(scene, lack, 0.95) for lack in scene.lacking if lack.certain]


def suspected_routes(scene: Scene) -> Iterable[RootCause]:
    """The same where only the other devices' habit speaks for it: a lead, not a cause."""
    return [_lacks(scene, lack, 0.4) for lack in scene.lacking if not lack.certain]


def _lacks(scene: Scene, lack: Lacking, confidence: float) -> RootCause:
    sight = scene.facts.sights[lack.device]
    others = [line.text for line in process_lines(sight) if line.text.startswith("network ")]
    summary = f"{lack.device} does not originate {lack.prefix}: {lack.because}."
    quotes = (lack.device, process_header(sight), *others[:2])
    return at_node(scene, "bgp_missing_route_advertisement", lack.device, summary, confidence, quotes)
