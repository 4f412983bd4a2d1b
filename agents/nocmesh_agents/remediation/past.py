"""As it was: the remedy for every fault that is lines which moved since all was well; only those lines go back."""

import re
from ipaddress import ip_interface

from nocmesh.diagnosis.facts import Sight
from nocmesh.diagnosis.peer import subject_of
from nocmesh.diagnosis.signs import Scene
from nocmesh.diagnosis.vocabulary import fault_types
from nocmesh.messages.report import RootCause
from nocmesh.messages.state import ConfigLine
from nocmesh_agents.remediation.concerns import INTERFACE, Concern, concern_of, patients, wanted_of
from nocmesh_agents.remediation.edits import Edit, Fix, Refusal, afterwards
from nocmesh_agents.remediation.proofs import configured, effects
from nocmesh_agents.remediation.restoring import Restoration, restored
from nocmesh_agents.remediation.risk import is_routing

Answer = Fix | Refusal

_ASKS_BACK = {("cisco_iosxe", "do clear ip ospf process")}
"""IOS wants a yes before it does this, and a change answers no questions."""
_NEVER = re.compile(
    r"^(?:no )?(?:username|enable|aaa|password|privilege|line|banner|alias|hostname|snmp-server|agentx|tacacs|radius"
    r"|crypto|login|service|logging|log|monitor|boot|license|event|kron|ip (?:ssh|http|domain)|frr|version)\b"
)
"""Who may log in, what is written down, what the device is: no change writes these, whoever moved them."""
_REACHES = re.compile(r"^(?:no )?(?:ip address|shutdown|switchport|channel-group)\b")
"""Lines of an interface that decide whether it can be reached."""
_MOST_SAID = 4


def as_it_was(scene: Scene, cause: RootCause) -> list[Answer]:
    """What ``cause`` is about goes back to what it was; nothing, where nobody knows what it was, or nothing moved."""
    concern = concern_of(cause.fault_type)
    answers: list[Answer] = []
    for device in patients([cause]) if concern else ():
        sight = scene.facts.sight(device)
        if concern and sight is not None and sight.moves is not None:
            answers += _answers(scene, cause, sight, concern)
    return answers


def _answers(scene: Scene, cause: RootCause, sight: Sight, concern: Concern) -> list[Answer]:
    wanted = wanted_of(scene, sight, cause, concern)
    moved = [*sight.moves.gone, *sight.moves.new] if sight.moves else []
    never = [line.text for line in moved if wanted(line) and _NEVER.match(line.section or line.text)]
    refusals: list[Answer] = [
        Refusal(f"{sight.name}: '{text}' moved too; no change of the mesh writes that, a person must.")
        for text in dict.fromkeys(never)
    ]
    found = restored(
        sight.config_before,
        sight.config or [],
        lambda line: wanted(line) and not _NEVER.match(line.section or line.text),
    )
    return refusals + (fixes_of(scene, cause, sight, found, "again") if found.edits else [])


def fixes_of(scene: Scene, cause: RootCause, sight: Sight, found: Restoration, how: str) -> list[Answer]:
    """``found`` as fixes of the device, one for each thing that proves them; or why a person must do it.

    ``how`` ends the sentence that says what the device gets.
    """
    concern = concern_of(cause.fault_type)
    if concern is None:
        return []
    obstacle = _obstacle(sight, concern, found)
    if obstacle:
        return [Refusal(f"{sight.name}: {_said(found, how)}, but {obstacle}; a person must do it.")]
    edits = _with_afterwards(concern, found)
    proved = effects(scene, cause, sight, found) or [((), "")]
    return [
        Fix(
            device=sight.name,
            edits=edits,
            summary=f"{sight.name}: {_said(found, how)}.",
            routing=_routing(cause, found),
            checks=checks or configured(found),
            configured=configured(found),
            far=far,
        )
        for checks, far in proved
    ]


def _obstacle(sight: Sight, concern: Concern, found: Restoration) -> str:
    if (sight.device.platform, concern.after) in _ASKS_BACK:
        return f"it takes effect by '{concern.after.removeprefix('do ')}', which asks back there"
    ours = next((line for line in [*found.back, *found.away] if _carries_us(sight, line)), None)
    return f"'{ours.text}' stands on the interface that we reach it by" if ours else ""


def _carries_us(sight: Sight, line: ConfigLine) -> bool:
    """The line is about reaching the interface whose address we speak to."""
    if not line.section.startswith(INTERFACE) or not _REACHES.match(line.text):
        return False
    name = line.section.removeprefix(INTERFACE)
    held = [a for i in sight.interfaces or [] if i.name == name for a in i.addresses]
    return any(str(ip_interface(address).ip) == sight.device.address for address in held)


def _with_afterwards(concern: Concern, found: Restoration) -> tuple[Edit, ...]:
    before: list[Edit] = []
    after: list[Edit] = []
    for command in _commands(concern, found):
        first, last = afterwards(command)
        before.append(first)
        after.append(last)
    return (*before, *found.edits, *after)


def _commands(concern: Concern, found: Restoration) -> list[str]:
    if "{neighbor}" not in concern.after:
        return [concern.after] if concern.after else []
    stay = {subject_of(line.text) for line in found.back if " remote-as " in line.text}
    leave = {subject_of(line.text) for line in found.away if " remote-as " in line.text} - stay
    names = dict.fromkeys(subject_of(line.text) for line in [*found.back, *found.away])
    return [concern.after.format(neighbor=name) for name in names if name and name not in leave]


def _routing(cause: RootCause, found: Restoration) -> bool:
    """Whether it changes routing or a filter; a drift may be of anything."""
    known = fault_types().get(cause.fault_type)
    if known is not None and known.family == "drift":
        return any(is_routing(line) for line in [*found.back, *found.away])
    return known is None or known.family not in ("link", "spanning_tree", "layer2")


def _said(found: Restoration, how: str) -> str:
    """Section by section, the lines that it gets and those that go."""
    sections = dict.fromkeys(line.section for line in [*found.back, *found.away])
    said = [_said_of(section, found, how) for section in sections]
    return "; ".join(said[:_MOST_SAID]) + (f"; and {len(said) - _MOST_SAID} sections more" if said[_MOST_SAID:] else "")


def _said_of(section: str, found: Restoration, how: str) -> str:
    gets, loses = ([x.text for x in lines if x.section == section] for lines in (found.back, found.away))
    words = [f"{_listed(gets)} {how}"] if gets else []
    words += [f"no more {_listed(loses)}"] if loses else []
    return f"{section or 'at the top'} has {', '.join(words)}"


def _listed(texts: list[str]) -> str:
    more = f" and {len(texts) - _MOST_SAID} lines more" if texts[_MOST_SAID:] else ""
    return ", ".join(f"'{text}'" for text in texts[:_MOST_SAID]) + more
