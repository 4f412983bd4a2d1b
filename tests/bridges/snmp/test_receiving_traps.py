"""Traps and informs from net-snmp's own senders and raw sockets, to the bodies that the stream gets."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from bridges.snmp.agents import AUTH, PRIVACY, THIRD, Sender, nina
from bridges.snmp.messages import discovery, inform, trap

from nocmesh.clock import SystemClock
from nocmesh.errors import OutcomeUnknownError
from nocmesh.log import logger
from nocmesh.messages.trap import Traps, TrapSeen
from nocmesh.network import Device, IntendedInterface
from nocmesh.proving.broker import eventually
from nocmesh.settings import Address
from nocmesh_bridges.snmp import receiver as receiver_module
from nocmesh_bridges.snmp.engine import Engine
from nocmesh_bridges.snmp.hearing import Ears
from nocmesh_bridges.snmp.inbox import Inbox
from nocmesh_bridges.snmp.pending import Pending
from nocmesh_bridges.snmp.receiver import Receiver
from nocmesh_bridges.snmp.senders import Senders

pytestmark = pytest.mark.real
LINK_DOWN, LINK_UP, COLD_START = (f"1.3.6.1.6.3.1.1.5.{number}" for number in (3, 4, 1))
IF_INDEX = "1.3.6.1.2.1.2.2.1.1"
PROTECTED = ("-l", "authPriv", "-a", "SHA-256", "-x", "AES")
R1 = Device(name="r1", platform="frr", address="127.0.0.1")
R7 = Device(
    name="r7", platform="frr", address="192.0.2.7", interfaces=[IntendedInterface(name="lo", addresses=["10.0.0.7/32"])]
)


class NoNames:
    async def named(self, seen: Sequence[TrapSeen]) -> list[TrapSeen]:
        return list(seen)


class Hearing:
    """A receiver on a free port, whose stream is a list."""

    def __init__(self, engine: Engine, pending: Pending | None = None, **bounds: int) -> None:
        self.stream: list[tuple[str, TrapSeen]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.failures = 0
        self.inbox = Inbox.open(Address("127.0.0.1", 0), **bounds)
        self.port = self.inbox.port
        ears = Ears(["public"], [nina(), nina("sha", "sha1")], engine)
        self.receiver = Receiver(
            self.inbox, ears, Senders([R1, R7]), NoNames(), self._publish, SystemClock(), logger(role="snmp"), pending
        )
        self.stopping = asyncio.Event()
        self.task = asyncio.create_task(self.receiver.run(self.stopping))

    async def _publish(self, body: bytes, id: str) -> int:
        await self.open.wait()
        if self.failures:
            self.failures -= 1
            raise OutcomeUnknownError("no acknowledgement")
        self.stream += [(id, each) for each in msgspec.json.decode(body, type=Traps).traps]
        return len(self.stream)

    @property
    def traps(self) -> list[TrapSeen]:
        return [each for _, each in self.stream]

    async def until(self, count: int, within: float = 10.0) -> list[TrapSeen]:
        async def there() -> bool:
            return len(self.stream) >= count

        await eventually(there, within=within)
        return self.traps

    async def dropped(self, reason: str, count: int = 1) -> None:
        async def there() -> bool:
            return self.receiver.dropped[reason] >= count

        await eventually(there, within=10.0)

    def send(self, *datagrams: bytes) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            for data in datagrams:
                out.sendto(data, ("127.0.0.1", self.port))

    async def stop(self) -> None:
        self.open.set()
        self.stopping.set()
        await asyncio.wait_for(self.task, 15.0)


Hear = Callable[..., Hearing]


@pytest.fixture
async def hear(engine: Engine) -> AsyncIterator[Hear]:
    """Makes one with bounds of its own; it is stopped at the end."""
    made: list[Hearing] = []

    def make(**bounds: Any) -> Hearing:
        made.append(Hearing(engine, **bounds))
        return made[-1]

    yield make
    for each in made:
        await each.stop()


@pytest.fixture
async def hearing(hear: Hear) -> Hearing:
    return hear()


@pytest.fixture
def sender(hearing: Hearing, tmp_path: Path) -> Sender:
    return Sender(hearing.port, tmp_path)


async def test_a_trap_of_version_2c(hearing: Hearing, sender: Sender) -> None:
    await sender.trap(LINK_DOWN, f"{IF_INDEX}.7", "i", "7")
    [found] = await hearing.until(1)
    assert (found.device, found.source, found.version, found.trap) == ("r1", "127.0.0.1", "2c", LINK_DOWN)
    assert [(bind.oid, bind.value) for bind in found.varbinds] == [(f"{IF_INDEX}.7", "7")]


async def test_a_trap_of_version_1_that_a_forwarder_passes_on_is_its_agents(hearing: Hearing, tmp_path: Path) -> None:
    command = (
        "snmptrap",
        "-v1",
        "-c",
        "public",
        f"127.0.0.1:{hearing.port}",
        "1.3.6.1.4.1.9",
        "10.0.0.7",
        "2",
        "0",
        "1",
    )
    process = await asyncio.create_subprocess_exec(*command, env={"MIBS": "", "PATH": "/usr/bin:/bin"})
    assert await process.wait() == 0
    [found] = await hearing.until(1)
    assert (found.device, found.source, found.version, found.trap) == ("r7", "127.0.0.1", "1", LINK_DOWN)


async def test_an_unknown_community_is_dropped_and_counted(hearing: Hearing, sender: Sender) -> None:
    await sender.trap(LINK_DOWN, how=("-v2c", "-c", "other"))
    await hearing.dropped("unknown_community")
    assert hearing.traps == []


@pytest.mark.parametrize(("user", "auth"), [("nina", "SHA-256"), ("sha1", "SHA")])
async def test_a_trap_of_version_3(hearing: Hearing, sender: Sender, user: str, auth: str) -> None:
    how = ("-v3", "-u", user, "-l", "authPriv", "-a", auth, "-A", AUTH, "-x", "AES", "-X", PRIVACY)
    for engine_id in ("0x8000000001020304", "0x80000000ffeeddcc"):
        await sender.trap(LINK_DOWN, f"{IF_INDEX}.7", "i", "7", how=(*how, "-e", engine_id))
    found = await hearing.until(1)
    assert (found[0].version, found[0].trap, found[0].device) == ("3", LINK_DOWN, "r1")


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        (("-u", "nina", "-l", "noAuthNoPriv"), "not_authentic"),
        (("-u", "nina", "-l", "authNoPriv", "-a", "SHA-256", "-A", AUTH), "not_accepted"),
        (("-u", "nina", *PROTECTED, "-A", "a wrong pass", "-X", PRIVACY), "not_authentic"),
        (("-u", "nina", *PROTECTED, "-A", AUTH, "-X", "a wrong pass"), "not_accepted"),
        (("-u", "omar", *PROTECTED, "-A", AUTH, "-X", PRIVACY), "unknown_user"),
    ],
    ids=["not authenticated", "not encrypted", "password", "privacy password", "user"],
)
async def test_a_trap_of_version_3_that_is_not_wholly_protected_by_a_known_user_is_dropped(
    hearing: Hearing, sender: Sender, how: tuple[str, ...], reason: str
) -> None:
    await sender.trap(LINK_DOWN, how=("-v3", "-e", "0x8000000001020304", *how))
    await hearing.dropped(reason)
    assert hearing.traps == []


@pytest.mark.parametrize("how", [("-v2c", "-c", "public"), THIRD], ids=["2c", "3"])
async def test_an_inform_is_answered_when_its_alert_is_durable_and_not_before(
    hearing: Hearing, sender: Sender, how: tuple[str, ...]
) -> None:
    hearing.open.clear()
    asked = asyncio.create_task(sender.inform(LINK_DOWN, f"{IF_INDEX}.7", "i", "7", how=how))

    async def heard() -> bool:
        return hearing.receiver.heard > 0

    await eventually(heard, within=10.0)
    done, _ = await asyncio.wait({asked}, timeout=0.3)
    assert not done
    hearing.open.set()
    assert await asked == 0
    assert [each.trap for each in hearing.traps] == [LINK_DOWN]


async def test_an_inform_that_is_sent_again_is_one_alert_and_is_answered_again(hearing: Hearing) -> None:
    data = inform(LINK_DOWN, (f"{IF_INDEX}.7", 7), request_id=77)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.settimeout(5.0)
        out.connect(("127.0.0.1", hearing.port))
        for _ in range(3):
            out.send(data)
            answer = await asyncio.to_thread(out.recv, 1500)
            assert answer == data.replace(b"\xa6", b"\xa2", 1)
    assert len(hearing.traps) == 1


async def test_what_the_stream_did_not_acknowledge_is_sent_again_under_the_same_id(
    hearing: Hearing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver_module, "AGAIN_SECONDS", (0.01,))
    hearing.failures = 2
    hearing.send(trap(COLD_START))
    [found] = await hearing.until(1)
    assert found.trap == COLD_START


async def test_ten_thousand_traps_at_once_become_few_alerts_and_what_was_lost_is_known(hear: Hear) -> None:
    hearing = hear()
    datagrams = [trap(LINK_DOWN, (f"{IF_INDEX}.{n % 20}", n % 20), request_id=n) for n in range(10_000)]
    await asyncio.to_thread(hearing.send, *datagrams)

    async def through() -> bool:
        return hearing.inbox.received + hearing.inbox.lost >= 10_000 and not len(hearing.inbox)

    await eventually(through, within=20.0)
    await hearing.stop()
    told = hearing.traps
    assert {each.varbinds[0].value for each in told} == {str(n) for n in range(20)}
    assert sum(each.count for each in told) + hearing.receiver.dropped.total() == 10_000
    assert hearing.receiver.dropped["socket_full"] < 1_000
    assert len(told) < 400


async def test_more_troubles_than_can_wait_are_dropped_and_counted(hear: Hear) -> None:
    hearing = hear(pending=Pending(most=300))
    hearing.open.clear()
    hearing.send(*(trap(LINK_DOWN, (f"{IF_INDEX}.{n}", n)) for n in range(1_000)))
    await hearing.dropped("too_many_troubles", 300)

    async def through() -> bool:
        return hearing.inbox.received + hearing.inbox.lost >= 1_000 and not len(hearing.inbox)

    await eventually(through, within=20.0)
    await hearing.stop()
    assert len(hearing.traps) + hearing.receiver.dropped.total() == 1_000


async def test_a_full_queue_drops_and_counts(hear: Hear) -> None:
    hearing = hear(most=10)
    hearing.send(*(trap(LINK_DOWN, (f"{IF_INDEX}.{n}", n)) for n in range(100)))
    await hearing.dropped("queue_full", 50)
    await hearing.stop()
    assert hearing.receiver.heard + hearing.receiver.dropped["queue_full"] == 100


async def test_hostile_datagrams_are_counted_and_the_next_trap_is_heard(hearing: Hearing) -> None:
    third = bytes.fromhex("303e020103301102047f6d1e3f020300ffe304010402010304103010040081")
    hostile = [b"", b"\x00", b"\x30\x84\xff\xff\xff\xff", b"\xff" * 1400, third, third[:20], b"\x30" * 60_000]
    hearing.send(*hostile, trap(COLD_START))
    [found] = await hearing.until(1)
    assert found.trap == COLD_START
    assert hearing.receiver.dropped["malformed"] == len(hostile)


async def test_what_has_been_read_is_published_before_the_end(hear: Hear) -> None:
    hearing = hear()
    hearing.send(*[trap(LINK_DOWN, (f"{IF_INDEX}.{n}", n)) for n in range(50)])

    async def read() -> bool:
        return hearing.inbox.received == 50

    await eventually(read, within=5.0)
    await hearing.stop()
    assert len(hearing.traps) == 50


async def test_discovery_is_answered_so_often_and_no_oftener(hearing: Hearing) -> None:
    answers: list[bytes] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.bind(("127.0.0.1", 0))
        out.settimeout(2.0)
        for _ in range(200):
            out.sendto(discovery(), ("127.0.0.1", hearing.port))
        answers.append(await asyncio.to_thread(out.recv, 1500))
        await hearing.dropped("too_many_discoveries", 50)
    assert hearing.receiver.dropped.keys() == {"too_many_discoveries"}
    assert b"\xa8" in answers[0]  # a Report


async def test_a_clock_that_a_stranger_claims_for_a_sender_moves_nothing(hearing: Hearing, sender: Sender) -> None:
    hearing.send(discovery(engine_id=bytes.fromhex("8000000001020304"), boots=2**31 - 1, user=b"nina"))
    await hearing.dropped("not_authentic")
    await sender.trap(LINK_DOWN, how=(*THIRD, "-e", "0x8000000001020304"))
    assert [each.trap for each in await hearing.until(1)] == [LINK_DOWN]
