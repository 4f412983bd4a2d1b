"""What alerts are about, and which specialist takes it: data, so that a new specialist is a new row."""

from collections.abc import Iterable, Mapping, Sequence

from nocmesh.diagnosis.facts import Sight

SPECIALISTS: Mapping[str, str] = {
    "device": "layer2",
    "link": "layer2",
    "interface": "layer2",
    "ospf": "ospf",
    "isis": "isis",
    "path": "ospf",
    "session": "bgp",
    "neighbor": "bgp",
    "prefix": "bgp",
}
"""By the kind of sign, the lowest one: every specialist judges all that it sees, from the device up."""

OF_FAMILY: Mapping[str, str] = {"bgp": "bgp", "ospf": "ospf", "isis": "isis", "spanning_tree": "stp"} | dict.fromkeys(
    ("link", "addressing", "filters", "layer2", "device", "drift"), "layer2"
)
"""By the family of a fault."""

_ELSEWHERE: Sequence[tuple[str, frozenset[str], str]] = (
    ("spanning tree", frozenset({"stp", "rstp", "mstp"}), "stp"),
    ("VLANs and bundles", frozenset({"vlan", "lag", "lacp"}), "switching"),
    ("processor and memory", frozenset({"cpu", "memory"}), "system"),
    ("storage", frozenset({"disk", "filesystem", "storage"}), ""),
    ("the environment", frozenset({"temperature", "fan", "humidity"}), ""),
)
"""Topics beside links and routing, and the view that judges each; empty: none does."""

_OURS = frozenset(
    {
        "bgp",
        "link",
        "interface",
        "port",
        "peer",
        "reachable",
        "unreachable",
        "reachability",
        "route",
        "prefix",
        "ospf",
        "isis",
        "adjacency",
    }
)


def unjudged(words: Iterable[str], sights: Sequence[Sight]) -> str:
    """The topic of the alert's ``words`` that nothing that was seen of ``sights`` judges; empty when there is none."""
    said = set(words)
    if said & _OURS:
        return ""
    topics = [(topic, view) for topic, marks, view in _ELSEWHERE if marks & said]
    return next((topic for topic, view in topics if not any(view and sight.understood(view) for sight in sights)), "")
