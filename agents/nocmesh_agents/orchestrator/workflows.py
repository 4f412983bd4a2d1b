"""The built-in workflows, as data."""

from collections.abc import Mapping

from nocmesh.engine.definition import Definition, Retry, Step
from nocmesh.errors import NotFoundError

INCIDENT_RESPONSE = Definition(
    type="incident_response",
    description="From alert to verified fix: triage, diagnose, plan, approve, apply, verify.",
    steps=[
        Step(
            id="triage",
            type="invoke_agent",
            agent_type="triage",
            task_type="triage",
            parameters={"alert": "${parameters.alert}", "incident_id": "${run.incident_id}"},
            timeout=120,
            retry=Retry(attempts=3, backoff=2),
        ),
        Step(
            id="diagnose",
            type="invoke_agent",
            agent_type="${steps.triage.output.specialist}",
            task_type="diagnose",
            when="${steps.triage.output.verdict} != false_positive and ${steps.triage.output.specialist}",
            parameters={"alert": "${parameters.alert}", "devices": "${steps.triage.output.devices}"},
            context_from_step="triage",
            timeout=300,
            retry=Retry(attempts=2, backoff=5),
        ),
        Step(
            id="plan",
            type="invoke_agent",
            agent_type="remediation",
            task_type="plan",
            when="${steps.diagnose.output.root_causes}",
            parameters={"diagnosis": "${steps.diagnose.output}"},
            timeout=180,
            retry=Retry(attempts=2, backoff=5),
        ),
        Step(
            id="approval", type="approval", when="${steps.plan.output.changes}", changes="${steps.plan.output.changes}"
        ),
        Step(
            id="apply",
            type="apply_config",
            when="${steps.plan.output.changes}",
            changes="${steps.plan.output.changes}",
            context_from_step="approval",
            allow_config_changes=True,
        ),
        Step(
            id="verify",
            type="invoke_agent",
            agent_type="${steps.triage.output.specialist}",
            task_type="verify",
            when="${steps.plan.output.changes}",
            parameters={
                "alert": "${parameters.alert}",
                "diagnosis": "${steps.diagnose.output}",
                "changes": "${steps.plan.output.changes}",
            },
            timeout=300,
            retry=Retry(attempts=2, backoff=5),
        ),
    ],
    output={
        "triage": "${steps.triage.output}",
        "diagnosis": "${steps.diagnose.output}",
        "verification": "${steps.verify.output}",
    },
)

CONFIG_CHANGE = Definition(
    type="config_change",
    description="One change of configuration: approve, apply, prove. What `device_config` starts.",
    steps=[
        Step(id="approval", type="approval", changes="${parameters.changes}"),
        Step(
            id="apply",
            type="apply_config",
            changes="${parameters.changes}",
            context_from_step="approval",
            allow_config_changes=True,
        ),
    ],
    output={"results": "${steps.apply.output.results}"},
)

HEALTH_CHECK = Definition(
    type="health_check",
    description="Ask the monitor how the mesh and the devices are.",
    steps=[
        Step(
            id="check",
            type="invoke_agent",
            agent_type="monitor",
            task_type="health_check",
            parameters={"devices": "${parameters.devices}"},
            timeout=120,
        )
    ],
    output={"health": "${steps.check.output}"},
)

BASELINE = Definition(
    type="baseline",
    description="Take the devices as they are now for known good: their baseline from here on.",
    steps=[
        Step(
            id="take",
            type="invoke_agent",
            agent_type="monitor",
            task_type="baseline",
            parameters={"devices": "${parameters.devices}"},
            timeout=300,
        )
    ],
    output={"baseline": "${steps.take.output}"},
)

WORKFLOWS: Mapping[str, Definition] = {w.type: w for w in (INCIDENT_RESPONSE, CONFIG_CHANGE, HEALTH_CHECK, BASELINE)}


def definition_of(workflow_type: str) -> Definition:
    """The definition of that type. Raises NotFoundError that lists the known ones."""
    found = WORKFLOWS.get(workflow_type)
    if found is None:
        known = ", ".join(sorted(WORKFLOWS))
        raise NotFoundError(f"there is no workflow {workflow_type!r}; known: {known}", known=sorted(WORKFLOWS))
    return found
