"""Which lines a rule is about: words against patterns of words. Pure."""

from collections.abc import Sequence

from nocmesh.messages.policy import Way

_NEGATIONS = {"juniper_junos": ("set", "delete")}


def means(line: str, pattern: str, *, door: Way, platform: str, strict: bool) -> bool:
    """Whether ``line`` is one of ``pattern``.

    ``strict``: it must say so in whole words; else it is enough that a device could take its words for that, for a
    command line takes each word's beginning. Nothing else takes an abbreviation.
    """
    words = line.lower().split()
    whole = strict or door != "cli"
    readings = [words] if door != "cli" else [words, *_positive(words, platform)]
    return any(_begins(reading, pattern.split(), whole) for reading in readings)


def _positive(words: Sequence[str], platform: str) -> list[Sequence[str]]:
    """Without what negates, as far as it may: to take routing away is to change it."""
    negations = _NEGATIONS.get(platform, ("no", "default"))
    found = []
    while words and words[0] in negations:
        words = words[1:]
        found.append(words)
    return found


def _begins(words: Sequence[str], wanted: Sequence[str], whole: bool) -> bool:
    pairs = zip(words, wanted, strict=False)
    return len(words) >= len(wanted) and all(_fits(word, part, whole) for word, part in pairs)


def _fits(word: str, part: str, whole: bool) -> bool:
    if part == "*":
        return True
    return any(word == one if whole else one.startswith(word) for one in part.split("|"))
