"""What the sessions carry: a path-vector computation with one best path per prefix. Pure.

Selection follows RFC 4271 §9.1 as routers build it: local routes first, then the shorter AS path, external before
internal, the lower router id. Local preference, MED and communities are not modelled.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from nocmesh.proving.simulated.bgp import Session, Statement, sessions
from nocmesh.proving.simulated.model import Configuration, Neighbor, Network, Node, subnet_of
from nocmesh.proving.simulated.wiring import connected, hop_towards, owns

MAX_ROUNDS = 64
"""Twice the longest chain of routers that anybody simulates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """One way to a prefix."""

    prefix: str
    next_hop: str
    as_path: tuple[int, ...] = ()
    via: str = ""
    """The neighbour that it came from; empty: originated here."""
    internal: bool = False
    router_id: str = ""

    @property
    def rank(self) -> tuple[bool, int, bool, tuple[int, ...]]:
        """The lower the better."""
        return bool(self.via), len(self.as_path), self.internal, tuple(int(p) for p in self.router_id.split(".") if p)


@dataclass(slots=True, kw_only=True)
class Tables:
    """What every router has heard, chosen and said."""

    heard: dict[Statement, list[Path]] = field(default_factory=dict)
    """Accepted paths by the statement of the hearing end."""
    best: dict[str, dict[str, Path]] = field(default_factory=dict)
    """By device and prefix."""
    sent: dict[Statement, int] = field(default_factory=dict)

    def paths(self, node: str, prefix: str) -> list[Path]:
        """All paths of ``node`` to ``prefix``, the best first."""
        found = [path for (name, _), paths in self.heard.items() if name == node for path in paths]
        best = self.best.get(node, {}).get(prefix)
        others = [path for path in found if path.prefix == prefix and path != best]
        return [*([] if best is None else [best]), *sorted(others, key=lambda p: p.rank)]


def converge(
    network: Network, overflowed: frozenset[Statement] = frozenset()
) -> tuple[dict[Statement, Session], Tables, frozenset[Statement]]:
    """Sessions and tables once nothing moves any more; with the ends that stopped at their maximum of prefixes."""
    while True:
        found = sessions(network, overflowed)
        tables = propagate(network, found)
        over = frozenset(_over(network, found, tables)) - overflowed
        if not over:
            return found, tables, overflowed
        overflowed |= over


def _over(network: Network, found: Mapping[Statement, Session], tables: Tables) -> Iterable[Statement]:
    for key, session in found.items():
        limit = _neighbor(network, key).maximum_prefix
        if session.established and limit is not None and len(tables.heard.get(key, ())) > limit:
            yield key


def propagate(network: Network, found: Mapping[Statement, Session]) -> Tables:
    """Announce, accept and choose in rounds until no table changes."""
    ground = _Ground(network, {name: _originated(network, node) for name, node in network.nodes.items()})
    tables = Tables(best=dict(ground.own))
    for _ in range(MAX_ROUNDS):
        following = _round(ground, found, tables)
        if following.best == tables.best and following.heard == tables.heard:
            return following
        tables = following
    return tables


@dataclass(slots=True)
class _Ground:
    """What stays as it is from round to round: local routes, and which next hops can be reached."""

    network: Network
    own: dict[str, dict[str, Path]]
    _usable: dict[tuple[str, str], bool] = field(default_factory=dict)

    def usable(self, node: Node, next_hop: str) -> bool:
        """Whether ``next_hop`` can be reached by connected and static routes, and is not this router itself."""
        key = (node.name, next_hop)
        if key not in self._usable:
            reached = hop_towards(self.network, node, next_hop) is not None
            self._usable[key] = reached and not owns(self.network, node, next_hop)
        return self._usable[key]


def _round(ground: _Ground, found: Mapping[Statement, Session], tables: Tables) -> Tables:
    following, network = Tables(), ground.network
    for key, session in found.items():
        if session.established and session.peer is not None:
            offered = _announced(network, session.peer, found[session.peer], tables)
            following.sent[session.peer] = len(offered)
            following.heard[key] = _accepted(network, key, session, offered)
    for name, node in network.nodes.items():
        candidates = list(ground.own[name].values())
        candidates += [path for (owner, _), paths in following.heard.items() if owner == name for path in paths]
        following.best[name] = _choose(ground, node, candidates)
    return following


def _originated(network: Network, node: Node) -> dict[str, Path]:
    """`network` statements whose exact prefix is in the routing table."""
    if node.running.bgp is None:
        return {}
    present = {str(prefix) for prefix, _ in connected(network, node)}
    present |= {route.prefix for route in node.running.statics if hop_towards(network, node, route.next_hop)}
    return {p: Path(prefix=p, next_hop="0.0.0.0") for p in node.running.bgp.networks if p in present}  # noqa: S104


def _announced(network: Network, sender: Statement, session: Session, tables: Tables) -> list[Path]:
    node, neighbor = network.node(sender[0]), _neighbor(network, sender)
    assert node.running.bgp is not None
    internal = neighbor.remote_as == node.running.bgp.asn
    if not internal and _lacks_policy(node.running, neighbor.prefix_list_out):
        return []
    return [
        _as_sent(path, node.running.bgp.asn, session, neighbor, internal=internal)
        for path in tables.best.get(node.name, {}).values()
        if path.via != neighbor.address
        and not (internal and path.internal)
        and node.running.permits(neighbor.prefix_list_out, path.prefix)
    ]


def _as_sent(path: Path, asn: int, session: Session, neighbor: Neighbor, *, internal: bool) -> Path:
    keeps = internal and path.via and not neighbor.next_hop_self
    return Path(
        prefix=path.prefix,
        next_hop=path.next_hop if keeps else session.local_address,
        as_path=path.as_path if internal else (asn, *path.as_path),
        internal=internal,
    )


def _accepted(network: Network, key: Statement, session: Session, offered: list[Path]) -> list[Path]:
    node, neighbor = network.node(key[0]), _neighbor(network, key)
    assert node.running.bgp is not None
    if neighbor.remote_as != node.running.bgp.asn and _lacks_policy(node.running, neighbor.prefix_list_in):
        return []
    return [
        Path(
            prefix=path.prefix,
            next_hop=path.next_hop,
            as_path=path.as_path,
            via=neighbor.address,
            internal=path.internal,
            router_id=session.remote_router_id,
        )
        for path in offered
        if node.running.bgp.asn not in path.as_path and node.running.permits(neighbor.prefix_list_in, path.prefix)
    ]


def _lacks_policy(configuration: Configuration, prefix_list: str) -> bool:
    return configuration.bgp is not None and configuration.bgp.requires_policy and not prefix_list


def _choose(ground: _Ground, node: Node, candidates: list[Path]) -> dict[str, Path]:
    chosen: dict[str, Path] = {}
    usable = {hop for hop in {path.next_hop for path in candidates if path.via} if ground.usable(node, hop)}
    for path in sorted(candidates, key=lambda p: p.rank):
        if path.prefix not in chosen and (not path.via or path.next_hop in usable):
            chosen[path.prefix] = path
    return dict(sorted(chosen.items(), key=lambda item: subnet_of(item[0])))


def _neighbor(network: Network, key: Statement) -> Neighbor:
    bgp = network.node(key[0]).running.bgp
    assert bgp is not None
    return bgp.neighbors[key[1]]
