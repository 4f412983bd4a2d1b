"""How a lab is: what the plan expects beside what nodes answer; a strange answer means that it is missing."""

import json
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nocmesh.lab import status
from nocmesh.lab.build import build
from nocmesh.lab.graph import named
from nocmesh.lab.names import Names
from nocmesh.lab.plan import LabPlan, Node, Options
from nocmesh.lab.status import MARK, Expected, LabStatus, Seen

OSPF = {
    "neighbors": {"10.255.0.2": [{"converged": "Full", "ifaceName": "gw1-e1:10.0.0.1"}], "x": [{"nbrState": "Init"}]}
}
ISIS = {
    "areas": [
        {"circuits": [{"circuit": 0}, {"interface": "gw1-e1", "state": "Up"}, {"interface": "a", "state": "Init"}]}
    ]
}
BGP = {"peers": {"10.255.0.2": {"state": "Established"}, "10.255.0.3": {"state": "Active"}}}
ROUTES = [
    {"dst": "10.255.0.2", "gateway": "10.0.0.2", "dev": "gw1-e1"},
    {"dst": "10.100.0.0/24", "dev": "gw1-e0"},
    {"type": "blackhole", "dst": "10.9.0.0/24"},
]


@cache
def _plan(**options: object) -> LabPlan:
    chosen = Options(**options)  # type: ignore[arg-type]
    return build(named("campus"), chosen)


def _node(plan: LabPlan, name: str) -> Node:
    found = plan.node(name)
    assert found is not None
    return found


def _router_text(*parts: object) -> str:
    return f"\n{MARK}\n".join(part if isinstance(part, str) else json.dumps(part) for part in parts)


def test_a_healthy_router_shows_all_that_its_plan_expects() -> None:
    plan = _plan(igp="ospf", bgp="ibgp_rr")
    gw1 = _node(plan, "gw1")
    seen = status.seen(plan, gw1, _router_text(" zebra ospfd bgpd staticd", OSPF, BGP, ROUTES))
    assert seen.adjacencies == ["gw1-e1"]
    assert seen.sessions == ["10.255.0.2"]
    judged = status.judged(gw1, status.expected(plan, gw1), seen)
    assert judged.wrong == []


def test_what_is_missing_is_told_in_words() -> None:
    plan = _plan(igp="isis", bgp="ibgp_rr")
    gw1 = _node(plan, "gw1")
    seen = status.seen(plan, gw1, _router_text(" zebra staticd", "isisd is not running", "", "[]"))
    judged = status.judged(gw1, status.expected(plan, gw1), seen)
    assert judged.wrong == [
        "not running bgpd, isisd",
        "no neighbour on gw1-e1",
        "no BGP session with 10.255.0.2",
        "no route to 10.100.0.0/24, 10.255.0.2/32",
    ]
    whole = LabStatus(run_id="1a2b", topology="campus", nodes=[judged])
    assert not whole.converged
    assert whole.wrong[0] == "gw1: not running bgpd, isisd"


def test_neighbours_of_isis_are_read_from_its_circuits() -> None:
    plan = _plan(igp="isis")
    seen = status.seen(plan, _node(plan, "gw1"), _router_text("", ISIS, "", "[]"))
    assert seen.adjacencies == ["gw1-e1"]


def test_a_switch_knows_the_root_by_the_address_of_its_port() -> None:
    plan = _plan()
    sw2 = _node(plan, "sw2")
    states = {"sw2-e0": "forwarding", "sw2-e1": "blocking", "sw2-e2": "learning"}
    links = [{"ifname": name, "linkinfo": {"info_slave_data": {"state": state}}} for name, state in states.items()]
    root = "1000." + _node(plan, "sw1").ports[0].mac.replace(":", "")
    seen = status.seen(plan, sw2, _router_text(root, links))
    assert (seen.root, seen.ports) == ("sw1", states)
    judged = status.judged(sw2, status.expected(plan, sw2), seen)
    assert judged.wrong == ["neither forwarding nor blocking: sw2-e2, sw2-e3"]


def test_another_root_is_told() -> None:
    plan = _plan()
    sw2 = _node(plan, "sw2")
    wrong = status.judged(
        sw2, Expected(root="sw1"), status.seen(plan, sw2, _router_text("8000.ffffffffffff", []))
    ).wrong
    assert wrong == ["spanning tree's root is 8000.ffffffffffff, not sw1"]


def test_hosts_reach_each_other_in_a_ring_and_their_gateway() -> None:
    plan = _plan()
    hosts = [_node(plan, name) for name in ("h1", "h2", "h3")]
    assert [status.expected(plan, host).pings for host in hosts] == [
        ["10.100.0.12", "10.100.0.1"],
        ["10.100.0.13", "10.100.0.2"],
        ["10.100.0.11", "10.100.0.1"],
    ]
    judged = status.judged(hosts[0], status.expected(plan, hosts[0]), status.seen(plan, hosts[0], "10.100.0.1\n"))
    assert judged.wrong == ["no answer from 10.100.0.12"]


def test_one_host_alone_asks_only_its_gateway() -> None:
    plan = build(named("clos"), Options(hosts=1))
    host = _node(plan, "h1")
    assert status.expected(plan, host).pings == [host.gateway]


@pytest.mark.parametrize("name", ["gw1", "sw1", "h1"])
def test_each_kind_of_node_is_asked_in_one_script(name: str) -> None:
    plan = _plan(bgp="ebgp")
    script = status.looking(plan, _node(plan, name), Names("1a2b"))
    assert script.count(MARK) == {"gw1": 3, "sw1": 1, "h1": 0}[name]


ODD = st.sampled_from(
    ["", "[]", "{}", "[1]", "null", "{", "1", '"x"', '{"peers": 1}', '{"neighbors": [1]}', '{"areas": {}}']
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["gw1", "sw2", "h1"]), st.sampled_from(["ospf", "isis"]), st.lists(ODD, min_size=4, max_size=4))
def test_strange_answers_mean_that_it_is_missing(name: str, igp: str, parts: list[str]) -> None:
    plan = _plan(bgp="ibgp_rr", igp=igp)
    node = _node(plan, name)
    seen = status.seen(plan, node, f"\n{MARK}\n".join(parts[: {"gw1": 4, "sw2": 2, "h1": 1}[name]]))
    assert isinstance(seen, Seen)
    assert status.judged(node, status.expected(plan, node), seen).wrong
