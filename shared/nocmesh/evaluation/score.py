"""The score of a run: what was named against what was injected. Pure.

Sets are compared: a cause that is named twice counts once, one too many costs precision, one too few recall. A fault
of a whole link is found wherever on it the report says that it is: at the link, or at either end.
"""

from collections.abc import Callable, Iterable, Sequence
from math import ceil
from statistics import median

from nocmesh.diagnosis.vocabulary import fault_types
from nocmesh.evaluation.result import CaseResult, Named
from nocmesh.messages.base import Message

BY_HAND = frozenset(
    {
        "link_down",
        "link_detach",
        "link_flap",
        "link_packet_loss",
        "link_packet_corruption",
        "link_capacity_bottleneck",
        "interface_errors",
        "device_unreachable",
    }
)
"""Faults of cables and boxes: a person must go there, so what is asked is that the report says so."""


class Counts(Message, frozen=True, kw_only=True):
    """Right, wrong and left out."""

    right: int = 0
    wrong: int = 0
    """Named, and not there."""
    missed: int = 0
    """There, and not named."""

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(right=self.right + other.right, wrong=self.wrong + other.wrong, missed=self.missed + other.missed)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; 1 where there was nothing to name and nothing was named."""
        whole = 2 * self.right + self.wrong + self.missed
        return 2 * self.right / whole if whole else 1.0


class Scores(Message, frozen=True, kw_only=True):
    """Of some cases. A share of nothing is None."""

    cases: int
    joint_f1: float
    """Over (resource, fault type), all causes of all cases in one."""
    precision: float
    recall: float
    localisation_f1: float
    fault_type_f1: float
    detection: float | None
    """Faulty networks that were called so."""
    healthy: float | None
    """Healthy or recovered networks that were called so, with no cause."""
    seconds_median: float | None
    seconds_p95: float | None
    commands_median: float | None
    repaired: float | None
    """Single faults that a change can mend: applied, verified by the mesh, and the network confirms it."""
    handed_over: float | None
    """Single faults that only a person can mend: found, and the report says what to do."""
    evidence: float | None
    """Quotes that stand in what was recorded, of those that were looked up."""
    unread: int
    """Quotes that could not be: the long outputs that they stand in have expired."""
    unanswered: int
    """Cases without a diagnosis in time; they count as missed."""


class Score(Message, frozen=True, kw_only=True):
    """Of a run."""

    total: Scores
    joint_f1_macro: float
    """The mean over the families."""
    families: dict[str, Scores]
    invalid: list[str] = []
    skipped: int = 0


Match = Callable[[Named, Named], bool]
"""Whether a prediction, first, is what was expected, second."""


def score(results: Sequence[CaseResult]) -> Score:
    """The score over the judged of ``results``; their order does not matter."""
    judged = sorted((result for result in results if result.status == "judged"), key=lambda one: one.name)
    families = {name: [one for one in judged if one.family == name] for name in sorted({r.family for r in judged})}
    each = {name: scores(members) for name, members in families.items()}
    return Score(
        total=scores(judged),
        joint_f1_macro=_mean([one.joint_f1 for one in each.values()]),
        families=each,
        invalid=sorted(result.name for result in results if result.status == "invalid"),
        skipped=sum(result.status == "skipped" for result in results),
    )


def scores(judged: Sequence[CaseResult]) -> Scores:
    """The score over exactly these."""
    joint = _sum(compared(one.predicted, one.expected, is_same) for one in judged)
    seconds = [one.seconds for one in judged if one.seconds is not None]
    return Scores(
        cases=len(judged),
        joint_f1=joint.f1,
        precision=_ratio(joint.right, joint.right + joint.wrong),
        recall=_ratio(joint.right, joint.right + joint.missed),
        localisation_f1=_sum(compared(one.predicted, one.expected, is_there) for one in judged).f1,
        fault_type_f1=_sum(compared(one.predicted, one.expected, is_of_type) for one in judged).f1,
        detection=share(one.verdict == "true_positive" for one in judged if one.expected),
        healthy=share(is_recognised(one) for one in judged if one.verdict_expected == "false_positive"),
        seconds_median=median(seconds) if seconds else None,
        seconds_p95=percentile(seconds, 0.95),
        commands_median=median([one.commands for one in judged if one.reports] or [0]) if judged else None,
        repaired=share(is_repaired(one) for one in judged if one.repairs and _single(one) and not _by_hand(one)),
        handed_over=share(is_handed_over(one) for one in judged if _single(one) and _by_hand(one)),
        evidence=_evidence(judged),
        unread=sum(one.evidence.unread for one in judged),
        unanswered=sum(one.seconds is None for one in judged),
    )


def compared(predicted: Iterable[Named], expected: Iterable[Named], same: Match) -> Counts:
    """How one set fits the other under ``same``."""
    named, wanted = set(predicted), _distinct(expected, same)
    right = sum(any(same(one, cause) for one in named) for cause in wanted)
    strays = _distinct((one for one in named if not any(same(one, cause) for cause in wanted)), same)
    return Counts(right=right, wrong=len(strays), missed=len(wanted) - right)


def is_same(predicted: Named, expected: Named) -> bool:
    """The same fault at the same place."""
    return is_of_type(predicted, expected) and is_there(predicted, expected)


def is_of_type(predicted: Named, expected: Named) -> bool:
    """The same fault, wherever."""
    return predicted.fault_type == expected.fault_type


def is_there(predicted: Named, expected: Named) -> bool:
    """The same place; for a fault of a link its ends are the link."""
    return predicted.resource in places(expected)


def places(cause: Named) -> frozenset[str]:
    """The resources that mean the same place for this cause: of a link's fault the link and its two ends.

    An interface that a link's fault is named on stands for itself: its link's name holds it.
    """
    kind, _, rest = cause.resource.partition("/")
    if not is_symmetric(cause.fault_type) or kind != "link":
        return frozenset({cause.resource})
    ends = (end.partition(":") for end in rest.split("--", 1))
    return frozenset({cause.resource, *(f"interface/{device}/{port}" for device, _, port in ends)})


def is_symmetric(fault_type: str) -> bool:
    """Whether neither end is to blame: exactly the faults that the vocabulary puts on a link."""
    known = fault_types().get(fault_type)
    return known is not None and known.resource == "link"


def is_recognised(result: CaseResult) -> bool:
    """A network without a fault, and the mesh says so."""
    return result.verdict == "false_positive" and not result.predicted


def is_right(result: CaseResult) -> bool:
    """Exactly what was expected: the verdict, every cause, and none too many."""
    joint = compared(result.predicted, result.expected, is_same)
    return result.verdict == result.verdict_expected and not joint.wrong and not joint.missed


def is_repaired(result: CaseResult) -> bool:
    """The mesh has changed something, says that it holds, has not taken it back; and the network suffers no more."""
    outcomes = [report.outcome for report in result.reports if report.outcome]
    held = [outcome for outcome in outcomes if outcome.verification == "passed" and not outcome.rolled_back]
    return bool(held) and len(held) == len(outcomes) and result.mended is True


def is_handed_over(result: CaseResult) -> bool:
    """The cause is right and a person is told what to do."""
    right = compared(result.predicted, result.expected, is_same)
    return right.f1 == 1.0 and any(report.needs_person for report in result.reports)


def percentile(values: Sequence[float], part: float) -> float | None:
    """The smallest value that ``part`` of all do not exceed (nearest rank); None of none."""
    return sorted(values)[max(ceil(part * len(values)) - 1, 0)] if values else None


def share(hits: Iterable[bool]) -> float | None:
    """How many of them are true; None of none."""
    known = list(hits)
    return sum(known) / len(known) if known else None


def _distinct(causes: Iterable[Named], same: Match) -> list[Named]:
    """``causes`` without those that say again what another says; which is kept does not depend on their order."""
    kept: list[Named] = []
    ordered = sorted(set(causes), key=lambda one: (-len(places(one)), one.resource, one.fault_type))
    for cause in ordered:
        if not any(same(cause, known) for known in kept):
            kept.append(cause)
    return kept


def _single(result: CaseResult) -> bool:
    return len(result.expected) == 1


def _by_hand(result: CaseResult) -> bool:
    return result.expected[0].fault_type in BY_HAND


def _evidence(judged: Iterable[CaseResult]) -> float | None:
    looked = found = 0
    for one in judged:
        looked, found = looked + one.evidence.quotes - one.evidence.unread, found + one.evidence.found
    return found / looked if looked else None


def _sum(counts: Iterable[Counts]) -> Counts:
    return sum(counts, Counts())


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 1.0


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
