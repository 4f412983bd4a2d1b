"""A switch of kernel bridges and a host, as recorded from Linux."""

import json
from typing import Any

import pytest
from bridges.platforms.recorded import quotes, recorded, seen, text_of, with_text

from nocmesh.diagnosis.configlines import sections
from nocmesh.messages.state import DeviceState, Interface, Neighbors, Output, Stp, System
from nocmesh_bridges.platforms import judged
from nocmesh_bridges.platforms.linux_bridges import bridge_id

S2 = recorded("linux/s2", "linux")
LINKS, ROUTES = "ip -j -s -s -d address show", "ip -j route show"
FDB, LLDP = "bridge -j fdb show", "lldpcli -f json show neighbors"
FACTS = next(o.command for o in S2 if o.command.startswith("cat "))
PS = "ps -eo pid,netns,stat,pcpu,rss,comm"
DPKG = next(o.command for o in S2 if o.command.startswith("dpkg"))


def s2(outputs: list[Output] = S2) -> DeviceState:
    return seen(outputs, "linux")


def changed(command: str, **changes: Any) -> list[Output]:
    """S2 with other facts about the link, route or qdisc of the name `at`."""
    at = changes.pop("at")
    data = json.loads(text_of(S2, command))
    for item in data:
        if at in (item.get("ifname"), item.get("dst"), item.get("dev")):
            item.update(changes)
    return with_text(S2, command, json.dumps(data))


def data_of(name: str, key: str, **changes: Any) -> list[Output]:
    """S2 with other bridge facts."""
    data = json.loads(text_of(S2, LINKS))
    for item in data:
        if item["ifname"] == name:
            item["linkinfo"][key].update(changes)
    return with_text(S2, LINKS, json.dumps(data))


def interface(name: str, outputs: list[Output] = S2) -> Interface:
    return next(i for i in s2(outputs).interfaces or [] if i.name == name)


def stp(outputs: list[Output] = S2) -> Stp:
    found = s2(outputs).stp
    assert found is not None
    return found


def system(outputs: list[Output] = S2) -> System:
    found = s2(outputs).system
    assert found is not None
    return found


def neighbors(outputs: list[Output] = S2) -> Neighbors:
    found = s2(outputs).neighbors
    assert found is not None
    return found


def sha(outputs: list[Output]) -> str:
    return s2(outputs).config_sha256


def test_every_view_that_linux_has_is_parsed() -> None:
    unasked = ["bgp", "ospf", "isis", "switching", "shell_config"]
    assert [view for view, status in s2().status.items() if status != "parsed"] == unasked
    assert {o.command: o.status for o in judged("linux", S2) if o.status != "parsed"} == {LLDP: "unparsed"}


def test_every_quote_stands_in_its_answer_letter_for_letter() -> None:
    found = list(quotes(s2()))
    assert len(found) > 20
    assert all(quote.text and quote.text in text_of(S2, quote.command) for quote in found)


# --- interfaces


def test_an_interface_is_what_the_kernel_says() -> None:
    found = interface("br0")
    assert (found.enabled, found.oper_up, found.mtu, found.kind) == (True, True, 1500, "bridge")
    assert "10.9.0.2/24" in found.addresses
    port = interface("s2-p1")
    assert (port.bridge, port.kind, port.description) == ("br0", "ethernet", "to s3")
    assert (port.in_errors, port.carrier_changes) == (0, 2)
    assert interface("lo").oper_up is True


@pytest.mark.parametrize(
    ("flags", "operstate", "enabled", "up"),
    [
        (["BROADCAST"], "DOWN", False, False),
        (["UP", "NO-CARRIER"], "DOWN", True, False),
        (["UP", "LOWER_UP"], "DORMANT", True, False),
    ],
)
def test_up_is_told_from_enabled(flags: list[str], operstate: str, enabled: bool, up: bool) -> None:
    found = interface("s2-p0", changed(LINKS, at="s2-p0", flags=flags, operstate=operstate))
    assert (found.enabled, found.oper_up) == (enabled, up)


def test_an_object_that_ip_leaves_empty_is_no_interface() -> None:
    text = text_of(S2, LINKS).replace("[{", "[{},{", 1)
    assert len(s2(with_text(S2, LINKS, text)).interfaces or []) == 4


# --- routes and neighbours


def test_routes_have_their_next_hops_and_say_when_they_discard() -> None:
    found = {route.prefix: route for route in s2().routes or []}
    assert (found["0.0.0.0/0"].next_hops, found["0.0.0.0/0"].protocol) == (["10.9.0.1"], "static")
    assert found["198.51.100.0/24"].next_hops == ["10.9.0.1", "10.9.0.3"]
    assert (found["192.0.2.0/24"].metric, found["10.9.0.0/24"].protocol) == (50, "connected")
    assert [prefix for prefix, route in found.items() if route.discards] == ["203.0.113.0/24"]


@pytest.mark.parametrize(("flags", "selected"), [(["linkdown"], False), (["dead"], False), (["onlink"], True)])
def test_a_route_over_a_dead_link_is_not_in_use(flags: list[str], selected: bool) -> None:
    [route] = [r for r in s2(changed(ROUTES, at="default", flags=flags)).routes or [] if r.prefix == "0.0.0.0/0"]
    assert route.selected is selected


def test_a_daemon_s_route_bears_its_name_and_a_host_its_full_length() -> None:
    routes = s2(changed(ROUTES, at="default", protocol="ospf", dst="192.0.2.1")).routes or []
    assert (routes[0].protocol, routes[0].prefix) == ("ospf", "192.0.2.1/32")


def test_no_route_at_all_is_empty() -> None:
    assert s2(with_text(S2, ROUTES, "[]")).status["routes"] == "empty"


def test_a_neighbour_is_resolved_or_not() -> None:
    assert [(n.address, n.interface, n.state) for n in neighbors().entries] == [("10.9.0.1", "br0", "reachable")]
    failed = with_text(S2, "ip -j neigh show", '[{"dst":"10.9.0.7","dev":"br0","state":["FAILED"]}]')
    assert [(n.mac, n.state) for n in neighbors(failed).entries] == [("", "failed")]


def test_lldp_says_who_is_at_the_other_end() -> None:
    heard = text_of(recorded("frr/r1", "frr"), LLDP)
    [found] = neighbors(with_text(S2, LLDP, heard)).lldp
    assert (found.interface, found.system_name, found.port) == ("r1-e0", "r2", "r2-e0")
    one = json.loads(heard)["lldp"]["interface"]["r1-e0"]
    named = {**one, "port": {"id": {"type": "ifname", "value": "Gi0/1"}, "descr": "to r1"}}
    nameless = {**one, "chassis": {"id": {"type": "mac", "value": "x"}}}
    several = {"lldp": {"interface": [{"a": named}, {"b": nameless}, {"c": {"via": "LLDP"}}]}}
    found_all = neighbors(with_text(S2, LLDP, json.dumps(several))).lldp
    assert [(n.interface, n.system_name, n.port) for n in found_all] == [("a", "r2", "Gi0/1"), ("b", "", "r2-e0")]
    assert s2(with_text(S2, LLDP, '{"lldp":{}}')).status["neighbors"] == "parsed"


# --- bridges


def test_a_bridge_knows_its_root_through_its_root_port() -> None:
    """What iproute2 6.1 prints as the bridge's `root_id` is its own."""
    [bridge] = stp().bridges
    assert '"root_id":"8000.56:b9:7f:80:76:18","root_port":1' in text_of(S2, LINKS)
    assert (bridge.bridge_id, bridge.root_id) == ("8000.56b97f807618", "1000.c2e4d423daa4")
    assert (bridge.enabled, bridge.priority, bridge.root_port, bridge.root_path_cost) == (True, 32768, "s2-p0", 2)
    assert bridge.protocol == "stp"


def test_a_root_is_its_own_root() -> None:
    [bridge] = stp(data_of("br0", "info_data", root_port=0, root_path_cost=0)).bridges
    assert (bridge.root_id, bridge.root_port) == (bridge.bridge_id, "")


def test_ports_have_states_and_roles() -> None:
    assert [(p.name, p.state, p.role, p.cost) for p in stp().ports] == [
        ("s2-p0", "forwarding", "root", 2),
        ("s2-p1", "forwarding", "designated", 2),
    ]


@pytest.mark.parametrize(
    ("changes", "role"),
    [
        ({"state": "blocking", "bridge_id": "8000.1:2:3:4:5:6"}, "alternate"),
        ({"state": "blocking", "designated_port": 32777}, "backup"),
        ({"state": "disabled"}, "disabled"),
    ],
)
def test_a_role_follows_from_who_is_designated(changes: dict[str, Any], role: str) -> None:
    assert stp(data_of("s2-p1", "info_slave_data", **changes)).ports[1].role == role


def test_a_bridge_without_spanning_tree_says_so() -> None:
    [bridge] = stp(data_of("br0", "info_data", stp_state=0)).bridges
    assert (bridge.enabled, bridge.protocol) == (False, "")


@pytest.mark.parametrize("text", ["", "8000", "8000.x", "8000.1:2:3:4:5", "zz.1:2:3:4:5:6"])
def test_what_is_no_bridge_id_is_none(text: str) -> None:
    assert bridge_id(text) == ""


def test_addresses_are_those_of_stations() -> None:
    found = {entry.mac: entry for entry in s2().mac_table or []}
    assert '"33:33:00:00:00:01"' in text_of(S2, FDB)
    assert all(not int(mac[:2], 16) & 1 for mac in found)
    assert {entry.static for entry in found.values()} == {True, False}
    assert {entry.bridge for entry in found.values()} == {"br0"}
    groups = '[{"mac":"33:33:00:00:00:01","ifname":"br0","flags":["self"],"state":"permanent"}]'
    assert s2(with_text(S2, FDB, groups)).status["mac_table"] == "empty"


# --- system


def test_the_system_says_what_it_is() -> None:
    found = system()
    assert (found.hostname, found.version, found.ip_forwarding) == ("s2", "12", False)
    assert found.packages["nftables"] == "1.0.6-2+deb12u2"
    assert found.services["sshd"] is False


@pytest.mark.parametrize(("group", "protocol"), [("Udp:", "udp"), ("IpExt:", "ip"), ("Tcp:", "tcp")])
def test_a_wrong_checksum_is_counted_and_quoted(group: str, protocol: str) -> None:
    text = text_of(S2, FACTS)
    names, line = (row for row in text.splitlines() if row.startswith(f"{group} "))
    words = line.split()
    words[names.split().index("InCsumErrors")] = "7"
    found = system(with_text(S2, FACTS, text.replace(line, " ".join(words))))
    assert found.checksum_errors[protocol] == 7
    assert any(quote.text.endswith(" ".join(words)) for quote in found.quotes)


def test_a_removed_package_is_not_installed() -> None:
    text = text_of(S2, DPKG).replace("ii  frr ", "rc  frr ")
    found = system(with_text(S2, DPKG, text)).packages
    assert "frr" not in found
    assert "frr-snmp" in found
    assert system(with_text(S2, DPKG, "dpkg-query: error\n")).packages == {}


def test_without_the_right_to_see_namespaces_all_processes_are_told() -> None:
    text = "  PID      NETNS STAT %CPU   RSS COMMAND\n 1 - Ss 0.0 1 init\n 9 - Z 0.0 0 sshd\n 10 - R 0.0 1 ps\n"
    found = s2(with_text(S2, PS, text))
    assert [(p.name, p.running) for p in found.processes or []] == [("init", True), ("sshd", False)]
    assert found.system is not None
    assert found.system.services["sshd"] is False


# --- configuration


def lines(outputs: list[Output] = S2) -> set[tuple[str, str]]:
    return {(line.section, line.text) for line in s2(outputs).config or []}


def test_the_configuration_is_what_somebody_set() -> None:
    assert {
        ("system", "net.ipv4.ip_forward 0"),
        ("interface br0", "address 10.9.0.2/24"),
        ("interface br0", "bridge priority 32768"),
        ("interface s2-p0", "bridge-port cost 2"),
        ("interface s2-p0", "master br0"),
        ("routes", "default via 10.9.0.1 dev br0"),
        ("routes", "blackhole 203.0.113.0/24"),
        ("filter arp filter input input", "arp operation reply counter drop"),
    } <= lines()
    text = "\n".join(text for _, text in lines())
    assert "fe80" not in text
    assert "10.9.0.0/24" not in text


def test_it_reads_like_any_other_configuration() -> None:
    found = s2().config or []
    text = "\n".join(f"{' ' if line.section else ''}{line.text}" for line in found)
    assert sections(text) == found


MOVES = {
    "mtu": changed(LINKS, at="s2-p0", mtu=1400),
    "mac": changed(LINKS, at="s2-p0", address="02:00:00:00:00:01"),
    "down": changed(LINKS, at="s2-p0", flags=["BROADCAST"]),
    "address": changed(LINKS, at="br0", addr_info=[{"family": "inet", "local": "10.9.0.3", "prefixlen": 24}]),
    "bridge": data_of("br0", "info_data", priority=4096),
    "port": data_of("s2-p0", "info_slave_data", cost=100),
    "gateway": changed(ROUTES, at="default", gateway="10.9.0.9"),
    "metric": changed(ROUTES, at="192.0.2.0/24", metric=51),
    "rate": changed("tc -j qdisc show", at="s2-p0", options={"rate": 125000}),
    "filter": with_text(S2, "nft -a list ruleset", text_of(S2, "nft -a list ruleset").replace("reply", "request")),
    "forwarding": with_text(S2, FACTS, text_of(S2, FACTS).replace("\ns2\n0\n", "\ns2\n1\n")),
}


@pytest.mark.parametrize("what", MOVES)
def test_its_hash_moves_with_the_configuration(what: str) -> None:
    assert len(sha(S2)) == 64
    assert sha(MOVES[what]) != sha(S2)


counted = json.loads(text_of(S2, LINKS))
for link in counted:
    link["stats64"]["rx"]["bytes"] += 1000
    link["operstate"] = "DOWN"
    for address in link["addr_info"]:
        address["valid_life_time"] = 7
STAYS = {
    "counters": with_text(S2, LINKS, json.dumps(counted)),
    "state": data_of("s2-p0", "info_slave_data", state="blocking", message_age_timer=1.5),
    "root": data_of("br0", "info_data", root_port=2, topology_change=1, forward_delay=1500, ageing_time=400),
    "packets": with_text(
        S2, "nft -a list ruleset", text_of(S2, "nft -a list ruleset").replace("packets 0", "packets 9")
    ),
    "uptime": with_text(S2, FACTS, "1" + text_of(S2, FACTS)),
    "learned route": changed(ROUTES, at="10.9.0.0/24", protocol="bgp"),
    "lease": changed(
        LINKS, at="lo", addr_info=[*counted[0]["addr_info"], {"local": "10.7.0.1", "prefixlen": 24, "dynamic": True}]
    ),
}


@pytest.mark.parametrize("what", STAYS)
def test_its_hash_stays_while_the_world_moves(what: str) -> None:
    assert sha(STAYS[what]) == sha(S2)


def test_half_a_configuration_is_none() -> None:
    found = s2(with_text(S2, ROUTES, "[{"))
    assert (found.status["config"], found.config, found.config_sha256) == ("unparsed", None, "")
