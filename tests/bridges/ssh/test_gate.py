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
from nocmesh.messages.approval import Conditions, Decision, Vote
from nocmesh.messages.change import Change, DeviceCommand
from nocmesh.messages.order import Order
from nocmesh.network import Device, Network
from nocmesh.policy.policy import built_in
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
    asked_at: datetime | None = NOON - timedelta(minutes=2)
    orders: tuple[Order, ...] = ()

    @property
    def refusal(self) -> str:
        ground = ground_of(core=self.core, alone=self.alone, asked_at=self.asked_at, orders=self.orders)
        return gate.refusal(self.command, self.decision, self.speaker, self.now, ground)


def ground_of(*, core: bool = False, alone: bool = False, **more: Any) -> gate.Ground:
    device = Device(name="r1", platform="frr", address="a", site="north", core=core, shell=not alone)
    return gate.Ground(policy=built_in(), device=device, network=Network(devices=[device]), **more)


def people_for(of: Change, *, core: bool = False, alone: bool = False) -> int:
    """How many must approve it."""
    return gate.needed(of, ground_of(core=core, alone=alone), NOON).approvals


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
        "ip ospf cost 1", "redistribute static", "ip routing", "no router", "ip address 10.0.0.1/24", "do reload",
    ],
)  # fmt: skip
def test_routing_and_filters_are_critical_by_themselves(line: str) -> None:
    assert people_for(change(risk="low", commands=["interface eth0"], rollback=[line])) == 2


@pytest.mark.parametrize("line", ["mtu 1500", "no", "switchport access vlan 10"])
def test_what_is_neither_routing_nor_state_needs_one_person_and_two_on_a_core_device(line: str) -> None:
    assert people_for(change(risk="low", commands=[line], rollback=[])) == 1
    assert people_for(change(risk="low", commands=[line], rollback=[]), core=True) == 2
    assert people_for(change(risk="low", commands=[line], rollback=[]), alone=True) == 2


@pytest.mark.parametrize("line", ["no shutdown", "description to router r1", "speed 1000"])
def test_the_state_of_an_interface_waits_for_somebody_who_stops_it(line: str) -> None:
    terms = gate.needed(change(risk="low", commands=["interface eth0", line], rollback=[]), ground_of(), NOON)
    assert (terms.approvals, terms.delay_seconds) == (0, 300)
    assert people_for(change(risk="low", commands=[line], rollback=[]), core=True) == 2


@pytest.mark.parametrize(
    ("line", "people"),
    [
        ("ip link set dev eth0 mtu 1500", 0),
        ("bridge link set dev eth0 cost 2", 1),
        ("ip route del default", 2),
        ("sysctl -w net.ipv4.ip_forward=1", 2),
        ("nft delete rule inet f in handle 4", 2),
        ("what is this", 2),
    ],
)
def test_commands_of_a_shell_have_the_risk_of_their_kind(line: str, people: int) -> None:
    for more in ({"platform": "linux"}, {"platform": "frr", "door": "shell"}):
        assert people_for(change(risk="low", commands=[line], rollback=[], **more)) == people
        assert people_for(change(risk="low", commands=[], rollback=[line], **more)) == people


def unasked(**more: Any) -> Situation:
    """A change that needs nobody, five minutes after it was proposed."""
    return situation(found=decision(people=(), quorum=0), asked_at=NOON - timedelta(minutes=5), **more)


def test_what_needs_nobody_goes_when_the_time_to_stop_it_is_over() -> None:
    assert unasked().refusal == ""
    assert "anybody may stop it until" in replace(unasked(), asked_at=NOON - timedelta(seconds=299)).refusal
    assert "not known" in replace(unasked(), asked_at=None).refusal
    assert "rejected" in decided(unasked(), votes=[vote("uma", "reject")]).refusal


def test_a_yes_ends_the_waiting() -> None:
    early = replace(unasked(), asked_at=NOON)
    assert early.refusal
    assert decided(early, votes=[vote("nina")]).refusal == ""


def test_whoever_may_only_propose_waits_for_a_person_and_whoever_may_only_diagnose_proposes_nothing() -> None:
    low = Order(kind="autonomy", name="remediation", value="propose", person="ada", at=NOON)
    assert "1 different people" in replace(unasked(), orders=(low,)).refusal
    assert decided(replace(unasked(), orders=(low,)), votes=[vote("nina")]).refusal == ""
    asks = change(requested_by="triage")
    assert "may diagnose" in situation(asks, decision(asks)).refusal
    raised = Order(kind="autonomy", name="triage", value="act", person="ada", at=NOON)
    assert "may diagnose" in situation(asks, decision(asks), orders=(raised,)).refusal


def test_whoever_may_act_waits_for_nobody_and_still_needs_people_for_what_is_critical() -> None:
    acts = Order(kind="autonomy", name="remediation", value="act", person="ada", at=NOON)
    assert replace(unasked(), asked_at=NOON, orders=(acts,)).refusal == ""
    of = change(risk="critical")
    assert "2 different people" in situation(of, decision(of, ("nina",)), orders=(acts,)).refusal


@pytest.mark.parametrize(
    ("conditions", "why"),
    [
        (Conditions(devices=["r2"]), "for r2 only"),
        (Conditions(not_after=NOON), "only before"),
        (Conditions(not_before=NOON + timedelta(minutes=1)), "not before"),
        (Conditions(first=1), "first 1"),
        (Conditions(devices=["r1", "r2"], not_before=NOON, not_after=NOON + timedelta(minutes=1), first=2), ""),
    ],
)
def test_a_yes_reaches_as_far_as_its_conditions(conditions: Conditions, why: str) -> None:
    votes = [vote("nina"), vote("omar", conditions=conditions)]
    given = command(decided(situation(), votes=votes), position=2)
    assert why in given.refusal if why else given.refusal == ""


@pytest.mark.parametrize(
    ("name", "more", "frozen"),
    [
        ("all", {}, True),
        ("north", {}, True),
        ("south", {}, False),
        ("all", {"until": NOON}, False),
        ("all", {"until": NOON + timedelta(seconds=1)}, True),
        ("all", {"value": ""}, False),
    ],
)
def test_nothing_goes_in_a_freeze(name: str, more: dict[str, Any], frozen: bool) -> None:
    order = Order(**{"kind": "freeze", "name": name, "value": "on", "person": "ada", "at": NOON, **more})
    assert ("ada froze" in replace(situation(), orders=(order,)).refusal) is frozen


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
    people = 2 if routing or given.core or given.alone or body.risk == "critical" else int(body.risk == "high")
    people = max(people, int(body.requested_by != "remediation"))
    unasked = people == found.quorum == 0 and not yes
    in_peace = given.asked_at is not None and given.now >= given.asked_at + timedelta(minutes=5)
    waits = given.command.deadline or datetime.max.replace(tzinfo=UTC)
    return all(
        (
            given.speaker.role == "approvals",
            found.verdict == "approved",
            (found.approval_id, found.run_id) == (given.command.approval_id, given.command.run_id),
            (found.change_id, found.device, found.change_hash) == (body.change_id, body.device, body.hash()),
            given.now < min(found.expires_at, waits),
            not [v for v in found.votes if v.decision == "reject"],
            in_peace if unasked else len(yes) >= max(people, found.quorum),
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
    given = replace(given, asked_at=draw(st.sampled_from([None, NOON, NOON - timedelta(minutes=5)])))
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
