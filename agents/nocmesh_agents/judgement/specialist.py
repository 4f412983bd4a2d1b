"""The moves of every specialist: look at everybody concerned side by side, judge, look deeper or once more when unsure.

Longer investigations score worse: two rounds of looking are the rule, and a short wait only where something is wrong
and nothing explains it, since a session may just be on its way up.
"""

from collections.abc import Sequence

import msgspec

from nocmesh.agent.reasoner import Act, Case, Finish, Move
from nocmesh.diagnosis.facts import Facts
from nocmesh.diagnosis.find import named_in
from nocmesh.diagnosis.scope import next_look
from nocmesh.diagnosis.signs import Scene, signs_of
from nocmesh.messages.report import Diagnosis
from nocmesh.messages.session import Observation
from nocmesh_agents.dossier import alert_of, calls, devices_of
from nocmesh_agents.judgement.judge import judge, recovered
from nocmesh_agents.looking import baselines, commands_of, deeper_calls, look_calls, states, unplumbed
from nocmesh_agents.verify import verify

SETTLE_SECONDS = 5.0
"""A session that only lost its turn is back within this: FRR and IOS retry a connect within seconds."""

COUNTED = frozenset({"link_flap", "interface_errors"})
"""Faults that counters tell of: whether it is over, only a second look shows."""


def decide(case: Case, seen: Sequence[Observation]) -> Move:
    """The next move: pure in ``case`` and ``seen``. Task type `verify` proves a change, any other is a diagnosis."""
    if case.task.task_type == "verify":
        return verify(case, seen, judge)
    looks = looks_of(seen)
    scene = scene_of(case, looks[-1], seen)
    further = next_look(scene, suspects_of(case))
    if further:
        return _look(case, seen, further)
    diagnosis = judge(scene, seen)
    deeper = _deeper(scene, diagnosis, suspects_of(case), seen)
    if deeper:
        thought = f"The protocols' own settings explain nothing; what lies deeper in {', '.join(deeper)}."
        return Act(thought=thought, calls=deeper_calls(case, seen, deeper))
    if len(looks) == 1 and time_tells(scene, diagnosis):
        wait = calls(case, len(seen), "wait", [{"seconds": SETTLE_SECONDS}])
        return Act(thought="Something is wrong and nothing explains it yet; some seconds will tell more.", calls=wait)
    return _finish(case, diagnosis, looks, seen)


def looks_of(seen: Sequence[Observation]) -> list[list[Observation]]:
    """``seen``, cut where a wait was: each part is one look at the network."""
    looks: list[list[Observation]] = [[]]
    for observation in seen:
        if observation.tool == "wait":
            looks.append([])
        else:
            looks[-1].append(observation)
    return looks


def scene_of(case: Case, look: Sequence[Observation], seen: Sequence[Observation]) -> Scene:
    """What one look shows beside the baselines that were read at any time, with what the alert asks for."""
    named = named_in(alert_of(case), case.network)
    facts = Facts.gather(case.network, [*baselines(seen), *states(look)])
    return Scene(facts, named.missed, named.words, _earlier(case, look, seen))


def _earlier(case: Case, look: Sequence[Observation], seen: Sequence[Observation]) -> Facts | None:
    present = {id(observation) for observation in look}
    before = [observation for observation in states(seen) if id(observation) not in present]
    return Facts.gather(case.network, before) if before and look else None


def time_tells(scene: Scene, diagnosis: Diagnosis) -> bool:
    """Whether looking again in some seconds may say more: nothing explains what is wrong, or a counter has risen."""
    leads = {lead.resource for lead in diagnosis.unproven if lead.fault_type in COUNTED}
    if leads and all(cause.resource in leads for cause in diagnosis.root_causes):
        return True
    return diagnosis.verdict == "uncertain" and bool(signs_of(scene))


def suspects_of(case: Case) -> list[str]:
    """The devices that the case is about: those that triage found, then those that the alert names."""
    named = named_in(alert_of(case), case.network).devices
    return list(dict.fromkeys([*devices_of(case), *named]))


def _look(case: Case, seen: Sequence[Observation], devices: Sequence[str]) -> Act:
    first = "Is it still there, who else has it, which layer is the lowest that is broken?"
    thought = f"{first if not seen else 'What was seen leads further.'} Looking at {', '.join(devices)}."
    return Act(thought=thought, calls=look_calls(case, seen, devices))


def _deeper(scene: Scene, diagnosis: Diagnosis, suspects: Sequence[str], seen: Sequence[Observation]) -> list[str]:
    """Devices with a sign that no cause explains yet, else the suspects, that were not looked into deeper."""
    if diagnosis.root_causes:
        return []
    involved = [device for sign in signs_of(scene) for device in sign.devices]
    return unplumbed(scene.facts, seen, involved or [*suspects, *scene.facts.sights])


def _finish(
    case: Case, diagnosis: Diagnosis, looks: Sequence[Sequence[Observation]], seen: Sequence[Observation]
) -> Finish:
    if len(looks) > 1 and diagnosis.verdict == "false_positive":
        before, after = (signs_of(scene_of(case, look, seen)) for look in (looks[0], looks[-1]))
        how = f"gone when looked at again {SETTLE_SECONDS:.0f} seconds later"
        diagnosis = msgspec.structs.replace(diagnosis, recovered=recovered(before, after, how))
    result = {**diagnosis.to_dict(), "device_commands": commands_of(seen)}
    return Finish(thought=diagnosis.summary, result=result)
