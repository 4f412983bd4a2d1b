"""Whether the mesh can take work: every kind of agent that an incident needs is there, and people can be asked."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from nocmesh.agent.baselines import load_books
from nocmesh.agent.network import load_network
from nocmesh.bus import Mesh
from nocmesh.diagnosis.baseline import Book
from nocmesh.errors import NocmeshError
from nocmesh.messages.agent import AgentCard
from nocmesh.messages.people import PersonReply, PersonRequest
from nocmesh.subjects import subject
from nocmesh_dashboard.backend import Row
from nocmesh_dashboard.roster import Roster

MOST_NAMED = 20
"""Devices that one answer names."""


def judge(
    cards: Iterable[AgentCard],
    devices: Collection[str],
    books: Mapping[str, Book],
    people: str,
    needed: Collection[str],
) -> Row:
    """What there is, and what is missing of the agents that are ``needed`` and of what they need.

    ``people`` says why nobody can be asked about people; empty: all is well.

    A baseline is waited for only where somebody takes them, that is, a monitor is there; and only of a device that
    answers: one that was tried and could not be reached is named, and keeps nobody waiting.
    """
    cards = list(cards)
    types = {card.type for card in cards}
    missing = [f"an agent of type {kind}" for kind in needed if kind not in types]
    if not any("device_state" in card.tools and card.kind == "bridge" for card in cards):
        missing.append("a bridge that serves device_state")
    wanting = _wanting(devices, books) if "monitor" in types else []
    missing += wanting[:MOST_NAMED]
    if people:
        missing.append(f"the approvals process ({people})")
    baseline = "none" if "monitor" not in types else "incomplete" if wanting else "complete"
    facts: dict[str, Any] = {"agents": len(cards), "devices": len(devices), "baseline": baseline}
    silent = sorted(name for name in devices if name in books and books[name].status == "unreachable")
    if silent:
        facts["unreachable"] = silent[:MOST_NAMED]
    return {**facts, "missing": missing} if missing else facts


def _wanting(devices: Collection[str], books: Mapping[str, Book]) -> list[str]:
    """Each device that answers, or was not tried yet, and of which nothing was ever read."""
    found = []
    for name in sorted(devices):
        book = books.get(name)
        if book is None:
            found.append(f"the baseline of {name}")
        elif not book.versions and book.status == "error":
            found.append(f"the baseline of {name} ({book.error})")
    return found


class Readiness:
    """Gathers what ``judge`` needs."""

    def __init__(self, mesh: Mesh, roster: Roster, needed: Collection[str]) -> None:
        """``needed``: types of agents that must be there."""
        self._mesh = mesh
        self._roster = roster
        self._needed = needed

    async def now(self) -> tuple[bool, Mapping[str, Any]]:
        """Whether all is there, and the facts."""
        try:
            network = await load_network(self._mesh.agents)
            books = await load_books(self._mesh.agents)
        except NocmeshError as error:
            return False, {"agents": 0, "devices": 0, "baseline": "unknown", "missing": [f"the bus: {error.message}"]}
        devices = [device.name for device in network.devices]
        facts = judge(self._roster.cards(), devices, books, await self._people(), self._needed)
        return "missing" not in facts, facts

    async def _people(self) -> str:
        where = subject("ai.approvals.call.<operation>", operation="whoami")
        try:
            await self._mesh.core.request(where, PersonRequest(), PersonReply, timeout=3.0)
        except NocmeshError as error:
            return error.message
        return ""
