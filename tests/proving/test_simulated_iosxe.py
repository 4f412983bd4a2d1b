"""What the IOS-XE-like device answers, read by the templates that everybody uses."""

from typing import Any

import pytest
from ntc_templates.parse import parse_output
from proving.typist import ask, later, live_network, shell_on

from nocmesh.proving.simulated.iosxe_bgp import short_time
from nocmesh.proving.simulated.live import LiveNetwork
from nocmesh.proving.simulated.topology import DEMO


def parsed(live: LiveNetwork, device: str, command: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = parse_output(platform="cisco_ios", command=command, data=ask(live, device, command))  # type: ignore[no-untyped-call]
    return rows


def test_it_says_that_it_is_simulated() -> None:
    live = live_network()
    assert "simulated device" in ask(live, "r2", "show version")
    assert "simulated device" in ask(live, "r2", "show running-config")
    assert parsed(live, "r2", "show version")[0]["version"] == "17.9.4a"


def test_the_summary_parses_with_a_row_per_neighbour() -> None:
    live = live_network(DEMO)
    later(live, 120)
    rows = parsed(live, "edge1", "show ip bgp summary")
    assert {row["bgp_neighbor"] for row in rows} == {"10.0.1.1", "10.0.11.2", "10.0.12.2"}
    for row in rows:
        heard = live.tables.heard[("edge1", row["bgp_neighbor"])]
        assert row["state_or_prefixes_received"] == str(len(heard))
        assert row["up_down"] == "00:02:00"
        assert (row["router_id"], row["local_as"]) == ("10.255.0.1", "65001")


@pytest.mark.parametrize(
    ("lines", "word"),
    [
        (["neighbor 10.0.12.1 shutdown"], "Idle (Admin)"),
        (["neighbor 10.0.12.1 remote-as 65009"], "Idle"),
        (["neighbor 10.0.12.1 password x"], "Active"),
        (["address-family ipv4", "neighbor 10.0.12.1 maximum-prefix 1"], "Idle (PfxCt)"),
    ],
)
def test_the_summary_tells_the_state(lines: list[str], word: str) -> None:
    live = live_network()
    live.configure("r2", ["router bgp 65002", *lines])
    assert parsed(live, "r2", "show ip bgp summary")[0]["state_or_prefixes_received"] == word


def test_a_neighbour_without_family_is_in_no_summary() -> None:
    live = live_network()
    live.configure("r2", ["router bgp 65002", "address-family ipv4", "no neighbor 10.0.12.1 activate"])
    assert parsed(live, "r2", "show ip bgp summary") == []
    assert len(parsed(live, "r2", "show ip bgp neighbors")) == 1


def test_the_neighbours_parse_and_tell_why_they_fell() -> None:
    live = live_network()
    row = parsed(live, "r2", "show ip bgp neighbors")[0]
    assert (row["neighbor"], row["remote_as"], row["bgp_state"]) == ("10.0.12.1", "65001", "Established")
    assert (row["localhost_ip"], row["remote_router_id"]) == ("10.0.12.2", "10.255.0.1")
    live.configure("r1", ["router bgp 65001", "neighbor 10.0.12.2 remote-as 65009"])
    text = ask(live, "r2", "show ip bgp neighbors 10.0.12.1")
    assert "due to BGP Notification received, peer in wrong AS" in text
    assert "No active TCP connection" in text
    assert "%BGP-3-NOTIFICATION: received from neighbor 10.0.12.1 2/2 (peer in wrong AS)" in ask(
        live, "r2", "show logging"
    )


def test_options_of_a_neighbour_show() -> None:
    live = live_network(DEMO)
    text = ask(live, "isp2", "show ip bgp neighbors")
    assert "External BGP neighbor may be up to 2 hops away." in text
    assert "local address is taken from Loopback0" in text
    assert "MD5 authentication is enabled" in ask(live, "edge1", "show ip bgp neighbors 10.0.1.1")
    live.configure("isp2", ["router bgp 64602", "no neighbor 10.255.0.2 ebgp-multihop"])
    assert "External BGP neighbor not directly connected." in ask(live, "isp2", "show ip bgp neighbors")
    family = ["router bgp 65001", "address-family ipv4", "neighbor 10.0.1.1 prefix-list A in"]
    live.configure("edge1", [*family, "neighbor 10.0.1.1 prefix-list B out", "neighbor 10.0.1.1 maximum-prefix 2"])
    live.configure("edge1", ["router bgp 65001", "neighbor 10.0.1.1 shutdown"])
    text = ask(live, "edge1", "show ip bgp neighbors 10.0.1.1")
    assert "Incoming update prefix filter list is A" in text
    assert "Outgoing update prefix filter list is B" in text
    assert "Administratively shut down" in text


def test_too_many_prefixes_are_told_as_such() -> None:
    live = live_network()
    live.configure("r2", ["router bgp 65002", "address-family ipv4", "neighbor 10.0.12.1 maximum-prefix 1"])
    text = ask(live, "r2", "show ip bgp neighbors")
    assert "Peer had exceeded the max. no. of prefixes configured." in text
    assert "%BGP-3-MAXPFXEXCEED" in ask(live, "r2", "show logging")


def test_routes_parse_to_what_the_table_holds() -> None:
    live = live_network(DEMO)
    rows = parsed(live, "core2", "show ip route")
    found = {f"{row['network']}/{row['prefix_length']}": row for row in rows if row["protocol"] == "B"}
    statics = {route.prefix for route in live.model.node("core2").running.statics}
    learned = {p: path for p, path in live.tables.best["core2"].items() if path.via and p not in statics}
    assert set(found) == set(learned)
    for prefix, path in learned.items():
        assert found[prefix]["nexthop_ip"] == path.next_hop
        assert found[prefix]["distance"] == ("200" if path.internal else "20")
    assert {row["protocol"] for row in rows} == {"B", "C", "L", "S"}


def test_the_bgp_table_parses() -> None:
    live = live_network(DEMO)
    rows = parsed(live, "edge1", "show ip bgp")
    best = {row["network"]: row for row in rows if row["path_selection"] == ">"}
    for prefix, path in live.tables.best["edge1"].items():
        assert best[prefix]["next_hop"] == path.next_hop
        assert best[prefix]["as_path"] == " ".join(map(str, path.as_path))


def test_a_prefix_too_long_for_its_column_takes_a_line_of_its_own() -> None:
    live = live_network()
    lines = ["interface gi8", "ip address 192.168.100.129 255.255.255.128", "router bgp 65002", "address-family ipv4"]
    live.configure("r2", [*lines, "network 192.168.100.128 mask 255.255.255.128"])
    assert "192.168.100.128/25\n" in ask(live, "r2", "show ip bgp")
    assert "192.168.100.128/25" in {row["network"] for row in parsed(live, "r2", "show ip bgp")}


def test_interfaces_parse_up_and_down() -> None:
    live = live_network()
    later(live, 60)
    live.configure("r2", ["interface gi1", "shutdown", "no ip address", "mtu 1400"])
    rows = {row["interface"]: row for row in parsed(live, "r2", "show interfaces")}
    assert rows["GigabitEthernet1"]["link_status"] == "administratively down"
    assert rows["GigabitEthernet1"]["mtu"] == "1400"
    assert rows["GigabitEthernet8"]["protocol_status"] == "up"
    assert int(rows["GigabitEthernet8"]["input_packets"]) == 120
    brief = {row["interface"]: row for row in parsed(live, "r2", "show ip interface brief")}
    assert brief["GigabitEthernet1"] == {
        "interface": "GigabitEthernet1",
        "ip_address": "unassigned",
        "status": "administratively down",
        "proto": "down",
    }
    described = {row["port"]: row for row in parsed(live, "r2", "show interfaces description")}
    assert described["Gi1"]["status"] == "admin down"
    assert "GigabitEthernet1 is administratively down" in ask(live, "r2", "show interfaces gi1")


def test_without_bgp_it_is_not_active() -> None:
    live = live_network()
    live.configure("r2", ["no router bgp 65002"])
    for command in ("show ip bgp", "show ip bgp summary", "show ip bgp neighbors"):
        assert ask(live, "r2", command) == "% BGP not active\n"
    live.configure("r2", ["router bgp 65002"])
    assert ask(live, "r2", "show ip bgp") == ""


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("show nonsense", "        ^\n% Invalid input detected at '^' marker.\n\n"),
        ("  show nonsense", "          ^\n% Invalid input detected at '^' marker.\n\n"),
        ("show interfaces gi77", None),
        ("show ip", "% Incomplete command.\n\n"),
        ("sh i", '% Ambiguous command:  "sh i"\n'),
        ("show ip bgp neighbors 10.9.9.9", "% No such neighbor or address family\n"),
        ("terminal length 0", ""),
        ("terminal width 511", ""),
        ("write memory", "Building configuration...\n[OK]\n"),
        ("show privilege", "Current privilege level is 15\n"),
        ("show clock", "*12:00:00.000 UTC Thu Jan 1 2026\n"),
    ],
)
def test_it_answers_as_ios_does(line: str, answer: str | None) -> None:
    said = ask(live_network(), "r2", line)
    assert said == answer or (answer is None and "% Invalid input" in said)


def test_the_caret_stands_under_the_wrong_word() -> None:
    shell = shell_on(live_network(), "r2")
    shell.answer("configure terminal")
    line = "router bgp wrong"
    caret = shell.answer(line).splitlines()[0]
    assert f"{shell.prompt}{line}"[len(caret) - 1 :] == "wrong"


def test_a_refused_configuration_line_changes_nothing() -> None:
    live = live_network()
    before = ask(live, "r2", "show running-config")
    for line in ("interface GigabitEthernet99", "interface nonsense", "ip prefix-list X seq 5 maybe 10.0.0.0/8"):
        assert "% Invalid input" in ask(live, "r2", "configure terminal", line)
    assert ask(live, "r2", "show running-config") == before
    assert [entry.accepted for entry in live.received["r2"]] == [False, False, False]


def test_copying_asks_for_the_name_of_the_file() -> None:
    live = live_network()
    live.configure("r2", ["hostname renamed"])
    shell = shell_on(live, "r2")
    shell.answer("copy running-config startup-config")
    assert shell.prompt == "Destination filename [startup-config]? "
    assert shell.answer("") == "Building configuration...\n[OK]\n"
    assert "hostname renamed" in shell.answer("show startup-config")
    live.model.node("r2").startup = None
    assert shell.answer("show startup-config") == "startup-config is not present\n"


def test_privilege_needs_the_secret() -> None:
    shell = shell_on(live_network(), "r2")
    shell.enable_secret = "opensesame"
    shell.answer("disable")
    assert shell.prompt == "r2>"
    assert "% Invalid input" in shell.answer("configure terminal")
    shell.answer("enable")
    assert [shell.answer(wrong) for wrong in ("a", "b", "c")] == ["", "", "% Bad secrets\n\n"]
    assert shell.prompt == "r2>"
    shell.answer("enable")
    assert shell.answer("opensesame") == ""
    assert shell.prompt == "r2#"


@pytest.mark.parametrize(
    ("seconds", "text"), [(59, "00:00:59"), (90000, "1d01h"), (864000, "1w3d"), (40000000, "1y13w")]
)
def test_times_are_written_as_ios_does(seconds: int, text: str) -> None:
    assert short_time(seconds) == text


def test_the_neighbours_on_a_wire_answer_to_arp() -> None:
    live = live_network()
    rows = {row["ip_address"]: row for row in parsed(live, "r2", "show ip arp")}
    assert set(rows) == {"10.0.12.1", "10.0.12.2", "10.2.0.1"}
    assert (rows["10.0.12.2"]["age"], rows["10.0.12.1"]["interface"]) == ("-", "GigabitEthernet1")
    own = {row["interface"]: row for row in parsed(live, "r2", "show interfaces")}["GigabitEthernet1"]
    assert rows["10.0.12.2"]["mac_address"] == own["mac_address"]
    assert rows["10.0.12.1"]["mac_address"] != own["mac_address"]
    live.configure("r1", ["interface eth1", "shutdown"])
    assert {row["ip_address"] for row in parsed(live, "r2", "show ip arp")} == {"10.2.0.1"}


FILTER = ["ip access-list extended EDGE-IN", "10 deny tcp any any eq bgp", "20 permit ip any any"]


def test_an_access_list_shows_its_entries_and_stops_what_it_denies_once_it_is_bound() -> None:
    live = live_network()
    live.configure("r2", FILTER, by="tester")
    rows = parsed(live, "r2", "show ip access-lists")
    assert [(row["acl_name"], row["action"], row["protocol"]) for row in rows if row["action"]] == [
        ("EDGE-IN", "deny", "tcp"),
        ("EDGE-IN", "permit", "ip"),
    ]
    assert all(session.established for session in live.sessions.values())
    live.configure("r2", ["interface GigabitEthernet1", "ip access-group EDGE-IN in"], by="tester")
    later(live, 60)
    assert not any(session.established for session in live.sessions.values())
    assert " ip access-group EDGE-IN in" in ask(live, "r2", "show running-config")
    live.configure("r2", ["ip access-list extended EDGE-IN", "no 10"], by="tester")
    assert all(session.established for session in live.sessions.values())


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("10 permit ip any any", "% Duplicate sequence number"),
        ("no 30", "% Entry does not exist"),
        ("no ip access-list extended OTHER", "%ACL OTHER does not exist"),
        ("30 remark x y", "% Invalid input"),
    ],
)
def test_what_a_list_does_not_take_is_refused(line: str, answer: str) -> None:
    live = live_network()
    assert answer in ask(live, "r2", "configure terminal", *FILTER, line)
