"""Layer 2 between two stations: through which links their frames go."""

import pytest
from shared.diagnosis.sighted import blocked, end, facts, interfaces, state

from nocmesh.diagnosis.segments import bridged, frames_path, stations, wired
from nocmesh.messages.state import Interface
from nocmesh.network import End


def crossed(found: object) -> list[str] | None:
    return None if found is None else [str(each.a.interface) for each in found]  # type: ignore[attr-defined]


@pytest.mark.parametrize("unseen", [(), ("s1", "s2")], ids=["seen", "by-the-inventory"])
@pytest.mark.parametrize(
    ("here", "there", "links"),
    [
        ("r1-e0", "r2-e0", ["r1-e0"]),
        ("h1-e0", "r1-lan", ["r1-lan"]),
        ("r3-lan", "h2-e0", ["r3-lan", "s1-e2"]),
        ("h3-e0", "h2-e0", ["s2-e1", "s1-e1", "s1-e2"]),
        ("h3-e0", "r3-lan", ["s2-e1", "s1-e1", "r3-lan"]),
        ("h1-e0", "h2-e0", None),
    ],
)
def test_frames_go_through_bridges_and_not_through_routers(
    here: str, there: str, links: list[str] | None, unseen: tuple[str, ...]
) -> None:
    assert crossed(frames_path(facts(unseen=unseen), end(here), end(there))) == links


def test_a_blocked_port_and_a_dead_link_lead_nowhere() -> None:
    for changed in (state("s2", stp=blocked("s2-e0")), state("s1", interfaces=interfaces("s1", s1_e1=None))):
        assert frames_path(facts(changed), end("h3-e0"), end("h2-e0")) is None
        assert frames_path(facts(changed), end("h2-e0"), end("r3-lan")) is not None


def test_a_station_on_a_bridge_leaves_by_its_ports() -> None:
    bridge = Interface(name="br0", kind="bridge", addresses=["10.2.0.2/24"], enabled=True, oper_up=True)
    seen = facts(state("s1", interfaces=[*interfaces("s1"), bridge]))
    own = End(device="s1", interface="br0")
    assert crossed(frames_path(seen, own, end("h3-e0"))) == ["s1-e1", "s2-e1"]
    assert wired(seen, own)
    assert not wired(seen, End(device="h9", interface="e0"))


def test_a_port_that_belongs_to_no_bridge_forwards_nothing() -> None:
    alone = [i if i.name != "s1-e2" else Interface(name="s1-e2", enabled=True, oper_up=True) for i in interfaces("s1")]
    seen = facts(state("s1", interfaces=alone))
    assert bridged(seen, end("s1-e2")) == []
    assert frames_path(seen, end("h2-e0"), end("r3-lan")) is None


def test_the_stations_of_a_subnet_are_the_inventorys() -> None:
    found = stations(facts(), "10.2.0.99")
    assert [(str(place), address) for place, address in found] == [
        ("r3:r3-lan", "10.2.0.1"),
        ("h2:h2-e0", "10.2.0.12"),
        ("h3:h3-e0", "10.2.0.13"),
    ]
    assert stations(facts(), "nonsense") == []
    assert stations(facts(), "2001:db8::1") == []
