"""IOS answers become typed state, each row held against the text that it came from."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nocmesh.messages.state import Bgp, BgpNeighbor, DeviceState, Output, Route, View
from nocmesh_bridges.platforms import commands, judged, state

VIEWS: tuple[View, ...] = ("interfaces", "bgp", "routes", "config")
SAMPLES = Path(__file__).parent / "samples" / "cisco_iosxe"
IOS = [
    Output(command=command, text=(SAMPLES / f"{command.replace(' ', '_')}.txt").read_text())
    for command in ("show running-config", "show ip bgp neighbors", "show interfaces", "show ip route")
]
RUNNING, NEIGHBORS, INTERFACES, ROUTES = (output.text for output in IOS)
LOG_LINE = "*Mar  2 11:02:44.123: %BGP-5-ADJCHANGE: neighbor 10.0.45.2 Down\n"
INVALID = "              ^\n% Invalid input detected at '^' marker.\n"


def replaced(command: str, text: str) -> list[Output]:
    return [Output(command=o.command, text=text if o.command == command else o.text) for o in IOS]


def seen(outputs: list[Output] = IOS) -> DeviceState:
    return state("r4", "cisco_iosxe", VIEWS, outputs)


def neighbor(address: str, outputs: list[Output] = IOS) -> BgpNeighbor:
    bgp = seen(outputs).bgp
    assert bgp is not None
    return next(n for n in bgp.neighbors if n.address == address)


def routes(outputs: list[Output] = IOS) -> dict[str, Route]:
    return {route.prefix: route for route in seen(outputs).routes or []}


def test_each_command_is_asked_once_for_all_views() -> None:
    assert commands("cisco_iosxe", ["bgp", "config"]) == ["show ip bgp neighbors", "show running-config"]


def test_all_views_of_a_whole_device_are_parsed() -> None:
    assert seen().status == dict.fromkeys(VIEWS, "parsed")


def test_a_session_is_joined_with_its_configuration() -> None:
    found = neighbor("10.0.45.2")
    assert (found.remote_as, found.session_state, found.established_for) == (65005, "established", 29 * 3600)
    assert (found.has_password, found.ebgp_multihop, found.maximum_prefix) == (True, 255, 500)
    assert (found.prefixes_received, found.prefixes_sent) == (7, 3)
    assert found.address_families == ["ipv4-unicast"]
    assert found.last_reset_reason == ""


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("00:18:02", 1082), ("1d05h", 104400), ("38w4d", 23328000), ("1y10w", 37584000), ("soon", None)],
)
def test_an_uptime_is_read_as_exactly_as_ios_tells_it(told: str, seconds: int | None) -> None:
    outputs = replaced("show ip bgp neighbors", NEIGHBORS.replace("1d05h", told))
    assert neighbor("10.0.45.2", outputs).established_for == seconds


def test_a_notification_has_its_rfc_name_and_an_asdot_number_is_read() -> None:
    found = neighbor("10.0.46.2")
    assert (found.last_error, found.enabled, found.session_state) == ("Bad Peer AS", False, "idle")
    assert found.remote_as == 65546


def test_a_neighbor_over_ipv6_is_known_by_its_one_spelling() -> None:
    found = neighbor("2001:db8::6")
    assert (found.session_state, found.address_families) == ("active", ["ipv6-unicast"])


def test_the_neighbors_of_a_vrf_are_not_the_default_tables() -> None:
    bgp = seen().bgp
    assert bgp is not None
    assert [n.address for n in bgp.neighbors] == ["10.0.45.2", "10.0.46.2", "2001:db8::6"]


def test_networks_have_a_prefix_length_by_mask_or_by_class() -> None:
    bgp = seen().bgp
    assert bgp is not None
    assert bgp.networks == ["10.255.0.4/32", "172.20.0.0/16"]


@pytest.mark.parametrize(
    ("line", "prefix"),
    [
        ("network 10.0.0.0", "10.0.0.0/8"),
        ("network 192.0.2.0", "192.0.2.0/24"),
        ("network 10.1.0.0 mask 255.255.0.0 route-map X", "10.1.0.0/16"),
        ("network 10.1.0.0 mask 1.2.3.4", "10.1.0.0 mask 1.2.3.4"),
        ("network 300.1.0.0", "300.1.0.0"),
        ("network here", "here"),
    ],
)
def test_a_network_line_is_read_as_ios_means_it(line: str, prefix: str) -> None:
    bgp = seen(replaced("show running-config", RUNNING.replace("network 172.20.0.0", line))).bgp
    assert bgp is not None
    assert bgp.networks[1] == prefix


def test_what_stands_in_a_banner_is_no_configuration() -> None:
    config = seen().config or []
    assert "router bgp 666" in [line.text for line in config if line.section == "banner motd"]
    assert "6.6.6.6" not in [n.address for n in (seen().bgp or Bgp()).neighbors]


def test_interfaces_have_both_states_addresses_and_errors() -> None:
    first, sub, down = seen().interfaces or []
    assert (first.enabled, first.oper_up, first.mtu, first.addresses) == (True, True, 1500, ["10.0.45.1/30"])
    assert (first.description, first.in_errors, first.out_errors) == ("to R5", 7, 1)
    assert (sub.name, sub.in_errors) == ("GigabitEthernet0/0.10", None)
    assert (down.enabled, down.oper_up, down.mtu) == (False, False, 9000)


def test_routes_have_their_mask_protocol_and_every_next_hop() -> None:
    found = routes()
    assert list(found) == ["0.0.0.0/0", "10.0.45.0/30", "10.0.45.1/32", "10.255.0.5/32", "10.255.0.6/32"]
    assert [found[p].protocol for p in found] == ["static", "connected", "local", "bgp", "ospf"]
    assert found["10.255.0.6/32"].next_hops == ["10.0.45.2", "10.0.46.2"]
    assert found["10.0.45.0/30"].interfaces == ["GigabitEthernet0/0"]


def test_a_route_is_quoted_by_its_own_line_even_when_another_length_shares_its_address() -> None:
    text = (
        ROUTES
        + "B        10.255.0.0/16 [20/0] via 10.0.45.2, 1d05h\nB        10.255.0.0/24 [20/0] via 10.0.45.2, 1d05h\n"
    )
    quote = routes(replaced("show ip route", text))["10.255.0.0/16"].quote
    assert quote is not None
    assert "10.255.0.0/16" in quote.text


@pytest.mark.parametrize(
    ("view", "command", "text", "status"),
    [
        ("interfaces", "show interfaces", "", "unparsed"),
        ("interfaces", "show interfaces", INVALID, "rejected"),
        ("interfaces", "show interfaces", INTERFACES[:-300], "unparsed"),
        ("interfaces", "show interfaces", INTERFACES.replace("  Encaps", LOG_LINE + "  Encaps", 1), "unparsed"),
        ("interfaces", "show interfaces", "lorem ipsum\n", "unparsed"),
        ("routes", "show ip route", "", "unparsed"),
        ("routes", "show ip route", "% Incomplete command.\n", "rejected"),
        ("routes", "show ip route", ROUTES[: ROUTES.index("S*")], "empty"),
        ("routes", "show ip route", ROUTES + LOG_LINE, "unparsed"),
        ("routes", "show ip route", ROUTES + "B    10.1.1.0/24 by carrier pigeon\n", "unparsed"),
        ("routes", "show ip route", ROUTES[:-40], "unparsed"),
        ("bgp", "show ip bgp neighbors", "", "unparsed"),
        ("bgp", "show ip bgp neighbors", INVALID, "rejected"),
        ("bgp", "show ip bgp neighbors", NEIGHBORS[:-20], "unparsed"),
        ("bgp", "show ip bgp neighbors", NEIGHBORS.replace("BGP state", "BGP condition", 1), "unparsed"),
        ("bgp", "show ip bgp neighbors", NEIGHBORS.replace("  Last read", LOG_LINE + "  Last read"), "unparsed"),
        ("bgp", "show running-config", RUNNING.replace("interface Loopback0", LOG_LINE + "interface Lo0"), "unparsed"),
        ("config", "show running-config", RUNNING[: RUNNING.index("^C\nline")] + "end\n", "unparsed"),
        ("config", "show running-config", "Command authorization failed.\n", "rejected"),
    ],
)
def test_what_is_not_understood_is_no_table(view: View, command: str, text: str, status: str) -> None:
    found = seen(replaced(command, text))
    assert found.status[view] == status
    assert getattr(found, view) == ([] if status == "empty" else None)


def test_no_bgp_at_all_is_empty() -> None:
    no_bgp = RUNNING[: RUNNING.index("router bgp")] + "end\n"
    outputs = [
        Output(command="show running-config", text=no_bgp),
        Output(command="show ip bgp neighbors", text="% BGP not active\n"),
    ]
    found = state("r4", "cisco_iosxe", ["bgp"], outputs)
    assert found.status == {"bgp": "empty"}
    assert found.bgp is not None


def test_what_the_session_distrusts_stays_distrusted() -> None:
    outputs = [Output(command=o.command, text=o.text, status="unparsed") for o in IOS]
    assert {o.status for o in judged("cisco_iosxe", outputs)} == {"unparsed"}


def test_an_answer_that_no_view_needs_keeps_its_status() -> None:
    assert judged("cisco_iosxe", [Output(command="show users", text="11:02")])[0].status == "parsed"


@settings(max_examples=40)
@given(st.data())
def test_an_answer_cut_inside_a_line_is_never_a_table_that_lacks_the_rest(data: st.DataObject) -> None:
    output = data.draw(st.sampled_from(IOS[1:3]))
    cut = data.draw(st.integers(0, len(output.text) - 40))
    found = seen(replaced(output.command, output.text[:cut]))
    if output.command == "show interfaces":
        rows, starts = found.interfaces, output.text[:cut].count(", line protocol")
        assert rows is None or len(rows) == starts
    else:
        assert found.bgp is None or output.text[:cut].count("BGP neighbor is") <= len(found.bgp.neighbors) + 1
