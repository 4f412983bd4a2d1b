"""The devices over real SSH."""

import asyncio
from collections.abc import AsyncIterator

import asyncssh
import pytest
from proving.typist import ACCESS, NOON, WAIT, Typist, live_network, options, shell_on, typing

from nocmesh.clock import FixedClock
from nocmesh.errors import NotFoundError
from nocmesh.proving.simulated.ports import BANNER
from nocmesh.proving.simulated.server import Access, Behaviour, SimulatedNetwork
from nocmesh.proving.simulated.terminal import MAX_LINE, Terminal
from nocmesh.proving.simulated.topology import PAIR

pytestmark = pytest.mark.real


@pytest.fixture
async def network() -> AsyncIterator[SimulatedNetwork]:
    async with SimulatedNetwork.running(PAIR, clock=FixedClock(NOON)) as running:
        yield running


async def privileged(typist: Typist) -> None:
    await typist.read_to("r2>")
    await typist.line("enable", "Password: ")
    await typist.line(ACCESS.enable_password, "r2#")


async def test_the_banner_says_that_it_is_simulated(network: SimulatedNetwork) -> None:
    seen: list[str] = []

    class Client(asyncssh.SSHClient):
        def auth_banner_received(self, msg: str, lang: str) -> None:
            seen.append(msg)

    async with asyncssh.connect(client_factory=Client, **options(network, "r1")):
        assert seen == [BANNER]
    async with typing(network, "r1") as typist:
        assert "simulated device" in await typist.read_to("r1# ")


async def test_every_letter_is_echoed_as_it_is_typed(network: SimulatedNetwork) -> None:
    async with typing(network, "r1") as typist:
        await typist.read_to("r1# ")
        for letter in "show version":
            typist.write(letter)
            assert await typist.read_to(letter) == letter
        assert "FRRouting" in await typist.line("", "r1# ")


async def test_a_configuration_is_typed_and_logged_once(network: SimulatedNetwork) -> None:
    async with typing(network, "r1") as typist:
        await typist.read_to("r1# ")
        await typist.line("configure terminal", "r1(config)# ")
        await typist.line("router bgp 65001", "r1(config-router)# ")
        await typist.line("neighbor 10.0.12.2 shutdown", "r1(config-router)# ")
        await typist.line("end", "r1# ")
    assert [
        (entry.section, entry.line, entry.accepted, entry.at) for entry in network.log("r1", by=ACCESS.username)
    ] == [
        ("", "router bgp 65001", True, NOON),
        ("router bgp", "neighbor 10.0.12.2 shutdown", True, NOON),
    ]
    assert network.log("r2") == []
    assert " neighbor 10.0.12.2 shutdown\n" in network.config("r1")
    assert not network.live.sessions[("r2", "10.0.12.1")].established


async def test_a_page_waits_for_a_key(network: SimulatedNetwork) -> None:
    async with typing(network, "r2") as typist:
        await privileged(typist)
        first = await typist.line("show running-config", " --More-- ")
        assert first.count("\r\n") == 24, "the echoed line and 23 of the answer"
        typist.write("\r")
        assert (await typist.read_to(" --More-- ")).count("\r\n") == 1
        typist.write(" ")
        assert "\r\nend\r\n" in await typist.read_to("r2#")
        await typist.line("show running-config", " --More-- ")
        typist.write("q")
        assert "router bgp" not in await typist.read_to("r2#")
        await typist.line("terminal length 0", "r2#")
        whole = await typist.line("show running-config", "r2#")
        assert "--More--" not in whole
        assert whole.replace("\r\n", "\n").endswith("\nend\n\nr2#")


async def test_the_secret_is_not_echoed(network: SimulatedNetwork) -> None:
    async with typing(network, "r2") as typist:
        await typist.read_to("r2>")
        await typist.line("enable", "Password: ")
        assert ACCESS.enable_password not in await typist.line(ACCESS.enable_password, "r2#")


async def test_exit_hangs_up(network: SimulatedNetwork) -> None:
    async with typing(network, "r1") as typist:
        await typist.read_to("r1# ")
        typist.write("exit\r")
        assert (await typist.rest()).strip() == "exit"


async def test_one_command_needs_no_terminal(network: SimulatedNetwork) -> None:
    async with asyncssh.connect(**options(network, "r2")) as connection:
        done = await connection.run("show ip bgp summary", check=True)
        assert "10.0.12.1" in str(done.stdout)


async def test_many_sessions_at_once_keep_their_answers_apart(network: SimulatedNetwork) -> None:
    async def asks(device: str, command: str, expected: str) -> None:
        async with asyncssh.connect(**options(network, device)) as connection:
            for _ in range(3):
                done = await connection.run(command, check=True)
                assert expected in str(done.stdout)

    work = [
        *(asks("r1", "show version", "FRRouting") for _ in range(4)),
        *(asks("r1", "show running-config", "frr defaults") for _ in range(4)),
        *(asks("r2", "show version", "Cisco IOS XE") for _ in range(4)),
    ]
    await asyncio.wait_for(asyncio.gather(*work), WAIT)


@pytest.mark.parametrize(("user", "password"), [("nocmesh", "wrong"), ("root", "simulated"), ("nocmesh", "")])
async def test_a_wrong_password_opens_nothing(network: SimulatedNetwork, user: str, password: str) -> None:
    with pytest.raises(asyncssh.PermissionDenied):
        await asyncssh.connect(**{**options(network, "r1"), "username": user, "password": password})


async def test_a_public_key_opens_the_device() -> None:
    key, stranger = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    access = Access(authorized_keys=(key.export_public_key().decode(),))
    async with SimulatedNetwork.running(PAIR, access=access) as network:
        known = {**options(network, "r1"), "password": None}
        async with asyncssh.connect(**{**known, "client_keys": [key]}):
            pass
        with pytest.raises(asyncssh.PermissionDenied):
            await asyncssh.connect(**{**known, "client_keys": [stranger]})


async def test_a_device_has_only_so_many_lines() -> None:
    crowded = SimulatedNetwork.running(PAIR, behaviours={"r1": Behaviour(max_sessions=1)})
    async with crowded as network, asyncssh.connect(**options(network, "r1")):
        with pytest.raises((asyncssh.Error, OSError)):
            await asyncssh.connect(**options(network, "r1"))


async def test_a_slow_device_answers_in_order_what_was_typed_ahead() -> None:
    slow = SimulatedNetwork.running(PAIR, behaviours={"r1": Behaviour(delay=0.02)})
    async with slow as network, typing(network, "r1") as typist:
        await typist.read_to("r1# ")
        typist.write("show version\rnonsense\r")
        answer = await typist.read_to("% Unknown command: nonsense\r\n")
        assert answer.index("FRRouting") < answer.index("nonsense")


async def test_leaving_a_slow_device_in_the_middle_of_an_answer_is_harmless() -> None:
    slow = SimulatedNetwork.running(PAIR, behaviours={"r1": Behaviour(delay=30)})
    async with slow as network, typing(network, "r1") as typist:
        await typist.read_to("r1# ")
        typist.write("show version\r")
        await typist.read_to("version")


async def test_an_unknown_device_is_an_error(network: SimulatedNetwork) -> None:
    for ask in (network.address, network.host_key, network.log, network.config, network.view):
        with pytest.raises(NotFoundError, match="r1, r2"):
            ask("r9")


async def test_a_fault_shows_on_the_running_network_and_heals(network: SimulatedNetwork) -> None:
    first = network.inject("bgp_asn_misconfig", device="r1")
    network.inject("link_down")
    assert first.shows(network.live)
    network.heal()
    assert all(session.established for session in network.live.sessions.values())
    assert network.view("r1").peer("10.0.12.2") is not None


async def test_the_inventory_names_every_door(network: SimulatedNetwork) -> None:
    text = network.inventory_yaml()
    for name in network.model.nodes:
        assert f"port: {network.address(name)[1]}" in text
        assert network.host_key(name) in text


def keys(terminal: Terminal, text: bytes) -> tuple[bytes, list[str]]:
    shown, lines = b"", []
    for byte in text:
        more, line = terminal.key(byte)
        shown += more
        lines += [] if line is None else [line]
    return shown, lines


@pytest.mark.parametrize(
    ("typed", "lines"),
    [
        (b"shox\x7fw\r", ["show"]),
        (b"\x7f\x7fa\r", ["a"]),
        (b"wrong\x15right\r", ["right"]),
        (b"dropped\x03kept\r", ["kept"]),
        (b"dropped\x1akept\r", ["kept"]),
        (b"a\r\nb\nc\r", ["a", "b", "c"]),
        (b"\x04", ["exit"]),
        (b"x\x04", []),
        (b"\x01\x02?\r", ["?"]),
        (b"\xff\xfe\r", ["��"]),
        (b"a" * (MAX_LINE + 9) + b"\r", ["a" * MAX_LINE]),
    ],
)
def test_keys_edit_the_line(typed: bytes, lines: list[str]) -> None:
    assert keys(Terminal(shell_on(live_network(), "r1")), typed)[1] == lines


def test_control_z_leaves_configuration() -> None:
    shell = shell_on(live_network(), "r1")
    shell.answer("configure terminal")
    assert keys(Terminal(shell), b"router bgp\x1a")[1] == ["end"]


def test_a_secret_shows_neither_letters_nor_their_loss() -> None:
    shell = shell_on(live_network(), "r2")
    shell.enable_secret = "s"
    shell.privileged = False
    shell.answer("enable")
    shown, lines = keys(Terminal(shell), b"sx\x7f\r")
    assert (shown, lines) == (b"\r\n", ["s"])
