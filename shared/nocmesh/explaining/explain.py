"""The explanation of an incident: five answers first, then section by section what they rest on. Pure."""

from nocmesh.diagnosis.vocabulary import fault_types
from nocmesh.explaining.acting import next_step
from nocmesh.explaining.backing import impact_section, looked_section, outcome_section, proof_section, ruled_out_section
from nocmesh.explaining.saying import brief
from nocmesh.explaining.told import Told
from nocmesh.explaining.words import duration, first_sentence, large, listed, moment, place, sentence
from nocmesh.messages.explanation import Explanation, Section
from nocmesh.messages.report import Report, RootCause

UNDECIDED = ("open", "triaged", "investigating")
"""States in which nobody has said yet what is wrong."""
FEW = 3


def explain(told: Told) -> Explanation:
    """The explanation of what ``told`` says; sections that would say nothing are left out."""
    step = next_step(told)
    sections = [
        _what(told),
        _since(told),
        proof_section(told),
        impact_section(told),
        step.section,
        outcome_section(told),
        ruled_out_section(told),
        looked_section(told),
    ]
    return Explanation(
        incident_id=told.report.incident_id,
        title=told.title or told.report.title or "Incident",
        state=told.report.state,
        severity=told.severity,
        what=_answer_what(told),
        where=_answer_where(told),
        since=_answer_since(told),
        how_bad=_answer_how_bad(told),
        do=step.do,
        needs=step.needs,
        sections=[section for section in sections if section is not None],
    )


def undecided(report: Report) -> bool:
    """Nobody has said yet what is wrong."""
    return report.state in UNDECIDED and not report.root_causes


def _answer_what(told: Told) -> str:
    report = told.report
    if report.root_causes:
        more = len(report.root_causes) - FEW
        causes = " ".join(first_sentence(cause.summary) for cause in report.root_causes[:FEW])
        return f"{causes} {more} more below." if more > 0 else causes
    if report.recovered is not None:
        return sentence(f"It healed by itself: {report.recovered.what}")
    if undecided(report):
        return "It is not known yet what broke; the mesh is looking."
    return "Nothing: it was a false alarm." if report.verdict == "false_positive" else "No cause could be proven."


def _answer_where(told: Told) -> str:
    resources = list(dict.fromkeys(cause.resource for cause in told.report.root_causes))
    if resources:
        return large(listed([place(resource) for resource in resources], 4))
    return listed(told.devices, 6) or "It is not known yet where."


def _answer_since(told: Told) -> str:
    beginning, received = told.report.beginning, told.report.timing.alert_received or told.opened_at
    if beginning is None or beginning.at is None:
        return f"The alert came in at {moment(received)}." if received else "It is not known since when."
    sure = "" if beginning.exact else " at the latest"
    early = (received - beginning.at).total_seconds() if received else 0.0
    before = f", {duration(early)} before the alert came in" if early >= 1 else ", when the alert came in"
    return f"{moment(beginning.at, received)}{sure}{before}."


def _answer_how_bad(told: Told) -> str:
    report = told.report
    if report.impact is not None:
        return f"While it lasted: {brief(report.impact)}" if told.over else brief(report.impact)
    if report.root_causes:
        return " ".join(effects_of(report.root_causes[:FEW])) or "What it takes down cannot be told from the inventory."
    if undecided(report):
        return "It is not known yet how bad it is."
    if report.verdict == "false_positive":
        return "Nothing is broken."
    return "Something is broken, and how far it reaches is not known."


def effects_of(causes: list[RootCause]) -> list[str]:
    """What each fault does to traffic, said once."""
    known = fault_types()
    return list(dict.fromkeys(known[c.fault_type].effect for c in causes if c.fault_type in known))


def _what(told: Told) -> Section:
    report = told.report
    lines = [_cause(cause, n, len(report.root_causes)) for n, cause in enumerate(report.root_causes, 1)]
    if not lines:
        lines = [_answer_what(told)]
        if report.summary and report.verdict != "false_positive":
            lines.append(sentence(report.summary))
        if undecided(report) and told.happened:
            lines.append(
                sentence(f"The last that is known, from {moment(told.happened[-1].at)}: {told.happened[-1].text}")
            )
    lines += [f"Suspected and not proven: {_named(lead)}" for lead in report.unproven]
    return Section(key="what", title="What broke", lines=[line for line in lines if line])


def _cause(cause: RootCause, number: int, of: int) -> str:
    count = f"Cause {number} of {of}: " if of > 1 else ""
    return f"{count}{_named(cause)}"


def _named(cause: RootCause) -> str:
    known = fault_types().get(cause.fault_type)
    meaning = f" {known.meaning}" if known else ""
    name = f"{cause.fault_type} on {place(cause.resource)}, {round(cause.confidence * 100)} % sure"
    return f"{sentence(cause.summary)} That is {name}.{meaning}".strip()


def _since(told: Told) -> Section:
    report, timing = told.report, told.report.timing
    beginning, healed = report.beginning, report.recovered.until if report.recovered else None
    lines = [beginning.how if beginning is not None and beginning.how else _answer_since(told)]
    if healed is not None:
        lasted = f", {duration((healed - beginning.at).total_seconds())} later" if beginning and beginning.at else ""
        lines.append(f"It healed at {moment(healed)}{lasted}.")
    if timing.alert_received and timing.diagnosed:
        lines.append(f"The diagnosis stood {duration(timing.seconds)} after the alert came in.")
    if timing.ended and timing.seconds_to_end:
        ended = "It was over" if told.over else "The mesh gave it to a person"
        lines.append(f"{ended} at {moment(timing.ended)}, {duration(timing.seconds_to_end)} after the alert came in.")
    return Section(key="since", title="Since when", lines=lines)
