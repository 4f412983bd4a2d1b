"""Evidence: a claim is proven when code finds its quotes, letter for letter, in what was recorded."""

from collections.abc import Iterable, Sequence

import msgspec

from nocmesh.messages.report import Diagnosis, Evidence, Recovered, RootCause
from nocmesh.messages.session import Observation

UNPROVEN_CONFIDENCE = 0.3
"""No more than this is believed of a claim without proof: it is a lead for a person, not an answer."""


def verify_evidence(diagnosis: Diagnosis, observations: Sequence[Observation]) -> Diagnosis:
    """``diagnosis`` with every cause that is not proven moved to `unproven`, at lowered confidence.

    A cause is proven when it has a quote and each of its quotes stands in the recorded observation that it names.
    """
    recorded: dict[str, list[Observation]] = {}
    for observation in observations:
        recorded.setdefault(observation.observation_id, []).append(observation)
    proven, moved = [], []
    for cause in diagnosis.root_causes:
        if is_proven(cause, recorded):
            proven.append(cause)
        else:
            moved.append(msgspec.structs.replace(cause, confidence=min(cause.confidence, UNPROVEN_CONFIDENCE)))
    if not moved:
        return diagnosis
    return _without_proof(diagnosis, proven, moved)


def verify_recovered(outage: Recovered, observations: Sequence[Observation]) -> Recovered:
    """``outage`` with the quotes alone that stand in the recorded observations that they name."""
    standing = [
        quote
        for quote in outage.evidence
        if any(stands(quote, seen) for seen in observations if seen.observation_id == quote.observation_id)
    ]
    return msgspec.structs.replace(outage, evidence=standing)


def is_proven(cause: RootCause, recorded: dict[str, list[Observation]]) -> bool:
    """Whether ``cause`` has quotes, and all of them stand in ``recorded`` (observations by id)."""
    return bool(cause.evidence) and all(
        any(stands(evidence, observation) for observation in recorded.get(evidence.observation_id, []))
        for evidence in cause.evidence
    )


def stands(evidence: Evidence, observation: Observation) -> bool:
    """Whether the quote occurs in the output of its command; without a command, in the tool's own error."""
    if not evidence.quote.strip() or not _same_device(evidence, observation):
        return False
    if not evidence.command:
        return evidence.quote in observation.error
    return any(o.command == evidence.command and evidence.quote in o.text for o in observation.outputs)


def _same_device(evidence: Evidence, observation: Observation) -> bool:
    names = _devices(observation)
    return not evidence.device or not names or evidence.device in names


def _devices(observation: Observation) -> set[str]:
    names: Iterable[str] = (
        observation.device,
        observation.state.device if observation.state else "",
        str(observation.arguments.get("device", "")),
    )
    return {name for name in names if name}


def _without_proof(diagnosis: Diagnosis, proven: list[RootCause], moved: list[RootCause]) -> Diagnosis:
    if proven:
        return msgspec.structs.replace(diagnosis, root_causes=proven, unproven=[*diagnosis.unproven, *moved])
    return msgspec.structs.replace(
        diagnosis,
        verdict="uncertain",
        confidence=min(diagnosis.confidence, UNPROVEN_CONFIDENCE),
        root_causes=[],
        unproven=[*diagnosis.unproven, *moved],
    )
