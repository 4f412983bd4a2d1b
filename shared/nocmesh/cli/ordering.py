"""Orders, given and listed through the dashboard."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from nocmesh.cli.asked import Asked
from nocmesh.cli.conditions import span_of
from nocmesh.cli.output import say, show_done, show_list

ORDERS = ("name", "kind", "value", "holds", "until", "person", "reason")


async def give(asked: Asked, wish: Mapping[str, str], lasts: str = "") -> None:
    """Give the order that ``wish`` describes; ``lasts``: for how long."""
    body = dict(wish)
    if lasts:
        body["until"] = (datetime.now(UTC) + span_of(lasts)).isoformat()
    async with asked.client() as client:
        order = await client.post("/api/orders", body=body)
    say(_said(order))
    show_done(order, "name", asked.form)


def _said(order: Mapping[str, str]) -> str:
    if order["kind"] == "autonomy":
        return f"{order['name']} may {order['value'] or 'what the policy starts it with'} from now on"
    where = "everything" if order["name"] == "all" else f"the site {order['name']}"
    until = f" until {order['until']}" if order.get("until") else ""
    return f"{where} is frozen{until}" if order.get("value") else f"{where} is not frozen any more"


async def show(asked: Asked, columns: Sequence[str]) -> None:
    """Print what was ordered, also what holds no more."""
    async with asked.client() as client:
        rows = (await client.get("/api/orders"))["items"]
    show_list(rows, columns, "name", asked.form)
