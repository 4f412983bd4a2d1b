"""What the simulated devices say is understood whole, on both platforms, well and broken."""

from datetime import UTC, datetime, timedelta

import pytest

from nocmesh.clock import FixedClock
from nocmesh.diagnosis.configmerge import merged
from nocmesh.diagnosis.configtext import sections
from nocmesh.messages.state import BgpNeighbor, DeviceState, Output, View
from nocmesh.proving.simulated import frr, iosxe
from nocmesh.proving.simulated.live import LiveNetwork
from nocmesh.proving.simulated.shell import Shell
from nocmesh.proving.simulated.topology import DEMO, PAIR, Topology, build
from nocmesh_bridges.platforms import commands, judged, state

VIEWS: tuple[View, ...] = ("interfaces", "bgp", "routes", "config")
DIALECTS = {"frr": frr.DIALECT, "cisco_iosxe": iosxe.DIALECT}
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def running(topology: Topology) -> LiveNetwork:
    clock = FixedClock(AT)
    live = LiveNetwork(build(topology), clock)
    clock.at = AT + timedelta(minutes=5)
    live.settle()
    return live


def told(live: LiveNetwork, device: str, command: str) -> Output:
    dialect = DIALECTS[live.model.node(device).dialect]
    text = Shell(live=live, device=device, dialect=dialect, username="test").answer(command)
    return Output(command=command, text=text)


def read(live: LiveNetwork, device: str) -> DeviceState:
    platform = live.model.node(device).dialect
    outputs = [told(live, device, command) for command in commands(platform, VIEWS)]
    return state(device, platform, VIEWS, judged(platform, outputs))


def session(live: LiveNetwork, device: str, address: str) -> BgpNeighbor:
    bgp = read(live, device).bgp
    assert bgp is not None
    return next(n for n in bgp.neighbors if n.address == address)


@pytest.mark.parametrize("device", [router.name for router in DEMO.routers])
def test_every_view_of_a_healthy_device_is_parsed(device: str) -> None:
    found = read(running(DEMO), device)
    assert found.status == dict.fromkeys(VIEWS, "parsed")
    assert found.bgp is not None
    assert {n.session_state for n in found.bgp.neighbors} == {"established"}
    assert all(n.prefixes_received and n.established_for and n.remote_as and n.quotes for n in found.bgp.neighbors)
    assert all(i.oper_up and i.addresses for i in found.interfaces or [])
    assert {"bgp", "connected"} <= {route.protocol for route in found.routes or []}


@pytest.mark.parametrize("device", ["isp1", "edge1"])
def test_both_ends_of_a_protected_session_show_their_password_and_limit(device: str) -> None:
    address = {"isp1": "10.0.1.2", "edge1": "10.0.1.1"}[device]
    found = session(running(DEMO), device, address)
    assert (found.has_password, found.maximum_prefix) == (True, 100)


FAULTS = [
    ("r1", ["router bgp 65001", "neighbor 10.0.12.2 remote-as 65009"]),
    ("r1", ["router bgp 65001", "neighbor 10.0.12.2 shutdown"]),
    ("r1", ["router bgp 65001", "no neighbor 10.0.12.2"]),
    ("r2", ["router bgp 65002", "neighbor 10.0.12.1 remote-as 65009"]),
    ("r2", ["router bgp 65002", "neighbor 10.0.12.1 shutdown"]),
    ("r2", ["router bgp 65002", "neighbor 10.0.12.1 description the other one"]),
]


@pytest.mark.parametrize(("device", "lines"), FAULTS, ids=lambda v: v if isinstance(v, str) else v[-1])
def test_a_broken_device_is_still_read_whole_at_both_ends(device: str, lines: list[str]) -> None:
    live = running(PAIR)
    live.configure(device, lines)
    for name in ("r1", "r2"):
        assert read(live, name).status == dict.fromkeys(VIEWS, "parsed")


@pytest.mark.parametrize(("device", "lines"), FAULTS, ids=lambda v: v if isinstance(v, str) else v[-1])
def test_the_lines_that_a_merge_foretells_are_those_that_the_device_shows(device: str, lines: list[str]) -> None:
    live = running(PAIR)
    foretold, _ = merged(told(live, device, "show running-config").text, lines)
    live.configure(device, lines)
    shown = sections(told(live, device, "show running-config").text)
    assert {(line.section, line.text) for line in foretold} == {(line.section, line.text) for line in shown}


def test_a_wrong_as_number_is_seen_with_its_notification_on_both_platforms() -> None:
    live = running(PAIR)
    live.configure("r1", ["router bgp 65001", "neighbor 10.0.12.2 remote-as 65009"])
    own, other = session(live, "r1", "10.0.12.2"), session(live, "r2", "10.0.12.1")
    assert own.remote_as == 65009
    assert own.session_state != "established"
    assert other.session_state != "established"
    assert {own.last_error, other.last_error} & {"Bad Peer AS"}


def test_a_command_that_a_device_does_not_know_is_rejected_on_both_platforms() -> None:
    live = running(PAIR)
    for device, platform in (("r1", "frr"), ("r2", "cisco_iosxe")):
        assert judged(platform, [told(live, device, "show me everything")])[0].status == "rejected"
