"""Cisco NX-OS and IOS-XR: mangled answers raise nothing and are quoted rightly; cut ones are not believed."""

import time
from collections.abc import Iterator

import pytest
from bridges.platforms import nxos_texts, xr_texts
from bridges.platforms.captures import NXOS_ARP
from bridges.platforms.cisco_answers import ANSWERS
from bridges.platforms.recorded import quotes
from hypothesis import given, settings
from hypothesis import strategies as st

from nocmesh.messages.state import DeviceState, Output
from nocmesh_bridges.platforms import VIEWS, asks, commands, judged, state
from nocmesh_bridges.platforms.tables import STAMP

PLATFORMS = ("cisco_nxos", "cisco_iosxr")
COUNTED = [
    ("cisco_nxos", "show lldp neighbors", nxos_texts.LLDP),
    ("cisco_nxos", "show ip ospf neighbors", nxos_texts.OSPF_NEAR),
    ("cisco_iosxr", "show ospf neighbor", xr_texts.NEAR),
    ("cisco_iosxr", "show isis neighbors", xr_texts.ISIS),
    ("cisco_iosxr", "show running-config", xr_texts.CONFIG),
]


def outputs(platform: str, command: str, text: str) -> list[Output]:
    answers = {ask: text for (name, ask), text in ANSWERS.items() if name == platform} | {command: text}
    return [Output(command=ask, text=answers.get(ask, "")) for ask in commands(platform, VIEWS)]


def seen(platform: str, command: str, text: str) -> DeviceState:
    return state("r1", platform, VIEWS, judged(platform, outputs(platform, command, text)))


def test_every_answer_here_is_understood() -> None:
    for (platform, command), text in ANSWERS.items():
        status = judged(platform, [Output(command=command, text=text)])[0].status
        assert status == ("empty" if text == NXOS_ARP else "parsed"), command


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(ANSWERS)), st.data())
def test_no_mangled_answer_raises_or_is_quoted_wrongly(which: tuple[str, str], data: st.DataObject) -> None:
    platform, command = which
    text = ANSWERS[which]
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    noise = data.draw(st.one_of(st.text(max_size=80), st.sampled_from(["\n", "\n\n", " --More-- ", text[:40], "%"])))
    mangled = text[:start] + noise + text[end:]
    texts = {output.command: output.text for output in outputs(platform, command, mangled)}
    found = list(quotes(seen(platform, command, mangled)))
    assert [quote for quote in found if not quote.text or quote.text not in texts[quote.command]] == []


@pytest.mark.parametrize(("platform", "command", "text"), COUNTED, ids=[each[1] for each in COUNTED])
def test_an_answer_that_tells_its_length_or_its_end_is_never_taken_when_cut(
    platform: str, command: str, text: str
) -> None:
    lines = text.rstrip().splitlines(keepends=True)
    told = next(at for at, line in enumerate(lines) if not STAMP.match(line))
    for end in range(told + 1, len(lines)):
        status = judged(platform, [Output(command=command, text="".join(lines[:end]))])[0].status
        assert status == "unparsed" or (status == "parsed" and "VRF red" in lines[end]), end


def hostile() -> Iterator[str]:
    """Lines that a careless pattern tries for hours."""
    for word in ("A1 1 ", "a", " ", "1", "1.1.1.1 ", "Eth1/1(P) ", "Eth1/1, ", "x\n  ", "(", "%x-1-X ", "1w1d, "):
        yield word * (20_000 // len(word))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_no_answer_takes_long_to_be_judged(platform: str) -> None:
    for ask in asks(platform, VIEWS):
        whole = ANSWERS.get((platform, ask.command), "")
        for line in hostile():
            began = time.perf_counter()
            judged(platform, [Output(command=ask.command, text=f"{whole}\n{line}\n{whole}")])
            assert time.perf_counter() - began < 1.0, (ask.command, line[:20])
