"""Two readings of a configuration: what moved goes back in an order that devices take, and undoes itself exactly."""

from collections.abc import Sequence

import pytest
from agents.world import text_of
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.diagnosis.configlines import sections
from nocmesh.diagnosis.configmerge import merged
from nocmesh.diagnosis.configwords import MASK, goes_first, is_silent, negation, slot
from nocmesh.messages.state import ConfigLine
from nocmesh_agents.remediation.edits import afterwards, commands_of, rollback_of
from nocmesh_agents.remediation.restoring import restored

HEAD = "frr version 8.4.4\nhostname r1\n"


def edits(was: str, now: str) -> tuple[list[str], list[str]]:
    """The commands that lead back, and those that undo them."""
    found = restored(sections(was), sections(now), lambda line: True)
    return commands_of(found.edits), rollback_of(found.edits)


def after(running: str, commands: Sequence[str]) -> str:
    return text_of(merged(running, commands)[0])


def told(running: str) -> set[tuple[str, str]]:
    return {(line.section, line.text) for line in sections(running)}


SETTINGS = {
    "interface e0": [
        ["description a", "description b"],
        ["ip ospf area 0.0.0.0", "ip ospf area 0.0.0.1"],
        ["ip ospf cost 10", "ip ospf cost 20"],
        ["ip ospf passive"],
        [f"ip ospf message-digest-key 1 md5 {MASK}aaaaaa>", f"ip ospf message-digest-key 1 md5 {MASK}bbbbbb>"],
        [f"isis password md5 {MASK}aaaaaa>", f"isis password md5 {MASK}cccccc>"],
        ["shutdown"],
    ],
    "router ospf": [["ospf router-id 1.1.1.1", "ospf router-id 2.2.2.2"], ["area 0.0.0.1 stub"]],
    "router isis core": [["is-type level-1", "is-type level-2-only"], ["net 49.0001.0000.0000.0001.00"]],
    "router bgp 65001": [
        ["bgp router-id 1.1.1.1", "bgp router-id 2.2.2.2"],
        ["no bgp network import-check"],
        ["neighbor 10.0.0.2 remote-as 65002", "neighbor 10.0.0.2 remote-as 65009"],
    ],
    "route-map OUT permit 10": [["set community 65535:666", "set community 1:1"], ["set metric 5"]],
}
LISTS = [
    ["ip prefix-list A seq 5 deny 10.0.0.0/8", "ip prefix-list A seq 5 permit 10.0.0.0/8"],
    ["ip prefix-list A seq 10 permit any"],
    ["ip route 10.9.0.0/16 Null0"],
    ["no ip forwarding"],
]
FAMILY = [
    ["network 10.1.0.0/16"],
    ["neighbor 10.0.0.2 prefix-list A out", "neighbor 10.0.0.2 prefix-list B out"],
    ["neighbor 10.0.0.2 route-map OUT out"],
    ["no neighbor 10.0.0.2 activate"],
]


@st.composite
def configurations(draw: st.DrawFn) -> str:
    """One of the many forms of one device's configuration; a neighbour's lines only where there is the neighbour."""
    text = HEAD
    for header, settings_ in SETTINGS.items():
        lines = [draw(st.sampled_from(["", *values])) for values in settings_]
        family = [draw(st.sampled_from(["", *values])) for values in FAMILY] if "bgp" in header else []
        if family and not lines[-1]:
            family = [line for line in family if "neighbor" not in line]
        if any(lines) or any(family) or (header.startswith("router") and draw(st.booleans())):
            text += f"{header}\n" + "".join(f" {line}\n" for line in lines if line)
        if any(family):
            text += " address-family ipv4 unicast\n" + "".join(f"  {line}\n" for line in family if line)
            text += " exit-address-family\n"
    return text + "".join(f"{line}\n" for values in LISTS if (line := draw(st.sampled_from(["", *values]))))


@given(configurations(), configurations())
def test_whatever_moved_goes_back_and_the_undoing_brings_it_again(was: str, now: str) -> None:
    commands, rollback = edits(was, now)
    back = after(now, commands)
    assert told(back) == told(was)
    assert told(after(back, rollback)) == told(now)


@given(configurations(), configurations())
def test_a_mask_is_only_sent_as_a_whole_line_that_was_read(was: str, now: str) -> None:
    read = {line.text for line in [*sections(was), *sections(now)]}
    commands, rollback = edits(was, now)
    assert {line for line in [*commands, *rollback] if MASK in line} <= read


@given(configurations())
def test_nothing_moved_needs_no_line(was: str) -> None:
    assert edits(was, was) == ([], [])


@given(configurations(), configurations(), st.sampled_from(list(SETTINGS)))
def test_only_what_is_wanted_moves(was: str, now: str, section: str) -> None:
    found = restored(sections(was), sections(now), lambda line: line.section == section)
    assert {line.section for line in [*found.back, *found.away]} <= {section}
    kept = {line for line in told(now) if not line[0].startswith(section) and line != ("", section)}
    assert kept <= told(after(now, commands_of(found.edits)))


BGP = "router bgp 65001\n neighbor 10.0.0.2 remote-as 65002\n"
FAMILY_OF = " address-family ipv4 unicast\n  {}\n exit-address-family\n"
ORDERS = [
    pytest.param(
        BGP,
        BGP + FAMILY_OF.format("neighbor 10.0.0.2 prefix-list A out") + "ip prefix-list A seq 5 deny 10.0.0.0/8\n",
        ["router bgp 65001", "address-family ipv4 unicast", "no neighbor 10.0.0.2 prefix-list A out",
         "exit-address-family", "no ip prefix-list A seq 5 deny 10.0.0.0/8"],
        ["ip prefix-list A seq 5 deny 10.0.0.0/8", "router bgp 65001", "address-family ipv4 unicast",
         "neighbor 10.0.0.2 prefix-list A out", "exit-address-family"],
        id="who-speaks-of-a-list-goes-before-it",
    ),
    pytest.param(
        "router isis core\n net 49.0001.0000.0000.0001.00\n",
        "router isis core\n net 49.0002.0000.0000.0001.00\n",
        ["router isis core", "net 49.0001.0000.0000.0001.00", "no net 49.0002.0000.0000.0001.00"],
        ["router isis core", "net 49.0002.0000.0000.0001.00", "no net 49.0001.0000.0000.0001.00"],
        id="another-area-of-one-system-comes-before-the-old-one-goes",
    ),
    pytest.param(
        "router isis core\n net 49.0001.0000.0000.0001.00\n",
        "router isis core\n net 49.0001.0000.0000.0002.00\n",
        ["router isis core", "no net 49.0001.0000.0000.0002.00", "net 49.0001.0000.0000.0001.00"],
        ["router isis core", "no net 49.0001.0000.0000.0001.00", "net 49.0001.0000.0000.0002.00"],
        id="another-system-is-taken-where-there-is-none",
    ),
    pytest.param(
        "interface e0\n ip ospf area 0.0.0.0\n",
        "interface e0\n ip ospf area 0.0.0.1\n",
        ["interface e0", "no ip ospf area 0.0.0.1", "ip ospf area 0.0.0.0"],
        ["interface e0", "no ip ospf area 0.0.0.0", "ip ospf area 0.0.0.1"],
        id="an-area-goes-before-another-is-taken",
    ),
    pytest.param(
        "router bgp 65001\n neighbor 10.0.0.2 remote-as 65002\n neighbor 10.0.0.2 password <redacted:aaaaaa>\n",
        "router bgp 65001\n neighbor 10.0.0.9 remote-as 65002\n neighbor 10.0.0.9 description x\n",
        ["router bgp 65001", "no neighbor 10.0.0.9", "neighbor 10.0.0.2 remote-as 65002",
         "neighbor 10.0.0.2 password <redacted:aaaaaa>"],
        ["router bgp 65001", "no neighbor 10.0.0.2", "neighbor 10.0.0.9 remote-as 65002",
         "neighbor 10.0.0.9 description x"],
        id="a-neighbour-comes-and-goes-whole",
    ),
    pytest.param(
        "router bgp 65001\n bgp router-id 1.1.1.1\n" + FAMILY_OF.format("network 10.0.0.0/8"),
        "router bgp 65009\n bgp router-id 1.1.1.1\n" + FAMILY_OF.format("network 10.0.0.0/8"),
        ["no router bgp 65009", "router bgp 65001", "bgp router-id 1.1.1.1", "address-family ipv4 unicast",
         "network 10.0.0.0/8", "exit-address-family"],
        ["no router bgp 65001", "router bgp 65009", "bgp router-id 1.1.1.1", "address-family ipv4 unicast",
         "network 10.0.0.0/8", "exit-address-family"],
        id="a-process-moves-whole",
    ),
    pytest.param(
        "interface Gi1\n switchport trunk allowed vlan 10,20\n switchport trunk allowed vlan add 30\n",
        "interface Gi1\n switchport trunk allowed vlan 10\n switchport trunk allowed vlan add 30\n",
        ["interface Gi1", "switchport trunk allowed vlan 10,20", "switchport trunk allowed vlan add 30"],
        ["interface Gi1", "switchport trunk allowed vlan 10", "switchport trunk allowed vlan add 30"],
        id="a-long-list-of-vlans-is-sent-whole",
    ),
    pytest.param(
        "interface Gi1\n switchport access vlan 10\n switchport mode access\n",
        "interface Gi1\n no switchport\n no ip address\n",
        ["interface Gi1", "switchport", "switchport access vlan 10", "switchport mode access"],
        ["interface Gi1", "no switchport mode access", "no switchport access vlan 10", "no switchport"],
        id="a-port-is-a-port-before-it-has-a-vlan",
    ),
    pytest.param(
        "interface Gi1\n ip address 10.0.0.1 255.255.255.0\n",
        "interface Gi1\n ip address 10.0.9.1 255.255.255.0\n ip access-group BLOCK in\nip access-list extended BLOCK\n"
        " 10 deny tcp any any eq bgp\n 20 permit ip any any\n",
        ["interface Gi1", "no ip access-group BLOCK in", "ip address 10.0.0.1 255.255.255.0",
         "no ip access-list extended BLOCK"],
        ["ip access-list extended BLOCK", "10 deny tcp any any eq bgp", "20 permit ip any any", "interface Gi1",
         "ip address 10.0.9.1 255.255.255.0", "ip access-group BLOCK in"],
        id="an-access-list-goes-when-nobody-uses-it",
    ),
    pytest.param(
        "ip access-list extended EDGE\n 20 permit ip any any\n",
        "ip access-list extended EDGE\n 10 deny ospf any any\n 20 permit ip any any\n",
        ["ip access-list extended EDGE", "no 10"],
        ["ip access-list extended EDGE", "10 deny ospf any any"],
        id="an-entry-goes-by-its-number",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("was", "now", "commands", "rollback"), ORDERS)
def test_the_order_is_one_that_devices_take(was: str, now: str, commands: list[str], rollback: list[str]) -> None:
    assert edits(was, now) == (commands, rollback)


@pytest.mark.parametrize(
    ("line", "undone"),
    [
        ("ip ospf cost 10", "no ip ospf cost 10"),
        ("no shutdown", "shutdown"),
        ("neighbor 10.0.0.2 password <redacted:aaaaaa>", "no neighbor 10.0.0.2 password"),
        ("ip ospf message-digest-key 9 md5 <redacted:aaaaaa>", "no ip ospf message-digest-key 9"),
        ("isis password md5 <redacted:aaaaaa>", "no isis password"),
        ("area 0.0.0.1 stub no-summary", "no area 0.0.0.1 stub"),
        ("10 deny tcp any any eq bgp", "no 10"),
        ("spanning-tree vlan 10,20 priority 0", "no spanning-tree vlan 10,20 priority"),
        ("channel-group 2 mode on", "no channel-group"),
        ("no ip address", ""),
    ],
)
def test_a_line_is_taken_away_as_its_device_wants_it(line: str, undone: str) -> None:
    assert negation(line) == undone


@given(st.sampled_from(["neighbor x password", "isis password md5", "key", "tacacs key"]), st.text("abc ", max_size=9))
def test_what_takes_a_line_away_never_holds_a_mask(words: str, rest: str) -> None:
    assert MASK not in negation(f"{words} <redacted:abcdef>{rest}")


def test_of_some_settings_the_old_value_goes_first_and_some_are_so_by_themselves() -> None:
    assert goes_first("ip ospf area 0.0.0.0")
    assert goes_first("ip ospf 1 area 0")
    assert not goes_first("ip ospf cost 10")
    assert slot("neighbor 10.0.0.2 route-map A out") != slot("neighbor 10.0.0.2 route-map A in")
    assert is_silent("bgp network import-check")
    assert not is_silent("bgp log-neighbor-changes")


def test_what_makes_lines_effective_comes_last_both_ways() -> None:
    was, now = "router ospf\n ospf router-id 1.1.1.1\n", "router ospf\n ospf router-id 2.2.2.2\n"
    first, last = afterwards("do clear ip ospf process")
    found = [first, *restored(sections(was), sections(now), lambda line: True).edits, last]
    assert commands_of(found) == ["router ospf", "ospf router-id 1.1.1.1", "do clear ip ospf process"]
    assert rollback_of(found) == ["router ospf", "ospf router-id 2.2.2.2", "do clear ip ospf process"]


def test_a_header_that_a_device_shows_only_with_lines_under_it_is_never_taken_away() -> None:
    line = ConfigLine(section="", text="interface e0")
    assert restored([], [line], lambda _: True).edits == ()
    assert restored([], [ConfigLine(section="", text="interface Loopback9")], lambda _: True).edits
