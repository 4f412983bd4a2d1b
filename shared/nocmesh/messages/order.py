"""Orders: what admins decide for the mesh itself, kept beside the approvals and signed by the same process."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from nocmesh.messages.base import Message

Kind = Literal["freeze", "autonomy"]
EVERYWHERE = "all"
"""A freeze of every site."""


class Order(Message, frozen=True, kw_only=True):
    """`freeze` of a site or of everything; `autonomy` of a type of agent. The last one of its kind and name holds."""

    kind: Kind
    name: str
    """The site, or `all`; the type of agent."""
    value: str = ""
    """Of autonomy the level. Empty: the order is lifted."""
    until: datetime | None = None
    """When it ends by itself; None: when somebody lifts it."""
    reason: str = ""
    person: str
    at: datetime

    def holds(self, now: datetime) -> bool:
        """Whether it is in force at ``now``."""
        return bool(self.value) and (self.until is None or now < self.until)


def ordered(orders: Iterable[Order], kind: Kind, name: str) -> str:
    """What was ordered about ``name``; an empty text: nothing."""
    return next((order.value for order in orders if (order.kind, order.name) == (kind, name)), "")
