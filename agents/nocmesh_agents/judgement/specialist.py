"""The moves of every specialist: look at everybody concerned side by side, judge, look deeper or once more when unsure.

Longer investigations score worse: two rounds of looking are the rule, and a short wait only where something is wrong
and nothing explains it, since a session may just be on its way up.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

import msgspec

from nocmesh.agent.reasoner import Act, Case, Finish, Move
from nocmesh.diagnosis.find import named_in
from nocmesh.diagnosis.probeplan import next_probes
from nocmesh.diagnosis.scope import Wanted, deeper_look, next_look, path_look, wider_look
from nocmesh.diagnosis.signs import Scene, signs_of
from nocmesh.messages.report import Diagnosis, Recovered
from nocmesh.messages.session import Observation
from nocmesh_agents.dossier import alert_of, devices_of, triage_saw
from nocmesh_agents.judgement.judge import judge, recovered
from nocmesh_agents.judgement.looks import (
    MOST_DEEPER,
    SETTLE_SECONDS,
    ask,
    before_waiting,
    give_time,
    just_waited,
    probe,
    scene_of,
    stirred,
    time_tells,
    waited,
)
from nocmesh_agents.judgement.media import flapping
from nocmesh_agents.looking import commands_of
from nocmesh_agents.patience import remembering, watching
from nocmesh_agents.reasons import joined, reason_of
from nocmesh_agents.verify import verify


def decide(case: Case, seen: Sequence[Observation]) -> Move:
    """The next move: pure in ``case`` and ``seen``. Task type `verify` proves a change, any other is a diagnosis."""
    if case.task.task_type == "verify":
        return verify(case, seen, judge)
    scene = scene_of(case, seen)
    if just_waited(seen) and (wanted := stirred(scene, judge(scene, seen))):
        return ask(case, seen, wanted, "Is it still so? Once more")
    diagnosis = judge(scene, seen)
    suspects = suspects_of(case)
    if wanted := next_look(scene, suspects):
        return ask(case, seen, wanted, "Is it still there, who else has it, which layer is the lowest that is broken?")
    move = None if diagnosis.root_causes else _further(case, seen, scene, suspects)
    if move is not None:
        return move
    if not waited(seen) and time_tells(scene, diagnosis):
        return give_time(case, seen, "Something is wrong and nothing explains it yet; some seconds will tell more.")
    return _patient(case, scene, diagnosis, seen) or _finish(case, diagnosis, seen)


def _patient(case: Case, scene: Scene, diagnosis: Diagnosis, seen: Sequence[Observation]) -> Act | None:
    """Before all is called well, or a link down that came and went: what is remembered, and whether it is over."""
    restless = {lead.resource for lead in flapping(replace(scene, earlier=None))}
    downs = [cause for cause in diagnosis.root_causes if cause.fault_type == "link_down"]
    doubtful = bool(downs) and len(downs) == len(diagnosis.root_causes) and {c.resource for c in downs} <= restless
    if diagnosis.verdict != "false_positive" and not doubtful:
        return None
    alert = alert_of(case)
    named = named_in(alert, case.network)
    asking = remembering(case, named, scene, seen, suspects_of(case))
    return asking or watching(case, alert, named, scene, seen)


def suspects_of(case: Case) -> list[str]:
    """The devices that the case is about: those that triage found, then those that the alert names."""
    named = named_in(alert_of(case), case.network).devices
    return list(dict.fromkeys([*devices_of(case), *named]))


def _further(case: Case, seen: Sequence[Observation], scene: Scene, suspects: Sequence[str]) -> Act | None:
    """The next of the moves that cost more, while nothing explains what is wrong; None: all were made."""
    if wanted := path_look(scene):
        return ask(case, seen, wanted, "Where does it go, and how far? On the way:")
    involved = [device for sign in signs_of(scene) for device in sign.devices]
    if wanted := deeper_look(scene, involved or suspects):
        return ask(case, seen, wanted, "The protocols' own settings explain nothing; what lies deeper in")
    if wishes := next_probes(scene, suspects, unexplained=True):
        return probe(case, seen, wishes)
    if wanted := wider_look(scene, suspects):
        return ask(case, seen, wanted, "Nor does that. Who stands beside:")
    if not involved and (wanted := _some(deeper_look(scene, scene.facts.sights))):
        return ask(case, seen, wanted, "And what lies deeper in")
    return None


def _some(wanted: Wanted) -> Wanted:
    return dict(islice(wanted.items(), MOST_DEEPER))


def _finish(case: Case, diagnosis: Diagnosis, seen: Sequence[Observation]) -> Finish:
    if diagnosis.verdict == "false_positive":
        diagnosis = _explained(case, diagnosis, seen)
    result = {**diagnosis.to_dict(), "device_commands": commands_of(seen)}
    return Finish(thought=diagnosis.summary, result=result)


def _explained(case: Case, diagnosis: Diagnosis, seen: Sequence[Observation]) -> Diagnosis:
    """All is well: why the alert came, and what triage or an earlier look of ours still saw."""
    alert = alert_of(case)
    reason = reason_of(alert, named_in(alert, case.network), scene_of(case, seen))
    outage = joined(reason.recovered, _gone(case, seen))
    why = reason.why
    if outage is not None and reason.kind != "recovered":
        why = f"It recovered by itself: {outage.what}; {outage.how_we_know}. {why}"
    summary = " ".join(filter(None, (why, diagnosis.summary)))
    return msgspec.structs.replace(diagnosis, recovered=outage, confidence=reason.confidence, summary=summary)


def _gone(case: Case, seen: Sequence[Observation]) -> Recovered | None:
    """What was wrong when we looked before, or when triage did, and is no more."""
    earlier, until = scene_of(case, before_waiting(seen)), scene_of(case, seen).facts.at
    before = signs_of(earlier) if waited(seen) else []
    gone = recovered(before, [], f"gone when looked at again {SETTLE_SECONDS:.0f} seconds later")
    if gone is not None:
        return msgspec.structs.replace(gone, since=earlier.facts.at, until=until, exact=False)
    told = triage_saw(case)
    how = "triage saw it, and it was gone when looked at again"
    return Recovered(what=told, until=until, how_we_know=how, exact=False) if told else None
