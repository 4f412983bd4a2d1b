"""The hash chain of the audit: each entry carries the hash of the one before it. Pure.

What is checked is the entry as it was stored, field by field, so an entry of another version keeps its hash.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from msgspec.structs import replace

from nocmesh.ids import digest
from nocmesh.messages.base import Message
from nocmesh.messages.people import AuditEntry, AuditHead

GENESIS = "0" * 64
Kind = Literal["edited", "missing", "moved", "rehashed", "foreign", "rewritten", "truncated"]
"""`edited`: it does not fit its own hash; `missing`: entries before it are not there; `moved`: it stands too late;
`rehashed`: what is before it is not what was before it; `foreign`: it is no entry of the audit's; `rewritten`,
`truncated`: it is whole in itself, and not what an anchor tells."""


class Break(Message, frozen=True, kw_only=True):
    """The first wrong entry."""

    index: int
    """Which entry should stand there."""
    kind: Kind
    found: str
    expected: str
    text: str
    """For people: what is wrong, and what was expected."""


class Examined(Message, frozen=True, kw_only=True):
    """What looking at a whole chain came to."""

    state: Literal["whole", "broken"]
    entries: int
    """How many were found to be right, up to the first wrong one."""
    head: AuditHead | None = None
    """The last right one."""
    anchors: int = 0
    """How many anchors the chain agrees with."""
    first_wrong: Break | None = None


def chained(previous: AuditEntry | None, entry: AuditEntry) -> AuditEntry:
    """``entry`` as the next one after ``previous``."""
    index = previous.index + 1 if previous else 0
    linked = replace(entry, index=index, previous=previous.hash if previous else GENESIS, hash="")
    return replace(linked, hash=digest(linked.to_dict()))


class Verifier:
    """Takes entry after entry, oldest first, until one is wrong."""

    def __init__(self, anchors: Iterable[AuditHead] = ()) -> None:
        """``anchors``: heads of the chain that were kept elsewhere; there may be several of one index."""
        self._anchors: dict[int, list[AuditHead]] = {}
        for anchor in anchors:
            self._anchors.setdefault(anchor.index, []).append(anchor)
        self._index, self._hash, self._at = 0, GENESIS, ""
        self._agreed = 0
        self.broken: Break | None = None

    def take(self, stored: Mapping[str, Any] | str) -> Break | None:
        """The next entry as it was stored, or a text that says what stands there instead."""
        if self.broken is None:
            self.broken = self._foreign(stored) if isinstance(stored, str) else self._wrong(stored)
            if self.broken is None and not isinstance(stored, str):
                self._index, self._hash, self._at = self._index + 1, stored["hash"], str(stored.get("at", ""))
        return self.broken

    def end(self) -> Examined:
        """What is to be said, after the last entry: what an anchor tells must have been there."""
        beyond = sorted(index for index in self._anchors if index >= self._index)
        if self.broken is None and beyond:
            self.broken = self._truncated(self._anchors[beyond[0]][0])
        head = AuditHead(index=self._index - 1, hash=self._hash, at=self._at) if self._index else None
        word: Literal["whole", "broken"] = "broken" if self.broken else "whole"
        return Examined(state=word, entries=self._index, head=head, anchors=self._agreed, first_wrong=self.broken)

    def _wrong(self, stored: Mapping[str, Any]) -> Break | None:
        index, previous, told = stored.get("index"), stored.get("previous"), stored.get("hash")
        if type(index) is not int or not isinstance(previous, str) or not isinstance(told, str):
            return self._foreign("something without index, previous and hash")
        own = digest({**stored, "hash": ""})
        if told != own:
            return self._break("edited", told, own, f"entry {index} was edited: it does not fit its own hash")
        if index != self._index:
            return self._misplaced(index)
        if previous != self._hash:
            what = "the entry before it is another than when it was written" if index else "it does not begin the chain"
            return self._break("rehashed", previous, self._hash, f"entry {index} does not follow: {what}")
        return self._against_anchors(told)

    def _misplaced(self, index: int) -> Break:
        where = f"entry {index} stands where {self._index} should"
        if index < self._index:
            return self._break("moved", str(index), str(self._index), f"{where}: it was put there, or stands twice")
        gone = f"entry {self._index} is" if index == self._index + 1 else f"entries {self._index} to {index - 1} are"
        return self._break("missing", str(index), str(self._index), f"{where}: {gone} missing, or stands elsewhere")

    def _against_anchors(self, told: str) -> Break | None:
        for anchor in self._anchors.get(self._index, ()):
            if anchor.hash != told:
                text = (
                    f"entry {self._index} is not the one of the anchor of {anchor.at or 'unknown time'}: the chain was "
                    "computed anew, from there or from before"
                )
                return self._break("rewritten", told, anchor.hash, text)
            self._agreed += 1
        return None

    def _truncated(self, anchor: AuditHead) -> Break:
        ends = f"the chain ends with entry {self._index - 1}" if self._index else "the chain is empty"
        text = f"{ends}, and the anchor of {anchor.at or 'unknown time'} knows entry {anchor.index}: the end is cut off"
        return self._break("truncated", "nothing", anchor.hash, text)

    def _foreign(self, what: str) -> Break:
        text = f"where entry {self._index} should be there is {what}"
        return self._break("foreign", what, f"entry {self._index}, signed by the audit", text)

    def _break(self, kind: Kind, found: str, expected: str, text: str) -> Break:
        return Break(index=self._index, kind=kind, found=found, expected=expected, text=text)


def verified(entries: Iterable[Mapping[str, Any] | str], anchors: Iterable[AuditHead] = ()) -> Examined:
    """What is to be said of ``entries``, oldest first, as they were stored."""
    verifier = Verifier(anchors)
    for entry in entries:
        if verifier.take(entry):
            break
    return verifier.end()
