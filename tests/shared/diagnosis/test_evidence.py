"""A cause is proven when code finds its quotes, letter for letter, in the observation that it names."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.diagnosis.evidence import UNPROVEN_CONFIDENCE, verify_evidence
from nocmesh.messages.report import Diagnosis, Evidence, RootCause
from nocmesh.messages.session import Observation
from nocmesh.messages.state import Output

TEXT = 'neighbor 10.0.0.1 remote-as 65001\n"bgpState":"Active"\n'
SEEN = [
    Observation(observation_id="o1", tool="device_state", device="r1", outputs=[Output(command="show run", text=TEXT)]),
    Observation(observation_id="o2", tool="device_state", device="r2", status="unreachable", error="no route to host"),
]


def quote(text: str = "remote-as 65001", **more: str) -> Evidence:
    base = {"observation_id": "o1", "device": "r1", "command": "show run", "quote": text}
    return Evidence(**{**base, **more})


def diagnosis(*evidence: Evidence, confidence: float = 0.9) -> Diagnosis:
    cause = RootCause(
        resource="node/r1", fault_type="bgp_asn_misconfig", confidence=confidence, summary="", evidence=list(evidence)
    )
    return Diagnosis(verdict="true_positive", confidence=confidence, root_causes=[cause])


def test_a_quote_that_stands_in_its_output_proves_the_cause() -> None:
    claimed = diagnosis(quote(), quote('"bgpState":"Active"'))
    assert verify_evidence(claimed, SEEN) == claimed


def test_what_an_unreachable_device_gave_is_the_error_itself() -> None:
    claimed = diagnosis(quote("no route to host", observation_id="o2", device="r2", command=""))
    assert verify_evidence(claimed, SEEN) == claimed


def test_every_way_to_be_wrong_moves_the_cause_to_unproven() -> None:
    wrong = [
        (),
        (quote("remote-as 65002"),),
        (quote("remote-AS 65001"),),
        (quote(), quote("invented")),
        (quote(observation_id="o9"),),
        (quote(command="show version"),),
        (quote(device="r2"),),
        (quote(""),),
        (quote("  \n"),),
        (quote("neighbor 10.0.0.1", command=""),),
    ]
    for evidence in wrong:
        checked = verify_evidence(diagnosis(*evidence), SEEN)
        assert not checked.root_causes, evidence
        assert [c.fault_type for c in checked.unproven] == ["bgp_asn_misconfig"]
        assert checked.unproven[0].confidence <= UNPROVEN_CONFIDENCE
        assert (checked.verdict, checked.confidence) == ("uncertain", UNPROVEN_CONFIDENCE)


def test_the_proven_causes_stay_when_another_is_moved() -> None:
    both = msgspec.structs.replace(
        diagnosis(quote()), root_causes=[*diagnosis(quote()).root_causes, *diagnosis(quote("invented")).root_causes]
    )
    checked = verify_evidence(both, SEEN)
    assert (len(checked.root_causes), len(checked.unproven), checked.verdict) == (1, 1, "true_positive")


@given(st.text(max_size=60), st.text(max_size=20))
def test_a_cause_stays_exactly_when_its_quote_occurs_in_the_output(text: str, wanted: str) -> None:
    seen = [Observation(observation_id="o1", tool="t", device="r1", outputs=[Output(command="show run", text=text)])]
    checked = verify_evidence(diagnosis(quote(wanted)), seen)
    assert bool(checked.root_causes) == (bool(wanted.strip()) and wanted in text)
    assert len(checked.root_causes) + len(checked.unproven) == 1
