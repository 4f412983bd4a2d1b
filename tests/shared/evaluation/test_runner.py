"""A run goes on whatever happens to a case; what a case leaves behind does not reach the next."""

from pathlib import Path
from typing import Any

import pytest
from shared.evaluation.cases import BODY, CAUSE, case, healthy
from shared.evaluation.staged import NOW, QUICK, World

from nocmesh.evaluation import incident, trial
from nocmesh.evaluation.run import grouped
from nocmesh.evaluation.score import is_right, score

pytestmark = pytest.mark.real

EVIDENCE = {"observation_id": "o1", "device": "core1", "command": "show run", "quote": "remote-as 65010"}
FOUND = {
    "verdict": "true_positive",
    "confidence": 0.9,
    "root_causes": [{**CAUSE, "confidence": 0.9, "summary": "", "evidence": [EVIDENCE]}],
    "timing": {"diagnosed": NOW, "device_commands": 5},
    "outcome": {"verification": "passed"},
}
WELL = {"verdict": "false_positive", "confidence": 0.9, "timing": {"diagnosed": NOW}}
OUTPUT = {"command": "show run", "text": "neighbor 10.0.0.1 remote-as 65010"}
SEEN = {"observation_id": "o1", "tool": "device_state", "device": "core1", "outputs": [OUTPUT]}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(incident, "OPENING_SECONDS", 0.05)
    monkeypatch.setattr(incident, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(trial, "LOOK_SECONDS", 0.01)
    world = World(tmp_path)
    world.mesh.report = dict(FOUND)
    return world


async def test_a_fault_is_injected_seen_told_approved_and_healed(world: World) -> None:
    world.mesh.approval = True
    world.mesh.observations = [SEEN]
    [one] = await world.runner().run([case()])
    assert is_right(one)
    assert score([one]).total.repaired == 1
    assert one.evidence.found == one.evidence.quotes == 1
    assert world.mesh.votes == [("nina", "approve"), ("omar", "approve")]
    assert world.network.history == ["inject bgp_asn_misconfig", "heal"]
    assert [body["status"] for body in world.mesh.posted] == ["firing", "resolved"]
    assert world.told[-1].startswith("[1/1] wrong-as: right: true_positive, bgp_asn_misconfig on node/core1; 0.")


async def test_once_it_is_healed_the_mesh_is_told_that_all_is_well(world: World) -> None:
    await world.runner().run([case()])
    assert world.mesh.accepted == [["core1", "core2"]]


async def test_where_nothing_was_broken_nothing_needs_to_be_told(world: World) -> None:
    world.mesh.report = WELL
    await world.runner().run([healthy()])
    assert world.mesh.accepted == []
    world.mesh.report = {**FOUND, "proposals": [{"change_id": "c", "device": "core2"}]}
    await world.runner().run([healthy()])
    assert world.mesh.accepted == [["core1", "core2"]]


async def test_a_mesh_that_does_not_see_that_a_device_is_well_again_is_made_anew(world: World) -> None:
    world.mesh.blind = True
    await world.runner(2).run([case(name="first"), case(name="second")])
    assert world.started == 2
    assert len(world.mesh.accepted) > 2


async def test_without_repair_the_change_is_rejected_once_the_diagnosis_is_there(world: World) -> None:
    world.mesh.approval = True
    [one] = await world.runner(repair=False).run([case()])
    assert world.mesh.votes == [("nina", "reject")]
    assert is_right(one)
    assert (one.repairs, one.mended) == (False, None)


async def test_a_quote_that_was_never_seen_is_told(world: World) -> None:
    world.mesh.observations = [{**SEEN, "outputs": [{**OUTPUT, "text": "remote-as 65001"}]}]
    [one] = await world.runner().run([case()])
    assert one.evidence.missing == ["core1: show run: remote-as 65010"]


async def test_a_quote_of_a_long_output_is_looked_up_where_that_is_kept(world: World) -> None:
    world.mesh.observations = [{**SEEN, "outputs": [{**OUTPUT, "text": "", "object": "longer"}]}]
    world.mesh.outputs["longer"] = OUTPUT["text"] + "and more\n" * 1000
    [one] = await world.runner().run([case()])
    assert (one.evidence.quotes, one.evidence.found, one.evidence.unread) == (1, 1, 0)


async def test_a_quote_of_an_output_that_has_expired_is_not_called_missing(world: World) -> None:
    world.mesh.observations = [{**SEEN, "outputs": [{**OUTPUT, "text": "", "object": "observations/1"}]}]
    [one] = await world.runner().run([case()])
    assert (one.evidence.quotes, one.evidence.found, one.evidence.unread, one.evidence.missing) == (1, 0, 1, [])
    assert (score([one]).total.evidence, score([one]).total.unread) == (None, 1)


async def test_a_fault_that_never_shows_is_no_case(world: World) -> None:
    world.network.hidden = {"bgp_asn_misconfig"}
    [one] = await world.runner().run([case()])
    assert (one.status, one.reports) == ("invalid", [])
    assert one.reason == "no symptom of bgp_asn_misconfig at node/core1 within 0.05 s"
    assert world.mesh.posted == []
    assert world.network.history[-1] == "heal"


async def test_nor_is_one_that_cannot_be_injected(world: World) -> None:
    world.network.refused = {"bgp_asn_misconfig"}
    [one] = await world.runner().run([case()])
    assert one.reason == "bgp_asn_misconfig at node/core1 cannot be injected: no bgp_asn_misconfig here"


async def test_what_recovered_is_healed_before_the_alert(world: World) -> None:
    world.mesh.report = WELL
    [one] = await world.runner().run([case(recovered=True, expect={"verdict": "false_positive"})])
    assert is_right(one)
    assert one.family == "recovered"
    assert world.network.history == ["inject bgp_asn_misconfig", "heal", "heal"]


async def test_noise_comes_first_and_is_taken_back_too(world: World) -> None:
    world.mesh.report = WELL
    noise = {"body": {**BODY, "alerts": [{"labels": {"alertname": "DiskFull"}}]}}
    await world.runner().run([healthy(noise=[noise])])
    names = [body["alerts"][0]["labels"]["alertname"] for body in world.mesh.posted]
    assert names == ["DiskFull", "BgpSessionDown"] * 2


async def test_no_incident_in_time_is_a_miss_and_not_left_out(world: World) -> None:
    world.mesh.deaf = True
    [one] = await world.runner().run([case()])
    assert (one.status, one.seconds) == ("judged", None)
    assert "opened no incident within 0.05 s" in one.reason
    assert score([one]).total.recall == 0


async def test_an_incident_that_cannot_be_read_yet_is_waited_for(world: World) -> None:
    world.mesh.behind = 3
    [one] = await world.runner().run([case()])
    assert is_right(one)
    world.mesh.behind = 1000
    [other] = await world.runner().run([case()])
    assert (other.status, other.reason) == ("judged", "nowhere to be read after 0.2 s")


async def test_an_alert_that_joins_an_older_incident_is_not_judged_by_it(world: World) -> None:
    world.mesh.joins = True
    first, second = await world.runner(2).run([case(name="first"), case(name="second")])
    assert is_right(first)
    assert "joined the incident i1 of an earlier case" in second.reason
    assert second.reports == []


async def test_an_incident_without_end_is_called_off_and_costs_the_mesh(world: World) -> None:
    world.mesh.ends = False
    world.mesh.report = {}
    results = await world.runner(2).run([case(name="first"), case(name="second")])
    assert [one.reason for one in results] == ["investigating after 0.2 s"] * 2
    assert world.mesh.cancelled.count("incident-i1") == 2
    assert world.started == 2


async def test_a_network_that_does_not_come_to_rest_is_made_anew(world: World) -> None:
    world.network.unsettled = "no session r1 to r2"
    await world.runner(2).run([case(name="first"), case(name="second")])
    assert world.started == 2


async def test_cases_of_one_network_share_it(world: World) -> None:
    await world.runner(3).run([case(name="a"), healthy("b"), case(name="c")])
    assert world.started == 1


async def test_a_network_that_fails_once_is_tried_again(world: World) -> None:
    world.fails = 1
    [one] = await world.runner().run([case()])
    assert is_right(one)


async def test_one_that_never_starts_costs_its_own_cases_alone(world: World) -> None:
    world.fails = 2
    first, second = await world.runner(2).run([case(name="a"), case(name="b", topology="pair")])
    assert (first.status, first.reason) == ("invalid", "its network did not start: the cable was too short")
    assert is_right(second)


async def test_a_ground_that_is_not_to_be_had_skips_its_cases_with_the_reason(world: World) -> None:
    world.why_not = "real routers need root"
    [one] = await world.runner().run([case()])
    assert (one.status, one.reason, world.started) == ("skipped", "real routers need root", 0)


async def test_a_vote_that_is_refused_is_told(world: World) -> None:
    world.mesh.approval = True
    world.people = ("eve", "omar")
    [one] = await world.runner(patience=QUICK).run([case()])
    assert "eve: eve may not vote" in one.reason


async def test_a_crash_is_a_result(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def crash(*_: Any) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(world.network, "heal", crash)
    [one] = await world.runner().run([case()])
    assert is_right(one)
    monkeypatch.setattr(world.network, "inject", crash)
    [other] = await world.runner().run([case()])
    assert (other.status, other.reason) == ("invalid", "a defect")


async def test_an_address_that_the_network_does_not_have_makes_no_alert(world: World) -> None:
    body = {"status": "firing", "alerts": [{"labels": {"peer": "{address:r1/e0}"}}]}
    [one] = await world.runner().run([case(alert={"body": body})])
    assert one.reason == "the network has no address on r1/e0, which the alert names"


def test_cases_are_grouped_by_network_and_options() -> None:
    cases = [
        case(name="a", topology="clos"),
        case(name="b", topology="clos", options={"leaves": 2}),
        case(name="c", topology="clos", options={"leaves": 4}),
        case(name="d", topology="clos", seed=1),
        case(name="e", topology="demo"),
        case(name="f", topology="clos"),
    ]
    assert [[c.name for c in group] for group in grouped(cases)] == [["a", "c", "f"], ["b"], ["d"], ["e"]]
