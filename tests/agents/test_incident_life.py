"""An incident follows its run: whole, in order, once, and whatever agents answer."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nocmesh.diagnosis.baseline import Book, Taken
from nocmesh.engine.check import check_definition
from nocmesh.engine.decide import advance
from nocmesh.engine.state import RunEvent, RunState, Transition
from nocmesh.messages.change import Change
from nocmesh.messages.incident import IncidentEvent
from nocmesh.messages.report import Report
from nocmesh.network import Device, End, Link, Network
from nocmesh_agents.incidents.life import STATES, Incident, fold, folded, from_transition, reports
from nocmesh_agents.incidents.report import Around, concerned, report_of
from nocmesh_agents.orchestrator.workflows import HEALTH_CHECK, INCIDENT_RESPONSE, WORKFLOWS

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CHANGE = Change(
    change_id="c1", device="r1", platform="frr", commands=["x"], rollback=["no x"], summary="x is set", risk="critical"
).to_dict()
TRIAGE: dict[str, Any] = {
    "verdict": "true_positive",
    "confidence": 0.9,
    "specialist": "bgp",
    "devices": ["r1"],
    "why": "r1 says so",
}
CAUSE = {"resource": "node/r1", "fault_type": "bgp_asn_misconfig", "confidence": 1.0, "summary": "wrong AS"}
DIAGNOSIS: dict[str, Any] = {
    "verdict": "true_positive",
    "confidence": 0.95,
    "root_causes": [CAUSE],
    "device_commands": 7,
}
VOTES = [{"person": "nina"}, {"person": "omar"}]
DECISION = {"approval_id": "a", "change_id": "c1", "device": "r1", "verdict": "approved", "votes": VOTES}


class Story:
    """A run of the incident workflow, driven by hand, and its incident."""

    def __init__(self, **more: Any) -> None:
        self.state: RunState | None = None
        self.transitions: list[Transition] = []
        self.events: list[IncidentEvent] = [opening()]
        self.clock = NOON
        data = {
            "definition": msgspec.to_builtins(more.get("definition", INCIDENT_RESPONSE)),
            "parameters": {"alert": {"name": "BgpDown", "device": "r1", "received_at": NOON.isoformat()}},
            "incident_id": "i1",
        }
        self.take(RunEvent(id="start", kind="run_started", at=NOON, ref="incident-i1", data=data))

    def take(self, event: RunEvent) -> None:
        self.state, events, commands = advance(self.state, event)
        index = len(self.transitions)
        transition = Transition(
            run_id="incident-i1", index=index, at=event.at, events=events, commands=commands, state=self.now, by="o1"
        )
        self.transitions.append(transition)
        self.events += from_transition(self.incident, transition)

    def answer(self, step: str, **data: Any) -> None:
        self.clock += timedelta(seconds=10)
        waiting = [ref for ref in self.now.steps[step].waiting_for if ref not in self.now.steps[step].answers]
        event = RunEvent(id=f"answer:{waiting[0]}", kind="answer_received", at=self.clock, ref=waiting[0], data=data)
        self.take(event)

    def done(self, step: str, result: dict[str, Any]) -> None:
        self.answer(step, status="completed", result=result, agent_id=f"{step}-1")

    def failed(self, step: str) -> None:
        self.answer(step, status="failed", error="no", retryable=False)

    def control(self, kind: Any, step: str = "") -> None:
        self.clock += timedelta(seconds=10)
        self.take(RunEvent(id=f"{kind}{self.clock}", kind=kind, at=self.clock, step=step, actor="nina"))

    @property
    def now(self) -> RunState:
        assert self.state is not None
        return self.state

    @property
    def incident(self) -> Incident:
        found = folded(self.events)
        assert found is not None
        return found

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]

    def text(self, kind: str) -> str:
        return next(event.text for event in reversed(self.events) if event.kind == kind)

    def report(self) -> Report:
        raw = next(event.data["report"] for event in reversed(self.events) if "report" in event.data)
        return msgspec.convert(raw, Report)


def opened() -> Incident:
    return fold(None, opening())


def opening(alert_id: str = "alert-1", kind: Any = "open", state: Any = "open", **more: Any) -> IncidentEvent:
    alert = {"alert_id": alert_id, "device": "r1"}
    return IncidentEvent(
        event_id=f"e-{alert_id}",
        incident_id="i1",
        kind=kind,
        state=state,
        at=NOON,
        text="",
        data={"alert": alert},
        **more,
    )


def until(step: str, **results: dict[str, Any]) -> Story:
    """The story up to where ``step`` waits."""
    story = Story()
    answers: dict[str, dict[str, Any]] = {
        "triage": TRIAGE,
        "diagnose": DIAGNOSIS,
        "plan": {"changes": [CHANGE]},
        **results,
    }
    for name in ("triage", "diagnose", "plan"):
        if name == step:
            return story
        story.done(name, answers[name])
    if step != "approval":
        story.answer("approval", **DECISION)
    if step == "verify":
        story.answer("apply", outcome="confirmed", device="r1", command_id="k", applied_at=story.clock.isoformat())
    return story


def test_from_alert_to_verified_fix() -> None:
    story = until("verify")
    story.done("verify", {"verification": "passed"})
    assert story.kinds() == [
        "open", "triaged", "investigating", "diagnosed", "proposed", "awaiting_approval", "decided", "fixing",
        "applied", "verifying", "verified", "resolved", "closed",
    ]  # fmt: skip
    assert story.incident.state == "closed"
    assert not story.incident.open
    assert story.text("investigating") == "bgp looks at r1"
    assert story.text("diagnosed") == "bgp_asn_misconfig on node/r1: wrong AS"
    assert story.text("proposed") == "x is set"
    assert story.text("awaiting_approval").startswith("critical change on r1 waits for approval ")
    assert story.text("decided") == "the change on r1 is approved by nina, omar"
    assert story.text("applied") == "r1: confirmed"
    report = story.report()
    assert (report.state, report.verdict, report.confidence) == ("closed", "true_positive", 0.95)
    assert report.outcome is not None
    assert (report.outcome.verification, report.outcome.rolled_back) == ("passed", False)
    assert report.proposal is not None
    assert report.proposal.approval_id in story.text("awaiting_approval")
    assert (report.timing.seconds, report.timing.seconds_to_end, report.timing.device_commands) == (20.0, 60.0, 7)
    assert report.title == "BgpDown r1"


PAIR = Network(
    devices=[Device(name="r1", platform="frr", address="a"), Device(name="r2", platform="frr", address="b", core=True)],
    links=[Link(a=End(device="r1", interface="e0"), b=End(device="r2", interface="e0"))],
)


def test_the_report_says_how_bad_it_is_and_since_when() -> None:
    link = {"resource": "link/r1:e0--r2:e0", "fault_type": "link_down", "confidence": 1.0, "summary": "no carrier"}
    story = until("plan", diagnose={**DIAGNOSIS, "root_causes": [link]})
    taken = Taken(number=1, slot=0, at=NOON - timedelta(hours=1), until=NOON - timedelta(minutes=5), why="start")
    book = Book(device="r2", at=NOON, good=1, versions=[taken])
    around = Around(network=PAIR, books={"r2": book})
    [told] = [e for t in story.transitions for e in from_transition(opened(), t, around) if e.kind == "diagnosed"]
    report = msgspec.convert(told.data["report"], Report)
    assert report.impact is not None
    assert (report.impact.degree, report.impact.cut_off) == ("cut_off", ["r1"])
    assert report.beginning is not None
    assert (report.beginning.at, report.beginning.source) == (NOON, "receipt")
    assert report.beginning.well_at == NOON - timedelta(minutes=5)
    assert concerned(story.now) == ["r1", "r2"]
    assert [reports(transition) for transition in story.transitions] == [False, False, True]


def test_a_false_alarm_has_no_beginning_and_takes_nothing_down() -> None:
    story = Story()
    story.done("triage", {"verdict": "false_positive", "confidence": 0.99, "why": "all sessions are up"})
    report = report_of(story.now, "closed", Around(network=PAIR))
    assert (report.impact, report.beginning) == (None, None)


def test_a_false_positive_is_closed_without_an_investigation() -> None:
    story = Story()
    story.done("triage", {"verdict": "false_positive", "confidence": 0.99, "why": "all sessions are up"})
    assert story.kinds() == ["open", "triaged", "closed"]
    assert story.text("closed") == "false positive: all sessions are up"


def test_an_alert_whose_cause_was_proved_is_not_closed_as_a_false_one() -> None:
    story = until("plan", diagnose={**DIAGNOSIS, "verdict": "false_positive"})
    story.done("plan", {"changes": []})
    assert story.report().root_causes
    assert story.incident.state == "escalated"


def test_every_event_says_who_caused_it() -> None:
    story = until("diagnose")
    assert {event.kind: event.actor for event in story.events[1:]} == {"triaged": "triage-1", "investigating": "o1"}
    story.control("cancel_requested")
    assert story.events[-1].actor == "o1"


def test_only_a_whole_decision_or_result_is_told_as_one() -> None:
    story = until("approval")
    answers: list[dict[str, Any]] = [{"verdict": "x"}, {"votes": []}, {"outcome": "x"}, {"command_id": "x"}]
    for n, data in enumerate(answers):
        story.take(RunEvent(id=f"odd{n}", kind="answer_received", at=story.clock, ref=f"odd{n}", data=data))
    assert story.kinds()[-1] == "awaiting_approval"


def test_no_cause_goes_to_a_person_who_hears_why() -> None:
    story = until("diagnose")
    story.done("diagnose", {"verdict": "uncertain", "confidence": 0.2, "needs_person": "check the cable"})
    assert story.kinds()[-2:] == ["diagnosed", "escalated"]
    assert story.text("diagnosed") == "nothing is wrong"
    assert story.text("escalated") == "a person must go on: check the cable"


def test_no_safe_change_goes_to_a_person() -> None:
    story = until("plan")
    story.done("plan", {"changes": [], "needs_person": "call the provider"})
    assert story.text("proposed") == "call the provider"
    assert story.text("escalated") == "a person must go on: call the provider"


def test_a_rejection_escalates() -> None:
    story = until("approval")
    story.answer("approval", **{**DECISION, "verdict": "rejected", "reason": "rejected by nina", "votes": []})
    assert story.kinds()[-2:] == ["decided", "escalated"]
    assert story.text("decided") == "the change on r1 is rejected"
    assert "rejected by nina" in story.text("escalated")


def test_a_change_that_was_rolled_back_is_no_success() -> None:
    story = until("apply")
    story.answer("apply", outcome="rolled_back", device="r1", command_id="k", reason="verification failed")
    assert story.text("applied") == "r1: rolled_back: verification failed"
    assert story.incident.state == "escalated"
    report = story.report()
    assert report.outcome is not None
    assert (report.outcome.rolled_back, report.outcome.verification) == (True, "failed")


def test_a_failed_verification_is_not_resolved() -> None:
    story = until("verify")
    story.done("verify", {"verification": "failed"})
    assert "resolved" not in story.kinds()
    assert story.text("escalated") == "a person must go on: verification failed after the change"


def test_a_timed_out_change_has_no_outcome_yet() -> None:
    story = until("apply")
    [timer] = story.now.steps["apply"].timers
    story.take(RunEvent(id="t", kind="timer_fired", at=story.clock, ref=timer))
    assert story.incident.state == "escalated"
    assert story.report().outcome is None


def test_a_cancelled_run_and_a_failed_one_escalate() -> None:
    cancelled, failed = Story(), Story()
    cancelled.control("cancel_requested")
    assert cancelled.text("escalated") == "cancelled by nina"
    failed.failed("triage")
    assert failed.text("escalated") == "a person must go on: step triage: no"


def test_a_person_may_open_an_escalated_incident_again() -> None:
    story = until("diagnose")
    story.failed("diagnose")
    assert story.incident.state == "escalated"
    story.control("retry_requested", step="diagnose")
    assert str(story.incident.state) == "investigating"


def test_seeing_a_transition_again_says_the_same_with_the_same_ids() -> None:
    story = until("verify")
    story.done("verify", {"verification": "passed"})
    again = [event for transition in story.transitions for event in from_transition(story.incident, transition)]
    assert [event.event_id for event in again] == [event.event_id for event in story.events[1:]]
    assert all(event.event_id in story.incident.seen for event in again)
    assert len(set(story.incident.seen)) == len(story.incident.seen)


def test_a_late_answer_does_not_move_an_incident_that_is_over() -> None:
    story = until("apply")
    [command] = story.now.steps["apply"].waiting_for
    story.control("cancel_requested")
    assert str(story.incident.state) == "fixing", "a change on its way is awaited"
    story.answer("apply", outcome="confirmed", device="r1", command_id=command)
    assert story.incident.state == "escalated"
    late = RunEvent(
        id="late", kind="answer_received", at=story.clock, ref="x", data={"outcome": "failed", "command_id": "x"}
    )
    story.take(late)
    assert story.kinds()[-1] == "applied"
    assert story.incident.state == "escalated"


def test_an_alert_that_joins_grows_the_incident_and_moves_nothing() -> None:
    story = until("diagnose")
    before = story.incident
    grown = fold(before, opening("alert-2", kind="grew", state=before.state))
    assert (grown.state, grown.alert_ids, grown.devices) == ("investigating", ["alert-1", "alert-2"], ["r1"])
    assert grown.run_index == before.run_index
    assert before.last_alert_at == NOON, "what the run said is no alert"
    late = msgspec.structs.replace(opening("alert-3", kind="grew", state=grown.state), at=NOON + timedelta(minutes=9))
    assert fold(grown, late).last_alert_at == NOON + timedelta(minutes=9)


def test_a_run_of_another_shape_has_a_report_too() -> None:
    story = Story(definition=HEALTH_CHECK)
    story.done("check", {"healthy": True})
    assert story.incident.state == "escalated"
    assert story.report().verdict == "uncertain"


@pytest.mark.parametrize("name", sorted(WORKFLOWS))
def test_the_built_in_workflows_are_sound(name: str) -> None:
    check_definition(WORKFLOWS[name])


ANYTHING = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-9, 9),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=6),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=4), inner, max_size=2)),
    max_leaves=4,
)


def odd(good: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """``good`` with some of its fields replaced by anything at all."""
    return st.dictionaries(st.sampled_from(sorted(good)), ANYTHING, max_size=3).map(lambda wrong: {**good, **wrong})


ANSWERS = st.fixed_dictionaries(
    {
        "triage": odd(TRIAGE),
        "diagnose": odd({**DIAGNOSIS, "summary": "", "needs_person": "", "symptoms": []}),
        "plan": odd({"changes": [CHANGE], "needs_person": ""}),
        "verify": odd({"verification": "passed", "device_commands": 3}),
    }
)


@settings(max_examples=200)
@given(ANSWERS)
def test_whatever_agents_answer_the_incident_comes_to_an_end_and_never_goes_back(answers: dict[str, Any]) -> None:
    story = Story()
    for step in ("triage", "diagnose", "plan", "approval", "apply", "verify"):
        if story.now.over or story.now.steps[step].status != "running":
            continue
        if step == "approval":
            story.answer(step, **DECISION)
        elif step == "apply":
            story.answer(step, outcome="confirmed", device="r1", command_id="k")
        else:
            story.done(step, answers[step])
    if not story.now.over:
        story.control("cancel_requested")
    assert story.incident.state in ("closed", "escalated")
    order = [STATES.index(event.state) for event in story.events]
    assert order == sorted(order)
    msgspec.json.encode([event.to_dict() for event in story.events])


@given(st.dictionaries(st.sampled_from(["alert", "incident_id"]), ANYTHING))
def test_a_report_can_be_made_of_any_parameters(parameters: dict[str, Any]) -> None:
    state = msgspec.structs.replace(until("plan").now, parameters=parameters)
    assert report_of(state, "open").incident_id == "i1"
