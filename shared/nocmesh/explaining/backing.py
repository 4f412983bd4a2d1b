"""What the answers rest on: quotes, the blast radius in full, what it is not, what was asked, what happened. Pure."""

from collections.abc import Iterator, Mapping

from nocmesh.explaining.told import Told
from nocmesh.explaining.words import counted, in_words, large, listed, moment, place, sentence
from nocmesh.messages.explanation import Block, Section
from nocmesh.messages.report import Impact

STORY = {"open", "grew", "note", "triaged", "diagnosed", "proposed", "awaiting_approval", "decided", "applied"}
STORY |= {"verified", "resolved", "closed", "escalated"}
"""Entries of the timeline that tell the story; the others only say that somebody is at it."""
PAST = "So it was while it lasted:"


def proof_section(told: Told) -> Section | None:
    """Every quote with its device and command; for a false alarm, what the sweep saw."""
    report = told.report
    proofs = [cause.evidence for cause in report.root_causes] + (
        [report.recovered.evidence] if report.recovered else []
    )
    quotes = list(dict.fromkeys(quote for proof in proofs for quote in proof))
    lines = []
    if quotes:
        devices = list(dict.fromkeys(quote.device for quote in quotes if quote.device))
        where = f" on {listed(devices)}" if devices else ""
        each = "found" if len(quotes) == 1 else "each found"
        lines.append(
            f"{counted(len(quotes), 'quote')} out of what was recorded{where}, {each} there letter for letter."
        )
    elif report.verdict == "false_positive" and report.summary.strip():
        lines.append(large(sentence(report.summary)))
    if report.recovered is not None and report.recovered.how_we_know:
        lines.append(sentence(f"That it healed by itself is known from this: {report.recovered.how_we_know}"))
    seen = [symptom.what for symptom in report.symptoms]
    blocks = [Block(label=f"What was seen to be broken, {len(seen)}", lines=seen)] if seen else []
    if blocks and not lines:
        lines.append("Something was seen to be broken, and nothing that was recorded proves why.")
    return Section(key="proof", title="How we know", lines=lines, quotes=quotes, blocks=blocks) if lines else None


def impact_section(told: Told) -> Section | None:
    """Whom it hurts, with every name."""
    impact = told.report.impact
    if impact is None:
        return None
    lines = [PAST] if told.over else []
    lines += [impact.summary, *(effect for effect in impact.effects if effect not in impact.summary)]
    lines.append("This is computed from the links and the intent in the inventory and from the symptoms, not tested.")
    return Section(key="impact", title="What it takes down", lines=[*filter(None, lines)], blocks=list(_lists(impact)))


def _lists(impact: Impact) -> Iterator[Block]:
    depends = [f"{place(each.on)}: {_some(each.devices, each.count)}" for each in impact.depends_on]
    sessions = [_ends(s.device, s.neighbor, s.address) for s in impact.sessions]
    named: Mapping[str, tuple[str, list[str]]] = {
        "down": ("Carries nothing", [place(resource) for resource in impact.down]),
        "cut_off": ("Cut off", impact.cut_off),
        "at_risk": ("Lost their second way", impact.at_risk),
        "depends_on": ("What must not fail now, and who hangs on it", depends),
        "sessions": ("BGP sessions that are down because of it", sessions),
        "subnets": ("Subnets that are behind it alone", impact.subnets),
        "sites": ("Whole sites", impact.sites),
    }
    for name, (label, items) in named.items():
        whole = max(impact.counts.get(name, 0), len(items))
        rest = [f"and {whole - len(items)} more"] if whole > len(items) else []
        if items:
            yield Block(label=f"{label}, {whole}", lines=[*items, *rest])


def _some(names: list[str], count: int) -> str:
    return ", ".join(names) + (f" and {count - len(names)} more" if count > len(names) else "")


def _ends(device: str, neighbor: str, address: str) -> str:
    return f"{device} to {neighbor or address}" + (f" ({address})" if neighbor and address else "")


def ruled_out_section(told: Told) -> Section | None:
    """What it is not."""
    ruled = told.report.ruled_out
    if not ruled:
        return None
    was = "was" if len(ruled) == 1 else "were"
    lines = [f"{counted(len(ruled), 'other fault')} of the vocabulary {was} looked for and not found."]
    items = [f"{each.fault_type}: {each.because}" for each in ruled]
    return Section(key="ruled_out", title="What it is not", lines=lines, blocks=[Block(label="Not there", lines=items)])


def looked_section(told: Told) -> Section | None:
    """Which devices were asked what."""
    asked: dict[str, list[str]] = {}
    for look in told.looked:
        asked.setdefault(look.device or "the mesh", []).append(look.command)
    commands = told.report.timing.device_commands
    if not asked:
        text = f"The devices answered {counted(commands, 'command')}."
        return Section(key="looked", title="What was looked at", lines=[text]) if commands else None
    total = sum(len(found) for found in asked.values())
    text = f"{counted(len(asked), 'device')} answered {counted(total, 'command')} that only read: {listed(asked, 12)}."
    blocks = [
        Block(label=f"{device}, {counted(len(found), 'command')}", lines=list(dict.fromkeys(found)))
        for device, found in asked.items()
    ]
    return Section(key="looked", title="What was looked at", lines=[text], blocks=blocks)


def outcome_section(told: Told) -> Section | None:
    """The story so far, a line for each thing that happened."""
    story = [entry for entry in told.happened if entry.kind in STORY and entry.text]
    if not story:
        return None
    begin = story[0].at
    places = {cause.resource for cause in told.report.root_causes}
    said = [(each, each.kind.replace("_", " "), in_words(each.text, places)) for each in story]
    entries = [f"{moment(each.at, begin)}  {kind}: {text}" for each, kind, text in said]
    blocks = [Block(label="In order", lines=entries)]
    lines = [f"It began with the alert at {moment(begin)}; the last is from {moment(story[-1].at, begin)}."]
    return Section(key="outcome", title="What happened", lines=lines, blocks=blocks)
