"""The moves of remediation: read the devices and back them up, then write the plan. It changes nothing itself."""

from collections.abc import Mapping, Sequence

from nocmesh.agent.reasoner import Act, Case, Finish, Move
from nocmesh.diagnosis.facts import Facts
from nocmesh.diagnosis.find import named_in
from nocmesh.diagnosis.scope import MOST_DEVICES, beside, deeper_views
from nocmesh.diagnosis.signs import Scene
from nocmesh.messages.report import Diagnosis
from nocmesh.messages.session import Observation
from nocmesh.policy.policy import Policy, built_in
from nocmesh_agents.dossier import alert_of, calls, diagnosis_of
from nocmesh_agents.looking import commands_of, known_of, look_calls
from nocmesh_agents.remediation.concerns import patients
from nocmesh_agents.remediation.plan import Asking, plan_of
from nocmesh_agents.remediation.remedies import REMEDIES
from nocmesh_agents.remediation.shell import more_views


def decide(case: Case, seen: Sequence[Observation], policy: Policy | None = None) -> Move:
    """The next move; pure in its arguments; without a ``policy`` the built-in one holds.

    Raises InvalidInputError when the task brings no diagnosis.
    """
    diagnosis = diagnosis_of(case)
    patients = _patients(diagnosis)
    if patients and not seen:
        return _look(case, diagnosis, patients)
    scene = Scene(Facts.gather(case.network, seen), named_in(alert_of(case), case.network).missed)
    asking = Asking(case.task, case.network, policy or built_in(), case.assigned_at)
    plan = plan_of(scene, diagnosis.root_causes, _backups(seen, patients), asking)
    new = " ".join(word for word in plan.words if word not in diagnosis.needs_person)
    person = " ".join(text for text in (diagnosis.needs_person, new) if text)
    devices = ", ".join(change.device for change in plan.changes)
    thought = f"A change each for {devices}." if devices else "No safe change exists."
    result = {
        "changes": [change.to_dict() for change in plan.changes],
        "needs_person": new,
        "device_commands": commands_of(seen),
    }
    return Finish(thought=f"{thought} {person}".strip(), result=result)


def _patients(diagnosis: Diagnosis) -> list[str]:
    """Devices that a change may be written for."""
    return patients(cause for cause in diagnosis.root_causes if cause.fault_type in REMEDIES)


def _look(case: Case, diagnosis: Diagnosis, patients: Sequence[str]) -> Act:
    """The patients, and whoever stands beside them: a fix is often what the far end says."""
    quoted = [evidence.device for cause in diagnosis.root_causes for evidence in cause.evidence]
    near = [far for name in patients for far in beside(case.network, name)]
    known = known_of(case, [*patients, *quoted, *near])[:MOST_DEVICES]
    also = {d.name: [*deeper_views(d), *more_views(d)] for d in known if d.name in (*patients, *quoted)}
    looks = look_calls(case, [], [device.name for device in known], also)
    backups = calls(case, len(looks), "device_backup", [{"device": name} for name in patients])
    return Act(
        thought=f"Reading and backing up {', '.join(patients)} before anything is planned.", calls=looks + backups
    )


def _backups(seen: Sequence[Observation], patients: Sequence[str]) -> Mapping[str, str]:
    """By device: why it has no backup; empty where it has one."""
    kept = {str(o.arguments.get("device", o.device)): o for o in seen if o.tool == "device_backup"}
    reasons = {}
    for device in patients:
        found = kept.get(device)
        if found is None or found.status != "ok" or not found.content.get("sha256"):
            reasons[device] = f"it has no backup ({found.error or found.status if found else 'none was taken'})"
    return reasons
