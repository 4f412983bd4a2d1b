"""Verification: the change's checks hold, and what proved the fault proves it no longer. Given time, not patience."""

from collections.abc import Callable, Sequence
from typing import Any

from nocmesh.agent.reasoner import Act, Case, Finish, Move
from nocmesh.diagnosis.checks import evaluate, views_for
from nocmesh.diagnosis.facts import Facts
from nocmesh.diagnosis.find import named_in
from nocmesh.diagnosis.resources import device_of
from nocmesh.diagnosis.scope import Wanted, beside, proof_views, views_of
from nocmesh.diagnosis.signs import Scene
from nocmesh.diagnosis.vocabulary import fault_type
from nocmesh.errors import InvalidInputError
from nocmesh.messages.change import Change, Check
from nocmesh.messages.report import Diagnosis, RootCause
from nocmesh.messages.session import Observation
from nocmesh.messages.state import View
from nocmesh_agents.dossier import alert_of, calls, changes_of, diagnosis_of, treated
from nocmesh_agents.looking import baselines, commands_of, known_of, states, view_calls

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
    wanted = _wanted(case, diagnosis, changes, first=not seen)
    if not seen or seen[-1].tool == "wait":
        return _look(case, seen, wanted)
    results = _results(case, [*baselines(seen), *states(seen)], diagnosis, changes, judge)
    passed = bool(results) and all(result["passed"] for result in results)
    waits = sum(1 for observation in seen if observation.tool == "wait")
    if not passed and waits + 1 < _allowed(changes) and len(seen) + len(wanted) < MOST_CALLS:
        missing = "; ".join(result["text"] for result in results if not result["passed"])
        wait = calls(case, len(seen), "wait", [{"seconds": SETTLE_SECONDS}])
        return Act(thought=f"Not yet: {missing}.", calls=wait)
    return _finish(passed, results, seen)


def _wanted(case: Case, diagnosis: Diagnosis, changes: Sequence[Change], *, first: bool) -> Wanted:
    """What to ask of the changed devices and those of the causes: what the checks read, and what showed the fault.

    The first time of who stands beside them too: a fault of two ends needs both.
    """
    own = [change.device for change in changes] + [device_of(cause.resource) for cause in diagnosis.root_causes]
    quoted = [evidence.device for cause in diagnosis.root_causes for evidence in cause.evidence]
    near = [far for name in own for far in beside(case.network, name)] if first else []
    families = {fault_type(cause.fault_type).family for cause in diagnosis.root_causes}
    proofs = [view for family in sorted(families) for view in proof_views(family)]
    wanted: dict[str, list[View]] = {}
    for device in known_of(case, [*own, *quoted, *near]):
        more = views_for([check for change in changes if change.device == device.name for check in change.verify])
        shown = proofs if device.name in (*own, *quoted) else []
        wanted[device.name] = list(dict.fromkeys([*views_of(device), *shown, *more]))
    return wanted


def _look(case: Case, seen: Sequence[Observation], wanted: Wanted) -> Move:
    if not wanted:
        raise InvalidInputError("nothing to verify: neither a change nor a root cause names a device", field="changes")
    return Act(thought=f"Does it hold? Looking at {', '.join(wanted)}.", calls=view_calls(case, seen, wanted))


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
