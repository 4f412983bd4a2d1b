"""What can go wrong on switches and with software shows in what the devices print, and is healed without trace."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from proving.typist import ask, later, live_network

from nocmesh.diagnosis.vocabulary import fault_types
from nocmesh.errors import InvalidInputError, NotFoundError
from nocmesh.inventory import inventory_of
from nocmesh.proving.simulated.breakages import NAMES, breakage, possible
from nocmesh.proving.simulated.inventory import inventory, written
from nocmesh.proving.simulated.live import LiveNetwork
from nocmesh.proving.simulated.mishap_kinds import MISHAPS
from nocmesh.proving.simulated.mishaps import Mishap, mishap_named
from nocmesh.proving.simulated.mistakes import KINDS
from nocmesh.proving.simulated.notices import short
from nocmesh.proving.simulated.places import Place
from nocmesh.proving.simulated.topology import CAMPUS, DEMO, PAIR
from nocmesh.yamlfile import parse_document

pytestmark = pytest.mark.real

COMMANDS = {
    "cisco_iosxe": (
        "show running-config", "show spanning-tree", "show vlan brief", "show interfaces switchport",
        "show etherchannel summary", "show ip arp", "show lldp neighbors", "show version", "show install summary",
    ),
    "frr": ("show running-config", "show daemons", "show version", "show bgp ipv4 unicast json"),
}  # fmt: skip
"""Whose answers do not depend on the time or on how long something has lasted."""


def campus() -> LiveNetwork:
    live = live_network(CAMPUS)
    later(live, 300)
    return live


def everything(live: LiveNetwork) -> dict[str, str]:
    return {
        f"{name} {command}": ask(live, name, command)
        for name, node in live.model.nodes.items()
        for command in COMMANDS[node.dialect]
        if command != "show version"
    }


def row(text: str, start: str) -> str:
    return next((line for line in text.splitlines() if line.startswith(start)), "")


def paragraph(text: str, name: str) -> str:
    """What `show interfaces` says of one interface."""
    found = re.search(rf"^{re.escape(name)} is .*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    return found.group() if found else ""


def number(text: str, word: str) -> int:
    found = re.search(rf"(\d+) {word}", text)
    return int(found.group(1)) if found else 0


def rising(live: LiveNetwork, place: Place, word: str) -> bool:
    """Whether a counter rises within a minute."""
    one = number(paragraph(ask(live, place.device, "show interfaces"), place.interface), word)
    later(live, 60)
    return number(paragraph(ask(live, place.device, "show interfaces"), place.interface), word) > one


def logged_lately(live: LiveNetwork, device: str, mnemonic: str) -> bool:
    """Whether the device logs it again within two minutes."""
    one = ask(live, device, "show logging")
    later(live, 120)
    return ask(live, device, "show logging").count(mnemonic) > one.count(mnemonic)


def carried(live: LiveNetwork, device: str, interface: str) -> str:
    text = ask(live, device, "show interfaces switchport")
    block = next((b for b in text.split("Name: ") if b.startswith(f"{short(interface)}\n")), "")
    lines = re.findall(r"(?:Operational Mode|Access Mode VLAN|Trunking VLANs Enabled): .*", block)
    return "\n".join(lines)


@cache
def healthy(device: str, interface: str) -> str:
    return carried(campus(), device, interface)


def vlans_shown(live: LiveNetwork, place: Place) -> bool:
    return carried(live, place.device, place.interface) != healthy(place.device, place.interface)


def duplex_shown(live: LiveNetwork, place: Place) -> bool:
    """The one end collides late, the other gets fragments; both say so."""
    words = ("late collision", "CRC")
    assert place.cable is not None
    far = place.cable.other(place.cable.a if place.cable.a.device == place.device else place.cable.b)
    there = Place(device=far.device, interface=far.interface)
    ios = live.model.node(there.device).dialect == "cisco_iosxe"
    ends = [place, there] if ios else [place]
    told = [word for end in ends for word in words if rising(live, end, word)]
    logs = not ios or logged_lately(live, place.device, "CDP-4-DUPLEX_MISMATCH")
    return logs and (sorted(told) == sorted(words) if ios else len(told) == 1)


def bundle_shown(live: LiveNetwork, place: Place) -> bool:
    text = ask(live, place.device, "show etherchannel summary")
    return f"{short(place.interface)}(s)" in text and "EC-5-CANNOT_BUNDLE2" in ask(live, place.device, "show logging")


def flap_shown(live: LiveNetwork, place: Place) -> bool:
    return logged_lately(live, place.device, "SW_MATM-4-MACFLAP_NOTIF")


def storm_shown(live: LiveNetwork, place: Place) -> bool:
    text = paragraph(ask(live, place.device, "show interfaces"), place.interface)
    busy = row(ask(live, place.device, "show processes cpu"), "CPU utilization")
    return "rxload 250/255" in text and "five seconds: 88%" in busy and rising(live, place, "broadcasts")


def port_gone(live: LiveNetwork, place: Place) -> bool:
    return not carried(live, place.device, place.interface)


def root_shown(live: LiveNetwork, place: Place) -> bool:
    return "This bridge is the root" in ask(live, place.device, "show spanning-tree")


def tree_gone(live: LiveNetwork, place: Place) -> bool:
    return "No spanning tree instance exists." in ask(live, place.device, "show spanning-tree")


def elsewhere(live: LiveNetwork, place: Place) -> bool:
    return f"({place.interface})" not in ask(live, place.device, "show spanning-tree")


def blocked(live: LiveNetwork, place: Place) -> bool:
    line = row(ask(live, place.device, "show spanning-tree"), f"{short(place.interface)} ")
    return "BKN*" in line and "*ROOT_Inc" in line and "ROOTGUARD_BLOCK" in ask(live, place.device, "show logging")


def busy(live: LiveNetwork, place: Place) -> bool:
    return "five seconds: 99%/" in row(ask(live, place.device, "show processes cpu"), "CPU utilization")


def other_version(live: LiveNetwork, place: Place) -> bool:
    meant = live.model.node(place.device).meant
    assert meant is not None
    return meant.version not in ask(live, place.device, "show version")


def drift_shown(live: LiveNetwork, place: Place) -> bool:
    running, saved = (ask(live, place.device, f"show {kind}-config") for kind in ("running", "startup"))
    return "192.0.2.123" in running and "192.0.2.123" not in saved


SIGNS: dict[str, Callable[[LiveNetwork, Place], bool]] = {
    "vlan_mismatch": vlans_shown,
    "duplex_mismatch": duplex_shown,
    "interface_errors": lambda live, place: rising(live, place, "CRC"),
    "lag_member_down": bundle_shown,
    "mac_flap": flap_shown,
    "l2_loop": storm_shown,
    "l2_port_missing": port_gone,
    "stp_root_moved": root_shown,
    "stp_disabled": tree_gone,
    "stp_cost_misconfig": elsewhere,
    "stp_port_blocked_unexpectedly": blocked,
    "device_resource_exhausted": busy,
    "version_mismatch": other_version,
    "missing_install": lambda live, place: place.detail not in ask(live, place.device, "show install summary"),
    "frr_service_down": lambda live, place: place.detail not in ask(live, place.device, "show daemons"),
    "service_down": lambda live, place: place.detail not in ask(live, place.device, "show daemons"),
    "configuration_drift": drift_shown,
}
"""How each shows, read from what the devices print."""
UNSEEN = {"device_resource_exhausted", "interface_errors", "version_mismatch"}
"""Only counters, processes or the version tell of these."""
LOGGED = {"lag_member_down", "stp_port_blocked_unexpectedly"}
"""What was logged stays after healing, so their signs are read without the log then."""


def every_place() -> Iterator[tuple[str, str]]:
    live = live_network(CAMPUS)
    for name, kind in MISHAPS.items():
        for place in kind.where(live):
            yield name, " ".join((place.device, place.interface or place.detail)).strip()


def at(live: LiveNetwork, name: str, where: str) -> Mishap:
    device, _, rest = where.partition(" ")
    return mishap_named(live, name, device, rest)


@pytest.mark.parametrize(("name", "where"), [pytest.param(*pair, id="-".join(pair)) for pair in every_place()])
def test_it_shows_in_what_the_devices_print_and_heals_without_trace(name: str, where: str) -> None:
    live = campus()
    before, mishap = repr(live.model), at(live, name, where)
    assert not mishap.shows(live), "healthy before"
    assert not SIGNS[name](live, mishap.plan), "no sign before"
    mishap.inject(live)
    later(live, 60)
    assert mishap.shows(live)
    assert SIGNS[name](live, mishap.plan)
    mishap.heal(live)
    assert not mishap.shows(live)
    later(live, 60)
    assert repr(live.model) == before
    assert name in LOGGED or not SIGNS[name](live, mishap.plan), "no sign after"


@pytest.mark.parametrize("name", sorted(MISHAPS))
def test_after_healing_every_device_prints_what_it_printed_before(name: str) -> None:
    live = campus()
    before, mishap = everything(live), mishap_named(live, name)
    mishap.inject(live)
    assert name in UNSEEN or everything(live) != before
    mishap.heal(live)
    assert everything(live) == before


def test_every_kind_has_a_sign_and_a_row_of_the_vocabulary() -> None:
    known = fault_types()
    assert set(SIGNS) == set(MISHAPS)
    for name, kind in MISHAPS.items():
        assert known[name].resource == kind.on


def test_what_only_the_simulation_can_show_is_there() -> None:
    missing = {name for name, row in fault_types().items() if row.ground == "sim"} - set(NAMES)
    assert not missing


@pytest.mark.parametrize("name", sorted(MISHAPS))
def test_the_alert_tells_a_symptom_and_not_the_cause(name: str) -> None:
    live = campus()
    mishap = mishap_named(live, name)
    mishap.inject(live)
    [alert] = mishap.alert(live)["alerts"]
    assert alert["labels"]["instance"] == mishap.plan.device
    assert name not in str(alert)
    assert alert["annotations"]["summary"]


@pytest.mark.parametrize(
    ("name", "resource"),
    [
        ("vlan_mismatch", "interface/access2/Port-channel2"),
        ("duplex_mismatch", "interface/dist2/GigabitEthernet1/0/11"),
        ("lag_member_down", "interface/dist1/GigabitEthernet1/0/23"),
        ("mac_flap", "link/access2:GigabitEthernet1/0/1--dist2:GigabitEthernet1/0/2"),
        ("l2_loop", "link/access1:GigabitEthernet1/0/2--dist2:GigabitEthernet1/0/1"),
        ("l2_port_missing", "interface/dist1/GigabitEthernet1/0/11"),
        ("stp_root_moved", "node/access1"),
        ("stp_cost_misconfig", "interface/access1/GigabitEthernet1/0/1"),
        ("frr_service_down", "node/gw1"),
    ],
)
def test_it_strikes_at_its_default_place_and_at_a_resource(name: str, resource: str) -> None:
    live = campus()
    assert mishap_named(live, name).expect == {"resource": resource, "fault_type": name}
    assert breakage(live, name, at=resource).expect == {"resource": resource, "fault_type": name}


def test_a_daemon_can_be_chosen() -> None:
    live = campus()
    mishap = mishap_named(live, "service_down", "gw1", "staticd")
    mishap.inject(live)
    assert ask(live, "gw1", "show daemons") == " zebra bgpd bfdd watchfrr\n"


def test_without_bgpd_vtysh_says_so_and_the_session_falls() -> None:
    live = campus()
    mishap_named(live, "frr_service_down").inject(live)
    for command in ("show bgp summary", "show bgp neighbors json", "show ip bgp", "clear bgp *"):
        assert ask(live, "gw1", command) == "bgpd is not running\n"
    assert "router bgp" not in ask(live, "gw1", "show running-config")
    assert "bgpd is not running" in ask(live, "gw1", "configure terminal", "router bgp 65101")
    assert not live.sessions[("gw2", "10.0.12.1")].established
    assert ("gw1", "10.0.12.2") not in live.sessions
    assert "B>" not in ask(live, "gw1", "show ip route")


def test_two_at_once_show_and_heal_one_after_the_other() -> None:
    live = campus()
    before = everything(live)
    first = breakage(live, "vlan_mismatch", at="interface/access1/GigabitEthernet1/0/10")
    first.inject(live)
    second = breakage(live, "stp_root_moved", at="node/access1")
    second.inject(live)
    assert first.shows(live)
    assert second.shows(live)
    second.heal(live)
    assert first.shows(live)
    assert not second.shows(live)
    first.heal(live)
    assert everything(live) == before


def test_healing_twice_changes_nothing() -> None:
    live = campus()
    mishap = mishap_named(live, "stp_disabled")
    mishap.inject(live)
    mishap.heal(live)
    live.configure("access1", ["spanning-tree vlan 10 priority 4096"])
    mishap.heal(live)
    assert "priority 4096" in ask(live, "access1", "show running-config")


@pytest.mark.parametrize(
    ("arguments", "error", "reason"),
    [
        ({"name": "gremlins"}, NotFoundError, "no fault 'gremlins'"),
        ({"name": "stp_disabled", "device": "nowhere"}, NotFoundError, "no simulated device 'nowhere'"),
        ({"name": "stp_disabled", "device": "gw1"}, InvalidInputError, "cannot happen at gw1; it can at node/access1"),
        ({"name": "vlan_mismatch", "at": "interface/gw1/eth1"}, InvalidInputError, "cannot happen at interface/gw1"),
        ({"name": "link_down", "at": "link/a:b--c:d"}, InvalidInputError, "no cable of the network meets"),
        ({"name": "link_down", "at": "interface/gw1/eth1"}, InvalidInputError, "there it would be link/gw1:eth1"),
    ],
)
def test_what_cannot_be_is_refused(arguments: dict[str, str], error: type[Exception], reason: str) -> None:
    with pytest.raises(error, match=re.escape(reason)):
        breakage(campus(), **arguments)


def test_an_unknown_mishap_is_refused() -> None:
    with pytest.raises(NotFoundError, match="no fault 'gremlins'"):
        mishap_named(campus(), "gremlins")


def test_routing_faults_take_a_resource_too() -> None:
    live = campus()
    fault = breakage(live, "link_down", at="link/gw1:eth1--gw2:GigabitEthernet1")
    fault.inject(live)
    assert not any(session.established for session in live.sessions.values())
    node = breakage(live, "bgp_asn_misconfig", at="node/gw2")
    assert node.expect == {"resource": "node/gw2", "fault_type": "bgp_asn_misconfig"}


@pytest.mark.parametrize(
    ("name", "resource"),
    [
        ("link_down", "link/access1:GigabitEthernet1/0/1--dist1:GigabitEthernet1/0/1"),
        ("link_down", "link/dist1:GigabitEthernet1/0/11--gw1:eth2"),
        ("interface_admin_down", "interface/dist2/GigabitEthernet1/0/24"),
    ],
)
def test_cables_of_switches_break_too(name: str, resource: str) -> None:
    live = campus()
    before, fault = everything(live), breakage(live, name, at=resource)
    assert fault.expect == {"resource": resource, "fault_type": name}
    fault.inject(live)
    assert fault.shows(live)
    assert "state to down" in "".join(ask(live, device, "show logging") for device in live.model.nodes)
    assert everything(live) != before
    fault.heal(live)
    assert not fault.shows(live)
    assert everything(live) == before


def test_a_pulled_cable_makes_the_tree_go_the_other_way() -> None:
    live = campus()
    breakage(live, "link_down", "access1", "dist1").inject(live)
    assert "Gi1/0/2             Root FWD" in ask(live, "access1", "show spanning-tree")
    assert "10.10.0.1 " in ask(live, "access1", "show ip arp")


def test_each_network_lists_what_can_happen_in_it() -> None:
    assert set(possible(live_network(CAMPUS))) == set(NAMES) - {"bgp_ttl_misconfig", "bgp_update_source_misconfig"}
    demo = set(possible(live_network(DEMO)))
    assert set(KINDS) <= demo
    assert not demo & {"vlan_mismatch", "l2_loop", "stp_root_moved", "missing_install"}
    assert "stp_disabled" not in possible(live_network(PAIR))


def test_the_inventory_tells_what_is_meant_to_be_there() -> None:
    live = campus()
    for name in ("version_mismatch", "missing_install", "service_down", "vlan_mismatch"):
        mishap_named(live, name).inject(live)
    addresses = {name: ("127.0.0.1", 2200 + n) for n, name in enumerate(live.model.nodes)}
    access = {"username": "u", "password": "p", "host_keys": dict.fromkeys(live.model.nodes, "")}
    document = parse_document(written(inventory(live.model, addresses, access)), "inventory.yaml")
    network = inventory_of(document, Path()).network()
    switch, gateway = network.device("access1"), network.device("gw1")
    assert switch is not None
    assert gateway is not None
    assert switch.intent.software is not None
    assert gateway.intent.software is not None
    assert switch.intent.software.version == "17.9.4a"
    assert list(switch.intent.software.packages) == [
        "cat9k_iosxe.17.09.04a.CSCwh87343.SPA.smu.bin",
        "cat9k_iosxe.17.09.04a.CSCwi36980.SPA.smu.bin",
    ]
    assert "bfdd" in gateway.intent.software.services
    assert switch.intent.bgp is None
    resources = set(network.resources())
    assert all(Mishap(kind, next(iter(kind.where(live)))).expect["resource"] in resources for kind in MISHAPS.values())  # type: ignore[index]
    spare = next(i for i in switch.interfaces if i.name.endswith("/20"))
    assert (spare.enabled, spare.description) == (False, "unused")
