"""The blast radius: who is cut off, who lost a second way, which sessions and subnets go; what a fault does else."""

from itertools import count
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.diagnosis.vocabulary import fault_types
from nocmesh.explaining.impact import MOST, impact_of
from nocmesh.messages.report import Impact, LostSession, RootCause, Symptom
from nocmesh.network import (
    Device,
    End,
    IntendedBgp,
    IntendedInterface,
    IntendedIsis,
    IntendedNeighbor,
    IntendedOspf,
    Intent,
    Link,
    Network,
)

A_B, B_C, C_A, C_H = "link/a:e0--b:e0", "link/b:e1--c:e0", "link/a:e1--c:e1", "link/c:e2--h:e0"


def port(name: str, address: str, **more: Any) -> IntendedInterface:
    return IntendedInterface(name=name, addresses=[address], **more)


def bgp(*neighbors: str, networks: tuple[str, ...] = ()) -> IntendedBgp:
    peers = [IntendedNeighbor(address=address, remote_asn=65000) for address in neighbors]
    return IntendedBgp(asn=65000, neighbors=peers, networks=list(networks))


def device(name: str, *ports: IntendedInterface, intent: Intent | None = None, **more: Any) -> Device:
    return Device(name=name, platform="frr", address=name, interfaces=list(ports), intent=intent or Intent(), **more)


OSPF = IntendedOspf(areas={"0.0.0.0": ["e0", "e1", "lo"]})
TRIANGLE = Network(
    devices=[
        device("a", port("e0", "10.0.1.1/30"), port("e1", "10.0.3.1/30"), port("lo", "10.255.0.1/32"), core=True,
               site="ams", intent=Intent(ospf=OSPF, bgp=bgp("10.255.0.3", "10.0.1.2"))),
        device("b", port("e0", "10.0.1.2/30"), port("e1", "10.0.2.1/30"), port("e9", "10.9.0.1/24"), site="ams",
               intent=Intent(ospf=OSPF, bgp=bgp("10.0.1.1", networks=("10.8.0.0/16",)))),
        device("c", port("e0", "10.0.2.2/30"), port("e1", "10.0.3.2/30"), port("e2", "10.7.0.1/24"),
               port("lo", "10.255.0.3/32"), site="fra", intent=Intent(ospf=OSPF, bgp=bgp("10.255.0.1", "192.0.2.1"))),
        device("h", port("e0", "10.7.0.2/24"), role="host", site="fra"),
    ],
    links=[
        Link(a=End(device="a", interface="e0"), b=End(device="b", interface="e0")),
        Link(a=End(device="b", interface="e1"), b=End(device="c", interface="e0")),
        Link(a=End(device="c", interface="e1"), b=End(device="a", interface="e1")),
        Link(a=End(device="c", interface="e2"), b=End(device="h", interface="e0")),
    ],
)  # fmt: skip
"""Three routers in a ring, a host behind one of them, OSPF and BGP."""


def cause(fault: str, resource: str, **more: Any) -> RootCause:
    return RootCause(resource=resource, fault_type=fault, confidence=0.9, summary="It is so.", **more)


def hit(*causes: RootCause, symptoms: tuple[Symptom, ...] = (), network: Network = TRIANGLE) -> Impact:
    found = impact_of(causes, symptoms, network)
    assert found is not None
    return found


def symptom(kind: str, link: str, *devices: str) -> Symptom:
    return Symptom(resource=link, what=f"{kind} is lost", kind=kind, devices=list(devices))


def test_a_link_of_a_ring_costs_the_second_way_and_the_session_over_it() -> None:
    found = hit(cause("link_down", A_B))
    assert (found.degree, found.cut_off, found.down) == ("redundancy", [], [A_B])
    assert found.at_risk == ["b", "c", "h"]
    assert found.sessions == [LostSession(device="a", neighbor="b", address="10.0.1.2")]
    assert "Nobody is cut off" in found.summary
    assert "a to b" in found.summary


def test_a_device_takes_what_hangs_behind_it_along() -> None:
    found = hit(cause("link_down", A_B), cause("link_down", C_A))
    assert (found.degree, found.cut_off) == ("cut_off", ["b", "c", "h"])
    assert found.sites == ["fra"]
    assert {"10.9.0.0/24", "10.8.0.0/16", "10.7.0.0/24"} <= set(found.subnets)
    assert "10.0.1.0/30" not in found.subnets, "its other end is still there"
    assert LostSession(device="a", neighbor="c", address="10.255.0.3") in found.sessions, "the routed one goes too"
    assert found.summary.startswith("2 devices and 1 host are cut off from the rest of the network: b, c and h.")


def test_an_interface_stands_for_its_link_and_for_the_subnet_behind_it() -> None:
    found = hit(cause("interface_admin_down", "interface/c/e2"))
    assert (found.down, found.cut_off) == ([C_H, "interface/c/e2"], ["h"])
    assert hit(cause("interface_admin_down", "interface/b/e9")).subnets == ["10.9.0.0/24"]


def test_a_subnet_that_a_router_only_originates_is_lost_with_its_interface() -> None:
    told = Intent(bgp=bgp(networks=("10.9.0.0/24",)))
    network = Network(devices=[device("b", port("e9", "10.9.0.1/24"), intent=told), device("c")], links=[])
    assert hit(cause("interface_admin_down", "interface/b/e9"), network=network).subnets == ["10.9.0.0/24"]


def test_a_leaf_that_nobody_needs_is_only_itself() -> None:
    found = hit(cause("arp_acl_block", "node/h"))
    assert (found.degree, found.cut_off, found.at_risk) == ("itself", [], [])
    assert found.summary.startswith("h is out of use. Every other device is still reached")


def test_a_router_that_forwards_nothing_keeps_its_own_sessions() -> None:
    found = hit(cause("ip_forwarding_disabled", "node/c"))
    assert (found.degree, found.cut_off, found.down) == ("cut_off", ["h"], [])
    assert found.sessions == []


def test_a_host_without_its_gateway_is_cut_off_alone() -> None:
    found = hit(cause("host_incorrect_gateway", "node/h"))
    assert (found.degree, found.cut_off) == ("cut_off", ["h"])


def test_a_lost_adjacency_is_a_link_that_no_route_goes_over() -> None:
    lost = symptom("ospf", B_C, "b", "c")
    found = hit(cause("ospf_timer_mismatch", "node/b"), symptoms=(lost,))
    assert found.degree == "redundancy"
    assert (found.down, found.sessions) == ([], [])
    elsewhere = hit(cause("ospf_timer_mismatch", "node/a"), symptoms=(lost,))
    assert elsewhere.degree == "kept", "that adjacency is not of this device"


def test_a_link_that_another_protocol_routes_over_is_not_lost() -> None:
    both = [
        msgspec.structs.replace(d, intent=msgspec.structs.replace(d.intent, isis=IntendedIsis(interfaces=["e0", "e1"])))
        for d in TRIANGLE.devices
    ]
    network = Network(devices=both, links=TRIANGLE.links)
    found = hit(cause("ospf_timer_mismatch", "node/b"), symptoms=(symptom("ospf", B_C, "b", "c"),), network=network)
    assert found.degree == "kept"
    direct = hit(cause("ospf_timer_mismatch", "node/b"), symptoms=(symptom("ospf", A_B, "a", "b"),))
    assert direct.degree == "kept", "BGP speaks over that link itself"


def test_a_session_that_is_down_is_named_and_nobody_is_cut_off_where_the_igp_still_routes() -> None:
    found = hit(cause("bgp_asn_misconfig", "node/a"), symptoms=(symptom("session", A_B, "a", "b"),))
    assert (found.degree, found.sessions) == ("kept", [LostSession(device="a", neighbor="b", address="10.0.1.2")])
    assert "The session cannot come up" in found.summary


def test_where_bgp_alone_routes_its_session_is_the_link() -> None:
    def alone(d: Device) -> Device:
        return msgspec.structs.replace(d, intent=Intent(bgp=d.intent.bgp))

    network = Network(devices=[alone(d) for d in TRIANGLE.devices], links=TRIANGLE.links)
    found = hit(cause("bgp_asn_misconfig", "node/a"), symptoms=(symptom("session", A_B, "a", "b"),), network=network)
    assert found.degree == "redundancy"


def test_without_intent_nothing_is_claimed_of_routing() -> None:
    network = Network(
        devices=[msgspec.structs.replace(d, intent=Intent()) for d in TRIANGLE.devices], links=TRIANGLE.links
    )
    found = hit(cause("bgp_asn_misconfig", "node/a"), symptoms=(symptom("session", A_B, "a", "b"),), network=network)
    assert (found.degree, found.sessions) == ("kept", [LostSession(device="a", neighbor="b")])


def test_a_session_with_somebody_elses_router_goes_with_its_interface_or_its_device() -> None:
    outside = Network(
        devices=[device("e", port("e5", "192.0.2.2/30"), intent=Intent(bgp=bgp("192.0.2.1", "no address")))], links=[]
    )
    expected = [LostSession(device="e", neighbor="", address="192.0.2.1")]
    assert hit(cause("interface_admin_down", "interface/e/e5"), network=outside).sessions == expected


def test_of_a_device_that_does_not_answer_nobody_knows_unless_its_neighbours_miss_it() -> None:
    found = hit(cause("device_unreachable", "node/c"))
    assert (found.degree, found.down, found.cut_off) == ("unknown", [], ["h"])
    assert found.summary.startswith("No neighbour was seen to miss c")
    missed = hit(cause("device_unreachable", "node/c"), symptoms=(symptom("session", C_A, "a", "c"),))
    assert (missed.degree, missed.down, missed.cut_off) == ("cut_off", ["node/c"], ["h"])


def test_what_breaks_no_path_says_what_it_does_instead() -> None:
    found = hit(cause("ospf_cost_misconfig", "node/a"))
    assert (found.degree, found.cut_off, found.at_risk, found.sessions) == ("kept", [], [], [])
    assert found.summary == found.effects[0] == fault_types()["ospf_cost_misconfig"].effect


def test_without_a_cause_or_without_its_resource_there_is_no_blast_radius() -> None:
    assert impact_of([], [], TRIANGLE) is None
    assert impact_of([cause("link_down", "link/x:1--y:2")], [], TRIANGLE) is None
    assert impact_of([cause("link_down", A_B)], [], Network()) is None


def test_a_fault_that_nobody_knows_is_no_mistake_here() -> None:
    assert hit(cause("gremlins", "node/a")).degree == "kept"


def test_what_is_no_address_is_nobodys() -> None:
    bad = "not an address"
    told = Intent(bgp=bgp(bad, "10.9.0.1", networks=(bad,)))
    odd = device("b", port("e0", bad), port("e9", "10.9.0.1/24"), intent=told)
    found = hit(cause("interface_admin_down", "interface/b/e9"), network=Network(devices=[odd], links=[]))
    assert (found.subnets, found.sessions) == (["10.9.0.0/24"], [])


def test_an_endless_list_is_cut_and_counted() -> None:
    leaves = [device(f"l{n:03}", port("e0", f"10.1.{n // 64}.{4 * (n % 64) + 1}/30")) for n in range(MOST + 50)]
    number = count()
    hub = device("hub", core=True)
    links = [
        Link(a=End(device="hub", interface=f"e{next(number)}"), b=End(device=leaf.name, interface="e0"))
        for leaf in leaves
    ]
    found = hit(cause("arp_acl_block", "node/hub"), network=Network(devices=[hub, *leaves], links=links))
    assert (len(found.cut_off), found.counts["cut_off"]) == (MOST, MOST + 49)


KINDS = {
    "node": ["node/a", "node/b", "node/c", "node/h"],
    "link": [A_B, B_C, C_A, C_H],
    "interface": ["interface/a/e0", "interface/b/e9", "interface/c/e2", "interface/h/e0"],
}


@pytest.mark.parametrize("fault", fault_types())
def test_every_fault_of_the_vocabulary_has_a_blast_radius_in_words(fault: str) -> None:
    for resource in KINDS[fault_types()[fault].resource]:
        found = hit(cause(fault, resource))
        assert found.summary.endswith((".", ":"))
        assert found.effects == [fault_types()[fault].effect]


@given(
    st.lists(st.tuples(st.sampled_from(sorted(fault_types())), st.integers(0, 3)), min_size=1, max_size=3),
    st.booleans(),
)
def test_whatever_the_causes_are_the_lists_and_the_degree_agree(chosen: list[tuple[str, int]], seen: bool) -> None:
    causes = [cause(fault, KINDS[fault_types()[fault].resource][n]) for fault, n in chosen]
    symptoms = (symptom("ospf", B_C, "b", "c"), symptom("session", A_B, "a", "b")) if seen else ()
    found = hit(*causes, symptoms=symptoms)
    assert not set(found.cut_off) & set(found.at_risk)
    assert (found.degree == "cut_off") == bool(found.cut_off) or found.degree == "unknown"
    assert (found.degree == "redundancy") <= bool(found.at_risk)
    assert found.counts["cut_off"] == len(found.cut_off)
    assert len({frozenset((s.device, s.neighbor or s.address)) for s in found.sessions}) == len(found.sessions)
    assert "  " not in found.summary
    assert msgspec.json.decode(found.to_json(), type=Impact) == found
