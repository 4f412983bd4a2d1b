"""Looking at devices: what is asked of each, and what it was like before."""

from collections.abc import Iterable, Mapping, Sequence

from nocmesh.agent.reasoner import Case
from nocmesh.diagnosis.scope import Wanted, views_of
from nocmesh.messages.session import Observation, ToolCall
from nocmesh.messages.state import View
from nocmesh.network import Device
from nocmesh_agents.dossier import calls


def view_calls(case: Case, seen: Sequence[Observation], wanted: Wanted) -> list[ToolCall]:
    """What ``wanted`` says, asked; and what each device was like when it was well, once: that costs it nothing."""
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
    return calls(case, len(seen) + after, "device_baseline", pasts)


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
