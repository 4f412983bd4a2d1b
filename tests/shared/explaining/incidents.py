"""Incidents to explain: a cause on a small network, and what became of it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from nocmesh.diagnosis.vocabulary import fault_types
from nocmesh.explaining.impact import impact_of
from nocmesh.explaining.told import Ballot, Happened, Looked, Told
from nocmesh.messages.report import (
    Beginning,
    Evidence,
    Outcome,
    ProposalSummary,
    Report,
    RootCause,
    RuledOut,
    Symptom,
    Timing,
)
from nocmesh.network import Device, End, IntendedInterface, Link, Network

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LINK = "link/r1:e0--r2:e0"
RESOURCES = {"node": "node/r1", "interface": "interface/r1/e0", "link": LINK}
NETWORK = Network(
    devices=[
        Device(name="r1", platform="frr", address="a", interfaces=[IntendedInterface(name="e0")]),
        Device(name="r2", platform="frr", address="b", core=True, interfaces=[IntendedInterface(name="e0")]),
    ],
    links=[Link(a=End(device="r1", interface="e0"), b=End(device="r2", interface="e0"))],
)


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def cause(fault: str = "link_down", **more: Any) -> RootCause:
    """A proven cause of that type."""
    quote = Evidence(
        observation_id="o1", device="r1", command="show interface json", quote='"operationalStatus":"down"'
    )
    facts = {
        "resource": RESOURCES[fault_types()[fault].resource],
        "fault_type": fault,
        "confidence": 0.97,
        "summary": "r1 says so",
        "evidence": [quote],
    }
    return RootCause(**{**facts, **more})


def report(*causes: RootCause, **more: Any) -> Report:
    """The report on ``causes``."""
    symptoms = [Symptom(resource=LINK, what="OSPF adjacency r1 - r2 is lost", kind="ospf", devices=["r1", "r2"])]
    facts: dict[str, Any] = {
        "incident_id": "i1",
        "state": "awaiting_approval",
        "verdict": "true_positive" if causes else "uncertain",
        "confidence": 0.97,
        "root_causes": list(causes),
        "symptoms": symptoms if causes else [],
        "ruled_out": [RuledOut(fault_type="mtu_mismatch", because="both ends have 1500")],
        "timing": Timing(alert_received=NOON, diagnosed=later(4), seconds=4, device_commands=7),
        "title": "LinkDown r1",
        "impact": impact_of(causes, symptoms, NETWORK),
        "beginning": Beginning(at=later(-180), source="alert", how="alertmanager says so."),
    }
    return Report(**{**facts, **more})


def proposal(device: str = "r1") -> ProposalSummary:
    return ProposalSummary(
        change_id="c1",
        risk="critical",
        device=device,
        commands=["interface e0", "no shutdown"],
        rollback=["interface e0", "shutdown"],
        verify=["e0 is up"],
    )


def ballot(**more: Any) -> Ballot:
    facts: dict[str, Any] = {
        "change_id": "c1",
        "device": "r1",
        "status": "pending",
        "risk": "critical",
        "quorum": 2,
        "expires_at": later(1800),
        "summary": "e0 of r1 is no longer shut down",
        "reasons": ["it changes routing", "link_down on link/r1:e0--r2:e0: r1 says so"],
    }
    return Ballot(**{**facts, **more})


def told(found: Report, ballots: Sequence[Ballot] = (), **more: Any) -> Told:
    """All that is known of the incident of ``found``."""
    facts: dict[str, Any] = {
        "report": found,
        "severity": "critical",
        "devices": ["r1"],
        "opened_at": NOON,
        "ballots": ballots,
        "happened": [
            Happened(kind="open", at=NOON, text="LinkDown: r1 e0 is down"),
            Happened(kind="investigating", at=later(1), text="layer2 looks at r1"),
            Happened(kind="diagnosed", at=later(4), text=f"link_down on {LINK}: r1 says so"),
        ],
        "looked": [Looked(device="r1", command="show interface json"), Looked(device="r2", command="show version")],
    }
    return Told(**{**facts, **more})


FIXED = Outcome(applied=later(90), verification="passed")
