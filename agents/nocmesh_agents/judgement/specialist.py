"""The moves of every specialist: look at everybody concerned side by side, judge, look deeper or once more when unsure.

Longer investigations score worse: two rounds of looking are the rule, and a short wait only where something is wrong
and nothing explains it, since a session may just be on its way up.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

import msgspec

from nocmesh.agent.reasoner import Case, Finish, Move
from nocmesh.diagnosis.find import named_in
from nocmesh.diagnosis.scope import Wanted, deeper_look, next_look, wider_look
from nocmesh.diagnosis.signs import Scene, signs_of
from nocmesh.messages.report import Diagnosis
from nocmesh.messages.session import Observation
from nocmesh_agents.dossier import alert_of, devices_of
from nocmesh_agents.judgement.judge import judge, recovered
from nocmesh_agents.judgement.looks import (
    MOST_DEEPER,
    SETTLE_SECONDS,
    ask,
    before_waiting,
    give_time,
    just_waited,
    scene_of,
    stirred,
    time_tells,
    waited,
)
from nocmesh_agents.looking import commands_of
from nocmesh_agents.verify import verify


def decide(case: Case, seen: Sequence[Observation]) -> Move:
    """The next move: pure in ``case`` and ``seen``. Task type `verify` proves a change, any other is a diagnosis."""
    if case.task.task_type == "verify":
        return verify(case, seen, judge)
    scene = scene_of(case, seen)
    if just_waited(seen) and (wanted := stirred(scene, judge(scene, seen))):
        return ask(case, seen, wanted, "Is it still so? Once more")
    diagnosis = judge(scene, seen)
    for wanted, why in _further(scene, diagnosis, suspects_of(case)):
        if wanted:
            return ask(case, seen, wanted, why)
    if not waited(seen) and time_tells(scene, diagnosis):
        return give_time(case, seen, "Something is wrong and nothing explains it yet; some seconds will tell more.")
    return _finish(case, diagnosis, seen)


def suspects_of(case: Case) -> list[str]:
    """The devices that the case is about: those that triage found, then those that the alert names."""
    named = named_in(alert_of(case), case.network).devices
    return list(dict.fromkeys([*devices_of(case), *named]))


def _further(scene: Scene, diagnosis: Diagnosis, suspects: Sequence[str]) -> Iterator[tuple[Wanted, str]]:
    """Looks that are not taken yet, the next one first, each with why; dear ones only while nothing explains it."""
    yield next_look(scene, suspects), "Is it still there, who else has it, which layer is the lowest that is broken?"
    if diagnosis.root_causes:
        return
    involved = [device for sign in signs_of(scene) for device in sign.devices]
    yield deeper_look(scene, involved or suspects), "The protocols' own settings explain nothing; what lies deeper in"
    yield wider_look(scene, suspects), "Nor does that. Who stands beside:"
    if not involved:
        yield _some(deeper_look(scene, scene.facts.sights)), "And what lies deeper in"


def _some(wanted: Wanted) -> Wanted:
    return dict(islice(wanted.items(), MOST_DEEPER))


def _finish(case: Case, diagnosis: Diagnosis, seen: Sequence[Observation]) -> Finish:
    if waited(seen) and diagnosis.verdict == "false_positive":
        before, after = (signs_of(scene_of(case, part)) for part in (before_waiting(seen), seen))
        how = f"gone when looked at again {SETTLE_SECONDS:.0f} seconds later"
        diagnosis = msgspec.structs.replace(diagnosis, recovered=recovered(before, after, how))
    result = {**diagnosis.to_dict(), "device_commands": commands_of(seen)}
    return Finish(thought=diagnosis.summary, result=result)
