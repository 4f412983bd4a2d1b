"""The source `snmp`: what each standard trap is as an alert, and which two traps belong to one trouble."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.alerting import sources
from nocmesh.errors import InvalidInputError, NotFoundError
from nocmesh.messages.alert import Alert
from nocmesh.messages.trap import Bound, Traps, TrapSeen

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)
SNMP = "1.3.6.1.6.3.1.1.5"
IF = "1.3.6.1.2.1.2.2.1"
BGP, OSPF = "1.3.6.1.2.1.15", "1.3.6.1.2.1.14"


def alert(trap: str, *binds: tuple[str, str], **more: Any) -> Alert:
    varbinds = [Bound(oid=oid, kind="INTEGER", value=value) for oid, value in binds]
    told = {"device": "r1", "source": "192.0.2.1", "version": "2c", "trap": trap, "at": AT, **more}
    one = TrapSeen(**told, varbinds=varbinds)
    [found] = sources.parse("snmp", Traps(traps=[one]).to_json(), LATER)
    return found


def test_a_link_that_goes_down_is_an_alert_and_one_that_comes_up_ends_it() -> None:
    down = alert(f"{SNMP}.3", (f"{IF}.1.7", "7"), (f"{IF}.8.7", "2"), interface="ge-0/0/1", alias="to r2")
    up = alert(f"{SNMP}.4", (f"{IF}.1.7", "7"))
    assert (down.name, down.status, down.severity, down.device) == ("InterfaceDown", "firing", "critical", "r1")
    assert down.summary == "ge-0/0/1 (to r2) of r1 is down"
    assert down.labels["interface"] == "ge-0/0/1"
    assert (down.starts_at, down.ends_at, down.received_at) == (AT, None, LATER)
    assert (up.alert_id, up.status, up.starts_at, up.ends_at) == (down.alert_id, "resolved", None, AT)


def test_an_interface_without_a_name_is_its_number_and_without_one_is_told_by_another_column() -> None:
    named = alert(f"{SNMP}.3", (f"{IF}.1.7", "7"))
    other = alert(f"{SNMP}.3", (f"{IF}.8.7", "2"))
    assert named.summary == "ifIndex 7 of r1 is down"
    assert named.alert_id == other.alert_id


@pytest.mark.parametrize("rows", ["15.0", "15.7"], ids=["RFC 4273", "RFC 1657"])
def test_a_bgp_session_is_told_by_its_peer(rows: str) -> None:
    bind = (f"{BGP}.3.1.2.10.0.12.2", "1")
    down, up = alert(f"1.3.6.1.2.1.{rows}.2", bind), alert(f"1.3.6.1.2.1.{rows}.1", bind)
    assert (down.name, down.labels["neighbor"]) == ("BgpSessionDown", "10.0.12.2")
    assert (up.status, up.alert_id) == ("resolved", down.alert_id)
    assert down.summary == "the BGP session of r1 to 10.0.12.2 is no longer established"
    assert alert(f"{BGP}.0.2", (f"{BGP}.3.1.2.10.0.13.2", "1")).alert_id != down.alert_id


@pytest.mark.parametrize(
    ("state", "status", "word"),
    [("1", "firing", "down"), ("3", "firing", "init"), ("4", "resolved", "twoWay"), ("8", "resolved", "full")],
)
def test_an_ospf_neighbours_state_says_whether_it_is_well(state: str, status: str, word: str) -> None:
    binds = ((f"{OSPF}.10.1.3.10.0.12.2.0", "10.255.0.2"), (f"{OSPF}.10.1.6.10.0.12.2.0", state))
    found = alert(f"{OSPF}.16.2.2", *binds)
    assert (found.name, found.status, found.labels["neighbor"]) == ("OspfNeighborDown", status, "10.0.12.2")
    assert (found.labels["neighbor_id"], found.labels["state"]) == ("10.255.0.2", word)


def test_unnumbered_ospf_neighbours_are_told_apart() -> None:
    one, other = (alert(f"{OSPF}.16.2.2", (f"{OSPF}.10.1.6.0.0.0.0.{index}", "1")) for index in (3, 4))
    assert one.alert_id != other.alert_id


@pytest.mark.parametrize(("number", "word"), [(1, "coldStart"), (2, "warmStart")])
def test_a_device_that_started_anew_is_one_trouble_whichever_way(number: int, word: str) -> None:
    found = alert(f"{SNMP}.{number}")
    assert (found.name, word in found.summary) == ("DeviceRestarted", True)
    assert found.alert_id == alert(f"{SNMP}.1").alert_id


def test_any_other_trap_is_an_alert_with_its_variables_and_its_own_id() -> None:
    trap = "1.3.6.1.4.1.9.9.43.2.0.1"
    found = alert(trap, ("1.3.6.1.4.1.9.9.43.1.1.6.1.3.5", "1"))
    assert (found.name, found.severity, found.labels["trap"]) == ("SnmpTrap", "warning", trap)
    assert "1.3.6.1.4.1.9.9.43.1.1.6.1.3.5 = INTEGER: 1" in found.description
    assert found.alert_id == alert(trap, ("1.3.6.1.4.1.9.9.43.1.1.6.1.3.5", "2")).alert_id
    assert found.alert_id != alert(trap, ("1.3.6.1.4.1.9.9.43.1.1.6.1.3.6", "1")).alert_id
    assert found.alert_id != alert(trap, ("1.3.6.1.4.1.9.9.43.1.1.6.1.3.5", "1"), device="r2").alert_id


def test_repeats_are_told_with_their_number() -> None:
    assert alert(f"{SNMP}.1", count=37).description.startswith("37 times")


def test_no_webhook_speaks_for_traps() -> None:
    assert "snmp" not in sources.WEBHOOKS
    with pytest.raises(NotFoundError):
        sources.parse("snmptrap", b"{}", AT)


WRONG: list[Any] = [{}, [], {"traps": []}, {"traps": [{}]}, {"traps": [{"device": 1}]}, {"traps": "all"}, None]


@pytest.mark.parametrize("body", [*map(json.dumps, WRONG), "{", "\xff", '{"traps": NaN}'])
def test_what_is_no_body_of_ours_is_refused_with_its_field(body: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        sources.parse("snmp", body.encode("latin-1"), AT)
    assert refused.value.field


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40), st.text(max_size=5000))
def test_whatever_a_device_says_an_alert_can_be_kept(trap: str, oid: str, device: str, value: str) -> None:
    try:
        found = alert(trap, (oid, value), device=device, interface=value)
    except InvalidInputError:
        return
    assert "\x00" not in found.to_json().decode()


@given(st.binary(max_size=300))
def test_hostile_bodies_are_refused(body: bytes) -> None:
    with pytest.raises(InvalidInputError):
        sources.parse("snmp", body, AT)
