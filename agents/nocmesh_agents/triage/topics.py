"""What alerts are about, and which specialist takes it: data, so that a new specialist is a new row."""

from collections.abc import Iterable, Mapping

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

_ELSEWHERE: Mapping[str, frozenset[str]] = {
    "spanning tree": frozenset({"stp", "rstp", "mstp"}),
    "VLANs and bundles": frozenset({"vlan", "lag", "lacp"}),
    "processor, memory, storage": frozenset({"cpu", "memory", "disk", "filesystem", "storage"}),
    "the environment": frozenset({"temperature", "fan", "humidity"}),
}
"""Topics that what triage looks at says nothing about: a clean sweep of links and BGP does not disprove them."""

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


def unjudged(words: Iterable[str]) -> str:
    """The topic that the alert's ``words`` are about and that nobody here can judge; empty when there is none."""
    said = set(words)
    if said & _OURS:
        return ""
    return next((topic for topic, marks in _ELSEWHERE.items() if marks & said), "")
