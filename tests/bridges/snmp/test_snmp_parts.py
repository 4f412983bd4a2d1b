"""What the bridge is made of beside its protocols: senders, identity, keys, names of interfaces."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nocmesh.errors import DeviceSilentError, PreconditionError
from nocmesh.log import logger
from nocmesh.messages.trap import Bound, TrapSeen
from nocmesh.network import Device, IntendedInterface
from nocmesh.settings import Address
from nocmesh_bridges.snmp import naming
from nocmesh_bridges.snmp import value as v
from nocmesh_bridges.snmp.identity import FILE, identity
from nocmesh_bridges.snmp.inbox import Inbox
from nocmesh_bridges.snmp.naming import Namer
from nocmesh_bridges.snmp.senders import Senders
from nocmesh_bridges.snmp.target import Target
from nocmesh_bridges.snmp.usm import localized, master_key
from nocmesh_bridges.snmp.value import Value, VarBind

PORTS = [IntendedInterface(name="lo", addresses=["10.255.0.1/32", "2001:db8::1/128"])]
R1 = Device(
    name="r1", platform="frr", address="192.0.2.1", aliases=["198.51.100.1", "R1.example.net"], interfaces=PORTS
)


@pytest.mark.parametrize(
    ("source", "agent", "device"),
    [
        ("192.0.2.1", "", "r1"),
        ("::ffff:192.0.2.1", "", "r1"),
        ("10.255.0.1", "", "r1"),
        ("2001:DB8:0::1", "", "r1"),
        ("198.51.100.1", "", "r1"),
        ("203.0.113.9", "10.255.0.1", "r1"),
        ("192.0.2.1", "0.0.0.0", "r1"),
        ("203.0.113.9", "172.16.0.1", "203.0.113.9"),
        ("fe80::1%eth0", "", "fe80::1"),
    ],
)
def test_a_sender_is_found_by_every_address_that_it_has(source: str, agent: str, device: str) -> None:
    assert Senders([R1]).device(source, agent) == device


def test_an_engine_keeps_its_id_and_counts_its_starts(tmp_path: Path) -> None:
    first, again = identity(tmp_path / "data"), identity(tmp_path / "data")
    assert first[0] == again[0]
    assert 5 <= len(first[0]) <= 32
    assert (first[1], again[1]) == (1, 2)


def test_a_broken_identity_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("no id")
    with pytest.raises(PreconditionError, match="remove it, and a new one is made"):
        identity(tmp_path)


def test_keys_are_those_of_the_rfcs_examples() -> None:
    """RFC 3414 §A.3.2."""
    engine_id = bytes.fromhex("000000000000000000000002")
    master = master_key("maplesyrup", "sha")
    assert master.hex() == "9fb5cc0381497b3793528939ff788d5d79145211"
    assert localized(master, "sha", engine_id).hex() == "6695febc9288e36282235fc7151f128497b38f3f"


async def test_an_address_that_is_taken_is_told() -> None:
    one = Inbox.open(Address("127.0.0.1", 0))
    with pytest.raises(PreconditionError, match=r"cannot listen on .*choose a free port"):
        Inbox.open(Address("127.0.0.1", one.port))
    one.close()


class Answering:
    """A device that answers, or not; how often it was asked."""

    def __init__(self, *words: str) -> None:
        self.words = words
        self.asked = 0

    async def get(self, _target: Target, oids: Sequence[str]) -> list[VarBind]:
        self.asked += 1
        if not self.words:
            raise DeviceSilentError("r1 does not answer", device="r1")
        return [VarBind(oid, Value(v.STRING, word.encode())) for oid, word in zip(oids, self.words, strict=True)]


def down(*binds: tuple[str, str], trap: str = "1.3.6.1.6.3.1.1.5.3") -> TrapSeen:
    bound = [Bound(oid=oid, kind="STRING", value=value) for oid, value in binds]
    at = datetime(2026, 3, 1, tzinfo=UTC)
    return TrapSeen(device="r1", source="192.0.2.1", version="2c", trap=trap, varbinds=bound, at=at)


INDEX = ("1.3.6.1.2.1.2.2.1.1.7", "7")


def namer(device: Answering) -> Namer:
    return Namer(device, {"r1": Target(name="r1", host="192.0.2.1")}, logger(role="snmp"))  # type: ignore[arg-type]


async def test_an_interfaces_names_are_asked_once_for_many_traps() -> None:
    device = Answering("ge-0/0/1", "Gigabit", "to r2")
    names = namer(device)
    for _ in range(3):
        for one in await names.named([down(INDEX), down(INDEX)]):
            assert (one.interface, one.description, one.alias) == ("ge-0/0/1", "Gigabit", "to r2")
    assert device.asked == 1


async def test_a_trap_that_names_its_interface_needs_no_asking() -> None:
    device = Answering()
    [one] = await namer(device).named([down(INDEX, ("1.3.6.1.2.1.31.1.1.1.1.7", "xe-1"))])
    assert (one.interface, device.asked) == ("xe-1", 0)


async def test_a_device_that_does_not_answer_is_left_alone_for_a_while() -> None:
    device = Answering()
    names = namer(device)
    for _ in range(3):
        [one] = await names.named([down(INDEX)])
        assert one.interface == ""
    assert device.asked == 1


async def test_traps_about_other_things_and_of_strangers_are_not_asked_about() -> None:
    device = Answering("x", "y", "z")
    cold = down(trap="1.3.6.1.6.3.1.1.5.1")
    stranger = down(("1.3.6.1.2.1.2.2.1.1.7", "not a number"))
    assert await namer(device).named([cold, stranger]) == [cold, stranger]
    assert device.asked == 0


async def test_a_device_that_hangs_delays_an_alert_no_longer_than_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(naming, "PATIENCE", 0.05)

    class Hanging(Answering):
        async def get(self, _target: Target, oids: Sequence[str]) -> list[VarBind]:
            await asyncio.Event().wait()
            return []

    async with asyncio.timeout(5):
        [one] = await namer(Hanging()).named([down(INDEX)])
    assert one.interface == ""
