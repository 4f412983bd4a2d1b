"""What commands print: data in four forms, talk beside it, nothing that steers a terminal."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nocmesh.cli.output import Format, printable, put, say, show_done, show_list, show_one
from nocmesh.cli.story import INDENT, Line, Story, change_lines, lines_of
from nocmesh.cli.telling import Teller, fitted
from nocmesh.yamlfile import dumped, parse_document, plain_data

ROWS: list[dict[str, Any]] = [{"id": "a", "load": 0.5, "tags": ["x", "y"]}, {"id": "b", "load": None, "tags": []}]

Capture = pytest.CaptureFixture[str]


def test_a_list_is_a_table_of_the_asked_columns(capsys: Capture) -> None:
    show_list(ROWS, ["id", "load", "tags"], "id", Format.TABLE)
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split() == ["ID", "LOAD", "TAGS"]
    assert first.split() == ["a", "0.5", "x,", "y"]
    assert second.split() == ["b", "-"]


def test_a_list_as_json_yaml_and_names(capsys: Capture) -> None:
    show_list(ROWS, ["id"], "id", Format.JSON)
    assert json.loads(capsys.readouterr().out) == {"items": ROWS}
    show_list(ROWS, ["id"], "id", Format.YAML)
    assert plain_data(capsys.readouterr().out) == {"items": ROWS}
    show_list(ROWS, ["id"], "id", Format.NAME)
    assert capsys.readouterr().out == "a\nb\n"


def test_an_empty_table_is_talk_and_no_data(capsys: Capture) -> None:
    show_list([], ["id"], "id", Format.TABLE)
    out, err = capsys.readouterr()
    assert (out, err) == ("", "nothing to show\n")


@pytest.mark.parametrize(("form", "shown"), [(Format.JSON, '{"id":"a"}'), (Format.YAML, "id: a"), (Format.NAME, "a")])
def test_one_thing_in_each_form(form: Format, shown: str, capsys: Capture) -> None:
    show_one({"id": "a"}, "id", form)
    assert capsys.readouterr().out == shown + "\n"


def test_what_came_of_an_action_is_its_name_unless_more_is_asked(capsys: Capture) -> None:
    show_done({"id": "a", "more": 1}, "id", Format.TABLE)
    show_done({"id": "a", "more": 1}, "id", Format.JSON)
    assert capsys.readouterr().out == 'a\n{"id":"a","more":1}\n'


def test_data_and_talk_do_not_mix(capsys: Capture) -> None:
    put("data")
    say("talk")
    assert capsys.readouterr() == ("data\n", "talk\n")


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text("ab: #-'\"\n|>é→{}[]&*!%@`,?x1.", max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1, max_size=3), inner),
    max_leaves=8,
)


@settings(max_examples=60)
@given(PLAIN)
def test_what_is_written_as_yaml_reads_as_the_same(value: object) -> None:
    assert parse_document(dumped({"value": value}), "it").data == {"value": value}


# --- the story


@given(st.text())
def test_no_text_of_a_device_can_steer_the_terminal(text: str) -> None:
    assert all(c.isprintable() or c == "\n" for c in printable(text))
    told = [line.plain() for line in lines_of({"kind": "thought", "at": "2026-01-01T10:00:00", "text": text})]
    assert all(line.isprintable() for line in told)


def test_an_escape_sequence_in_a_table_is_shown_and_not_obeyed(capsys: Capture) -> None:
    show_list([{"id": "\x1b[31mred"}], ["id"], "id", Format.TABLE)
    assert "\x1b" not in capsys.readouterr().out


@given(st.text("ab ", max_size=200), st.integers(10, 120), st.booleans())
def test_a_line_fits_its_terminal(text: str, width: int, whole: bool) -> None:
    line = Line("12:00:00 bgp ", text, whole=whole)
    room = max(width, len(line.head) + 24)
    parts = fitted(line, width)
    assert all(len(part) <= room for part in parts)
    if whole:
        assert "".join(part[len(line.head) :] for part in parts).replace(" ", "") == text.replace(" ", "")
    else:
        assert len(parts) == 1


CHANGE = {
    "device": "r1",
    "risk": "critical",
    "summary": "the right AS",
    "commands": ["router bgp 65000", "neighbor 10.0.0.1 remote-as 65001"],
    "rollback": ["router bgp 65000"],
    "verify": [{"kind": "session"}, {"text": "it is up"}],
}


def test_a_change_is_told_with_its_way_back_and_its_proof() -> None:
    told = [line.plain().strip() for line in change_lines(CHANGE)]
    assert told[0] == "change      r1, critical: the right AS"
    assert told[1:3] == ["+ router bgp 65000", "+ neighbor 10.0.0.1 remote-as 65001"]
    assert told[3:] == ["rollback    router bgp 65000", "verify      session", "verify      it is up"]


def test_a_diff_is_told_instead_of_the_commands() -> None:
    told = [line for line in change_lines({**CHANGE, "diff": "@@ x\n-a\n+b\n c"}) if not line.whole]
    assert [(line.text, line.style) for line in told[:4]] == [
        ("@@ x", "cyan"),
        ("-a", "red"),
        ("+b", "green"),
        (" c", ""),
    ]


def test_a_diagnosis_is_told_with_its_evidence() -> None:
    cause = {"fault_type": "bgp_asn_misconfig", "resource": "node/r1", "confidence": 0.98}
    quote = {"device": "r1", "command": "show run", "quote": "neighbor\n  x" + "y" * 400}
    report = {
        "root_causes": [{**cause, "evidence": [quote]}],
        "ruled_out": [{"fault_type": f"f{n}", "because": "no"} for n in range(9)],
    }
    told = [line.plain() for line in lines_of({"kind": "diagnosed", "actor": "bgp", "data": {"report": report}})]
    assert told[1] == f"{INDENT}root cause  bgp_asn_misconfig on node/r1 (0.98)"
    assert told[2].startswith(f"{INDENT}evidence    r1# show run: neighbor xyyy")
    assert told[2].endswith("…")
    assert len(told) == 3 + 6


def test_proposed_changes_are_told() -> None:
    assert len(list(lines_of({"kind": "proposed", "data": {"changes": [CHANGE, CHANGE]}}))) == 1 + 2 * 6


def test_an_entry_is_told_once() -> None:
    told: list[Line] = []
    story = Story(told.append)
    entry = {"kind": "open", "at": "2026-01-01T10:00:00Z", "actor": "alertmanager", "text": "down"}
    story.tell([entry])
    story.tell([entry, {**entry, "kind": "closed"}])
    assert [line.plain() for line in told] == [
        "10:00:00 alertmanager   OPEN              down",
        "10:00:00 alertmanager   CLOSED            down",
    ]


def teller(path: Path, monkeypatch: pytest.MonkeyPatch, terminal: bool) -> Teller:
    if terminal:
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.delenv("NO_COLOR", raising=False)
        monkeypatch.setenv("TERM", "xterm-256color")
    return Teller(path.open("w+"), width=50)


def told_by(teller: Teller, path: Path) -> str:
    teller.say("hello\x1b", "bold")
    teller.line(Line("head ", "word " * 20, "green"))
    with teller.busy("starting"):
        pass
    teller._console.file.close()
    return path.read_text()


def test_on_a_pipe_a_line_is_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    text = told_by(teller(tmp_path / "out", monkeypatch, terminal=False), tmp_path / "out")
    assert text.splitlines() == ["hello\N{REPLACEMENT CHARACTER}", ("head " + "word " * 20).rstrip(), "starting …"]


def test_on_a_terminal_it_is_coloured_and_no_wider_than_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = told_by(teller(tmp_path / "out", monkeypatch, terminal=True), tmp_path / "out")
    assert "\x1b[1mhello" in text
    assert "\x1b[32mhead word" in text
    plain = text.replace("\x1b[32m", "").replace("\x1b[0m", "").splitlines()
    assert plain[2].startswith("     word")
    assert max(len(line) for line in plain[1:4]) <= 50


@pytest.mark.parametrize(("form", "headless"), [(Format.JSON, False), (Format.TABLE, True), (Format.NAME, False)])
def test_where_data_is_wanted_the_story_goes_to_stderr(form: Format, headless: bool, capsys: Capture) -> None:
    Teller.of(form, headless=headless).say("once upon a time")
    assert capsys.readouterr() == ("", "once upon a time\n")


def test_where_a_person_reads_the_story_it_goes_to_stdout(capsys: Capture) -> None:
    Teller.of(Format.TABLE).say("once upon a time")
    assert capsys.readouterr().out == "once upon a time\n"
    assert not Teller(sys.stdout).on_terminal
