"""Answers of NetBox's, while they are good: until they expire, or what they are about has changed."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from nocmesh_bridges.netbox.question import KINDS, Question
from nocmesh_bridges.netbox.rows import Row

MOST = 200
"""Answers; the one that was asked for longest ago goes first."""
_TOUCHED: dict[str, tuple[str, ...]] = {
    "device": ("devices", "interfaces", "addresses", "cables"),
    "interface": ("interfaces", "addresses", "cables"),
    "ipaddress": ("addresses", "devices"),
    "cable": ("cables", "interfaces"),
    "circuit": ("circuits",),
    "circuittermination": ("circuits", "cables"),
    "provider": ("circuits",),
}
"""A model of NetBox's to the lists that show something of it."""


def touched_by(model: str) -> tuple[str, ...]:
    """The lists in which a change of a ``model`` can be seen; all, where we do not know better."""
    return _TOUCHED.get(model, tuple(KINDS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What NetBox answered, and when it was asked."""

    rows: tuple[Row, ...]
    complete: bool
    at: datetime


class Cache:
    """Bounded by age and number."""

    def __init__(self, seconds: float) -> None:
        self._good = timedelta(seconds=seconds)
        self._kept: OrderedDict[Question, Answer] = OrderedDict()
        self._changes = dict.fromkeys(KINDS, 0)

    def get(self, question: Question, now: datetime) -> Answer | None:
        """A good answer to ``question``, or None."""
        answer = self._kept.get(question)
        if answer is None or not timedelta() <= now - answer.at < self._good:
            self._kept.pop(question, None)
            return None
        self._kept.move_to_end(question)
        return answer

    def mark(self, what: str) -> int:
        """To be given to ``put``: what changes between the two makes the answer no good."""
        return self._changes[what]

    def put(self, question: Question, answer: Answer, mark: int) -> None:
        """Keep ``answer``, unless something has changed since ``mark``."""
        if mark != self._changes[question.what]:
            return
        self._kept[question] = answer
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)

    def drop(self, model: str) -> int:
        """Forget what shows something of a changed ``model``; says how many answers."""
        lists = touched_by(model)
        for what in lists:
            self._changes[what] += 1
        gone = [question for question in self._kept if question.what in lists]
        for question in gone:
            del self._kept[question]
        return len(gone)
