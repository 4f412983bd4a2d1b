"""Sessions against a nasty device over real SSH: right answers, or an error; never a wrong answer."""

import asyncio
import random

import pytest
from bridges.ssh.nasty import SYSLOG, Nasty, running, session_with, until

from nocmesh.errors import (
    DeviceRejectedError,
    DeviceTimeoutError,
    DeviceUnreachableError,
    InvalidInputError,
    PreconditionError,
    SessionLostError,
)
from nocmesh_bridges.ssh.hostkeys import HostKeys
from nocmesh_bridges.ssh.session import DeviceSession

pytestmark = pytest.mark.real

VERSION = "Cisco IOS XE Software, Version 17.9.4a\n\nr1 uptime is 3 weeks"
RUNNING = "Building configuration...\n\nhostname r1\n!\nend"
ANSWERS: dict[str, str | bytes] = {"show version": VERSION + "\n", "show running-config": RUNNING + "\n"}


async def test_an_answer_comes_without_its_echo_and_without_the_prompt() -> None:
    async with session_with(Nasty(answers=ANSWERS)) as session:
        assert session.prompt == "r1#"
        assert await session.show("show version") == VERSION


async def test_an_empty_answer_is_empty() -> None:
    async with session_with(Nasty(answers={"show nothing": ""})) as session:
        assert await session.show("show nothing") == ""


@pytest.mark.parametrize(
    "text",
    [
        "banner\ncore-sw1#\nmore",
        "description\nr1#\nmore",
        "r1#",
        "r1#\nr1#\nr1#",
        "line\nr1#show version\nline",
        "r1(config)#\nx",
        "Password:\nx",
        " --More-- \nnot a pager\n",
    ],
    ids=["other-prompt", "own-prompt", "only-prompt", "prompts", "prompt-and-command", "config", "password", "more"],
)
@pytest.mark.parametrize("chunk", [0, 1])
async def test_what_looks_like_a_prompt_does_not_cut_the_answer(text: str, chunk: int) -> None:
    device = Nasty(answers={"show banner": text + "\n"}, chunk=chunk)
    async with session_with(device) as session:
        assert await session.show("show banner") == text


async def test_an_own_prompt_inside_a_stalling_answer_does_not_cut_it() -> None:
    device = Nasty(answers={"show banner": "a\nr1#" + "\nb" * 3 + "\n"}, chunk=5, pause=0.08, early_echo=True)
    async with session_with(device) as session:
        assert await session.show("show banner") == "a\nr1#\nb\nb\nb"
        assert await session.show("show banner") == "a\nr1#\nb\nb\nb"


async def test_a_banner_full_of_prompts_does_not_mislead_the_login() -> None:
    device = Nasty(answers=ANSWERS, banner="Welcome\ncore-sw1#\nr2>\nr1#\n--More--\nPassword:\n")
    async with session_with(device) as session:
        assert session.prompt == "r1#"
        assert await session.show("show version") == VERSION


async def test_slow_single_bytes_are_one_answer() -> None:
    device = Nasty(answers={"show slow": "x" * 100 + "\ny\n"}, chunk=1, pause=0.0005)
    async with session_with(device) as session:
        assert await session.show("show slow") == "x" * 100 + "\ny"


async def test_a_log_line_after_the_prompt_is_no_part_of_the_answer() -> None:
    device = Nasty(answers=ANSWERS, log_after=frozenset({"show version"}))
    async with session_with(device) as session:
        assert await session.show("show version") == VERSION
        assert await session.show("show running-config") == RUNNING


async def test_a_log_line_inside_an_answer_stays_where_the_device_printed_it() -> None:
    text = f"a\n{SYSLOG}\nb"
    async with session_with(Nasty(answers={"show x": text + "\n", **ANSWERS})) as session:
        assert await session.show("show x") == text


async def test_an_echo_torn_by_a_log_line_is_not_entered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nocmesh_bridges.ssh.dialogue.ECHO_SECONDS", 0.2)
    device = Nasty(answers=ANSWERS, log_in_echo=frozenset({"show ver"}))
    async with session_with(device) as session:
        with pytest.raises(SessionLostError, match="did not echo"):
            await session.show("show version")
        assert "show version" not in device.typed
        assert not session.alive


async def test_a_command_that_is_not_echoed_is_not_entered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nocmesh_bridges.ssh.dialogue.ECHO_SECONDS", 0.2)
    device = Nasty(answers=ANSWERS, mute=frozenset({"show version"}))
    async with session_with(device) as session:
        with pytest.raises(SessionLostError, match="did not echo"):
            await session.show("show version")


async def test_a_timeout_names_what_was_printed_and_ends_the_session() -> None:
    device = Nasty(answers=ANSWERS, hang=frozenset({"show tech"}))
    async with session_with(device) as session:
        with pytest.raises(DeviceTimeoutError, match="partial answer"):
            await session.show("show tech", timeout=0.2)
        with pytest.raises(SessionLostError, match="open another"):
            await session.show("show version")


async def test_a_cancelled_command_ends_the_session() -> None:
    device = Nasty(answers=ANSWERS, hang=frozenset({"show tech"}))
    async with session_with(device) as session:
        task = asyncio.create_task(session.show("show tech"))
        await until(lambda: "show tech" in device.typed)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(SessionLostError):
            await session.show("show version")


async def test_cancelling_one_who_waits_leaves_the_session_to_the_others() -> None:
    device = Nasty(answers={"show a": "a\n", "show b": "b\n"}, chunk=1, pause=0.02)
    async with session_with(device) as session:
        first = asyncio.create_task(session.show("show a"))
        await until(lambda: "show a" in device.typed)
        second = asyncio.create_task(session.show("show b"))
        await asyncio.sleep(0)
        second.cancel()
        assert await first == "a"
        assert session.alive


async def test_cancelling_at_random_moments_never_gives_a_wrong_answer() -> None:
    chance = random.Random(1)
    answers: dict[str, str | bytes] = {f"show {n}": f"answer {n} " * n + "\n" for n in range(1, 8)}
    device = Nasty(answers=answers, chunk=7, pause=0.0002)
    wrong = cancelled = right = 0
    async with running(device):
        keys = HostKeys()
        session = await DeviceSession.open(device.target(), host_keys=keys)
        for _ in range(48):
            number = chance.randint(1, 7)
            try:
                async with asyncio.timeout(chance.choice([0.0005, 0.002, 0.004, 0.008, 1.0])):
                    answer = await session.show(f"show {number}")
                wrong += answer != f"answer {number} " * number
                right += 1
            except TimeoutError:
                cancelled += 1
                assert not session.alive
                await session.close()
                session = await DeviceSession.open(device.target(), host_keys=keys)
        await session.close()
    assert wrong == 0
    assert cancelled > 5
    assert right > 5


async def test_many_callers_of_one_session_each_get_their_own_answer() -> None:
    answers: dict[str, str | bytes] = {f"show {n}": f"answer {n}\n" for n in range(8)}
    async with session_with(Nasty(answers=answers, chunk=3)) as session:
        got = await asyncio.gather(*(session.show(f"show {n}") for n in range(8)))
    assert got == [f"answer {n}" for n in range(8)]


async def test_enable_raises_the_privilege() -> None:
    device = Nasty(answers=ANSWERS, enable="s3cret")
    async with session_with(device) as session:
        assert session.prompt == "r1#"
        assert await session.show("show version") == VERSION


async def test_a_wrong_enable_secret_is_an_error_and_not_a_session() -> None:
    async with running(Nasty(enable="s3cret")) as device:
        with pytest.raises(DeviceUnreachableError, match="refused the enable password"):
            await DeviceSession.open(device.target(enable_password="wrong"), host_keys=HostKeys())
        await until(lambda: device.sessions == 0)


async def test_without_an_enable_secret_the_session_stays_unprivileged() -> None:
    device = Nasty(answers=ANSWERS, enable="s3cret")
    async with session_with(device, enable_password="") as session:
        assert session.prompt == "r1>"
        assert await session.show("show version") == VERSION
        with pytest.raises(DeviceRejectedError, match="enable password"):
            await session.configure(["router bgp 1"])


@pytest.mark.parametrize("stubborn", [False, True], ids=["paging-off", "paging-stays"])
async def test_pages_are_turned(stubborn: bool) -> None:
    text = "\n".join(f"line {n}" for n in range(23))
    device = Nasty(answers={"show long": text + "\n"}, page=5, stubborn=stubborn)
    async with session_with(device) as session:
        assert await session.show("show long") == text


async def test_ten_megabytes_are_read_whole() -> None:
    line = "*> 10.0.0.0/24 192.0.2.1 0 65001 65002 i\n"
    text = line * (9_900_000 // len(line))
    async with session_with(Nasty(answers={"show ip bgp": text.replace("\n", "\r\n").encode()})) as session:
        assert await session.show("show ip bgp") + "\n" == text


async def test_more_than_the_limit_is_a_clear_error() -> None:
    device = Nasty(answers={"show ip bgp": "x" * 3000 + "\n"})
    async with session_with(device, output_limit=2000) as session:
        with pytest.raises(SessionLostError, match="more than 2000 bytes"):
            await session.show("show ip bgp")


async def test_a_wrong_encoding_and_control_bytes_are_replaced() -> None:
    answer = b"caf\xe9 \x00\x07\x01 \x1b[31mred\x1b[0m ab\b\bxy\r\n\xff\xfe\r\n"
    async with session_with(Nasty(answers={"show x": answer})) as session:
        assert await session.show("show x") == "caf� � red xy\n��"


async def test_a_connection_that_breaks_inside_an_answer_is_an_error() -> None:
    device = Nasty(answers=ANSWERS, drop=frozenset({"show version"}))
    async with session_with(device) as session:
        with pytest.raises(SessionLostError, match="closed the session"):
            await session.show("show version")
        assert not session.alive


async def test_a_running_configuration_without_its_end_is_no_backup() -> None:
    async with session_with(Nasty(answers={"show run": "hostname r1\n!\ninterf\n"})) as session:
        with pytest.raises(SessionLostError, match="cut off"):
            await session.show("show run")
        assert not session.alive


async def test_a_command_that_the_device_does_not_know_leaves_the_session_usable() -> None:
    device = Nasty(answers=ANSWERS, rejects=frozenset({"show running-config", "show foo"}))
    async with session_with(device) as session:
        for command in ("show foo", "show running-config"):
            with pytest.raises(DeviceRejectedError, match="Invalid input") as caught:
                await session.show(command)
            assert "marker" in caught.value.facts["output"]
        assert await session.show("show version") == VERSION


async def test_a_long_log_that_speaks_of_invalid_input_is_an_answer() -> None:
    text = "% Invalid input detected\n" * 9
    async with session_with(Nasty(answers={"show logging": text})) as session:
        assert await session.show("show logging") == text.removesuffix("\n")


async def test_a_question_is_not_answered() -> None:
    device = Nasty(asks=frozenset({"reload"}))
    async with session_with(device) as session:
        with pytest.raises(DeviceRejectedError, match=r"asks 'Proceed\? \[confirm\]'"):
            await session.show("reload")
        assert not session.alive


@pytest.mark.parametrize("command", ["show a\nreload", "show a\rreload", "show\t", "", "  ", "show ä", "show \x1b[A"])
async def test_nothing_but_one_printable_line_is_sent(command: str) -> None:
    async with session_with(device := Nasty(answers=ANSWERS)) as session:
        with pytest.raises(InvalidInputError):
            await session.show(command)
        with pytest.raises(InvalidInputError):
            await session.configure(["router bgp 1", command])
        assert await session.show("show version") == VERSION
    assert "reload" not in device.typed


async def test_a_device_that_takes_no_comments_is_read_by_its_silence() -> None:
    device = Nasty(answers={"show banner": "a\nr1#\nb\n"}, comments=False)
    async with session_with(device) as session:
        assert await session.show("show banner") == "a\nr1#\nb"


async def test_lines_are_configured_and_the_mode_is_left() -> None:
    async with session_with(device := Nasty(answers=ANSWERS)) as session:
        results = await session.configure(["router bgp 65001", " neighbor 10.0.0.2 remote-as 65002"])
        assert [(r.line, r.rejected) for r in results] == [
            ("router bgp 65001", False),
            ("neighbor 10.0.0.2 remote-as 65002", False),
        ]
        assert await session.show("show version") == VERSION
    assert device.typed[-7:-1:1].count("end") == 1


async def test_configuring_stops_at_the_first_rejected_line() -> None:
    device = Nasty(answers={**ANSWERS, "bad": "% Subnet overlaps with Gi0/1\n", "warn": "% Warning: careful\n"})
    async with session_with(device) as session:
        results = await session.configure(["router bgp 1", "warn", "bad", "never"])
        assert [r.rejected for r in results] == [False, False, True]
        assert "overlaps" in results[2].answer
        assert await session.show("show version") == VERSION
    assert "never" not in device.typed


async def test_a_line_that_leaves_the_configuration_stops_the_rest() -> None:
    async with session_with(device := Nasty(answers=ANSWERS)) as session:
        results = await session.configure(["end", "reload"])
        assert [r.rejected for r in results] == [True]
        assert await session.show("show version") == VERSION
    assert "reload" not in device.typed


async def test_a_locked_configuration_is_not_entered() -> None:
    async with session_with(device := Nasty(config_locked=True)) as session:
        with pytest.raises(DeviceRejectedError, match="locked by 'bob'"):
            await session.configure(["router bgp 1"])
    assert "router bgp 1" not in device.typed


async def test_a_session_that_cannot_leave_the_configuration_is_given_up() -> None:
    async with session_with(Nasty(stuck_in_config=True)) as session:
        with pytest.raises(DeviceTimeoutError) as caught:
            await session.configure(["router bgp 1"], timeout=0.5)
        assert [r.line for r in caught.value.facts["results"]] == ["router bgp 1"]
        assert not session.alive


async def test_a_change_that_breaks_off_tells_which_lines_were_answered() -> None:
    device = Nasty(drop=frozenset({"no shutdown"}))
    async with session_with(device) as session:
        with pytest.raises(SessionLostError) as caught:
            await session.configure(["interface Gi0/1", "no shutdown", "mtu 1500"])
    assert [r.line for r in caught.value.facts["results"]] == ["interface Gi0/1"]
    assert "mtu 1500" not in device.typed


async def test_a_log_line_that_hides_the_configuration_prompt_is_seen_through() -> None:
    device = Nasty(answers=ANSWERS, log_after=frozenset({"router bgp 1", "end"}))
    async with session_with(device) as session:
        results = await session.configure(["router bgp 1", "neighbor 10.0.0.2 remote-as 2"])
        assert [r.rejected for r in results] == [False, False]
        assert await session.show("show version") == VERSION


async def test_the_command_that_enters_can_carry_a_timer() -> None:
    async with session_with(device := Nasty()) as session:
        await session.configure(["router bgp 1"], enter="configure terminal revert timer 5")
    assert "configure terminal revert timer 5" in device.typed


async def test_a_platform_that_commits_is_not_configured_line_by_line() -> None:
    device = Nasty()
    async with session_with(device, platform="cisco_iosxr") as session:
        with pytest.raises(PreconditionError, match="cisco_iosxr"):
            await session.configure(["router bgp 1"])


async def test_frr_sections_are_followed() -> None:
    device = Nasty(answers={"show bgp summary": "% BGP instance not found\n"})
    async with session_with(device, platform="frr") as session:
        results = await session.configure(["router bgp 65001", "neighbor 10.0.0.2 remote-as 65002"])
        assert not any(r.rejected for r in results)
        assert await session.show("show bgp summary") == "% BGP instance not found"


async def test_what_was_printed_unasked_between_two_commands_is_no_part_of_the_second() -> None:
    device = Nasty(answers=ANSWERS)
    async with session_with(device) as session:
        assert await session.show("show version") == VERSION
        session._wire._stream.data_received(f"\r\n{SYSLOG}\r\n".encode() * 60_000, None)
        assert await session.show("show version") == VERSION


async def test_an_end_that_cannot_be_told_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    async with session_with(Nasty(answers=ANSWERS)) as session:
        monkeypatch.setattr("nocmesh_bridges.ssh.screen.before_prompt", lambda text, prompt: None)
        with pytest.raises(SessionLostError, match="cannot be told"):
            await session.show("show version")
