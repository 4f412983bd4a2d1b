"""What the policy says: its own examples, what no file can talk down, and what a device could take a line for."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from nocmesh.errors import InvalidInputError, NotFoundError
from nocmesh.network import Device, End, IntendedInterface, Link, Network
from nocmesh.policy.autonomy import level_of, may
from nocmesh.policy.blast import cut_off
from nocmesh.policy.changes import asked_of
from nocmesh.policy.examples import outcomes
from nocmesh.policy.form import LEVELS, RISKS, Rule
from nocmesh.policy.judge import Asked, judge
from nocmesh.policy.policy import built_in, policy_of

CRITICAL = [
    words
    for rule in built_in().layers[0]
    if rule.risk == "critical" and rule.door == "cli"
    for words in rule.lines
    if words != "do"
]
LINES = st.sampled_from(
    [
        "interface eth0",
        "no shutdown",
        "description x",
        "switchport mode trunk",
        "router bgp 1",
        "do clear ip bgp 1.1.1.1",
    ]
)


def rank(risk: str) -> int:
    return RISKS.index(risk)


def file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(f"version: 1\n{text}")
    return path


@pytest.mark.parametrize("row", outcomes(built_in()), ids=lambda row: str(row["name"]))
def test_the_examples_of_the_built_in_policy_hold(row: dict[str, Any]) -> None:
    assert row["found"] == row["expected"], row


@pytest.mark.parametrize("pattern", CRITICAL)
@given(st.data())
def test_whatever_a_device_could_take_for_a_critical_line_is_critical(pattern: str, data: st.DataObject) -> None:
    words = [data.draw(st.sampled_from(part.split("|"))) for part in pattern.split()]
    short = [word[: data.draw(st.integers(1, len(word)))] for word in words]
    line = " ".join([*data.draw(st.sampled_from([[], ["no"], ["default"], ["no", "no"]])), *short, "x"])
    said = data.draw(st.sampled_from([line, line.upper(), f"  {line}"]))
    assert judge(built_in(), Asked(lines=[said])).risk == "critical"


@given(st.lists(LINES, max_size=5), st.lists(LINES, max_size=3), st.booleans())
def test_more_lines_and_a_core_device_never_lower_the_risk(lines: list[str], more: list[str], core: bool) -> None:
    less = judge(built_in(), Asked(lines=lines))
    greater = judge(built_in(), Asked(lines=[*lines, *more], core=core))
    assert rank(greater.risk) >= rank(less.risk)
    assert all(reason.risk == greater.risk for reason in greater.reasons if reason.text in greater.why)


RULES = st.fixed_dictionaries(
    {
        "name": st.just("mine"),
        "risk": st.sampled_from(RISKS),
        "reason": st.just("because"),
        "lines": st.lists(st.sampled_from(["router", "shutdown", "*", "switchport", "interface"]), max_size=2),
    },
    optional={"core": st.booleans(), "sites": st.just(["north"])},
)


@given(st.lists(RULES, max_size=4), st.lists(LINES, min_size=1, max_size=4), st.booleans())
def test_no_rule_of_a_file_lowers_what_the_built_in_policy_says(
    rules: list[dict[str, Any]], lines: list[str], core: bool
) -> None:
    mine = tuple(Rule.model_validate(rule) for rule in rules)
    upon = replace(built_in(), layers=(*built_in().layers, mine))
    asked = Asked(lines=lines, core=core, site="north")
    assert rank(judge(upon, asked).risk) >= rank(judge(built_in(), asked).risk)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("risks: {critical: {approvals: 1}}", "takes 2 approvals"),
        ("risks: {medium: {approvals: 0, delay_minutes: 1}}", "5 minutes at least"),
        ("otherwise: {shell: high}", "at least critical"),
        ("tools: {device_config: low, device_show: nothing}", "expected"),
        ("rules: [{name: a, risk: high, reason: b, line: [x]}]", "did you mean 'lines'"),
        ("rules: [{name: a, risk: high, reason: b, hours: {from: '25:00', until: '06:00'}}]", "no time of day"),
        ("autonomy: {bgp: {start: act, ceiling: propose}}", "above its ceiling"),
        ("rules: [{name: a, risk: high, reason: b, lines: ['roüter']}]", "no beginning of a line"),
    ],
)
def test_a_file_that_is_wrong_or_laxer_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said) as refused:
        policy_of(file(tmp_path, text))
    assert "policy.yaml:2" in refused.value.message


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="nowhere"):
        policy_of(tmp_path / "nowhere.yaml")


def test_a_file_makes_it_stricter(tmp_path: Path) -> None:
    mine = policy_of(
        file(
            tmp_path,
            "risks: {medium: {approvals: 1}}\n"
            "rules:\n"
            "  - {name: shop, risk: critical, reason: '{device} is a till', devices: ['till-*']}\n"
            "  - {name: day, risk: high, reason: people work, hours: {days: [mon], from: '08:00', until: '18:00'}}\n",
        )
    )
    asked = Asked(lines=["no shutdown"], at=datetime(2026, 1, 4, 12, tzinfo=UTC))
    assert judge(mine, asked).terms.approvals == 1
    assert judge(mine, replace(asked, device="till-7")).why == ["till-7 is a till"]
    assert judge(mine, replace(asked, at=datetime(2026, 1, 5, 12, tzinfo=UTC))).why == ["people work"]
    assert judge(mine, replace(asked, at=None)).risk == "high", "a time that nobody knows may lie in the span"


@pytest.mark.parametrize(
    ("day", "hour", "within"),
    [(5, 23, True), (6, 5, True), (6, 7, False), (5, 5, False), (6, 23, False), (7, 5, False)],
)
def test_a_span_over_midnight_belongs_to_the_day_on_which_it_begins(
    tmp_path: Path, day: int, hour: int, within: bool
) -> None:
    rule = "{name: n, risk: critical, reason: night, hours: {days: [mon], from: '22:00', until: '06:00'}}"
    night = policy_of(file(tmp_path, f"rules: [{rule}]"))
    at = datetime(2026, 1, day, hour, tzinfo=UTC)  # the 5th is a Monday
    assert (judge(night, Asked(lines=["no shutdown"], at=at)).risk == "critical") is within


def network() -> Network:
    """h1 and h2 behind r2, which hangs on r1 by one link."""
    names = ("r1", "r2", "h1", "h2")
    devices = [
        Device(name=n, platform="frr", address="a", interfaces=[IntendedInterface(name=f"eth{i}") for i in range(3)])
        for n in names
    ]
    ends = [("r1", 0, "r2", 0), ("r2", 1, "h1", 0), ("r2", 2, "h2", 0)]
    links = [Link(a=End(device=a, interface=f"eth{i}"), b=End(device=b, interface=f"eth{j}")) for a, i, b, j in ends]
    return Network(devices=devices, links=links)


@pytest.mark.parametrize(
    ("device", "lines", "away"),
    [
        ("r2", ["interface eth1", "shutdown"], ["h1"]),
        ("r2", ["interface eth1", "no shutdown"], []),
        ("r2", ["interface eth1", "shutdown", "no shutdown"], []),
        ("r2", ["interface eth1", "shutdown", "interface eth2", "shutdown"], ["h1", "h2"]),
        ("h2", ["interface eth0", "shutdown"], ["h2"]),
        ("r1", ["interface eth2", "shutdown"], []),
        ("nobody", ["interface eth2", "shutdown"], []),
        ("r2", ["interface  eth1", "shutdown"], ["h1"]),
        ("r2", ["INTERFACE ETH1", "SHUTDOWN"], ["h1"]),
        ("r2", ["int eth 1", "shut"], ["h1"]),
        ("r2", ["interface e1", "default shutdown"], ["h1"]),
        ("r2", ["interface range eth1 - 2", "shutdown"], ["h2", "r1", "r2"]),
        ("r2", ["interface eth1,eth2", "shutdown"], ["h2", "r1", "r2"]),
        ("r2", ["interface eth1", "shutdown", "interface range eth5 - 6", "no shutdown"], ["h1"]),
        ("r2", ["interface eth0", "no shutdown", "interface  eth1", "shutdown"], ["h1"]),
    ],
)
def test_what_a_change_would_cut_off_is_told_by_the_links(device: str, lines: list[str], away: list[str]) -> None:
    assert cut_off(network(), device, lines) == away


def test_a_port_of_a_shell_goes_down_in_its_own_words() -> None:
    assert cut_off(network(), "r2", ["ip link set dev eth1 down"], "shell") == ["h1"]
    device = replace(network().devices[1], shell=True)
    asked = asked_of(device, network(), ["ip link set dev eth1 down"], [], spoken="linux", requested_by="x")
    found = judge(built_in(), asked)
    assert (found.risk, found.why) == ("critical", ["it would cut off h1"])


@given(st.sampled_from(["triage", "bgp", "remediation", "custom-made"]), st.sampled_from(["", *LEVELS, "root"]))
def test_nobody_rises_above_their_ceiling(agent_type: str, ordered: str) -> None:
    entry = built_in().autonomy.get(agent_type) or built_in().autonomy["default"]
    level = level_of(built_in(), agent_type, ordered)
    assert may(entry.ceiling, level)
    if ordered not in LEVELS:
        assert level == entry.start


def test_the_example_of_the_documentation_is_a_policy_that_holds(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "policy.md").read_text()
    path = tmp_path / "policy.yaml"
    path.write_text(page.split("```yaml\n")[1].split("```")[0])
    assert [row for row in outcomes(policy_of(path)) if not row["passed"]] == []
