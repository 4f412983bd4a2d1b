"""What moved between two snapshots: lines by section, typed state without what moves by itself."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.diagnosis.baseline import Snapshot, Taken
from nocmesh.diagnosis.configdiff import KEYS, ConfigDiff, Moved, compare, has_moved, section_diffs, state_diffs
from nocmesh.diagnosis.configlines import sections
from nocmesh.messages.state import (
    Bgp,
    BgpNeighbor,
    DeviceState,
    FilterRule,
    Interface,
    Isis,
    IsisAdjacency,
    Lag,
    LagMember,
    LldpNeighbor,
    MacEntry,
    NeighborEntry,
    Neighbors,
    Ospf,
    OspfInterface,
    OspfNeighbor,
    Process,
    Quote,
    Route,
    Stp,
    StpPort,
    Switching,
    System,
    ViewStatus,
)

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
CONFIG = "hostname r1\nrouter bgp 65001\n neighbor 10.0.12.2 remote-as 65002\n network 10.255.0.1/32\nline vty\n"


def state(status: ViewStatus = "parsed", **views: Any) -> DeviceState:
    return DeviceState(device="r1", platform="frr", status=dict.fromkeys(views, status), **views)


def snapshot(config: str = CONFIG, state: DeviceState | None = None, minutes: int = 0) -> Snapshot:
    at = NOON + timedelta(minutes=minutes)
    taken = Taken(number=1, slot=0, at=at, until=at, why="start")
    return Snapshot(device="r1", taken=taken, config=config, state=state)


def moved(before: DeviceState, after: DeviceState) -> list[tuple[str, str]]:
    return [(each.kind, each.what) for each in state_diffs(before, after)]


def test_a_line_that_changed_stands_in_its_section_and_in_the_diff() -> None:
    after = CONFIG.replace("65002", "65009")
    found = compare(snapshot(), snapshot(after, minutes=5), "baseline", "running")
    [section] = found.sections
    assert section.section == "router bgp 65001"
    assert section.removed == ["neighbor 10.0.12.2 remote-as 65002"]
    assert section.added == ["neighbor 10.0.12.2 remote-as 65009"]
    assert "- neighbor 10.0.12.2 remote-as 65002" in found.diff
    assert (found.since, found.to, found.equal) == ("baseline", "running", False)


def test_when_it_moved_lies_between_the_last_sight_of_the_old_and_the_first_of_the_new() -> None:
    before = snapshot()
    before = msgspec.structs.replace(
        before, taken=msgspec.structs.replace(before.taken, until=NOON + timedelta(hours=1))
    )
    found = compare(before, snapshot("hostname r2\n", minutes=90), "1", "2")
    assert (found.seen_before, found.seen_after) == (NOON + timedelta(hours=1), NOON + timedelta(minutes=90))


def test_a_section_that_is_gone_and_one_that_is_new_are_told() -> None:
    found = {s.section: s for s in section_diffs(CONFIG, CONFIG.replace("bgp 65001", "bgp 65009"))}
    assert found[""].removed == ["router bgp 65001"]
    assert found[""].added == ["router bgp 65009"]
    assert len(found["router bgp 65001"].removed) == len(found["router bgp 65009"].added) == 2


def test_a_snapshot_without_configuration_is_not_compared_and_says_so() -> None:
    found = compare(snapshot(""), snapshot(), "baseline", "running")
    assert found.not_compared == {"config": "the older snapshot has no configuration"}
    assert (found.diff, found.sections, found.equal) == ("", [], True)
    odd = snapshot("")
    odd = msgspec.structs.replace(odd, taken=msgspec.structs.replace(odd.taken, problems={"config": "cut off"}))
    both = compare(odd, odd, "a", "b").not_compared["config"]
    assert both == "the older and the newer snapshot has no configuration: cut off"


WORDS = st.sampled_from(
    ["hostname r1", "router bgp 1", "router ospf", " network a", " network b", "  deep", "line vty"]
)
TEXTS = st.lists(WORDS, max_size=12).map(lambda lines: "".join(f"{line}\n" for line in lines))


@given(TEXTS)
def test_nothing_differs_from_itself(text: str) -> None:
    found = compare(snapshot(text), snapshot(text), "a", "b")
    assert (found.diff, found.sections, found.equal) == ("", [], True)


@given(TEXTS, TEXTS)
def test_the_old_lines_with_the_diff_applied_are_the_new_ones(before: str, after: str) -> None:
    lines = Counter((line.section, line.text) for line in sections(before))
    for section in section_diffs(before, after):
        lines.subtract((section.section, text) for text in section.removed)
        lines.update((section.section, text) for text in section.added)
    assert +lines == Counter((line.section, line.text) for line in sections(after))
    assert not -lines


@given(TEXTS, TEXTS)
def test_there_and_back_is_the_same_story_told_backwards(before: str, after: str) -> None:
    there = {s.section: (Counter(s.removed), Counter(s.added)) for s in section_diffs(before, after)}
    back = {s.section: (Counter(s.added), Counter(s.removed)) for s in section_diffs(after, before)}
    lost = {section: (a - b, b - a) for section, (a, b) in there.items()}
    assert {k: v for k, v in lost.items() if any(v)} == {
        k: (a - b, b - a) for k, (a, b) in back.items() if (a - b or b - a)
    }


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (
            state(interfaces=[Interface(name="e0", oper_up=True, in_errors=1, quote=Quote(command="a", text="b"))]),
            state(interfaces=[Interface(name="e0", oper_up=False, in_errors=9)]),
            Moved(view="interfaces", what="interface e0", kind="changed", fields={"oper_up": [True, False]}),
        ),
        (
            state(bgp=Bgp(asn=1, neighbors=[BgpNeighbor(address="10.0.0.2", session_state="established")])),
            state(bgp=Bgp(asn=1, neighbors=[BgpNeighbor(address="10.0.0.2", session_state="idle", last_error="x")])),
            Moved(
                view="bgp",
                what="BGP neighbour 10.0.0.2",
                kind="changed",
                fields={"session_state": ["established", "idle"]},
            ),
        ),
        (
            state(bgp=Bgp(asn=1, networks=["a", "b"])),
            state(bgp=Bgp(asn=2, networks=["b", "a"])),
            Moved(view="bgp", what="bgp", kind="changed", fields={"asn": [1, 2]}),
        ),
        (
            state(routes=[Route(prefix="10.0.0.0/8", protocol="ospf", next_hops=["a", "b"])]),
            state(routes=[]),
            Moved(view="routes", what="route 10.0.0.0/8 ospf", kind="gone"),
        ),
        (
            state(filters=[]),
            state(filters=[FilterRule(name="input", action="drop", text="tcp dport 179 drop")]),
            Moved(view="filters", what="filter input tcp dport 179 drop", kind="new"),
        ),
        (
            state(ospf=Ospf(interfaces=[OspfInterface(name="e0", area="0.0.0.0")])),
            state(ospf=Ospf(interfaces=[OspfInterface(name="e0", area="0.0.0.1", neighbor_count=0)])),
            Moved(view="ospf", what="OSPF interface e0", kind="changed", fields={"area": ["0.0.0.0", "0.0.0.1"]}),
        ),
        (
            state(ospf=Ospf(neighbors=[OspfNeighbor(router_id="2.2.2.2", interface="e0", state="full")])),
            state(ospf=Ospf()),
            Moved(view="ospf", what="OSPF neighbour 2.2.2.2 e0", kind="gone"),
        ),
        (
            state(isis=Isis(adjacencies=[IsisAdjacency(system_id="r2", interface="e0", level="level-2")])),
            state(isis=Isis()),
            Moved(view="isis", what="IS-IS adjacency r2 e0 level-2", kind="gone"),
        ),
        (
            state(stp=Stp(ports=[StpPort(name="p1", bridge="br0", state="forwarding")])),
            state(stp=Stp(ports=[StpPort(name="p1", bridge="br0", state="blocking")])),
            Moved(
                view="stp",
                what="spanning tree port br0 p1",
                kind="changed",
                fields={"state": ["forwarding", "blocking"]},
            ),
        ),
        (
            state(switching=Switching(lags=[Lag(name="po1", members=[LagMember(interface="e1", bundled=True)])])),
            state(switching=Switching(lags=[Lag(name="po1", members=[LagMember(interface="e1", bundled=False)])])),
            Moved(
                view="switching",
                what="aggregate po1",
                kind="changed",
                fields={
                    "members": [
                        [{"interface": "e1", "bundled": True, "flags": ""}],
                        [{"interface": "e1", "bundled": False, "flags": ""}],
                    ]
                },
            ),
        ),
        (
            state(system=System(version="8.4", uptime_seconds=10)),
            state(system=System(version="8.5", uptime_seconds=99)),
            Moved(view="system", what="system", kind="changed", fields={"version": ["8.4", "8.5"]}),
        ),
    ],
)
def test_what_moved_is_told_and_counters_are_not(before: DeviceState, after: DeviceState, told: Moved) -> None:
    assert state_diffs(before, after) == [told]
    assert has_moved(compare(snapshot(state=before), snapshot(state=after), "a", "b"))


def test_what_ages_is_told_only_when_it_changed_and_makes_no_version() -> None:
    before = state(
        neighbors=Neighbors(
            entries=[
                NeighborEntry(address="10.0.0.2", mac="aa", interface="e0", state="reachable"),
                NeighborEntry(address="10.0.0.3", mac="bb", interface="e0"),
            ],
            lldp=[LldpNeighbor(interface="e0", system_name="r2")],
        ),
        mac_table=[MacEntry(mac="aa", interface="e0"), MacEntry(mac="bb", interface="e1")],
        processes=[Process(name="bgpd", running=True), Process(name="sh")],
    )
    after = state(
        neighbors=Neighbors(entries=[NeighborEntry(address="10.0.0.2", mac="cc", interface="e0", state="stale")]),
        mac_table=[MacEntry(mac="aa", interface="e9"), MacEntry(mac="dd", interface="e0")],
        processes=[Process(name="bgpd", running=False)],
    )
    assert moved(before, after) == [
        ("changed", "address e0 10.0.0.2"),
        ("gone", "LLDP neighbour e0"),
        ("changed", "MAC address aa"),
        ("changed", "process bgpd"),
    ]
    found = compare(snapshot(state=before), snapshot(state=after), "a", "b")
    assert not found.equal
    assert not has_moved(found)


def test_things_of_one_name_are_told_apart() -> None:
    twice = [Process(name="sshd", running=True), Process(name="sshd", running=True)]
    once_down = [Process(name="sshd", running=True), Process(name="sshd", running=False)]
    assert moved(state(processes=twice), state(processes=once_down)) == [("changed", "process sshd #2")]


def test_a_view_that_one_side_could_not_read_is_never_compared_as_none() -> None:
    before = state(ospf=Ospf(neighbors=[OspfNeighbor(router_id="2.2.2.2", state="full")]))
    after = state("unparsed", ospf=None)
    found = compare(snapshot(state=before), snapshot(state=after), "a", "b")
    assert found.state == []
    assert found.not_compared == {"ospf": "parsed before, unparsed after"}


def test_a_view_that_nobody_has_is_no_gap() -> None:
    before, after = state("unasked", stp=None), state("unasked", stp=None)
    assert compare(snapshot(state=before), snapshot(state=after), "a", "b").not_compared == {}


def test_a_view_that_has_become_empty_has_lost_all_that_was_in_it() -> None:
    before = state(bgp=Bgp(asn=1, neighbors=[BgpNeighbor(address="10.0.0.2")]))
    assert moved(before, state("empty", bgp=None)) == [("gone", "bgp"), ("gone", "BGP neighbour 10.0.0.2")]


def test_every_list_of_things_in_the_state_is_told_by_name() -> None:
    """A new list in DeviceState is either given a name here or it is one of words and members."""
    inner = {"switching.vlans", "bgp.networks", "log.entries"}
    found = set()
    for view in msgspec.structs.fields(DeviceState):
        for kind in getattr(view.type, "__args__", ()):
            if getattr(kind, "__origin__", None) is list and view.name not in ("config", "status"):
                found.add(view.name)
            for each in (
                msgspec.structs.fields(kind) if isinstance(kind, type) and issubclass(kind, msgspec.Struct) else ()
            ):
                if getattr(each.type, "__origin__", None) is list and each.name != "quotes":
                    found.add(f"{view.name}.{each.name}")
    assert found - inner == set(KEYS)


@given(st.data())
def test_a_state_does_not_differ_from_itself(data: st.DataObject) -> None:
    made: DeviceState = data.draw(st.builds(DeviceState, **_VIEWS))
    status: dict[str, ViewStatus] = dict.fromkeys(KEYS, "parsed")
    views = {key.split(".")[0]: word for key, word in status.items()}
    whole = msgspec.structs.replace(made, status=views)
    assert state_diffs(whole, whole) == []


_NAMES = st.sampled_from(["a", "b", "c"])
_VIEWS: dict[str, Any] = {
    "device": st.just("r1"),
    "platform": st.just("frr"),
    "interfaces": st.lists(st.builds(Interface, name=_NAMES, mtu=st.integers(0, 3)), max_size=3),
    "routes": st.lists(st.builds(Route, prefix=_NAMES, protocol=_NAMES), max_size=3),
    "processes": st.lists(st.builds(Process, name=_NAMES, running=st.booleans()), max_size=3),
}


def test_equality_is_about_what_was_compared() -> None:
    assert ConfigDiff(device="r1", since="a", to="b", seen_before=NOON, seen_after=NOON).equal
