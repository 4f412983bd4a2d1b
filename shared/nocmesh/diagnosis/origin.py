"""Origination: which prefixes a device should put into BGP and does not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_network

from nocmesh.diagnosis.facts import Facts, Sight
from nocmesh.diagnosis.find import CACHED, Prefix
from nocmesh.diagnosis.peer import process_header, process_lines

_REDISTRIBUTED = ("redistribute connected", "redistribute static")


@dataclass(frozen=True)
class Lacking:
    """A prefix that ``device`` does not originate; ``certain`` only when intent or the alert asks for it."""

    device: str
    prefix: str
    certain: bool
    because: str


def lacking(facts: Facts, asked: Sequence[Prefix] = ()) -> list[Lacking]:
    """Prefixes that devices should originate and do not, by their intent or, without one, by the alert's word.

    Without either, a device that alone does not originate its own loopback is told, but not as certain.
    """
    speakers = [s for s in facts.reachable if s.understood("bgp") and process_header(s)]
    silent = {s.name for s in speakers if (own := _loopbacks(facts, s)) and not own & originated(s)}
    usual = sum(1 for s in speakers if _loopbacks(facts, s)) - len(silent)
    found: list[Lacking] = []
    for sight in speakers:
        intent = sight.intent.bgp
        if _redistributes(sight):
            continue
        if sight.config_before:
            found += _against_past(sight)
        elif intent is not None and intent.networks:
            found += _against_intent(sight, intent.networks)
        else:
            found += _against_others(facts, sight, asked, alone=silent == {sight.name} and usual > 1)
    return found


def originated(sight: Sight) -> set[Prefix]:
    """What the device's configuration puts into BGP by `network`."""
    texts = list(sight.bgp.networks) if sight.bgp else []
    texts += [prefix_text(line.text) for line in process_lines(sight) if line.text.startswith("network ")]
    return {p for p in map(as_prefix, texts) if p is not None}


@lru_cache(maxsize=CACHED)
def as_prefix(text: str) -> Prefix | None:
    """``text`` as a prefix; None when it is none."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def prefix_text(line: str) -> str:
    """`network A mask M`, `network A/N`, and `network A` alone, which IOS writes for a prefix of its class's length."""
    words = line.split()
    if len(words) > 3 and words[2] == "mask":
        return f"{words[1]}/{words[3]}"
    first = words[1].split(".", 1)[0]
    if "/" in words[1] or ":" in words[1] or not first.isdecimal():
        return words[1]
    return f"{words[1]}/{8 if int(first) < 128 else 16 if int(first) < 192 else 24}"


def _redistributes(sight: Sight) -> bool:
    return any(line.text.startswith(_REDISTRIBUTED) for line in process_lines(sight))


def _against_past(sight: Sight) -> Iterable[Lacking]:
    have = originated(sight)
    for line in sight.config_before:
        if line.section.startswith("router bgp ") and line.text.startswith("network "):
            text = prefix_text(line.text)
            if as_prefix(text) is not None and as_prefix(text) not in have:
                yield Lacking(sight.name, text, certain=True, because=f"it did when all was well: {line.text}")


def _against_intent(sight: Sight, wanted: Sequence[str]) -> Iterable[Lacking]:
    have = originated(sight)
    for text in wanted:
        if as_prefix(text) not in have:
            yield Lacking(sight.name, text, certain=True, because=f"its intent lists {text}")


def _against_others(facts: Facts, sight: Sight, asked: Sequence[Prefix], *, alone: bool) -> Iterable[Lacking]:
    have = originated(sight)
    for prefix in sorted(_loopbacks(facts, sight) - have, key=str):
        if prefix in asked:
            yield Lacking(sight.name, str(prefix), certain=True, because=f"the alert asks for {prefix}, which it owns")
        elif alone and not have:
            yield Lacking(sight.name, str(prefix), certain=False, because="every other speaker originates its own")


def _loopbacks(facts: Facts, sight: Sight) -> set[Prefix]:
    """Host prefixes of the device: addresses that no link subnet holds."""
    return {net for _, _, net in facts.addresses(sight.name) if net.prefixlen == net.max_prefixlen}
