"""Orders: who may freeze the network, lift that, or say what a type of agent may have done for it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from nocmesh.bus import Bus
from nocmesh.errors import DeniedError, InvalidInputError
from nocmesh.ids import new_id
from nocmesh.messages.order import Order
from nocmesh.policy.autonomy import entry_of
from nocmesh.policy.form import LEVELS
from nocmesh.policy.policy import Policy
from nocmesh.subjects import subject, wildcard

ORDERS = "ai.approvals.orders.<kind>.<name>"
FREEZE, LIFT, RAISE = ("operator", "approver", "admin"), ("approver", "admin"), ("admin",)
"""Anybody who works here may stop everything; to go on is for those who approve changes."""
FIELDS = ("kind", "name", "value", "until", "reason")


class Orders:
    """The orders of this mesh; the last one of a kind and name holds."""

    def __init__(self, core: Bus, policy: Policy) -> None:
        self._core = core
        self._policy = policy

    async def give(self, wish: Mapping[str, Any], person: str, roles: Sequence[str], now: datetime) -> Order:
        """Record the order that ``wish`` describes.

        Raises InvalidInputError, DeniedError, and LostRaceError when somebody else ordered about the same just now.
        """
        order = order_of(wish, person, now, self._policy)
        where = subject(ORDERS, kind=order.kind, name=order.name)
        found = await self._core.last(where, Order)
        must_be_allowed(order, roles, found.body if found else None)
        last = found.sequence if found else 0
        await self._core.publish(where, order, id=f"order:{new_id(now)}", expect_last=last)
        return order

    async def all(self) -> list[Order]:
        """The last one of each kind and name, also such as hold no more."""
        found: dict[tuple[str, str], Order] = {}
        async for received in self._core.history("APPROVALS", wildcard(ORDERS), Order):
            found[received.body.kind, received.body.name] = received.body
        return [found[key] for key in sorted(found)]


def order_of(wish: Mapping[str, Any], person: str, now: datetime, policy: Policy) -> Order:
    """What ``wish`` asks for, as an order of ``person``. Raises InvalidInputError that says what was expected. Pure."""
    given = {name: wish[name] for name in FIELDS if wish.get(name) not in (None, "")}
    try:
        order = msgspec.convert({**given, "person": person, "at": now}, Order)
    except msgspec.ValidationError as wrong:
        raise InvalidInputError(f"this is no order: {wrong}; it needs kind and name", field="order") from wrong
    if order.until is not None and (order.until.tzinfo is None or order.until <= now):
        raise InvalidInputError("an order ends in the future, at a time with its zone, or is lifted", field="until")
    if order.kind == "autonomy" and order.value:
        _check_level(order, policy)
    return order


def _check_level(order: Order, policy: Policy) -> None:
    if order.value not in LEVELS:
        raise InvalidInputError(f"{order.value!r} is no level; expected one of {', '.join(LEVELS)}", field="value")
    ceiling = entry_of(policy, order.name).ceiling
    if LEVELS.index(order.value) > LEVELS.index(ceiling):
        said = f"{order.name} may be raised to {ceiling} at most; the policy says so (`nocmesh policy show`)"
        raise InvalidInputError(said, field="value")


def must_be_allowed(order: Order, roles: Sequence[str], before: Order | None = None) -> None:
    """Raises DeniedError when nobody with ``roles`` may give ``order``. Pure.

    ``before``: the one that it takes the place of; to let a freeze end earlier is to lift it.
    """
    freezes = order.value and not ends_earlier(order, before)
    allowed = RAISE if order.kind == "autonomy" else FREEZE if freezes else LIFT
    if not set(allowed) & set(roles):
        what = {RAISE: "set what agents may do", FREEZE: "freeze", LIFT: "lift a freeze"}[allowed]
        raise DeniedError(
            f"{order.person} may not {what} (roles: {', '.join(roles) or 'none'}); it takes {' or '.join(allowed)}"
        )


def ends_earlier(order: Order, before: Order | None) -> bool:
    """Whether ``order`` would end what ``before`` holds longer. Pure."""
    if before is None or not before.holds(order.at) or order.until is None:
        return False
    return before.until is None or order.until < before.until
