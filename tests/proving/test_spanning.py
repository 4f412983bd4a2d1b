"""A spanning tree is a tree, and it spans: whatever the cabling."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nocmesh.proving.simulated.spanning import BridgeId, BridgePort, Key, PortId, Tree, compute

pytestmark = pytest.mark.real

Wires = list[tuple[Key, Key]]


@st.composite
def cablings(draw: st.DrawFn) -> tuple[dict[str, BridgeId], list[BridgePort], Wires]:
    """Some bridges with priorities, and cables between any two ports of theirs, also several between the same two."""
    names = [f"s{n}" for n in range(draw(st.integers(1, 7)))]
    bridges = {
        name: BridgeId(draw(st.sampled_from([4096, 32768])), f"02:00:00:00:00:{index:02x}")
        for index, name in enumerate(names)
    }
    pairs = draw(st.lists(st.tuples(st.sampled_from(names), st.sampled_from(names)), max_size=14))
    ports: list[BridgePort] = []
    wires: Wires = []
    for a, b in pairs:
        ends = []
        for bridge in (a, b):
            number = 1 + sum(port.bridge == bridge for port in ports)
            cost = draw(st.sampled_from([3, 4, 19, 100]))
            ports.append(BridgePort(bridge=bridge, name=f"p{number}", cost=cost, id=PortId(128, number)))
            ends.append((bridge, f"p{number}"))
        wires.append((ends[0], ends[1]))
    return bridges, ports, wires


def tree_of(bridges: dict[str, BridgeId], ports: list[BridgePort], wires: Wires) -> Tree:
    hears: dict[Key, set[Key]] = {}
    for a, b in wires:
        hears.setdefault(a, set()).add(b)
        hears.setdefault(b, set()).add(a)
    return compute(bridges, ports, hears)


def parts(bridges: dict[str, BridgeId], wires: Wires) -> set[frozenset[str]]:
    """Which bridges hang together."""
    of = {name: frozenset({name}) for name in bridges}
    for (a, _), (b, _) in wires:
        joined = of[a] | of[b]
        of |= dict.fromkeys(joined, joined)
    return set(of.values())


def cheapest(part: frozenset[str], root: str, ports: list[BridgePort], wires: Wires) -> dict[str, int]:
    """The cost of each bridge's cheapest way to ``root``: what each pays is the cost of its own port."""
    paid = {port.key: port.cost for port in ports}
    costs = {root: 0}
    for _ in part:
        for a, b in wires:
            for own, far in ((a, b), (b, a)):
                if far[0] in costs and own[0] != root:
                    offer = costs[far[0]] + paid[own]
                    costs[own[0]] = min(offer, costs.get(own[0], offer))
    return costs


def forwarding(tree: Tree, wires: Wires) -> Wires:
    return [(a, b) for a, b in wires if tree.ports[a].forwarding and tree.ports[b].forwarding]


@settings(max_examples=60)
@given(cablings())
def test_no_frame_goes_round_and_every_bridge_is_reached(
    cabling: tuple[dict[str, BridgeId], list[BridgePort], Wires],
) -> None:
    bridges, ports, wires = cabling
    tree = tree_of(bridges, ports, wires)
    whole, kept = parts(bridges, wires), forwarding(tree, wires)
    assert parts(bridges, kept) == whole, "it spans"
    assert len(kept) == len(bridges) - len(whole), "it has no loop"


@settings(max_examples=40)
@given(cablings())
def test_the_root_is_the_lowest_and_costs_are_those_of_the_cheapest_way(
    cabling: tuple[dict[str, BridgeId], list[BridgePort], Wires],
) -> None:
    bridges, ports, wires = cabling
    tree = tree_of(bridges, ports, wires)
    for part in parts(bridges, wires):
        root = min(part, key=lambda name: bridges[name])
        costs = cheapest(part, root, ports, wires)
        for name in part:
            standing = tree.bridges[name]
            assert standing.root == bridges[root]
            assert standing.cost == costs[name]
            assert bool(standing.root_port) == (name != root)


@settings(max_examples=40)
@given(cablings())
def test_each_cable_has_one_designated_end(cabling: tuple[dict[str, BridgeId], list[BridgePort], Wires]) -> None:
    bridges, ports, wires = cabling
    tree = tree_of(bridges, ports, wires)
    for a, b in wires:
        assert [tree.ports[end].role for end in (a, b)].count("designated") == 1
    roots = [key for key, standing in tree.ports.items() if standing.role == "root"]
    assert sorted(bridge for bridge, _ in roots) == sorted(n for n, s in tree.bridges.items() if s.root_port)


def triangle(guarded: bool = False, inconsistent: bool = False) -> Tree:
    """Three bridges, `a` the root; the port of `c` towards `a` may be guarded or inconsistent."""
    bridges = {name: BridgeId(32768, f"02:00:00:00:00:0{n}") for n, name in enumerate("abc")}
    sides = [("a", "b"), ("b", "c"), ("a", "c")]
    ports = [
        BridgePort(
            bridge=own,
            name=f"to-{far}",
            cost=4,
            id=PortId(128, "abc".index(far) + 1),
            guarded=guarded and (own, far) == ("c", "a"),
            inconsistent=inconsistent and (own, far) == ("c", "a"),
        )
        for side in sides
        for own, far in (side, side[::-1])
    ]
    return tree_of(bridges, ports, [((a, f"to-{b}"), (b, f"to-{a}")) for a, b in sides])


def test_the_side_that_is_farthest_from_the_root_is_blocked_at_its_worse_end() -> None:
    tree = triangle()
    blocked = {key: standing.role for key, standing in tree.ports.items() if not standing.forwarding}
    assert blocked == {("c", "to-b"): "alternate"}


def test_a_guarded_port_rather_blocks_than_believes_in_a_root_beyond_it() -> None:
    tree = triangle(guarded=True)
    assert tree.ports[("c", "to-a")].why_blocked == "ROOT_Inc"
    assert tree.bridges["c"].root_port == "to-b"
    assert tree.bridges["c"].root == tree.bridges["a"].id


def test_an_inconsistent_port_blocks() -> None:
    standing = triangle(inconsistent=True).ports[("c", "to-a")]
    assert (standing.forwarding, standing.why_blocked) == (False, "PVID_Inc")


def test_a_bridge_that_hears_itself_blocks_the_worse_port() -> None:
    bridges = {"a": BridgeId(32768, "02:00:00:00:00:01")}
    ports = [BridgePort(bridge="a", name=name, cost=4, id=PortId(128, n)) for n, name in ((1, "p1"), (2, "p2"))]
    tree = tree_of(bridges, ports, [(("a", "p1"), ("a", "p2"))])
    assert tree.ports[("a", "p1")].role == "designated"
    assert tree.ports[("a", "p2")].role == "backup"


def test_a_port_that_hears_nobody_forwards_and_so_closes_a_ring() -> None:
    bridges = {name: BridgeId(32768, f"02:00:00:00:00:0{n}") for n, name in enumerate("ab")}
    ports = [BridgePort(bridge=b, name=f"p{n}", cost=4, id=PortId(128, n)) for b in bridges for n in (1, 2)]
    deaf = compute(bridges, ports, {("b", "p1"): [("a", "p1")], ("a", "p1"): [("b", "p1")]})
    assert all(standing.forwarding for standing in deaf.ports.values())
