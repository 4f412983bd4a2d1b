"""What is told of the source of truth behind an inventory."""

from datetime import datetime

from nocmesh.messages.base import Message


class InventoryChanged(Message, frozen=True, kw_only=True):
    """An object of the source of truth has changed; which one, and not how: who needs that asks the source."""

    source: str
    """Which one, as `netbox`."""
    model: str
    """The object's model, in the source's own words: `device`, `interface`, `ipaddress`."""
    event: str
    """`created`, `updated` or `deleted`."""
    at: datetime
