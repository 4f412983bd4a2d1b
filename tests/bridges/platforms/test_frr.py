"""FRR's answers become typed state."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nocmesh.errors import InvalidInputError
from nocmesh.messages.state import BgpNeighbor, DeviceState, Output, View
from nocmesh_bridges.platforms import commands, judged, platform, state

VIEWS: tuple[View, ...] = ("interfaces", "bgp", "routes", "config")
SAMPLES = Path(__file__).parent / "samples" / "frr"
FRR = [
    Output(command=command, text=(SAMPLES / f"{command.replace(' ', '_')}.txt").read_text())
    for command in ("show running-config", "show bgp neighbors json", "show interface json", "show ip route json")
]
FRR_RUNNING, FRR_NEIGHBORS, FRR_INTERFACES, FRR_ROUTES = (output.text for output in FRR)


def replaced(outputs: list[Output], command: str, text: str) -> list[Output]:
    return [Output(command=o.command, text=text if o.command == command else o.text) for o in outputs]


def seen(outputs: list[Output] = FRR) -> DeviceState:
    return state("r1", "frr", VIEWS, outputs)


def neighbor(address: str, outputs: list[Output] = FRR) -> BgpNeighbor:
    bgp = seen(outputs).bgp
    assert bgp is not None
    return next(n for n in bgp.neighbors if n.address == address)


def test_each_command_is_asked_once_for_all_views() -> None:
    assert commands("frr", VIEWS) == [
        "show interface json",
        "show bgp neighbors json",
        "show running-config",
        "show ip route json",
    ]


def test_all_views_of_a_whole_device_are_parsed() -> None:
    assert seen().status == dict.fromkeys(VIEWS, "parsed")


def test_a_session_is_joined_with_its_configuration() -> None:
    found = neighbor("10.0.12.2")
    assert (found.remote_as, found.session_state, found.established_for) == (65002, "established", 1082)
    assert (found.has_password, found.update_source, found.maximum_prefix) == (True, "10.0.12.1", 100)
    assert (found.prefixes_received, found.prefixes_sent) == (13, 3)
    assert found.address_families == ["ipv4-unicast", "ipv6-unicast"]
    assert '"remoteAs":65002' in [quote.text for quote in found.quotes]
    assert "neighbor 10.0.12.2 remote-as 65002" in [quote.text for quote in found.quotes]


def test_the_families_of_a_session_that_nothing_configures_are_its_own() -> None:
    families = '"addressFamilyInfo":{"l2VpnEvpn":{},"ipv4Other":{}},"bgpState":"Clearing"'
    text = FRR_NEIGHBORS.replace('"bgpState":"Clearing"', families)
    assert neighbor("10.0.77.2", replaced(FRR, "show bgp neighbors json", text)).address_families == [
        "ipv4Other",
        "l2vpn-evpn",
    ]


def test_no_quote_shows_what_follows_the_word_password() -> None:
    open_text = FRR_RUNNING.replace("<redacted>", "hunter2")
    found = neighbor("10.0.12.2", replaced(FRR, "show running-config", open_text)).quotes
    assert "neighbor 10.0.12.2 password" in [quote.text for quote in found]
    assert not [quote for quote in found if "hunter2" in quote.text]


def test_a_shut_down_neighbor_tells_its_last_notification_by_its_rfc_name() -> None:
    found = neighbor("10.0.13.2")
    assert (found.enabled, found.session_state, found.last_error) == (False, "idle", "Bad Peer AS")
    assert '"lastNotificationReason":"OPEN Message Error\\/Bad Peer AS"' in [quote.text for quote in found.quotes]


def test_a_configured_neighbor_without_a_session_is_unknown_not_missing() -> None:
    found = neighbor("10.0.14.2")
    assert (found.session_state, found.remote_as, found.address_families) == ("unknown", 65001, [])


def test_a_neighbor_inherits_from_its_peer_group_which_is_no_neighbor() -> None:
    bgp = seen().bgp
    assert bgp is not None
    assert neighbor("10.0.15.2").ebgp_multihop == 4
    assert "FABRIC" not in [n.address for n in bgp.neighbors]


def test_an_unnumbered_neighbor_is_known_by_its_interface() -> None:
    assert neighbor("r1-e9").remote_as == 65009


def test_a_shutdown_by_round_trip_time_is_no_shutdown() -> None:
    assert neighbor("10.0.16.2").enabled is True


def test_a_session_that_nothing_configures_is_kept_with_an_unknown_state() -> None:
    found = neighbor("10.0.77.2")
    assert (found.session_state, found.remote_as) == ("unknown", None)


def test_the_process_has_its_networks_and_not_those_of_another_vrf() -> None:
    bgp = seen().bgp
    assert bgp is not None
    assert (bgp.asn, bgp.router_id) == (65001, "10.255.0.1")
    assert bgp.networks == ["10.255.0.1/32", "10.99.0.0/24"]
    assert "10.7.7.7" not in [n.address for n in bgp.neighbors]


def test_a_router_id_that_is_not_configured_is_taken_from_the_sessions() -> None:
    text = FRR_RUNNING.replace(" bgp router-id 10.255.0.1\n", "")
    bgp = seen(replaced(FRR, "show running-config", text)).bgp
    assert bgp is not None
    assert bgp.router_id == "10.255.0.1"


@pytest.mark.parametrize(
    ("line", "enabled", "families"),
    [
        (" bgp shutdown\n", False, ["ipv4-unicast", "ipv6-unicast"]),
        (" no bgp default ipv4-unicast\n", True, ["ipv6-unicast"]),
    ],
)
def test_a_line_for_all_neighbors_reaches_each(line: str, enabled: bool, families: list[str]) -> None:
    text = FRR_RUNNING.replace(" bgp router-id 10.255.0.1\n", line)
    found = neighbor("10.0.12.2", replaced(FRR, "show running-config", text))
    assert (found.enabled, found.address_families) == (enabled, families)


def test_interfaces_have_both_states_addresses_and_errors() -> None:
    interfaces = {i.name: i for i in seen().interfaces or []}
    first = interfaces["r1-e0"]
    assert (first.enabled, first.oper_up, first.mtu, first.in_errors, first.out_errors) == (True, True, 1500, 4, 2)
    assert (first.addresses, first.description) == (["10.0.12.1/30", "fe80::1/64"], "to r2")
    assert (interfaces["r1-e1"].enabled, interfaces["r1-e1"].oper_up) == (False, False)
    assert interfaces["r1-e1"].description == "spare"
    assert interfaces["r1-e2"].oper_up is True
    assert interfaces["r1-e3"].oper_up is None


def test_an_interface_is_quoted_with_its_name() -> None:
    first = (seen().interfaces or [])[0]
    assert first.quote is not None
    assert first.quote.text.startswith('"r1-e0":{')
    assert first.quote.text.endswith('"operationalStatus":"up"')


def test_a_quote_of_a_long_entry_is_the_state_alone() -> None:
    far = FRR_INTERFACES.replace('"administrativeStatus":"up",', f'"x":"{"y" * 500}","administrativeStatus":"up",', 1)
    first = (seen(replaced(FRR, "show interface json", far)).interfaces or [])[0]
    assert first.quote is not None
    assert first.quote.text == '"operationalStatus":"up"'


def test_routes_in_use_have_the_next_hops_in_use() -> None:
    routes = {r.prefix: r for r in seen().routes or [] if r.selected}
    assert list(routes) == ["10.0.12.0/30", "10.255.0.2/32", "192.0.2.0/24"]
    assert (routes["10.255.0.2/32"].protocol, routes["10.255.0.2/32"].next_hops) == ("bgp", ["10.0.12.2"])
    assert routes["10.0.12.0/30"].interfaces == ["r1-e0"]
    assert routes["192.0.2.0/24"].interfaces == ["Null0"]


@pytest.mark.parametrize(
    ("view", "command", "text", "status"),
    [
        ("interfaces", "show interface json", "{}\n", "empty"),
        ("routes", "show ip route json", "{}\n", "empty"),
        ("routes", "show ip route json", "", "unparsed"),
        ("routes", "show ip route json", "[]", "unparsed"),
        ("routes", "show ip route json", '{"10.0.0.0/8":[{}]}', "unparsed"),
        ("routes", "show ip route json", FRR_ROUTES[:-40], "unparsed"),
        ("routes", "show ip route json", FRR_ROUTES + "r1# ", "unparsed"),
        ("routes", "show ip route json", "{" * 100_000, "unparsed"),
        ("routes", "show ip route json", '{"a":' * 100_000, "unparsed"),
        ("routes", "show ip route json", '{"a":NaN}', "unparsed"),
        ("interfaces", "show interface json", '{"warning":"busy"}', "unparsed"),
        ("interfaces", "show interface json", FRR_INTERFACES.replace('"mtu"', "\nReboot in 5 minutes!\n"), "unparsed"),
        ("bgp", "show bgp neighbors json", "% Unknown command: show bgp neighbors json\n", "rejected"),
        ("bgp", "show bgp neighbors json", "bgpd is not running\n", "rejected"),
        ("bgp", "show bgp neighbors json", FRR_NEIGHBORS[:300], "unparsed"),
        ("bgp", "show running-config", "% Command incomplete: show\n", "rejected"),
        ("config", "show running-config", FRR_RUNNING.removesuffix("end\n"), "unparsed"),
        ("config", "show running-config", "lorem ipsum\nend\n", "unparsed"),
    ],
)
def test_what_is_not_understood_is_no_table(view: View, command: str, text: str, status: str) -> None:
    found = seen(replaced(FRR, command, text))
    assert found.status[view] == status
    value = getattr(found, view)
    assert value == [] if status == "empty" else value is None


def test_a_view_that_nobody_asked_for_is_unparsed() -> None:
    assert state("r1", "frr", ["bgp"], FRR[:1]).status == {"bgp": "unparsed"}


def test_no_bgp_at_all_is_empty() -> None:
    outputs = replaced(FRR, "show bgp neighbors json", "{}\n")
    text = FRR_RUNNING[: FRR_RUNNING.index("router bgp")] + "end\n"
    found = seen(replaced(outputs, "show running-config", text))
    assert found.status["bgp"] == "empty"
    assert found.bgp is not None
    assert found.bgp.neighbors == []


def test_neighbors_of_a_process_without_sessions_are_those_of_its_configuration() -> None:
    found = seen(replaced(FRR, "show bgp neighbors json", "{}\n"))
    assert found.status["bgp"] == "parsed"
    assert neighbor("10.0.12.2", replaced(FRR, "show bgp neighbors json", "{}\n")).session_state == "unknown"


def test_what_the_session_distrusts_stays_distrusted() -> None:
    outputs = [Output(command=o.command, text=o.text, status="unparsed") for o in FRR]
    assert set(seen(outputs).status.values()) == {"unparsed"}
    assert {o.status for o in judged("frr", outputs)} == {"unparsed"}


def test_each_answer_gets_its_own_verdict() -> None:
    outputs = [
        *FRR,
        Output(command="show version", text="FRRouting 8.4.4 (r1) on Linux(6.1)."),
        Output(command="show x", text="% Unknown command: x"),
    ]
    assert [o.status for o in judged("frr", outputs)] == ["parsed"] * 5 + ["rejected"]


def test_an_unknown_platform_or_view_names_what_is_known() -> None:
    with pytest.raises(InvalidInputError, match="cisco_iosxe"):
        platform("vyos")
    with pytest.raises(InvalidInputError, match="interfaces"):
        commands("frr", ["lldp"])  # type: ignore[list-item]


@given(st.data())
def test_a_cut_or_altered_answer_is_never_a_smaller_table(data: st.DataObject) -> None:
    output = data.draw(st.sampled_from(FRR[1:]))
    cut = data.draw(st.integers(0, len(output.text.rstrip()) - 1))
    found = seen(replaced(FRR, output.command, output.text[:cut]))
    view: View = {FRR[1].command: "bgp", FRR[2].command: "interfaces", FRR[3].command: "routes"}[output.command]  # type: ignore[assignment]
    assert found.status[view] == "unparsed"
    assert getattr(found, view) is None


@settings(max_examples=30)
@given(st.text(max_size=200))
def test_any_text_is_answered_with_a_status(text: str) -> None:
    for output in FRR:
        for name in ("frr", "cisco_iosxe"):
            found = state("r1", name, VIEWS, replaced(FRR, output.command, text))
            assert set(found.status.values()) <= {"parsed", "empty", "unparsed", "rejected"}
