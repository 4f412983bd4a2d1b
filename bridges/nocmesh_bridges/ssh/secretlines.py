"""Lines with secrets that this bridge has read itself, so that a change may put one back without anybody knowing it.

What leaves the bridge is masked; a change holds the masked line, and only here, at the moment of sending, the line that
it stands for takes its place. Nothing of this is ever written down or told: a bridge that starts remembers nothing.
"""

import re
from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from nocmesh.errors import GuardError
from nocmesh_bridges.redact import is_masked, masked_lines

MOST_LINES = 20_000
MOST_OF_A_DEVICE = 500
_MASK = re.compile(r"\"?<redacted:[0-9a-f]{6}>\"?")
HIDDEN = "what was printed is not told, for it may hold a secret"


class SecretLines:
    """Masked lines by device, each with the line itself; bounded, the longest unused goes first."""

    def __init__(self) -> None:
        self._lines: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._counts: Counter[str] = Counter()

    def learn(self, device: str, configuration: str, *, key: bytes) -> None:
        """Remember the secrets of ``configuration``, which was read from ``device`` just now.

        Two lines with one mask cannot be told apart: then neither is known.
        """
        for shown, line in masked_lines(configuration, key=key):
            held = self._lines.pop((device, shown), None)
            self._counts[device] += held is None
            self._lines[device, shown] = line if held in (None, line) else ""
            if self._counts[device] > MOST_OF_A_DEVICE or len(self._lines) > MOST_LINES:
                self._forget(device if self._counts[device] > MOST_OF_A_DEVICE else "")

    def unmasked(self, device: str, lines: Sequence[str]) -> "Unmasked":
        """``lines`` as they must be typed. Raises GuardError for a mask that was not read from ``device`` here."""
        pairs = [(line, self._line(device, line) if is_masked(line) else line) for line in lines]
        return Unmasked([real for _, real in pairs], {real: shown for shown, real in pairs if real != shown})

    def _line(self, device: str, shown: str) -> str:
        held = (device, shown.strip())
        line = self._lines.get(held)
        if not line:
            said = "two secrets of the device have this mask" if line == "" else "this bridge has not read it there"
            raise GuardError(
                f"the line {shown[:80]!r} of {device} stands for a secret, and {said} since it started: "
                "nothing can be put in its place; a person must type it",
                line=shown[:300],
            )
        self._lines.move_to_end(held)
        return line

    def _forget(self, device: str) -> None:
        oldest = next(held for held in self._lines if device in ("", held[0]))
        del self._lines[oldest]
        self._counts[oldest[0]] -= 1


@dataclass(frozen=True, slots=True)
class Unmasked:
    """Lines that may hold secrets; they are kept out of ``repr``."""

    lines: list[str] = field(repr=False)
    shown: dict[str, str] = field(repr=False)
    """By the line itself: how it may be told."""

    @property
    def secret(self) -> bool:
        """Whether there is a secret in them."""
        return bool(self.shown)

    def told(self, line: str) -> str:
        """The line as it may be told."""
        return self.shown.get(line, line)

    def hidden(self, text: str) -> str:
        """``text`` with masks in the place of secrets."""
        for real, shown in self.shown.items():
            text = text.replace(real, shown)
            for secret, mask in _secrets(real, shown):
                text = text.replace(secret, mask)
        return text


def _secrets(real: str, shown: str) -> Iterable[tuple[str, str]]:
    """The secrets of a line with the mask of each."""
    masks = _MASK.findall(shown)
    around = re.compile("(.+?)".join(map(re.escape, _MASK.split(shown))), re.DOTALL)
    found = around.fullmatch(real)
    return zip(found.groups(), masks, strict=True) if found else []
