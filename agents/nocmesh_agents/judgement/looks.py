"""What triage and the specialists share: what was seen so far, put in order, and whether time will tell more."""

from collections.abc import Sequence

from nocmesh.agent.reasoner import Act, Case
from nocmesh.diagnosis.facts import Facts
from nocmesh.diagnosis.find import named_in
from nocmesh.diagnosis.hints import about_counters
from nocmesh.diagnosis.probeplan import Wish
from nocmesh.diagnosis.probes import TOOL, probes_of
from nocmesh.diagnosis.reach import journeys
from nocmesh.diagnosis.scope import Wanted, again
from nocmesh.diagnosis.signs import Scene, signs_of
from nocmesh.messages.report import Diagnosis
from nocmesh.messages.session import Observation
from nocmesh_agents.dossier import alert_of, calls
from nocmesh_agents.looking import baselines, states, view_calls

SETTLE_SECONDS = 5.0
"""A session that only lost its turn is back within this: FRR and IOS retry a connect within seconds."""
MOST_DEEPER = 16
"""Devices that one round goes deeper into."""

COUNTED = frozenset({"link_flap", "interface_errors"})
"""Faults that counters tell of: whether it is over, only a second look shows."""


def scene_of(case: Case, seen: Sequence[Observation]) -> Scene:
    """Everything that was seen, newest first, beside the baselines, with what the alert asks for.

    What was seen before the last wait is its earlier look; what was probed before it may be over, and is probed anew.
    """
    named = named_in(alert_of(case), case.network)
    facts = Facts.gather(case.network, [*baselines(seen), *states(seen)])
    before = states(seen[: _last_wait(seen)])
    earlier = Facts.gather(case.network, before) if before and not just_waited(seen) else None
    ways = journeys(alert_of(case), case.network, named.words)
    return Scene(facts, named.missed, named.words, earlier, ways, probes_of(seen[_last_wait(seen) :]))


def waited(seen: Sequence[Observation]) -> bool:
    """Whether time was given already."""
    return any(observation.tool == "wait" for observation in seen)


def just_waited(seen: Sequence[Observation]) -> bool:
    """Whether nothing was looked at since."""
    return bool(seen) and seen[-1].tool == "wait"


def before_waiting(seen: Sequence[Observation]) -> Sequence[Observation]:
    """What was seen before the last wait; nothing where there was none."""
    return seen[: _last_wait(seen)]


def _last_wait(seen: Sequence[Observation]) -> int:
    return next((place for place in range(len(seen) - 1, -1, -1) if seen[place].tool == "wait"), 0)


def time_tells(scene: Scene, diagnosis: Diagnosis) -> bool:
    """Whether looking again in some seconds may say more: nothing explains what is wrong, or a counter has risen."""
    leads = {lead.resource for lead in diagnosis.unproven if lead.fault_type in COUNTED}
    if leads and all(cause.resource in leads for cause in diagnosis.root_causes):
        return True
    return diagnosis.verdict == "uncertain" and bool(signs_of(scene))


def stirred(scene: Scene, diagnosis: Diagnosis, suspects: Sequence[str] = ()) -> Wanted:
    """What to ask again after a wait: everything that was asked of whoever shows a sign, or a lead is about.

    Of ``suspects`` the interfaces, where the alert is about what these count.
    """
    leads = {evidence.device for lead in diagnosis.unproven for evidence in lead.evidence}
    involved = [device for sign in signs_of(scene) for device in sign.devices]
    counted: Wanted = {name: ["interfaces"] for name in suspects} if about_counters(scene.words) else {}
    return {**counted, **again(scene, dict.fromkeys([*involved, *sorted(leads)]))}


def ask(case: Case, seen: Sequence[Observation], wanted: Wanted, thought: str) -> Act:
    """The move that asks ``wanted``; ``thought`` says why, and the devices are told."""
    return Act(thought=f"{thought} {', '.join(wanted)}.", calls=view_calls(case, seen, wanted))


def probe(case: Case, seen: Sequence[Observation], wishes: Sequence[Wish]) -> Act:
    """The move that sends probes."""
    arguments = [
        {"device": wish.device, "target": wish.target, "count": wish.count, "counters": wish.counters}
        for wish in wishes
    ]
    said = ", ".join(f"{wish.device} to {wish.target}" for wish in wishes)
    return Act(thought=f"Do packets get there? Probing: {said}.", calls=calls(case, len(seen), TOOL, arguments))


def give_time(case: Case, seen: Sequence[Observation], thought: str) -> Act:
    """The move that waits."""
    return Act(thought=thought, calls=calls(case, len(seen), "wait", [{"seconds": SETTLE_SECONDS}]))
