"""Several commands at one device, over both of its doors: what goes wrong costs an answer, never the others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from bridges.ssh.nasty import Nasty, running, until

from nocmesh.clock import SystemClock
from nocmesh.errors import DeviceError, DeviceUnreachableError, GuardError
from nocmesh.log import logger
from nocmesh.messages.state import Output
from nocmesh.network import Device, Network
from nocmesh_bridges.platforms import Ask
from nocmesh_bridges.ssh import asking
from nocmesh_bridges.ssh.asking import Asker
from nocmesh_bridges.ssh.hostkeys import HostKeys
from nocmesh_bridges.ssh.pool import DevicePool
from nocmesh_bridges.ssh.reading import Reader
from nocmesh_bridges.ssh.target import SHELL_PLATFORM, place

pytestmark = pytest.mark.real

R1 = Device(name="r1", platform="frr", address="127.0.0.1")
ROUTES, NEIGHBORS, VERSION = "show ip route json", "show bgp neighbors json", "show version"
ARP, TABLE = "ip -j neigh show", "ip -j route show"
ROUTE = '{"10.0.0.0/8":[{"prefix":"10.0.0.0/8","protocol":"ospf","selected":true}]}\n'
CLI: dict[str, str | bytes] = {ROUTES: ROUTE, NEIGHBORS: "{}\n", VERSION: "FRRouting 8.4.4 (r1) on Linux(6.1).\n"}
SHELL: dict[str, str | bytes] = {
    ARP: '[{"dst":"10.0.0.2","dev":"e0","lladdr":"02:00:00:00:00:02","state":["REACHABLE"]}]\n',
    TABLE: "[]\n",
}
BOTH = [Ask(ROUTES), Ask(ARP, "shell"), Ask(NEIGHBORS), Ask(TABLE, "shell"), Ask(VERSION)]


class Doors:
    """A router with a command line and a shell, and a bridge that asks it."""

    def __init__(self, cli: Nasty, shell: Nasty) -> None:
        self.cli = cli
        self.shell = shell
        targets = [
            cli.target(name="r1", platform="frr", open_timeout=2.0),
            shell.target(name=place("r1", "shell"), platform=SHELL_PLATFORM, open_timeout=2.0),
        ]
        self.pool = DevicePool(targets, SystemClock(), host_keys=HostKeys())
        self.asker = Asker(self.pool, logger(role="ssh"), b"key")

    async def ask(self, asks: list[Ask] | None = None) -> dict[str, Output]:
        return {output.command: output for output in await self.asker.patient(R1, asks or BOTH)}


@asynccontextmanager
async def doors(cli: dict[str, Any] | None = None, shell: dict[str, Any] | None = None) -> AsyncIterator[Doors]:
    """With what is nasty about each."""
    first = Nasty(**{"answers": CLI, **(cli or {})})
    second = Nasty(**{"answers": SHELL, "hostname": "root@r1:~", "comment": ":", **(shell or {})})
    async with running(first), running(second):
        found = Doors(first, second)
        try:
            yield found
        finally:
            await found.pool.close()


def statuses(outputs: dict[str, Output]) -> list[str]:
    return [outputs[ask.command].status for ask in BOTH]


async def test_both_doors_answer_each_its_own() -> None:
    async with doors() as device:
        found = await device.ask()
        assert statuses(found) == ["parsed"] * 5
        assert {output.command: output.door for output in found.values()} == {ask.command: ask.door for ask in BOTH}
        assert found[ROUTES].text == ROUTE.rstrip("\n")
        assert (device.cli.logins, device.shell.logins) == (1, 1)
        await device.ask()
        assert (device.cli.logins, device.shell.logins) == (1, 1)
        assert [line for line in device.shell.typed if not line.startswith(":")] == [ARP, TABLE] * 2


async def test_the_doors_are_used_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "COMMAND_SECONDS", 60.0)
    async with doors(cli={"hang": frozenset([ROUTES])}) as device:
        asked = asyncio.create_task(device.ask())
        await until(lambda: TABLE in device.shell.typed)
        assert NEIGHBORS not in device.cli.typed
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked


async def test_a_hang_costs_what_is_behind_it_and_the_session_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "COMMAND_SECONDS", 0.4)
    async with doors(cli={"hang": frozenset([NEIGHBORS])}) as device:
        found = await device.ask()
        assert statuses(found) == ["parsed", "parsed", "unparsed", "parsed", "unparsed"]
        assert "did not finish 'show bgp neighbors json' in 0.4 s" in found[NEIGHBORS].text
        device.cli.hang = frozenset()
        assert statuses(await device.ask()) == ["parsed"] * 5
        assert device.cli.logins == 2


class Turns(dict[str, str | bytes]):
    """Answers that change from one time to the next; the last one stays."""

    def __init__(self, answers: dict[str, str | bytes], command: str, turns: list[str]) -> None:
        super().__init__({**answers, command: turns[-1]})
        self._command, self._turns = command, turns

    def __getitem__(self, command: str) -> str | bytes:
        return self._turns.pop(0) if command == self._command and self._turns else super().__getitem__(command)


async def test_what_is_known_of_a_daemon_that_has_ended_is_asked_again() -> None:
    stale = "Warning: closing connection to bgpd because of an I/O error!\n"
    again = "{\nWarning: connecting to bgpd...success!\n}\n"
    for first, second, status in (
        (stale, "bgpd is not running\n", "rejected"),
        (stale, "{}\n", "empty"),
        (again, "{}\n", "empty"),
    ):
        async with doors(cli={"answers": Turns(CLI, NEIGHBORS, [first, second])}) as device:
            _, outputs = await device.asker.state(R1, ["bgp"])
            assert outputs[0].status == status
            assert device.cli.typed.count(NEIGHBORS) == 2


async def test_a_connection_that_breaks_costs_one_answer() -> None:
    async with doors(cli={"drop": frozenset([ROUTES])}, shell={"drop": frozenset([TABLE])}) as device:
        found = await device.ask()
        assert statuses(found) == ["unparsed", "parsed", "parsed", "unparsed", "parsed"]
        assert "closed the session" in found[ROUTES].text


async def test_a_device_that_always_breaks_is_let_alone() -> None:
    everything = frozenset([*CLI, "show x1", "show x2"])
    async with doors(cli={"drop": everything}) as device:
        found = await device.ask([*BOTH, Ask("show x1"), Ask("show x2")])
        assert [found[command].status for command in (ROUTES, NEIGHBORS, VERSION, "show x1", "show x2")] == [
            "unparsed"
        ] * 5
        assert device.cli.logins == asking.LOSSES
        assert found[ARP].status == "parsed"


async def test_a_door_that_shuts_in_between_costs_the_rest() -> None:
    async with doors(cli={"drop": frozenset([NEIGHBORS])}) as device:
        real = device.pool.session
        lent: list[str] = []

        def session(name: str, **options: Any) -> Any:
            lent.append(name)
            if lent.count("r1") > 1:
                raise DeviceUnreachableError("r1 refuses connections")
            return real(name, **options)

        device.pool.session = session  # type: ignore[method-assign, assignment]
        found = await device.ask()
        assert statuses(found) == ["parsed", "parsed", "unparsed", "parsed", "unparsed"]
        assert found[VERSION].text == "r1 refuses connections"


async def test_a_shell_that_does_not_open_leaves_its_questions_unasked_and_says_why() -> None:
    async with doors(shell={"password": "another"}) as device:
        found = await device.ask()
        assert statuses(found) == ["parsed", "unasked", "parsed", "unasked", "parsed"]
        assert "refused the login" in found[ARP].text


async def test_a_router_that_hangs_is_still_seen_through_its_shell() -> None:
    """A stopped daemon makes vtysh wait before its first prompt."""
    async with doors(cli={"silent": True}) as device:
        found = await device.ask()
        assert statuses(found) == ["unasked", "parsed", "unasked", "parsed", "unasked"]
        assert "no usable" in found[VERSION].text


async def test_a_device_whose_doors_are_all_shut_cannot_be_reached() -> None:
    async with doors(cli={"password": "x"}, shell={"password": "x"}) as device:
        with pytest.raises(DeviceUnreachableError, match="refused the login"):
            await device.ask()


async def test_too_much_output_costs_that_answer_and_no_more() -> None:
    endless = b"x" * 79 + b"\r\n"
    long = endless * (11 * 1024 * 1024 // len(endless))
    async with doors(cli={"answers": {**CLI, ROUTES: long}}) as device:
        found = await device.ask()
        assert statuses(found) == ["unparsed", "parsed", "parsed", "parsed", "parsed"]
        assert "ask for less" in found[ROUTES].text
        assert len(found[ROUTES].text) < 500


async def test_what_no_message_could_carry_is_said_to_be_too_long() -> None:
    async with doors(cli={"answers": {**CLI, ROUTES: "x" * 70 + "\n" + "y" * 500_000 + "\n"}}) as device:
        found = await device.ask()
        assert statuses(found)[0] == "unparsed"
        assert found[ROUTES].text.startswith("500071 characters")
        assert device.cli.logins == 1


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (ROUTE.replace("ospf", "o\\u0073pf"), "parsed"),
        (ROUTE.replace('"ospf"', '"os'), "unparsed"),
        (f"r1#\r\n{ROUTE}", "unparsed"),
        (ROUTE.replace(":[{", ":[\r\nr1# \r\n{"), "unparsed"),
        (ROUTE.replace(":[{", ":[\r\n*** power works tonight ***\r\n{"), "unparsed"),
        (b"\xff\xfe\x00{}\r\n", "unparsed"),
        (b"\x1b[2J\x1b[31m{}\x1b[0m\r\n", "empty"),
        ("% Unknown command: show ip route json\n", "rejected"),
        ("zebra is not running\n", "rejected"),
        ("", "unparsed"),
    ],
)
async def test_odd_output_is_told_from_an_answer_and_the_next_answer_is_right(answer: str | bytes, status: str) -> None:
    async with doors(cli={"answers": {**CLI, ROUTES: answer}}) as device:
        reader = reader_of(device)
        state, outputs = await reader.state(R1, ["routes", "neighbors"])
        assert state.status == {"routes": status, "neighbors": "parsed"}
        assert next(o for o in outputs if o.command == ROUTES).status == status
        [version] = await reader.outputs(R1, [VERSION])
        assert version.text == str(CLI[VERSION]).rstrip("\n")


def reader_of(device: Doors, *devices: Device) -> Reader:
    """It needs no mesh for what is tried here."""
    return Reader(None, device.pool, Network(devices=[R1, *devices]), logger(role="ssh"), b"key")  # type: ignore[arg-type]


async def test_a_command_that_writes_is_refused_before_anything_is_typed() -> None:
    async with doors() as device:
        for bad in (Ask("ip link set e0 down", "shell"), Ask("clear ip bgp *")):
            with pytest.raises(GuardError):
                await device.asker.patient(R1, [*BOTH, bad])
            with pytest.raises(GuardError):
                await device.asker.strict(R1, [VERSION, bad.command], door=bad.door)
        with pytest.raises(GuardError):
            await device.asker.strict(R1, [VERSION], door="shell")
        assert (device.cli.logins, device.shell.logins) == (0, 0)


async def test_secrets_are_masked_at_both_doors() -> None:
    cli, shell = {VERSION: " neighbor 10.0.0.2 password hunter2\n"}, {ARP: "secret: hunter2\n"}
    async with doors(cli={"answers": cli}, shell={"answers": shell}) as device:
        found = await device.ask([Ask(VERSION), Ask(ARP, "shell")])
        assert all("hunter2" not in output.text and "<redacted:" in output.text for output in found.values())


async def test_a_question_to_a_shell_may_be_asked_alone() -> None:
    async with doors() as device:
        [output] = await device.asker.strict(R1, [ARP], door="shell")
        assert (output.door, output.text) == ("shell", str(SHELL[ARP]).rstrip("\n"))
        assert device.cli.logins == 0


async def test_what_a_shell_does_not_know_is_an_answer_and_not_what_a_rule_says() -> None:
    unknown: dict[str, str | bytes] = {
        ARP: "bash: ip: command not found\n",
        "nft -a list ruleset": 'table ip t {\n\tchain c {\n\t\tlog prefix "x: not found"\n\t}\n}\n',
    }
    async with doors(shell={"answers": unknown}) as device:
        found = await device.ask([Ask(ARP, "shell"), Ask("nft -a list ruleset", "shell")])
        assert [found[ARP].status, found["nft -a list ruleset"].status] == ["rejected", "parsed"]


# --- a Linux system's configuration


LINUX: dict[str, str | bytes] = {
    "ip -j -s -s -d address show": (
        '[{"ifname":"lo","flags":["UP"],"mtu":65536,"link_type":"loopback","addr_info":[]}]\n'
    ),
    "ip -j route show": '[{"dst":"default","gateway":"10.0.0.1","dev":"e0","flags":[]}]\n',
    "nft -a list ruleset": "",
    "tc -j qdisc show": "[]\n",
    "cat /proc/uptime /proc/loadavg /proc/meminfo /etc/os-release /proc/net/snmp /proc/net/netstat"
    " /proc/sys/kernel/hostname /proc/sys/net/ipv4/ip_forward": (
        "1.0 2.0\n0.1 0.2 0.3 1/2 3\nMemTotal: 1 kB\nVERSION_ID=12\nIp: Forwarding\nIp: 1\nh1\n1\n"
    ),
}


async def test_a_linux_system_is_backed_up_in_one_form() -> None:
    async with doors(shell={"answers": LINUX}) as device:
        h1 = Device(name="h1", platform="linux", address="127.0.0.1")
        device.pool = DevicePool(
            [device.shell.target(name="h1", platform="linux")], SystemClock(), host_keys=HostKeys()
        )
        reader = reader_of(device, h1)
        try:
            text, sha256 = await reader.running(h1)
            state, _ = await reader.state(h1, ["config"])
            assert "routes\n default via 10.0.0.1 dev e0\n" in text
            assert sha256 == state.config_sha256
            device.shell.answers = {**LINUX, "ip -j route show": "[{\n"}
            with pytest.raises(DeviceError, match="h1 does not show its configuration: it is unparsed"):
                await reader.running(h1)
        finally:
            await device.pool.close()
