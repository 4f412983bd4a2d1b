"""The score: sets against sets, and nothing that flatters."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shared.evaluation.cases import PASSED, named, report, result

from nocmesh.diagnosis.vocabulary import fault_types
from nocmesh.evaluation.result import CaseResult, Evidenced, Named
from nocmesh.evaluation.score import (
    BY_HAND,
    Scores,
    compared,
    is_of_type,
    is_right,
    is_same,
    is_symmetric,
    is_there,
    percentile,
    score,
)
from nocmesh.messages.report import Outcome, Timing

LINK = "link/a:e0--b:e1"
CAUSES = named(
    ("node/a", "bgp_asn_misconfig"),
    ("node/b", "bgp_asn_misconfig"),
    ("node/a", "ospf_cost_misconfig"),
    (LINK, "link_down"),
    ("interface/a/e0", "link_down"),
    ("interface/b/e1", "link_down"),
    ("interface/a/e0", "interface_admin_down"),
)
SETS = st.lists(st.sampled_from(CAUSES), max_size=5)


def pairs(causes: list[Named]) -> list[tuple[str, str]]:
    return [(cause.resource, cause.fault_type) for cause in causes]


RESULTS = st.lists(
    st.builds(lambda e, p, n: result(e, report(*pairs(p)), name=n), SETS, SETS, st.sampled_from("abcdefgh")),
    max_size=6,
)
SHARES = ("joint_f1", "precision", "recall", "localisation_f1", "fault_type_f1", "detection", "healthy", "repaired")


@given(RESULTS)
@settings(max_examples=80)
def test_every_share_lies_between_nothing_and_all(results: list[CaseResult]) -> None:
    for scores in (score(results).total, *score(results).families.values()):
        for name in SHARES:
            assert getattr(scores, name) is None or 0 <= getattr(scores, name) <= 1


@given(st.lists(SETS, max_size=5))
@settings(max_examples=80)
def test_who_names_exactly_what_is_there_is_perfect(sets: list[list[Named]]) -> None:
    total = score([result(s, report(*pairs(s))) for s in sets]).total
    assert (total.joint_f1, total.localisation_f1, total.fault_type_f1) == (1, 1, 1)
    assert total.detection in (None, 1)
    assert total.healthy in (None, 1)


@given(RESULTS, st.integers(0, 1000))
@settings(max_examples=80)
def test_the_order_of_cases_and_of_causes_does_not_matter(results: list[CaseResult], seed: int) -> None:
    shuffled = [
        result(
            Random(seed).sample(one.expected, len(one.expected)),
            report(*Random(seed).sample(pairs(one.predicted), len(one.predicted))),
            name=one.name,
        )
        for one in Random(seed).sample(results, len(results))
    ]
    assert score(shuffled) == score(results)


@given(SETS, SETS, st.sampled_from(["bgp_hijacking", "isis_area_mismatch"]))
@settings(max_examples=80)
def test_naming_more_that_is_not_there_never_helps(expected: list[Named], predicted: list[Named], more: str) -> None:
    before = compared(predicted, expected, is_same)
    after = compared([*predicted, *named(("node/z", more))], expected, is_same)
    assert after.right == before.right
    assert after.wrong == before.wrong + 1
    assert after.f1 <= before.f1


@given(SETS, SETS)
def test_saying_it_twice_counts_once(expected: list[Named], predicted: list[Named]) -> None:
    assert compared([*predicted, *predicted], expected, is_same) == compared(predicted, expected, is_same)


@pytest.mark.parametrize("where", [LINK, "interface/a/e0", "interface/b/e1"])
def test_a_fault_of_a_link_is_found_at_the_link_and_at_either_end(where: str) -> None:
    assert compared(named((where, "link_down")), named((LINK, "link_down")), is_same).f1 == 1


@pytest.mark.parametrize("where", ["interface/a/e1", "interface/c/e0", "node/a", "link/a:e0--c:e1"])
def test_and_nowhere_else(where: str) -> None:
    assert compared(named((where, "link_down")), named((LINK, "link_down")), is_same).right == 0


def test_naming_both_ends_of_a_broken_link_is_one_answer() -> None:
    both = named(("interface/a/e0", "link_down"), ("interface/b/e1", "link_down"), (LINK, "link_down"))
    assert compared(both, named((LINK, "link_down")), is_same).f1 == 1


def test_an_end_that_changed_is_not_the_other_end() -> None:
    counts = compared(named(("interface/b/e1", "mtu_mismatch")), named(("interface/a/e0", "mtu_mismatch")), is_same)
    assert (counts.right, counts.wrong, counts.missed) == (0, 1, 1)


def test_a_whole_link_is_not_the_place_of_one_end() -> None:
    assert not is_there(Named(resource=LINK, fault_type="link_down"), CAUSES[-1])


def test_the_right_place_with_the_wrong_type_counts_for_the_place_alone() -> None:
    expected, predicted = named(("node/a", "bgp_asn_misconfig")), named(("node/a", "bgp_hijacking"))
    total = score([result(expected, report(*pairs(predicted)))]).total
    assert (total.joint_f1, total.localisation_f1, total.fault_type_f1) == (0, 1, 0)
    assert compared(predicted, expected, is_of_type).right == 0


def test_what_is_symmetric_is_what_the_vocabulary_puts_on_links() -> None:
    symmetric = {name for name in fault_types() if is_symmetric(name)}
    assert {"link_down", "link_packet_loss", "l2_loop", "mac_flap"} <= symmetric
    assert symmetric.isdisjoint({"mtu_mismatch", "vlan_mismatch", "duplex_mismatch", "link_detach"})
    assert not is_symmetric("unheard_of")


def test_what_is_mended_by_hand_is_in_the_vocabulary() -> None:
    assert fault_types().keys() >= BY_HAND


def test_all_causes_of_all_cases_are_one_sum_and_families_weigh_the_same_in_the_mean() -> None:
    right, wrong = named(("node/a", "bgp_asn_misconfig")), named(("node/a", "ospf_cost_misconfig"))
    results = [result(right, report(*pairs(right)), name=f"b{n}") for n in range(3)]
    results.append(result(wrong, report(), name="o", family="ospf"))
    found = score(results)
    assert found.total.joint_f1 == pytest.approx(2 * 3 / (2 * 3 + 1))
    assert found.joint_f1_macro == pytest.approx(0.5)
    assert found.families["ospf"].detection == 0


def test_a_false_alarm_is_no_health_and_costs_precision() -> None:
    total = score([result([], report(("node/a", "bgp_asn_misconfig")))]).total
    assert (total.healthy, total.precision, total.joint_f1) == (0, 0, 0)


def test_uncertain_is_neither_detection_nor_health() -> None:
    faulty = named(("node/a", "bgp_asn_misconfig"))
    results = [result(faulty, report(verdict="uncertain"), name="f"), result([], report(verdict="uncertain"), name="h")]
    assert (score(results).total.detection, score(results).total.healthy) == (0, 0)


def test_no_answer_is_a_miss_and_is_said() -> None:
    total = score([result(named(("node/a", "bgp_asn_misconfig"))), result([], name="h")]).total
    assert (total.recall, total.detection, total.healthy, total.unanswered) == (0, 0, 0, 2)
    assert total.seconds_median is None


def test_what_is_invalid_or_skipped_is_told_and_not_judged() -> None:
    expected = named(("node/a", "bgp_asn_misconfig"))
    found = score([result(expected, status="invalid", name="x"), result(expected, status="skipped", name="y")])
    assert (found.total.cases, found.invalid, found.skipped) == (0, ["x"], 1)
    assert found.total.commands_median is None


@pytest.mark.parametrize(
    ("outcome", "mended", "repaired"),
    [
        (PASSED, True, 1),
        (PASSED, False, 0),
        (PASSED, None, 0),
        (Outcome(verification="passed", rolled_back=True), True, 0),
        (Outcome(verification="failed"), True, 0),
        (None, True, 0),
    ],
)
def test_a_repair_is_what_mesh_and_network_both_confirm(
    outcome: Outcome | None, mended: bool | None, repaired: int
) -> None:
    expected = named(("node/a", "bgp_asn_misconfig"))
    one = result(expected, report(*pairs(expected), outcome=outcome), repairs=True, mended=mended)
    assert score([one]).total.repaired == repaired


def test_a_cable_is_handed_to_a_person_and_no_repair() -> None:
    expected = named((LINK, "link_down"))
    told = result(expected, report(*pairs(expected), needs_person="Look at the cable."), repairs=True, name="a")
    silent = result(expected, report(*pairs(expected)), repairs=True, name="b")
    total = score([told, silent]).total
    assert (total.repaired, total.handed_over) == (None, 0.5)


def test_evidence_is_the_share_of_quotes_that_were_found() -> None:
    results = [
        result([], report(), evidence=Evidenced(quotes=3, found=3), name="a"),
        result([], report(), evidence=Evidenced(quotes=1, found=0, missing=["x"]), name="b"),
    ]
    assert score(results).total.evidence == 0.75
    assert score([]).total.evidence is None


def test_several_incidents_of_one_alert_are_one_answer() -> None:
    expected = named(("node/a", "bgp_asn_misconfig"), ("node/b", "bgp_hijacking"))
    first = report(("node/a", "bgp_asn_misconfig"), timing=Timing(device_commands=3))
    second = report(("node/b", "bgp_hijacking"), timing=Timing(device_commands=4))
    one = result(expected, first, second)
    assert is_right(one)
    assert one.commands == 7
    assert result([], report(), report(("node/a", "bgp_hijacking"))).verdict == "true_positive"


def test_what_two_reports_say_is_named_once() -> None:
    assert result([], report(pairs(CAUSES)[0]), report(pairs(CAUSES)[0])).predicted == [CAUSES[0]]


def test_right_is_nothing_more_and_nothing_less() -> None:
    expected = named(("node/a", "bgp_asn_misconfig"))
    assert not is_right(result(expected, report(*pairs(expected), ("node/b", "bgp_hijacking"))))
    assert not is_right(result(expected, report(*pairs(expected), verdict="uncertain")))
    assert not is_right(result(expected))


def test_times_are_the_median_and_the_slowest_of_twenty() -> None:
    total = score([result([], report(), seconds=float(n), name=f"{n:02}") for n in range(1, 21)]).total
    assert (total.seconds_median, total.seconds_p95) == (10.5, 19.0)
    assert percentile([], 0.95) is None
    assert percentile([4.0], 0.95) == 4.0


def test_an_empty_run_has_a_score_and_no_shares() -> None:
    total: Scores = score([]).total
    assert (total.cases, total.joint_f1, total.detection, total.healthy, total.repaired) == (0, 1, None, None, None)
