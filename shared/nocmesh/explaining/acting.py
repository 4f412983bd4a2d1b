"""What a person does next: decide, take over, wait, or nothing; with the change, its undoing and its proof. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from nocmesh.diagnosis.vocabulary import fault_types
from nocmesh.explaining.told import Ballot, Told
from nocmesh.explaining.words import counted, in_words, large, listed, moment, place, sentence
from nocmesh.messages.explanation import Block, Needs, Section
from nocmesh.messages.report import ProposalSummary, Report, RootCause

TITLE = "What to do next"
FEW = 3
"""Causes that are told in the first answer."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """The next step: in one or two sentences, and in full."""

    do: str
    needs: Needs
    section: Section


def next_step(told: Told) -> Step:
    """What a person does now."""
    needs, do, more = _step(told)
    blocks = _changes(told.report.proposals)
    return Step(do=do, needs=needs, section=Section(key="next", title=TITLE, lines=[do, *more], blocks=blocks))


def _step(told: Told) -> tuple[Needs, str, list[str]]:
    """What it needs, what to do, and what else there is to say about it."""
    state = told.report.state
    if told.waiting and state not in ("closed", "escalated"):
        return "decision", _decide(told), [*_weighed(told), *_by_hand(told.report)]
    if told.over:
        return "nothing", _nothing(told.report), []
    if state == "escalated":
        do = _take_over(told)
        return "hands", do, _said(told, do)
    return "patience", _wait(told), _by_hand(told.report)


def _decide(told: Told) -> str:
    waiting = told.waiting
    until = _until(waiting, told.report.timing.alert_received or told.opened_at)
    if len(waiting) > 1:
        devices = listed([ballot.device for ballot in waiting])
        return f"Decide on {len(waiting)} changes, on {devices}: approve or reject each, {until}."
    [ballot] = waiting
    if ballot.goes_at:
        when = moment(ballot.goes_at, told.report.timing.alert_received or told.opened_at)
        return f"Reject the change on {ballot.device} if it should not be: it goes at {when} unless somebody does."
    return f"Approve or reject the change on {ballot.device}: it takes {_people(ballot)}, {until}."


def _people(ballot: Ballot) -> str:
    """How many are still needed."""
    missing = max(ballot.quorum - len(ballot.yes), 1)
    more = "more " if ballot.yes else ""
    return counted(missing, f"{more}person", f"{more}different people")


def _until(waiting: Sequence[Ballot], began: datetime | None) -> str:
    expires = min((ballot.expires_at for ballot in waiting if ballot.expires_at), default=None)
    return f"until {moment(expires, began)}" if expires else "with no end set"


def _weighed(told: Told) -> list[str]:
    """What there is to know before deciding."""
    lines = []
    for ballot in told.waiting:
        lines.append(sentence(ballot.summary.strip() or f"A change on {ballot.device}"))
        why = "; ".join(own_reasons(ballot.reasons, told.report.root_causes))
        if ballot.risk and why:
            lines.append(sentence(f"Its risk is {ballot.risk}: {why}"))
        if ballot.yes:
            lines.append(f"{listed(ballot.yes)} approved it already.")
    if not all(ballot.goes_at for ballot in told.waiting):
        lines.append("If nobody decides in time nothing is changed, and the incident goes to a person.")
    return lines


def own_reasons(reasons: Sequence[str], causes: Sequence[RootCause]) -> list[str]:
    """Why a change is risky; that it heals a cause, which stands among its reasons too, makes it no riskier."""
    healed = [f"{cause.fault_type} on {cause.resource}" for cause in causes]
    return [reason for reason in reasons if not any(cause in reason for cause in healed)]


def _said(told: Told, do: str) -> list[str]:
    """The mesh's own words when it gave the incident to a person, as far as ``do`` does not say them already."""
    report, last = told.report, told.last("escalated")
    if not report.needs_person:
        resources = [cause.resource for cause in report.root_causes]
        return [sentence(in_words(last.text, resources))] if last and last.text not in do else []
    new = [part for part in _person(report).split(". ") if part.rstrip(".").casefold() not in do.casefold()]
    return [sentence(". ".join(new))] if new else []


def _by_hand(report: Report) -> list[str]:
    return [f"By hand: {_person(report)}"] if report.needs_person else []


def _person(report: Report) -> str:
    """What a person must do; the place is left out where there is only one, for it is told beside."""
    resources = list(dict.fromkeys(cause.resource for cause in report.root_causes))
    text = report.needs_person
    for resource in resources:
        text = text.replace(f"{resource}: ", "" if len(resources) == 1 else f"{large(place(resource))}: ")
    return sentence(in_words(text, resources))


def _nothing(report: Report) -> str:
    if report.outcome is not None and report.outcome.verification == "passed":
        return "Nothing: it is fixed, and the checks that proved the fault pass now."
    if report.recovered is not None:
        return "Nothing now: it healed by itself. Watch whether it comes back."
    if report.verdict == "false_positive":
        return "Nothing: it was a false alarm."
    return "Nothing: the incident is over."


def _wait(told: Told) -> str:
    state = told.report.state
    if state == "fixing":
        return "Wait: the approved change goes to its device, which undoes it by itself unless it proves right."
    if state == "verifying":
        return "Wait: the change is in, and the checks that proved the fault run again."
    if state in ("diagnosed", "awaiting_approval"):
        return "Wait: the mesh is writing down what to do. Nothing has been changed."
    return "Wait: the mesh is looking. Nothing has been changed."


def _take_over(told: Told) -> str:
    report = told.report
    outcome = report.outcome
    if outcome is not None and outcome.rolled_back:
        return "Take over: the change did not help and was rolled back, and the fault is still there."
    if outcome is not None and outcome.verification == "failed":
        return "Take over: the change is in and the fault is still there. Its rollback is below."
    if told.refused:
        return f"Take over: {_refusals(told.refused)}, so nothing was changed and the fault is still there."
    known = [cause for cause in report.root_causes if cause.fault_type in fault_types()]
    if known:
        return f"Take over. {' '.join(_hands(cause, len(known)) for cause in known[:FEW])}"
    if report.needs_person:
        return f"Take over: {_person(report)}"
    return _reason(told, "Take over: no cause could be proven. Begin with what is suspected and with what was seen.")


def _hands(cause: RootCause, of: int) -> str:
    """What a person does about ``cause``; the place is left out where there is only one, for it is told beside."""
    text = fault_types()[cause.fault_type].by_hand
    return text if of == 1 else f"{large(place(cause.resource))}: {text[:1].lower()}{text[1:]}"


def _reason(told: Told, otherwise: str) -> str:
    """``otherwise``, with the words with which the mesh gave up."""
    last = told.last("escalated")
    return f"{otherwise} {sentence(last.text[:1].upper() + last.text[1:])}" if last and last.text else otherwise


def _refusals(refused: Sequence[Ballot]) -> str:
    said = []
    for ballot in refused:
        by = f" by {listed(ballot.no)}" if ballot.no else ""
        ended = "expired, for nobody decided in time" if ballot.status == "expired" else f"was rejected{by}"
        said.append(f"the change on {ballot.device} {ended}")
    return listed(said, 3)


def _changes(proposals: Sequence[ProposalSummary]) -> list[Block]:
    """Each change as it goes to its device, how it is undone, and how its effect is proved."""
    blocks = []
    for proposal in proposals:
        risk = f", {proposal.risk} risk" if proposal.risk else ""
        parts = (
            (f"Change on {proposal.device}{risk}", proposal.commands),
            (f"Rollback on {proposal.device}", proposal.rollback),
            (f"Proved on {proposal.device} by", proposal.verify),
        )
        blocks += [Block(label=label, lines=list(lines)) for label, lines in parts if lines]
    return blocks
