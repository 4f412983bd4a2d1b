"""The way of a packet by what was seen: where it goes, and where it cannot go on."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shared.diagnosis.sighted import blocked, facts, interfaces, silent, state

from nocmesh.diagnosis.reach import Journey, Place
from nocmesh.diagnosis.walk import lookup, past, walk
from nocmesh.messages.state import DeviceState, Route


def journey(source: str = "h1", target: str = "10.2.0.12") -> Journey:
    place = Place(device=source) if source[0].isalpha() else Place(address=source)
    return Journey(source=place, target=Place(address=target))


def test_a_packet_is_followed_to_its_end_over_routers_and_switches() -> None:
    found = walk(facts(), journey())
    assert list(found.devices) == ["h1", "r1", "r3", "s1", "h2"]
    assert [link.a.interface for link in found.links] == ["r1-lan", "r1-e1", "r3-lan", "s1-e2"]
    assert [(str(here), str(there)) for here, there, _ in found.legs] == [
        ("h1:h1-e0", "r1:r1-lan"),
        ("r1:r1-e1", "r3:r3-e0"),
        ("r3:r3-lan", "h2:h2-e0"),
    ]
    assert (found.stop, found.whole) == (None, True)


def test_every_one_of_several_next_hops_is_tried() -> None:
    both = state("r1", {"10.2.0.0/24": "10.0.0.6 10.0.0.2"})
    assert set(walk(facts(both), journey()).devices) == {"h1", "r1", "r2", "r3", "s1", "h2"}
    broken = walk(facts(both, state("r2", {"10.2.0.0/24": ""})), journey())
    assert broken.stop is not None
    assert (broken.stop.device, broken.stop.kind) == ("r2", "no_route")


def test_a_next_hop_may_be_reached_by_another_route() -> None:
    told = state("r1", {"10.2.0.0/24": "10.0.0.10"})
    found = walk(facts(told), journey())
    assert (list(found.devices), found.stop) == (["h1", "r1", "r2", "r3", "s1", "h2"], None)


@pytest.mark.parametrize(
    ("changed", "device", "kind", "said"),
    [
        (state("r1", {"10.2.0.0/24": ""}), "r1", "no_route", "r1 has no route to 10.2.0.12"),
        (state("r1", {"10.2.0.0/25": "drop"}), "r1", "discards", "its route to 10.2.0.0/25 discards"),
        (state("r3", neighbors=silent("10.2.0.12")), "r3", "silent", "asks for 10.2.0.12 on r3-lan"),
        (state("r1", {"10.2.0.0/24": "10.1.0.77"}), "r1", "nobody", "to 10.1.0.77, which is nobody's"),
        (state("h2", interfaces=interfaces("h2", h2_e0="10.9.0.1/24")), "h2", "nobody", "which h2:h2-e0 has no longer"),
        (state("s1", stp=blocked("s1-e0")), "r3", "cut", "nothing leads from r3:r3-lan to h2:h2-e0"),
        (state("r3", {"10.2.0.0/25": "10.0.0.5"}), "r1", "loop", "goes round: r1 - r3 - r1"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_place_where_it_cannot_go_on_is_told(changed: DeviceState, device: str, kind: str, said: str) -> None:
    stop = walk(facts(changed), journey()).stop
    assert stop is not None
    assert (stop.device, stop.kind) == (device, kind)
    assert said in stop.what


def test_what_nobody_looked_at_is_told_and_stops_nothing() -> None:
    found = walk(facts(unseen=["r3"]), journey())
    assert (list(found.unseen), found.stop, found.whole) == (["r3"], None, False)
    blind = walk(facts(DeviceState(device="r3", platform="frr", status={"routes": "unparsed"})), journey())
    assert (blind.stop, blind.whole) == (None, True)


def test_a_host_that_nobody_lists_is_walked_from_its_router_and_to_its_subnet() -> None:
    assert list(walk(facts(), journey("10.1.0.99", "10.2.0.99")).devices) == ["r1", "r3"]
    asked = walk(facts(state("r3", neighbors=silent("10.2.0.99"))), journey("10.1.0.99", "10.2.0.99")).stop
    assert asked is not None
    assert (asked.kind, asked.sure) == ("silent", False)
    assert walk(facts(), journey("h1", "")).devices == {}


def test_the_past_is_walked_like_the_present() -> None:
    broken = state("r1", {"10.2.0.0/24": ""})
    then = past(facts(broken, past=[state(name) for name in ("h1", "r1", "r3", "h2", "s1")]))
    assert walk(then, journey()).stop is None
    assert walk(past(facts(broken)), journey()).devices == {"h1": None}


@pytest.mark.parametrize(
    ("target", "prefix"),
    [("10.1.2.3", "10.1.2.0/24"), ("10.1.9.9", "10.1.0.0/16"), ("8.8.8.8", "0.0.0.0/0"), ("2001:db8::1", None)],
)
def test_the_longest_prefix_in_use_wins(target: str, prefix: str | None) -> None:
    table = [Route(prefix=p, protocol="x") for p in ("10.1.0.0/16", "0.0.0.0/0", "10.1.2.0/24", "nonsense")]
    table.append(Route(prefix="10.1.2.3/32", protocol="x", selected=False))
    found = lookup(table, ip_address(target))
    assert (found.prefix if found else None) == prefix


NAMES = ["r1", "r2", "r3", "h1", "h2"]
HOPS = st.sampled_from(
    ["", "drop", "10.0.0.1", "10.0.0.2", "10.0.0.6", "10.0.0.10", "10.1.0.1", "10.2.0.12", "x", "::1"]
)


@given(st.dictionaries(st.sampled_from(NAMES), st.dictionaries(st.sampled_from(["10.2.0.0/24", "0.0.0.0/0"]), HOPS)))
def test_whatever_the_tables_say_the_walk_ends(tables: dict[str, dict[str, str]]) -> None:
    found = walk(facts(*(state(name, table) for name, table in tables.items())), journey())
    assert set(found.devices) <= {"r1", "r2", "r3", "h1", "h2", "h3", "s1", "s2"}
