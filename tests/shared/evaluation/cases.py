"""Cases and reports for the tests of the evaluation."""

from typing import Any

from nocmesh.evaluation.case import Case
from nocmesh.evaluation.result import CaseResult, Named
from nocmesh.messages.report import Outcome, Report, RootCause, Verdict

BODY = {"status": "firing", "alerts": [{"labels": {"alertname": "BgpSessionDown", "instance": "core1"}}]}
CAUSE = {"resource": "node/core1", "fault_type": "bgp_asn_misconfig"}
TEXT = """\
name: wrong-as
topology: demo
faults:
  - {type: bgp_asn_misconfig, at: node/core1}
alert:
  body: {status: firing, alerts: [{labels: {alertname: BgpSessionDown, instance: core1}}]}
expect:
  verdict: true_positive
  root_causes: [{resource: node/core1, fault_type: bgp_asn_misconfig}]
"""


def case(**fields: Any) -> Case:
    """A sound case of one fault on simulated routers, with other ``fields``."""
    sound = {
        "name": "wrong-as",
        "topology": "demo",
        "faults": [{"type": "bgp_asn_misconfig", "at": "node/core1"}],
        "alert": {"body": BODY},
        "expect": {"verdict": "true_positive", "root_causes": [CAUSE]},
    }
    return Case.model_validate({**sound, **fields})


def healthy(name: str = "nothing-wrong", **fields: Any) -> Case:
    """A case without a fault."""
    return case(name=name, faults=[], expect={"verdict": "false_positive"}, **fields)


def named(*pairs: tuple[str, str]) -> list[Named]:
    """Causes from (resource, fault type)."""
    return [Named(resource=resource, fault_type=fault_type) for resource, fault_type in pairs]


def report(*pairs: tuple[str, str], verdict: Verdict | None = None, **fields: Any) -> Report:
    """A report that names these causes."""
    causes = [RootCause(resource=r, fault_type=t, confidence=0.9, summary="") for r, t in pairs]
    said: Verdict = verdict or ("true_positive" if pairs else "false_positive")
    return Report(
        **{"incident_id": "i", "state": "closed", "verdict": said, "confidence": 0.9, "root_causes": causes, **fields}
    )


def result(expected: list[Named], *reports: Report, **fields: Any) -> CaseResult:
    """A judged case."""
    sound: dict[str, Any] = {
        "name": "c",
        "family": "bgp" if expected else "healthy",
        "status": "judged",
        "expected": expected,
        "verdict_expected": "true_positive" if expected else "false_positive",
        "reports": list(reports),
        "seconds": 1.0 if reports else None,
    }
    return CaseResult(**{**sound, **fields})


PASSED = Outcome(verification="passed")
