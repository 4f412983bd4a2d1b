"""Running configurations as text: normalised, hashed, cut into sections, compared.

Pure. ``configlines`` reads the lines, ``configmerge`` knows what commands do to them.
"""

import hashlib
from collections.abc import Sequence
from difflib import unified_diff as difference

from nocmesh.diagnosis.configlines import JOINT, meaningful, rendered, sections, sound, whole
from nocmesh.diagnosis.configmerge import merged, top_of
from nocmesh.diagnosis.moves import moves

__all__ = ["JOINT", "affected_diff", "normalise", "sections", "sha256_of", "sound", "unified_diff", "whole"]


def normalise(platform: str, text: str) -> str:
    """``text`` without what differs between two readings of the same configuration.

    Headers, timestamps, byte counts, `!` lines, blank lines, trailing blanks and `ntp clock-period` go; what stands in
    a banner stays.
    """
    del platform  # both dialects that we know carry the same noise
    return "".join(f"{' ' * indent}{line}\n" for indent, line, _ in meaningful(text))


def sha256_of(platform: str, text: str) -> str:
    """The hash, in hex, of the normalised configuration: the pre-state that an approval is bound to."""
    return hashlib.sha256(normalise(platform, text).encode()).hexdigest()


def unified_diff(before: str, after: str, name: str) -> str:
    """What changed from ``before`` to ``after``, as `diff -u` would say it; empty when nothing did."""
    lines = difference(before.splitlines(), after.splitlines(), f"{name} (before)", f"{name} (after)", lineterm="", n=3)
    return "\n".join(lines)


def affected_diff(running: str, commands: Sequence[str]) -> str:
    """The unified diff that ``commands`` make in the sections of ``running`` that they change; empty: no effect."""
    before = sections(running)
    after, touched = merged(running, commands)
    if not moves(before, after):
        return ""  # what went and came again stands elsewhere only in our reckoning
    old, new = ("\n".join(rendered([x for x in lines if top_of(x) in touched])) for lines in (before, after))
    return unified_diff(old, new, "running-config")
