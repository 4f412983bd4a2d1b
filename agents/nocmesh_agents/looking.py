"""Looking at devices: what is asked of each, and what it was like before."""

from collections.abc import Iterable, Mapping, Sequence

from nocmesh.agent.reasoner import Case
from nocmesh.diagnosis.facts import Facts
from nocmesh.diagnosis.scope import deeper_views, views_of
from nocmesh.messages.session import Observation, ToolCall
from nocmesh.messages.state import View
from nocmesh.network import Device
from nocmesh_agents.dossier import calls

MOST_DEEPER = 16
"""Devices that a second look goes deeper into."""


def look_calls(
    case: Case,
    seen: Sequence[Observation],
    devices: Iterable[str],
    also: Mapping[str, Sequence[View]] | None = None,
) -> list[ToolCall]:
    """A look at ``devices``, and what each was like when it was well: that costs it nothing, and is asked once.

    ``also``: by device, the views that are asked for besides.
    """
    known = known_of(case, devices)
    more = also or {}
    wanted = {d.name: list(dict.fromkeys([*views_of(d), *more.get(d.name, ())])) for d in known}
    asked = calls(case, len(seen), "device_state", [{"device": d.name, "views": wanted[d.name]} for d in known])
    remembered = {str(o.arguments.get("device")) for o in baselines(seen)}
    pasts = [{"device": device.name} for device in known if device.name not in remembered]
    return [*asked, *calls(case, len(seen) + len(asked), "device_baseline", pasts)]


def unplumbed(facts: Facts, seen: Sequence[Observation], devices: Iterable[str]) -> list[str]:
    """Those of ``devices`` that answer and were not looked into deeper yet, since the last wait."""
    waits = [n for n, observation in enumerate(seen) if observation.tool == "wait"]
    look = states(seen[waits[-1] :] if waits else seen)
    asked = {(o.arguments.get("device"), view) for o in look for view in o.arguments.get("views", ())}
    sights = [sight for name in dict.fromkeys(devices) if (sight := facts.sight(name)) and not sight.unreachable]
    return [s.name for s in sights if any((s.name, view) not in asked for view in deeper_views(s.device))][:MOST_DEEPER]


def deeper_calls(case: Case, seen: Sequence[Observation], devices: Iterable[str]) -> list[ToolCall]:
    """A second look, at what a first one leaves out."""
    asked = [{"device": device.name, "views": deeper_views(device)} for device in known_of(case, devices)]
    return calls(case, len(seen), "device_state", asked)


def known_of(case: Case, names: Iterable[str]) -> list[Device]:
    """The devices of the inventory among ``names``, each once."""
    found = [case.network.device(name) for name in dict.fromkeys(names)]
    return [device for device in found if device is not None]


def baselines(seen: Sequence[Observation]) -> list[Observation]:
    """What was read of the devices' past."""
    return [observation for observation in seen if observation.tool == "device_baseline"]


def states(seen: Sequence[Observation]) -> list[Observation]:
    """What was seen of the devices themselves."""
    return [observation for observation in seen if observation.tool == "device_state"]


def commands_of(seen: Sequence[Observation]) -> int:
    """How many commands the devices themselves answered."""
    return sum(o.device_commands for o in seen if o.tool != "device_baseline")
