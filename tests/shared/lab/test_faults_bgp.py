"""Faults of BGP as lines: where they fit, what is entered, what brings the plan back, and what counts as seen."""

import json
import sys
from pathlib import Path

import pytest

from nocmesh.errors import InvalidInputError
from nocmesh.lab.build import build
from nocmesh.lab.faults import peering
from nocmesh.lab.faults.alerts import alarm_of
from nocmesh.lab.faults.catalogue import kind
from nocmesh.lab.faults.injecting import shows, worked_out
from nocmesh.lab.faults.kinds import Step
from nocmesh.lab.graph import Graph, GraphNode
from nocmesh.lab.plan import LabPlan, Options

sys.path.append(str(Path(__file__).parents[2]))

from shared.lab.kite import Ledger, kite

EBGP = kite(Options(bgp="ebgp"))
KEYED = kite(Options(bgp="ebgp", authentication=True))
IBGP = kite(Options(igp="isis", bgp="ibgp_rr"))
SUMMARY = "show bgp summary json"
R1_LAN = "10.100.0.0/24"


def lines(steps: list[Step]) -> list[str]:
    return [f"{step.node}: {'; '.join(step.lines)}" for step in steps]


def summary(*established: str) -> str:
    return json.dumps({"ipv4Unicast": {"peers": {address: {"state": "Established"} for address in established}}})


def paths(*rows: dict[str, object]) -> str:
    return json.dumps({"paths": list(rows)})


def path(teller: str, *, valid: bool = True, community: list[str] | None = None) -> dict[str, object]:
    return {"peer": {"peerId": teller}, "valid": valid, "community": {"list": community or []}}


def asked(prefix: str) -> str:
    return f"show bgp ipv4 unicast {prefix} json"


@pytest.mark.parametrize(
    ("fault_type", "wrong"),
    [
        ("bgp_asn_misconfig", "neighbor 10.0.0.2 remote-as 64999"),
        ("bgp_neighbor_missing", "no neighbor 10.0.0.2"),
        ("bgp_neighbor_shutdown", "neighbor 10.0.0.2 shutdown"),
        ("bgp_auth_mismatch", "neighbor 10.0.0.2 password another"),
        ("bgp_ttl_misconfig", "neighbor 10.0.0.2 ttl-security hops 1"),
        ("bgp_address_family_missing", "address-family ipv4 unicast; no neighbor 10.0.0.2 activate"),
        ("bgp_max_prefix_exceeded", "address-family ipv4 unicast; neighbor 10.0.0.2 maximum-prefix 1"),
    ],
)
def test_a_session_is_broken_at_the_end_that_is_named(fault_type: str, wrong: str) -> None:
    injection = worked_out(EBGP, fault_type, "node/r1").injection
    assert lines(injection.steps)[0] == f"r1: router bgp 65001; {wrong}"
    assert injection.nodes == ["r1"]
    alarm = alarm_of(EBGP, worked_out(EBGP, fault_type, "node/r1"))
    assert (alarm.instance, alarm.labels) == ("r2", {"neighbor": "10.0.0.1"})


def test_a_wrong_address_takes_all_that_the_neighbour_had() -> None:
    fault = worked_out(KEYED, "bgp_peer_address_misconfig", "node/r1").injection
    (step,) = lines(fault.steps)
    assert step.startswith("r1: router bgp 65001; no neighbor 10.0.0.2; neighbor 192.0.2.77 remote-as 65002")
    assert "neighbor 192.0.2.77 password k" in step
    assert lines(fault.undo)[0] == "r1: router bgp 65001; no neighbor 192.0.2.77"


def test_a_neighbour_comes_back_with_all_that_the_plan_says() -> None:
    client = worked_out(IBGP, "bgp_neighbor_missing", "node/r1", {"peer": "r3"}).injection
    whole, family = lines(client.undo)
    for line in ("remote-as 65000", "update-source lo", "passive"):
        assert f"neighbor 10.255.0.3 {line}" in whole
    assert family.endswith("neighbor 10.255.0.3 activate; neighbor 10.255.0.3 route-reflector-client")


def test_the_password_of_the_plan_comes_back() -> None:
    undo = lines(worked_out(KEYED, "bgp_auth_mismatch", "node/r1").injection.undo)
    assert undo[0].startswith("r1: router bgp 65001; neighbor 10.0.0.2 password k")
    assert lines(worked_out(EBGP, "bgp_auth_mismatch", "node/r1").injection.undo)[0].endswith(
        "no neighbor 10.0.0.2 password"
    )


def test_a_neighbour_is_chosen_by_name_or_address_and_an_unknown_one_refused() -> None:
    by_name, by_address = (
        worked_out(EBGP, "bgp_neighbor_shutdown", "node/r1", {"peer": peer}).injection.steps
        for peer in ("r3", "10.0.0.10")
    )
    assert by_name == by_address
    with pytest.raises(InvalidInputError, match=r"expected one of r2 \(10\.0\.0\.2\), r3"):
        worked_out(EBGP, "bgp_neighbor_shutdown", "node/r1", {"peer": "r4"})


def test_between_two_cables_the_far_end_is_found_by_its_own_cable() -> None:
    graph = Graph(name="twins", nodes=[GraphNode(name="a"), GraphNode(name="b")], links=[("a", "b"), ("a", "b")])
    plan = build(graph, Options(bgp="ebgp"))
    pairs = [(one.peer.address, one.back.address) for one in peering.sessions(plan, "node/a")]
    assert pairs == [("10.0.0.2", "10.0.0.1"), ("10.0.0.6", "10.0.0.5")]


def test_a_router_without_bgp_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="speaks no BGP"):
        peering.bgp_of(kite(Options()), "node/r1")


def test_a_source_matters_only_where_nobody_else_opens_the_session() -> None:
    places = kind("bgp_update_source_misconfig").places
    assert places(IBGP) == ["node/r3", "node/r4"]
    assert places(EBGP) == []
    injection = worked_out(IBGP, "bgp_update_source_misconfig", "node/r3").injection
    assert lines(injection.steps)[0] == "r3: router bgp 65000; neighbor 10.255.0.1 update-source r3-e0"
    assert lines(injection.undo)[0] == "r3: router bgp 65000; neighbor 10.255.0.1 update-source lo"
    chosen = worked_out(IBGP, "bgp_update_source_misconfig", "node/r3", {"peer": "r2"}).injection
    assert "neighbor 10.255.0.2" in lines(chosen.steps)[0]


def test_a_limit_matters_only_where_more_is_told() -> None:
    places = kind("bgp_max_prefix_exceeded").places
    assert places(EBGP) == ["node/r1", "node/r2", "node/r3", "node/r4"]
    assert places(IBGP) == ["node/r2", "node/r3"]  # both LANs are elsewhere
    chosen = worked_out(EBGP, "bgp_max_prefix_exceeded", "node/r1", {"peer": "r3"}).injection
    assert "neighbor 10.0.0.10" in lines(chosen.steps)[0]


@pytest.mark.parametrize(
    ("plan", "node", "peer", "expected"),
    [
        (EBGP, "r1", "r2", 3),  # its own loopback, and r4's two: r3 is as far from r2 as from r1, told too
        (IBGP, "r3", "r1", 2),
        (IBGP, "r4", "r1", 1),
        (IBGP, "r1", "r4", 1),
    ],
)
def test_what_is_told_is_never_counted_too_high(plan: LabPlan, node: str, peer: str, expected: int) -> None:
    one = peering.session(plan, f"node/{node}", {"peer": peer})
    assert peering.told(plan, one) >= expected


def test_ttl_and_communities_matter_between_as_alone() -> None:
    for name in ("bgp_ttl_misconfig", "bgp_blackhole_community_leak"):
        assert kind(name).places(EBGP)
        assert kind(name).places(IBGP) == []


def test_a_reflector_reflects_to_nobody_and_its_clients_come_back() -> None:
    assert kind("bgp_route_reflector_misconfig").places(IBGP) == ["node/r1", "node/r2"]
    assert kind("bgp_route_reflector_misconfig").places(EBGP) == []
    injection = worked_out(IBGP, "bgp_route_reflector_misconfig", "node/r1").injection
    (step,) = lines(injection.steps)
    assert step.count("route-reflector-client") == 2
    assert sum("route-reflector-client" in line for line in lines(injection.undo)) == 2


def test_a_prefix_that_hosts_are_in_is_hurt_first() -> None:
    injection = worked_out(EBGP, "bgp_missing_route_advertisement", "node/r1").injection
    assert lines(injection.steps) == [f"r1: router bgp 65001; address-family ipv4 unicast; no network {R1_LAN}"]
    loopback = worked_out(EBGP, "bgp_missing_route_advertisement", "node/r2").injection
    assert "no network 10.255.0.2/32" in lines(loopback.steps)[0]
    with pytest.raises(InvalidInputError, match=f"expected one of 10.255.0.1/32, {R1_LAN}"):
        worked_out(EBGP, "bgp_missing_route_advertisement", "node/r1", {"prefix": "192.0.2.0/24"})


@pytest.mark.parametrize(
    ("fault_type", "entered", "gone"),
    [
        ("bgp_route_filtered", f"ip prefix-list EDGE-OUT seq 5 deny {R1_LAN}", "no ip prefix-list EDGE-OUT"),
        ("bgp_next_hop_unreachable", "set ip next-hop 203.0.113.99", "no route-map TO-PEERS"),
        ("bgp_blackhole_community_leak", "set community 65535:666 additive", "no route-map TO-PEERS"),
    ],
)
def test_a_policy_goes_to_every_neighbour_and_leaves_nothing(fault_type: str, entered: str, gone: str) -> None:
    injection = worked_out(EBGP, fault_type, "node/r1").injection
    made, undone = "\n".join(lines(injection.steps)), "\n".join(lines(injection.undo))
    assert entered in made
    assert gone in undone
    assert made.count(" out; neighbor") == undone.count(" out; no neighbor") == 1


def test_half_of_somebody_elses_prefix_is_claimed() -> None:
    injection = worked_out(EBGP, "bgp_hijacking", "node/r3").injection
    assert lines(injection.steps)[-1].endswith("network 10.100.0.0/25")
    own = worked_out(EBGP, "bgp_hijacking", "node/r1").injection
    assert lines(own.steps)[-1].endswith("network 10.100.1.0/25")
    assert alarm_of(EBGP, worked_out(EBGP, "bgp_hijacking", "node/r3")).labels == {"prefix": R1_LAN}


async def test_a_session_is_lost_when_the_far_end_has_it_established_no_more(tmp_path: Path) -> None:
    fault = worked_out(EBGP, "bgp_neighbor_missing", "node/r1")
    for answer, expected in [(summary("10.0.0.1"), False), (summary("10.0.0.9"), True), ("{}", True), ("%", True)]:
        assert await shows(Ledger(EBGP, tmp_path, {("r2", SUMMARY): answer}), fault) is expected


async def test_a_demanded_ttl_shows_at_the_end_that_demands_it(tmp_path: Path) -> None:
    fault = worked_out(EBGP, "bgp_ttl_misconfig", "node/r1")
    believing = {("r2", SUMMARY): summary("10.0.0.1"), ("r1", SUMMARY): summary()}
    assert await shows(Ledger(EBGP, tmp_path, believing), fault) is True
    believing["r1", SUMMARY] = summary("10.0.0.2")
    assert await shows(Ledger(EBGP, tmp_path, believing), fault) is False


@pytest.mark.parametrize(
    ("fault_type", "hurt", "well"),
    [
        ("bgp_missing_route_advertisement", [], ["10.0.0.6"]),
        ("bgp_route_filtered", ["10.0.0.6"], None),
        ("bgp_next_hop_unreachable", "invalid", None),
        ("bgp_blackhole_community_leak", "marked", None),
    ],
    ids=["missing", "filtered", "next hop", "community"],
)
async def test_a_route_is_hurt_when_every_neighbour_with_a_session_says_so(
    fault_type: str, hurt: object, well: list[str] | None, tmp_path: Path
) -> None:
    fault = worked_out(EBGP, fault_type, "node/r1")
    tellers = {"r2": "10.0.0.1", "r3": "10.0.0.9"}

    def answers(state: object) -> dict[tuple[str, str], str]:
        made = {(far, SUMMARY): summary(teller) for far, teller in tellers.items()}
        for far, teller in tellers.items():
            rows = {
                "invalid": [path(teller, valid=False)],
                "marked": [path(teller, community=["blackhole"])],
                "told": [path(teller)],
            }.get(str(state))
            made[far, asked(R1_LAN)] = paths(*(rows if rows is not None else [path(one) for one in state]))  # type: ignore[attr-defined]
        return made

    assert await shows(Ledger(EBGP, tmp_path, answers(hurt)), fault) is True
    assert await shows(Ledger(EBGP, tmp_path, answers(well or "told")), fault) is False
    sessionless = {**answers(hurt), ("r3", SUMMARY): summary()}
    assert await shows(Ledger(EBGP, tmp_path, sessionless), fault) is False


async def test_a_reflector_that_reflects_not_is_seen_by_a_client_that_is_not_told(tmp_path: Path) -> None:
    fault = worked_out(IBGP, "bgp_route_reflector_misconfig", "node/r1")
    source, receiver, prefix = peering.reflected(IBGP, "node/r1")
    assert (source.far.name, receiver.far.name, prefix) == ("r4", "r3", "10.100.1.0/24")
    up = {("r3", SUMMARY): summary("10.255.0.1"), ("r4", SUMMARY): summary("10.255.0.1")}
    for told, expected in [(path("10.255.0.2"), True), (path("10.255.0.1"), False)]:
        assert await shows(Ledger(IBGP, tmp_path, {**up, ("r3", asked(prefix)): paths(told)}), fault) is expected
    assert await shows(Ledger(IBGP, tmp_path, {("r3", SUMMARY): summary("10.255.0.1")}), fault) is False


async def test_a_hijack_shows_when_neighbours_route_by_it(tmp_path: Path) -> None:
    fault = worked_out(EBGP, "bgp_hijacking", "node/r1")
    half, table = "10.100.1.0/25", "show ip route 10.100.1.0/25 json"
    route = json.dumps({half: [{"protocol": "bgp", "selected": True}]})
    answers = {
        ("r2", asked(half)): paths(path("10.0.0.1")),
        ("r3", asked(half)): paths(path("10.0.0.9")),
        ("r2", table): route,
        ("r3", table): route,
    }
    assert await shows(Ledger(EBGP, tmp_path, answers), fault) is True
    assert await shows(Ledger(EBGP, tmp_path, {**answers, ("r3", table): "{}"}), fault) is False
    assert await shows(Ledger(EBGP, tmp_path, {**answers, ("r3", asked(half)): "{}"}), fault) is False
