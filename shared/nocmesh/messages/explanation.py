"""The explanation of an incident: a public contract. What a person reads who is called at night, section by section."""

from typing import Literal

from nocmesh.messages.base import Message
from nocmesh.messages.report import Evidence

SectionKey = Literal["what", "since", "proof", "impact", "next", "outcome", "ruled_out", "looked"]
Needs = Literal["decision", "hands", "patience", "nothing"]
"""What it wants of a person: a vote, their own hands, to wait, or nothing."""


class Block(Message, frozen=True, kw_only=True):
    """Lines that are read as they stand, under a label: a change, a list of names."""

    label: str
    lines: list[str]


class Section(Message, frozen=True, kw_only=True):
    """One question of the reader's, answered. ``lines`` are whole sentences, and there is at least one."""

    key: SectionKey
    title: str
    lines: list[str]
    quotes: list[Evidence] = []
    blocks: list[Block] = []


class Explanation(Message, frozen=True, kw_only=True):
    """The five answers that are found first, each one or two sentences, and the sections behind them."""

    incident_id: str
    title: str
    state: str
    severity: str = ""
    what: str
    where: str
    since: str
    how_bad: str
    do: str
    needs: Needs
    sections: list[Section]

    def section(self, key: SectionKey) -> Section | None:
        """The section of that key; None: it has none, for there is nothing to say."""
        return next((section for section in self.sections if section.key == key), None)
