"""Changes on simulated routers: approved, proved, undone; with the session cut, and the bridge killed, anywhere."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from bridges.ssh.changing import BGP, Bench, Cuts, Killed, received
from msgspec.structs import replace

from nocmesh.clock import FixedClock, SystemClock
from nocmesh.errors import BusError
from nocmesh.messages.change import Check
from nocmesh.policy.form import BudgetEntry
from nocmesh.policy.policy import built_in
from nocmesh.proving.broker import MeshFor
from nocmesh_bridges.ssh import applying, attempt, proof, undoing, work
from nocmesh_bridges.ssh.attempt import Attempt
from nocmesh_bridges.ssh.devicejournal import DeviceJournal

pytestmark = pytest.mark.mesh

NEVER = [{"kind": "bgp_session", "arguments": {"neighbor": "192.0.2.77", "state": "established"}, "within": 0.2}]


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (attempt, proof):
        monkeypatch.setattr(module, "LOOK_AGAIN_SECONDS", 0.05)


@pytest.fixture
async def bench(mesh_on: MeshFor) -> AsyncIterator[Bench]:
    async with Bench.open(mesh_on) as bench:
        yield bench


@pytest.fixture
def cuts(monkeypatch: pytest.MonkeyPatch) -> Cuts:
    return Cuts(monkeypatch)


@pytest.fixture
def kill_at(monkeypatch: pytest.MonkeyPatch) -> Any:
    """``kill_at("bridge.begun")``: the next time that the bridge gets there, it is dead."""

    def arm(name: str) -> None:
        armed = [name]

        def reached(where: str) -> None:
            if armed == [where]:
                armed.clear()
                raise Killed(where)

        monkeypatch.setattr(work, "reached", reached)
        monkeypatch.setattr(applying, "reached", reached)

    return arm


@pytest.mark.parametrize("device", ["r1", "r2"])
async def test_an_approved_change_is_made_proved_and_saved(bench: Bench, device: str) -> None:
    change = await bench.change(device)
    result = await bench.take(await bench.approve(change))
    assert (result.outcome, result.reason) == ("confirmed", "")
    assert bench.has(device)
    assert bench.saved(device)
    assert bench.typed(device) == change.commands
    assert bench.changed == [device]
    assert result.checks == [{"text": "it is there", "passed": True, "seen": "BGP neighbor 192.0.2.77 is there"}]
    assert "+ neighbor 192.0.2.77 remote-as 64999" in result.diff
    assert [line["line"] for line in result.transcript] == change.commands
    assert result.applied_at is not None
    assert (result.switch, result.unarmed) == ("", f"nothing on {device} can undo it by itself")
    assert await bench.journal(device) == ["begun", "sent", "outcome"]


async def test_a_command_that_comes_again_is_answered_and_not_repeated(bench: Bench) -> None:
    command = await bench.approve(await bench.change())
    first = await bench.take(command)
    bench.again()
    second = await bench.take(command)
    assert (second.outcome, second.at) == (first.outcome, first.at)
    assert len(bench.typed()) == 3


async def test_the_same_change_under_another_command_is_not_made_twice(bench: Bench) -> None:
    command = await bench.approve(await bench.change())
    await bench.take(command)
    again = await bench.take(replace(command, command_id="k2"))
    assert (again.outcome, again.command_id) == ("confirmed", "k2")
    assert len(bench.typed()) == 3


async def test_another_change_of_the_same_id_is_not_taken_for_it(bench: Bench) -> None:
    await bench.take(await bench.approve(await bench.change()))
    other = await bench.change(commands=[BGP["r1"], "neighbor 192.0.2.78 remote-as 64998"], rollback=[BGP["r1"], "x"])
    result = await bench.take(await bench.approve(other, attempt=2))
    assert result.outcome != "confirmed"


async def test_without_an_approval_the_device_is_not_even_asked(bench: Bench) -> None:
    command = await bench.approve(await bench.change())
    opened = bench.executor.pool.stats()["r1"]["opened"]
    result = await bench.take(replace(command, approval_id="none"))
    assert (result.outcome, result.applied_at) == ("refused", None)
    assert "no decision" in result.reason
    assert (bench.executor.pool.stats()["r1"]["opened"], bench.changed) == (opened, [])
    assert bench.typed() == []


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"device": "R1"}, "in the inventory"),
        ({"device": "r9", "platform": "frr"}, "no device 'r9'"),
        ({"platform": "cisco_iosxe"}, "in the inventory"),
        ({"verify": [{"kind": "coffee_is_hot"}]}, "no check of kind"),
        ({"commands": ["do reload"]}, "the guard refused a line"),
        ({"rollback": ["end"]}, "the guard refused a line"),
        ({"pre_state": "before"}, "is not as it was"),
        ({"pre_state": ""}, "bound to no state"),
    ],
)
async def test_what_could_not_be_ended_is_not_begun(bench: Bench, more: dict[str, Any], why: str) -> None:
    change = replace(await bench.change(), **_converted(more))
    result = await bench.take(await bench.approve(change))
    assert (result.outcome, bench.typed()) == ("refused", [])
    assert why in result.reason
    assert await bench.journal(change.device) == ["outcome"]


def _converted(more: dict[str, Any]) -> dict[str, Any]:
    return {**more, "verify": [Check(**each) for each in more["verify"]]} if "verify" in more else more


async def test_a_core_device_needs_two_people_whatever_the_lines_are(bench: Bench) -> None:
    lines: dict[str, Any] = {
        "commands": ["interface lo", "description x"],
        "rollback": ["interface lo", "no description"],
        "verify": [],
    }
    command = await bench.approve(await bench.change(**lines, risk="medium"))
    bench.again(network=bench.inventory(core=True))
    assert (await bench.take(command)).outcome == "confirmed"


async def test_nothing_is_sent_to_a_device_whose_switch_cannot_be_armed(bench: Bench) -> None:
    command = await bench.approve(await bench.change())
    bench.again(network=bench.inventory(shell=True))  # so the inventory says; there is no such door
    result = await bench.take(command)
    assert (result.outcome, bench.typed()) == ("refused", [])
    assert "no switch could be armed that takes the change back, and nothing was sent" in result.reason
    assert await bench.journal() == ["begun", "outcome"]


async def test_a_change_that_does_not_help_is_taken_back_whole(bench: Bench) -> None:
    before = bench.network.config("r1")
    result = await bench.take(await bench.approve(await bench.change(verify=NEVER)))
    assert result.outcome == "rolled_back"
    assert "verification failed: bgp_session" in result.reason
    assert bench.network.config("r1") == before
    assert not result.checks[0]["passed"]


async def test_a_rejected_line_takes_back_what_was_typed_before_it(bench: Bench) -> None:
    before = bench.network.config("r1")
    lines = [
        BGP["r1"],
        "neighbor 192.0.2.77 remote-as 64999",
        "neighbor nonsense",
        "neighbor 192.0.2.78 remote-as 64999",
    ]
    back = [BGP["r1"], "no neighbor 192.0.2.78", "neighbor nonsense", "no neighbor 192.0.2.77"]
    result = await bench.take(await bench.approve(await bench.change(commands=lines, rollback=back)))
    assert result.outcome == "rolled_back"
    assert "rejected a line: 'neighbor nonsense'" in result.reason
    assert bench.network.config("r1") == before, "what undoes nothing was left out, the rest was typed"


async def test_a_rollback_that_does_not_bring_the_old_state_back_is_for_a_person(bench: Bench) -> None:
    back = ["interface lo", "description other"]
    result = await bench.take(await bench.approve(await bench.change(rollback=back, verify=NEVER)))
    assert result.outcome == "unknown"
    assert "did not bring the old state back" in result.reason
    assert "192.0.2.77" in result.diff


async def test_lines_that_change_nothing_are_no_success(bench: Bench) -> None:
    result = await bench.take(await bench.approve(await bench.change(commands=[BGP["r1"]])))
    assert (result.outcome, result.reason) == (
        "failed",
        "the device took the lines and its configuration did not change",
    )


ANEW: dict[str, Any] = {
    "commands": ["do clear ip bgp 10.0.12.2"],
    "rollback": [],
    "verify": [{"kind": "bgp_session", "arguments": {"neighbor": "10.0.12.2", "state": "established"}, "within": 20.0}],
}


async def test_a_change_that_only_operates_is_proved_though_no_line_moved(bench: Bench) -> None:
    result = await bench.take(await bench.approve(await bench.change(**ANEW)))
    assert (result.outcome, result.diff) == ("confirmed", "")
    assert [line["line"] for line in result.transcript] == ANEW["commands"]


async def test_a_change_that_only_operates_is_not_taken_for_done_on_a_device_that_moved(bench: Bench) -> None:
    anew = await bench.approve(await bench.change(change_id="c2", **ANEW))
    await bench.take(await bench.approve(await bench.change()))
    assert (await bench.take(anew)).outcome == "refused"


async def test_a_bridge_killed_after_it_operated_does_not_do_so_again(bench: Bench, kill_at: Any) -> None:
    command = await bench.approve(await bench.change(**ANEW))
    kill_at("bridge.sent")
    await bench.killed(command)
    result = await bench.take(command)
    assert (result.outcome, result.transcript) == ("confirmed", [])


async def test_a_change_without_checks_is_proved_by_its_effect(bench: Bench) -> None:
    result = await bench.take(await bench.approve(await bench.change(verify=[])))
    assert (result.outcome, result.checks) == ("confirmed", [])


async def test_a_check_is_not_waited_for_longer_than_anybody_waits(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof, "MAX_PROOF_SECONDS", 0.1)
    change = await bench.change(verify=[{**NEVER[0], "within": 1e9}])
    assert (await bench.take(await bench.approve(change))).outcome == "rolled_back"


@pytest.mark.parametrize("line", [0, 1, 2])
async def test_a_session_lost_while_typing_leaves_all_or_nothing(bench: Bench, cuts: Cuts, line: int) -> None:
    before = bench.network.config("r1")
    change = await bench.change()
    cuts.lines = [change.commands[line]]
    result = await bench.take(await bench.approve(change))
    if line == 2:
        assert result.outcome == "confirmed", "the last line had its effect"
        assert bench.has()
    else:
        assert result.outcome == ("failed", "rolled_back")[line]
        assert bench.network.config("r1") == before
    typed = [each["line"] for each in result.transcript]
    assert typed[:line] == change.commands[:line], "what was answered before the cut is told"


async def test_a_session_lost_in_the_middle_of_the_rollback_is_no_end(bench: Bench, cuts: Cuts) -> None:
    before = bench.network.config("r1")
    change = await bench.change(verify=NEVER)
    cuts.lines = [change.rollback[1]]
    assert (await bench.take(await bench.approve(change))).outcome == "rolled_back"
    assert bench.network.config("r1") == before


async def test_a_rollback_whose_sessions_are_always_lost_is_for_a_person(bench: Bench, cuts: Cuts) -> None:
    change = await bench.change(verify=NEVER)
    command = await bench.approve(replace(change, rollback=["interface lo", *change.rollback]))
    cuts.lines = ["interface lo"] * attempt.TRIES
    result = await bench.take(command)
    assert (result.outcome, cuts.lines) == ("unknown", [])
    assert "did not bring the old state back" in result.reason
    assert bench.has()


async def test_a_device_that_is_gone_after_the_lines_is_for_a_person(
    bench: Bench, cuts: Cuts, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = await bench.change()
    command = await bench.approve(change)
    cuts.lines = [change.commands[1]]
    monkeypatch.setattr(Attempt, "read", _shutting(Attempt.read, cuts))
    result = await bench.take(command)
    assert result.outcome == "unknown"
    assert result.applied_at is not None


async def test_a_device_that_is_gone_after_the_rollback_is_for_a_person(
    bench: Bench, cuts: Cuts, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = await bench.approve(await bench.change(verify=NEVER))
    undo = undoing._undo

    async def then_gone(self: Attempt) -> str:
        cuts.shut = True
        return await undo(self)

    monkeypatch.setattr(undoing, "_undo", then_gone)
    result = await bench.take(command)
    assert result.outcome == "unknown"
    assert "whether it was rolled back is not known" in result.reason


def _shutting(read: Any, cuts: Cuts) -> Any:
    """The first reading succeeds; after it nobody gets in any more once a line was cut."""

    async def reading(self: Attempt) -> Any:
        cuts.shut = self.sent
        return await read(self)

    return reading


async def test_what_somebody_else_has_done_already_needs_no_line(bench: Bench) -> None:
    first, second = await bench.change(), await bench.change(change_id="c2")
    await bench.take(await bench.approve(first))
    result = await bench.take(await bench.approve(second))
    assert (result.outcome, result.applied_at) == ("confirmed", None)
    assert "nothing was sent" in result.reason
    assert bench.typed() == first.commands


async def test_a_device_that_does_not_answer_before_the_lines_is_left_alone(bench: Bench, cuts: Cuts) -> None:
    command = await bench.approve(await bench.change())
    cuts.shut = True
    result = await bench.take(command)
    assert (result.outcome, result.applied_at, bench.typed()) == ("failed", None, [])


async def test_a_device_that_hiccups_during_the_proof_is_asked_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, cuts: Cuts
) -> None:
    failing = proof.Proof.failing
    seen: list[str] = []

    async def hiccup(self: proof.Proof) -> str:
        cuts.shut = not seen
        seen.append("asked")
        try:
            return await failing(self)
        finally:
            cuts.shut = False

    monkeypatch.setattr(proof.Proof, "failing", hiccup)
    assert (await bench.take(await bench.approve(await bench.change()))).outcome == "confirmed"
    assert len(seen) == 2


async def test_a_defect_of_ours_does_not_keep_the_device_for_ever(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(self: proof.Proof) -> str:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(proof.Proof, "failing", broken)
    result = await bench.take(await bench.approve(await bench.change()))
    assert (result.outcome, result.reason) == ("unknown", "ZeroDivisionError: oops")
    monkeypatch.undo()
    other = await bench.change(
        change_id="c2",
        commands=[BGP["r1"], "neighbor 192.0.2.77 description other"],
        rollback=[BGP["r1"], "no neighbor 192.0.2.77"],
    )
    assert (await bench.take(await bench.approve(other))).outcome == "confirmed"


async def test_what_runs_and_could_not_be_saved_says_so(bench: Bench, cuts: Cuts) -> None:
    cuts.lines = ["write"]
    result = await bench.take(await bench.approve(await bench.change()))
    assert result.outcome == "confirmed"
    assert "in effect, but not saved" in result.reason


# --- killed


@pytest.mark.parametrize("where", ["bridge.begun", "bridge.applied", "bridge.sent", "bridge.outcome"])
async def test_a_bridge_killed_anywhere_leaves_a_change_that_is_made_once(
    bench: Bench, kill_at: Any, where: str
) -> None:
    command = await bench.approve(await bench.change())
    kill_at(where)
    await bench.killed(command)
    result = await bench.take(command)
    assert result.outcome == "confirmed"
    assert bench.typed() == command.change.commands
    assert (await bench.journal()).count("begun") == 1


@pytest.mark.parametrize("where", ["bridge.applied", "bridge.sent"])
async def test_a_bridge_killed_with_a_bad_change_half_way_takes_it_back(bench: Bench, kill_at: Any, where: str) -> None:
    before = bench.network.config("r1")
    command = await bench.approve(await bench.change(verify=NEVER))
    kill_at(where)
    await bench.killed(command)
    assert bench.has()
    assert (await bench.take(command)).outcome == "rolled_back"
    assert bench.network.config("r1") == before
    assert bench.saved()


async def test_a_change_begun_in_time_is_ended_also_when_its_approval_has_expired(bench: Bench, kill_at: Any) -> None:
    command = await bench.approve(await bench.change())
    kill_at("bridge.applied")
    await bench.killed(command)
    bench.again(clock=FixedClock(SystemClock().now() + timedelta(hours=1)))
    result = await bench.take(command)
    assert result.outcome == "confirmed", "it stands on the device: it is proved, not called refused"


async def test_a_change_begun_and_not_sent_needs_an_approval_that_still_holds(bench: Bench, kill_at: Any) -> None:
    command = await bench.approve(await bench.change())
    kill_at("bridge.begun")
    await bench.killed(command)
    bench.again(clock=FixedClock(SystemClock().now() + timedelta(hours=1)))
    result = await bench.take(command)
    assert (result.outcome, bench.typed()) == ("refused", [])


async def test_a_bridge_killed_after_it_went_back_does_not_send_again(
    bench: Bench, kill_at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = await bench.approve(await bench.change(verify=NEVER))
    write = work.Work.write

    async def dies(self: work.Work, kind: str, **more: Any) -> None:
        if kind == "outcome":
            raise Killed
        await write(self, kind, **more)

    monkeypatch.setattr(work.Work, "write", dies)
    await bench.killed(command)
    monkeypatch.setattr(work.Work, "write", write)
    typed = bench.typed()
    result = await bench.take(command)
    assert (result.outcome, bench.typed()) == ("rolled_back", typed)


async def test_a_change_begun_under_the_same_id_is_not_ended_by_another(bench: Bench, kill_at: Any) -> None:
    true = await bench.approve(await bench.change())
    false = await bench.approve(
        replace(true.change, commands=[BGP["r1"], "neighbor 192.0.2.78 remote-as 1"]), attempt=2
    )
    kill_at("bridge.begun")
    await bench.killed(true)
    assert "another change of the same id" in (await bench.take(false)).reason
    assert (await bench.take(true)).outcome == "confirmed"
    assert bench.typed() == true.change.commands


# --- one at a time


async def test_a_device_with_an_unended_change_takes_no_other(bench: Bench, kill_at: Any) -> None:
    command = await bench.approve(await bench.change())
    lines = [BGP["r1"], "neighbor 192.0.2.78 remote-as 64998"]
    other = await bench.approve(await bench.change(change_id="c2", commands=lines))
    kill_at("bridge.begun")
    await bench.killed(command)
    with pytest.raises(BusError, match="busy with change c-r1"):
        await bench.take(other)
    await bench.take(command)
    assert "is not as it was" in (await bench.take(other)).reason


async def test_two_changes_at_once_on_one_device_go_one_after_the_other(bench: Bench) -> None:
    first, second = await bench.approve(await bench.change()), await bench.approve(await bench.change(change_id="c2"))
    await asyncio.gather(bench.executor.take(received(first)), bench.executor.take(received(second)))
    assert bench.typed() == first.change.commands, "the second one was made for a state that is no more"


async def test_two_bridges_of_one_name_never_write_at_once(bench: Bench) -> None:
    """Two processes with the same credentials: the sequence fences them, not the name."""
    command = await bench.approve(await bench.change())
    one, two = bench.bridge(bench.meshes["bridge"]), bench.bridge(bench.meshes["bridge"])
    ends = await asyncio.gather(one.take(received(command)), two.take(received(command)), return_exceptions=True)
    assert sorted(type(end).__name__ for end in ends) in (["BusError", "NoneType"], ["NoneType", "NoneType"])
    assert bench.typed() == command.change.commands
    assert (await bench.journal()).count("begun") == 1


@pytest.mark.parametrize(
    ("where", "before", "verify", "outcome", "typed"),
    [(work.Work, "_late", {}, "confirmed", 3), (undoing, "_undo", {"verify": NEVER}, "rolled_back", 5)],
    ids=["its first line", "its rollback"],
)
async def test_a_bridge_that_was_only_slow_types_nothing_when_another_has_taken_over(
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
    where: Any,
    before: str,
    verify: dict[str, Any],
    outcome: str,
    typed: int,
) -> None:
    """It lives, and stops for as long as it takes where it is just about to type."""
    mesh, slow_one = await bench.another("bridge-slow")
    stopped, released, go_on = asyncio.Event(), asyncio.Event(), getattr(where, before)

    async def stopping(of: Any) -> Any:
        if getattr(of, "_attempt", of).mesh is mesh:
            stopped.set()
            await released.wait()
        return await go_on(of)

    monkeypatch.setattr(where, before, stopping)
    command = await bench.approve(await bench.change(**verify))
    slow = asyncio.create_task(slow_one.take(received(command)))
    await asyncio.wait_for(stopped.wait(), 20)
    result = await bench.take(command)
    assert (result.outcome, result.bridge) == (outcome, "bridge-1")
    released.set()
    with pytest.raises(BusError, match=r"stands back"):
        await slow
    assert len(bench.typed()) == typed, "each line once"
    assert (await bench.journal()).count("outcome") == 1


async def test_an_append_behind_another_writers_is_refused(bench: Bench) -> None:
    command = await bench.approve(await bench.change())
    core, clock = bench.meshes["bridge"].core, SystemClock()
    one, two = (DeviceJournal(core, clock, device="r1", bridge="bridge-1") for _ in range(2))
    await one.append(one.entry(command, "begun"))
    with pytest.raises(BusError, match="stands back"):
        await two.append(two.entry(command, "begun"))


async def test_a_clock_that_is_off_writes_nothing(bench: Bench) -> None:
    command = await bench.approve(await bench.change(), minutes=600)
    bench.again(clock=FixedClock(SystemClock().now() + timedelta(minutes=2)))
    result = await bench.take(command)
    assert (result.outcome, bench.typed()) == ("refused", [])
    assert "clock" in result.reason


async def test_a_change_that_nobody_waits_for_is_not_begun(bench: Bench) -> None:
    command = await bench.approve(await bench.change(), deadline=SystemClock().now() - timedelta(seconds=1))
    result = await bench.take(command)
    assert (result.outcome, bench.typed()) == ("refused", [])
    assert "went on without it" in result.reason


async def test_in_a_freeze_nothing_is_typed_and_afterwards_it_may(bench: Bench) -> None:
    change = await bench.change()
    await bench.freeze("elsewhere")
    await bench.freeze()
    result = await bench.take(await bench.approve(change))
    assert (result.outcome, bench.typed()) == ("refused", [])
    assert "ada froze everything" in result.reason
    await bench.freeze(value="")
    assert (await bench.take(await bench.approve(change, attempt=2))).outcome == "confirmed"


async def test_a_freeze_in_the_middle_of_a_change_takes_it_back(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    proved = work.Work._lacking

    async def frozen_meanwhile(ours: work.Work) -> str:
        await bench.freeze()
        return await proved(ours)

    monkeypatch.setattr(work.Work, "_lacking", frozen_meanwhile)
    result = await bench.take(await bench.approve(await bench.change()))
    assert (result.outcome, bench.has()) == ("rolled_back", False)
    assert "nothing is confirmed in a freeze" in result.reason


async def test_no_more_changes_go_at_once_than_the_policy_allows(bench: Bench, kill_at: Any) -> None:
    tight = replace(built_in(), budget=BudgetEntry(in_all=1, per_site=0))
    bench.policy = tight
    bench.again()
    first, second = await bench.approve(await bench.change("r1")), await bench.approve(await bench.change("r2"))
    kill_at("bridge.begun")
    await bench.killed(first)
    with pytest.raises(BusError, match="1 changes are under way, of 1"):
        await bench.executor.take(received(second))
    late = replace(second, command_id="k-late", deadline=SystemClock().now())
    assert (await bench.take(late)).outcome == "refused"
    assert (await bench.take(first)).outcome == "confirmed"
    assert (await bench.take(second)).outcome == "confirmed"
