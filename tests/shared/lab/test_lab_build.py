"""Plans: whatever the graph and the options, nothing is given twice, ends agree, and everything can be reached."""

from collections import Counter
from ipaddress import ip_address, ip_interface, ip_network
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nocmesh.errors import InvalidInputError
from nocmesh.lab.build import build, moved
from nocmesh.lab.graph import Graph, GraphNode, named, names, with_hosts
from nocmesh.lab.plan import LabPlan, NodeKind, Options
from nocmesh.lab.render import frr_conf


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """A connected graph of routers and switches, hosts at its ends, parallel cables too."""
    kinds: list[NodeKind] = draw(st.lists(st.sampled_from(["router", "router", "switch"]), min_size=1, max_size=9))
    nodes = [GraphNode(name="r0")]
    links: list[tuple[str, str]] = []
    for number, kind in enumerate(kinds, 1):
        nodes.append(
            GraphNode(name=f"{kind[0]}{number}", kind=kind, area=draw(st.sampled_from(["0.0.0.0", "0.0.0.1"])))
        )
        links.append((nodes[draw(st.integers(0, number - 1))].name, nodes[-1].name))
    names = [node.name for node in nodes]
    for pair in draw(st.lists(st.tuples(st.sampled_from(names), st.sampled_from(names)), max_size=6)):
        if pair[0] != pair[1]:
            links.append(pair)
    for number in range(draw(st.integers(0, 3))):
        nodes.append(GraphNode(name=f"h{number}", kind="host"))
        links.append((draw(st.sampled_from(names)), f"h{number}"))
    return Graph(name="drawn", nodes=nodes, links=links, areas={"0.0.0.1": "stub"})


OPTIONS = st.builds(
    Options,
    igp=st.sampled_from(["ospf", "isis"]),
    bgp=st.sampled_from(["none", "ibgp_rr", "ebgp"]),
    hosts=st.integers(0, 4),
    seed=st.integers(0, 99),
    authentication=st.booleans(),
)


@settings(max_examples=25, deadline=None)
@given(graphs(), OPTIONS)
def test_nothing_is_given_twice_and_names_fit_the_kernel(graph: Graph, options: Options) -> None:
    plan = build(graph, options)
    assert _twice(_addresses(plan)) == []
    assert _twice([node.management for node in plan.nodes]) == []
    assert _twice([port.mac for node in plan.nodes for port in node.ports if port.mac]) == []
    assert _twice([node.net for node in plan.nodes if node.net]) == []
    assert _twice([end for cable in plan.cables for end in (cable.a, cable.b)]) == []
    assert all(len(port.name) <= 15 for node in plan.nodes for port in node.ports)
    if options.bgp == "ebgp":
        assert _twice([node.bgp.asn for node in plan.nodes if node.bgp]) == []


@settings(max_examples=25, deadline=None)
@given(graphs(), OPTIONS)
def test_the_ends_of_a_cable_agree(graph: Graph, options: Options) -> None:
    plan = build(graph, options)
    kinds = {node.name: node.kind for node in plan.nodes}
    for cable in plan.cables:
        (a, a_port), (b, b_port) = (end.split(":") for end in (cable.a, cable.b))
        one, other = _port(plan, a, a_port), _port(plan, b, b_port)
        assert plan.far_end(a, a_port) == (b, b_port)
        if kinds[a] == kinds[b] == "router":
            assert ip_interface(one.addresses[0]).network == ip_interface(other.addresses[0]).network
            assert (one.area, one.key, one.network) == (other.area, other.key, other.network)
            assert bool(one.key) == options.authentication
        for end, port in ((a, one), (b, other)):
            assert bool(port.addresses) == (kinds[end] != "switch")


@settings(max_examples=25, deadline=None)
@given(graphs(), OPTIONS)
def test_every_session_has_its_other_end(graph: Graph, options: Options) -> None:
    plan = build(graph, options)
    held = {address.partition("/")[0]: node for node in plan.nodes for address in _own(node)}
    seen: Counter[frozenset[str]] = Counter()
    for node in plan.nodes:
        for peer in node.bgp.peers if node.bgp else []:
            far = held[peer.address]
            assert far.bgp is not None
            assert (far.name, far.bgp.asn) == (peer.node, peer.remote_asn)
            seen[frozenset((node.name, far.name))] += 1
    assert all(count % 2 == 0 for count in seen.values())


@settings(max_examples=25, deadline=None)
@given(graphs(), OPTIONS)
def test_every_lan_with_hosts_is_carried_once(graph: Graph, options: Options) -> None:
    plan = build(graph, options)
    originated = {prefix for node in plan.nodes if node.bgp for prefix in node.bgp.networks}
    routers = [node for node in plan.nodes if node.kind == "router"]
    igp = {str(ip_interface(a).network) for n in routers for p in n.ports if p.igp for a in p.addresses}
    for host in (node for node in plan.nodes if node.kind == "host"):
        lan = ip_interface(host.ports[0].addresses[0]).network
        reached = any(ip_interface(a).network == lan for n in routers for a in _own(n))
        assert bool(host.gateway) == reached
        if reached:
            assert ip_address(host.gateway) in lan
            assert (str(lan) in igp, str(lan) in originated) == (options.bgp == "none", options.bgp != "none")


@settings(max_examples=15, deadline=None)
@given(graphs(), OPTIONS)
def test_the_same_input_gives_the_same_plan_and_a_configuration(graph: Graph, options: Options) -> None:
    plan = build(graph, options)
    assert build(graph, options) == plan
    for node in plan.nodes:
        if node.kind == "router":
            text = frr_conf(plan, node, "/log")
            assert f"hostname {node.name}\n" in text
            assert text.endswith("\nend\n")


@pytest.mark.parametrize("name", names())
def test_another_seed_gives_other_numbers_for_the_same_graph(name: str) -> None:
    one, other = (build(named(name), Options(bgp="ebgp", seed=seed)) for seed in (1, 2))
    assert [node.name for node in one.nodes] == [node.name for node in other.nodes]
    assert _addresses(one) != _addresses(other)


def test_reflectors_are_the_two_best_connected_and_know_their_clients() -> None:
    plan = build(named("abilene"), Options(bgp="ibgp_rr"))
    clients = {node.name: sum(peer.client for peer in node.bgp.peers) for node in plan.nodes if node.bgp}
    assert {name for name, count in clients.items() if count} == {"atla", "chin"}
    assert set(clients.values()) == {10, 0}


def test_an_area_of_the_graph_is_a_stub_at_both_of_its_ends() -> None:
    plan = build(named("abilene"), Options(igp="ospf"))
    stubs = {node.name: node.stub_areas for node in plan.nodes if node.stub_areas}
    assert stubs == {"atla": ["0.0.0.1"], "atlm": ["0.0.0.1"]}
    assert _port(plan, "atla", "atla-e0").area == "0.0.0.1"
    assert _port(plan, "atla", "atla-e1").area == "0.0.0.0"


def test_hosts_go_behind_the_leaves_of_a_clos() -> None:
    plan = build(named("clos"), Options(hosts=3))
    assert [plan.far_end(f"h{n}", f"h{n}-e0") for n in (1, 2, 3)] == [
        ("leaf1", "leaf1-e2"),
        ("leaf2", "leaf2-e2"),
        ("leaf3", "leaf3-e2"),
    ]


def test_a_graph_that_has_hosts_gets_no_more() -> None:
    assert with_hosts(named("campus"), 5) == named("campus")
    assert with_hosts(named("abilene"), 0) == named("abilene")


def test_a_campus_is_one_lan_whose_first_switch_is_the_root() -> None:
    plan = build(named("campus"))
    lans = {str(ip_interface(a).network) for n in plan.nodes for a in _own(n) if a.startswith("10.100.")}
    assert len(lans) == 1
    priorities = {node.name: node.stp_priority for node in plan.nodes if node.kind == "switch"}
    assert min(priorities, key=lambda name: priorities[name]) == "sw1"
    assert {node.name: node.gateway for node in plan.nodes if node.kind == "host"} == {
        "h1": "10.100.0.1",
        "h2": "10.100.0.2",
        "h3": "10.100.0.1",
    }


def test_a_lan_with_too_many_stations_is_refused() -> None:
    hosts = [GraphNode(name=f"h{n}", kind="host") for n in range(201)]
    nodes = [GraphNode(name="r1"), GraphNode(name="s1", kind="switch"), *hosts]
    graph = Graph(nodes=nodes, links=[("r1", "s1"), *((host.name, "s1") for host in hosts)])
    with pytest.raises(InvalidInputError, match="expected at most 200"):
        build(graph)


def test_the_management_network_can_be_moved() -> None:
    plan = moved(build(named("clos")), 77)
    assert all(ip_address(node.management) in ip_network("172.31.77.0/24") for node in plan.nodes)


def test_a_long_chain_has_long_as_numbers_too() -> None:
    nodes = [GraphNode(name=f"r{n}") for n in range(600)]
    graph = Graph(nodes=nodes, links=[(a.name, b.name) for a, b in pairwise(nodes)])
    plan = build(graph, Options(bgp="ebgp", hosts=0))
    numbers = [node.bgp.asn for node in plan.nodes if node.bgp]
    assert _twice(numbers) == []
    assert all(64512 <= number <= 65534 or 4200000000 <= number <= 4294967294 for number in numbers)


def _own(node: Any) -> list[str]:
    return [address for port in node.ports for address in port.addresses]


def _addresses(plan: LabPlan) -> list[str]:
    return [address.partition("/")[0] for node in plan.nodes for address in _own(node)]


def _twice(values: list[Any]) -> list[Any]:
    return [value for value, count in Counter(values).items() if count > 1]


def _port(plan: LabPlan, node: str, port: str) -> Any:
    found = plan.node(node)
    assert found is not None
    return found.port(port)
