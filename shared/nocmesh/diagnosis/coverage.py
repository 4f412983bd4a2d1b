"""Few devices from which everything is seen: one end of each link and session, or one way from here to there. Pure."""

from collections import deque
from collections.abc import Collection

from nocmesh.diagnosis.facts import Facts
from nocmesh.network import Network


def watchers(network: Network, seen: Collection[str]) -> list[str]:
    """Devices beside ``seen`` that together are an end of every link and every intended session; few of them.

    The one with most ends that nobody watches yet is taken first: as good as it gets without trying all.
    """
    open_pairs = [pair for pair in _pairs(network) if not pair & set(seen)]
    found: list[str] = []
    while open_pairs:
        ends = [name for pair in open_pairs for name in sorted(pair)]
        best = max(dict.fromkeys(ends), key=ends.count)
        found.append(best)
        open_pairs = [pair for pair in open_pairs if best not in pair]
    return found


def _pairs(network: Network) -> list[frozenset[str]]:
    pairs = [frozenset((link.a.device, link.b.device)) for link in network.links]
    empty = Facts(network, {})
    for device in network.devices:
        listed = device.intent.bgp.neighbors if device.intent.bgp else []
        pairs += [frozenset((device.name, far)) for n in listed if (far := empty.owner(n.address))]
    return [pair for pair in dict.fromkeys(pairs) if len(pair) == 2]


def between(network: Network, here: str, there: str) -> list[str]:
    """The devices of one shortest way by the inventory's links, ends included; empty: there is none."""
    came: dict[str, str] = {here: ""}
    ahead = deque([here])
    while ahead and there not in came:
        name = ahead.popleft()
        for _, _, far in network.neighbours(name):
            if far.device not in came:
                came[far.device] = name
                ahead.append(far.device)
    way, name = [], there if there in came else ""
    while name:
        way.append(name)
        name = came[name]
    return way[::-1]
