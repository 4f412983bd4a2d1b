"""Looking at devices: what is asked of each, and what it was like before."""

from collections.abc import Iterable, Mapping, Sequence

from nocmesh.agent.reasoner import Case
from nocmesh.diagnosis.scope import Wanted, beside, views_of
from nocmesh.messages.session import Observation, ToolCall
from nocmesh.messages.state import View
from nocmesh.network import Device
from nocmesh_agents.dossier import calls

MOST_ASKED = 6
"""Devices that are asked what they remember: those that the alert is about, and who stands beside them."""
PAST = frozenset({"device_baseline", "device_history"})
"""Tools that read what is known of a device, and ask it nothing."""


def view_calls(case: Case, seen: Sequence[Observation], wanted: Wanted) -> list[ToolCall]:
    """What ``wanted`` says, asked; once, what each device was like when it was well and became since: that is free."""
    known = known_of(case, wanted)
    asked = [{"device": device.name, "views": list(wanted[device.name])} for device in known]
    return [*calls(case, len(seen), "device_state", asked), *_pasts(case, seen, known, after=len(asked))]


def look_calls(
    case: Case,
    seen: Sequence[Observation],
    devices: Iterable[str],
    also: Mapping[str, Sequence[View]] | None = None,
) -> list[ToolCall]:
    """A first look at ``devices``, and their pasts, asked once.

    ``also``: by device, the views that are asked for besides.
    """
    known, more = known_of(case, devices), also or {}
    wanted = {d.name: list(dict.fromkeys([*views_of(d), *more.get(d.name, ())])) for d in known}
    return view_calls(case, seen, wanted)


def _pasts(case: Case, seen: Sequence[Observation], known: Sequence[Device], *, after: int) -> list[ToolCall]:
    remembered = {str(o.arguments.get("device")) for o in baselines(seen)}
    pasts = [{"device": device.name} for device in known if device.name not in remembered]
    asked = calls(case, len(seen) + after, "device_baseline", pasts)
    return [*asked, *calls(case, len(seen) + after + len(asked), "device_history", pasts)]


def unremembered(seen: Sequence[Observation]) -> bool:
    """Whether nobody was asked for its log yet."""
    return not any("log" in observation.arguments.get("views", ()) for observation in states(seen))


def memory_of(case: Case, devices: Sequence[str], *, busy: bool) -> Wanted:
    """What ``devices`` and who stands beside them remember: the last lines of their logs; ``busy``: what runs, too."""
    near = [far for name in devices for far in beside(case.network, name)]
    asked = [device.name for device in known_of(case, [*devices, *near])][:MOST_ASKED]
    alone: list[View] = ["log"]
    both: list[View] = ["log", "processes"]
    return {name: both if busy and name in devices else alone for name in asked}


def known_of(case: Case, names: Iterable[str]) -> list[Device]:
    """The devices of the inventory among ``names``, each once."""
    found = [case.network.device(name) for name in dict.fromkeys(names)]
    return [device for device in found if device is not None]


def baselines(seen: Sequence[Observation]) -> list[Observation]:
    """What was read of the devices' past: when they were well, and what they became since."""
    return [observation for observation in seen if observation.tool in PAST]


def states(seen: Sequence[Observation]) -> list[Observation]:
    """What was seen of the devices themselves."""
    return [observation for observation in seen if observation.tool == "device_state"]


def commands_of(seen: Sequence[Observation]) -> int:
    """How many commands the devices themselves answered."""
    return sum(o.device_commands for o in seen if o.tool not in PAST)
