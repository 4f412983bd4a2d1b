"""Sessions with devices that speak like Cisco NX-OS and IOS-XR, and replay what real ones printed, page by page."""

import asyncio
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from bridges.platforms.captures import USES, samples
from bridges.platforms.cisco_answers import ANSWERS
from bridges.ssh.nasty import Nasty, running, session_with, until

from nocmesh.errors import (
    DeviceRejectedError,
    DeviceTimeoutError,
    DeviceUnreachableError,
    PreconditionError,
    SessionLostError,
)
from nocmesh.messages.state import Output
from nocmesh_bridges.platforms import VIEWS, asks, judged, state
from nocmesh_bridges.redact import redact
from nocmesh_bridges.ssh.guard import check_show
from nocmesh_bridges.ssh.hostkeys import HostKeys
from nocmesh_bridges.ssh.session import DeviceSession

pytestmark = pytest.mark.real

CAPTURED = Path(__file__).parents[1] / "platforms" / "samples" / "captured"
XR_TIME = "Mon Nov 23 12:45:19.310 UTC\n"


@dataclass(frozen=True)
class Speech:
    """How a platform's command line looks."""

    platform: str
    hostname: str
    ending: str
    refusal: str
    refused: str
    syslog: str
    running: str
    question: str
    answers: dict[str, str | bytes] = field(default_factory=dict)

    def device(self, **more: Any) -> Nasty:
        looks = {"hostname": self.hostname, "ending": self.ending, "refusal": self.refusal, "syslog": self.syslog}
        return Nasty(**{"answers": self.answers, **looks, **more})


def answers(platform: str) -> dict[str, str | bytes]:
    """What real devices of ``platform`` answered, one answer a command."""
    assert USES
    found = [(use, path) for use, path in samples(CAPTURED) if use.platform == platform]
    return {use.command: path.read_text(encoding="utf-8").rstrip("\n") + "\n" for use, path in found}


NXOS = Speech(
    platform="cisco_nxos",
    hostname="leaf1",
    ending=" ",
    refusal="                     ^\r\n% Invalid command at '^' marker.\r\n",
    refused="Invalid command",
    syslog="2026 Nov 23 10:58:12 leaf1 %$ VDC-1 %$ %ETHPORT-5-IF_DOWN_LINK_FAILURE: Interface Ethernet1/5 is down",
    running="!Command: show running-config\n!Time: Mon Nov 23 11:00:00 2026\n\nversion 9.3(5)\nhostname leaf1\n\n\n",
    question="This command will reboot the system. (y/n)?  [n] ",
    answers=answers("cisco_nxos"),
)
IOSXR = Speech(
    platform="cisco_iosxr",
    hostname="RP/0/RP0/CPU0:pe1",
    ending="",
    refusal=f"{XR_TIME}            ^\r\n% Invalid input detected at '^' marker.\r\n".replace("\n", "\r\n"),
    refused="Invalid input",
    syslog="RP/0/RP0/CPU0:Nov 23 12:40:00.044 UTC: ifmgr[230]: %PKT_INFRA-LINK-3-UPDOWN : Interface Gi0/0/0/1, down",
    running=f"{XR_TIME}Building configuration...\n!! IOS XR Configuration 7.5.2\n!\nhostname pe1\n!\nend\n\n",
    question="Uncommitted changes found, commit them before exiting(yes/no/cancel)? [cancel]:",
    answers=answers("cisco_iosxr"),
)
SPEECHES = [pytest.param(NXOS, id="nxos"), pytest.param(IOSXR, id="iosxr")]
both = pytest.mark.parametrize("speech", SPEECHES)


@both
@pytest.mark.parametrize("page", [0, 20])
@pytest.mark.parametrize("stubborn", [False, True], ids=["paging-off", "paging-stays"])
async def test_what_real_devices_printed_arrives_letter_for_letter(speech: Speech, page: int, stubborn: bool) -> None:
    if stubborn and not page:
        return
    async with session_with(speech.device(page=page, stubborn=stubborn), platform=speech.platform) as session:
        assert session.prompt == f"{speech.hostname}#{speech.ending}"
        for command, text in speech.answers.items():
            answer = await session.show(command)
            assert answer + "\n" == str(text), command
            assert judged(speech.platform, [Output(command=command, text=answer)])[0].status == "parsed"


@both
async def test_paging_is_switched_off_before_anything_is_asked(speech: Speech) -> None:
    device = speech.device(page=20)
    async with session_with(device, platform=speech.platform) as session:
        await session.show("show version")
    typed = [line for line in device.typed if not line.startswith("!")]
    assert "term len 0" in typed[: typed.index("show version")]


@both
@pytest.mark.parametrize("chunk", [0, 3])
async def test_what_looks_like_a_prompt_does_not_cut_the_answer(speech: Speech, chunk: int) -> None:
    prompt = f"{speech.hostname}#"
    text = f"banner\n{prompt}\nother#\n{prompt} show version\n{speech.hostname}(config)#\n--More--\nmore"
    device = speech.device(answers={"show banner motd": text + "\n"}, chunk=chunk)
    async with session_with(device, platform=speech.platform) as session:
        assert await session.show("show banner motd") == text
        assert await session.show("show banner motd") == text


@both
async def test_a_log_line_after_the_prompt_is_no_part_of_the_answer(speech: Speech) -> None:
    device = speech.device(log_after=frozenset({"show version"}))
    async with session_with(device, platform=speech.platform) as session:
        for _ in range(2):
            assert await session.show("show version") + "\n" == speech.answers["show version"]
        assert speech.syslog not in await session.show(next(iter(speech.answers)))


@both
async def test_after_a_timeout_the_old_answer_is_nobodys(speech: Speech) -> None:
    device = speech.device(hang=frozenset({"show tech"}))
    async with session_with(device, platform=speech.platform) as session:
        with pytest.raises(DeviceTimeoutError, match="partial answer"):
            await session.show("show tech", timeout=0.2)
        with pytest.raises(SessionLostError, match="open another"):
            await session.show("show version")
        another = await DeviceSession.open(device.target(platform=speech.platform), host_keys=HostKeys())
        assert await another.show("show version") + "\n" == speech.answers["show version"]
        await another.close()


@both
async def test_a_cancelled_command_ends_the_session(speech: Speech) -> None:
    device = speech.device(hang=frozenset({"show tech"}))
    async with session_with(device, platform=speech.platform) as session:
        task = asyncio.create_task(session.show("show tech"))
        await until(lambda: "show tech" in device.typed)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(SessionLostError):
            await session.show("show version")


@both
async def test_cancelling_at_random_moments_never_gives_a_wrong_answer(speech: Speech) -> None:
    chance, wrong, right, cancelled = random.Random(2), 0, 0, 0
    texts: dict[str, str | bytes] = {f"show {n}": f"answer {n} " * n + "\n" for n in range(1, 8)}
    device = speech.device(answers=texts, chunk=7, pause=0.0002)
    async with running(device):
        target, keys = device.target(platform=speech.platform), HostKeys()
        session = await DeviceSession.open(target, host_keys=keys)
        for _ in range(16):
            number = chance.randint(1, 7)
            try:
                async with asyncio.timeout(chance.choice([0.0005, 0.003, 1.0])):
                    answer = await session.show(f"show {number}")
                wrong += answer + "\n" != texts[f"show {number}"]
                right += 1
            except TimeoutError:
                cancelled += 1
                assert not session.alive
                await session.close()
                session = await DeviceSession.open(target, host_keys=keys)
        await session.close()
    assert (wrong, right > 2, cancelled > 2) == (0, True, True)


@both
async def test_many_callers_of_one_session_each_get_their_own_answer(speech: Speech) -> None:
    texts: dict[str, str | bytes] = {f"show {n}": f"answer {n}\n" for n in range(6)}
    async with session_with(speech.device(answers=texts, chunk=3), platform=speech.platform) as session:
        got = await asyncio.gather(*(session.show(f"show {n}") for n in range(6)))
    assert got == [f"answer {n}" for n in range(6)]


@both
async def test_a_command_that_the_device_does_not_know_leaves_the_session_usable(speech: Speech) -> None:
    device = speech.device(rejects=frozenset({"show foo"}))
    async with session_with(device, platform=speech.platform) as session:
        with pytest.raises(DeviceRejectedError, match=speech.refused):
            await session.show("show foo")
        assert await session.show("show version") + "\n" == speech.answers["show version"]


@both
async def test_a_running_configuration_is_read_to_its_end(speech: Speech) -> None:
    device = speech.device(answers={"show running-config": speech.running}, page=3, stubborn=True)
    async with session_with(device, platform=speech.platform) as session:
        answer = await session.show("show running-config")
    assert answer + "\n" == speech.running
    assert judged(speech.platform, [Output(command="show running-config", text=answer)])[0].status == "parsed"


@both
async def test_every_view_is_read_through_a_session_by_guarded_commands_and_redacted(speech: Speech) -> None:
    told = {command: text for (platform, command), text in ANSWERS.items() if platform == speech.platform}
    device, outputs = speech.device(answers=speech.answers | told, page=20, stubborn=True), []
    async with session_with(device, platform=speech.platform) as session:
        for ask in asks(speech.platform, VIEWS):
            check_show(speech.platform, ask.command)
            text = await session.show(ask.command) if ask.command in device.answers else ""
            outputs.append(Output(command=ask.command, text=redact(speech.platform, text)))
    found = state("r1", speech.platform, VIEWS, judged(speech.platform, outputs))
    unread = {"processes"}  # no answer is at hand
    have = {view for view in VIEWS if asks(speech.platform, [view])} - unread
    assert {view: found.status[view] for view in have} == dict.fromkeys(have, "parsed")
    assert "HIDDEN" not in str(found)
    assert found.bgp is not None
    assert [n.has_password for n in found.bgp.neighbors] == [True, False]


async def test_a_configuration_of_iosxr_without_its_end_is_no_backup() -> None:
    device = IOSXR.device(answers={"show running-config": IOSXR.running.replace("end\n", "")})
    async with session_with(device, platform="cisco_iosxr") as session:
        with pytest.raises(SessionLostError, match="cut off"):
            await session.show("show running-config")


async def test_a_connection_that_breaks_inside_a_configuration_of_nxos_is_an_error() -> None:
    device = NXOS.device(answers={"show running-config": NXOS.running}, drop=frozenset({"show running-config"}))
    async with session_with(device, platform="cisco_nxos") as session:
        with pytest.raises(SessionLostError, match="closed the session"):
            await session.show("show running-config")


@both
async def test_a_question_is_not_answered(speech: Speech) -> None:
    device = speech.device(asks=frozenset({"reload"}), asking=speech.question)
    async with session_with(device, platform=speech.platform) as session:
        with pytest.raises(DeviceRejectedError, match="asks"):
            await session.show("reload")
        assert not session.alive


async def test_nxos_raises_the_privilege_or_says_that_it_does_not() -> None:
    device = NXOS.device(enable="s3cret")
    async with session_with(device, platform="cisco_nxos") as session:
        assert session.prompt == "leaf1# "
    async with running(device):
        target = device.target(platform="cisco_nxos", enable_password="wrong")
        with pytest.raises(DeviceUnreachableError, match="refused the enable password"):
            await DeviceSession.open(target, host_keys=HostKeys())


async def test_iosxr_is_not_configured_line_by_line() -> None:
    async with session_with(device := IOSXR.device(), platform="cisco_iosxr") as session:
        with pytest.raises(PreconditionError, match="cisco_iosxr"):
            await session.configure(["router bgp 1"])
    assert "router bgp 1" not in device.typed
