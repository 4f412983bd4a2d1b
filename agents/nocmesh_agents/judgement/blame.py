"""Who moved: of two ends that do not fit together, the one that is to blame.

The baseline knows best, then intent, then what everybody else in the network does; a coin is not thrown.
"""

from collections.abc import Sequence

from nocmesh.diagnosis.igp import Adjacency, IgpEnd
from nocmesh.network import Network

MOVED, AGAINST_INTENT, ODD, UNKNOWN = 0.98, 0.95, 0.85, 0.5
DEFAULTS = {"hello_interval": "10", "dead_interval": "40", "authentication": "none", "key": "none"}
"""What FRR and IOS take for OSPF on Ethernet when nobody says otherwise: who differs from it has been configured."""


def blamed(adjacency: Adjacency, setting: str, others: Sequence[IgpEnd], network: Network) -> list[tuple[int, float]]:
    """Which ends (0, 1) are to blame for a disagreement about ``setting``, each with how sure that is."""
    moved = [place for place in (0, 1) if _moved(adjacency, place, setting)]
    if moved:
        return [(place, MOVED) for place in moved]
    strays = [place for place in (0, 1) if _against_intent(adjacency.ends[place], setting, network)]
    if len(strays) == 1:
        return [(strays[0], AGAINST_INTENT)]
    return [_odd_one(adjacency, setting, others)]


def _moved(adjacency: Adjacency, place: int, setting: str) -> bool:
    before = adjacency.before[place]
    if before is None or not before.present:
        return False
    return before.values.get(setting) != adjacency.ends[place].values.get(setting)


def _against_intent(end: IgpEnd, setting: str, network: Network) -> bool:
    device = network.device(end.end.device)
    intent = device.intent if device else None
    if intent and setting == "area" and end.protocol == "ospf" and intent.ospf:
        meant = [area for area, names in intent.ospf.areas.items() if end.end.interface in names]
        return bool(meant) and end.values.get("area") not in meant
    if intent and setting == "area" and end.protocol == "isis" and intent.isis and intent.isis.net:
        return end.values.get("area") != ".".join(intent.isis.net.split(".")[:-4])
    if intent and setting == "level" and intent.isis and intent.isis.level:
        return end.values.get("level") != f"level-{intent.isis.level.removeprefix('level-')}"
    return False


def _odd_one(adjacency: Adjacency, setting: str, others: Sequence[IgpEnd]) -> tuple[int, float]:
    values = [end.values.get(setting) for end in adjacency.ends]
    rest = [end.values.get(setting) for end in others if end not in adjacency.ends]
    alike = [rest.count(value) for value in values]
    if alike[0] != alike[1]:
        return (0 if alike[0] < alike[1] else 1), ODD
    default = DEFAULTS.get(setting)
    if values.count(default) == 1:
        return 1 - values.index(default), UNKNOWN
    return 0, UNKNOWN
