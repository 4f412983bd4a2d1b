"""What probes came to: by whom, to whom, over which links; and how much of it proves anything. Pure.

How many tell loss from none? A link that loses the share p in either direction loses 1 - (1 - p)² of the pings over it:
9.75 % where p is 5 %. ``FEW`` from each end are then all answered with a chance of 0.9025 ** 38 = 2 %, so that little
goes unnoticed; of a link that loses nothing none is lost. Where some were lost ``MANY`` follow from each end: at 5 %
about 19 of 196 are lost, at 30 % a hundred. ``LOSSES`` of them are asked for before a link is accused: an accident that
costs one packet in a thousand makes as many with a chance of 6 in 100 000. A link that loses less than 1 % goes free.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from nocmesh.diagnosis.reach import Journey
from nocmesh.messages.probe import ProbeResult
from nocmesh.messages.report import Evidence
from nocmesh.messages.session import Observation
from nocmesh.messages.state import Quote
from nocmesh.network import Link

TOOL = "device_probe"
FEW, MANY = 20, 99
LOSSES = 4
ENOUGH = 15
"""So many that were answered, and none lost: clean, as far as few can tell."""
_HEADERS = frozenset({"ip", "icmp"})
"""Protocols whose checksum errors a damaged ping counts under."""


@dataclass(frozen=True)
class Probed:
    """One probe, and what became of it."""

    observation: Observation
    result: ProbeResult

    @property
    def device(self) -> str:
        """Who sent it."""
        return self.observation.device

    @property
    def target(self) -> str:
        """Where it was sent to."""
        return str(self.observation.arguments.get("target", ""))

    def asks(self, journey: Journey) -> bool:
        """It was sent from the journey's one end to the other."""
        return bool(self.device) and (self.device, self.target) == (journey.source.device, journey.target.address)

    @property
    def asked(self) -> int:
        """How many packets were asked for."""
        count = self.observation.arguments.get("count", 0)
        return count if isinstance(count, int) else 0

    @property
    def told(self) -> bool:
        """It was sent, and what came of it is clear."""
        return self.result.status == "parsed" and bool(self.result.sent)

    @property
    def evidence(self) -> list[Evidence]:
        """Where its counts stand."""
        quotes = [self.result.quote, *self.result.checksum_quotes]
        return [self._evidence(quote) for quote in quotes if quote is not None]

    def _evidence(self, quote: Quote) -> Evidence:
        ident = self.observation.observation_id
        return Evidence(observation_id=ident, device=self.device, command=quote.command, quote=quote.text)


def probes_of(seen: Iterable[Observation]) -> tuple[Probed, ...]:
    """The probes among ``seen``, in order; one that was not answered has the status `unasked`."""
    return tuple(Probed(o, _result(o)) for o in seen if o.tool == TOOL)


def _result(observation: Observation) -> ProbeResult:
    raw = observation.content.get("probe") if observation.status == "ok" else None
    try:
        return msgspec.convert(raw, ProbeResult)
    except msgspec.ValidationError:
        return ProbeResult(status="unasked")


@dataclass(frozen=True)
class Tally:
    """All probes that cross the same links, either way."""

    links: frozenset[Link]
    probes: tuple[Probed, ...]

    @property
    def counted(self) -> int:
        """Probes that count; the first of each row that was lost alone proves nothing."""
        return sum(probe.result.counted for probe in self.probes)

    @property
    def lost(self) -> int:
        """Those that did not come back."""
        return sum(probe.result.lost for probe in self.probes)

    @property
    def answered(self) -> int:
        """Those that did."""
        return sum(probe.result.received or 0 for probe in self.probes)

    @property
    def damaged(self) -> int | None:
        """Packets that the probers threw away or got back damaged meanwhile; None: nobody could count them."""
        counts = [probe.result.checksum_errors for probe in self.probes]
        bent = sum(probe.result.damaged for probe in self.probes)
        known = [sum(n for name, n in count.items() if name in _HEADERS) for count in counts if count is not None]
        return sum(known) + bent if known or bent else None

    @property
    def clean(self) -> bool:
        """Enough were answered, and none was lost."""
        return self.lost == 0 and self.answered >= ENOUGH

    @property
    def doubtful(self) -> bool:
        """Some were lost and some were not."""
        return self.lost > 0 and self.answered > 0

    @property
    def lossy(self) -> bool:
        """So many were lost of so many that it was no accident."""
        return self.lost >= LOSSES and self.answered > 0 and max(probe.asked for probe in self.probes) >= MANY

    @property
    def share(self) -> float:
        """What the links lose in one direction, where both lose alike: 0 to 1."""
        back = 1 - self.lost / self.counted if self.counted else 1.0
        return float(1 - max(back, 0.0) ** 0.5)

    @property
    def thorough(self) -> list[Probed]:
        """The longest rows, those that prove most, first."""
        return sorted(self.probes, key=lambda probe: -probe.asked)


def tallied(crossings: Iterable[tuple[Probed, Sequence[Link]]]) -> list[Tally]:
    """Probes with the links that each crosses, put together by those."""
    found: dict[frozenset[Link], list[Probed]] = {}
    for probe, links in crossings:
        if probe.told and links:
            found.setdefault(frozenset(links), []).append(probe)
    return [Tally(links, tuple(probes)) for links, probes in found.items()]


def guilty(tallies: Sequence[Tally]) -> list[tuple[Link, Tally]]:
    """The links that must lose what was lost: of each lossy row the only link that no clean row crosses."""
    cleared = frozenset(link for tally in tallies if tally.clean for link in tally.links)
    found: dict[Link, Tally] = {}
    for tally in (each for each in tallies if each.lossy):
        left = tally.links - cleared
        if len(left) == 1:
            [link] = left
            found[link] = max(tally, found.get(link, tally), key=lambda each: each.lost)
    return list(found.items())
