"""Who is cut off, and who hangs by one thread: checked against searching every path."""

from collections.abc import Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.explaining.graph import Graph, Vertex, split
from nocmesh.explaining.joints import Joints, newly_single
from nocmesh.network import Device, End, IntendedInterface, Link, Network


def network(*cables: tuple[str, str], core: str = "", host: str = "", off: Collection[str] = ()) -> Network:
    """Devices of one letter, cabled; an end is named by the number of its cable."""
    names = sorted({name for cable in cables for name in cable})
    links = [
        Link(a=End(device=a, interface=f"e{n}"), b=End(device=b, interface=f"e{n}")) for n, (a, b) in enumerate(cables)
    ]
    ports: dict[str, list[IntendedInterface]] = {name: [] for name in names}
    for end in (end for link in links for end in (link.a, link.b)):
        ports[end.device].append(IntendedInterface(name=end.interface, enabled=str(end) not in off))
    return Network(
        devices=[
            Device(
                name=name,
                platform="frr",
                address=name,
                core=name in core,
                role="host" if name in host else "",
                interfaces=ports[name],
            )
            for name in names
        ],
        links=links,
    )


def cut(cabled: Network, *lost: Vertex) -> str:
    """The devices that are cut off, as one word."""
    found, _ = split(Graph.of(cabled), Graph.of(cabled, lost))
    return "".join(sorted(v.removeprefix("node/") for v in found if v.startswith("node/")))


RING = network(("a", "b"), ("b", "c"), ("c", "d"), ("d", "a"), ("d", "h"), core="a", host="h")


def test_a_ring_holds_without_a_link_and_falls_without_two() -> None:
    assert cut(RING, "link/a:e0--b:e0") == ""
    assert cut(RING, "link/a:e0--b:e0", "link/b:e1--c:e1") == "b"
    assert cut(RING, "node/d") == "h"


def test_the_rest_is_where_the_core_is_however_many_hosts_hang_elsewhere() -> None:
    line = network(("a", "b"), ("b", "v"), ("b", "w"), ("b", "x"), core="a", host="vwx")
    assert cut(line, "link/a:e0--b:e0") == "bvwx"


def test_of_equal_parts_the_same_one_is_the_rest_whatever_the_order() -> None:
    pair = network(("a", "b"))
    turned = Network(devices=pair.devices[::-1], links=pair.links)
    assert cut(pair, "link/a:e0--b:e0") == cut(turned, "link/a:e0--b:e0") != ""


def test_a_link_that_is_meant_to_be_off_carries_nobody() -> None:
    ring = network(("a", "b"), ("b", "c"), ("c", "a"), core="a", off=["b:e1"])
    assert cut(ring, "link/a:e0--b:e0") == "b"


def test_a_part_to_which_nothing_happened_is_neither_cut_off_nor_the_rest() -> None:
    apart = network(("a", "b"), ("x", "y"), core="a")
    found, rest = split(Graph.of(apart), Graph.of(apart, ["link/a:e0--b:e0"]))
    assert {*found, *rest} == {"node/a", "node/b"}


def test_what_lost_its_second_way_is_named_with_the_thread_it_hangs_by() -> None:
    fabric = network(("s", "l"), ("t", "l"), ("s", "m"), ("t", "m"), ("l", "h"), core="st", host="h")
    before, after = Graph.of(fabric), Graph.of(fabric, ["link/l:e0--s:e0"])
    _, rest = split(before, after)
    single = newly_single(before, after, rest)
    assert single["link/l:e1--t:e1"] == {"node/l", "node/h"}
    assert single["node/t"] >= {"node/l", "node/h"}
    assert "node/l" not in single, "h hung on l before"


def test_a_leaf_that_is_lost_endangers_nobody() -> None:
    line = network(("a", "b"), ("b", "c"), ("a", "h"))
    before, after = Graph.of(line), Graph.of(line, ["node/h"])
    assert newly_single(before, after, split(before, after)[1]) == {}


def test_a_network_of_thousands_takes_no_time() -> None:
    cables = [(f"s{n % 40}", f"l{n}") for n in range(4000)] + [(f"s{(n + 1) % 40}", f"l{n}") for n in range(4000)]
    cables += [(f"l{n}", f"h{n}") for n in range(4000)]
    large = network(*cables, host="h")
    before, after = Graph.of(large), Graph.of(large, ["node/s3"])
    _, rest = split(before, after)
    assert len(newly_single(before, after, rest)) > 100


@st.composite
def networks(draw: st.DrawFn) -> tuple[Network, list[Vertex]]:
    """Some network, and something of it that is lost."""
    letters = "abcdefg"
    ends = st.sampled_from(letters)
    cables = draw(st.lists(st.tuples(ends, ends).filter(lambda c: c[0] != c[1]), min_size=1, max_size=12))
    cabled = network(
        *cables, core=draw(st.sampled_from(["", "a", "ab", "g"])), host=draw(st.sampled_from(["", "c", "ef"]))
    )
    lost = draw(st.lists(st.sampled_from(sorted(cabled.resources())), max_size=3))
    return cabled, [vertex for vertex in lost if not vertex.startswith("interface/")]


def reached(graph: Graph, start: Vertex, without: Vertex = "") -> set[Vertex]:
    """Every vertex that a path leads to from ``start``."""
    found, ahead = {start}, [start]
    while ahead:
        for far in graph.beside[ahead.pop()]:
            if far not in found and far != without:
                found.add(far)
                ahead.append(far)
    return found


@given(networks())
def test_a_device_is_cut_off_if_and_only_if_no_path_to_the_rest_remains(case: tuple[Network, list[Vertex]]) -> None:
    cabled, lost = case
    before, after = Graph.of(cabled), Graph.of(cabled, lost)
    found, rest = split(before, after)
    assert not found & rest
    for device in after.weight:
        hurt = any(vertex not in after.beside for vertex in reached(before, device))
        assert (device in found or device in rest) == hurt
        way = reached(after, device)
        assert (device in rest) == bool(hurt and way <= rest)
        if device in found:
            mine = reached(before, device) & rest
            assert mine, "there is a rest to be cut off from"
            assert not way & rest
            assert after.weigh(way) < after.weigh(mine)


@given(networks())
def test_a_device_is_at_risk_if_and_only_if_one_more_loss_would_cut_it_off_and_would_not_have_before(
    case: tuple[Network, list[Vertex]],
) -> None:
    cabled, lost = case
    before, after = Graph.of(cabled), Graph.of(cabled, lost)
    _, rest = split(before, after)
    found = newly_single(before, after, rest)
    for vertex in rest:
        pieces = {frozenset(reached(after, v, without=vertex)) for v in reached(after, vertex) if v != vertex}
        main = max(pieces, key=after.weigh, default=frozenset())
        others = {v for piece in pieces - {main} for v in piece if v in after.weight}
        expected = {v for v in others if main & reached(before, v, without=vertex)}
        assert found.get(vertex, frozenset()) == expected


@given(networks())
def test_the_joints_are_what_a_graph_falls_apart_without(case: tuple[Network, list[Vertex]]) -> None:
    graph = Graph.of(case[0])
    joints = set(Joints(graph).among(graph.beside))
    for vertex in graph.beside:
        others = reached(graph, vertex) - {vertex}
        whole = not others or reached(graph, min(others), without=vertex) == others
        assert (vertex in joints) is not whole


@pytest.mark.parametrize("lost", [[], ["node/nobody"], ["link/x:1--y:2"]])
def test_what_is_not_there_changes_nothing(lost: list[Vertex]) -> None:
    assert split(Graph.of(RING), Graph.of(RING, lost)) == (frozenset(), frozenset())
