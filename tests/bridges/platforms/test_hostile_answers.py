"""Whatever a device prints, it costs a clear status: no exception, and nothing that was torn passes for the whole."""

import json

import pytest
from bridges.platforms.recorded import recorded, seen, text_of, with_text
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nocmesh.messages.state import Output, ViewStatus
from nocmesh_bridges.platforms import VIEWS, asks, judged, state

DEVICES = {"frr": recorded("frr/r1", "frr"), "linux": recorded("linux/s2", "linux")}
ANSWERS = [(platform, output.command) for platform, outputs in DEVICES.items() for output in outputs]
IDS = [f"{platform}:{command[:40]}" for platform, command in ANSWERS]
FED = {
    (platform, command): [v for v in VIEWS if command in [ask.command for ask in asks(platform, [v], shell=True)]]
    for platform, command in ANSWERS
}
"""The views that each answer feeds."""
STATUSES = {"parsed", "empty", "unparsed", "rejected", "unasked"}
JOURNAL = "journalctl --no-pager -n 200 -o json --output-fields=PRIORITY,SYSLOG_IDENTIFIER,MESSAGE"
LINES = {"nft -a list ruleset", "show isis neighbor detail", "show version", "show logging", JOURNAL}
"""Text without a mark at its end: where it may end is checked by tests of their own; the session proves its end."""
LISTS = {*(command for _, command in ANSWERS if command.startswith(("dpkg", "ps -ww"))), "show daemons"}
"""Lists that are lists wherever they are cut."""
SILENT = {
    "show ip ospf json",
    "show ip ospf neighbor detail json",
    "nft -a list ruleset",
    "show isis neighbor detail",
    JOURNAL,
}
"""Commands to which no text at all is an answer: there is none."""
BANNER = "\n*** Maintenance tonight at 22:00 ***\n"
LOG = "*Mar  1 00:01:02.003: %LINK-3-UPDOWN: Interface Gi0/1, changed state to down\n"
FEW = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def status(platform: str, command: str, text: str) -> ViewStatus:
    """What is thought of the answer; no view of the device may fall over it."""
    outputs = with_text(DEVICES[platform], command, text)
    assert set(state("r1", platform, FED[platform, command], outputs).status.values()) <= STATUSES
    return judged(platform, [o for o in outputs if o.command == command])[0].status


def original(platform: str, command: str) -> str:
    return text_of(DEVICES[platform], command)


def test_every_command_of_every_view_was_recorded() -> None:
    for platform, outputs in DEVICES.items():
        wanted = {ask.command for ask in asks(platform, VIEWS, shell=True)}
        assert wanted == {output.command for output in outputs}


@pytest.mark.parametrize(("platform", "command"), ANSWERS, ids=IDS)
@given(text=st.one_of(st.text(max_size=120), st.binary(max_size=120).map(lambda b: b.decode("utf-8", "replace"))))
@FEW
def test_no_text_makes_a_view_fall_over(platform: str, command: str, text: str) -> None:
    found = status(platform, command, text)
    if text.strip():
        assert found in ("unparsed", "rejected") or text.strip() in ("{}", "[]")
    else:
        assert found == ("empty" if command in SILENT else "unparsed")


@pytest.mark.parametrize(
    ("platform", "command"),
    [pair for pair in ANSWERS if pair[1] not in LINES | LISTS],
    ids=[name for pair, name in zip(ANSWERS, IDS, strict=True) if pair[1] not in LINES | LISTS],
)
@given(share=st.floats(0.001, 0.999))
@FEW
def test_a_cut_answer_is_never_the_whole_one(platform: str, command: str, share: float) -> None:
    whole = original(platform, command).rstrip()
    kept = whole[: int(len(whole) * share)]
    if kept.strip():
        assert status(platform, command, kept) in ("unparsed", "rejected"), kept[-80:]


@pytest.mark.parametrize(("platform", "command"), ANSWERS, ids=IDS)
@pytest.mark.parametrize("foreign", [BANNER, LOG])
@given(share=st.floats(0.05, 0.95))
@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_banner_in_the_middle_is_noticed(platform: str, command: str, foreign: str, share: float) -> None:
    lines = original(platform, command).splitlines(keepends=True)
    middle = max(1, int(len(lines) * share))
    if middle < len(lines) and command != "show version":  # of which one line is read
        torn = "".join(lines[:middle]) + foreign.lstrip("\n") + "".join(lines[middle:])
        assert status(platform, command, torn) in ("unparsed", "rejected")


@pytest.mark.parametrize(("platform", "command"), ANSWERS, ids=IDS)
@pytest.mark.parametrize("prompt", ["r1#", "root@r1:~# ", "--More--"])
def test_a_prompt_at_the_end_is_noticed(platform: str, command: str, prompt: str) -> None:
    if command != "show version":
        assert status(platform, command, original(platform, command).rstrip() + f"\n{prompt}") != "parsed"


@pytest.mark.parametrize(("platform", "command"), ANSWERS, ids=IDS)
@pytest.mark.parametrize("said", ["% Unknown command: show x\n", "zebra is not running\n"])
def test_what_a_router_refuses_is_rejected(platform: str, command: str, said: str) -> None:
    assert status(platform, command, said) == "rejected"


@pytest.mark.parametrize(("platform", "command"), [pair for pair in ANSWERS if " -j " in pair[1]])
@given(data=st.data())
@FEW
def test_json_of_another_shape_is_not_believed(platform: str, command: str, data: st.DataObject) -> None:
    scalars = st.one_of(st.integers(), st.booleans(), st.none(), st.text(max_size=5))
    foreign = data.draw(
        st.one_of(
            scalars,
            st.lists(scalars, min_size=1, max_size=3),
            st.dictionaries(
                st.sampled_from(["ifname", "dst", "mac", "kind", "flags", "x"]), scalars, min_size=1, max_size=3
            ),
        )
    )
    assert status(platform, command, json.dumps([foreign])) == "unparsed"


def test_nothing_is_told_of_an_answer_that_nobody_got() -> None:
    for platform, outputs in DEVICES.items():
        lost = [Output(command=o.command, door=o.door, text="the session was lost", status="unparsed") for o in outputs]
        found = seen(lost, platform)
        assert {status for status in found.status.values() if status != "unasked"} == {"unparsed"}
        assert found.config_sha256 == ""
