"""Rows to typed state: the lines are what FRRouting and net-snmp answered, each fact has its quote."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.errors import GuardError, InvalidInputError
from nocmesh.log import logger
from nocmesh.messages.agent import ToolReply, ToolRequest
from nocmesh.messages.state import DeviceState, Output
from nocmesh.network import Device, Network
from nocmesh_bridges.snmp import value as v
from nocmesh_bridges.snmp.asking import Walked
from nocmesh_bridges.snmp.oids import TABLES, checked
from nocmesh_bridges.snmp.query import Querier
from nocmesh_bridges.snmp.target import Target
from nocmesh_bridges.snmp.value import Value, VarBind

R1 = Device(name="r1", platform="frr", address="192.0.2.1")
V6 = "2.16.32.1.13.184.0.0.0.0.0.0.0.0.0.0.0"
ROUTER = f"""
1.3.6.1.2.1.1.1.0 = STRING: FRRouting 8.4.4
1.3.6.1.2.1.1.3.0 = Timeticks: 363
1.3.6.1.2.1.1.5.0 = STRING: r1
1.3.6.1.2.1.25.1.1.0 = Timeticks: 2360676
1.3.6.1.2.1.2.1.0 = INTEGER: 2
1.3.6.1.2.1.4.1.0 = INTEGER: 1
1.3.6.1.2.1.2.2.1.2.1 = STRING: lo
1.3.6.1.2.1.2.2.1.2.3 = STRING: r1-e0
1.3.6.1.2.1.2.2.1.3.1 = INTEGER: 24
1.3.6.1.2.1.2.2.1.3.3 = INTEGER: 6
1.3.6.1.2.1.2.2.1.4.3 = INTEGER: 1500
1.3.6.1.2.1.2.2.1.5.3 = Gauge32: 4294967295
1.3.6.1.2.1.2.2.1.6.3 = Hex-STRING: 02 4e 00 00 00 00
1.3.6.1.2.1.2.2.1.7.1 = INTEGER: 1
1.3.6.1.2.1.2.2.1.7.3 = INTEGER: 1
1.3.6.1.2.1.2.2.1.8.1 = INTEGER: 1
1.3.6.1.2.1.2.2.1.8.3 = INTEGER: 2
1.3.6.1.2.1.2.2.1.14.3 = Counter32: 7
1.3.6.1.2.1.31.1.1.1.15.3 = Gauge32: 10000
1.3.6.1.2.1.31.1.1.1.18.3 = STRING: to r2
1.3.6.1.2.1.4.20.1.2.10.0.0.1 = INTEGER: 3
1.3.6.1.2.1.4.20.1.2.10.255.0.1 = INTEGER: 1
1.3.6.1.2.1.4.20.1.3.10.0.0.1 = IpAddress: 255.255.255.252
1.3.6.1.2.1.4.20.1.3.10.255.0.1 = IpAddress: 255.255.255.255
1.3.6.1.2.1.4.34.1.3.1.4.10.0.0.1 = INTEGER: 3
1.3.6.1.2.1.4.34.1.3.1.4.10.0.0.3 = INTEGER: 3
1.3.6.1.2.1.4.34.1.3.{V6}.1 = INTEGER: 3
1.3.6.1.2.1.4.34.1.4.1.4.10.0.0.1 = INTEGER: 1
1.3.6.1.2.1.4.34.1.4.1.4.10.0.0.3 = INTEGER: 3
1.3.6.1.2.1.4.34.1.5.1.4.10.0.0.1 = OID: 1.3.6.1.2.1.4.32.1.5.3.1.4.10.0.0.0.30
1.3.6.1.2.1.4.34.1.5.{V6}.1 = OID: 1.3.6.1.2.1.4.32.1.5.3.{V6}.0.64
1.3.6.1.2.1.15.2.0 = INTEGER: 65001
1.3.6.1.2.1.15.4.0 = IpAddress: 10.255.0.1
1.3.6.1.2.1.15.3.1.2.10.0.0.2 = INTEGER: 6
1.3.6.1.2.1.15.3.1.2.10.0.0.6 = INTEGER: 3
1.3.6.1.2.1.15.3.1.3.10.0.0.2 = INTEGER: 2
1.3.6.1.2.1.15.3.1.3.10.0.0.6 = INTEGER: 2
1.3.6.1.2.1.15.3.1.9.10.0.0.2 = INTEGER: 65002
1.3.6.1.2.1.15.3.1.9.10.0.0.6 = INTEGER: 65003
1.3.6.1.2.1.15.3.1.14.10.0.0.2 = Hex-STRING: 00 00
1.3.6.1.2.1.15.3.1.14.10.0.0.6 = Hex-STRING: 02 02
1.3.6.1.2.1.15.3.1.16.10.0.0.2 = Gauge32: 30
1.3.6.1.2.1.15.3.1.16.10.0.0.6 = Gauge32: 4
1.3.6.1.2.1.14.1.1.0 = IpAddress: 10.255.0.1
1.3.6.1.2.1.14.1.2.0 = INTEGER: 1
1.3.6.1.2.1.14.10.1.3.10.0.0.2.0 = IpAddress: 10.255.0.2
1.3.6.1.2.1.14.10.1.6.10.0.0.2.0 = INTEGER: 8
"""


def bind_of(line: str) -> VarBind:
    oid, _, rest = line.partition(" = ")
    kind, _, shown = rest.partition(": ")
    if kind in v.NUMBERS:
        return VarBind(oid, Value(kind, int(shown)))
    if kind == v.IP_ADDRESS:
        return VarBind(oid, Value(kind, bytes(int(octet) for octet in shown.split("."))))
    if kind == "Hex-STRING":
        return VarBind(oid, Value(v.STRING, bytes.fromhex(shown)))
    return VarBind(oid, Value(kind, shown if kind == v.OID else shown.encode()))


class Recorded:
    """Answers from lines."""

    def __init__(self, lines: str, most: int = 10_000) -> None:
        self.binds = [bind_of(line) for line in lines.strip().splitlines()]
        self.most = most

    async def get(self, _target: Target, oids: list[str]) -> list[VarBind]:
        known = {bind.oid: bind for bind in self.binds}
        return [known.get(oid, VarBind(oid, Value(v.NO_SUCH_OBJECT, None))) for oid in oids]

    async def walk(self, _target: Target, root: str, *, most: int = 0) -> Walked:
        found = [bind for bind in self.binds if bind.oid.startswith(f"{root}.")]
        return Walked(found[: self.most], len(found) <= self.most)


async def called(lines: str, most: int = 10_000, **arguments: object) -> ToolReply:
    targets = {"r1": Target(name="r1", host="192.0.2.1")}
    querier = Querier(Recorded(lines, most), Network(devices=[R1]), targets, logger(role="snmp"))  # type: ignore[arg-type]
    return await querier.call(ToolRequest(tool="snmp_query", call_id="1", arguments={"device": "r1", **arguments}))


async def read(table: str, lines: str = ROUTER) -> DeviceState:
    reply = await called(lines, table=table)
    assert reply.status == "ok", reply.error
    return msgspec.convert(reply.content["state"], DeviceState)


async def test_the_system() -> None:
    system = (await read("system")).system
    assert system is not None
    assert (system.hostname, system.version, system.ip_forwarding) == ("r1", "FRRouting 8.4.4", True)
    assert system.uptime_seconds == 23606  # the host's, not that of its agent


async def test_interfaces() -> None:
    lo, port = (await read("interfaces")).interfaces or []
    assert (lo.name, lo.kind, lo.enabled, lo.oper_up, lo.mtu) == ("lo", "loopback", True, True, None)
    assert (port.name, port.kind, port.enabled, port.oper_up) == ("r1-e0", "ethernet", True, False)
    assert (port.mtu, port.speed_mbps, port.mac, port.description) == (1500, 10_000, "02:4e:00:00:00:00", "to r2")
    assert (port.in_errors, port.out_errors) == (7, None)


async def test_addresses_with_the_right_prefix_and_no_broadcast() -> None:
    found = {one.name: one.addresses for one in (await read("ip_addresses")).interfaces or []}
    assert found == {"r1-e0": ["10.0.0.1/30", "2001:db8::1/64"], "lo": ["10.255.0.1/32"]}


async def test_addresses_of_a_device_without_the_older_table() -> None:
    lines = "\n".join(line for line in ROUTER.splitlines() if ".4.20.1." not in line)
    found = {one.name: one.addresses for one in (await read("ip_addresses", lines)).interfaces or []}
    assert found == {"r1-e0": ["10.0.0.1/30", "2001:db8::1/64"]}


async def test_bgp_peers() -> None:
    bgp = (await read("bgp_peers")).bgp
    assert bgp is not None
    assert (bgp.asn, bgp.router_id) == (65001, "10.255.0.1")
    well, ill = bgp.neighbors
    assert (well.address, well.remote_as, well.session_state, well.established_for) == (
        "10.0.0.2",
        65002,
        "established",
        30,
    )
    assert (ill.session_state, ill.last_error, ill.established_for, ill.enabled) == (
        "active",
        "Bad Peer AS",
        None,
        True,
    )
    assert well.last_error == ""


async def test_ospf_neighbors() -> None:
    ospf = (await read("ospf_neighbors")).ospf
    assert ospf is not None
    [one] = ospf.neighbors
    assert (one.router_id, one.address, one.state) == ("10.255.0.2", "10.0.0.2", "full")


@pytest.mark.parametrize("table", TABLES)
async def test_every_quote_stands_letter_for_letter_in_the_output_that_it_names(table: str) -> None:
    reply = await called(ROUTER, table=table)
    outputs = {one.command: one for one in msgspec.convert(reply.content["outputs"], list[Output])}
    quotes = list(quotes_in(reply.content["state"]))
    assert quotes
    for quote in quotes:
        assert quote["text"] in outputs[quote["command"]].text.splitlines()


def quotes_in(value: object) -> list[dict[str, str]]:
    if isinstance(value, dict):
        if value.keys() == {"command", "text"}:
            return [value]
        return [quote for each in value.values() for quote in quotes_in(each)]
    return [quote for each in value for quote in quotes_in(each)] if isinstance(value, list) else []


@pytest.mark.parametrize("table", TABLES)
async def test_a_device_that_does_not_know_the_mib_is_told_from_one_that_has_no_rows(table: str) -> None:
    assert set((await read(table, "1.3.6.1.2.1.99.1.0 = INTEGER: 1")).status.values()) == {"rejected"}


async def test_a_device_without_interfaces_has_none() -> None:
    state = await read("interfaces", "1.3.6.1.2.1.2.1.0 = INTEGER: 0")
    assert (state.interfaces, state.status) == ([], {"interfaces": "empty"})


async def test_a_part_of_a_table_is_no_table() -> None:
    reply = await called(ROUTER, 1, table="interfaces")
    assert reply.status == "error"
    assert "a part of them would look like all" in reply.error


async def test_a_part_of_a_walk_says_so() -> None:
    reply = await called(ROUTER, 1, oid="1.3.6.1.2.1.2.2.1.2", operation="walk")
    assert (reply.content["complete"], "cut off" in reply.content["note"]) == (False, True)


@pytest.mark.parametrize("column", ["1.3.6.1.2.1.14.7.1.16", "1.3.6.1.2.1.23.3.1.5"])
async def test_a_column_that_may_hold_a_secret_is_not_shown(column: str) -> None:
    lines = f"{column}.10.0.0.1.0 = STRING: hunter2"
    above = await called(lines, oid=column.rpartition(".")[0], operation="walk")
    assert above.status == "ok"
    assert "(not shown)" in str(above.content)
    assert "hunter2" not in str(above.content)
    assert (await called(lines, oid=f"{column}.10.0.0.1.0", operation="get")).status == "refused"
    assert "hunter2" not in str(await called(lines, oid=column, operation="walk"))


@pytest.mark.parametrize("oid", ["1.3.6.1.6.3.15.1.2.2", "1.3.6.1.6.3.18.1", "1.3.6.1", "1.3.6.1.2", "1.3.6.1.2.10.1"])
def test_what_is_not_allowed_is_refused(oid: str) -> None:
    with pytest.raises(GuardError):
        checked(oid)


@given(st.text(max_size=60))
def test_whatever_is_asked_is_an_oid_under_an_allowed_root_or_refused(text: str) -> None:
    try:
        assert checked(text).startswith("1.")
    except (GuardError, InvalidInputError):
        return
