"""Where to look, and what for: every link and session from one end, and of who nothing points to a glance."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shared.diagnosis.sighted import NETWORK, facts, state

from nocmesh.diagnosis.coverage import between, watchers
from nocmesh.diagnosis.facts import Facts
from nocmesh.diagnosis.hints import about_quality, about_reach, views_about
from nocmesh.diagnosis.reach import Journey, Place
from nocmesh.diagnosis.scope import (
    again,
    deeper_look,
    first_look,
    glance_views,
    last_look,
    next_look,
    path_look,
    sweep,
    views_of,
    wider_look,
)
from nocmesh.diagnosis.signs import Scene
from nocmesh.messages.session import Observation
from nocmesh.messages.state import ConfigLine, DeviceState, Output
from nocmesh.network import (
    Device,
    End,
    IntendedBgp,
    IntendedInterface,
    IntendedNeighbor,
    IntendedOspf,
    Intent,
    Link,
    Network,
)


def seen(*observations: Observation, words: str = "", journeys: tuple[Journey, ...] = ()) -> Scene:
    return Scene(Facts.gather(NETWORK, observations), words=frozenset(words.split()), journeys=journeys)


def looked(name: str, *views: str, unreachable: bool = False, past: str = "") -> list[Observation]:
    """A look at a device that is called x; ``past``: the configuration that its baseline has."""
    whole = state(name, config=[ConfigLine(section="", text="hostname x")])
    fields = {view: getattr(whole, view) for view in views}
    known = DeviceState(device=name, platform="x", **fields, status=dict.fromkeys(views, "parsed"))
    common: dict[str, Any] = {"device": name, "arguments": {"device": name, "views": list(views)}}
    told = [Output(command="device_baseline", text=past)]
    return [
        Observation(
            observation_id="then",
            tool="device_baseline",
            device=name,
            state=state(name) if past else None,
            outputs=told if past else [],
            status="ok" if past else "error",
        ),
        Observation(
            observation_id="now",
            tool="device_state",
            status="unreachable" if unreachable else "ok",
            state=None if unreachable else known,
            **common,
        ),
    ]


def test_a_first_look_asks_a_device_for_what_it_speaks() -> None:
    plain = Device(name="r", platform="frr", address="192.0.2.1")
    assert views_of(plain) == ["interfaces", "bgp", "ospf", "isis", "config"]
    meant = Device(name="r", platform="frr", address="192.0.2.1", intent=Intent(ospf=IntendedOspf()))
    assert views_of(meant) == ["interfaces", "ospf", "config"]
    switch = Device(name="s", platform="cisco_iosxe", address="192.0.2.1", role="access")
    assert views_of(switch) == ["interfaces", "stp", "switching", "config"]
    host = Device(name="h", platform="linux", address="192.0.2.1")
    assert (views_of(host), glance_views(host), glance_views(plain)) == (
        ["interfaces", "stp"],
        ["interfaces"],
        ["config"],
    )


@pytest.mark.parametrize(
    ("words", "views"),
    [
        ("bgp session down", []),
        ("h1 cannot reach h2", ["routes", "filters"]),
        ("high latency", ["queues"]),
        ("duplicate mac", ["neighbors"]),
        ("service down", ["system"]),
    ],
)
def test_the_alerts_words_add_where_its_trouble_would_show(words: str, views: list[str]) -> None:
    assert views_about(words.split()) == views
    wanted = first_look(seen(words=words), ["h1"])
    assert wanted == {"h1": ["interfaces", "stp", *views]}


def test_words_are_about_reaching_or_about_how_well() -> None:
    assert (about_reach({"unreachable"}), about_reach({"bgp"})) == (True, False)
    assert (about_quality({"loss"}), about_quality({"unreachable"})) == (True, False)


def test_what_was_asked_is_not_asked_again_and_who_does_not_answer_not_at_all() -> None:
    one = seen(*looked("h1", "interfaces", "stp"))
    assert first_look(one, ["h1"]) == {}
    assert "interfaces" not in deeper_look(one, ["h1"])["h1"]
    assert deeper_look(seen(*looked("h1", "interfaces", unreachable=True)), ["h1"]) == {}
    assert set(again(one, ["h1", "ghost"])) == {"h1"}


def test_of_a_small_networks_rest_a_glance_is_enough_while_it_is_as_it_was() -> None:
    wanted = next_look(seen(), ["r1"])
    assert wanted["r1"] == ["interfaces", "bgp", "ospf", "isis", "config"]
    assert "config" in wanted["r2"] or wanted["r2"] == ["config"]
    glanced = [name for name, views in wanted.items() if list(views) in (["config"], ["interfaces"])]
    full = set(wanted) - set(glanced)
    assert all({link.a.device, link.b.device} & full for link in NETWORK.links)
    assert set(wanted) == {device.name for device in NETWORK.devices}


@pytest.mark.parametrize(("past", "full"), [("hostname x\n", False), ("hostname y\n", True), ("", True)])
def test_who_has_moved_or_has_no_past_is_looked_at_in_full(past: str, full: bool) -> None:
    glanced = next(name for name, views in next_look(seen(), ["r1"]).items() if list(views) == ["config"])
    one = seen(*looked(glanced, "config", past=past))
    assert (glanced in next_look(one, ["r1"])) is full


def test_a_network_that_is_not_small_is_not_swept_for_a_named_device() -> None:
    names = [f"r{n}" for n in range(20)]
    devices = [Device(name=name, platform="frr", address="192.0.2.1") for name in names]
    links = [Link(a=End(device=a, interface="x"), b=End(device=b, interface="y")) for a, b in pairwise(names)]
    wide = Scene(Facts(Network(devices=devices, links=links), {}))
    assert set(next_look(wide, ["r5"])) == {"r5"}
    assert set(wider_look(wide, ["r5"])) == {"r4", "r5", "r6"}
    assert len(sweep(wide)) == 20


def test_before_a_network_is_called_healthy_far_devices_are_asked_what_concerns_others() -> None:
    every = [observation for name in ("r1", "r2", "h1", "h3") for observation in looked(name, "interfaces")]
    wanted = last_look(seen(*every), ["h1"])
    assert "system" in wanted["h1"]
    assert "system" in wanted["r1"]
    assert "system" not in wanted["h3"]


def test_the_devices_on_the_way_are_looked_at_also_before_anything_is_known_of_it() -> None:
    way = Journey(source=Place(device="h1", address="10.1.0.11"), target=Place(device="h3", address="10.2.0.13"))
    wanted = path_look(seen(words="unreachable", journeys=(way,)))
    assert set(wanted) == {"h1", "r1", "r3", "s1", "s2", "h3"}
    assert set(wanted["r3"]) >= {"routes", "neighbors", "filters"}
    assert list(wanted["s1"]) == ["interfaces", "stp"]
    assert path_look(Scene(facts(), journeys=())) == {}


def test_a_shortest_way_is_found_or_there_is_none() -> None:
    assert between(NETWORK, "h1", "h2") == ["h1", "r1", "r3", "s1", "h2"]
    assert between(NETWORK, "h1", "ghost") == []


PAIRS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)).filter(lambda pair: pair[0] != pair[1]), max_size=16)


def speaker(name: str, *neighbors: int) -> Device:
    own = [IntendedInterface(name="lo", addresses=[f"10.9.9.{name[1:]}/32"])]
    listed = [IntendedNeighbor(address=f"10.9.9.{n}", remote_asn=1) for n in neighbors]
    intent = Intent(bgp=IntendedBgp(asn=1, neighbors=listed))
    return Device(name=name, platform="frr", address="192.0.2.1", interfaces=own, intent=intent)


@given(PAIRS, PAIRS, st.sets(st.integers(0, 8), max_size=3))
def test_every_link_and_session_has_an_end_that_is_watched(
    cables: list[tuple[int, int]], sessions: list[tuple[int, int]], near: set[int]
) -> None:
    devices = [speaker(f"r{n}", *(b for a, b in sessions if a == n)) for n in range(9)]
    links = [Link(a=End(device=f"r{a}", interface="x"), b=End(device=f"r{b}", interface="y")) for a, b in cables]
    already = {f"r{n}" for n in near}
    chosen = set(watchers(Network(devices=devices, links=links), already)) | already
    assert all({f"r{a}", f"r{b}"} & chosen for a, b in [*cables, *sessions])
