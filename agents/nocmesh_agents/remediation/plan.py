"""The plan: one change per device for everything that is proven, and words for a person where no change is safe."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from nocmesh.diagnosis import shellmerge
from nocmesh.diagnosis.configlines import rendered
from nocmesh.diagnosis.configtext import affected_diff
from nocmesh.diagnosis.facts import Sight
from nocmesh.diagnosis.peering import Session
from nocmesh.diagnosis.signs import Scene
from nocmesh.diagnosis.vocabulary import fault_types
from nocmesh.ids import short_digest
from nocmesh.messages.change import Change, Check
from nocmesh.messages.report import RootCause
from nocmesh.messages.state import Door
from nocmesh.messages.task import TaskAssignment
from nocmesh.network import Network
from nocmesh.policy.policy import Policy
from nocmesh_agents.dossier import reason_of
from nocmesh_agents.judgement.hands import by_hand
from nocmesh_agents.remediation.concerns import patients
from nocmesh_agents.remediation.edits import Edit, Fix, Refusal, commands_of, rollback_of, unique, unread_secret
from nocmesh_agents.remediation.remedies import REMEDIES, Answer
from nocmesh_agents.remediation.risk import risk_of
from nocmesh_agents.remediation.shell import in_turn, rules_of
from nocmesh_agents.remediation.templates import PLATFORMS


@dataclass(frozen=True)
class Plan:
    """Changes in the order in which they should go, and what is left to a person."""

    changes: tuple[Change, ...]
    words: tuple[str, ...]
    """What a person must do, each said once."""


@dataclass(frozen=True)
class Asking:
    """On whose behalf a plan is made, and by which policy its risk is told."""

    task: TaskAssignment
    network: Network
    policy: Policy
    at: datetime | None = None


@dataclass(frozen=True)
class _Surroundings:
    """What else is wrong, and what the other changes heal."""

    causes: Sequence[RootCause]
    elsewhere: Sequence[Fix]
    partly: Sequence[RootCause]
    """Causes of which a part is for a person: no change heals them whole."""


def plan_of(scene: Scene, causes: Sequence[RootCause], backups: Mapping[str, str], asking: Asking) -> Plan:
    """The plan for ``causes``; ``backups`` says, by device, why its backup is missing (empty: it is there)."""
    fixes: dict[tuple[str, Door], list[tuple[RootCause, Fix]]] = {}
    words: list[str] = []
    partly: list[RootCause] = []
    for cause in causes:
        for answer in _answers(scene, cause, backups):
            if isinstance(answer, Refusal):
                words.append(answer.reason)
                partly.append(cause)
            else:
                fixes.setdefault((answer.device, answer.door), []).append((cause, answer))
    changes = []
    ready, waiting = in_turn(fixes)
    words += [refusal.reason for refusal in waiting]
    for device, door in ready:
        elsewhere = [fix for (other, _), fixed in fixes.items() for _, fix in fixed if other != device]
        around = _Surroundings(causes, elsewhere, partly)
        changes.append(_change(scene, device, fixes[device, door], around, asking))
    return Plan(tuple(changes), tuple(dict.fromkeys(words)))


def _answers(scene: Scene, cause: RootCause, backups: Mapping[str, str]) -> list[Answer]:
    remedies = REMEDIES.get(cause.fault_type)
    if remedies is None:
        return [Refusal(by_hand(cause))]
    devices = patients([cause])
    obstacles = {name: why for name in devices if (why := _obstacle(scene, name, backups.get(name, "")))}
    if len(obstacles) == len(devices):
        return [_unchanged(cause, next(iter(obstacles.values())))]
    answers = next((found for remedy in remedies if (found := remedy(scene, cause))), [])
    answers = [_allowed(scene, cause, answer, obstacles) for answer in answers]
    gone = f"{cause.resource}: nothing of {cause.fault_type} is seen that a change could mend; look again."
    return answers or [Refusal(gone)]


def _allowed(scene: Scene, cause: RootCause, answer: Answer, obstacles: Mapping[str, str]) -> Answer:
    """The answer, unless its device cannot take a change, or it would write a secret that nobody has read there."""
    if isinstance(answer, Refusal):
        return answer
    obstacle = obstacles.get(answer.device) or _obstacle(scene, answer.device, "")
    if obstacle:
        return _unchanged(cause, obstacle)
    secret = unread_secret(scene.facts.sights[answer.device], answer.edits)
    return (
        Refusal(f"{answer.device}: '{secret}' holds a secret that the mesh does not know there.") if secret else answer
    )


def _unchanged(cause: RootCause, obstacle: str) -> Refusal:
    return Refusal(f"{cause.resource}: no change was made for {cause.fault_type}, for {obstacle}.")


def _obstacle(scene: Scene, device: str, backup: str) -> str:
    sight = scene.facts.sight(device)
    if sight is None or sight.unreachable or not sight.understood("config") or not sight.config_sha256:
        return f"the running configuration of {device} could not be read"
    if sight.device.platform not in (*PLATFORMS, "linux"):
        return f"there is no template for {sight.device.platform}; there are: {', '.join(PLATFORMS)}, linux"
    return backup


def _change(
    scene: Scene, device: str, found: Sequence[tuple[RootCause, Fix]], around: _Surroundings, asking: Asking
) -> Change:
    sight = scene.facts.sights[device]
    fixes = unique(fix for _, fix in found)
    edits = unique(edit for fix in fixes for edit in fix.edits)
    door = fixes[0].door
    typed = door == "shell" or sight.device.platform == "linux"
    commands, rollback = _typed(edits) if typed else (commands_of(edits), rollback_of(edits))
    task = asking.task
    change = Change(
        change_id=short_digest(task.task_id, device, *([door] if door == "shell" else [])),
        device=device,
        platform=sight.device.platform,
        door=door,
        commands=commands,
        rollback=rollback,
        verify=_checks(scene, fixes, around),
        reasons=unique(reason_of(cause, partly=cause in around.partly) for cause, _ in found),
        pre_state=sight.shell_sha256 if typed else sight.config_sha256,
        requested_by=task.assigned_to,
        incident_id=task.incident_id,
        summary=" ".join(unique(fix.summary for fix in fixes)),
        diff=_diff_of_shell(sight, commands) if typed else affected_diff(sight.running, commands),
        fault_type=found[0][0].fault_type,
        resource=found[0][0].resource,
    )
    risk, why = risk_of(asking.policy, asking.network, change, asking.at)
    return replace(change, risk=risk, reasons=[*why, *change.reasons])


def _typed(edits: Sequence[Edit]) -> tuple[list[str], list[str]]:
    """Commands of a shell, and what undoes them: the last first."""
    return [line for edit in edits for line in edit.do], [line for edit in reversed(edits) for line in edit.undo]


def _diff_of_shell(sight: Sight, commands: Sequence[str]) -> str:
    running = "\n".join(rendered(sight.shell_config or []))
    return shellmerge.affected_diff(running, commands, rules_of(sight))


def _checks(scene: Scene, fixes: Sequence[Fix], around: _Surroundings) -> list[Check]:
    """The effect itself where this device alone stands in its way; else that the lines are there.

    A change is verified before the next device is touched: it cannot wait for what that one will bring.
    """
    found: list[Check] = []
    for fix in fixes:
        free = [check for check in fix.checks if not _hindered(scene, fix, check, around)]
        found += free if len(free) == len(fix.checks) else [*fix.configured, *free]
    return unique(found)


def _hindered(scene: Scene, fix: Fix, check: Check, around: _Surroundings) -> bool:
    """Something that this device does not heal keeps the check from holding."""
    address = check.arguments.get("neighbor", "")
    far = scene.facts.owner(address) or fix.far
    if not far or check.kind == "bgp_network":
        return False
    if any((other.device, other.far) == (far, fix.device) for other in around.elsewhere):
        return True
    connected = not address or bool(scene.facts.same_subnet(fix.device, address))
    if not connected and any(_lies_below(cause, fix.device) for cause in around.causes):
        return True
    if any(_stays(cause, {far, fix.device}, around, connected=connected) for cause in around.causes):
        return True
    mine = [s for s in scene.down if {s.near.device, s.far_device} == {fix.device, far}]
    return bool(address) and fix.routing and any(_uncarried(scene, session, fix.device) for session in mine)


def _stays(cause: RootCause, ends: set[str], around: _Surroundings, *, connected: bool) -> bool:
    """``cause`` waits for a person, and may be in the way of what the two ``ends`` have with each other."""
    if cause in around.partly and cause.fault_type in REMEDIES:
        return ends <= {evidence.device for evidence in cause.evidence}
    if cause.fault_type in REMEDIES:
        return False
    touched = _touched(cause)
    return touched == ends if connected and len(touched) > 1 else bool(touched & ends)


def _lies_below(cause: RootCause, device: str) -> bool:
    """``cause`` is of a layer below BGP and on another device: it may keep a session between loopbacks down."""
    known = fault_types().get(cause.fault_type)
    return known is not None and known.family not in ("bgp", "drift") and device not in _touched(cause)


def _uncarried(scene: Scene, session: Session, device: str) -> bool:
    """The link below does not carry, for more than the interface that the same change brings up."""
    cable = scene.cable(session)
    own = cable is not None and {end.device for end in cable.shut} == {device}
    return not scene.carried(session) and not own


def _touched(cause: RootCause) -> set[str]:
    """The devices that ``cause`` is on: both ends for a link."""
    return set(patients([cause]))
