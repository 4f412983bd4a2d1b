"""What real Cisco, Arista and Juniper devices printed becomes typed state with nothing lost; nothing else does."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from bridges.platforms.capture_facts import FACTS as OTHER_FACTS
from bridges.platforms.capture_facts import Fact, more
from bridges.platforms.capture_facts_cisco import CHOSEN, CISCO_FACTS
from bridges.platforms.captures import MORE, OWN, USES, Use, expected, named, no_answers, outputs, samples, seen
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct, structs

from nocmesh.messages.state import Output, Quote, ViewStatus
from nocmesh_bridges.platforms import PLATFORMS, VIEWS, asks, commands, judged
from nocmesh_bridges.platforms.tables import STAMP
from nocmesh_bridges.ssh.guard import check_show

pytestmark = pytest.mark.real

EVERY = samples(OWN)
SOME = [each for each in samples(MORE) if MORE.is_dir()]
NONE = [*no_answers(OWN), *(no_answers(MORE) if MORE.is_dir() else [])]
TYPED = ("cisco_iosxe", "cisco_nxos", "cisco_iosxr", "arista_eos", "juniper_junos")
FACTS = OTHER_FACTS | CISCO_FACTS


def facts_wanted(use: Use, path: Path) -> set[Fact]:
    wanted, _ = FACTS[(use.platform, use.command)]
    choose = CHOSEN.get((use.platform, use.command), list)
    return {fact for row in choose(expected(path)) for fact in wanted(row)}


def facts_got(use: Use, text: str) -> set[Fact]:
    _, got = FACTS[(use.platform, use.command)]
    return set(got(seen(use, text)))


def quotes(value: object) -> Iterator[Quote]:
    """Every quote anywhere in a state."""
    if isinstance(value, Quote):
        yield value
    elif isinstance(value, Struct):
        for name in value.__struct_fields__:
            yield from quotes(getattr(value, name))
    elif isinstance(value, list):
        for each in value:
            yield from quotes(each)


def held(use: Use, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    state = seen(use, text)
    assert state.status[use.view] == "parsed"
    wanted, got = facts_wanted(use, path), facts_got(use, text)
    assert wanted - got == set()
    assert {fact for fact in got - wanted if not more(use.command, fact)} == set()
    texts = {output.command: output.text for output in outputs(use, text)}
    found = list(quotes(state))
    assert found or use.command == "show vlan"  # a VLAN is a bare number
    assert [q for q in found if not q.text or q.text not in texts[q.command]] == []


@pytest.mark.parametrize(("use", "path"), EVERY, ids=named)
def test_an_answer_of_a_real_device_is_typed_without_loss_and_quoted(use: Use, path: Path) -> None:
    held(use, path)


@pytest.mark.skipif(
    not SOME, reason="no more answers of real devices beside the project, and none named by NOCMESH_SHOW"
)
@pytest.mark.parametrize(("use", "path"), SOME, ids=named)
def test_every_further_answer_beside_the_project_is_typed_without_loss_and_quoted(use: Use, path: Path) -> None:
    held(use, path)


@pytest.mark.parametrize(("use", "path"), NONE, ids=named)
def test_what_is_no_answer_of_the_command_is_not_believed(use: Use, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    answers = judged(use.platform, [Output(command=use.command, text=text)])
    assert [output.status for output in answers] == ["unparsed"]


def test_there_are_samples_in_the_project_for_each_platform() -> None:
    assert {use.platform for use, _ in EVERY} == set(TYPED)
    assert len(EVERY) >= 30
    assert {(use.platform, use.command) for use in USES} == set(FACTS)


@pytest.mark.parametrize("platform", TYPED)
def test_every_command_in_use_passes_the_guard(platform: str) -> None:
    for command in commands(platform, VIEWS):
        check_show(platform, command)


@pytest.mark.parametrize("platform", TYPED)
def test_every_command_in_use_has_a_judge_who_calls_gibberish_unparsed(platform: str) -> None:
    for ask in asks(platform, VIEWS):
        answers = [
            Output(command=ask.command, text=text) for text in ("lorem ipsum dolor\n", "\x00\x01\xff\n", "r1#\n")
        ]
        assert {output.status for output in judged(platform, answers)} == {"unparsed"}, ask.command


REFUSALS = {
    "cisco_nxos": "                     ^\n% Invalid command at '^' marker.\n",
    "cisco_iosxr": "Mon Nov 23 12:45:19.310 UTC\n            ^\n% Invalid input detected at '^' marker.\n",
    "cisco_iosxe": "              ^\n% Invalid input detected at '^' marker.\n",
    "arista_eos": "% Invalid input (at token 2: 'isis')\n",
    "juniper_junos": "                   ^\nunknown command.\n",
}


@pytest.mark.parametrize("platform", TYPED)
def test_a_refused_command_is_rejected_in_the_words_of_each_platform(platform: str) -> None:
    for ask in asks(platform, VIEWS):
        assert judged(platform, [Output(command=ask.command, text=REFUSALS[platform])])[0].status == "rejected"


def test_the_platforms_are_among_those_that_are_known() -> None:
    assert {platform.name for platform in PLATFORMS} >= set(TYPED)


INTRUDERS = [
    "*Nov 21 11:02:44.123: %LINK-3-UPDOWN: Interface GigabitEthernet0/1, changed state to down",
    "Broadcast message from root: the system goes down NOW!",
    "switch-01#",
    "user@mx240> ",
    " --More-- ",
    "---(more 57%)---",
]
LOOSE = {
    ("cisco_nxos", "show version"),
    ("cisco_iosxr", "show version"),
    ("cisco_iosxe", "show version"),
    ("arista_eos", "show version"),
    ("juniper_junos", "show version"),
    ("juniper_junos", "show system processes brief"),
    ("cisco_iosxe", "show processes memory sorted"),
}
"""Prose, of which single lines are read: what else stands in it changes nothing of them."""


@pytest.mark.parametrize("intruder", INTRUDERS)
@pytest.mark.parametrize(("use", "path"), EVERY, ids=named)
def test_a_line_that_does_not_belong_makes_a_table_unparsed(use: Use, path: Path, intruder: str) -> None:
    if (use.platform, use.command) in LOOSE or (use.command == "show ip route" and use.platform == "cisco_iosxe"):
        return
    lines = path.read_text(encoding="utf-8").splitlines()
    middle = len(lines) // 2
    text = "\n".join([*lines[:middle], intruder, *lines[middle:]])
    answers = [output for output in judged(use.platform, outputs(use, text)) if output.command == use.command]
    assert [output.status for output in answers] == ["unparsed"]


def cut_facts(use: Use, path: Path) -> list[tuple[int, ViewStatus, set[Fact]]]:
    """What is typed of an answer that ends after each of its lines."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    found = []
    for end in range(len(lines)):
        text = "".join(lines[:end])
        status = judged(use.platform, [Output(command=use.command, text=text)])[0].status
        found.append((end, status, facts_got(use, text) if status == "parsed" and use.view != "system" else set()))
    return found


OPEN = {
    ("juniper_junos", "show interfaces"),
    ("cisco_nxos", "show interface"),
    ("cisco_iosxr", "show interfaces"),
    ("cisco_iosxr", "show route ipv4"),
}
"""These tell nowhere that the last interface that is no port, or the last route, is told to its end; all others are as
in the whole."""
SMALL = [(use, path) for use, path in EVERY if len(path.read_text(encoding="utf-8").splitlines()) < 130]


@pytest.mark.parametrize(("use", "path"), SMALL, ids=named)
def test_an_answer_cut_after_any_line_holds_no_fact_that_the_whole_does_not(use: Use, path: Path) -> None:
    whole = facts_got(use, path.read_text(encoding="utf-8"))
    for end, _, facts in cut_facts(use, path):
        assert len(facts - whole) <= ((use.platform, use.command) in OPEN), end


COUNTED = [
    ("cisco_nxos", "show ip ospf neighbors"),
    ("cisco_nxos", "show vlan"),
    ("cisco_nxos", "show version"),
    ("cisco_iosxr", "show lldp neighbors"),
    ("cisco_iosxr", "show ospf neighbor"),
    ("cisco_iosxr", "show version"),
    ("cisco_iosxe", "show lldp neighbors"),
    ("cisco_iosxe", "show etherchannel summary"),
    ("arista_eos", "show mac address-table"),
    ("juniper_junos", "show bgp summary"),
    ("cisco_iosxe", "show version"),
    ("arista_eos", "show version"),
    ("juniper_junos", "show system processes brief"),
]


@pytest.mark.parametrize(("use", "path"), [e for e in EVERY if (e[0].platform, e[0].command) in COUNTED], ids=named)
def test_an_answer_that_says_how_long_it_is_is_never_taken_when_a_row_is_missing(use: Use, path: Path) -> None:
    whole = facts_got(use, path.read_text(encoding="utf-8"))
    for end, status, facts in cut_facts(use, path):
        assert status != "parsed" or facts == whole or use.view == "system", end
        assert status != "empty" or all(STAMP.match(line) for line in path.read_text().splitlines()[:end]), end


NOISE = st.one_of(st.text(max_size=200), st.binary(max_size=200).map(lambda data: data.decode("latin-1")))


@settings(max_examples=60)
@given(st.sampled_from(EVERY), st.data())
def test_no_mangled_answer_raises_or_is_quoted_wrongly(each: tuple[Use, Path], data: st.DataObject) -> None:
    use, path = each
    text = path.read_text(encoding="utf-8")[:6000]
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    mangled = text[:start] + data.draw(NOISE) + text[end:]
    texts = {output.command: output.text for output in outputs(use, mangled)}
    assert all(quote.text in texts[quote.command] for quote in quotes(seen(use, mangled)))


@settings(max_examples=60)
@given(st.sampled_from(USES), NOISE)
def test_noise_is_never_a_table(use: Use, noise: str) -> None:
    status = judged(use.platform, [Output(command=use.command, text=noise)])[0].status
    assert status in {"unparsed", "rejected"} or (status == "empty" and not noise.strip())


def test_a_view_that_a_platform_does_not_have_is_unasked() -> None:
    assert commands("arista_eos", ["filters", "isis", "stp"]) == []
    assert commands("juniper_junos", ["filters", "stp", "mac_table", "switching", "processes"]) == []


def test_what_a_session_distrusts_is_no_table_however_it_looks() -> None:
    use, path = EVERY[0]
    found = outputs(use, path.read_text(encoding="utf-8"))
    distrusted = [structs.replace(output, status="unparsed") for output in found]
    assert {output.status for output in judged(use.platform, distrusted)} == {"unparsed"}


def test_no_sample_names_who_it_came_from() -> None:
    assert re.search("Apache License 2.0", (OWN / "README.md").read_text(encoding="utf-8"))
