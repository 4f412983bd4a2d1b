"""The outage that an alert was about, on a network that is well again: what was away, when, and who says so.

Pure. What happened together is one outage; its lowest layer is what was away, everything above it went along. The
times are exact where somebody's log or clock says so, else the bounds between which nobody looked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from nocmesh.diagnosis.happenings import LAYERS, Happening
from nocmesh.diagnosis.history import stamp
from nocmesh.diagnosis.loglines import Layer
from nocmesh.messages.report import Evidence, Recovered

BEFORE = timedelta(minutes=5)
"""An alert begins so long after the end of its trouble at most: a scrape, an average over some minutes."""
CALM, SETTLED = timedelta(seconds=15), timedelta(seconds=3)
"""Once everything is back for so long, what goes next is another outage: the same thing again, or another thing."""
FLAPS, FLAPPING_FOR = 3, timedelta(minutes=10)
"""A thing that went away so often within this time keeps coming and going, until it has been quiet for a while."""
JUST_BACK = 6.0
"""Seconds: what is back for less may be on its way down again, though nobody has seen it go twice yet."""
MOST_EVIDENCE = 6
MOST_WORDS = 5
"""Sentences of who says so: more are not better proof, only longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """What happened together."""

    parts: tuple[Happening, ...]

    @property
    def gone(self) -> list[Happening]:
        """What went away in it; the lowest layer first."""
        away = [each for each in self.parts if each.way != "up"]
        return sorted(away, key=lambda each: LAYERS.index(each.layer))

    @property
    def subject(self) -> str:
        """The lowest thing that was away."""
        return self.gone[0].subject

    @property
    def subjects(self) -> list[str]:
        """Everything that was away, the lowest first."""
        return list(dict.fromkeys(each.subject for each in self.gone))

    @property
    def began(self) -> datetime:
        """When it went: exactly where somebody knows, else no earlier."""
        best = [each for each in self.witnesses if each.way != "up"]
        exact = [each.at for each in best if each.since is None]
        return min(exact) if exact else min(each.began for each in best)

    @property
    def ended(self) -> datetime:
        """When all of it was back: exactly where somebody knows, else no later."""
        best = [each for each in self.witnesses if each.way != "down" and each.at >= self.began]
        exact = [each.at for each in best if each.since is None and each.way == "up"]
        return max(exact or [each.at for each in best], default=max(each.at for each in self.parts))

    @property
    def exact(self) -> bool:
        """Both of its times are known to the second."""
        return {self.began, self.ended} <= {each.at for each in self.witnesses if each.since is None}

    @property
    def witnesses(self) -> list[Happening]:
        """One a thing and way: a log before an age, an age before a look; the first that went, the last that came."""
        best: dict[tuple[str, str], Happening] = {}
        for each in self.parts:
            key = (each.subject, "up" if each.way == "up" else "down")
            if each.subject in self.subjects and (key not in best or _better(each, best[key])):
                best[key] = each
        order = {subject: place for place, subject in enumerate(self.subjects)}
        return sorted(best.values(), key=lambda each: (order[each.subject], each.at))

    @property
    def times(self) -> int:
        """How often the lowest thing went away, by whoever counted most."""
        counts: dict[str, int] = {}
        for each in self.gone:
            if each.subject == self.subject:
                key = f"{each.device} {each.source}"
                counts[key] = counts.get(key, 0) + (max(each.times // 2, 1) if each.way == "blip" else 1)
        return max(counts.values(), default=1)

    @property
    def went(self) -> datetime:
        """When anything of it certainly went away last."""
        return max(each.began for each in self.gone)

    @property
    def moves(self) -> list[datetime]:
        """When the lowest thing came or went, as far as that is known exactly."""
        exact = sorted(each.at for each in self.parts if each.subject == self.subject and each.since is None)
        return [at for n, at in enumerate(exact) if n == 0 or at - exact[n - 1] > timedelta(seconds=0.5)]


def outages(found: Sequence[Happening]) -> list[Outage]:
    """What happened together, the oldest first; a thing that only came is no outage.

    What is dated exactly makes the outages; what is only known between two looks joins the last that lies between.
    """
    groups = _dated([each for each in found if each.since is None])
    for each in sorted((each for each in found if each.since is not None), key=lambda each: each.at):
        near = [group for group in groups if _overlaps(group, each) or _ends(group, each)]
        if near:
            near[-1].append(each)
        else:
            groups.append([each])
            groups.sort(key=lambda group: max(part.at for part in group))
    return [Outage(parts=tuple(group)) for group in groups if any(each.way != "up" for each in group)]


def _dated(found: Sequence[Happening]) -> list[list[Happening]]:
    """Groups of what is dated: a new one begins once all was back and calm, or what is away is long forgotten."""
    groups: list[list[Happening]] = []
    away: set[str] = set()
    last: datetime | None = None
    for each in sorted(found, key=lambda happening: happening.at):
        known = groups and any(part.subject == each.subject for part in groups[-1] if part.way != "up")
        calm = CALM if known or each.way == "up" else SETTLED
        if last is None or each.at - last > (FLAPPING_FOR if away else calm):
            groups.append([])
            away.clear()
        groups[-1].append(each)
        (away.add if each.way == "down" else away.discard)(each.subject)
        last = each.at
    return groups


def _overlaps(group: Sequence[Happening], each: Happening) -> bool:
    """It lies within the bounds of ``each``, and some of it went away."""
    began, ended = min(part.began for part in group), max(part.at for part in group)
    return began <= each.at and ended >= each.began and any(part.way != "up" for part in group)


def _ends(group: Sequence[Happening], each: Happening) -> bool:
    """It brings back what was last seen going in the group."""
    mine = [part for part in group if part.subject == each.subject and part.at <= each.at]
    return each.way == "up" and bool(mine) and max(mine, key=lambda part: part.at).way == "down"


def outage_of(found: Sequence[Happening], layers: Iterable[Layer], since: datetime, to: datetime) -> Outage | None:
    """The last outage that touched one of ``layers`` and ended between ``since`` less BEFORE and ``to``; else None."""
    wanted = set(layers)
    recent = [each for each in found if since - BEFORE <= each.at <= to + timedelta(seconds=1)]
    fitting = [each for each in outages(recent) if wanted & {part.layer for part in each.gone}]
    return fitting[-1] if fitting else None


def recovered(outage: Outage) -> Recovered:
    """``outage`` as a report has it."""
    first, *others = outage.subjects
    along = f"; {_listed(others)} went with it" if others else ""
    often = f" {outage.times} times" if outage.times > 1 else ""
    return Recovered(
        what=f"{first} was down{often}{along}",
        since=outage.began,
        until=outage.ended,
        how_we_know="; ".join(words(outage)),
        evidence=evidence(outage),
        exact=outage.exact,
    )


def _listed(texts: Sequence[str]) -> str:
    shown = list(texts[:4])
    return ", ".join(shown) + (f" and {len(texts) - len(shown)} more" if len(texts) > len(shown) else "")


def words(outage: Outage) -> list[str]:
    """Who says so: the best witness of each thing's going and coming, the lowest first."""
    chosen = [each.how for each in outage.witnesses if each.how]
    between = f"between {stamp(outage.began)} and {stamp(outage.ended)}"
    bounds = "" if outage.exact else f"it was away at some time {between}"
    return list(dict.fromkeys([*chosen[:MOST_WORDS], *([bounds] if bounds else [])]))


def evidence(outage: Outage) -> list[Evidence]:
    """The quotes of those who say so."""
    found = [quote for each in outage.witnesses for quote in each.evidence]
    return list(dict.fromkeys(found))[:MOST_EVIDENCE]


def _better(new: Happening, known: Happening) -> bool:
    rank_new, rank_known = (_rank(each) for each in (new, known))
    if rank_new != rank_known:
        return rank_new < rank_known
    return new.at > known.at if new.way == "up" else new.at < known.at


def _rank(each: Happening) -> int:
    return 0 if each.evidence else 1 if each.since is None else 2 if each.source == "history" else 3


def still_flapping(outage: Outage, now: datetime) -> float:
    """Seconds for which to look on before the outage may be called over; 0: it is over.

    What came and went again and again is over once it has been quiet for longer than twice its usual pause, and what
    went once, when it has been back for a moment.
    """
    parts = [each for each in outage.parts if each.subject == outage.subject]
    last = max(each.at for each in parts)
    if now - last > FLAPPING_FOR:
        return 0.0
    quiet = JUST_BACK if outage.times < FLAPS else max(2 * _usual(outage, parts), JUST_BACK)
    return max(quiet - (now - last).total_seconds(), 0.0)


def _usual(outage: Outage, parts: Sequence[Happening]) -> float:
    """Seconds from one coming or going to the next: by their dates where they are known, else by their number."""
    moves = outage.moves[-2 * FLAPS :]
    if len(moves) >= FLAPS:
        return (moves[-1] - moves[0]).total_seconds() / (len(moves) - 1)
    counted = max(parts, key=lambda each: each.times)
    return (counted.at - counted.began).total_seconds() / max(counted.times, 1)
