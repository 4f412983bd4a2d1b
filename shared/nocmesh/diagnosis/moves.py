"""Which lines of a configuration are gone and which are new, beside another reading of it.

Pure. The order of lines does not count: a device puts most of them in an order of its own.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from nocmesh.messages.state import ConfigLine


@dataclass(frozen=True, slots=True)
class Moves:
    """The lines that moved, each as often as it did."""

    gone: tuple[ConfigLine, ...] = ()
    """In the order in which they stood."""
    new: tuple[ConfigLine, ...] = ()
    """In the order in which they stand."""

    def __bool__(self) -> bool:
        """Something moved."""
        return bool(self.gone or self.new)


def moves(before: Sequence[ConfigLine], after: Sequence[ConfigLine]) -> Moves:
    """What ``after`` lost and gained, beside ``before``."""
    return Moves(gone=_beyond(before, after), new=_beyond(after, before))


def _beyond(lines: Sequence[ConfigLine], others: Sequence[ConfigLine]) -> tuple[ConfigLine, ...]:
    """Those of ``lines`` that ``others`` do not have, or have less often."""
    left = Counter(others)
    found = []
    for line in lines:
        if left[line] > 0:
            left[line] -= 1
        else:
            found.append(line)
    return tuple(found)
