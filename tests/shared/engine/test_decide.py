"""The engine's decisions: same history, same commands; duplicates and reorderings change nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nocmesh.engine.check import check_definition
from nocmesh.engine.decide import advance
from nocmesh.engine.definition import Definition, Retry, Step
from nocmesh.engine.evolve import evolve
from nocmesh.engine.state import RunCommand, RunEvent, RunState
from nocmesh.errors import InvalidInputError
from nocmesh.messages.change import Change

T0 = datetime(2026, 1, 1, tzinfo=UTC)


class Run:
    """A run driven by hand: what an orchestrator does, without a bus."""

    def __init__(
        self, *steps: Step, parameters: dict[str, Any] | None = None, output: dict[str, Any] | None = None
    ) -> None:
        definition = Definition(type="t", steps=list(steps), output=output or {})
        check_definition(definition)
        self.state: RunState | None = None
        self.history: list[RunEvent] = []
        self.commands: list[RunCommand] = []
        self.clock = T0
        self.outside: list[RunEvent] = []
        data = {"definition": msgspec.to_builtins(definition), "parameters": parameters or {}}
        self.take(RunEvent(id="start", kind="run_started", at=T0, ref="run-1", data=data))

    def take(self, event: RunEvent) -> list[RunCommand]:
        self.outside.append(event)
        self.state, events, commands = advance(self.state, event)
        self.history += events
        self.commands += commands
        return commands

    def event(self, kind: str, ref: str = "", **data: Any) -> RunEvent:
        self.clock += timedelta(seconds=1)
        return RunEvent(id=f"{kind}:{ref or len(self.outside)}", kind=kind, at=self.clock, ref=ref, data=data)  # type: ignore[arg-type]

    def answer(self, step: str, **data: Any) -> list[RunCommand]:
        waiting = [ref for ref in self.now.steps[step].waiting_for if ref not in self.now.steps[step].answers]
        return self.take(self.event("answer_received", waiting[0], **data))

    def done(self, step: str, **result: Any) -> list[RunCommand]:
        return self.answer(step, status="completed", result=result, agent_id="a-1")

    def failed(self, step: str, **data: Any) -> list[RunCommand]:
        return self.answer(step, **{"status": "failed", "error": "broken", **data})

    def fire(self, timer: str) -> list[RunCommand]:
        return self.take(self.event("timer_fired", timer))

    @property
    def now(self) -> RunState:
        assert self.state is not None
        return self.state

    def status(self, step: str) -> str:
        return self.now.steps[step].status

    def kinds(self) -> list[str]:
        return [command.kind for command in self.commands]


def agent(name: str, **more: Any) -> Step:
    return Step(id=name, type="invoke_agent", agent_type="bgp", **more)


def change(device: str = "r1") -> dict[str, Any]:
    return Change(
        change_id=f"c-{device}",
        device=device,
        platform="frr",
        commands=["x"],
        rollback=["no x"],
        requested_by="remediation-1",
    ).to_dict()


def test_steps_run_in_the_order_of_the_list() -> None:
    run = Run(agent("a"), agent("b"))
    assert (run.status("a"), run.status("b")) == ("running", "pending")
    run.done("a")
    assert (run.status("a"), run.status("b")) == ("completed", "running")
    run.done("b")
    assert run.now.status == "finished"


def test_steps_that_depend_on_the_same_step_run_side_by_side() -> None:
    run = Run(agent("a"), agent("b", depends_on=["a"]), agent("c", depends_on=["a"]), agent("d", depends_on=["b", "c"]))
    run.done("a")
    assert (run.status("b"), run.status("c"), run.status("d")) == ("running", "running", "pending")
    run.done("c")
    run.done("b")
    assert run.status("d") == "running"


def test_a_failed_step_fails_the_run_and_says_which() -> None:
    run = Run(agent("a"), agent("b"))
    run.failed("a", retryable=False)
    assert run.now.status == "failed"
    assert run.now.error == "step a: broken"
    assert run.status("b") == "pending"


def test_a_failed_step_is_tried_again_after_its_backoff() -> None:
    run = Run(agent("a", retry=Retry(attempts=3, backoff=5, factor=3)))
    first = run.commands[0].id
    [timer] = run.failed("a")
    assert timer.kind == "set_timer"
    assert timer.data["due"] == (run.clock + timedelta(seconds=5)).isoformat()
    again = run.fire(timer.data["timer"])
    assert again[0].kind == "assign_task"
    assert again[0].id != first
    [timer] = [c for c in run.failed("a") if c.kind == "set_timer"]
    assert timer.data["due"] == (run.clock + timedelta(seconds=15)).isoformat()
    run.fire(timer.data["timer"])
    run.failed("a")
    assert run.now.status == "failed"


def test_a_step_that_must_not_be_tried_again_is_not() -> None:
    run = Run(agent("a", retry=Retry(attempts=3)))
    run.failed("a", retryable=False)
    assert run.now.status == "failed"


def test_a_timeout_fails_the_step() -> None:
    run = Run(agent("a", timeout=30))
    run.fire("a.timeout.1")
    assert run.now.status == "failed"
    assert "no answer within 30 s" in run.now.error


def test_a_stale_timer_changes_nothing() -> None:
    run = Run(agent("a", timeout=30), agent("b"))
    run.done("a")
    before = run.now.steps
    assert run.fire("a.timeout.1") == []
    assert run.now.steps == before


def test_on_failure_goes_to_its_handler_and_the_run_fails_with_both_named() -> None:
    run = Run(agent("a", on_failure="undo"), agent("b"), agent("undo"))
    run.failed("a", retryable=False)
    assert (run.status("b"), run.status("undo")) == ("skipped", "running")
    run.done("undo")
    assert run.now.status == "failed"
    assert run.now.error == "step a: broken (handled by undo)"


def test_a_handler_is_not_entered_when_nothing_failed() -> None:
    run = Run(agent("a", on_failure="undo"), agent("undo"))
    run.done("a")
    assert run.now.status == "finished"
    assert run.status("undo") == "pending"


def test_a_handler_may_lead_back_to_a_later_step() -> None:
    run = Run(agent("a", on_failure="mend"), agent("b"), agent("mend", on_success="c"), agent("c"))
    run.failed("a", retryable=False)
    run.done("mend")
    assert (run.status("b"), run.status("c")) == ("skipped", "running")
    run.done("c")
    assert run.now.status == "finished"


def test_on_failure_continue_goes_on() -> None:
    run = Run(agent("a", on_failure="continue"), agent("b"))
    run.failed("a", retryable=False)
    run.done("b")
    assert run.now.status == "finished"


def test_on_success_goes_past_what_lies_between() -> None:
    run = Run(agent("a", on_success="c"), agent("b"), agent("c", on_success="end"), agent("d"))
    run.done("a")
    assert (run.status("b"), run.status("c")) == ("skipped", "running")
    run.done("c")
    assert (run.now.status, run.status("d")) == ("finished", "skipped")


def test_when_decides_on_what_is_known() -> None:
    run = Run(agent("a"), agent("b", when="${steps.a.output.verdict} == true_positive"), agent("c"))
    run.done("a", verdict="false_positive")
    assert (run.status("b"), run.status("c")) == ("skipped", "running")


def test_parameters_and_context_come_from_references() -> None:
    run = Run(
        agent("a"),
        agent(
            "b",
            parameters={"devices": "${steps.a.output.devices}", "text": "see ${parameters.name}"},
            context_from_step="a",
        ),
        parameters={"name": "x"},
    )
    [task] = run.done("a", devices=["r1"])[:1]
    assert task.data["task"]["parameters"] == {"devices": ["r1"], "text": "see x"}
    assert task.data["task"]["context"] == {"a": {"devices": ["r1"]}}


def test_a_handoff_assigns_the_case_to_the_next_type_with_its_context() -> None:
    run = Run(agent("a"))
    [task, *_] = run.answer("a", status="handed_off", result={"to_type": "ospf", "context": {"seen": 1}})
    assert task.data["task"]["assigned_to"] == "ospf"
    assert task.data["task"]["context"] == {"seen": 1}
    run.done("a", ok=True)
    assert run.now.steps["a"].output == {"ok": True}


def test_handing_on_for_ever_fails() -> None:
    run = Run(agent("a"))
    for _ in range(6):
        run.answer("a", status="handed_off", result={"to_type": "ospf"})
    assert run.now.status == "failed"
    assert "handed on 5 times" in run.now.error


def test_parallel_waits_for_all_and_gathers_their_output() -> None:
    run = Run(Step(id="p", type="parallel", steps=[agent("x"), agent("y")]), agent("z"))
    run.done("p/x", n=1)
    assert run.status("p") == "running"
    run.done("p/y", n=2)
    assert run.now.steps["p"].output == {"x": {"n": 1}, "y": {"n": 2}}
    assert run.status("z") == "running"


def test_parallel_fails_when_a_child_fails_and_skips_what_depends_on_it() -> None:
    run = Run(Step(id="p", type="parallel", steps=[agent("x"), agent("y", depends_on=["x"])]))
    run.failed("p/x", retryable=False)
    assert run.status("p/y") == "skipped"
    assert run.now.error == "step p: x: broken"


def test_wait_waits_for_its_timer() -> None:
    run = Run(Step(id="w", type="wait", seconds=60), agent("a"))
    assert run.status("a") == "pending"
    run.fire("w.wait.1")
    assert run.status("a") == "running"


def test_notify_is_done_at_once() -> None:
    run = Run(Step(id="n", type="notify", text="run ${run.id}"))
    assert run.now.status == "finished"
    assert run.commands[0].data["text"] == "run run-1"


def test_a_tool_call_answers_with_its_content() -> None:
    run = Run(
        Step(id="t", type="call_tool", tool="device_show", arguments={"device": "${parameters.d}"}),
        parameters={"d": "r1"},
    )
    assert run.commands[0].data["arguments"] == {"device": "r1"}
    run.answer("t", status="ok", content={"text": "…"})
    assert run.now.steps["t"].output == {"text": "…"}


def test_a_refused_tool_call_is_not_tried_again() -> None:
    run = Run(Step(id="t", type="call_tool", tool="x", retry=Retry(attempts=3)))
    run.answer("t", status="refused", error="not allowed")
    assert run.now.error == "step t: not allowed"


def fix(**more: Any) -> tuple[Step, Step]:
    return (
        Step(id="ok", type="approval", changes="${parameters.changes}"),
        Step(
            id="fix",
            type="apply_config",
            changes="${parameters.changes}",
            context_from_step="ok",
            allow_config_changes=True,
            **more,
        ),
    )


def decision(run: Run, verdict: str, device: str = "r1") -> dict[str, Any]:
    return {
        "verdict": verdict,
        "change_id": f"c-{device}",
        "approval_id": "x",
        "device": device,
        "reason": "omar said no",
    }


def test_a_change_waits_for_its_approval_and_is_bound_to_its_hash() -> None:
    run = Run(*fix(), parameters={"changes": [change()]})
    approval = run.commands[0].data["approval"]
    assert approval["quorum"] == 2
    assert approval["change_hash"] == msgspec.convert(change(), Change).hash()
    [sent] = [c for c in run.answer("ok", **decision(run, "approved")) if c.kind == "send_change"]
    assert sent.data["command"]["approval_id"] == approval["approval_id"]
    run.answer("fix", outcome="confirmed", device="r1")
    assert run.now.status == "finished"


@pytest.mark.parametrize("verdict", ["rejected", "expired"])
def test_a_change_that_is_not_approved_is_not_sent(verdict: str) -> None:
    run = Run(*fix(), parameters={"changes": [change()]})
    run.answer("ok", **decision(run, verdict))
    assert "send_change" not in run.kinds()
    assert run.now.status == "failed"
    assert "omar said no" in run.now.error


def test_changes_go_one_after_the_other_and_stop_at_the_first_that_fails() -> None:
    run = Run(*fix(), parameters={"changes": [change("r1"), change("r2"), change("r3")]})
    for device in ("r1", "r2", "r3"):
        run.answer("ok", **decision(run, "approved", device))
    assert run.kinds().count("send_change") == 1
    run.answer("fix", outcome="confirmed", device="r1")
    assert run.kinds().count("send_change") == 2
    run.answer("fix", outcome="rolled_back", device="r2", reason="still down")
    assert run.kinds().count("send_change") == 2
    assert "ended rolled_back: still down" in run.now.error
    assert [r["outcome"] for r in run.now.steps["fix"].output["results"]] == ["confirmed", "rolled_back"]


def test_nothing_to_change_needs_no_approval() -> None:
    run = Run(*fix(), parameters={"changes": []})
    assert run.now.status == "finished"
    assert "request_approval" not in run.kinds()


def test_changes_that_are_none_fail_the_step() -> None:
    run = Run(*fix(), parameters={"changes": "rm -rf"})
    assert run.now.status == "failed"
    assert "is no list of changes" in run.now.error


def test_cancel_stops_running_work_and_tells_the_agents() -> None:
    run = Run(agent("a"), agent("b"))
    commands = run.take(run.event("cancel_requested", reason="wrong device"))
    assert commands[0].kind == "cancel_task"
    assert run.now.status == "cancelled"
    assert "wrong device" in run.now.error
    assert run.status("a") == "cancelled"


def test_cancel_waits_for_a_change_that_is_on_its_way() -> None:
    run = Run(*fix(), agent("z"), parameters={"changes": [change("r1"), change("r2")]})
    for device in ("r1", "r2"):
        run.answer("ok", **decision(run, "approved", device))
    run.take(run.event("cancel_requested"))
    assert str(run.now.status) == "ending"
    run.answer("fix", outcome="confirmed", device="r1")
    assert run.kinds().count("send_change") == 1
    assert run.now.status == "cancelled"


def test_what_was_done_is_undone_in_reverse_order_when_a_later_step_fails() -> None:
    run = Run(
        agent("a", compensate=agent("undo-a")),
        agent("b", compensate=agent("undo-b")),
        agent("c", compensate=agent("undo-c")),
    )
    run.done("a")
    run.done("b")
    run.failed("c", retryable=False)
    assert (run.status("~a"), run.status("~b"), run.status("~c")) == ("pending", "running", "pending")
    run.done("~b")
    assert run.status("~a") == "running"
    run.take(run.event("cancel_requested"))
    assert run.status("~a") == "running"
    run.failed("~a", retryable=False)
    assert run.now.status == "failed"
    assert run.now.error == "step c: broken; could not be undone: a: broken"


def test_a_paused_run_takes_answers_in_and_goes_on_when_resumed() -> None:
    run = Run(agent("a"), agent("b"))
    run.take(run.event("pause_requested"))
    run.done("a")
    assert run.status("b") == "pending"
    run.take(run.event("resume_requested"))
    assert run.status("b") == "running"


def test_a_failed_run_goes_on_from_the_step_that_is_retried() -> None:
    run = Run(agent("a"), agent("b"))
    run.done("a")
    run.failed("b", retryable=False)
    old = run.commands[-1].id
    run.take(RunEvent(id="again", kind="retry_requested", at=run.clock, step="b"))
    assert str(run.now.status) == "running"
    assert run.status("a") == "completed"
    assert run.commands[-2 if run.commands[-1].kind == "set_timer" else -1].id != old
    run.done("b")
    assert run.now.status == "finished"


def test_the_result_is_made_of_references() -> None:
    run = Run(agent("a"), output={"found": "${steps.a.output.n}"})
    run.done("a", n=3)
    assert run.now.result == {"found": 3}
    assert run.commands[-1].data["result"] == {"found": 3}


BAD = {
    "no steps": ([], "steps"),
    "same id twice": ([agent("a"), agent("a")], "steps[1].id"),
    "id with a dot": ([agent("a.b")], "steps[0].id"),
    "unknown target": ([agent("a", on_failure="b")], "steps[0].on_failure"),
    "target behind": ([agent("a"), agent("b", on_success="a")], "steps[1].on_success"),
    "unknown dependency": ([agent("a", depends_on=["z"])], "steps[0].depends_on"),
    "no agent type": ([Step(id="a", type="invoke_agent")], "steps[0].agent_type"),
    "no tool": ([Step(id="a", type="call_tool")], "steps[0].tool"),
    "bad condition": ([agent("a", when="a ~= b c")], "when"),
    "steps in a leaf": ([agent("a", steps=[agent("b")])], "steps[0].steps"),
    "empty parallel": ([Step(id="p", type="parallel")], "steps[0].steps"),
    "too long": ([agent("a", timeout=1e9)], "steps[0].timeout"),
    "too many attempts": ([agent("a", retry=Retry(attempts=99))], "steps[0].retry.attempts"),
    "jump out of parallel": (
        [Step(id="p", type="parallel", steps=[agent("a", on_success="end")])],
        "steps[0].steps[0].on_success",
    ),
    "compensation of a compensation": (
        [agent("a", compensate=agent("b", compensate=agent("c")))],
        "steps[0].compensate",
    ),
}


@pytest.mark.parametrize(("steps", "field"), BAD.values(), ids=BAD.keys())
def test_an_unsound_definition_is_refused_with_the_field(steps: list[Step], field: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        check_definition(Definition(type="t", steps=steps))
    assert refused.value.field == field


def test_too_deep_and_too_many_are_refused() -> None:
    deep = agent("a")
    for n in range(4):
        deep = Step(id=f"p{n}", type="parallel", steps=[deep])
    with pytest.raises(InvalidInputError, match="nested deeper"):
        check_definition(Definition(type="t", steps=[deep]))
    with pytest.raises(InvalidInputError, match="more than"):
        check_definition(Definition(type="t", steps=[agent(f"a{n}") for n in range(201)]))


def test_a_run_does_not_begin_with_anything_else() -> None:
    with pytest.raises(InvalidInputError):
        evolve(None, RunEvent(id="x", kind="timer_fired", at=T0))


@st.composite
def definitions(draw: st.DrawFn) -> list[Step]:
    names = [f"s{n}" for n in range(draw(st.integers(1, 5)))]
    steps = []
    for index, name in enumerate(names):
        later, earlier = names[index + 1 :], names[:index]
        kind = draw(st.sampled_from(["agent", "agent", "wait", "notify", "parallel"]))
        more: dict[str, Any] = {
            "on_failure": draw(st.sampled_from(["", "continue", *later])),
            "depends_on": draw(st.sampled_from([None, *[[e] for e in earlier]])),
            "compensate": draw(st.sampled_from([None, agent("undo")])),
        }
        if kind == "agent":
            steps.append(agent(name, retry=Retry(attempts=draw(st.integers(1, 2))), timeout=60, **more))
        elif kind == "wait":
            steps.append(Step(id=name, type="wait", seconds=5, **more))
        elif kind == "notify":
            steps.append(Step(id=name, type="notify", text="x", **more))
        else:
            steps.append(Step(id=name, type="parallel", steps=[agent("x"), agent("y", depends_on=["x"])], **more))
    return steps


def drive(run: Run, data: st.DataObject) -> None:
    """Answer whatever the run waits for, well or badly, until it is over."""
    for _ in range(200):
        if run.now.over:
            return
        waiting = [
            (name, ref)
            for name, step in run.now.steps.items()
            for ref in step.waiting_for
            if step.status in ("running", "backing_off") and ref not in step.answers
        ]
        assert waiting, f"the run waits for nothing and is not over: {run.now}"
        name, ref = data.draw(st.sampled_from(waiting))
        what = data.draw(st.sampled_from(["completed", "failed", "timeout", "cancel", "pause"]))
        if ".wait." in ref or ".retry." in ref:
            run.fire(ref)
        elif what == "timeout":
            run.fire(next(iter(run.now.steps[name].timers), ref))
        elif what == "cancel" and data.draw(st.booleans()):
            run.take(run.event("cancel_requested"))
        elif what == "pause":
            run.take(run.event("pause_requested"))
            run.take(run.event("resume_requested"))
        else:
            status = "completed" if what == "completed" else "failed"
            run.take(run.event("answer_received", ref, status=status, error="e"))
    raise AssertionError("the run never ends")


@settings(max_examples=120)
@given(definitions(), st.data())
def test_every_run_ends_and_its_snapshot_is_the_fold_of_its_events(steps: list[Step], data: st.DataObject) -> None:
    run = Run(*steps)
    drive(run, data)
    folded: RunState | None = None
    for event in run.history:
        folded = evolve(folded, event)
    assert folded == run.state
    decoded = msgspec.json.decode(msgspec.json.encode(run.state), type=RunState)
    assert decoded == run.state


@settings(max_examples=80)
@given(definitions(), st.data())
def test_the_same_history_gives_the_same_commands_and_duplicates_change_nothing(
    steps: list[Step], data: st.DataObject
) -> None:
    run = Run(*steps)
    drive(run, data)
    again = Run(*steps)
    for event in run.outside[1:]:
        again.take(event)
        duplicate = data.draw(st.sampled_from(again.outside[1:]))
        assert again.take(duplicate) == []
        again.outside.pop()
    assert again.commands == run.commands
    assert again.state == run.state


@settings(max_examples=60)
@given(st.permutations(range(4)))
def test_the_order_in_which_parallel_answers_come_changes_no_command(order: list[int]) -> None:
    children = [agent(f"c{n}") for n in range(4)]
    run = Run(Step(id="p", type="parallel", steps=children), agent("z"))
    for n in order:
        run.done(f"p/c{n}", n=n)
    assert run.now.steps["p"].output == {f"c{n}": {"n": n} for n in range(4)}
    straight = Run(Step(id="p", type="parallel", steps=children), agent("z"))
    for n in range(4):
        straight.done(f"p/c{n}", n=n)
    assert [c.id for c in run.commands] == [c.id for c in straight.commands]


@given(st.text(max_size=60))
def test_any_text_as_a_condition_holds_does_not_or_is_refused(text: str) -> None:
    try:
        check_definition(Definition(type="t", steps=[agent("a", when=text)]))
    except InvalidInputError:
        return
    assert Run(agent("a", when=text)).status("a") in ("running", "skipped")
