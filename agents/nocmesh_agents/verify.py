"""Verification: the change's checks hold, and what proved the fault proves it no longer. Given time, not patience."""

from collections.abc import Callable, Sequence
from typing import Any

from nocmesh.agent.reasoner import Act, Case, Finish, Move
from nocmesh.diagnosis.checks import evaluate, views_for
from nocmesh.diagnosis.facts import Facts
from nocmesh.diagnosis.find import named_in
from nocmesh.diagnosis.resources import device_of
from nocmesh.diagnosis.scope import beside
from nocmesh.diagnosis.signs import Scene
from nocmesh.errors import InvalidInputError
from nocmesh.messages.change import Change, Check
from nocmesh.messages.report import Diagnosis, RootCause
from nocmesh.messages.session import Observation
from nocmesh_agents.dossier import alert_of, calls, changes_of, diagnosis_of, treated
from nocmesh_agents.looking import baselines, commands_of, look_calls, states

Judge = Callable[[Scene, Sequence[Observation]], Diagnosis]

SETTLE_SECONDS = 5.0
"""Between two looks."""
MOST_LOOKS = 12
"""However long a check may take by its own word: a session of BGP is up within a minute or it is not coming."""
MOST_CALLS = 150
"""A session of an agent may make 200 calls; looking again must not use them up before there is a result."""


def verify(case: Case, seen: Sequence[Observation], judge: Judge) -> Move:
    """Look, decide every check, and look again while there is time; the result is {verification, checks}.

    ``judge`` is the specialist's own: a cause that it still finds is a check that failed. Raises InvalidInputError
    when the task brings no diagnosis.
    """
    diagnosis, changes = diagnosis_of(case), changes_of(case)
    if not seen or seen[-1].tool == "wait":
        return _look(case, seen, _devices(case, diagnosis, changes), changes)
    look = states(seen)[-len(_devices(case, diagnosis, changes)) :]
    results = _results(case, [*baselines(seen), *look], diagnosis, changes, judge)
    passed = bool(results) and all(result["passed"] for result in results)
    waits = sum(1 for observation in seen if observation.tool == "wait")
    if not passed and waits + 1 < _allowed(changes) and len(seen) + len(look) < MOST_CALLS:
        missing = "; ".join(result["text"] for result in results if not result["passed"])
        wait = calls(case, len(seen), "wait", [{"seconds": SETTLE_SECONDS}])
        return Act(thought=f"Not yet: {missing}.", calls=wait)
    return _finish(passed, results, seen)


def _devices(case: Case, diagnosis: Diagnosis, changes: Sequence[Change]) -> list[str]:
    """The changed devices, those of the causes, and who stands beside them: a fault of two ends needs both."""
    own = [change.device for change in changes] + [device_of(cause.resource) for cause in diagnosis.root_causes]
    quoted = [evidence.device for cause in diagnosis.root_causes for evidence in cause.evidence]
    near = [far for name in own for far in beside(case.network, name)]
    return [name for name in dict.fromkeys([*own, *quoted, *near]) if case.network.device(name) is not None]


def _look(case: Case, seen: Sequence[Observation], devices: Sequence[str], changes: Sequence[Change]) -> Move:
    if not devices:
        raise InvalidInputError("nothing to verify: neither a change nor a root cause names a device", field="changes")
    checks: dict[str, list[Check]] = {}
    for change in changes:
        checks.setdefault(change.device, []).extend(change.verify)
    also = {device: views_for(found) for device, found in checks.items()}
    return Act(thought=f"Does it hold? Looking at {', '.join(devices)}.", calls=look_calls(case, seen, devices, also))


def _results(
    case: Case, look: Sequence[Observation], diagnosis: Diagnosis, changes: Sequence[Change], judge: Judge
) -> list[dict[str, Any]]:
    seen = {o.state.device: o for o in states(look) if o.state is not None}
    found = [_check(check, seen.get(change.device)) for change in changes for check in change.verify]
    scene = Scene(Facts.gather(case.network, look), named_in(alert_of(case), case.network).missed)
    now = judge(scene, look)
    healed = treated(diagnosis.root_causes, changes)
    return found + [_gone(cause, [*now.root_causes, *now.unproven], scene) for cause in healed]


def _check(check: Check, observation: Observation | None) -> dict[str, Any]:
    text = check.text or f"{check.kind} {check.arguments}"
    if observation is None or observation.state is None:
        return {"text": text, "passed": False, "seen": "the device did not answer"}
    result = evaluate(check, observation.state)
    return {"text": text, "passed": result.passed, "seen": result.seen}


def _gone(cause: RootCause, now: Sequence[RootCause], scene: Scene) -> dict[str, Any]:
    text = f"{cause.fault_type} on {cause.resource} is gone"
    sight = scene.facts.sight(device_of(cause.resource))
    if sight is None or not sight.observations[0].state:
        return {"text": text, "passed": False, "seen": f"{device_of(cause.resource)} could not be read"}
    still = next((c for c in now if (c.resource, c.fault_type) == (cause.resource, cause.fault_type)), None)
    return {"text": text, "passed": still is None, "seen": still.summary if still else "no longer found"}


def _allowed(changes: Sequence[Change]) -> int:
    """How many looks the slowest check may take."""
    slowest = max((check.within for change in changes for check in change.verify), default=30.0)
    return max(1, min(MOST_LOOKS, int(slowest / SETTLE_SECONDS) + 1))


def _finish(passed: bool, results: list[dict[str, Any]], seen: Sequence[Observation]) -> Finish:
    failed = "; ".join(f"{r['text']}: {r['seen']}" for r in results if not r["passed"])
    thought = f"Verified: {len(results)} checks hold." if passed else f"Not verified: {failed}."
    verdict = "passed" if passed else "failed"
    result = {"verification": verdict, "checks": results, "device_commands": commands_of(seen)}
    return Finish(thought=thought, result=result)
