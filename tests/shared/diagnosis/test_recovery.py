"""An outage is told from whatever remembers it: what was away, from when to when, and by whose word."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.diagnosis.evidence import stands
from nocmesh.diagnosis.facts import Facts
from nocmesh.diagnosis.happenings import Happening
from nocmesh.diagnosis.history import History, Turn
from nocmesh.diagnosis.recovery import Outage, outage_of, outages, recovered, still_flapping
from nocmesh.diagnosis.witnesses import happenings
from nocmesh.messages.session import Observation
from nocmesh.messages.state import (
    Bgp,
    BgpNeighbor,
    DeviceState,
    Interface,
    Log,
    LogEntry,
    Ospf,
    OspfNeighbor,
    Output,
    Quote,
    System,
)
from nocmesh.network import Device, End, IntendedInterface, Link, Network

NOW = datetime(2026, 1, 31, 12, 10, tzinfo=UTC)
LINK = "link r1:e0--r2:e0"


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def device(name: str, address: str) -> Device:
    ports = [IntendedInterface(name="e0", addresses=[address]), IntendedInterface(name="e1")]
    return Device(name=name, platform="frr", address=name, interfaces=ports)


NETWORK = Network(
    devices=[device("r1", "10.0.0.1/30"), device("r2", "10.0.0.2/30")],
    links=[Link(a=End(device="r1", interface="e0"), b=End(device="r2", interface="e0"))],
)


def look(name: str = "r1", *, lines: dict[float, tuple[str, str]] | None = None, **views: Any) -> Observation:
    """A look at a device now; ``lines`` of its log, by their age: source and text."""
    told = sorted((lines or {}).items(), reverse=True)
    entries = [
        LogEntry(time=ago(age), source=source, text=text, quote=Quote(command="log", text=f"{age} {text}"))
        for age, (source, text) in told
    ]
    if lines is not None:
        views["log"] = Log(entries=entries, clock=NOW)
    state = DeviceState(device=name, platform="frr", status=dict.fromkeys(views, "parsed"), **views)
    text = "\n".join(entry.quote.text for entry in entries if entry.quote)
    outputs = [Output(command="log", text=text)]
    return Observation(
        observation_id=f"o-{name}", tool="device_state", device=name, state=state, outputs=outputs, at=NOW
    )


def remembered(*turns: Turn, name: str = "r1", age: float = 30, count: int = 0) -> Observation:
    counts = {"carrier_changes e0": count} if count else {}
    history = History(device=name, at=ago(age), began=ago(4000), turns=list(turns), counts=counts)
    content = {"history": history.to_dict()}
    return Observation(observation_id="h", tool="device_history", device=name, content=content, at=NOW)


def well(age: float = 900, name: str = "r1", **views: Any) -> Observation:
    taken = {"number": 1, "slot": 0, "at": ago(age).isoformat(), "until": ago(age).isoformat(), "why": "start"}
    state = DeviceState(device=name, platform="frr", status=dict.fromkeys(views, "parsed"), **views)
    return Observation(observation_id="b", tool="device_baseline", device=name, state=state, content={"taken": taken})


def found(*seen: Observation) -> list[Happening]:
    return happenings(Facts.gather(NETWORK, seen))


def the_outage(*seen: Observation) -> Outage:
    [outage] = [each for each in outages(found(*seen)) if each.began >= ago(600)]
    return outage


def bgp(way: str) -> tuple[str, str]:
    why = "" if way == "Up" else " Interface down"
    return "BGP", f"%ADJCHANGE: neighbor 10.0.0.2(r2) in vrf default {way}{why}"


def ospf(way: str) -> tuple[str, str]:
    states = "Exchange -> Full (ExchangeDone)" if way == "Up" else "Full -> Deleted (KillNbr)"
    return "OSPF", f"AdjChg: Nbr 10.255.0.2, NbrIP 10.0.0.2 (default) on e0:10.0.0.1: {states}"


def port(**more: Any) -> Interface:
    return Interface(**{"name": "e0", "enabled": True, "oper_up": True, **more})


# --- what is told


def test_a_log_tells_what_was_away_and_when_with_its_lines_as_evidence() -> None:
    seen = look(lines={60: bgp("Down"), 42: bgp("Up")})
    outage = the_outage(seen)
    told = recovered(outage)
    assert (told.what, told.since, told.until) == ("the BGP session r1 - r2 was down", ago(60), ago(42))
    assert outage.exact
    assert [evidence.quote for evidence in told.evidence] == [f"60 {bgp('Down')[1]}", f"42 {bgp('Up')[1]}"]
    assert all(stands(evidence, seen) for evidence in told.evidence)
    assert "Interface down" in told.how_we_know


def test_the_lowest_thing_was_away_and_the_others_went_with_it() -> None:
    dates = [port(last_down=ago(70), last_up=ago(61))]
    outage = the_outage(
        look(lines={70: ospf("Down"), 69: bgp("Down"), 55: ospf("Up"), 50: bgp("Up")}, interfaces=dates)
    )
    told = recovered(outage)
    assert told.what == f"{LINK} was down; the OSPF adjacency over {LINK}, the BGP session r1 - r2 went with it"
    assert (told.since, told.until) == (ago(70), ago(50))


def test_both_ends_tell_of_the_same_thing() -> None:
    near = look(lines={60: bgp("Down"), 42: bgp("Up")})
    far = ("BGP", "%ADJCHANGE: neighbor 10.0.0.1(r1) in vrf default Down Peer closed the session")
    outage = the_outage(near, look("r2", lines={59: far}))
    assert outage.subjects == ["the BGP session r1 - r2"]
    assert outage.began == ago(60)
    assert outage.times == 1


def test_without_a_log_the_age_of_a_session_tells_since_when_it_is_back() -> None:
    neighbor = BgpNeighbor(
        address="10.0.0.2",
        session_state="established",
        established_for=42,
        dropped=1,
        last_reset_ago=60,
        last_reset_reason="Hold timer",
    )
    told = recovered(the_outage(look(bgp=Bgp(neighbors=[neighbor]))))
    assert (told.since, told.until) == (ago(60), ago(42))
    assert "Hold timer" in told.how_we_know


def test_a_reset_of_a_session_that_never_stood_before_is_no_outage() -> None:
    neighbor = BgpNeighbor(
        address="10.0.0.2", session_state="established", established_for=42, dropped=0, last_reset_ago=44
    )
    assert outages(found(look(bgp=Bgp(neighbors=[neighbor])))) == []


def test_the_monitors_history_tells_between_which_looks() -> None:
    down = Turn(kind="interface", what="e0", before="up", after="down", since=ago(120), at=ago(90))
    back = Turn(kind="interface", what="e0", before="down", after="up", since=ago(60), at=ago(30))
    outage = the_outage(look(interfaces=[port()]), remembered(down, back))
    assert (outage.subject, outage.began, outage.ended, outage.exact) == (LINK, ago(120), ago(30), False)
    assert "at some time between" in recovered(outage).how_we_know


def test_a_counter_alone_tells_that_something_was_since_the_last_look() -> None:
    seen = look(interfaces=[port(carrier_changes=6)])
    outage = the_outage(seen, remembered(age=45, count=4), well(interfaces=[port(carrier_changes=2)]))
    assert (outage.subject, outage.began, outage.ended, outage.times) == (LINK, ago(45), NOW, 1)


def test_without_a_history_the_counter_is_held_against_the_baseline() -> None:
    seen = look(interfaces=[port(carrier_changes=8)])
    outage = the_outage(seen, well(age=500, interfaces=[port(carrier_changes=2)]))
    assert (outage.began, outage.ended, outage.times) == (ago(500), NOW, 3)


def test_a_link_that_is_counted_and_dated_is_one_outage_with_its_dates() -> None:
    seen = look(interfaces=[port(carrier_changes=4, last_down=ago(70), last_up=ago(61))])
    outage = the_outage(seen, well(interfaces=[port(carrier_changes=2)]))
    assert (outage.began, outage.ended, outage.exact) == (ago(70), ago(61), True)


def test_a_device_that_was_started_anew_was_away() -> None:
    seen = look(system=System(uptime_seconds=100))
    assert the_outage(seen, well(system=System(uptime_seconds=90_000))).subject == "r1"
    assert outages(found(seen, well(age=40, system=System(uptime_seconds=30)))) == [], "it was that young before"


def test_a_clock_that_is_an_hour_off_moves_no_outage() -> None:
    seen = look(lines={60: bgp("Down"), 42: bgp("Up")})
    assert seen.state is not None
    log = seen.state.log
    assert log is not None
    shifted = [
        msgspec.structs.replace(entry, time=entry.time + timedelta(hours=1)) for entry in log.entries if entry.time
    ]
    late = msgspec.structs.replace(log, entries=shifted, clock=NOW + timedelta(hours=1))
    state = msgspec.structs.replace(seen.state, log=late)
    outage = the_outage(msgspec.structs.replace(seen, state=state))
    assert (outage.began, outage.ended) == (ago(60), ago(42))


def test_an_adjacency_that_is_merely_young_is_no_outage() -> None:
    neighbors = [OspfNeighbor(router_id="10.255.0.2", interface="e0", state="full", up_for=30)]
    assert outages(found(look(ospf=Ospf(neighbors=neighbors), lines={31: ospf("Up")}))) == []


# --- one outage or several


def test_what_was_back_and_calm_in_between_are_two_outages() -> None:
    seen = look(lines={200: bgp("Down"), 180: bgp("Up"), 60: bgp("Down"), 42: bgp("Up")})
    assert [(each.began, each.ended) for each in outages(found(seen))] == [(ago(200), ago(180)), (ago(60), ago(42))]


def test_another_thing_that_goes_soon_after_is_another_outage() -> None:
    seen = look(
        lines={70: bgp("Down"), 60: bgp("Up"), 55: ospf("Down"), 50: ospf("Up"), 48: ospf("Down"), 40: ospf("Up")}
    )
    first, second = outages(found(seen))
    assert (first.subject, first.ended) == ("the BGP session r1 - r2", ago(60))
    assert (second.subjects, second.began, second.times) == ([f"the OSPF adjacency over {LINK}"], ago(55), 2)


def test_what_stays_away_for_minutes_is_one_outage() -> None:
    assert the_outage(look(lines={500: bgp("Down"), 60: bgp("Up")})).ended == ago(60)


def test_the_alert_means_the_last_outage_of_its_layers_before_it() -> None:
    seen = look(lines={200: ospf("Down"), 180: ospf("Up"), 60: bgp("Down"), 42: bgp("Up")})
    every = found(seen)
    last = outage_of(every, ["ospf", "bgp"], ago(40), NOW)
    adjacency = outage_of(every, ["ospf"], ago(40), NOW)
    assert last is not None
    assert adjacency is not None
    assert (last.subject, adjacency.subject) == ("the BGP session r1 - r2", f"the OSPF adjacency over {LINK}")
    assert outage_of(every, ["interface"], ago(40), NOW) is None


def test_what_ended_long_before_the_alert_began_is_not_what_it_means() -> None:
    seen = look(lines={3000: bgp("Down"), 2900: bgp("Up")})
    assert outage_of(found(seen), ["bgp"], ago(10), NOW) is None
    assert outage_of(found(seen), ["bgp"], ago(2950), NOW) is not None


# --- once, or again and again


def test_one_flap_is_over_when_it_has_been_back_for_a_moment() -> None:
    outage = the_outage(look(lines={9: ospf("Down"), 4: ospf("Up")}))
    assert still_flapping(outage, NOW) == pytest.approx(2)
    assert still_flapping(outage, NOW + timedelta(seconds=3)) == 0


def test_what_goes_again_and_again_is_watched_for_twice_its_pause() -> None:
    moves = {60 - 8 * n: ospf("Down" if n % 2 == 0 else "Up") for n in range(8)}
    outage = the_outage(look(lines={float(age): line for age, line in moves.items()}))
    assert (outage.times, outage.moves[-1]) == (4, ago(4))
    assert still_flapping(outage, NOW) == pytest.approx(12)
    assert still_flapping(outage, NOW + timedelta(seconds=13)) == 0
    assert still_flapping(outage, NOW + timedelta(hours=1)) == 0


def test_flaps_that_are_only_counted_are_watched_too() -> None:
    seen = look(interfaces=[port(carrier_changes=22)])
    outage = the_outage(seen, remembered(age=40, count=2))
    assert outage.times == 10
    assert still_flapping(outage, NOW) == pytest.approx(6)


_EVERY = st.builds(
    Happening,
    device=st.sampled_from(["r1", "r2"]),
    source=st.sampled_from(["log", "age", "history", "date", "count"]),
    layer=st.sampled_from(["interface", "ospf", "bgp", "device"]),
    what=st.just("e0"),
    way=st.sampled_from(["up", "down", "blip"]),
    at=st.integers(0, 900).map(ago),
    since=st.one_of(st.none(), st.integers(0, 900).map(ago)),
    times=st.integers(1, 9),
    subject=st.sampled_from(["a", "b", "c"]),
    devices=st.just(("r1",)),
)


@given(st.lists(_EVERY, max_size=12))
def test_whatever_happened_an_outage_begins_before_it_ends_and_says_what_was_away(every: list[Happening]) -> None:
    for outage in outages(every):
        told = recovered(outage)
        assert told.what.startswith(outage.subject)
        assert told.since is not None
        assert told.until is not None
        assert told.since <= told.until
        assert outage.times >= 1
        assert still_flapping(outage, NOW) >= 0
