"""Sessions follow from both ends."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from proving.typist import ask, later, live_network

from nocmesh.proving.simulated.bgp import Cause, sessions
from nocmesh.proving.simulated.model import Network, Node
from nocmesh.proving.simulated.routes import converge
from nocmesh.proving.simulated.topology import DEMO, PAIR, build

R1, R2 = ("r1", "10.0.12.2"), ("r2", "10.0.12.1")


def bgp_lines(asn: int, *lines: str) -> list[str]:
    return [f"router bgp {asn}", *lines]


def test_the_demo_network_is_healthy_from_the_start() -> None:
    live = live_network(DEMO)
    assert live.sessions
    assert all(session.established for session in live.sessions.values())
    everything = {p for node in live.model.nodes.values() if node.running.bgp for p in node.running.bgp.networks}
    assert all(set(best) == everything for best in live.tables.best.values())


@pytest.mark.parametrize(
    ("lines", "here", "there"),
    [
        (["neighbor 10.0.12.2 remote-as 64999"], ("Idle", Cause.BAD_AS), ("Active", Cause.PEER_BAD_AS)),
        (["neighbor 10.0.12.2 password s3cret"], ("Connect", Cause.PASSWORD), ("Connect", Cause.PASSWORD)),
        (["neighbor 10.0.12.2 shutdown"], ("Idle", Cause.ADMIN), ("Active", Cause.PEER_ADMIN)),
        (["neighbor 10.0.12.2 ttl-security hops 1"], ("Connect", Cause.TTL), ("Connect", Cause.TTL)),
        (
            ["address-family ipv4 unicast", "no neighbor 10.0.12.2 activate"],
            ("Idle", Cause.FAMILY),
            ("Active", Cause.PEER_FAMILY),
        ),
        (
            ["address-family ipv4 unicast", "neighbor 10.0.12.2 maximum-prefix 1"],
            ("Idle", Cause.PREFIXES),
            ("Active", Cause.PEER_PREFIXES),
        ),
    ],
    ids=["remote-as", "password", "shutdown", "gtsm", "family", "maximum-prefix"],
)
def test_each_end_shows_its_side_of_the_cause(
    lines: list[str], here: tuple[str, Cause], there: tuple[str, Cause]
) -> None:
    live = live_network()
    live.configure("r1", bgp_lines(65001, *lines))
    assert (live.sessions[R1].state, live.sessions[R1].cause) == here
    assert (live.sessions[R2].state, live.sessions[R2].cause) == there


def test_gtsm_on_both_ends_lets_the_session_rise() -> None:
    live = live_network()
    live.configure("r1", bgp_lines(65001, "neighbor 10.0.12.2 ttl-security hops 1"))
    live.configure("r2", bgp_lines(65002, "neighbor 10.0.12.1 ttl-security hops 1"))
    assert live.sessions[R1].established


def test_a_neighbour_without_the_other_end_keeps_trying() -> None:
    live = live_network()
    live.configure("r2", bgp_lines(65002, "no neighbor 10.0.12.1"))
    assert R2 not in live.sessions
    assert (live.sessions[R1].state, live.sessions[R1].cause) == ("Active", Cause.REFUSED)


def test_without_bgp_at_the_far_end_nobody_answers() -> None:
    live = live_network()
    live.configure("r2", ["no router bgp 65002"])
    assert live.sessions[R1].cause is Cause.REFUSED
    assert live.tables.best["r2"] == {}


@pytest.mark.parametrize("cut", ["cable", "here", "there"])
def test_a_broken_wire_takes_both_ends_down(cut: str) -> None:
    live = live_network()
    if cut == "cable":
        live.model.cables[0].up = False
        live.settle()
    else:
        live.configure(
            *(("r1", ["interface eth1", "shutdown"]) if cut == "here" else ("r2", ["interface gi1", "shut"]))
        )
    assert {session.cause for session in live.sessions.values()} == {Cause.INTERFACE}


def test_an_address_that_nobody_has_is_unreachable() -> None:
    live = live_network()
    live.configure("r1", bgp_lines(65001, "neighbor 192.0.2.1 remote-as 65009"))
    assert live.sessions[("r1", "192.0.2.1")].cause is Cause.NO_ROUTE


def test_one_end_with_the_right_source_is_enough_unless_the_other_only_listens() -> None:
    live = live_network(DEMO)
    core1, core2 = ("core1", "10.255.0.12"), ("core2", "10.255.0.11")
    live.configure("core2", bgp_lines(65000, "no neighbor 10.255.0.11 update-source"))
    assert live.sessions[core1].established
    live.configure("core2", bgp_lines(65000, "neighbor 10.255.0.11 update-source Loopback0"))
    live.configure("core1", bgp_lines(65000, "no neighbor 10.255.0.12 update-source"))
    assert not live.sessions[core1].established
    live.configure("core2", bgp_lines(65000, "no neighbor 10.255.0.11 transport connection-mode passive"))
    assert live.sessions[core2].established


def test_a_source_may_be_named_by_address() -> None:
    live = live_network(DEMO)
    live.configure("core1", bgp_lines(65000, "neighbor 10.255.0.12 update-source 10.255.0.11"))
    assert live.sessions[("core1", "10.255.0.12")].established
    live.configure("core1", bgp_lines(65000, "neighbor 10.255.0.12 update-source 192.0.2.9"))
    assert not live.sessions[("core1", "10.255.0.12")].established


def test_external_loopbacks_need_multihop_on_both_ends() -> None:
    live = live_network(DEMO)
    edge2, isp2 = ("edge2", "10.255.1.2"), ("isp2", "10.255.0.2")
    live.configure("edge2", bgp_lines(65002, "no neighbor 10.255.1.2 ebgp-multihop"))
    assert live.sessions[edge2].cause is Cause.NOT_CONNECTED
    assert live.sessions[isp2].cause is Cause.WAITING
    live.configure("edge2", bgp_lines(65002, "neighbor 10.255.1.2 ebgp-multihop"))
    assert live.sessions[edge2].established


def test_a_stop_for_too_many_prefixes_lasts_until_somebody_clears_it() -> None:
    live = live_network()
    family = "address-family ipv4 unicast"
    live.configure("r1", bgp_lines(65001, family, "neighbor 10.0.12.2 maximum-prefix 1"))
    live.configure("r1", bgp_lines(65001, family, "neighbor 10.0.12.2 maximum-prefix 100"))
    assert live.sessions[R1].cause is Cause.PREFIXES
    assert live.clear("r1", "10.0.12.2")
    assert live.sessions[R1].established
    assert not live.clear("r1", "192.0.2.1")


def test_a_stop_for_too_many_prefixes_ends_with_the_limit() -> None:
    live = live_network()
    family = "address-family ipv4 unicast"
    live.configure("r1", bgp_lines(65001, family, "neighbor 10.0.12.2 maximum-prefix 1"))
    live.configure("r1", bgp_lines(65001, family, "no neighbor 10.0.12.2 maximum-prefix"))
    assert live.sessions[R1].established


def test_clearing_a_session_drops_and_raises_it() -> None:
    live = live_network()
    later(live, 60)
    assert live.clear("r1")
    record = live.records[R1]
    assert (record.ups, record.downs, record.changed) == (2, 1, live.clock.now())


def test_transitions_carry_the_time_of_the_clock() -> None:
    live = live_network()
    rose = live.records[R1].changed
    later(live, 90)
    live.configure("r1", bgp_lines(65001, "neighbor 10.0.12.2 shutdown"))
    record = live.records[R1]
    assert (record.changed - rose).total_seconds() == 90
    assert (record.ups, record.downs) == (1, 1)
    assert [e.text for e in live.events["r1"]][-1] == "neighbor 10.0.12.2 Down Admin. shutdown"
    assert [e.text for e in live.events["r2"]][-1].endswith("BGP Notification received, Administrative Shutdown")


def test_a_prefix_list_keeps_prefixes_out_and_counts_follow() -> None:
    live = live_network()
    before = len(live.tables.heard[R1])
    live.configure(
        "r1", ["ip prefix-list FEW seq 5 deny 10.2.0.0/16", "ip prefix-list FEW seq 10 permit 0.0.0.0/0 le 32"]
    )
    live.configure("r1", bgp_lines(65001, "address-family ipv4 unicast", "neighbor 10.0.12.2 prefix-list FEW in"))
    assert len(live.tables.heard[R1]) == before - 1
    assert "10.2.0.0/16" not in live.tables.best["r1"]
    live.configure("r1", bgp_lines(65001, "address-family ipv4 unicast", "neighbor 10.0.12.2 prefix-list FEW out"))
    assert live.tables.sent[R1] == 2, "the list lets our own two pass"


def test_a_new_frr_instance_exchanges_nothing_without_a_policy() -> None:
    live = live_network()
    live.configure("r1", ["no router bgp 65001", *bgp_lines(65001, "neighbor 10.0.12.2 remote-as 65002")])
    assert live.sessions[R1].established
    assert live.tables.heard[R1] == []
    assert live.tables.sent[R1] == 0
    live.configure("r1", bgp_lines(65001, "no bgp ebgp-requires-policy"))
    assert len(live.tables.heard[R1]) == 2


def test_only_what_is_in_the_routing_table_is_announced() -> None:
    live = live_network()
    live.configure("r1", bgp_lines(65001, "address-family ipv4 unicast", "network 172.16.0.0/16"))
    assert "172.16.0.0/16" not in live.tables.best["r2"]
    live.configure("r1", ["ip route 172.16.0.0/16 10.0.12.2"])
    assert live.tables.best["r2"]["172.16.0.0/16"].as_path == (65001,)


def test_no_path_holds_an_as_twice_and_the_shortest_wins() -> None:
    live = live_network(DEMO)
    for node in live.model.nodes.values():
        assert node.running.bgp is not None
        for path in live.tables.best[node.name].values():
            assert len(set(path.as_path)) == len(path.as_path)
            assert node.running.bgp.asn not in path.as_path
        for prefix, paths in ((p, live.tables.paths(node.name, p)) for p in live.tables.best[node.name]):
            if paths[0].via:
                assert len(paths[0].as_path) == min(len(p.as_path) for p in paths), prefix


def test_static_routes_in_a_circle_reach_nobody() -> None:
    live = live_network()
    live.configure("r1", ["ip route 192.0.2.0/24 10.0.12.2", *bgp_lines(65001, "neighbor 192.0.2.1 remote-as 65009")])
    live.configure("r2", ["ip route 192.0.2.0 255.255.255.0 10.0.12.1"])
    assert live.sessions[("r1", "192.0.2.1")].cause is Cause.NO_ROUTE


def nodes_of(network: Network) -> list[Node]:
    return list(network.nodes.values())


CHANGES = {
    "remote_as": st.sampled_from([64999, 65000, 65001, 65002, 64601]),
    "shutdown": st.booleans(),
    "password": st.sampled_from(["", "a", "b"]),
    "activate": st.booleans(),
    "passive": st.booleans(),
    "ebgp_multihop": st.sampled_from([None, 1, 2, 255]),
    "ttl_security": st.sampled_from([None, 1, 2]),
    "update_source": st.sampled_from(["", "lo", "Loopback0", "eth1", "10.0.12.1"]),
    "maximum_prefix": st.sampled_from([None, 0, 1, 5]),
}
CHANGE = st.sampled_from(sorted(CHANGES)).flatmap(lambda name: st.tuples(st.just(name), CHANGES[name]))


@settings(max_examples=40)
@given(
    st.sampled_from([PAIR, DEMO]),
    st.lists(st.tuples(st.integers(0, 11), CHANGE), max_size=6),
    st.lists(st.integers(0, 5), max_size=1),
)
def test_a_session_is_up_on_both_ends_or_on_none(topology, changes, cuts) -> None:  # type: ignore[no-untyped-def]
    network = build(topology)
    ends = [n for node in nodes_of(network) if node.running.bgp for n in node.running.bgp.neighbors.values()]
    for index, (name, value) in changes:
        setattr(ends[index % len(ends)], name, value)
    for index in cuts:
        network.cables[index % len(network.cables)].up = False
    found, tables, overflowed = converge(network)
    for key, session in found.items():
        if session.peer is not None:
            assert found[session.peer].peer == key
            assert found[session.peer].established == session.established
        else:
            assert not session.established
        assert session.established or not tables.heard.get(key)
        if session.established and session.peer is not None:
            assert len(tables.heard[key]) <= tables.sent[session.peer]
    assert sessions(network, overflowed) == found


def test_show_commands_agree_with_each_other() -> None:
    live = live_network(DEMO)
    summary = ask(live, "edge1", "show ip bgp summary")
    assert f"{len(live.tables.heard[('edge1', '10.0.1.1')]):8d}\n" in summary
    assert ask(live, "edge1", "show ip route").count("\nB ") == sum(
        1 for path in live.tables.best["edge1"].values() if path.via
    )
