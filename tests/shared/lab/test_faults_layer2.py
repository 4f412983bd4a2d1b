"""The spanning tree of a plan, and the faults that move it or go round it, as they are worked out. Pure."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nocmesh.errors import InvalidInputError
from nocmesh.lab.build import build
from nocmesh.lab.faults.catalogue import kind
from nocmesh.lab.faults.injecting import worked_out
from nocmesh.lab.faults.stp import _is
from nocmesh.lab.faults.trees import bridge_id, switches, tree, trunks
from nocmesh.lab.graph import Graph, GraphNode, named
from nocmesh.lab.patch import PATCH
from nocmesh.lab.plan import LabPlan, Options

CAMPUS = build(named("campus"), Options())
ROUTED = build(named("abilene"), Options())


@st.composite
def switched(draw: st.DrawFn) -> LabPlan:
    """Up to seven joined switches, a gateway and a host."""
    count = draw(st.integers(2, 7))
    names = [f"s{n}" for n in range(count)]
    links = {(names[draw(st.integers(0, n - 1))], names[n]) for n in range(1, count)}
    pairs = st.tuples(st.sampled_from(names), st.sampled_from(names)).filter(lambda pair: pair[0] < pair[1])
    links |= draw(st.sets(pairs, max_size=6))
    nodes = [GraphNode(name=name, kind="switch") for name in names]
    nodes += [GraphNode(name="g1", kind="router"), GraphNode(name="h1", kind="host")]
    graph = Graph(name="drawn", nodes=nodes, links=[*sorted(links), ("g1", names[0]), ("h1", names[-1])])
    return build(graph, Options(seed=draw(st.integers(0, 5))))


@settings(max_examples=40, deadline=None)
@given(switched())
def test_a_tree_reaches_every_switch_and_has_no_loop(plan: LabPlan) -> None:
    whole = tree(plan)
    assert whole is not None
    everyone = switches(plan)
    assert whole.root == min(everyone, key=bridge_id)
    assert set(whole.root_ports) == {node.name for node in everyone} - {whole.root.name}
    cables = sum(len(trunks(plan, node)) for node in everyone) // 2
    assert cables - len(whole.blocked) == len(everyone) - 1
    assert not [one for one in whole.blocked if one in whole.root_ports.values()]


@settings(max_examples=40, deadline=None)
@given(switched())
def test_a_port_is_only_blocked_where_there_is_another_way(plan: LabPlan) -> None:
    for at in kind("stp_port_blocked_unexpectedly").places(plan):
        _, node, port = at.split("/")
        around = tree(plan, without=f"{node}:{port}")
        assert around is not None
        assert node in around.root_ports


def test_the_campus_blocks_where_its_kernel_bridges_do() -> None:
    whole = tree(CAMPUS)
    assert whole is not None
    assert whole.root.name == "sw1"
    assert [one.at for one in whole.blocked] == ["sw3:sw3-e0"]
    assert {one.at for one in whole.root_ports.values()} == {"sw2:sw2-e0", "sw3:sw3-e1"}


def test_without_switches_there_is_no_tree_and_no_place() -> None:
    assert tree(ROUTED) is None
    for name in ("stp_root_moved", "stp_disabled", "stp_cost_misconfig", "l2_loop", "l2_port_missing"):
        assert kind(name).places(ROUTED) == []


def test_a_root_cannot_be_moved_to_where_it_is() -> None:
    with pytest.raises(InvalidInputError, match="would not matter"):
        worked_out(CAMPUS, "stp_root_moved", "node/sw1")


def test_undone_each_bridge_has_the_priority_of_the_plan() -> None:
    for node in switches(CAMPUS)[1:]:
        undo = worked_out(CAMPUS, "stp_root_moved", f"node/{node.name}").injection.undo
        assert undo[0].lines == [f"ip link set br0 type bridge priority {node.stp_priority}"]


def test_a_root_is_known_by_its_address_as_the_kernel_writes_it() -> None:
    first, second = switches(CAMPUS)[:2]
    mac = bridge_id(first)[1].replace(":", "")
    assert _is(first, f"1000.{mac}")
    assert not _is(second, f"1000.{mac}")


def test_a_loop_is_made_where_the_tree_blocks_and_runs_slowly() -> None:
    injection = worked_out(CAMPUS, "l2_loop").injection
    lines = [line for step in injection.steps for line in step.lines]
    assert {step.node for step in injection.steps} == {PATCH}
    assert sum("tbf rate" in line for line in lines) == 2
    assert lines.index(next(line for line in lines if "tbf" in line)) < lines.index("ip link set w1a up")


def test_before_a_loop_is_let_go_its_cable_is_pulled() -> None:
    lines = worked_out(CAMPUS, "l2_loop").injection.undo[0].lines
    assert lines[0].endswith("down")
    assert lines[-1].endswith("up")
    assert not any(line.endswith("up") for line in lines[: lines.index(next(x for x in lines if "delete table" in x))])


def test_a_missing_port_cuts_somebody_off() -> None:
    places = kind("l2_port_missing").places(CAMPUS)
    assert len(places) == 5
    assert {kind("l2_port_missing").alarm(CAMPUS, at, {}).instance for at in places} == {"h1", "h2", "h3", "gw1", "gw2"}
