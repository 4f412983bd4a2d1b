"""The gate against an oracle of single rules: all must hold, and each is needed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nocmesh.bus import Speaker
from nocmesh.ids import digest
from nocmesh.messages.approval import Decision, Vote
from nocmesh.messages.change import Change, DeviceCommand
from nocmesh_bridges.ssh import gate

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
changed = msgspec.structs.replace


@dataclass(frozen=True)
class Situation:
    """Everything that the gate looks at."""

    command: DeviceCommand
    decision: Decision | None
    speaker: Speaker | None
    now: datetime = NOON
    core: bool = False
    alone: bool = False

    @property
    def refusal(self) -> str:
        least = {"core": self.core, "alone": self.alone}
        return gate.refusal(self.command, self.decision, self.speaker, self.now, **least)


def change(**more: Any) -> Change:
    base: dict[str, Any] = {
        "change_id": "c1",
        "device": "r1",
        "platform": "frr",
        "commands": ["interface eth0", "no shutdown"],
        "rollback": ["interface eth0", "shutdown"],
        "risk": "medium",
        "pre_state": "abc",
        "requested_by": "remediation",
    }
    return Change(**{**base, **more})


def vote(person: str, decision: Any = "approve", **more: Any) -> Vote:
    base: dict[str, Any] = {"approval_id": "a1", "change_hash": change().hash(), "at": NOON - timedelta(minutes=1)}
    return Vote(person=person, decision=decision, **{**base, **more})


def decision(of: Change | None = None, people: tuple[str, ...] = ("nina", "omar"), **more: Any) -> Decision:
    of = of or change()
    base: dict[str, Any] = {
        "approval_id": "a1",
        "run_id": "run-1",
        "step": "approval",
        "incident_id": "i1",
        "verdict": "approved",
        "change_id": of.change_id,
        "change_hash": of.hash(),
        "device": of.device,
        "quorum": 1,
        "requested_by": "remediation-1",
        "votes": [vote(person, change_hash=of.hash()) for person in people],
        "decided_at": NOON - timedelta(seconds=30),
        "expires_at": NOON + timedelta(minutes=10),
    }
    return Decision(**{**base, **more})


def situation(of: Change | None = None, found: Decision | None = None, **more: Any) -> Situation:
    of = of or change()
    command = DeviceCommand(command_id="k1", run_id="run-1", step="apply", change=of, approval_id="a1")
    speaker = Speaker(name="approvals-1", role="approvals", type="approvals")
    return Situation(command=command, decision=found or decision(of), speaker=speaker, **more)


def command(given: Situation, **more: Any) -> Situation:
    return replace(given, command=changed(given.command, **more))


def decided(given: Situation, **more: Any) -> Situation:
    assert given.decision is not None
    return replace(given, decision=changed(given.decision, **more))


BREACHES: dict[str, Callable[[Situation], Situation]] = {
    "no decision": lambda s: replace(s, decision=None),
    "unsigned": lambda s: replace(s, speaker=None),
    "signed by somebody else": lambda s: replace(s, speaker=Speaker(name="o", role="orchestrator")),
    "rejected": lambda s: decided(s, verdict="rejected"),
    "expired by verdict": lambda s: decided(s, verdict="expired"),
    "of another approval": lambda s: command(s, approval_id="a2"),
    "of another run": lambda s: command(s, run_id="run-2"),
    "of another change": lambda s: decided(s, change_id="c2"),
    "for another device": lambda s: decided(s, device="r2"),
    "lines moved": lambda s: command(s, change=changed(s.command.change, commands=["interface eth0", "shutdown"])),
    "rollback moved": lambda s: command(s, change=changed(s.command.change, rollback=["interface eth0", "mtu 9000"])),
    "pre-state moved": lambda s: command(s, change=changed(s.command.change, pre_state="def")),
    "risk talked down": lambda s: command(s, change=changed(s.command.change, risk="low")),
    "too late": lambda s: replace(s, now=NOON + timedelta(minutes=10)),
    "nobody waits": lambda s: command(s, deadline=NOON),
    "nobody voted": lambda s: decided(s, votes=[]),
    "one rejected all the same": lambda s: decided(s, votes=[*votes(s), vote("uma", "reject")]),
    "votes on another change": lambda s: decided(s, votes=[changed(v, change_hash="other") for v in votes(s)]),
    "votes of another approval": lambda s: decided(s, votes=[changed(v, approval_id="a2") for v in votes(s)]),
    "votes after the end": lambda s: decided(s, votes=[changed(v, at=NOON + timedelta(minutes=10)) for v in votes(s)]),
    "only whoever asked": lambda s: decided(s, votes=[vote("nina")], requested_by="nina"),
    "only whoever proposed": lambda s: proposed_by_nina(s),
    "votes of nobody": lambda s: decided(s, votes=[vote("")]),
    "a higher quorum": lambda s: decided(s, quorum=3),
    "a core device": lambda s: replace(decided(s, votes=[vote("nina")]), core=True),
    "nothing there undoes it by itself": lambda s: replace(decided(s, votes=[vote("nina")]), alone=True),
}


def votes(given: Situation) -> list[Vote]:
    assert given.decision is not None
    return given.decision.votes


def proposed_by_nina(given: Situation) -> Situation:
    return decided(command(given, change=changed(given.command.change, requested_by="nina")), votes=[vote("nina")])


def test_a_change_with_a_valid_decision_passes() -> None:
    assert situation().refusal == ""
    assert command(situation(), deadline=NOON + timedelta(seconds=1)).refusal == ""


@pytest.mark.parametrize("breach", BREACHES)
def test_each_single_breach_is_refused(breach: str) -> None:
    assert BREACHES[breach](situation()).refusal


@pytest.mark.parametrize(("people", "goes"), [((), False), (("nina",), False), (("nina", "omar"), True)])
def test_routing_needs_two_people_whatever_risk_is_claimed(people: tuple[str, ...], goes: bool) -> None:
    of = change(commands=["router bgp 65001", "no neighbor 10.0.0.1 shutdown"], risk="low")
    assert (situation(of, decision(of, people)).refusal == "") is goes


def test_one_person_with_two_votes_is_one_person() -> None:
    of = change(risk="critical")
    assert "2 different people" in situation(of, decision(of, ("nina", "nina"))).refusal


@pytest.mark.parametrize(
    "line",
    [
        "router bgp 65001", "no router bgp 65001", "rout bgp 65001", "  neighbor 10.0.0.1 remote-as 2",
        "neigh 1.1.1.1 x", "NETWORK 10.0.0.0/8", "default neighbor 1.1.1.1 x", "ip route 0.0.0.0/0 1.1.1.1",
        "ipv6 ro ::/0 ::1", "ip prefix-list x", "no ip access-list y", "ip access-group 1 in", "route-map x",
        "access-list 1 permit any", "area 0 stub", "vrf x", "passive-interface eth0", "address-family ipv4",
        "ip ospf cost 1", "redistribute static", "ip routing", "no router", "do clear ip bgp 10.0.0.2",
    ],
)  # fmt: skip
def test_routing_and_filters_are_critical_by_themselves(line: str) -> None:
    assert gate.floor(["interface eth0", line]) == "critical"
    assert gate.needed(change(risk="low", commands=["interface eth0"], rollback=[line])) == 2


@pytest.mark.parametrize(
    "line", ["interface eth0", "no shutdown", "description to router r1", "mtu 1500", "ip address 10.0.0.1/24", "no"]
)
def test_the_state_of_an_interface_is_not(line: str) -> None:
    assert gate.floor([line]) == "medium"
    assert gate.needed(change(risk="low", commands=[line], rollback=[])) == 1
    assert gate.needed(change(risk="low", commands=[line], rollback=[]), core=True) == 2
    assert gate.needed(change(risk="low", commands=[line], rollback=[]), alone=True) == 2


@pytest.mark.parametrize(
    ("line", "risk", "people"),
    [
        ("ip link set dev eth0 mtu 1500", "medium", 1),
        ("bridge link set dev eth0 cost 2", "high", 1),
        ("ip route del default", "critical", 2),
        ("sysctl -w net.ipv4.ip_forward=1", "critical", 2),
        ("nft delete rule inet f in handle 4", "critical", 2),
        ("what is this", "critical", 2),
    ],
)
def test_commands_of_a_shell_have_the_risk_of_their_shape(line: str, risk: str, people: int) -> None:
    assert gate.floor([line], "linux") == risk
    for more in ({"platform": "linux"}, {"platform": "frr", "door": "shell"}):
        assert gate.needed(change(risk="low", commands=[line], rollback=[], **more)) == people
        assert gate.needed(change(risk="low", commands=[], rollback=[line], **more)) == people


def test_a_door_is_part_of_what_is_approved_and_the_old_one_goes_without_saying() -> None:
    cli, shell = change(), change(door="shell")
    checks = [check.to_dict() for check in cli.verify]
    lines = [cli.commands, cli.rollback, checks]
    of_old = digest([cli.change_id, cli.device, cli.platform, *lines, cli.pre_state, cli.risk])
    assert cli.hash() == of_old != shell.hash()
    assert msgspec.json.decode(msgspec.json.encode({**cli.to_dict(), "door": "cli"}), type=Change).hash() == of_old


def oracle(given: Situation) -> bool:
    """The rules once more, in other words: may this go to the device?"""
    found, body = given.decision, given.command.change
    if found is None or given.speaker is None:
        return False
    electorate = [v for v in found.votes if v.change_hash == body.hash() and v.approval_id == given.command.approval_id]
    in_time = [v for v in electorate if (found.expires_at - v.at).total_seconds() > 0]
    yes = {v.person for v in in_time if v.decision == "approve"} - {"", found.requested_by, body.requested_by}
    routing = any("router" in line for line in body.commands + body.rollback)
    people = 2 if routing or given.core or given.alone or body.risk == "critical" else 1
    waits = given.command.deadline or datetime.max.replace(tzinfo=UTC)
    return all(
        (
            given.speaker.role == "approvals",
            found.verdict == "approved",
            (found.approval_id, found.run_id) == (given.command.approval_id, given.command.run_id),
            (found.change_id, found.device, found.change_hash) == (body.change_id, body.device, body.hash()),
            given.now < min(found.expires_at, waits),
            not [v for v in found.votes if v.decision == "reject"],
            len(yes) >= max(people, found.quorum),
        )
    )


CHANGES = st.builds(
    change,
    commands=st.sampled_from([["interface eth0", "no shutdown"], ["router bgp 1"]]),
    risk=st.sampled_from(["low", "medium", "high", "critical"]),
    requested_by=st.sampled_from(["remediation", "nina"]),
)


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    """Mostly valid ones: several people, and at most two breaches."""
    of = draw(CHANGES)
    cast = draw(st.lists(st.sampled_from(["nina", "omar", "uma", "remediation"]), max_size=4))
    ballots = [
        vote(person, draw(st.sampled_from(["approve"] * 9 + ["reject"])), change_hash=of.hash()) for person in cast
    ]
    found = decision(of, quorum=draw(st.integers(0, 3)), votes=ballots)
    least = {"core": draw(st.booleans()), "alone": draw(st.booleans())}
    given = situation(of, found, now=NOON + timedelta(minutes=draw(st.integers(-1, 11))), **least)
    for breach in draw(st.lists(st.sampled_from(sorted(set(BREACHES) - {"no decision"})), max_size=2)):
        given = BREACHES[breach](given)
    return given


@settings(max_examples=300)
@given(situations())
def test_the_gate_says_what_the_oracle_says(given: Situation) -> None:
    assert (given.refusal == "") is oracle(given), given.refusal


def test_the_oracle_meets_both_answers() -> None:
    assert oracle(situation())
    assert not any(oracle(breach(situation())) for breach in BREACHES.values())


def test_a_device_that_moved_on_is_left_alone() -> None:
    assert gate.moved(change(), "abc") == ""
    assert "not as it was" in gate.moved(change(), "def")
    assert "no state" in gate.moved(change(pre_state=""), "")


@example(30)
@example(-30)
@example(31)
@given(st.integers(-120, 120))
def test_a_clock_more_than_half_a_minute_off_judges_nothing(seconds: int) -> None:
    assert (gate.skewed(NOON, NOON + timedelta(seconds=seconds)) == "") is (abs(seconds) <= 30)
