"""What the FRRouting-like device answers."""

import json
from typing import Any

import pytest
from proving.typist import ask, later, live_network, shell_on

from nocmesh.proving.simulated.frr_text import uptime
from nocmesh.proving.simulated.topology import DEMO


def asked(live: Any, device: str, command: str) -> Any:
    return json.loads(ask(live, device, command))


def test_it_says_that_it_is_simulated() -> None:
    assert "simulated device" in ask(live_network(), "r1", "show version")


def test_a_neighbour_that_is_up_has_the_keys_of_frr() -> None:
    live = live_network()
    later(live, 3700)
    neighbor = asked(live, "r1", "show bgp neighbors json")["10.0.12.2"]
    assert neighbor["remoteAs"] == 65002
    assert neighbor["localAs"] == 65001
    assert neighbor["nbrExternalLink"] is True
    assert neighbor["nbrDesc"] == "r2"
    assert neighbor["bgpState"] == "Established"
    assert neighbor["bgpTimerUpMsec"] == 3700_000
    assert neighbor["bgpTimerUpString"] == "01:01:40"
    assert neighbor["addressFamilyInfo"]["ipv4Unicast"]["acceptedPrefixCounter"] == 2
    assert neighbor["addressFamilyInfo"]["ipv4Unicast"]["sentPrefixCounter"] == 2
    assert neighbor["messageStats"]["keepalivesSent"] > 60
    assert neighbor["lastReset"] == "never"
    assert "adminShutDown" not in neighbor
    assert neighbor["hostLocal"] == "10.0.12.1"


def test_a_wrong_as_is_told_by_its_notification() -> None:
    live = live_network()
    live.configure("r1", ["router bgp 65001", "neighbor 10.0.12.2 remote-as 65020"])
    later(live, 5)
    neighbor = asked(live, "r1", "show bgp neighbors 10.0.12.2 json")["10.0.12.2"]
    assert neighbor["lastResetDueTo"] == "BGP Notification send"
    assert neighbor["lastNotificationReason"] == "OPEN Message Error/Bad Peer AS"
    assert neighbor["lastErrorCodeSubcode"] == "0202"
    assert neighbor["lastResetTimerMsecs"] == 5000
    assert neighbor["connectionsDropped"] == 1
    assert "OPEN Message Error/Bad Peer AS" in ask(live, "r1", "show bgp neighbors")


def test_a_shutdown_is_told_as_such() -> None:
    live = live_network()
    live.configure("r1", ["router bgp 65001", "neighbor 10.0.12.2 shutdown"])
    neighbor = asked(live, "r1", "show ip bgp neighbors json")["10.0.12.2"]
    assert neighbor["adminShutDown"] is True
    assert neighbor["lastResetDueTo"] == "Admin. shutdown"
    peer = asked(live, "r1", "show bgp summary json")["ipv4Unicast"]["peers"]["10.0.12.2"]
    assert (peer["state"], peer["peerState"]) == ("Idle (Admin)", "Admin")
    assert " Idle (Admin)" in ask(live, "r1", "show bgp summary")
    assert "Administratively shut down" in ask(live, "r1", "show bgp neighbors 10.0.12.2")


def test_too_many_prefixes_are_told_as_such() -> None:
    live = live_network()
    family = ["router bgp 65001", "address-family ipv4 unicast"]
    live.configure("r1", [*family, "neighbor 10.0.12.2 maximum-prefix 1", "neighbor 10.0.12.2 next-hop-self"])
    live.configure("r1", [*family, "neighbor 10.0.12.2 prefix-list A in", "neighbor 10.0.12.2 prefix-list B out"])
    neighbor = asked(live, "r1", "show bgp neighbors json")["10.0.12.2"]
    assert neighbor["prefixesConfigExceedMax"] is True
    assert neighbor["addressFamilyInfo"]["ipv4Unicast"]["prefixAllowedMax"] == 1
    assert neighbor["addressFamilyInfo"]["ipv4Unicast"]["incomingUpdatePrefixFilterList"] == "A"
    peer = asked(live, "r1", "show bgp ipv4 unicast summary json")["peers"]["10.0.12.2"]
    assert (peer["state"], peer["peerState"]) == ("Idle (PfxCt)", "PfxCt")
    text = ask(live, "r1", "show bgp neighbors")
    assert "clear ip bgp 10.0.12.2 to restore peering" in text
    assert "Outgoing update prefix filter list is *B" in text


def test_a_neighbour_without_family_is_in_no_summary() -> None:
    live = live_network()
    live.configure("r1", ["router bgp 65001", "address-family ipv4", "no neighbor 10.0.12.2 activate"])
    assert asked(live, "r1", "show bgp summary json") == {}
    assert "No BGP neighbors found" in ask(live, "r1", "show bgp summary")
    assert asked(live, "r1", "show bgp neighbors json")["10.0.12.2"]["addressFamilyInfo"] == {}


def test_without_bgp_there_is_no_instance() -> None:
    live = live_network()
    live.configure("r1", ["no router bgp"])
    for command in ("show bgp summary", "show bgp neighbors", "show bgp ipv4 unicast"):
        assert ask(live, "r1", command) == "% BGP instance not found\n"
        assert ask(live, "r1", f"{command} json") == "{}\n"


def test_an_unknown_neighbour_is_told_as_such() -> None:
    live = live_network()
    assert asked(live, "r1", "show bgp neighbors 10.9.9.9 json") == {"bgpNoSuchNeighbor": True}
    assert ask(live, "r1", "show bgp neighbors 10.9.9.9") == "% No such neighbor in this view/vrf\n\n"


def test_routes_name_their_protocol_next_hop_and_interface() -> None:
    live = live_network(DEMO)
    routes = asked(live, "core1", "show ip route json")
    assert routes["10.255.0.12/32"][0]["protocol"] == "static"
    learned = routes["10.12.0.0/16"][0]
    assert (learned["protocol"], learned["distance"]) == ("bgp", 200)
    assert [hop["ip"] for hop in learned["nexthops"]] == ["10.255.0.12", "10.0.99.2"]
    assert learned["nexthops"][1]["interfaceName"] == "eth2"
    assert routes["10.11.0.0/16"][0]["nexthops"][0]["directlyConnected"] is True
    text = ask(live, "core1", "show ip route")
    assert "S>* 10.255.0.12/32 [1/0] via 10.0.99.2, eth2, weight 1, 00:00:00\n" in text
    assert "via 10.255.0.12 (recursive)" in text


def test_the_bgp_table_marks_the_best_path_of_each_prefix() -> None:
    live = live_network(DEMO)
    table = asked(live, "core1", "show bgp ipv4 unicast json")
    assert table["localAS"] == 65000
    for paths in table["routes"].values():
        assert [path.get("bestpath", False) for path in paths].count(True) == 1
    one = asked(live, "core1", "show bgp ipv4 unicast 10.12.0.0/16 json")["routes"]["10.12.0.0/16"][0]
    assert (one["pathFrom"], one["locPrf"], one["path"]) == ("internal", 100, "")
    assert "*>i10.12.0.0/16" in ask(live, "core1", "show bgp ipv4 unicast")
    live.configure("core1", ["no router bgp 65000", "router bgp 65000"])
    assert ask(live, "core1", "show ip bgp") == "No BGP prefixes displayed, 0 exist\n"


def test_interfaces_say_up_and_down() -> None:
    live = live_network()
    later(live, 10)
    live.configure("r1", ["interface eth1", "shutdown", "ip address 10.9.0.1/24"])
    found = asked(live, "r1", "show interface json")
    assert found["eth1"]["administrativeStatus"] == "down"
    assert "operationalStatus" not in found["eth1"]
    assert found["eth1"]["linkDowns"] == 1
    assert found["lo"]["operationalStatus"] == "up"
    assert list(asked(live, "r1", "show interface eth8 json")) == ["eth8"]
    assert "Interface eth1 is down\n" in ask(live, "r1", "show interface")
    assert "Interface eth8 is up, line protocol is up\n" in ask(live, "r1", "show interface eth8")
    assert ask(live, "r1", "show interface nothing") == "% Can't find interface nothing\n"
    assert "+ 10.9.0.1/24" in ask(live, "r1", "show interface brief")
    assert "%LINEPROTO-5-UPDOWN: Line protocol on Interface eth1, changed state to down" in ask(
        live, "r1", "show logging"
    )


def test_a_dead_wire_is_up_without_protocol() -> None:
    live = live_network()
    live.model.cables[0].up = False
    live.settle()
    assert asked(live, "r1", "show interface json")["eth1"]["operationalStatus"] == "down"
    assert asked(live, "r1", "show bgp neighbors json")["10.0.12.2"]["lastResetDueTo"] == "Interface down"


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("show nonsense", "% Unknown command: show nonsense\n"),
        ("nonsense", "% Unknown command: nonsense\n"),
        ("show", "% Command incomplete: show\n"),
        ("show i", "% Ambiguous command: show i\n"),
        ("clear bgp 10.9.9.9", '% BGP: Unknown neighbor - "10.9.9.9"\n'),
        ("clear bgp *", ""),
        ("", ""),
        ("! a comment", ""),
        ("show version | nonsense x", "% Invalid filter after '|'\n"),
        ("show version | include (", "% Failed to compile regular expression\n"),
        ("end", ""),
        ("terminal length 0", ""),
        ("no terminal length", ""),
    ],
)
def test_it_answers_as_vtysh_does(line: str, answer: str) -> None:
    assert ask(live_network(), "r1", line) == answer


def test_prompts_tell_the_mode() -> None:
    shell = shell_on(live_network(), "r1")
    prompts = [shell.prompt]
    for line in (
        "configure terminal",
        "interface eth1",
        "router bgp 65001",
        "address-family ipv4 unicast",
        "exit",
        "end",
    ):
        shell.answer(line)
        prompts.append(shell.prompt)
    assert [prompt.rstrip() for prompt in prompts] == [
        "r1#",
        "r1(config)#",
        "r1(config-if)#",
        "r1(config-router)#",
        "r1(config-router-af)#",
        "r1(config-router)#",
        "r1#",
    ]


def test_exit_leads_out_one_level_at_a_time() -> None:
    shell = shell_on(live_network(), "r1")
    for line in ("configure", "router bgp 65001", "address-family ipv4", "exit-address-family", "exit", "exit"):
        shell.answer(line)
    assert shell.prompt == "r1# "
    shell.answer("exit")
    assert shell.closed


def test_write_saves_what_runs() -> None:
    live = live_network()
    live.configure("r1", ["hostname renamed"])
    assert live.model.node("r1").startup != live.model.node("r1").running
    assert ask(live, "r1", "write").endswith("[OK]\n")
    assert live.model.node("r1").startup == live.model.node("r1").running
    assert shell_on(live, "r1").prompt == "renamed# "


def test_pipes_filter_lines() -> None:
    live = live_network()
    assert ask(live, "r1", "show running-config | include remote-as") == " neighbor 10.0.12.2 remote-as 65002\n"
    assert ask(live, "r1", "show running-config | begin router").startswith("router bgp 65001\n")
    assert "hostname" not in ask(live, "r1", "show running-config | exclude hostname")
    section = ask(live, "r1", "show running-config | section interface lo")
    assert section == "interface lo\n ip address 10.255.0.1/32\n"


def test_do_reaches_show_commands_from_configuration() -> None:
    assert "FRRouting" in ask(live_network(), "r1", "configure terminal", "do show version")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "00:00:00"), (3723, "01:02:03"), (90061, "1d01h01m"), (864000, "01w3d00h"), (40000000, "01y13w6d")],
)
def test_times_are_written_as_frr_does(seconds: int, text: str) -> None:
    assert uptime(seconds) == text
