"""The moves of triage: find who the alert is about, look at them, then at everybody beside them, then decide.

The commonest failure of the field is a false alarm on a healthy network, the next is a fault that was waved through:
so `true_positive` needs a sign, and `false_positive` a full clean sweep. What is well is asked once more, for what it
remembers: a false alarm has a reason too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from nocmesh.agent.reasoner import Act, Case, Finish, Move
from nocmesh.diagnosis.find import Named, named_in
from nocmesh.diagnosis.hints import about_counters
from nocmesh.diagnosis.probeplan import next_probes
from nocmesh.diagnosis.recovery import Outage, words
from nocmesh.diagnosis.resources import device_of
from nocmesh.diagnosis.scope import deeper_look, first_look, last_look, path_look, sweep, wider_look
from nocmesh.diagnosis.signs import Scene, Sign, signs_of, unclear
from nocmesh.diagnosis.vocabulary import fault_type
from nocmesh.messages.report import RootCause
from nocmesh.messages.session import Observation
from nocmesh_agents.dossier import alert_of
from nocmesh_agents.judgement.judge import judge
from nocmesh_agents.judgement.looks import (
    MOST_DEEPER,
    ask,
    give_time,
    just_waited,
    probe,
    scene_of,
    stirred,
    time_tells,
    waited,
)
from nocmesh_agents.looking import commands_of
from nocmesh_agents.patience import remembering, restless, watching
from nocmesh_agents.reasons import reason_of, sweep_of
from nocmesh_agents.triage.topics import OF_FAMILY, SPECIALISTS, unjudged

SEVERITIES = ("critical", "major", "minor", "warning", "info")


def decide(case: Case, seen: Sequence[Observation]) -> Move:
    """The next move; pure in ``case`` and ``seen``."""
    alert = alert_of(case)
    named = named_in(alert, case.network)
    if not case.network.devices:
        return _escalated(alert, _nowhere(case, named), [], seen)
    scene = scene_of(case, seen)
    named = _seen_too(named, scene)
    diagnosis = judge(scene, seen)
    if just_waited(seen) and (wanted := stirred(scene, diagnosis, named.devices)):
        return ask(case, seen, wanted, "Is it still so? Once more")
    signs = signs_of(scene)
    if named.devices and (wanted := first_look(scene, named.devices)):
        return ask(case, seen, wanted, "The alert names")
    if signs:
        return _real(alert, named, scene, signs, seen)
    if diagnosis.root_causes:
        return _caused(alert, named, diagnosis.root_causes, seen)
    move = _further(case, seen, scene, named.devices)
    if move is not None:
        return move
    if not waited(seen) and (time_tells(scene, diagnosis) or (named.devices and about_counters(scene.words))):
        return give_time(case, seen, "It may come and go: some seconds will tell.")
    nowhere = _nowhere(case, named)
    if nowhere and (named.unknown or len(scene.facts.sights) < len(case.network.devices)):
        return _escalated(alert, nowhere, [], seen, swept=list(scene.facts.sights))
    return _well(case, alert, named, scene, seen)


def _well(case: Case, alert: Mapping[str, Any], named: Named, scene: Scene, seen: Sequence[Observation]) -> Move:
    """All is well: why did the alert come? What comes and goes again and again is watched for a while before."""
    asking = remembering(case, named, scene, seen, named.devices)
    if asking:
        return asking
    if not just_waited(seen) and (broken := restless(alert, named, scene, seen)):
        return _restless(alert, named, broken, seen)
    return watching(case, alert, named, scene, seen) or _clean(alert, named, scene, seen)


def _restless(alert: Mapping[str, Any], named: Named, outage: Outage, seen: Sequence[Observation]) -> Finish:
    """It is up whenever somebody looks, and goes down in between."""
    devices = list(dict.fromkeys([*named.devices, *(device for each in outage.gone for device in each.devices)]))
    result = {
        "verdict": "true_positive",
        "confidence": 0.9,
        "severity": _severity(alert, ()),
        "specialist": "layer2",
        "devices": devices,
        "hint": "",
        "why": f"{outage.subject} keeps coming and going: {'; '.join(words(outage)[:3])}.",
        "escalate": False,
        "swept": [],
    }
    return _finish(result, seen)


def _further(case: Case, seen: Sequence[Observation], scene: Scene, suspects: Sequence[str]) -> Act | None:
    """The next look, or probe, before anything is called healthy; None: all of it was looked at."""
    if wanted := path_look(scene):
        return ask(case, seen, wanted, "Where does it go, and how far? On the way:")
    if wishes := next_probes(scene, suspects, unexplained=False):
        return probe(case, seen, wishes)
    if wanted := deeper_look(scene, suspects):
        return ask(case, seen, wanted, "Nothing wrong there; what lies deeper in")
    if wanted := wider_look(scene, suspects) if suspects else sweep(scene):
        return ask(case, seen, wanted, "Before it is called healthy, everybody beside it:")
    deeper = last_look(scene, suspects or list(scene.facts.sights))
    return ask(case, seen, dict(islice(deeper.items(), MOST_DEEPER)), "And what lies deeper in") if deeper else None


def _seen_too(named: Named, scene: Scene) -> Named:
    """``named`` with the devices that were seen to have the hardware addresses that it speaks of."""
    macs = set(named.macs)
    owners = [s.name for s in scene.facts.reachable if any(i.mac.lower() in macs for i in s.interfaces or [])]
    return replace(named, devices=tuple(dict.fromkeys([*named.devices, *owners]))) if macs else named


def _nowhere(case: Case, named: Named) -> str:
    """Why nobody knows where to look, so that a sweep that finds nothing proves nothing; empty when somebody does."""
    known = [device.name for device in case.network.devices]
    listed = f"the inventory knows {len(known)} devices: {', '.join(sorted(known)[:20]) or 'none'}"
    if named.devices:
        return ""
    if named.unknown:
        looked = ", ".join(repr(name) for name in named.unknown[:5])
        return f"The alert names {looked}, which is no name, alias or address of the inventory; {listed}."
    return f"Looked for a device's name, interface, address or prefix in the alert and found none; {listed}."


def _real(
    alert: Mapping[str, Any], named: Named, scene: Scene, signs: Sequence[Sign], seen: Sequence[Observation]
) -> Finish:
    lowest = signs[0]
    suspects = set(named.devices)
    direct = any(suspects & set(sign.devices) for sign in signs) or not suspects
    devices = list(dict.fromkeys([*named.devices, *(device for sign in signs for device in sign.devices)]))
    result = {
        "verdict": "true_positive",
        "confidence": 0.97 if direct else 0.8,
        "severity": _severity(alert, signs),
        "specialist": SPECIALISTS[lowest.kind],
        "devices": devices,
        "hint": "device_unreachable" if lowest.kind == "device" else "",
        "why": "; ".join(sign.what for sign in signs[:5]) + ".",
        "escalate": False,
        "swept": list(scene.facts.sights),
    }
    return _finish(result, seen)


def _caused(alert: Mapping[str, Any], named: Named, causes: Sequence[RootCause], seen: Sequence[Observation]) -> Finish:
    """No sign that anybody would notice, and yet something is provably wrong."""
    devices = [device_of(cause.resource) for cause in causes]
    result = {
        "verdict": "true_positive",
        "confidence": max(cause.confidence for cause in causes),
        "severity": _severity(alert, ()),
        "specialist": OF_FAMILY[fault_type(causes[0].fault_type).family],
        "devices": list(dict.fromkeys([*named.devices, *devices])),
        "hint": "",
        "why": " ".join(cause.summary for cause in causes[:3]),
        "escalate": False,
        "swept": [],
    }
    return _finish(result, seen)


def _clean(alert: Mapping[str, Any], named: Named, scene: Scene, seen: Sequence[Observation]) -> Finish:
    blind = unclear(scene, scene.facts.sights)
    if blind:
        why = f"No sign of trouble, but the sweep was not full: {'; '.join(blind[:5])}."
        return _escalated(alert, why, list(named.devices), seen, specialist="bgp", swept=list(scene.facts.sights))
    topic = unjudged(named.words, scene.facts.reachable)
    if topic:
        why = f"Links and BGP are well, which says nothing about {topic}; no specialist here judges that."
        return _escalated(alert, why, list(named.devices), seen, swept=list(scene.facts.sights))
    reason = reason_of(alert, named, scene)
    result = {
        "verdict": "false_positive",
        "confidence": reason.confidence,
        "severity": "info",
        "specialist": "",
        "devices": list(named.devices) or list(scene.facts.sights),
        "hint": "",
        "why": " ".join(filter(None, (reason.why, _swept(alert, scene)))),
        "reason": reason.kind,
        "recovered": reason.recovered.to_dict() if reason.recovered else None,
        "escalate": False,
        "swept": list(scene.facts.sights),
    }
    return _finish(result, seen)


def _swept(alert: Mapping[str, Any], scene: Scene) -> str:
    resolved = "The source itself says that it is over. " if alert.get("status") == "resolved" else ""
    return f"{resolved}{sweep_of(scene)}"


def _escalated(
    alert: Mapping[str, Any],
    why: str,
    devices: list[str],
    seen: Sequence[Observation],
    *,
    specialist: str = "",
    swept: Sequence[str] = (),
) -> Finish:
    result = {
        "verdict": "uncertain",
        "confidence": 0.5,
        "severity": _severity(alert, ()),
        "specialist": specialist,
        "devices": devices,
        "hint": "",
        "why": why,
        "escalate": not specialist,
        "swept": list(swept),
    }
    return _finish(result, seen)


def _severity(alert: Mapping[str, Any], signs: Sequence[Sign]) -> str:
    """The alert's own, or worse where what is seen is worse: a device that is gone is critical."""
    said = alert.get("severity")
    shown = {"device": "critical", "link": "major", "ospf": "major", "isis": "major", "session": "major"}
    every = [said if said in SEVERITIES else "warning", *(shown.get(sign.kind, "minor") for sign in signs)]
    return min(map(str, every), key=SEVERITIES.index)


def _finish(result: dict[str, Any], seen: Sequence[Observation]) -> Finish:
    return Finish(
        thought=f"{result['verdict']}: {result['why']}",
        result={**result, "device_commands": commands_of(seen)},
    )
