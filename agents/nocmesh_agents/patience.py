"""How long to look on before something that came and went is called over, or called broken. Pure.

A link that was pulled once is over when it is back; one that comes and goes every few seconds is up whenever somebody
looks. What devices remember of it tells the two apart, and for how long to watch.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from nocmesh.agent.reasoner import Act, Case
from nocmesh.diagnosis.find import Named
from nocmesh.diagnosis.recovery import Outage, still_flapping
from nocmesh.diagnosis.scope import again
from nocmesh.diagnosis.signs import Scene
from nocmesh.messages.session import Observation
from nocmesh_agents.dossier import calls
from nocmesh_agents.judgement.looks import ask, just_waited
from nocmesh_agents.looking import memory_of, unremembered
from nocmesh_agents.reasons import BUSY, outage_in

MOST_WAITS, LONGEST_WAIT = 3, 30.0
"""An alert that waits for minutes is no help either."""


def remembering(
    case: Case, named: Named, scene: Scene, seen: Sequence[Observation], devices: Sequence[str]
) -> Act | None:
    """Ask ``devices`` and who stands beside them what they remember; None: they were asked."""
    asked = list(devices) or list(scene.facts.sights)[:2]
    if not asked or not unremembered(seen):
        return None
    wanted = memory_of(case, asked, busy=bool(BUSY & named.words))
    return ask(case, seen, wanted, "What is remembered of it at") if wanted else None


def watching(
    case: Case, alert: Mapping[str, Any], named: Named, scene: Scene, seen: Sequence[Observation]
) -> Act | None:
    """Look on for a while, since it came and went again and again until just now; None: it is over."""
    outage = outage_in(alert, named, scene)
    if outage is None or scene.facts.at is None:
        return None
    if just_waited(seen):
        devices = dict.fromkeys(device for each in outage.gone for device in each.devices)
        return ask(case, seen, again(scene, devices), "Is it over? Once more")
    pause = min(still_flapping(outage, scene.facts.at), LONGEST_WAIT)
    if not pause or sum(observation.tool == "wait" for observation in seen) >= MOST_WAITS:
        return None
    wait = calls(case, len(seen), "wait", [{"seconds": round(max(pause, 1.0), 1)}])
    return Act(thought=f"{outage.subject} went {outage.times} times; watching whether that is over.", calls=wait)


def restless(alert: Mapping[str, Any], named: Named, scene: Scene, seen: Sequence[Observation]) -> Outage | None:
    """What went away, not for the first time, since we look; None: nothing did."""
    outage = outage_in(alert, named, scene)
    began = min((observation.at for observation in seen if observation.at is not None), default=None)
    if outage is None or began is None or outage.times < 2 or outage.went <= began:
        return None
    return outage
