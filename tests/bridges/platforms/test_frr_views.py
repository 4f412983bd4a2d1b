"""A router with both IGPs, filters and a shell: every view of it, as recorded from FRR 8.4."""

import re

import pytest
from bridges.platforms.recorded import quotes, recorded, seen, text_of, through, with_text

from nocmesh.messages.state import (
    DeviceState,
    Interface,
    Isis,
    IsisInterface,
    Ospf,
    OspfInterface,
    Output,
    System,
    View,
)
from nocmesh_bridges.platforms import asks, judged
from nocmesh_bridges.platforms.igpconfig import dotted

R1, R2 = recorded("frr/r1", "frr"), recorded("frr/r2", "frr")
RUNNING = "show running-config"
CLI: set[View] = {"interfaces", "routes", "bgp", "ospf", "isis", "system", "config", "pulse"}


def r1(outputs: list[Output] = R1) -> DeviceState:
    return seen(outputs, "frr")


def configured(old: str, new: str, outputs: list[Output] = R1) -> list[Output]:
    """With another running configuration."""
    text = text_of(outputs, RUNNING)
    assert old in text
    return with_text(outputs, RUNNING, text.replace(old, new))


def interface(name: str, outputs: list[Output] = R1) -> Interface:
    return next(i for i in r1(outputs).interfaces or [] if i.name == name)


def ospf(outputs: list[Output] = R1) -> Ospf:
    found = r1(outputs).ospf
    assert found is not None
    return found


def ospf_on(name: str, outputs: list[Output] = R1) -> OspfInterface:
    return next(i for i in ospf(outputs).interfaces if i.name == name)


def isis(outputs: list[Output] = R1) -> Isis:
    found = r1(outputs).isis
    assert found is not None
    return found


def isis_on(name: str, outputs: list[Output] = R1) -> IsisInterface:
    return next(i for i in isis(outputs).interfaces if i.name == name)


def system(outputs: list[Output] = R1) -> System:
    found = r1(outputs).system
    assert found is not None
    return found


def test_every_view_is_told_from_the_others() -> None:
    empty: dict[str, str] = dict.fromkeys(["stp", "mac_table"], "empty")
    expected = {**dict.fromkeys(r1().status, "parsed"), **empty, "switching": "unasked", "log": "unasked"}
    assert r1().status == expected
    assert r1().switching is None
    assert {output.status for output in judged("frr", R1)} == {"parsed"}


def test_without_a_shell_only_what_the_router_tells_is_asked_and_told() -> None:
    found = r1(through(R1, "cli"))
    assert {view for view, status in found.status.items() if status != "unasked"} == CLI
    assert {ask.door for ask in asks("frr", list(found.status), shell=False)} == {"cli"}  # type: ignore[arg-type]
    assert next(i for i in found.interfaces or [] if i.name == "r1-e0").rate_limit_bps is None
    assert found.system is not None
    assert (found.system.ip_forwarding, found.system.packages) == (None, {})


def test_every_quote_stands_in_its_answer_letter_for_letter() -> None:
    for outputs in (R1, R2):
        found = list(quotes(seen(outputs, "frr")))
        assert len(found) > 15
        for quote in found:
            assert 0 < len(quote.text) <= 700
            assert quote.text in text_of(outputs, quote.command)


# --- interfaces


def test_an_interface_joins_what_the_router_and_the_kernel_know() -> None:
    found = interface("r1-e0")
    assert (found.enabled, found.oper_up, found.mtu, found.description) == (True, True, 1500, "to r2")
    assert "10.0.12.1/30" in found.addresses
    assert (found.kind, found.speed_mbps, found.carrier_changes) == ("ethernet", 10000, 2)
    assert (found.in_errors, found.out_errors, found.in_discards, found.out_discards) == (0, 0, 2, 0)
    assert found.mac == "7e:62:ec:c0:04:68"
    assert interface("lo").kind == "loopback"
    assert (interface("lo").mac, interface("lo").speed_mbps) == ("", None)


def test_a_shaper_is_told_in_bits_per_second() -> None:
    assert '"rate":250000' in text_of(R1, "tc -j qdisc show")
    assert interface("r1-e0").rate_limit_bps == 2_000_000
    assert interface("r1-e1").rate_limit_bps is None


@pytest.mark.parametrize("options", ['{"rate":{"rate":250000}}', '{"bandwidth":250000}'])
def test_other_shapers_say_it_otherwise(options: str) -> None:
    text = f'[{{"kind":"x","handle":"1:","dev":"r1-e1","root":true,"options":{options}}}]'
    assert interface("r1-e1", with_text(R1, "tc -j qdisc show", text)).rate_limit_bps == 2_000_000


def test_when_zebra_does_not_answer_the_kernel_does() -> None:
    silent = with_text(R1, "show interface json", "zebra is not running\n")
    assert r1(silent).status["interfaces"] == "parsed"
    assert interface("r1-e0", silent).addresses[0] == "10.0.12.1/30"
    assert r1(through(silent, "cli")).status["interfaces"] == "rejected"


def test_a_shell_that_says_nonsense_takes_nothing_from_the_router() -> None:
    torn = with_text(R1, "ip -j -s -s -d address show", "[{")
    assert r1(torn).status["interfaces"] == "parsed"
    assert interface("r1-e0", torn).mtu == 1500
    assert interface("r1-e0", torn).carrier_changes is None


# --- routes


def test_routes_are_told_with_their_rivals() -> None:
    routes = [r for r in r1().routes or [] if r.prefix == "10.0.23.0/30"]
    assert [(r.protocol, r.selected, r.distance, r.metric) for r in routes] == [
        ("ospf", True, 110, 40),
        ("isis", False, 115, 20),
    ]
    assert routes[0].next_hops == ["10.0.12.2"]


def test_a_blackhole_discards() -> None:
    found = {r.prefix: r for r in r1().routes or [] if r.protocol == "static"}
    assert found["198.51.100.0/24"].discards
    assert found["198.51.100.0/24"].interfaces == ["Null0"]
    assert not found["203.0.113.0/24"].discards


# --- OSPF


def test_ospf_areas_have_their_kind() -> None:
    assert ospf().router_id == "10.255.0.1"
    assert [(a.area, a.kind) for a in ospf().areas] == [("0.0.0.0", "normal"), ("0.0.0.1", "totally_stub")]


@pytest.mark.parametrize(
    ("line", "kind"), [("area 0.0.0.1 stub", "stub"), ("area 1 nssa no-summary", "nssa"), ("! nothing", "totally_stub")]
)
def test_the_configuration_decides_on_the_kind_and_else_the_process(line: str, kind: str) -> None:
    found = ospf(configured("area 0.0.0.1 stub no-summary", line))
    assert found.areas[1].kind == kind


@pytest.mark.parametrize(
    ("said", "kind"), [('"nssa":true', "nssa"), ('"stubEnable":true', "stub"), ('"backbone":true', "normal")]
)
def test_a_process_tells_the_kind_by_a_flag(said: str, kind: str) -> None:
    text = text_of(R1, "show ip ospf json").replace('"stubNoSummary":true', said)
    told = with_text(configured(" area 0.0.0.1 stub no-summary\n", ""), "show ip ospf json", text)
    assert ospf(told).areas[1].kind == kind


def test_an_ospf_interface_has_all_that_two_ends_must_agree_on() -> None:
    found = ospf_on("r1-e0")
    assert (found.area, found.address, found.cost, found.neighbor_count) == ("0.0.0.0", "10.0.12.1/30", 30, 1)
    assert (found.network_type, found.state) == ("point_to_point", "point_to_point")
    assert (found.hello_interval, found.dead_interval, found.passive) == (2, 8, False)
    assert (found.authentication, found.mtu_ignore) == ("md5", False)
    stub = ospf_on("r1-e1")
    assert (stub.area, stub.network_type, stub.mtu_ignore) == ("0.0.0.1", "broadcast", True)
    assert (stub.authentication, stub.state) == ("none", "backup")
    assert ospf_on("lo").network_type == "loopback"


def test_the_other_end_is_passive_and_has_a_plain_password() -> None:
    on = {i.name: i for i in (seen(R2, "frr").ospf or Ospf()).interfaces}
    assert on["lo"].passive is True
    assert on["r2-e1"].authentication == "simple"


def test_ospf_neighbours_have_their_states() -> None:
    found = {n.router_id: n for n in ospf().neighbors}
    assert (found["10.255.0.2"].state, found["10.255.0.2"].interface) == ("full", "r1-e0")
    assert found["10.255.0.2"].address == "10.0.12.2"
    assert found["10.255.0.2"].role == ""
    assert found["10.255.0.3"].role in ("dr", "backup", "drother")


@pytest.mark.parametrize(
    ("said", "state"), [("2-Way\\/DROther", "two_way"), ("ExStart\\/DR", "exstart"), ("Init\\/DROther", "init")]
)
def test_an_ospf_state_is_named_as_in_the_standard(said: str, state: str) -> None:
    text = text_of(R1, "show ip ospf neighbor detail json").replace("Full\\/-", said)
    found = ospf(with_text(R1, "show ip ospf neighbor detail json", text)).neighbors
    assert found[0].state == state


def test_later_versions_nest_what_belongs_to_an_address() -> None:
    text = """{"interfaces":{"r1-e0":{"ifUp":true,"interfaceIp":{"10.0.12.1":{"area":"0.0.0.7 [NSSA]",
      "ipAddress":"10.0.12.1","networkType":"POINTOMULTIPOINT","state":"Point-To-Multipoint","timerMsecs":250}}}}}"""
    found = ospf_on("r1-e0", with_text(R1, "show ip ospf interface json", text))
    assert (found.area, found.network_type, found.hello_interval) == ("0.0.0.7", "point_to_multipoint", 1)
    assert (found.cost, found.address) == (None, "10.0.12.1")


@pytest.mark.parametrize("said", ['{"interfaces":{"r1-e0":{"ifUp":false,"ospfEnabled":false}}}', "{}"])
def test_an_interface_that_is_down_is_told_from_the_configuration(said: str) -> None:
    found = ospf_on("r1-e0", with_text(R1, "show ip ospf interface json", said))
    assert (found.state, found.area, found.hello_interval, found.cost) == ("down", "0.0.0.0", 2, 30)
    assert found.address == "10.0.12.1/30"
    assert (found.network_type, found.authentication, found.neighbor_count) == ("point_to_point", "md5", 0)
    assert found.quote is not None
    assert found.quote.text == "ip ospf area 0.0.0.0"


def test_passive_by_default_is_passive() -> None:
    shut = configured("router ospf\n", "router ospf\n passive-interface default\n no passive-interface r1-e0\n")
    assert [ospf_on(name, shut).passive for name in ("r1-e0", "r1-e1")] == [False, True]
    assert ospf_on("r1-e0", configured(" ip ospf cost 30\n", " ip ospf cost 30\n ip ospf passive\n")).passive is True


def test_authentication_may_be_that_of_the_area() -> None:
    area = configured("router ospf\n", "router ospf\n area 1 authentication message-digest\n")
    assert ospf_on("r1-e1", area).authentication == "md5"
    plain = configured("router ospf\n", "router ospf\n area 1 authentication\n")
    assert ospf_on("r1-e1", plain).authentication == "simple"


def test_a_network_line_names_its_area() -> None:
    assert "0.0.0.9" in [a.area for a in ospf(configured("router ospf\n", "router ospf\n network 10/8 area 9\n")).areas]


NO_OSPF = {
    "show ip ospf json": "",
    "show ip ospf interface json": "{\n}\n",
    "show ip ospf neighbor detail json": "",
}


def without(protocol: str, answers: dict[str, str]) -> list[Output]:
    found = configured(f"router {protocol}", "line of something else")
    for command, text in answers.items():
        found = with_text(found, command, text)
    return found


def test_a_daemon_without_configuration_is_told_from_one_that_does_not_run() -> None:
    unconfigured = without("ospf", NO_OSPF)
    assert (r1(unconfigured).status["ospf"], ospf(unconfigured)) == ("empty", Ospf())
    stopped = without("ospf", dict.fromkeys(NO_OSPF, "ospfd is not running\n"))
    assert (r1(stopped).status["ospf"], r1(stopped).ospf) == ("rejected", None)


def test_interfaces_without_a_process_are_not_believed() -> None:
    assert r1(with_text(R1, "show ip ospf json", "")).status["ospf"] == "unparsed"


# --- IS-IS


def test_isis_has_its_identity_from_the_configuration() -> None:
    found = isis()
    assert (found.instance, found.net) == ("CORE", "49.0001.0000.0000.0001.00")
    assert (found.system_id, found.level) == ("0000.0000.0001", "level-1-2")
    limited = configured("router isis CORE\n", "router isis CORE\n is-type level-2-only\n")
    assert isis(limited).level == "level-2"


def test_an_isis_circuit_has_all_that_two_ends_must_agree_on() -> None:
    found = isis_on("r1-e0")
    assert (found.level, found.state, found.network_type) == ("level-2", "up", "point_to_point")
    assert (found.passive, found.metric, found.hello_interval) == (False, 20, 2)
    assert found.authentication == "clear"
    assert (isis_on("lo").passive, isis_on("lo").network_type) == (True, "loopback")
    assert (isis_on("r1-e1").level, isis_on("r1-e1").network_type) == ("level-1-2", "broadcast")
    assert isis_on("r1-e1").authentication == "none"


def test_adjacencies_on_one_circuit_are_told_apart() -> None:
    """FRR 8.4's JSON tells of one of them only."""
    assert [(a.system_id, a.interface, a.level, a.state) for a in isis().adjacencies] == [
        ("r2", "r1-e0", "level-2", "up"),
        ("r3", "r1-e1", "level-1", "up"),
        ("r3", "r1-e1", "level-2", "up"),
    ]


@pytest.mark.parametrize(
    ("ours", "theirs", "area", "shown", "level"),
    [
        ("L1L2", "L1L2", "49.0001", "1", "level-1-2"),
        ("L1L2", "L2", "49.0001", "2", "level-2"),
        ("L1L2", "L1L2", "49.0002", "1", "level-2"),
        ("L1", "L1L2", "49.0001", "1", "level-1"),
        ("L1", "L2", "49.0001", "2", "level-2"),
    ],
)
def test_a_point_to_point_adjacency_serves_the_levels_that_both_ends_speak(
    ours: str, theirs: str, area: str, shown: str, level: str
) -> None:
    circuits, neighbors = "show isis interface detail json", "show isis neighbor detail"
    first, rest = text_of(R1, neighbors).split("\n\n", 1)
    first = first.replace("Circuit type: L2", f"Circuit type: {theirs}").replace("Level: 2", f"Level: {shown}")
    told = with_text(R1, neighbors, f"{first.replace('49.0001', area)}\n\n{rest}")
    told = with_text(
        told, circuits, re.sub(r'"level":"L2",(?=\s+"levels")', f'"level":"{ours}",', text_of(R1, circuits))
    )
    assert isis(told).adjacencies[0].level == level


def test_a_circuit_whose_interface_is_down_is_down() -> None:
    text = text_of(R1, "show isis interface detail json").replace('"state":"Up"', '"state":"Config"')
    text = text.replace('"type":"p2p"', '"type":"Unknown"').replace('"type":"lan"', '"type":"Unknown"')
    down = with_text(R1, "show isis interface detail json", text)
    assert [(i.state, i.network_type) for i in isis(down).interfaces] == [
        ("down", "loopback"),
        ("down", "point_to_point"),
        ("down", "broadcast"),
    ]


def test_a_daemon_that_runs_without_isis_says_so_and_one_that_does_not_run_rejects() -> None:
    silent = {"show isis interface detail json": "{\n}\n", "show isis neighbor detail": ""}
    assert r1(without("isis", silent)).status["isis"] == "empty"
    assert r1(without("isis", dict.fromkeys(silent, "isisd is not running\n"))).status["isis"] == "rejected"


def test_an_instance_without_circuits_is_one_all_the_same() -> None:
    bare = with_text(R1, "show isis interface detail json", '{"areas":[{"area":"CORE","circuits":[]}]}')
    assert r1(bare).status["isis"] == "parsed"
    assert isis(bare).interfaces == []
    assert isis(bare).net


@pytest.mark.parametrize(
    "text",
    ["[]", '{"areas":[]}', '{"areas":[{"area":"x"}]}', '{"areas":[{"circuits":[{"interface":{"name":"e0"}}]}]}', "{"],
)
def test_circuits_of_another_shape_are_not_understood(text: str) -> None:
    assert r1(with_text(R1, "show isis interface detail json", text)).status["isis"] == "unparsed"


@pytest.mark.parametrize("text", ["Area CORE:\nsomething else\n", " r2\n    Interface: e0, Level: 2, State: Up\n"])
def test_adjacencies_of_another_shape_are_not_understood(text: str) -> None:
    assert r1(with_text(R1, "show isis neighbor detail", text)).status["isis"] == "unparsed"


# --- system, processes


def test_the_system_is_what_router_and_kernel_tell_together() -> None:
    found = system()
    assert (found.hostname, found.version, found.ip_forwarding) == ("r1", "8.4.4", True)
    assert found.packages["frr"] == "8.4.4-1.1~deb12u2"
    assert (found.services["ospfd"], found.services["snmpd"]) == (True, False)
    assert found.checksum_errors == {"icmp": 0, "ip": 0, "tcp": 0, "udp": 0, "udplite": 0}
    assert (found.memory_total_kb or 0) > (found.memory_available_kb or 0) > 0
    assert found.uptime_seconds


def test_processes_of_other_namespaces_are_not_this_router_s() -> None:
    assert text_of(R1, "ps -eo pid,netns,stat,pcpu,rss,comm").count("zebra") == 3
    assert [p.name for p in r1().processes or []].count("zebra") == 1


def test_a_stopped_daemon_does_not_run() -> None:
    text = text_of(R1, "ps -eo pid,netns,stat,pcpu,rss,comm")
    line = next(line for line in text.splitlines() if line.endswith("ospfd"))
    stopped = with_text(R1, "ps -eo pid,netns,stat,pcpu,rss,comm", text.replace(line, line.replace(" Ss ", " Ts ")))
    assert system(stopped).services["ospfd"] is False
    assert [p.running for p in r1(stopped).processes or [] if p.name == "ospfd"] == [False]


def test_without_a_shell_the_router_s_own_word_on_its_daemons_counts() -> None:
    told = with_text(through(R1, "cli"), "show daemons", " zebra bgpd staticd\n")
    found = system(told)
    assert (found.services["bgpd"], found.services["ospfd"], "snmpd" in found.services) == (True, False, False)
    unclear = with_text(told, "show daemons", "zebra and some others\n")
    assert system(unclear).services == {}


def test_all_daemons_are_asked_before_they_are_counted() -> None:
    """Vtysh notices a dead daemon only when it asks it something."""
    commands = [ask.command for ask in asks("frr", ["system"], shell=False)]
    assert commands.index(RUNNING) < commands.index("show daemons")


@pytest.mark.parametrize(("area", "form"), [("1", "0.0.0.1"), ("0.0.0.1", "0.0.0.1"), ("x", "x"), ("1" * 20, "1" * 20)])
def test_an_area_has_one_form(area: str, form: str) -> None:
    assert dotted(area) == form
