"""`nocmesh policy`: what a change would take, and whether a policy file says what its author meant."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cli.calling import Cli

from nocmesh.cli.conditions import conditions_of, moment_of, span_of
from nocmesh.errors import InvalidInputError

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
INVENTORY = """\
version: 1
credentials: {default: {username: admin, password: secret}}
devices:
  - {name: r1, platform: frr, address: 192.0.2.1, credential: default, core: true, interfaces: [{name: e0}]}
  - {name: r2, platform: cisco_iosxe, address: 192.0.2.2, credential: default, interfaces: [{name: e0}]}
links: [{a: "r1:e0", b: "r2:e0"}]
"""
MINE = """\
version: 1
rules: [{name: trunks, risk: critical, reason: it moves VLANs, lines: [switchport trunk]}]
tests: [{name: a trunk, lines: [switchport trunk allowed vlan 2], expect: EXPECTED}]
"""


@pytest.mark.real
def test_a_change_is_explained_with_the_rule_of_each_line(cli: Cli, tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.yaml"
    inventory.write_text(INVENTORY)
    lines = ("--line", "interface e0", "--line", "shutdown")
    of_r2 = cli("policy", "explain", "--device", "r2", "--inventory", str(inventory), *lines, "-o", "json")
    assert (of_r2.code, of_r2.json["risk"]) == (0, "critical")
    assert of_r2.json["takes"] == "the approval of 2 different people"
    assert ("it would cut off r2", "blast radius") in {(r["text"], r["rule"]) for r in of_r2.json["reasons"]}
    nobody = cli("policy", "explain", "--device", "r9", "--inventory", str(inventory), *lines)
    assert nobody.code != 0
    assert "r1, r2" in nobody.err
    alone = cli("policy", "explain", "--line", "no shutdown")
    assert alone.out.startswith("medium: it takes nobody; for 5 minutes anybody may stop it")


@pytest.mark.real
def test_the_examples_of_a_file_are_run_beside_the_built_in_ones(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(MINE.replace("EXPECTED", "critical"))
    good = cli("policy", "test", str(path))
    assert (good.code, good.out) == (0, "")
    assert good.err.count("examples hold") == 1
    path.write_text(MINE.replace("EXPECTED", "high"))
    bad = cli("policy", "test", str(path), "-o", "json")
    assert bad.code == 1
    assert [row["name"] for row in bad.json["items"] if not row["passed"]] == ["a trunk"]
    path.write_text("version: 1\nrisks: {critical: {approvals: 1}}\n")
    lax = cli("policy", "test", str(path))
    assert lax.code == 2
    assert f"{path}:2: risks.critical: takes 2 approvals" in lax.err


def test_the_policy_is_shown_whole(cli: Cli) -> None:
    shown = cli("policy", "show", "-o", "json").json
    assert shown["terms"]["critical"]["approvals"] == 2
    assert {"routing", "core"} <= {rule["name"] for rule in shown["rules"]}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("22:00", "2026-01-05T22:00:00+00:00"),
        ("11:59", "2026-01-06T11:59:00+00:00"),
        ("2026-01-31T22:00Z", "2026-01-31T22:00:00+00:00"),
        ("2026-01-31T22:00", "2026-01-31T22:00:00+00:00"),
        ("2026-01-31T22:00+01:00", "2026-01-31T22:00:00+01:00"),
    ],
)
def test_a_time_is_understood_as_people_type_it(text: str, meant: str) -> None:
    assert moment_of(text, NOON) == meant


@pytest.mark.parametrize("text", ["24:00", "tomorrow", "22", "", "2026-13-01"])
def test_a_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="22:00 or"):
        moment_of(text, NOON)


def test_conditions_hold_only_what_was_said() -> None:
    assert conditions_of([], "", "", 0, NOON) is None
    assert conditions_of(["r1"], "22:00", "", 2, NOON) == {
        "devices": ["r1"],
        "not_after": "2026-01-05T22:00:00+00:00",
        "first": 2,
    }


@pytest.mark.parametrize(
    ("text", "span"), [("90m", timedelta(minutes=90)), ("2h", timedelta(hours=2)), ("3d", timedelta(days=3))]
)
def test_a_span_is_understood(text: str, span: timedelta) -> None:
    assert span_of(text) == span


@pytest.mark.parametrize("text", ["0h", "2", "h", "-1h", "2w", "１h", "999999d"])
def test_a_span_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="no span"):
        span_of(text)
