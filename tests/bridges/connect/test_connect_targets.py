"""The target file: what it may say, each mistake with its line; its secrets elsewhere; lines there and back; masks."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.errors import GuardError, InvalidInputError, NotFoundError, PreconditionError
from nocmesh.messages.change import Change
from nocmesh.network import Network
from nocmesh.policy.policy import built_in
from nocmesh_bridges.connect.executing import unfit
from nocmesh_bridges.connect.hand import Rated
from nocmesh_bridges.connect.lines import lines_of, values_in
from nocmesh_bridges.connect.serving import risk_of
from nocmesh_bridges.connect.targets import Targets, load_targets, named
from nocmesh_bridges.connect.veil import Veil
from nocmesh_bridges.database.hand import DatabaseHand
from nocmesh_bridges.http.hand import ServiceHand
from nocmesh_bridges.local.hand import CommandHand

FILE = """
version: 1
databases:
  - name: crm
    engine: postgresql
    address: 10.0.0.5
    database: crm
    site: ams
    reader: {user: look, env: CRM_READ}
    writer: {user: write, file: crm-write}
services:
  - {name: nb, url: "https://nb.example.net/api/", methods: [GET, DELETE, PATCH], paths: [/dcim/]}
commands:
  - {name: uptime, argv: [/usr/bin/uptime], read_only: true, risk: low}
  - {name: flush, argv: [/usr/bin/flush, "{zone}"], parameters: {zone: {enum: [ams]}}, risk: medium, core: true}
"""


@pytest.fixture
def targets(tmp_path: Path) -> Targets:
    (tmp_path / "targets.yaml").write_text(FILE)
    return load_targets(tmp_path / "targets.yaml")


def test_the_file_lists_targets_that_the_gate_knows(targets: Targets) -> None:
    found = {device.name: (device.platform, device.site, device.core) for device in targets.network().devices}
    assert found == {
        "crm": ("postgresql", "ams", False),
        "nb": ("http", "", False),
        "uptime": ("local", "", False),
        "flush": ("local", "", True),
    }


def test_a_secret_is_looked_up_when_it_is_used(
    targets: Targets, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    [crm] = targets.databases
    assert crm.writer is not None
    with pytest.raises(PreconditionError, match="CRM_READ is empty"):
        targets.secret("crm", crm.reader).reveal()
    monkeypatch.setenv("CRM_READ", "sesame")
    (tmp_path / "crm-write").write_text("open\n")
    assert (targets.secret("crm", crm.reader).reveal(), targets.secret("crm", crm.writer).reveal()) == (
        "sesame",
        "open",
    )
    assert "sesame" not in repr(targets)


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("engine: postgresql", "engine: oracle", 5, "postgresql"),
        ("env: CRM_READ", "password: x", 9, "password"),
        ("name: nb", "name: crm", 1, "two targets are called crm"),
        ("paths: [/dcim/]", "paths: [/dcim/../]", 12, "beginning of a path"),
        ("paths: [/dcim/]", "paths: []", 12, "paths"),
        ("https://nb.example.net/api/", "ftp://nb.example.net", 12, "base address"),
        ("https://nb.example.net/api/", "https://u:p@nb.example.net", 12, "base address"),
        ("[/usr/bin/uptime]", "[uptime]", 14, "whole path"),
        ("read_only: true, risk: low", "risk: low", 14, "read_only"),
        ("read_only: true, risk: low", "read_only: true", 14, "read_only"),
        ('"{zone}"]', '"{zone}", "{more}"]', 15, "parameters are"),
        ("{enum: [ams]}", "{pattern: .*}", 15, "pattern"),
        ("{enum: [ams]}", "{type: integer}", 15, "least"),
        ("{enum: [ams]}", "{}", 15, "enum"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, old: str, new: str, line: int, said: str) -> None:
    assert old in FILE
    (tmp_path / "targets.yaml").write_text(FILE.replace(old, new))
    with pytest.raises(InvalidInputError, match=said) as wrong:
        load_targets(tmp_path / "targets.yaml")
    assert f"targets.yaml:{line}:" in wrong.value.message


def test_the_example_of_the_page_is_a_file_that_is_read(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "connect.md").read_text()
    (tmp_path / "targets.yaml").write_text(page.split("```yaml\n")[1].split("```")[0])
    assert len(load_targets(tmp_path / "targets.yaml").network().devices) == 4


def test_a_target_that_is_not_there_is_told_with_the_nearest(targets: Targets) -> None:
    with pytest.raises(NotFoundError, match="did you mean 'flush'"):
        named("command", targets.commands, "flsh")


# --- lines, there and back

JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3))


@given(st.dictionaries(st.sampled_from(["$1", "$2", "rows", "body", "depends on"]), JSON))
def test_values_come_back_from_their_lines(values: dict[str, Any]) -> None:
    lines = lines_of("head", values)
    assert values_in(lines) == values
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("line", ["rows", "rows=1", "rows = ", "rows = 1 2", "rows = {", ""])
def test_a_line_that_states_no_value_is_refused(line: str) -> None:
    with pytest.raises(GuardError, match="states no value"):
        values_in(["head", line])
    with pytest.raises(GuardError, match="states no value"):
        values_in(["head", "rows = 1", "rows = 2"])


def change(hand: Any, arguments: dict[str, Any], **more: Any) -> Change:
    ask = hand.asked(arguments)
    base: dict[str, Any] = {"change_id": "c", "device": ask.target, "platform": hand.platform, "commands": ask.lines}
    return Change(**{**base, "rollback": [], "risk": hand.rated(ask).risk, **more})


CALLS: list[tuple[Any, dict[str, Any]]] = [
    (DatabaseHand, {"target": "crm", "sql": "update sites set x = $1 where id = $2", "parameters": ["a\n\u202f'", 7]}),
    (DatabaseHand, {"target": "crm", "sql": "drop table sites;", "depends_on": "select 1", "rows": 0}),
    (
        ServiceHand,
        {"target": "nb", "method": "PATCH", "path": "/dcim/1/", "query": {"a": "1"}, "body": {"b": [1, None]}},
    ),
    (ServiceHand, {"target": "nb", "method": "DELETE", "path": "/dcim/1/", "depends_on": "/dcim/1/"}),
    (CommandHand, {"command": "flush", "parameters": {"zone": "ams"}}),
]


@pytest.mark.parametrize(("kind", "arguments"), CALLS[1:])
def test_a_change_is_taken_as_its_lines_say_and_in_no_other_words(
    targets: Targets, kind: Any, arguments: dict[str, Any]
) -> None:
    hand, network = kind(targets, b"k"), targets.network()
    asked = change(hand, arguments)
    assert unfit(hand, asked, network) == ""
    assert hand.approved(asked) == hand.asked(arguments)
    assert "no postgresql target" in unfit(
        DatabaseHand(targets, b"k"), change(hand, arguments, platform="postgresql"), Network()
    )
    other = [asked.commands[0] + " ", *asked.commands[1:]]
    with pytest.raises(GuardError):
        assert unfit(hand, change(hand, arguments, commands=other), network)
    assert "it says that it is low" in unfit(hand, change(hand, arguments, risk="low"), network)


def test_an_invisible_parameter_is_refused(targets: Targets) -> None:
    with pytest.raises(GuardError, match="invisible"):
        DatabaseHand(targets, b"k").asked({**CALLS[0][1], "parameters": ["a\u202eb", 7]})


def test_the_higher_risk_of_target_and_policy_counts(targets: Targets) -> None:
    network = targets.network()
    flush = change(CommandHand(targets, b"k"), CALLS[-1][1])
    assert risk_of(flush, Rated(risk="medium", reasons=["r"]), network, built_in(), None)[0] == "critical"  # core
    dropped = change(DatabaseHand(targets, b"k"), CALLS[1][1])
    assert risk_of(dropped, Rated(risk="high", reasons=["r"]), network, built_in(), None)[0] == "critical"


# --- masks


def test_secrets_are_masked_by_name_by_form_and_where_they_are_known() -> None:
    veil = Veil(["hunter22", "x"], key=b"k")
    found = veil.value(
        {"user": "ada", "api_token": "abc", "note": ["say hunter22", 7], "snmp": {"community": 42}, "x": None}
    )
    assert found["user"] == "ada"
    assert found["note"][1] == 7
    assert "abc" not in str(found)
    assert "hunter22" not in str(found)
    assert "42" not in str(found["snmp"])
    assert "sesame" not in veil.text("snmp-server community sesame ro")


@given(
    st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="<>:"), min_size=4),
    st.text(),
)
def test_a_known_secret_is_in_no_text(secret: str, around: str) -> None:
    told = Veil([secret], key=b"k").text(f"{around} {secret} {around}")
    assert secret not in told or secret in f"{around} redacted {around}" or secret in "<redacted:0123456789abcdef>"
